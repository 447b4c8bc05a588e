"""Finds where the table begins among the first records of a file: lines before it, lines that name its columns."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

_MOST_HEADER_RECORDS = 5
_BODY_RECORDS = 200
_SHARE_TYPED = 0.8
_SHARE_FULL, _SHARE_OF_TABLE = 0.6, 0.3
_FEW = 2
_VALUE_CHARACTERS_MAX = 200

_NUMBER = r"[-+(]?\s*[$€£¥]?\s*[-+]?(?:\d{1,3}(?:[ ,.'\u2019]\d{3})+|\d+)?(?:[.,]\d+)?(?:[eE][-+]?\d+)?\s*[%€$£]?\)?"
_DATE = r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}|\d{1,2}[- ./]?[A-Za-z]{3,9}[- ./,]*\d{2,4}|[A-Za-z]{3,9} \d{1,2},? \d{4}"
_TIME = r"\d{1,2}:\d{2}(?::\d{2}(?:[.,]\d+)?)?(?:\s?[AaPp]\.?[Mm]\.?)?(?:\s?(?:Z|UTC|[-+]\d{2}:?\d{2}))?"
_TYPED = re.compile(
    rf"(?=.*\d){_NUMBER}|{_DATE}|{_TIME}|(?:{_DATE})[T ]+(?:{_TIME})"
    r"|[^@\s]+@[^@\s]+\.\w+|(?:https?|ftp)://\S+|(?:\d{1,3}\.){3}\d{1,3}|[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}\w{12}"
)


class Record(NamedTuple):
    """One record of the sample: its 1-based physical line, and its fields."""

    line: int
    fields: Sequence[str]


class Shape(NamedTuple):
    """Where the table begins: physical lines before it, records that name its columns, and how many it has."""

    preamble_lines: int
    header_lines: int
    columns: int


def is_typed(text: str) -> bool:
    """Whether a text is rather a value than a name: a number, an amount, a date, a time, an address of the net."""
    return len(text) <= _VALUE_CHARACTERS_MAX and _TYPED.fullmatch(text) is not None


def of(records: Sequence[Record]) -> Shape:
    """The shape of the table that most of the records make up. Without records: one column, nothing before it."""
    if not records:
        return Shape(0, 1, 1)
    columns = _usual_columns(records)
    begin = _begin(records, columns)
    header_records = _header_records([record.fields for record in records[begin:]], columns)
    if header_records and _names_groups(records[:begin], columns):
        begin, header_records = begin - 1, header_records + 1
    columns = _with_header(records[begin:], header_records, columns)
    return Shape(records[begin].line - 1 if begin else 0, header_records, columns)


def _usual_columns(records: Sequence[Record]) -> int:
    """How many columns most records have; of equally frequent numbers the one that is seen first.

    One only, where few records have more: titles and remarks of one column may outnumber a short table.
    """
    counts = Counter(len(record.fields) for record in records)
    several = [(columns, number) for columns, number in counts.most_common() if columns > 1]
    is_table = several and several[0][1] >= len(records) * _SHARE_OF_TABLE
    return several[0][0] if is_table else counts.most_common(1)[0][0]


def _with_header(records: Sequence[Record], header_records: int, columns: int) -> int:
    """As many columns as the header names, where no record has more: rows may leave empty ones at the end out."""
    if not header_records:
        return columns
    named = max((len(_trimmed(record.fields)) for record in records[:header_records]), default=columns)
    header = next(record.fields for record in records[:header_records])
    widest = max((len(_trimmed(record.fields)) for record in records[header_records:]), default=0)
    return named if columns < named and widest <= named and all(header[:named]) else columns


def _trimmed(fields: Sequence[str]) -> Sequence[str]:
    """The fields without empty ones at the end."""
    count = len(fields)
    while count and not fields[count - 1].strip():
        count -= 1
    return fields[:count]


def _filled(record: Record) -> int:
    return sum(bool(text.strip()) for text in record.fields)


def _begin(records: Sequence[Record], columns: int) -> int:
    """The first record that is filled as the records of the table are; those before it are titles and remarks."""
    if columns < _FEW:
        return 0
    usual = sorted(_filled(record) for record in records if len(record.fields) == columns)
    enough = max(_FEW, usual[len(usual) // 2] * _SHARE_FULL)
    near = max(1, columns // 4)
    for number, record in enumerate(records):
        fits = len(record.fields) == columns
        is_remark = record.fields[0].lstrip().startswith("#") and not fits
        # A title that was filled up to all columns holds one text or two; more of them are rather a row.
        wanted = min(enough, _FEW + 1) if fits else enough
        if _filled(record) >= wanted and len(record.fields) >= columns - near and not is_remark:
            return number
    return 0


def _names_groups(before: Sequence[Record], columns: int) -> bool:
    """Whether the record above the header names groups of columns: it has as many, and some text far to the right."""
    if not before or len(before[-1].fields) != columns:
        return False
    above = before[-1].fields
    filled = [number for number, text in enumerate(above) if text.strip()]
    return len(filled) >= _FEW and filled[-1] >= columns // 2


def _header_records(rows: list[Sequence[str]], columns: int) -> int:
    """How many records name the columns: they have names where those below have numbers, dates and the like."""
    typed = _typed_columns([row for row in rows[1:] if len(row) == columns], columns)
    if not typed:
        return 1 + _repeats(rows)
    if not _breaks(rows[0], typed):
        return 0
    count = 1 + _repeats(rows)
    while count < min(_MOST_HEADER_RECORDS, len(rows) - 1) and _is_more_header(rows[count], typed):
        count += 1
    return count


def _repeats(rows: list[Sequence[str]]) -> int:
    """How many records after the first say the same names."""
    names = [text.strip().casefold() for text in rows[0]]
    count = 0
    if len(names) < _FEW or len(set(names)) < _FEW:
        return 0
    for row in rows[1:_MOST_HEADER_RECORDS]:
        if [text.strip().casefold() for text in row] != names:
            break
        count += 1
    return count


def _typed_columns(body: list[Sequence[str]], columns: int) -> set[int]:
    """The columns whose values are of a type; the first records are passed over where there are enough others."""
    body = body[min(_MOST_HEADER_RECORDS, len(body) // 2) :][:_BODY_RECORDS]
    found = set()
    for column in range(columns):
        texts = [text for row in body if (text := row[column].strip())]
        if texts and sum(map(is_typed, texts)) >= len(texts) * _SHARE_TYPED:
            found.add(column)
    return found


def _breaks(row: Sequence[str], typed: set[int]) -> int:
    """In how many typed columns the record has some other text."""
    texts = (row[column].strip() for column in typed if column < len(row))
    return sum(bool(text) and not is_typed(text) for text in texts)


def _is_more_header(row: Sequence[str], typed: set[int]) -> bool:
    breaks = _breaks(row, typed)
    values = sum(is_typed(text.strip()) for text in row if text.strip())
    return breaks >= _FEW and breaks > values
