"""Cuts one file, in one encoding, into scanned blocks of whole records; memory stays bounded by the limits."""

import hashlib
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from engine.base import limits
from engine.base.errors import Category, GiveUp
from engine.files import dialect, encoding, refusals
from engine.files.blanks import TAB, scan_blanks
from engine.files.flaws import Reject
from engine.files.scan import Layout, Scan, scan
from storage.records.goals import BLANKS, FileFormat


class Digest:
    """SHA-256 and length of what is read, worked out in a thread beside the reading."""

    def __init__(self, pool: ThreadPoolExecutor) -> None:
        """Start with nothing."""
        self._pool, self._hash = pool, hashlib.sha256()
        self._pending: Future[None] | None = None
        self.size_bytes = 0

    def add(self, block: bytes) -> None:
        """Take the next block of the file."""
        if self._pending is not None:
            self._pending.result()
        self._pending = self._pool.submit(self._hash.update, block)
        self.size_bytes += len(block)

    def hexdigest(self) -> str:
        """Lower-case hex of all that was added."""
        if self._pending is not None:
            self._pending.result()
        return self._hash.hexdigest()


@dataclass
class Tally:
    """What was counted in the file so far; records = accepted + rejected."""

    lines: int = 0
    header_lines: int = 0
    blank_lines: int = 0
    continuation_lines: int = 0
    accepted: int = 0
    rejected: int = 0
    first_reject: Reject | None = None

    def add(self, found: Scan) -> None:
        """Take up what one block held."""
        self.lines += found.physical_lines
        self.blank_lines += found.blank_lines
        self.continuation_lines += found.continuation_lines
        self.accepted += found.lines.size
        self.rejected += len(found.rejects)
        if found.rejects and self.first_reject is None:
            self.first_reject = min(found.rejects, key=lambda reject: reject.line)

    @property
    def records(self) -> int:
        """Data records, counted from line ends: no line is left out and none counted twice.

        Raises:
            GiveUp: The lines do not add up (category ledger).
        """
        records = self.lines - self.header_lines - self.blank_lines - self.continuation_lines
        if records != self.accepted + self.rejected:
            raise GiveUp("The lines of the file do not add up to its rows; report this file.", Category.LEDGER)
        return records


class Records:
    """The records of one file; `scans` goes through it once, and the attributes tell the rest afterwards."""

    def __init__(
        self,
        source: Path,
        file_format: FileFormat,
        codec: str,
        digest: Digest,
        *,
        trusted: bool,
        name: str | None = None,
    ) -> None:
        """Read the first block and find separator and columns; trusted: bytes that do not decode are rejects.

        name: what people call the file, where it lies under another one.

        Raises:
            MendData: The file is no table, or its header cannot be used.
            NotUtf8Error: It was taken for UTF-8, untrusted, and is not (from `scans` too).
        """
        self._source, self._name = source, name or source.name
        self.total_bytes = source.stat().st_size
        self._digest = digest
        self._blocks = encoding.utf_8_blocks(source, codec, digest.add, self._name)
        refusals.check_start(self._name, _head(source))
        self._first = self._gather(b"", limits.SNIFF_BYTES)
        sample = self._first[: limits.SNIFF_BYTES]
        refusals.check_text(self._name, sample, file_format.separator)
        self.separator = file_format.separator or dialect.sniff(sample)
        while not dialect.has_whole_start(self._first, self.separator) and len(self._first) <= limits.RECORD_BYTES_MAX:
            before = len(self._first)
            self._first = self._gather(self._first, before + 1)
            if len(self._first) == before:
                break
        start = dialect.start(self._name, self._first, self.separator, has_header=file_format.header)
        if start is None:
            raise refusals.no_data(self._name)
        self.columns, self._start = start.columns, start
        self._has_header = file_format.header
        header_lines = start.lines_before - start.blank_lines
        self.tally = Tally(start.lines_before, header_lines, start.blank_lines)
        byte = TAB if self.separator == BLANKS else ord(self.separator)
        self._layout = Layout(byte, len(self.columns), may_be_damaged=trusted)
        self.ends_with_newline = self._first[-1:] in (b"\n", b"\r")
        self.is_whole = False

    def _gather(self, text: bytes, size: int) -> bytes:
        """Text with blocks added until it has that size, or the file ends."""
        while len(text) < size and (block := next(self._blocks, None)) is not None:
            text += block
        return text

    def scans(self, blocks_max: int | None = None) -> Iterator[Scan]:
        """Scan block by block; stops after blocks_max of them, where given, with is_whole False if more follow."""
        text, is_skipping, count = self._first[self._start.bytes_before :], False, 1
        self._first = b""
        while True:
            found = self._scan(text, is_last=False)
            yield found
            rest = text[found.consumed :]
            if found.is_cut:
                text = rest
                continue
            if len(rest) > limits.RECORD_BYTES_MAX and b"\n" not in rest and b"\r" not in rest:
                rest, is_skipping = rest[: limits.RECORD_BYTES_MAX + 1], True
            if count == blocks_max and self._digest.size_bytes < self.total_bytes:
                return
            block = self._next_block(is_skipping=is_skipping)
            if block is None:
                break
            is_skipping, text, count = False, rest + block, count + 1
        self.is_whole = True
        if rest and rest[-1:] not in (b"\n", b"\r"):
            rest += b"\n"
        while rest:
            found = self._scan(rest, is_last=True)
            yield found
            rest = rest[found.consumed :]

    def _next_block(self, *, is_skipping: bool) -> bytes | None:
        """The next text, None at the end; of a line that is too long the rest is left out."""
        for block in self._blocks:
            if not block:
                continue
            self.ends_with_newline = block[-1:] in (b"\n", b"\r")
            if not is_skipping:
                return block
            line_ends = [place for place in (block.find(b"\n"), block.find(b"\r")) if place >= 0]
            if line_ends:
                return block[min(line_ends) :]
        return None

    def _scan(self, text: bytes, *, is_last: bool) -> Scan:
        scanner = scan_blanks if self.separator == BLANKS else scan
        found = scanner(text, self.tally.lines + 1, self._layout, is_last=is_last)
        self.tally.add(found)
        return found

    def check_end(self) -> None:
        """Refuse the file if no record of it can be used.

        Raises:
            MendData: There is no row, or none fits.
            GiveUp: The lines do not add up (category ledger).
        """
        if not self.tally.records:
            raise refusals.only_a_header(self._name) if self._has_header else refusals.no_data(self._name)
        first = self.tally.first_reject
        if not self.tally.accepted and first is not None:
            raise refusals.no_row_fits(self._name, first.line, first.detail)


def _head(source: Path) -> bytes:
    with source.open("rb") as handle:
        return handle.read(limits.SNIFF_BYTES)
