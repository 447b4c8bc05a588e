"""Parses clean text with Arrow and writes accepted and rejected records to Parquet; the keeper of pyarrow."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pyarrow as pa
import pyarrow.compute as pa_compute
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet
from numpy.typing import NDArray

from engine.base import limits
from engine.base.errors import Category, GiveUp
from engine.files.flaws import Reject
from engine.files.one_by_one import Marks

Table = pa.Table
_PARSE_CHUNK_BYTES = 1024**2
_VALUES_TO_JUDGE = 10_000
_DISTINCT_SHARE_MAX = 0.1
_BOM = b"\xef\xbb\xbf"
_REJECTS = pa.schema(
    [
        pa.field("line", pa.int64(), nullable=False),
        pa.field("reason", pa.string(), nullable=False),
        pa.field("detail", pa.string(), nullable=False),
        pa.field("raw", pa.string(), nullable=False),
    ]
)


@dataclass(frozen=True)
class Piece:
    """Clean text and what the scan says of it.

    marks: by which bytes its fields stand apart, quotes within them doubled. swaps: characters of the values and what
    they stand for.
    """

    texts: Sequence[bytes | memoryview]
    lines: NDArray[np.int64]
    marks: Marks
    columns: int
    has_line_ends_in_quotes: bool
    longest_bytes: int
    swaps: tuple[tuple[str, str], ...] = ()


def preload() -> None:
    """Have Arrow import what it imports with the first array it makes: pandas, which takes longer than a small file."""
    _REJECTS.empty_table()


def parse(piece: Piece) -> pa.Table:
    """The records of clean text as columns line, c0, c1, ...; all of them text, exactly as it stands.

    Raises:
        GiveUp: Arrow and Python's csv module both count other records than the scan (category ledger).
    """
    text = piece.texts[0] if len(piece.texts) == 1 else b"".join(piece.texts)
    columns = _by_arrow(piece, text)
    if columns is None:
        columns = _by_python(piece, bytes(text))
    for own, original in piece.swaps:
        columns = [pa_compute.replace_substring(column, own, original) for column in columns]
    arrays = [pa.chunked_array([piece.lines]), *columns]
    return pa.Table.from_arrays(arrays, schema=_schema(piece.columns))


def _schema(columns: int) -> pa.Schema:
    fields = [pa.field(f"c{number}", pa.string(), nullable=False) for number in range(columns)]
    return pa.schema([pa.field("line", pa.int64(), nullable=False), *fields])


def _by_arrow(piece: Piece, text: bytes | memoryview) -> list[pa.ChunkedArray] | None:
    """The columns, or None where Arrow does not find the records that were counted."""
    if text[:3] == _BOM:
        text = _BOM + bytes(text)  # Arrow drops one mark at the start of what it gets; this one is a value's
    names = [f"c{number}" for number in range(piece.columns)]
    try:
        table = pa_csv.read_csv(
            pa.BufferReader(pa.py_buffer(text)),
            pa_csv.ReadOptions(column_names=names, block_size=max(_PARSE_CHUNK_BYTES, 2 * piece.longest_bytes)),
            pa_csv.ParseOptions(
                delimiter=chr(piece.marks.separator),
                quote_char=False if piece.marks.quote is None else chr(piece.marks.quote),
                newlines_in_values=piece.has_line_ends_in_quotes,
            ),
            pa_csv.ConvertOptions(
                check_utf8=False,
                column_types=dict.fromkeys(names, pa.string()),
                strings_can_be_null=False,
            ),
        )
    except pa.ArrowInvalid:
        return None
    return table.columns if table.num_rows == piece.lines.size else None


def _by_python(piece: Piece, text: bytes) -> list[pa.ChunkedArray]:
    csv.field_size_limit(limits.RECORD_BYTES_MAX * 2)
    quote = piece.marks.quote
    quoting: Literal[0, 3] = csv.QUOTE_NONE if quote is None else csv.QUOTE_MINIMAL
    mark = None if quote is None else chr(quote)
    lines = io.StringIO(text.decode("utf-8"), newline="")
    try:
        read = csv.reader(lines, delimiter=chr(piece.marks.separator), quotechar=mark, quoting=quoting)
        rows = [row for row in read if row]
    except csv.Error:
        rows = []
    if len(rows) != piece.lines.size or any(len(row) != piece.columns for row in rows):
        raise GiveUp("The rows of the file were counted differently by two readers; report this file.", Category.LEDGER)
    return [pa.chunked_array([pa.array(column, pa.string())]) for column in zip(*rows, strict=True)]


def full_columns(table: pa.Table) -> set[int]:
    """The numbers of the columns c0, c1, ... in which every row has a text."""
    lengths = (pa_compute.min(pa_compute.binary_length(column)).as_py() for column in table.columns[1:])
    return {number for number, least in enumerate(lengths) if least}


def first_rows(table: pa.Table, most: int) -> Iterator[tuple[int, tuple[str, ...]]]:
    """The first rows as line and texts."""
    for row in table.slice(0, most).to_pylist():
        line, *texts = row.values()
        yield line, tuple(texts)


def _repeated(table: pa.Table) -> list[str]:
    """Return the columns whose first values are mostly repetitions."""
    head = table.slice(0, _VALUES_TO_JUDGE)
    most = head.num_rows * _DISTINCT_SHARE_MAX
    return [name for name in head.column_names if pa_compute.count_distinct(head[name]).as_py() <= most]


class Writer:
    """Writes one Parquet file under another name until it is whole."""

    def __init__(self, path: Path, schema: pa.Schema) -> None:
        """Stand beside the file's place; it is opened with the first table."""
        self._path, self._part = path, path.with_name(path.name + ".part")
        self._schema = schema
        self.rows = 0
        self._writer: pa_parquet.ParquetWriter | None = None

    def write(self, table: pa.Table) -> None:
        """Append a table as one row group."""
        self.rows += table.num_rows
        if table.num_rows:
            self._opened(table).write_table(table, row_group_size=table.num_rows)

    def _opened(self, table: pa.Table) -> pa_parquet.ParquetWriter:
        if self._writer is None:
            # Plain pages are the quickest to write and to read again; the files live for one run. A column of few
            # values is given on by its values, so that whoever reads it works out each of them once.
            self._writer = pa_parquet.ParquetWriter(
                self._part, self._schema, compression="none", use_dictionary=_repeated(table), write_statistics=False
            )
        return self._writer

    def write_rejects(self, rejects: Sequence[Reject]) -> None:
        """Append rejected records."""
        texts = ((reject.reason.value, reject.detail, reject.raw) for reject in rejects)
        columns = [[reject.line for reject in rejects], *zip(*texts, strict=True)]
        if rejects:
            self.write(pa.Table.from_arrays([pa.array(column) for column in columns], schema=self._schema))

    def finish(self) -> None:
        """Close the file and put it in its place."""
        self._opened(self._schema.empty_table()).close()
        os.replace(self._part, self._path)  # noqa: PTH105 - the same, and says that it replaces

    def discard(self) -> None:
        """Remove what is not whole."""
        try:
            if self._writer is not None:
                self._writer.close()
        finally:
            self._part.unlink(missing_ok=True)


@contextmanager
def writers(paths: Sequence[Path], columns: int) -> Iterator[list[Writer]]:
    """Open the files of a reading: one of rows, then some of rejects or mended rows.

    They stand in their places only if the block ends without an error.
    """
    made: list[Writer] = []
    try:
        for path in paths:
            made.append(Writer(path, _REJECTS if made else _schema(columns)))
        yield made
        for writer in made:
            writer.finish()
    except BaseException:
        for writer in made:
            try:
                writer.discard()
            except OSError:
                continue
        raise
