"""Parses single records by strict rules, where the scan of whole blocks found something odd."""

import re
from dataclasses import dataclass

from storage.records.files import RejectReason

QUOTE = 34
_QUOTE = b'"'
_LINE_END = re.compile(rb"\r\n|\r|\n")


@dataclass(frozen=True)
class Parsed:
    """A record that follows the rules; end is the place after its line end."""

    fields: list[bytes]
    end: int


@dataclass(frozen=True)
class Trouble:
    """A quote of the record is not closed or misplaced; column counts from 1. runs_out: the data ended first."""

    reason: RejectReason
    column: int
    runs_out: bool = False

    @property
    def detail(self) -> str:
        """What is shown beside the rejected line."""
        if self.reason is RejectReason.QUOTE_NOT_CLOSED:
            return f"opens a quote in column {self.column} that is not closed"
        return f"has text after the closing quote of column {self.column}"


def parse(data: bytes, start: int, separator: int) -> Parsed | Trouble:
    """Parse the record that starts at start; it ends with a line end or the data.

    A quote at a field's start opens it, a doubled one stands for itself, the closing one stands before a
    separator or line end; a quote within a field that was not opened by one is plain text.
    """
    plain = re.compile(b"[^" + re.escape(bytes([separator])) + rb"\r\n]*")
    fields: list[bytes] = []
    place = start
    while True:
        if data[place : place + 1] == _QUOTE:
            end = _closing(data, place, separator, len(fields) + 1)
            if isinstance(end, Trouble):
                return end
            fields.append(data[place + 1 : end].replace(b'""', _QUOTE))
            place = end + 1
        else:
            match = plain.match(data, place)
            end = match.end() if match else place
            fields.append(data[place:end])
            place = end
        if place >= len(data):
            return Parsed(fields, place)
        if data[place] != separator:
            line_end = _LINE_END.match(data, place)
            return Parsed(fields, line_end.end() if line_end else place)
        place += 1


def _closing(data: bytes, opening: int, separator: int, column: int) -> int | Trouble:
    """Where the quoted field that opens there is closed."""
    place = opening + 1
    while True:
        quote = data.find(_QUOTE, place)
        if quote < 0:
            return Trouble(RejectReason.QUOTE_NOT_CLOSED, column, runs_out=True)
        after = data[quote + 1] if quote + 1 < len(data) else None
        if after == QUOTE:
            place = quote + 2
            continue
        if after is None or after in (separator, 10, 13):
            return quote
        is_one_line = _LINE_END.search(data, opening, quote) is None
        return Trouble(RejectReason.QUOTE_MISPLACED if is_one_line else RejectReason.QUOTE_NOT_CLOSED, column)


def written(fields: list[bytes], separator: int) -> bytes:
    """The record with every field in quotes, as any parser understands it."""
    quoted = (_QUOTE + field.replace(_QUOTE, b'""') + _QUOTE for field in fields)
    return bytes([separator]).join(quoted) + b"\n"


def split_blanks(data: bytes, start: int) -> Parsed:
    """Split one line of a file whose columns stand apart by blanks and tabs; such files have no quotes."""
    line_end, end = line_at(data, start)
    line = data[start:line_end]
    return Parsed([field for field in re.split(rb"[ \t]+", line) if field], end)


def line_at(data: bytes, start: int) -> tuple[int, int]:
    """Where the physical line ends that starts there, without and with its line end."""
    match = _LINE_END.search(data, start)
    return (match.start(), match.end()) if match else (len(data), len(data))


def count_lines(data: bytes, start: int, end: int) -> int:
    """Line ends between two places; text that lacks its line end counts as one more line."""
    count = data.count(b"\n", start, end) + data.count(b"\r", start, end) - data.count(b"\r\n", start, end)
    return count + (end > start and data[end - 1] not in b"\r\n")
