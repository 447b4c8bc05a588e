"""Guesses boldly how a file is written, by the reading whose rows are most alike and whose cells make most sense."""

import csv
import re
from collections import Counter
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import pairwise
from operator import itemgetter
from typing import NamedTuple

from engine.files import shape
from engine.files.dialect import DOUBLED, Dialect
from storage.records.goals import BLANKS, FileFormat

_USUAL = (",", ";", "\t", "|")
_QUOTES = (DOUBLED, "'")
_LINES_MAX = 300
_CHARACTERS_MAX = 64 * 1024
_CHARACTERS_ASKED = 16 * 1024
_CELLS_MAX = 3_000
_GOOD = 0.5
"""Of what a perfect table scores, 1; unusual separators are only asked where the usual ones give less."""
_FAVOUR = {",": 1.0, ";": 1.0, "\t": 1.3, "|": 1.1, " ": 0.7, BLANKS: 0.72, ":": 0.55}
"""Tabs and bars hardly ever stand in texts, blanks and colons often do."""
_FAVOUR_OF_OTHERS, _FAVOUR_OF_RARE = 0.6, 1.1
_RARE = re.compile(r"[\x01-\x08\x0e-\x1f^~§¦¬¤¶]")
_ONE_COLUMN_OF_VALUES, _ONE_COLUMN, _ONE_COLUMN_IN_SPITE = 0.6, 0.4, 0.25
_SHARE_ALWAYS, _SHARE_MOSTLY = 0.9, 0.7
_NO_OTHERS = "\"'` .,;|_-\ufffd"
_STAND_IN, _NONE = "\x1f", "\n\n"
_HINT = re.compile(r"sep=([^\w\s\"'\0]|\t)\s*")
_PLAIN = re.compile(r"(?:[^,;|\t\"]|[,;] )+")
_WRAPPED = re.compile(r"(['\"`|~^*#%$]).*\1")
_PHRASE, _WRAP, _ODD, _EMPTY = 0.7, 0.2, 0.25, 0.8
_PARTS_ASKED = 3
_CHARACTERS_OF_WEIGHT_1, _CHARACTERS_WEIGHED_MAX = 10, 200
_QUOTES_TO_JUDGE, _QUOTES_MISFIT = 4, 0.4
_NOT_AT_THE_TOP = 0.85
"""Weighs a way under which the first line has another number of columns than most; titles above tables have too."""


class _Way(NamedTuple):
    """One way to read: separator (of one or more characters, or BLANKS) and quote."""

    separator: str
    quote: str


@dataclass(frozen=True)
class _Sample:
    """The start of a file: its lines without line ends, blank ones left out; whether there are more of them."""

    lines: list[str]
    is_cut: bool

    @cached_property
    def text(self) -> str:
        """The lines in one."""
        return "\n".join(self.lines)


def told(file_format: FileFormat, sample: bytes) -> Dialect:
    """What the format tells; what it leaves open is guessed from the sample, UTF-8 text."""
    text = sample[: _CHARACTERS_MAX * 2].decode("utf-8", "replace")[:_CHARACTERS_MAX]
    lines = [line for line in re.split(r"\r\n|\r|\n", text) if line.strip()]
    is_cut = len(sample) > len(text.encode("utf-8", "replace"))
    found = _Sample(lines[: -1 if is_cut and len(lines) > 1 else None][:_LINES_MAX], is_cut or len(lines) > _LINES_MAX)
    separator, quote = _best(found, file_format)
    escape = file_format.escape
    if escape is None:
        escape = "\\" if quote and _is_escaped(found.text, separator, quote) else quote
    return Dialect(separator, quote, escape)


