"""Parses a single damaged record by the reading that needs the fewest excuses, for those who salvage rows."""

import re
from collections.abc import Iterator
from typing import NamedTuple

from engine.files.one_by_one import Marks

_RECORD_BYTES_MAX = 64 * 1024
"""Longer records are split plainly: all their readings would take too long to compare."""
_STATES_MAX = 200_000
_CLOSINGS_MAX = 8
_BLANK = 32
# What a reading has to be excused for; the cheapest one that gives the right number of columns is taken.
# Quotes that open and close well are not touched to get there: a column more or less is excused sooner.
_STRAY_QUOTE, _QUOTE_AS_TEXT, _BLANKS_AROUND, _COLUMN_MORE_OR_LESS = 1.5, 4.0, 0.5, 5.0
_CLOSING_PASSED = _GOOD_QUOTE_AS_TEXT = 8.0


class _Field(NamedTuple):
    """One way to read the field at a place; end is the separator after it, or the record's end."""

    end: int
    value: bytes
    cost: float


class _Reached(NamedTuple):
    """The cheapest way to a place; before: the place and number of columns it came from, None at the start."""

    cost: float
    before: tuple[int, int] | None
    value: bytes


def parse(record: bytes, marks: Marks, wanted: int) -> list[bytes]:
    """The fields of a record without its line end: `wanted` of them where some reading gives so many."""
    separators = record.count(marks.separator_bytes)
    if marks.quote is None or marks.quote_bytes not in record:
        return _split(record, marks)
    if len(record) > _RECORD_BYTES_MAX or separators * (wanted + 1) > _STATES_MAX:
        quote = marks.quote_bytes
        return [field.strip(quote) for field in record.split(marks.separator_bytes)]
    return _cheapest(record, marks, wanted)


def _split(record: bytes, marks: Marks) -> list[bytes]:
    """The record split where no quote protects anything."""
    if not marks.escape_bytes:
        return record.split(marks.separator_bytes)
    fields, place = [], 0
    while True:
        match = re.compile(marks.plain.pattern, re.DOTALL).match(record, place)
        end = match.end() if match else place
        fields.append(marks.unescaped(record[place:end]))
        if end >= len(record):
            return fields
        place = end + 1


def _cheapest(record: bytes, marks: Marks, wanted: int) -> list[bytes]:
    """Go from field start to field start and keep the cheapest way to each, by number of columns."""
    most = record.count(marks.separator_bytes) + 1
    beyond = len(record) + 1
    ways: dict[int, dict[int, _Reached]] = {0: {0: _Reached(0.0, None, b"")}}
    places = [0, *(match.end() for match in re.finditer(re.escape(marks.separator_bytes), record))]
    for place in places:
        reached = ways.get(place)
        if reached is None:
            continue
        for field in _fields(record, place, marks):
            after = ways.setdefault(beyond if field.end >= len(record) else field.end + 1, {})
            for columns, way in reached.items():
                cost = way.cost + field.cost
                known = after.get(columns + 1)
                if columns < most and (known is None or cost < known.cost):
                    after[columns + 1] = _Reached(cost, (place, columns), field.value)
    ends = ways[beyond]
    columns = min(ends, key=lambda count: (ends[count].cost + _COLUMN_MORE_OR_LESS * abs(count - wanted), count))
    fields: list[bytes] = []
    at: tuple[int, int] | None = (beyond, columns)
    while at is not None and (way := ways[at[0]][at[1]]).before is not None:
        fields.append(way.value)
        at = way.before
    return fields[::-1]


def _fields(record: bytes, place: int, marks: Marks) -> Iterator[_Field]:
    """All ways to read the field that starts there."""
    opening = _after_blanks(record, place, marks)
    plain_end = record.find(marks.separator_bytes, place)
    if marks.escape is not None:
        match = marks.plain.match(record, place)
        plain_end = match.end() if match else place
    plain_end = len(record) if plain_end < 0 else plain_end
    is_quoted = record[opening : opening + 1] == marks.quote_bytes
    quoted = list(_quoted(record, place, opening, marks)) if is_quoted else []
    cost = 0.0
    if is_quoted:
        cost = _GOOD_QUOTE_AS_TEXT if quoted and quoted[0].cost < _STRAY_QUOTE else _QUOTE_AS_TEXT
    yield _Field(plain_end, marks.unescaped(record[place:plain_end]), cost)
    yield from quoted


def _quoted(record: bytes, place: int, opening: int, marks: Marks) -> Iterator[_Field]:
    """The ways to close the quote that opens there."""
    quote = marks.quote_bytes
    cost = _BLANKS_AROUND if opening > place else 0.0
    at, closings = opening + 1, 0
    while closings < _CLOSINGS_MAX and (found := record.find(quote, at)) >= 0:
        if marks.escape is not None and _is_escaped(record, found, marks):
            at = found + 1
            continue
        is_doubled = record[found + 1 : found + 2] == quote
        last = found + 1 if is_doubled else found
        after = _after_blanks(record, last + 1, marks)
        closes = after >= len(record) or record[after] == marks.separator
        if closes:
            value = marks.unescaped(record[opening + 1 : last].replace(quote + quote, quote))
            extra = (_STRAY_QUOTE if is_doubled else 0.0) + (_BLANKS_AROUND if after > last + 1 else 0.0)
            yield _Field(after, value, cost + extra)
            closings += 1
        if not is_doubled:
            cost += _CLOSING_PASSED if closes else _STRAY_QUOTE
        at = last + 1


def _is_escaped(record: bytes, place: int, marks: Marks) -> bool:
    before = record[:place]
    return (len(before) - len(before.rstrip(marks.escape_bytes))) % 2 == 1


def _after_blanks(record: bytes, place: int, marks: Marks) -> int:
    while place < len(record) and record[place] == _BLANK != marks.separator:
        place += 1
    return place
