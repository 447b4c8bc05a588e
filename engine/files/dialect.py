"""Finds out how the start of a file is written: its separator, quotes and escape, and where its records start."""

import re
from collections import Counter
from dataclasses import dataclass, replace
from itertools import zip_longest

from engine.base import limits
from engine.base.errors import MendData
from engine.files import lenient, one_by_one, salvage
from engine.files.one_by_one import Marks
from storage.records.goals import BLANKS, FileFormat

_CANDIDATES = (",", ";", "\t", "|", BLANKS)
_RECORDS_TO_JUDGE = 500
_SHARE_GOOD = 0.9
_DEFAULT = ","
DOUBLED = '"'
_BACKSLASH = "\\"
_TAB = 9
_APOSTROPHE_OPENS = re.compile(rb"(?:^|[,;\t| \r\n])'")


@dataclass(frozen=True)
class Dialect:
    """How a file is written. escape: the quote where it is doubled. columns: how many, None as the header says."""

    separator: str
    quote: str = DOUBLED
    escape: str = DOUBLED
    preamble_lines: int = 0
    header_lines: int = 1
    columns: int | None = None


@dataclass(frozen=True)
class Start:
    """Where the records of a file start: its columns, the bytes, lines and blank lines before them; its header."""

    columns: tuple[str, ...]
    bytes_before: int
    lines_before: int
    blank_lines: int
    header: tuple[tuple[str, ...], ...] = ()


def told(file_format: FileFormat, sample: bytes) -> Dialect:
    """What the format tells; what it leaves open is found out cautiously: the usual ways win where they fit."""
    sample = sample[_after_lines(sample, file_format.preamble_lines or 0) or 0 :]
    separator = file_format.separator or sniff(sample)
    quote = file_format.quote
    if quote is None:
        quote = "'" if separator != BLANKS and _stands_in_apostrophes(sample, separator) else DOUBLED
    escape = file_format.escape
    if escape is None:
        escape = _BACKSLASH if quote and separator != BLANKS and _has_backslashes(sample, separator, quote) else quote
    header_lines = file_format.header_lines if file_format.header else 0
    return Dialect(separator, quote, escape, file_format.preamble_lines or 0, header_lines)


def sniff(sample: bytes) -> str:
    """The separator under which the records of the sample have most evenly as many columns as the first.

    Files of one column give the comma. Blanks are only taken where nothing else fits well.
    """
    ranked = []
    for separator in _CANDIDATES:
        counts = [len(fields) for _, fields, _ in records_of(sample, _usual(separator))]
        if counts and counts[0] > 1:
            share = counts.count(counts[0]) / len(counts)
            is_good = share >= _SHARE_GOOD and separator != BLANKS
            ranked.append((is_good, share, counts[0] if separator != BLANKS else 0, separator))
    return max(ranked, key=lambda entry: entry[:3])[3] if ranked else _DEFAULT


def _usual(separator: str) -> Marks | None:
    return None if separator == BLANKS else marks_of(separator, DOUBLED, DOUBLED)


def marks_of(separator: str, quote: str, escape: str) -> Marks | None:
    """The bytes of a dialect; None where one of them is no single ASCII character."""
    if len(separator) != 1 or not (separator + quote + escape).isascii():
        return None
    return Marks(ord(separator), ord(quote) if quote else None, ord(escape) if escape not in ("", quote) else None)


def _stands_in_apostrophes(sample: bytes, separator: str) -> bool:
    """Whether ' protects fields: its records fit where those of " do not, or every name of the header stands in it."""
    if b"'" not in sample or _APOSTROPHE_OPENS.search(sample) is None:
        return False
    usual, other = marks_of(separator, DOUBLED, DOUBLED), marks_of(separator, "'", "'")
    if usual is None or other is None:
        return False
    header = next((fields for _, fields, _ in records_of(sample, usual)), [])
    if len(header) > 1 and all(len(name) > 2 and name[:1] == name[-1:] == b"'" for name in header):  # noqa: PLR2004
        return True
    return _fits(sample, other) and not _fits(sample, usual)