def _best(sample: _Sample, file_format: FileFormat) -> _Way:
    hint = _HINT.fullmatch(sample.lines[0]) if sample.lines else None
    separator = file_format.separator or (hint.group(1) if hint else None)
    quotes = _quotes(sample, separator) if file_format.quote is None else (file_format.quote,)
    if separator is not None:
        ways = [_Way(separator, quote) for quote in quotes]
        return max(ways, key=lambda way: _score(sample, way))
    usual = [mark for mark in (*_USUAL, *sorted(set(_RARE.findall(sample.text)))) if mark in sample.text]
    ranked = {_Way(mark, quote): 0.0 for mark in usual for quote in quotes}
    _rank(sample, ranked, [way.separator for way in ranked])
    if max(ranked.values(), default=0.0) < _GOOD:
        for mark in (*_others(sample), " ", BLANKS):
            ranked.update({_Way(mark, quote): 0.0 for quote in (quotes if mark != BLANKS else ("",))})
        unusual = sorted(ranked, key=lambda way: ranked[way] or _score(sample, way), reverse=True)
        _rank(sample, ranked, [way.separator for way in unusual[:_PARTS_ASKED]])
    # What stands nowhere splits nothing.
    one_column = _Way(_STAND_IN if sample.is_cut or "," in sample.text else ",", DOUBLED)
    best = max(ranked, key=lambda way: ranked[way], default=one_column)
    return best if ranked and ranked[best] > _score_of_one_column(sample, best) else one_column


def _rank(sample: _Sample, ranked: dict[_Way, float], separators: list[str]) -> None:
    """Work out the scores that are missing, and those of longer separators in which one of these stands."""
    quotes = tuple(dict.fromkeys(way.quote for way in ranked))
    longer = {found for separator in dict.fromkeys(separators) for found in _longer(sample, separator)}
    for way in [*ranked, *(_Way(found, quote) for found in sorted(longer) for quote in quotes)]:
        ranked[way] = ranked.get(way) or _score(sample, way)


def _others(sample: _Sample) -> list[str]:
    """Characters that stand in most lines and are neither letters, digits, quotes nor blanks."""
    counts: Counter[str] = Counter()
    for line in sample.lines:
        counts.update({mark for mark in line if mark.isprintable() and not mark.isalnum() and mark not in _NO_OTHERS})
    return [mark for mark, count in counts.most_common(8) if count >= len(sample.lines) * _GOOD]


def _longer(sample: _Sample, separator: str) -> list[str]:
    """Separators of several characters in which this one nearly always stands."""
    if separator == BLANKS or len(separator) != 1:
        return []
    text, mark = sample.text[:_CHARACTERS_ASKED], re.escape(separator)
    total = text.count(separator)
    left, right = (_beside(re.findall(way, text)) for way in (rf"(.){mark}", rf"{mark}(.)"))
    likely = {left + separator, separator + right, left + separator + right, separator * 2} - {separator}
    return [found for found in sorted(likely) if text.count(found) * found.count(separator) >= total * _SHARE_MOSTLY]


def _beside(marks: list[str]) -> str:
    """The character that mostly stands beside a separator, "" where it belongs to the fields."""
    usual = Counter(marks).most_common(1)
    return usual[0][0] if usual and not usual[0][0].isalnum() and usual[0][0] not in _QUOTES else ""


def _quotes(sample: _Sample, separator: str | None) -> tuple[str, ...]:
    """The quotes that stand around fields somewhere; " in any case, as it does no harm."""
    border = re.escape(separator) if separator and separator != BLANKS else r"[^\w\s'\"]|[\t ]"
    found = [DOUBLED]
    text = sample.text[:_CHARACTERS_ASKED]
    for quote in ("'", "`", "|", "~", "^", "*", "%", "$", "#"):
        if quote not in text or quote == separator:
            continue
        mark = re.escape(quote)
        around = re.findall(rf"(?m)(?:^|{border}){mark}[^{mark}\n]*{mark}(?=$|{border})", text)
        enough = 2 if quote in _QUOTES else len(sample.lines)
        if len(around) >= enough:
            found.append(quote)
    if any(line.count(DOUBLED) % 2 for line in sample.lines):
        found.append("")
    return tuple(found)


def rows(sample: _Sample, separator: str, quote: str) -> list[list[str]]:
    """The rows of the sample, read forgivingly."""
    if separator == BLANKS:
        return [line.split() for line in sample.lines]
    lines = sample.lines
    if len(separator) > 1:
        lines = [line.replace(separator, _STAND_IN) for line in lines]
    mark = separator if len(separator) == 1 else _STAND_IN
    csv.field_size_limit(2**31 - 1)
    reader = csv.reader(
        [f"{line}\n" for line in lines],
        delimiter=mark,
        quotechar=quote or None,
        quoting=csv.QUOTE_MINIMAL if quote else csv.QUOTE_NONE,
    )
    try:
        return [row for row in reader if row]
    except csv.Error:
        return [line.split(mark) for line in lines]


