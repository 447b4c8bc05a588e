"""Finds the parts of a raw mail in one pass over its bytes, without recursion and within bounds.

The standard library's parser builds a tree by recursion and takes seconds for mails that are made to hurt
(faults row 55); here each part is two offsets, and only small headers are given to the library.
"""

import email
import email.header
import mmap
from collections.abc import Iterator
from dataclasses import dataclass
from email.message import Message as Header

from engine.base import limits

Raw = bytes | mmap.mmap

_WHITE = b" \t"


class UnreadableError(Exception):
    """The mail cannot be taken apart; str(error) is a clause that goes on after "The mail "."""


@dataclass(frozen=True)
class Part:
    """One part that is no multipart itself: its header, where its content lies, the kind of multipart around it."""

    header: Header
    start: int
    end: int
    around: str


@dataclass(frozen=True)
class _Level:
    boundary: bytes
    subtype: str


def header_of(raw: Raw) -> Header:
    """Return the header of the mail itself.

    Raises:
        UnreadableError: It is too long.
    """
    return _header(raw, 0, limits.MAIL_HEADER_BYTES_MAX)[0]


def parts(raw: Raw) -> list[Part]:
    """Return the parts of a mail in their order; mails within it (message/rfc822) are not opened.

    Raises:
        UnreadableError: Too many parts, too deep, a header too long, or the mail ends in the middle.
    """
    return _Scan(raw).run()


class _Scan:
    def __init__(self, raw: Raw) -> None:
        self._raw = raw
        self._levels: list[_Level] = []
        self._found: list[Part] = []
        self._open: tuple[Header, int] | None = None
        self._count = 0

    def run(self) -> list[Part]:
        position = self._begin(0, limits.MAIL_HEADER_BYTES_MAX)
        marks: dict[bytes, tuple[int, bool]] = self._marks()
        for start, end, line in _marked_lines(self._raw, position):
            if start < position or line not in marks:
                continue
            level, is_last = marks[line]
            self._end(start)
            del self._levels[level + (0 if is_last else 1) :]
            if not is_last:
                position = self._begin(end, limits.MAIL_PART_HEADER_BYTES_MAX)
            marks = self._marks()
            if not self._levels:
                return self._found
        if self._levels:
            message = "ends in the middle of a part, so it is not whole"
            raise UnreadableError(message)
        self._end(len(self._raw))
        return self._found

    def _marks(self) -> dict[bytes, tuple[int, bool]]:
        found: dict[bytes, tuple[int, bool]] = {}
        for number, level in enumerate(self._levels):
            found[b"--" + level.boundary] = (number, False)
            found[b"--" + level.boundary + b"--"] = (number, True)
        return found

    def _begin(self, start: int, header_bytes_max: int) -> int:
        """Read the header of a part, and return where its content begins."""
        self._count += 1
        if self._count > limits.MAIL_PARTS_MAX:
            message = f"has more than {limits.MAIL_PARTS_MAX:,} parts"
            raise UnreadableError(message)
        header, content = _header(self._raw, start, header_bytes_max, self._marks())
        boundary = _boundary(header)
        if boundary is None:
            self._open = header, content
            return content
        if len(self._levels) >= limits.MAIL_NESTED_LEVELS_MAX:
            message = f"has parts within parts, more than {limits.MAIL_NESTED_LEVELS_MAX} deep"
            raise UnreadableError(message)
        self._levels.append(_Level(boundary, header.get_content_subtype()))
        return content

    def _end(self, end: int) -> None:
        if self._open is None:
            return
        header, start = self._open
        self._open = None
        around = self._levels[-1].subtype if self._levels else ""
        self._found.append(
            Part(header, start, max(start, _without_line_end(self._raw, end) if around else end), around)
        )


def _marked_lines(raw: Raw, position: int) -> Iterator[tuple[int, int, bytes]]:
    """Give the lines that begin with two dashes: where they start, where the next line starts, what they say."""
    count = 0
    is_first = raw[position : position + 2] == b"--"
    at = position if is_first else raw.find(b"\n--", position) + 1
    while at > 0 or is_first:
        is_first = False
        count += 1
        if count > limits.MAIL_BOUNDARY_LINES_MAX:
            message = "has too many lines that look like the borders of parts"
            raise UnreadableError(message)
        line_end = raw.find(b"\n", at)
        next_line = len(raw) if line_end < 0 else line_end + 1
        yield at, next_line, raw[at : min(next_line, at + 300)].rstrip(b" \t\r\n")
        at = raw.find(b"\n--", next_line - 1) + 1


def _header(
    raw: Raw, start: int, bytes_max: int, marks: dict[bytes, tuple[int, bool]] | None = None
) -> tuple[Header, int]:
    """Read a header up to its empty line, or up to a border where that comes first."""
    lines: list[bytes] = []
    at, size_bytes = start, 0
    while at < len(raw):
        line_end = raw.find(b"\n", at, at + bytes_max + 1)
        next_line = line_end + 1 if line_end >= 0 else min(len(raw), at + bytes_max + 1)
        line = raw[at:next_line].rstrip(b"\r\n")
        if marks and line.startswith(b"--") and line.rstrip(_WHITE) in marks:
            break
        size_bytes += next_line - at
        if size_bytes > bytes_max:
            message = f"has a header of more than {bytes_max:,} bytes"
            raise UnreadableError(message)
        at = next_line
        if not line:
            break
        lines.append(line)
    return _parsed(lines), at


def _parsed(lines: list[bytes]) -> Header:
    """Give the fields to the standard library, as text: names beyond ASCII are often sent as bare UTF-8."""
    fields: list[bytes] = []
    for line in lines:
        if line[:1] in (b" ", b"\t") and fields:
            if len(fields[-1]) < limits.MAIL_FIELD_CHARACTERS_MAX:
                fields[-1] += b"\r\n" + line
        else:
            fields.append(line)
    header = Header()
    for field in fields:
        name, colon, value = field.partition(b":")
        if colon and name.strip().isascii():
            said = _text(value[: limits.MAIL_FIELD_CHARACTERS_MAX])
            header[name.strip().decode("ascii", "replace")] = said.replace("\r\n", "").strip()
    return header


def _text(raw: bytes) -> str:
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("latin-1")


def _boundary(header: Header) -> bytes | None:
    if header.get_content_maintype() != "multipart":
        return None
    try:
        boundary = header.get_boundary()
    except (ValueError, TypeError, LookupError):  # parameters that contradict themselves
        boundary = None
    return boundary.rstrip().encode("utf-8", "replace") if boundary and boundary.strip() else None


def _without_line_end(raw: Raw, end: int) -> int:
    if raw[end - 1 : end] == b"\n":
        end -= 1
        if raw[end - 1 : end] == b"\r":
            end -= 1
    return end


def decoded(text: str) -> str:
    """Decode the words of RFC 2047 in a field."""
    try:
        pieces = email.header.decode_header(text)
        return "".join(
            piece if isinstance(piece, str) else piece.decode(charset or "ascii", "replace")
            for piece, charset in pieces
        )
    except (ValueError, LookupError, email.errors.MessageError):
        return text
