"""Writes the rejected rows of a file as a file that can be mended and sent back: its own columns, then ours.

Separator, quotes and encoding are those that the file's goal reads, so what is corrected imports unchanged; the
columns of ours that follow are mapped by nobody. Values are bytes of data: nothing is escaped for spreadsheets.
"""

import gzip
import io
import json
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, TextIO

import numpy as np

from engine.base import limits
from engine.files import encoding, one_by_one, scan, unpacking
from engine.files.dialect import DOUBLED, Dialect
from engine.files.mending import Told
from engine.files.records import Digest, Records
from engine.files.swapping import Swaps
from storage.records.exchange import ERRORS_COLUMNS
from storage.records.files import CUT
from storage.records.goals import BLANKS, FileFormat

_LEVEL = 6


@dataclass(frozen=True)
class _Found:
    """A record as it stands in the file; fields are those that can be told, raw its bytes in UTF-8."""

    fields: list[bytes]
    raw: bytes
    is_whole: bool


def work(arguments: dict[str, Any]) -> dict[str, Any]:
    """Do what the parent asked."""
    told = Told(Path(arguments["rejects"]), arguments["messages"], arguments["trace_id"])
    rows = write(Path(arguments["source"]), Path(arguments["target"]), FileFormat(**arguments["format"]), told)
    return {"rows": rows}


def write(source: Path, target: Path, file_format: FileFormat, told: Told) -> int:
    """Write the rejected rows of source, perhaps packed, into target (gzip); return how many they are."""
    scratch = target.with_name(f"{target.name}.unpacked")
    with unpacking.plain(source, source.name, scratch, lambda _done, _total: None) as (content, _):
        return _write_plain(content, target, file_format, told)


def _write_plain(source: Path, target: Path, file_format: FileFormat, told: Told) -> int:
    with source.open("rb") as handle:
        codec = encoding.from_start(handle.read(limits.SNIFF_BYTES), file_format.encoding)
    if file_format.encoding is None and codec == encoding.UTF_8:
        try:
            return _write(source, target, file_format, told, _Codec(codec, "strict"))
        except UnicodeDecodeError:
            codec = encoding.not_utf_8(source)
    return _write(source, target, file_format, told, _Codec(codec, "replace"))


@dataclass(frozen=True)
class _Codec:
    """The encoding of a file, and what is done with bytes that are not in it."""

    name: str
    on_damage: str
    swaps: Swaps = Swaps()  # noqa: RUF009 - it never changes

    def text(self, field: bytes) -> str:
        """Return a field's text."""
        field = field.replace(encoding.MARK_BYTES, "\N{REPLACEMENT CHARACTER}".encode())
        return self.swaps.restored(field.decode("utf-8", self.on_damage))


def _write(source: Path, target: Path, file_format: FileFormat, told: Told, codec: _Codec) -> int:
    with ThreadPoolExecutor(1) as pool:
        start = Records(source, file_format, codec.name, Digest(pool), trusted=True)
    columns = start.columns
    # Rows that came back and are rejected again do not gather our columns.
    own = {name.casefold() for name in ERRORS_COLUMNS} if file_format.header else set()
    kept = [number for number, name in enumerate(columns) if name.casefold() not in own]
    walk = _Walk(start.swaps.blocks(encoding.utf_8_blocks(source, codec.name, lambda _: None)), start)
    codec = replace(codec, swaps=start.swaps)
    rows = 0
    with target.open("wb") as raw, gzip.GzipFile("", "wb", _LEVEL, raw, mtime=0) as packed:
        # A declared encoding is kept, because the goal reads no other; else it is found out again.
        out = io.TextIOWrapper(packed, file_format.encoding or "utf-8", "replace", newline="")
        # Quotes that were found out have to be found out again.
        line = Line(out, start.dialect, quotes_all=file_format.quote is None and start.dialect.quote != DOUBLED)
        if file_format.preamble_lines:
            out.writelines(f"{codec.text(text)}\r\n" for text in start.lines_before_header)
        for nth, names in enumerate(start.header):
            named = [names[number] if number < len(names) else "" for number in kept]
            line.write([*named, *("" if nth else name for name in ERRORS_COLUMNS)])
        for reject in _rejects(told.rejects):
            found = walk.record_at(reject["line"])
            line.write(_row(reject, found, kept, len(columns), told, codec))
            rows += 1
        out.flush()
        out.detach()
    return rows