def _has_backslashes(sample: bytes, separator: str, quote: str) -> bool:
    """Whether quotes within fields are escaped by a backslash: doubled, the records are in trouble."""
    if _BACKSLASH.encode() + quote.encode() not in sample:
        return False
    doubled, escaped = marks_of(separator, quote, quote), marks_of(separator, quote, _BACKSLASH)
    if doubled is None or escaped is None:
        return False
    troubles = [sum(not fits for _, _, fits in records_of(sample, marks)) for marks in (doubled, escaped)]
    return troubles[0] > troubles[1]


def _fits(sample: bytes, marks: Marks) -> bool:
    found = records_of(sample, marks)
    return all(fits for _, _, fits in found) and len({len(fields) for _, fields, _ in found}) == 1


def records_of(
    sample: bytes, marks: Marks | None, most: int = _RECORDS_TO_JUDGE, *, is_whole: bool = False
) -> list[tuple[int, list[bytes], bool]]:
    """The first records that are no blank lines: their line, their fields, and whether their quotes fit.

    marks: None for blanks. Of several records the last one is left out where the sample ends with it, as it may be
    cut, unless is_whole.
    """
    found: list[tuple[int, list[bytes], bool]] = []
    place, lines = _skip_blank_lines(sample, _is_tabbed(marks))
    while place < len(sample) and len(found) < most:
        start = place
        parsed = one_by_one.split_blanks(sample, place) if marks is None else one_by_one.parse(sample, place, marks)
        fits = isinstance(parsed, one_by_one.Parsed)
        if not isinstance(parsed, one_by_one.Parsed):
            parsed = _plain(sample, place, marks)
        place = parsed.end
        if parsed.fields and parsed.fields != [b""] and sample[start:place].strip(b" \r\n\t"):
            found.append((lines + 1, parsed.fields, fits))
        lines += one_by_one.count_lines(sample, start, place)
    may_be_cut = place >= len(sample) and not is_whole
    return found[:-1] if may_be_cut and len(found) > 2 else found  # noqa: PLR2004 - header, row


def _plain(sample: bytes, place: int, marks: Marks | None) -> one_by_one.Parsed:
    """The line split as if quotes were plain text."""
    line = one_by_one.line_at(sample, place)
    return one_by_one.Parsed(sample[place : line[0]].split(marks.separator_bytes if marks else None), line[1])


def start(name: str, text: bytes, dialect: Dialect, marks: Marks | None) -> Start | None:
    """Read the header, or count the columns of a file without one; None if there is nothing but blank lines.

    Args:
        name: The file's name, for the sentences.
        text: The start of the file in UTF-8, with the whole header in it.
        dialect: How the file is written. Its header_lines are records that hold the column names; without one they
            become column_1, column_2, ... Where it tells how many columns there are, any names will do.
        marks: The bytes that stand for it in the text; None for blanks.

    Raises:
        MendData: The header cannot be used.
    """
    place = _after_lines(text, dialect.preamble_lines)
    if place is None:
        return None
    passed, blank_lines = _skip_blank_lines(text[place:], _is_tabbed(marks))
    place += passed
    if place >= len(text):
        return None
    lines = dialect.preamble_lines + blank_lines
    if not dialect.header_lines:
        columns = _names_by_number(name, text[place:], marks, dialect.columns)
        return Start(columns, place, lines, blank_lines)
    header: list[list[bytes]] = []
    while place < len(text) and len(header) < dialect.header_lines:
        before = place
        fields, place = _header_record(name, text, place, marks, dialect.columns)
        header.append(fields)
        lines += one_by_one.count_lines(text, before, place)
        if len(header) < dialect.header_lines:
            passed, blank = _skip_blank_lines(text[place:], _is_tabbed(marks))
            place, lines, blank_lines = place + passed, lines + blank, blank_lines + blank
    names = [b" ".join(part.strip() for part in parts if part.strip()) for parts in zip_longest(*header, fillvalue=b"")]
    _check_count(name, dialect.columns or len(names))
    columns = _names(name, names) if dialect.columns is None else _any_names(salvage.fitted(names, dialect.columns))
    return Start(columns, place, lines, blank_lines, tuple(map(_any_names, header)))


