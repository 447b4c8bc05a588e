"""Finds out the separator and the column names from the start of a file."""

import re
from collections import Counter
from dataclasses import dataclass

from engine.base import limits
from engine.base.errors import MendData
from engine.files import one_by_one
from storage.records.goals import BLANKS

_CANDIDATES = (",", ";", "\t", "|", BLANKS)
_RECORDS_TO_JUDGE = 500
_SHARE_GOOD = 0.9
_DEFAULT = ","


@dataclass(frozen=True)
class Start:
    """Where the records of a file start: its columns, the bytes, lines and blank lines before them."""

    columns: tuple[str, ...]
    bytes_before: int
    lines_before: int
    blank_lines: int


def parse(text: bytes, place: int, separator: str) -> one_by_one.Parsed | one_by_one.Trouble:
    """Parse one record in the way of the separator."""
    if separator == BLANKS:
        return one_by_one.split_blanks(text, place)
    return one_by_one.parse(text, place, ord(separator))


def sniff(sample: bytes) -> str:
    """The separator under which the records of the sample have most evenly as many columns as the first.

    Files of one column give the comma. Blanks are only taken where nothing else fits well.
    """
    ranked = []
    for separator in _CANDIDATES:
        counts = _column_counts(sample, separator)
        if counts and counts[0] > 1:
            share = counts.count(counts[0]) / len(counts)
            is_good = share >= _SHARE_GOOD and separator != BLANKS
            ranked.append((is_good, share, counts[0] if separator != BLANKS else 0, separator))
    return max(ranked, key=lambda entry: entry[:3])[3] if ranked else _DEFAULT


def _column_counts(sample: bytes, separator: str) -> list[int]:
    """Columns of the first records; the last one is left out, where there are others, as it may be cut."""
    counts: list[int] = []
    place, _ = _skip_blank_lines(sample, separator)
    while place < len(sample) and len(counts) < _RECORDS_TO_JUDGE:
        start = place
        parsed = parse(sample, place, separator)
        if isinstance(parsed, one_by_one.Trouble):
            parsed = _plain(sample, place, separator)
        place = parsed.end
        if parsed.fields and parsed.fields != [b""] and sample[start:place].strip(b" \r\n\t"):
            counts.append(len(parsed.fields))
    return counts[:-1] if place >= len(sample) and len(counts) > 2 else counts  # noqa: PLR2004 - header, row


def _plain(sample: bytes, place: int, separator: str) -> one_by_one.Parsed:
    """The line split as if quotes were plain text."""
    line = one_by_one.line_at(sample, place)
    return one_by_one.Parsed(sample[place : line[0]].split(separator.encode()), line[1])


def start(name: str, text: bytes, separator: str, *, has_header: bool) -> Start | None:
    """Read the header, or count the columns of a file without one; None if there is nothing but blank lines.

    Args:
        name: The file's name, for the sentences.
        text: The start of the file in UTF-8, with the whole header in it.
        separator: One character or BLANKS.
        has_header: The first record holds the column names; else they become column_1, column_2, ...

    Raises:
        MendData: The header cannot be used.
    """
    place, blank_lines = _skip_blank_lines(text, separator)
    if place >= len(text):
        return None
    if not has_header:
        columns = _names_by_number(name, text[place:], separator)
        return Start(columns, place, blank_lines, blank_lines)
    header = parse(text, place, separator)
    if isinstance(header, one_by_one.Trouble) or header.end - place > limits.RECORD_BYTES_MAX:
        raise MendData(f"The header of {name} cannot be read: its quotes do not close; have them mended in the file.")
    lines = blank_lines + one_by_one.count_lines(text, place, header.end)
    return Start(_names(name, header.fields), header.end, lines, blank_lines)


def has_whole_start(text: bytes, separator: str) -> bool:
    """Whether the first record that is no blank line ends within the text, and text follows."""
    place, _ = _skip_blank_lines(text, separator)
    if place >= len(text):
        return False
    parsed = parse(text, place, separator)
    return parsed.end < len(text) if isinstance(parsed, one_by_one.Parsed) else not parsed.runs_out


def _skip_blank_lines(text: bytes, separator: str) -> tuple[int, int]:
    """Where the first line starts that is not blank, and how many are before it."""
    blanks = rb"[ \r\n]*" if separator == "\t" else rb"[ \t\r\n]*"
    match = re.match(blanks, text)
    first = match.end() if match else 0
    if first == len(text):
        return first, one_by_one.count_lines(text, 0, first)
    place = max(text.rfind(b"\n", 0, first), text.rfind(b"\r", 0, first)) + 1
    return place, one_by_one.count_lines(text, 0, place)


def _names_by_number(name: str, text: bytes, separator: str) -> tuple[str, ...]:
    counts = Counter(_column_counts(text[: limits.SNIFF_BYTES], separator))
    count = max(counts, key=lambda number: counts[number]) if counts else 1
    _check_count(name, count)
    return tuple(f"column_{number}" for number in range(1, count + 1))


def _check_count(name: str, count: int) -> None:
    if count > limits.COLUMNS_MAX:
        most = f"{limits.COLUMNS_MAX:,}"
        raise MendData(f"The file {name} has {count:,} columns, the limit is {most}: have fewer of them exported.")


def _names(name: str, fields: list[bytes]) -> tuple[str, ...]:
    _check_count(name, len(fields))
    names = tuple(field.decode("utf-8", "replace").strip() for field in fields)
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