def _rejects(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            yield json.loads(line)


def _row(
    reject: dict[str, Any], found: _Found | None, kept: list[int], columns: int, told: Told, codec: _Codec
) -> list[str]:
    values = [codec.text(field) for field in found.fields] if found else []
    raw = codec.text(found.raw) if found else str(reject["raw"])
    is_told = found is not None and found.is_whole and len(values) == columns
    if len(raw) > limits.REJECT_RAW_CHARACTERS_MAX:
        raw = raw[: limits.REJECT_RAW_CHARACTERS_MAX - len(CUT)] + CUT
    values += [""] * (columns - len(values))
    message = told.messages.get(reject["reason"], reject["reason"])
    if reject["column_name"] is None:
        ours = [reject["suggestion"] or message, ""]
    else:
        ours = [f"{reject['column_name']}: {message}", reject["suggestion"] or ""]
    return [
        *(values[number] for number in kept),
        str(reject["line"]),
        reject["reason"],
        *ours,
        "" if is_told else raw,
        told.trace_id,
    ]


class Line:
    """Writes records in a file's own way."""

    def __init__(self, out: TextIO, dialect: Dialect, *, quotes_all: bool = False) -> None:
        """Write to out; quotes_all: every field stands in quotes, not only those that need them."""
        self._out, self._dialect, self._quotes_all = out, dialect, quotes_all
        self._is_blanks = dialect.separator == BLANKS
        self._special = {*"\r\n", dialect.separator, dialect.quote, dialect.escape} - {""}

    def write(self, values: Sequence[str]) -> None:
        """Write one record; between blanks nothing can be empty or hold a blank."""
        if self._is_blanks:
            self._out.write("\t".join("_".join(value.split()) or "-" for value in values) + "\n")
            return
        written = [self._field(value) for value in values]
        if written == [""]:
            written = [self._dialect.quote * 2]
        self._out.write(self._dialect.separator.join(written) + "\r\n")

    def _field(self, value: str) -> str:
        quote, escape, separator = self._dialect.quote, self._dialect.escape, self._dialect.separator
        if not self._quotes_all and not any(mark in value for mark in self._special):
            return value
        if escape not in ("", quote):
            value = value.replace(escape, escape * 2)
        if quote:
            return quote + value.replace(quote, (escape or quote) + quote) + quote
        value = " ".join(value.splitlines())
        return value.replace(separator, escape + separator if escape else " ")


class _Walk:
    """Goes through a file's text once and gives the records that begin at wanted lines, ascending."""

    def __init__(self, blocks: Iterator[bytes], records: Records) -> None:
        self._blocks = blocks
        self._is_blanks, self._marks = records.separator == BLANKS, records.marks
        self._text, self._first_line, self._is_last = b"", 1, False
        self._ends: list[int] = []

    def record_at(self, line: int) -> _Found | None:
        """Return the record that begins at a physical line, None where the file has no such line."""
        while line - self._first_line >= len(self._ends):
            if self._is_last:
                return None
            self._go_on()
        before = line - self._first_line
        start = self._ends[before - 1] + 1 if before else 0
        while True:
            found = self._parse(start)
            if found is not None or self._is_last:
                return found or self._plain(start)
            if len(self._text) - start > limits.RECORD_BYTES_MAX:
                return self._plain(start)
            self._text, self._first_line, start = self._text[start:], line, 0
            self._read()

    def _parse(self, start: int) -> _Found | None:
        """The record, None where more of the file may be needed to tell."""
        if self._is_blanks:
            parsed: one_by_one.Parsed | one_by_one.Trouble = one_by_one.split_blanks(self._text, start)
        else:
            parsed = one_by_one.parse(self._text, start, self._marks)
        if isinstance(parsed, one_by_one.Parsed):
            is_here = parsed.end < len(self._text) or self._is_last
            raw = self._text[start : parsed.end].rstrip(b"\r\n")
            return _Found(parsed.fields, raw, is_whole=True) if is_here else None
        return None if parsed.runs_out and not self._is_last else self._plain(start)

    def _plain(self, start: int) -> _Found:
        """The physical line, split as if quotes were plain text."""
        line_end, _ = one_by_one.line_at(self._text, start)
        raw = self._text[start : min(line_end, start + limits.RECORD_BYTES_MAX)]
        fields = raw.split() if self._is_blanks else raw.split(self._marks.separator_bytes)
        return _Found(fields, raw, is_whole=False)

    def _go_on(self) -> None:
        """Leave the lines that are through behind, and read on."""
        if self._ends:
            self._text = self._text[self._ends[-1] + 1 :]
            self._first_line += len(self._ends)
        self._read()

    def _read(self) -> None:
        block = next(self._blocks, None)
        if block is None:
            self._is_last = True
            if self._text and self._text[-1:] not in (b"\n", b"\r"):
                self._text += b"\n"
        elif len(self._text) > limits.RECORD_BYTES_MAX and not (b"\n" in self._text or b"\r" in self._text):
            # Of a line that is too long the rest is left out.
            places = [place for place in (block.find(b"\n"), block.find(b"\r")) if place >= 0]
            self._text = self._text[: limits.RECORD_BYTES_MAX + 1] + (block[min(places) :] if places else b"")
        else:
            self._text += block
        text = np.frombuffer(self._text, np.uint8)
        self._ends = np.flatnonzero(scan.line_ends(self._text, text, is_last=self._is_last)).tolist()