def _header_record(
    name: str, text: bytes, place: int, marks: Marks | None, columns: int | None
) -> tuple[list[bytes], int]:
    parsed = one_by_one.split_blanks(text, place) if marks is None else one_by_one.parse(text, place, marks)
    if isinstance(parsed, one_by_one.Parsed) and parsed.end - place <= limits.RECORD_BYTES_MAX:
        fits = columns is None or len(parsed.fields) == columns
        if fits or marks is None or b"\n" in text[place : parsed.end].rstrip(b"\r\n"):
            return parsed.fields, parsed.end
    if columns is None or marks is None:
        raise MendData(f"The header of {name} cannot be read: its quotes do not close; have them mended in the file.")
    line_end, end = one_by_one.line_at(text, place)
    return lenient.parse(text[place:line_end], marks, columns), end


def has_whole_start(text: bytes, dialect: Dialect, marks: Marks | None) -> bool:
    """Whether the lines before the header and the header end within the text, and text follows."""
    place = _after_lines(text, dialect.preamble_lines)
    if place is None:
        return False
    for _ in range(max(1, dialect.header_lines)):
        place += _skip_blank_lines(text[place:], _is_tabbed(marks))[0]
        if place >= len(text):
            return False
        parsed = one_by_one.split_blanks(text, place) if marks is None else one_by_one.parse(text, place, marks)
        if isinstance(parsed, one_by_one.Trouble):
            return not parsed.runs_out
        place = parsed.end
    return place < len(text)


def _after_lines(text: bytes, lines: int) -> int | None:
    """The place after so many physical lines; None where the text has fewer of them."""
    place = 0
    for _ in range(lines):
        if place >= len(text):
            return None
        place = one_by_one.line_at(text, place)[1]
    return place


def _is_tabbed(marks: Marks | None) -> bool:
    return marks is not None and marks.separator == _TAB


def _skip_blank_lines(text: bytes, is_tabbed: bool) -> tuple[int, int]:  # noqa: FBT001 - what its only caller asks
    """Where the first line starts that is not blank, and how many are before it."""
    match = re.match(rb"[ \r\n]*" if is_tabbed else rb"[ \t\r\n]*", text)
    first = match.end() if match else 0
    if first == len(text):
        return first, one_by_one.count_lines(text, 0, first)
    place = max(text.rfind(b"\n", 0, first), text.rfind(b"\r", 0, first)) + 1
    return place, one_by_one.count_lines(text, 0, place)


def _names_by_number(name: str, text: bytes, marks: Marks | None, columns: int | None) -> tuple[str, ...]:
    if columns is None:
        counts = Counter(len(fields) for _, fields, _ in records_of(text[: limits.SNIFF_BYTES], marks))
        columns = max(counts, key=lambda number: counts[number]) if counts else 1
    _check_count(name, columns)
    return tuple(f"column_{number}" for number in range(1, columns + 1))


def _check_count(name: str, count: int) -> None:
    if count > limits.COLUMNS_MAX:
        most = f"{limits.COLUMNS_MAX:,}"
        raise MendData(f"The file {name} has {count:,} columns, the limit is {most}: have fewer of them exported.")


def _any_names(fields: list[bytes]) -> tuple[str, ...]:
    return tuple(field.decode("utf-8", "replace").strip() for field in fields)


def _names(name: str, fields: list[bytes]) -> tuple[str, ...]:
    names = _any_names(fields)
    empty = [str(number) for number, column in enumerate(names, 1) if not column]
    if empty:
        listed = _listed(empty)
        raise MendData(f"The header of {name} has no name for column {listed}: have every column named in the file.")
    seen = Counter(column.casefold() for column in names)
    twice = list(dict.fromkeys(column for column in names if seen[column.casefold()] > 1))
    if twice:
        listed = _listed(twice)
        raise MendData(f"The header of {name} has names more than once ({listed}): have each column named differently.")
    return names


def _listed(words: list[str]) -> str:
    most = 5
    return ", ".join(words[:most]) + (f" and {len(words) - most} more" if len(words) > most else "")


def with_shape(dialect: Dialect, preamble_lines: int, header_lines: int, columns: int | None) -> Dialect:
    """The dialect with where its table begins."""
    return replace(dialect, preamble_lines=preamble_lines, header_lines=header_lines, columns=columns)
