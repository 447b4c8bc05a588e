"""The product's wildcard: which names of a folder a goal takes, and why not the others."""

from collections import defaultdict
from dataclasses import dataclass

from storage.records.files import Listing, RemoteFile

RESERVED_PREFIXES = ("receipt_", "result_")
"""Our own answers; compared without regard to case, because a server may change it and a loop must never form."""

MATCHES = "matches"
STAR_IS_EMPTY = "* may be empty"
RESERVED = "reserved name"
NO_MATCH = "does not match"


@dataclass(frozen=True)
class Verdict:
    """Whether a file is taken, and a few words that say why to a person."""

    is_match: bool
    reason: str


def matches(pattern: str, name: str) -> bool:
    """Say whether the pattern takes a file of this name."""
    return explain(pattern, name).is_match


def explain(pattern: str, name: str) -> Verdict:
    """Judge one base name.

    `*` stands for any characters or none, `?` for exactly one, everything else for itself; the whole name has to
    match, capital and small letters differ (requirements P01-P05). The time grows with the length of the name
    alone, whatever the pattern.
    """
    if name.casefold().startswith(RESERVED_PREFIXES):
        return Verdict(is_match=False, reason=RESERVED)
    exact = _Machine(pattern)
    if exact.accepts(name):
        needs_empty_star = "*" in pattern and not _Machine(pattern.replace("*", "?*")).accepts(name)
        return Verdict(is_match=True, reason=STAR_IS_EMPTY if needs_empty_star else MATCHES)
    return Verdict(is_match=False, reason=_case_reason(pattern, name) or NO_MATCH)


def choose(listing: Listing, pattern: str) -> Listing:
    """Keep the files that the pattern takes; the others join those not taken, each with its reason."""
    taken: list[RemoteFile] = []
    left = list(listing.not_taken)
    for file in listing.files:
        verdict = explain(pattern, file.name)
        if verdict.is_match:
            taken.append(file)
        else:
            left.append((file.name, verdict.reason))
    return Listing(files=tuple(taken), not_taken=tuple(left))


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
