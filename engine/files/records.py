"""Cuts one file, in one encoding, into scanned blocks of whole records; memory stays bounded by the limits."""

import hashlib
import re
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field, replace
from itertools import chain
from pathlib import Path

from engine.base import limits
from engine.base.errors import Category, GiveUp
from engine.files import dialect, encoding, guess, one_by_one, refusals, salvage, shape, swapping
from engine.files.blanks import TAB, scan_blanks
from engine.files.dialect import Dialect, Start
from engine.files.flaws import Reject
from engine.files.one_by_one import Marks
from engine.files.scan import Layout, Scan, scan
from storage.records.goals import BLANKS, FileFormat

_RECORDS_TO_SHAPE = 500


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


@dataclass(frozen=True)
class Manner:
    """How files are taken.

    is_bold: what the format leaves open is guessed, any header will do, and only what is no table is refused.
    salvages: records that do not fit are mended and kept (implies is_bold).
    """

    is_bold: bool = False
    salvages: bool = False


CAUTIOUS = Manner()


@dataclass
class Tally:
    """What was counted in the file so far; records = accepted + rejected.

    full_columns: numbers of the columns in which no accepted row is empty.
    """

    lines: int = 0
    header_lines: int = 0
    blank_lines: int = 0
    continuation_lines: int = 0
    accepted: int = 0
    rejected: int = 0
    mended: int = 0
    first_reject: Reject | None = None
    full_columns: set[int] = field(default_factory=set)

    def add(self, found: Scan) -> None:
        """Take up what one block held."""
        self.lines += found.physical_lines
        self.blank_lines += found.blank_lines
        self.continuation_lines += found.continuation_lines
        self.accepted += found.lines.size
        self.rejected += len(found.rejects)
        self.mended += len(found.mended)
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
        manner: Manner = CAUTIOUS,
    ) -> None:
        """Read the first block and find separator and columns; trusted: bytes that do not decode are rejects.

        name: what people call the file, where it lies under another one.

        Raises:
            MendData: The file is no table, or its header cannot be used.
            NotUtf8Error: It was taken for UTF-8, untrusted, and is not (from `scans` too).
        """
        self._name, self._manner, self._digest = name or source.name, manner, digest
        self.total_bytes = source.stat().st_size
        self._blocks = encoding.utf_8_blocks(source, codec, digest.add, self._name)
        head = _head(source)
        if head or not manner.is_bold:
            refusals.check_start(self._name, head)
        self._first = self._gather(b"", limits.SNIFF_BYTES)
        found = self._find(file_format, self._first[: limits.SNIFF_BYTES])
        marks = self._swap(found, lambda: encoding.utf_8_blocks(source, codec, lambda _: None, self._name))
        self.dialect = self._find_table(file_format, found, marks)
        self._start = self._find_start(marks)
        self.columns = tuple(map(self.swaps.restored, self._start.columns))
        header_lines = self._start.lines_before - self._start.blank_lines
        self.tally = Tally(self._start.lines_before, header_lines, self._start.blank_lines)
        self._layout = Layout(
            marks or Marks(TAB, None),
            len(self.columns),
            may_be_damaged=trusted,
            mend=self._mender(marks) if manner.salvages else None,
        )
        self.ends_with_newline = self._first[-1:] in (b"\n", b"\r")
        self.is_whole = False

    @property
    def separator(self) -> str:
        """The separator as people name it: characters, or BLANKS."""
        return self.dialect.separator

    @property
    def salvages(self) -> bool:
        """Whether records that do not fit are mended."""
        return self._manner.salvages

    @property
    def marks(self) -> Marks:
        """By which bytes the clean text of the scans is parsed."""
        return self._layout.marks

    def _find(self, file_format: FileFormat, sample: bytes) -> Dialect:
        """Find out how the file is written, as far as its format leaves that open."""
        if self._manner.is_bold:
            found = guess.told(file_format, sample)
        else:
            if file_format.separator is None and file_format.preamble_lines is None:
                # The first lines may be no table, so that all others have to be asked.
                file_format = replace(file_format, separator=guess.told(file_format, sample).separator)
            found = dialect.told(file_format, sample)
        refusals.check_text(self._name, sample, found.separator)
        return found

    def _swap(self, found: Dialect, read: Callable[[], Iterator[bytes]]) -> Marks | None:
        """Have marks of several bytes swapped for one; return the bytes that are scanned for, None for blanks."""
        self.swaps = swapping.Swaps()
        if found.separator == BLANKS:
            return None
        marks, self.swaps = swapping.needed(self._name, found.separator, found.quote, found.escape, read)
        self._blocks = self.swaps.blocks(chain((self._first,), self._blocks))
        self._first = self._gather(b"", len(self._first))
        return marks

    def _find_table(self, file_format: FileFormat, found: Dialect, marks: Marks | None) -> Dialect:
        """Find the lines before the header where they are not told; where reading is bold, the header's lines too."""
        if file_format.preamble_lines is not None and not self._manner.is_bold:
            return found
        text = self._first[: limits.SNIFF_BYTES]
        records = [
            shape.Record(line, [field.decode("utf-8", "replace") for field in fields])
            for line, fields, _ in dialect.records_of(text, marks, most=_RECORDS_TO_SHAPE, is_whole=self._is_all_here)
        ]
        made = shape.of(records)
        if self._manner.is_bold:
            return dialect.with_shape(found, made.preamble_lines, made.header_lines, made.columns)
        return dialect.with_shape(found, made.preamble_lines, found.header_lines, None)

    def _find_start(self, marks: Marks | None) -> Start:
        """Read on until the header is here, and take it."""
        while not dialect.has_whole_start(self._first, self.dialect, marks):
            before = len(self._first)
            if before > limits.RECORD_BYTES_MAX:
                break
            self._first = self._gather(self._first, before + 1)
            if len(self._first) == before:
                break
        start = dialect.start(self._name, self._first, self.dialect, marks)
        if start is not None:
            return start
        if self._manner.is_bold:
            self.dialect = dialect.with_shape(self.dialect, 0, 0, 0)
            lines = one_by_one.count_lines(self._first, 0, len(self._first))
            return Start((), len(self._first), lines, lines)
        raise refusals.no_data(self._name)

    @property
    def lines_before_header(self) -> list[bytes]:
        """The physical lines that are no table, without their line ends; to be asked before `scans`."""
        lines = re.split(rb"\r\n|\r|\n", self._first[: self._start.bytes_before])
        return lines[: self.dialect.preamble_lines]

    @property
    def header(self) -> tuple[tuple[str, ...], ...]:
        """The records that name the columns, each as it stands."""
        return tuple(tuple(map(self.swaps.restored, names)) for names in self._start.header)

    def _mender(self, marks: Marks | None) -> salvage.Mender:
        header = self._start.columns if self.dialect.header_lines else ()
        return salvage.Mender(marks or Marks(TAB, None), len(self.columns), header, is_blanks=marks is None)

    @property
    def _is_all_here(self) -> bool:
        """Whether the first text is the whole file."""
        return self._digest.size_bytes >= self.total_bytes

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
        if found.rejects:
            found.rejects = [self._restored(reject) for reject in found.rejects]
        if found.mended:
            found.mended = [self._restored(reject) for reject in found.mended]
        self.tally.add(found)
        return found

    def _restored(self, reject: Reject) -> Reject:
        """The reject as it stood in the file, where something was swapped."""
        return reject._replace(raw=self.swaps.restored(reject.raw)) if self.swaps.texts else reject

    def check_end(self) -> None:
        """Refuse the file if no record of it can be used.

        Raises:
            MendData: There is no row, or none fits.
            GiveUp: The lines do not add up (category ledger).
        """
        records = self.tally.records
        if self._manner.is_bold:
            return
        if not records:
            raise refusals.only_a_header(self._name) if self.dialect.header_lines else refusals.no_data(self._name)
        first = self.tally.first_reject
        if not self.tally.accepted and first is not None:
            raise refusals.no_row_fits(self._name, first.line, first.detail)


def _head(source: Path) -> bytes:
    with source.open("rb") as handle:
        return handle.read(limits.SNIFF_BYTES)
