"""Parses single records by strict rules, where the scan of whole blocks found something odd."""

import re
from dataclasses import dataclass
from functools import cached_property

from storage.records.files import RejectReason

_LINE_END = re.compile(rb"\r\n|\r|\n")
_LF, _CR = 10, 13


@dataclass(frozen=True)
class Marks:
    """The bytes that part and protect fields.

    quote: None where fields never stand in quotes. escape: what takes the meaning of a quote, a separator or itself
    away; None where a quote within a field is doubled.
    """

    separator: int
    quote: int | None = 34
    escape: int | None = None

    @cached_property
    def separator_bytes(self) -> bytes:
        """The separator as it stands in text."""
        return bytes([self.separator])

    @cached_property
    def quote_bytes(self) -> bytes:
        """The quote as it stands in text; b"" where there is none."""
        return b"" if self.quote is None else bytes([self.quote])

    @cached_property
    def escape_bytes(self) -> bytes:
        """The escape as it stands in text; b"" where quotes are doubled."""
        return b"" if self.escape is None else bytes([self.escape])

    @cached_property
    def opening(self) -> bytes:
        """What opens a quoted field that is not the first."""
        return self.separator_bytes + self.quote_bytes

    @cached_property
    def plain(self) -> "re.Pattern[bytes]":
        """A field without quotes, from its start."""
        part = b"[^" + re.escape(self.separator_bytes + self.escape_bytes) + rb"\r\n]"
        if self.escape is None:
            return re.compile(part + b"*")
        escaped = re.escape(self.escape_bytes) + b"(?:" + self._escapable + b")?"
        return re.compile(b"(?:" + part + b"|" + escaped + b")*")

    @cached_property
    def _escapable(self) -> bytes:
        return b"[" + re.escape(self.separator_bytes + self.quote_bytes + self.escape_bytes) + b"]"

    @cached_property
    def _escaped(self) -> "re.Pattern[bytes]":
        return re.compile(re.escape(self.escape_bytes) + b"(" + self._escapable + b")")

    @cached_property
    def in_quotes(self) -> "re.Pattern[bytes]":
        """What may end a quoted field, or what stands there for something else; asked only where there is an escape."""
        return re.compile(self._escaped.pattern + b"|" + re.escape(self.quote_bytes))

    def unescaped(self, field: bytes) -> bytes:
        """The field without what took the meaning of others away."""
        return self._escaped.sub(rb"\1", field) if self.escape_bytes and self.escape_bytes in field else field


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


def parse(data: bytes, start: int, marks: Marks) -> Parsed | Trouble:
    """Parse the record that starts at start; it ends with a line end or the data.

    A quote at a field's start opens it, a doubled or escaped one stands for itself, the closing one stands before a
    separator or line end; a quote within a field that was not opened by one is plain text.
    """
    plain, separator = marks.plain, marks.separator
    fields: list[bytes] = []
    place = start
    while True:
        if marks.quote is not None and data[place : place + 1] == marks.quote_bytes:
            end = _closing(data, place, marks, len(fields) + 1)
            if isinstance(end, Trouble):
                return end
            fields.append(_inner(data[place + 1 : end], marks))
            place = end + 1
        else:
            match = plain.match(data, place)
            end = match.end() if match else place
            fields.append(marks.unescaped(data[place:end]))
            place = end
        if place >= len(data):
            return Parsed(fields, place)
        if data[place] != separator:
            line_end = _LINE_END.match(data, place)
            return Parsed(fields, line_end.end() if line_end else place)
        place += 1


def _inner(field: bytes, marks: Marks) -> bytes:
    """The value of what stands between two quotes."""
    quote = marks.quote_bytes
    if not marks.escape_bytes or marks.escape_bytes not in field:
        return field.replace(quote + quote, quote)
    parts: list[bytes] = []
    place = 0
    for match in re.finditer(re.escape(quote + quote) + b"|" + marks.in_quotes.pattern, field):
        parts += [field[place : match.start()], match.group()[-1:]]
        place = match.end()
    return b"".join(parts) + field[place:]


def _closing(data: bytes, opening: int, marks: Marks, column: int) -> int | Trouble:
    """Where the quoted field that opens there is closed."""
    place = opening + 1
    while True:
        quote = _next_quote(data, place, marks)
        if quote < 0:
            return Trouble(RejectReason.QUOTE_NOT_CLOSED, column, runs_out=True)
        after = data[quote + 1] if quote + 1 < len(data) else None
        if after == marks.quote:
            place = quote + 2
            continue
        if after is None or after in (marks.separator, _LF, _CR):
            return quote
        is_one_line = _LINE_END.search(data, opening, quote) is None
        return Trouble(RejectReason.QUOTE_MISPLACED if is_one_line else RejectReason.QUOTE_NOT_CLOSED, column)


def _next_quote(data: bytes, place: int, marks: Marks) -> int:
    """The next quote from a place on that is not escaped, -1 if there is none."""
    if marks.escape is None:
        return data.find(marks.quote_bytes, place)
    while (match := marks.in_quotes.search(data, place)) is not None:
        if match.end() - match.start() == 1:
            return match.start()
        place = match.end()
    return -1


def written(fields: list[bytes], marks: Marks) -> bytes:
    """The record with every field in quotes and quotes doubled, as any parser understands it."""
    quote = marks.quote_bytes
    quoted = (quote + field.replace(quote, quote + quote) + quote if quote else field for field in fields)
    return marks.separator_bytes.join(quoted) + b"\n"


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