def _score(sample: _Sample, way: _Way) -> float:
    """From 0 to 1: how alike the rows are, how many columns they have, and how much sense the cells make."""
    found = [] if way.quote and way.quote in way.separator else rows(sample, way.separator, way.quote)
    if not found:
        return 0.0
    counts = Counter(len(row) for row in found)
    columns, most = max(
        ((count, number) for count, number in counts.items() if count > 1), key=itemgetter(1, 0), default=(1, 0)
    )
    if columns == 1:
        return 0.0
    merged = len(found) / len(sample.lines)
    usual = [mark for mark in _USUAL if mark in way.separator] or [way.separator.strip() or " "]
    others = _FAVOUR_OF_RARE if _RARE.search(way.separator) else _FAVOUR_OF_OTHERS
    favour = _FAVOUR.get(way.separator, _FAVOUR.get(usual[0], others))
    if len(found[0]) != columns:
        favour *= _NOT_AT_THE_TOP
    alike = [row for row in found if len(row) == columns]
    sense = _sense(alike) * _quotes_fit(sample, way)
    filled = sum(any(map(str.strip, texts)) for texts in zip(*alike, strict=True))
    parted = max(0, filled - 1) / columns
    return _alike([len(row) for row in found], most) * parted * sense * favour * merged


def _quotes_fit(sample: _Sample, way: _Way) -> float:
    """From 0.4 to 1: how many of the quotes stand where fields begin or end."""
    text, quote = sample.text[:_CHARACTERS_ASKED], re.escape(way.quote or DOUBLED)
    total = len(re.findall(f"(?<!{quote}){quote}(?!{quote})", text))
    if way.separator == BLANKS or total < _QUOTES_TO_JUDGE:
        return 1.0
    separator = re.escape(way.separator)
    at_borders = len(re.findall(f"(?m)(?:^|{separator}){quote}(?!{quote})|(?<!{quote}){quote}(?={separator}|$)", text))
    return _QUOTES_MISFIT + (1 - _QUOTES_MISFIT) * min(1.0, at_borders / total if way.quote else 0.0)


def _alike(counts: list[int], most: int) -> float:
    """How alike rows are: as many as most have the same number of columns, or each as many as the one before."""
    pairs = sum(count == before > 1 for before, count in pairwise(counts))
    return max((most / len(counts)) ** 2, _SHARE_ALWAYS * (pairs / max(1, len(counts) - 1)) ** 2)


def _score_of_one_column(sample: _Sample, best: _Way) -> float:
    """What reading each line as one value scores."""
    texts = [line.strip() for line in sample.lines[1:]] or sample.lines
    if sum(map(shape.is_typed, texts)) >= len(texts) * _SHARE_ALWAYS:
        return 0.0 if best.separator in _USUAL else _ONE_COLUMN_OF_VALUES
    likely = _ONE_COLUMN_IN_SPITE if best.separator in _USUAL else _ONE_COLUMN
    return likely * _sense([[text] for text in texts]) * _quotes_fit(sample, _Way(_NONE, DOUBLED))


def _sense(found: list[list[str]]) -> float:
    """The share of cells that make sense: values count fully, plain phrases less, what looks unsplit hardly."""
    total = weights = 0.0
    for count, text in enumerate(text for row in found for text in row):
        weight = 1 + min(len(text), _CHARACTERS_WEIGHED_MAX) / _CHARACTERS_OF_WEIGHT_1
        total += _cell(text) * weight
        weights += weight
        if count > _CELLS_MAX:
            break
    return total / weights if weights else 0.0


@lru_cache(maxsize=50_000)
def _cell(text: str) -> float:
    text = text.strip()
    if not text:
        return _EMPTY
    if shape.is_typed(text):
        return 1.0
    if len(text) > 1 and _WRAPPED.fullmatch(text):
        return _WRAP
    return _PHRASE if _PLAIN.fullmatch(text) else _ODD


def _is_escaped(text: str, separator: str, quote: str) -> bool:
    """Whether a backslash stands before quotes that do not close a field, and none of those is doubled."""
    mark, part = re.escape(quote), "" if separator == BLANKS else re.escape(separator)
    within = re.findall(rf"\\{mark}(?!{part}|$|{mark})", text, re.MULTILINE) if part else []
    doubled = re.findall(rf"[^{mark}\\\n{part}]{mark}{mark}(?=[^{mark}\n{part}])", text) if part else []
    return len(within) > len(doubled)
