"""Which names a goal takes, by wildcard or by regular expression, and why not the others."""

from collections import defaultdict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, NamedTuple

import re2

from engine.base import limits
from engine.base.errors import BadInput
from engine.transfer.names import shown
from storage.records.exchange import MENDED_PREFIX, RESERVED_PREFIXES, RESULT_PREFIX
from storage.records.files import Listing, RemoteFile
from storage.records.goals import PatternKind

MATCHES = "matches"
STAR_IS_EMPTY = "* may be empty"
RESERVED = "reserved name"
NO_MATCH = "does not match"
OTHER_DOES_NOT = "another attachment does not match"

_LOOK_AROUND = ("(?=", "(?!", "(?<=", "(?<!")


@dataclass(frozen=True)
class Verdict:
    """Whether a file is taken, and a few words that say why to a person."""

    is_match: bool
    reason: str


class MailVerdict(NamedTuple):
    """What becomes of a mail: all that is not reserved is taken, or nothing is (requirements P07, P08).

    ignored: names with their reasons. why_not: why the whole mail is ignored, one sentence, else None.
    """

    taken: tuple[str, ...]
    ignored: tuple[tuple[str, str], ...]
    why_not: str | None


def matches(pattern: str, name: str, kind: PatternKind = PatternKind.WILDCARD) -> bool:
    """Say whether the pattern takes a file of this name."""
    return explain(pattern, name, kind).is_match


def explain(pattern: str, name: str, kind: PatternKind = PatternKind.WILDCARD) -> Verdict:
    """Judge one base name; the whole name has to match, capital and small letters differ (requirement P04).

    Wildcard: `*` stands for any characters or none, `?` for exactly one, everything else for itself (P01-P03).
    Regular expression: as RE2 reads it (P11). The time of both grows with the length of the name alone, whatever
    the pattern (P12). An empty pattern takes every name.

    Our own answers are never taken (P05), compared without regard to case, because a server may change it and a
    loop must never form. A mended file `mended_<name>` is judged by <name> (ruling 19).

    Raises:
        BadInput: The expression cannot be used.
    """
    if is_reserved(name):
        return Verdict(is_match=False, reason=RESERVED)
    return _judge(pattern, kind)(unmended(name))


def is_reserved(name: str) -> bool:
    """Say whether the name is one of our own answers', mended or not."""
    return unmended(name).casefold().startswith(RESERVED_PREFIXES)


def unmended(name: str) -> str:
    """Return the name that a mended file stands for; any other name as it is."""
    while name.casefold().startswith(MENDED_PREFIX) and len(name) > len(MENDED_PREFIX):
        name = name[len(MENDED_PREFIX) :]
    return name


def hint(name: str) -> str | None:
    """Return what somebody should do instead who sends a reserved name, one sentence; None for other names."""
    if not is_reserved(name):
        return None
    if unmended(name).casefold().startswith(RESULT_PREFIX):
        return f"Results are not read back; send the mended rows as {MENDED_PREFIX} and the name of the first file."
    return "Names that start with receipt_ or result_ are for our own answers; send the file under another name."


def problem(pattern: str, kind: PatternKind = PatternKind.WILDCARD) -> str | None:
    """Return why a pattern cannot be used, one sentence for people, or None where it can."""
    if len(pattern) > limits.PATTERN_CHARACTERS_MAX:
        return f"A pattern has at most {limits.PATTERN_CHARACTERS_MAX:,} characters; shorten this one."
    if not pattern.isprintable():
        return "A pattern stands on one line, without control characters; type it instead of pasting."
    if kind is PatternKind.WILDCARD:
        if "/" in pattern:
            return "A pattern names files, not folders; take the / out and name the folder in its own field."
        return None
    try:
        _compiled(pattern)
    except BadInput as error:
        return str(error)
    return None


def choose(listing: Listing, pattern: str, kind: PatternKind = PatternKind.WILDCARD) -> Listing:
    """Keep the files that the pattern takes; the others join those not taken, each with its reason.

    Raises:
        BadInput: The expression cannot be used.
    """
    taken: list[RemoteFile] = []
    left = list(listing.not_taken)
    judge = _judge(pattern, kind)
    for file in listing.files:
        verdict = _reserved() if is_reserved(file.name) else judge(unmended(file.name))
        if verdict.is_match:
            taken.append(file)
        else:
            left.append((file.name, verdict.reason))
    return Listing(files=tuple(taken), not_taken=tuple(left))


