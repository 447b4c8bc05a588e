"""Reads one delimited text file of any size: every record becomes an accepted or a rejected row."""

from collections import deque
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

from engine.base import limits
from engine.base.errors import Category, GiveUp
from engine.files import encoding, flaws, refusals, table, unpacking
from engine.files.records import CAUTIOUS, Digest, Manner, Records, Tally
from engine.files.scan import Scan
from storage.records.files import FilePreview, FileReading
from storage.records.goals import BLANKS, FileFormat

ACCEPTED = "accepted.parquet"
REJECTS = "rejects.parquet"
MENDED = "mended.parquet"
_UNPACKED = "unpacked.data"
_PIECES_WAITING_MAX = 2
Report = Callable[[int, int], None]
Result = TypeVar("Result")


def read_file(
    source: Path,
    target: Path,
    file_format: FileFormat,
    report: Report,
    name: str | None = None,
    manner: Manner = CAUTIOUS,
) -> FileReading:
    """Read a local file into target/accepted.parquet and target/rejects.parquet.

    Args:
        source: The file, perhaps packed; only this one is opened, whatever its name looks like.
        target: A folder; it gets both files, or neither.
        file_format: How the file is written, as far as told.
        report: Called with bytes done and bytes in all, once a block.
        name: What people call the file, where it lies under another one.
        manner: Cautious, bold, or bold and salvaging; then target/mended.parquet is written too.

    Raises:
        MendData: The file as a whole is no table that fits, or is packed badly; the sentence says why.
        BadInput: The format names an encoding, a separator, a quote or an escape that cannot be.
        GiveUp: Two counts of its records differ (category ledger).
        OSError: The disk is full, or the file cannot be read.
    """
    name = name or source.name

    def work(records: Records, digest: Digest, codec: str) -> FileReading:
        preamble = _preamble(records) if file_format.preamble_lines is None else ()
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
            full_columns=tuple(sorted(tally.full_columns)),
            notes=_notes(packed, file_format, codec, records),
            mended=tally.mended,
            mended_path=str(target / MENDED) if manner.salvages else "",
            preamble=preamble,
            **_written_as(records, file_format),
        )

    with unpacking.plain(source, name, target / _UNPACKED, report) as (content, packed):
        return _in_its_encoding(content, name, file_format, work, manner)


def preview_file(source: Path, file_format: FileFormat, rows: int, name: str | None = None) -> FilePreview:
    """What read_file finds in the first READ_BLOCK_BYTES of a file, and its first rows; raises the same.

    Of a packed file the start is enough.
    """
    name, is_all_here, share = name or source.name, True, 1.0

    def work(records: Records, digest: Digest, codec: str) -> FilePreview:
        shown: list[tuple[int, tuple[str, ...]]] = []
        for found in records.scans(blocks_max=1):
            if len(shown) < rows and found.lines.size:
                shown.extend(table.first_rows(table.parse(_piece(found, records)), rows - len(shown)))
        records.check_end()
        is_whole = records.is_whole and is_all_here
        return FilePreview(
            encoding=codec,
            separator=records.separator,
            columns=records.columns,
            rows=tuple(shown),
            records=records.tally.records,
            rejected=records.tally.rejected,
            is_whole=is_whole,
            rows_estimated=_estimated(records, digest, share),
            **_written_as(records, file_format),
        )

    head = unpacking.head(source, limits.READ_BLOCK_BYTES)
    if head is None:
        return _in_its_encoding(source, name, file_format, work)
    text, is_all_here, packed_bytes = head
    share = 1.0 if is_all_here else min(1.0, max(packed_bytes, 1) / source.stat().st_size)
    unpacked = source.with_name(f"{source.name}.{_UNPACKED}")
    try:
        unpacked.write_bytes(text)
        return _in_its_encoding(unpacked, name, file_format, work)
    finally:
        unpacked.unlink(missing_ok=True)


def _in_its_encoding(
    source: Path,
    name: str,
    file_format: FileFormat,
    work: Callable[[Records, Digest, str], Result],
    manner: Manner = CAUTIOUS,
) -> Result:
    """Do the work in the encoding of the file; where it proves not to be UTF-8, judge and start again."""
    refusals.check_format(file_format)
    with source.open("rb") as handle:
        codec = encoding.from_start(handle.read(limits.SNIFF_BYTES), file_format.encoding)
    trusted = file_format.encoding is not None or codec != encoding.UTF_8
    with ThreadPoolExecutor(1) as pool:
        while True:
            try:
                digest = Digest(pool)
                records = Records(source, file_format, codec, digest, trusted=trusted, name=name, manner=manner)
                return work(records, digest, codec)
            except flaws.NotUtf8Error:
                codec, trusted = encoding.not_utf_8(source), True


def _written_as(records: Records, file_format: FileFormat) -> dict[str, Any]:
    """How the file is written, and what of that was found out, as fields of a reading or preview."""
    found = records.dialect
    is_blanks = found.separator == BLANKS
    told = (file_format.separator, file_format.quote, file_format.escape, file_format.preamble_lines)
    return {
        "quote": "" if is_blanks else found.quote,
        "escape": "" if is_blanks else found.escape,
        "preamble_lines": found.preamble_lines,
        "header_lines": found.header_lines,
        "is_encoding_detected": file_format.encoding is None,
        "is_dialect_detected": None in told,
    }


def _preamble(records: Records) -> tuple[str, ...]:
    lines = records.lines_before_header
    return tuple(records.swaps.restored(flaws.shown(line, 0, len(line))) for line in lines)


def _estimated(records: Records, digest: Digest, share: float) -> int:
    """How many records the whole file has, about: by the share of its bytes that was looked at."""
    looked_at = 1.0 if records.is_whole else digest.size_bytes / max(records.total_bytes, 1)
    return round(records.tally.records / (share * max(looked_at, 1e-9)))


def _notes(packed: unpacking.Packed | None, file_format: FileFormat, codec: str, records: Records) -> tuple[str, ...]:
    notes = [f"unpacked from {packed.kind}"] if packed else []
    if file_format.encoding is None and codec not in (encoding.UTF_8, "utf-8-sig"):
        notes.append(f"{codec}, detected")
    if not records.ends_with_newline:
        notes.append("may be incomplete: the last line has no line end")
    return tuple(notes)


def _write(records: Records, digest: Digest, target: Path, report: Report) -> Tally:
    """Write both files; parsing and writing go on beside the scan, each in a thread of its own."""
    paths = [target / ACCEPTED, target / REJECTS, *([target / MENDED] if records.salvages else [])]
    with (
        table.writers(paths, len(records.columns)) as (good, bad, *also),
        ThreadPoolExecutor(1) as parser,
        ThreadPoolExecutor(1) as writer,
    ):
        waiting: deque[Future[None]] = deque()
        records.tally.full_columns = set(range(len(records.columns)))

        def put(parsing: Future[table.Table] | None, found: Scan) -> None:
            if parsing is not None:
                parsed = parsing.result()
                records.tally.full_columns &= table.full_columns(parsed)
                good.write(parsed)
            bad.write_rejects(found.rejects)
            for mended in also:
                mended.write_rejects(found.mended)

        for found in records.scans():
            parsing = parser.submit(table.parse, _piece(found, records)) if found.lines.size else None
            waiting.append(writer.submit(put, parsing, found))
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
    return table.Piece(
        texts=found.clean,
        lines=found.lines,
        marks=records.marks,
        columns=len(records.columns),
        has_line_ends_in_quotes=found.has_line_ends_in_quotes,
        longest_bytes=found.longest_bytes,
        swaps=records.swaps.texts,
    )
