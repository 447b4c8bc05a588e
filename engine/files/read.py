"""Reads one delimited text file of any size: every record becomes an accepted or a rejected row."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from engine.base import limits
from engine.base.errors import Category, GiveUp
from engine.files import encoding, flaws, refusals, table, unpacking
from engine.files.records import Digest, Records, Tally
from engine.files.scan import Scan
from storage.records.files import FilePreview, FileReading
from storage.records.goals import BLANKS, FileFormat

ACCEPTED = "accepted.parquet"
REJECTS = "rejects.parquet"
_UNPACKED = "unpacked.data"
_PIECES_WAITING_MAX = 2
Report = Callable[[int, int], None]
Result = TypeVar("Result")


def read_file(
    source: Path, target: Path, file_format: FileFormat, report: Report, name: str | None = None
) -> FileReading:
    """Read a local file into target/accepted.parquet and target/rejects.parquet.

    Args:
        source: The file, perhaps packed; only this one is opened, whatever its name looks like.
        target: A folder; it gets both files, or neither.
        file_format: How the file is written, as far as told.
        report: Called with bytes done and bytes in all, once a block.
        name: What people call the file, where it lies under another one.

    Raises:
        MendData: The file as a whole is no table that fits, or is packed badly; the sentence says why.
        BadInput: The format names an encoding or a separator that cannot be.
        GiveUp: Two counts of its records differ (category ledger).
        OSError: The disk is full, or the file cannot be read.
    """
    name = name or source.name

    def work(records: Records, digest: Digest, codec: str) -> FileReading:
        tally = _write(records, digest, target, report)
        return FileReading(
            sha256=packed.sha256 if packed else digest.hexdigest(),
            size_bytes=packed.size_bytes if packed else digest.size_bytes,
            encoding=codec,
            separator=records.separator,
            columns=records.columns,
            records=tally.records,
            accepted=tally.accepted,
            rejected=tally.rejected,
            blank_lines=tally.blank_lines,
            ends_with_newline=records.ends_with_newline,
            accepted_path=str(target / ACCEPTED),
            rejects_path=str(target / REJECTS),
            notes=_notes(packed, file_format, codec, records),
        )

    with unpacking.plain(source, name, target / _UNPACKED, report) as (content, packed):
        return _in_its_encoding(content, name, file_format, work)


def preview_file(source: Path, file_format: FileFormat, rows: int, name: str | None = None) -> FilePreview:
    """What read_file finds in the first READ_BLOCK_BYTES of a file, and its first rows; raises the same.

    Of a packed file the start is enough.
    """
    name, is_all_here = name or source.name, True

    def work(records: Records, digest: Digest, codec: str) -> FilePreview:
        del digest
        shown: list[tuple[int, tuple[str, ...]]] = []
        for found in records.scans(blocks_max=1):
            if len(shown) < rows and found.lines.size:
                shown.extend(table.first_rows(table.parse(_piece(found, records)), rows - len(shown)))
        records.check_end()
        return FilePreview(
            encoding=codec,
            separator=records.separator,
            columns=records.columns,
            rows=tuple(shown),
            records=records.tally.records,
            rejected=records.tally.rejected,
            is_whole=records.is_whole and is_all_here,
        )

    head = unpacking.head(source, limits.READ_BLOCK_BYTES)
    if head is None:
        return _in_its_encoding(source, name, file_format, work)
    text, is_all_here = head
    unpacked = source.with_name(f"{source.name}.{_UNPACKED}")
    try:
        unpacked.write_bytes(text)
        return _in_its_encoding(unpacked, name, file_format, work)
    finally:
        unpacked.unlink(missing_ok=True)


def _in_its_encoding(
    source: Path, name: str, file_format: FileFormat, work: Callable[[Records, Digest, str], Result]
) -> Result:
    """Do the work in the encoding of the file; where it proves not to be UTF-8, judge and start again."""
    refusals.check_separator(file_format.separator)
    with source.open("rb") as handle:
        codec = encoding.from_start(handle.read(limits.SNIFF_BYTES), file_format.encoding)
    trusted = file_format.encoding is not None or codec != encoding.UTF_8
    with ThreadPoolExecutor(1) as pool:
        while True:
            try:
                digest = Digest(pool)
                return work(Records(source, file_format, codec, digest, trusted=trusted, name=name), digest, codec)
            except flaws.NotUtf8Error:
                codec, trusted = encoding.not_utf_8(source), True


def _notes(packed: unpacking.Packed | None, file_format: FileFormat, codec: str, records: Records) -> tuple[str, ...]:
    notes = [f"unpacked from {packed.kind}"] if packed else []
    if file_format.encoding is None and codec not in (encoding.UTF_8, "utf-8-sig"):
        notes.append(f"{codec}, detected")
    if not records.ends_with_newline:
        notes.append("may be incomplete: the last line has no line end")
    return tuple(notes)


def _write(records: Records, digest: Digest, target: Path, report: Report) -> Tally:
    """Write both files; parsing and writing go on beside the scan."""
    accepted, rejects = target / ACCEPTED, target / REJECTS
    with table.writers(accepted, rejects, len(records.columns)) as (good, bad), ThreadPoolExecutor(1) as parser:
        waiting: deque[Future[None]] = deque()

        def put(piece: table.Piece, found: Scan) -> None:
            if found.lines.size:
                good.write(table.parse(piece))
            bad.write_rejects(found.rejects)

        for found in records.scans():
            waiting.append(parser.submit(put, _piece(found, records), found))
            while len(waiting) >= _PIECES_WAITING_MAX:
                waiting.popleft().result()
            report(digest.size_bytes, records.total_bytes)
        for future in waiting:
            future.result()
        records.check_end()
        if (good.rows, bad.rows) != (records.tally.accepted, records.tally.rejected):
            raise GiveUp("Other rows were written than were counted in the file; report this file.", Category.LEDGER)
    return records.tally


def _piece(found: Scan, records: Records) -> table.Piece:
    is_blanks = records.separator == BLANKS
    return table.Piece(
        texts=found.clean,
        lines=found.lines,
        separator="\t" if is_blanks else records.separator,
        columns=len(records.columns),
        quoting=not is_blanks,
        has_line_ends_in_quotes=found.has_line_ends_in_quotes,
        longest_bytes=found.longest_bytes,
    )