def mail_verdict(pattern: str, kind: PatternKind, names: Sequence[str]) -> MailVerdict:
    """Judge all attachments of one mail: reserved names are set aside first, then every other one has to match.

    Raises:
        BadInput: The expression cannot be used.
    """
    verdicts = [(name, explain(pattern, name, kind)) for name in names]
    reserved = tuple((name, verdict.reason) for name, verdict in verdicts if is_reserved(name))
    others = [(name, verdict) for name, verdict in verdicts if not is_reserved(name)]
    if not others:
        why = "has no attachment" if not names else "has no attachment beside reserved names"
        return MailVerdict((), reserved, f"The mail {why}, so nothing was taken.")
    wrong = [(name, verdict.reason) for name, verdict in others if not verdict.is_match]
    if not wrong:
        return MailVerdict(tuple(name for name, _ in others), reserved, None)
    name, reason = wrong[0]
    others_too = {0: "", 1: "1 more does not either"}.get(len(wrong) - 1, f"{len(wrong) - 1:,} more do not either")
    remarks = "; ".join(remark for remark in ("" if reason == NO_MATCH else reason, others_too) if remark)
    why_not = (
        f"The attachment {shown(name)} does not match {pattern}{f' ({remarks})' if remarks else ''}, so the whole mail "
        "was ignored; every attachment has to match."
    )
    ignored = tuple((name, OTHER_DOES_NOT if verdict.is_match else verdict.reason) for name, verdict in verdicts)
    return MailVerdict((), ignored, why_not)


def _reserved() -> Verdict:
    return Verdict(is_match=False, reason=RESERVED)


def _judge(pattern: str, kind: PatternKind) -> Callable[[str], Verdict]:
    """Return what judges names that are neither reserved nor mended."""
    if not pattern:
        return lambda _: Verdict(is_match=True, reason=MATCHES)
    if kind is PatternKind.REGEX:
        expression = _compiled(pattern)
        return lambda name: _by_expression(expression, name)
    exact = _Machine(pattern)
    with_characters = _Machine(pattern.replace("*", "?*")) if "*" in pattern else exact
    return lambda name: _by_wildcard(pattern, exact, with_characters, name)


def _by_wildcard(pattern: str, exact: "_Machine", with_characters: "_Machine", name: str) -> Verdict:
    if exact.accepts(name):
        return Verdict(is_match=True, reason=MATCHES if with_characters.accepts(name) else STAR_IS_EMPTY)
    return Verdict(is_match=False, reason=_case_reason(pattern, name) or NO_MATCH)


def _by_expression(expression: Any, name: str) -> Verdict:
    try:
        is_match = expression.fullmatch(name) is not None
    except UnicodeEncodeError:  # half of a surrogate pair, which no file name that we take can hold
        is_match = False
    return Verdict(is_match=is_match, reason=MATCHES if is_match else NO_MATCH)


@lru_cache(maxsize=256)
def _compiled(pattern: str) -> Any:
    """Compile an expression; RE2 matches in time that grows with the name alone, and bounds its own memory.

    Raises:
        BadInput: One sentence that says what cannot be used.
    """
    options = re2.Options()
    options.log_errors = False
    try:
        return re2.compile(pattern, options)
    except (re2.error, UnicodeEncodeError) as error:
        raise BadInput(_why_no_expression(error), "files") from None


def _why_no_expression(error: Exception) -> str:
    raw = error.args[0] if error.args else b""
    said = raw.decode("utf-8", "replace") if isinstance(raw, bytes) else str(raw)
    what, _, where = said.partition(": ")
    if where.startswith(_LOOK_AROUND):
        return (
            f"Look-around such as {where}...) is not available, because it could run for hours; "
            "say what the name holds instead."
        )
    if what.startswith("invalid escape") and where[1:2].isdigit():
        return f"Going back to an earlier group with {where} is not available; write out what the name holds there."
    if what.startswith("invalid repetition size"):
        return f"The repetition {where} is too large; use a smaller number, or +."
    at = f" at {shown(where)}" if where else ""
    return f"The regular expression cannot be read ({what or 'unknown'}{at}); correct it, or use a wildcard."


class _Machine:
    """All places where a reading of the name can stand, as the bits of one number: place i = i tokens are used."""

    def __init__(self, pattern: str) -> None:
        self.loops = 0
        self.any = 0
        self.literal: dict[str, int] = defaultdict(int)
        self.length = 0
        for character in pattern:
            if character == "*":
                self.loops |= 1 << self.length
                continue
            if character == "?":
                self.any |= 1 << self.length
            else:
                self.literal[character] |= 1 << self.length
            self.length += 1

    def uses(self, character: str) -> int:
        return self.any | self.literal.get(character, 0)

    def step(self, places: int, character: str) -> int:
        return ((places & self.uses(character)) << 1) | (places & self.loops)

    def step_back(self, places: int, character: str) -> int:
        return ((places >> 1) & self.uses(character)) | (places & self.loops)

    def accepts(self, name: str) -> bool:
        places = 1
        for character in name:
            places = self.step(places, character)
        return bool(places >> self.length & 1)


def _case_reason(pattern: str, name: str) -> str | None:
    """Say which letter is to blame where only capital and small letters differ, else None."""
    folded = "".join(map(_small, name))
    loose = _Machine("".join(map(_small, pattern)))
    if not loose.accepts(folded):
        return None
    exact = _Machine(pattern)
    can_end = [1 << loose.length]
    for character in reversed(folded):
        can_end.append(loose.step_back(can_end[-1], character))
    can_end.reverse()
    places = 1
    for index, character in enumerate(name):
        if not exact.step(places, character) & can_end[index + 1]:
            return f"{'capital' if character.isupper() else 'small'} {character}"
        places = exact.step(places, character)
    return NO_MATCH


def _small(character: str) -> str:
    small = character.lower()
    return small if len(small) == 1 else character
