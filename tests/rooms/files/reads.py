"""Reads a file for a test and gives back everything the reading left, as plain Python values."""

from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pa_parquet

from engine.files.read import read_file
from engine.files.records import CAUTIOUS, Manner
from storage.records.files import FileReading
from storage.records.goals import FileFormat


@dataclass(frozen=True)
class Rejected:
    """One row of rejects.parquet."""

    line: int
    reason: str
    detail: str
    raw: str


@dataclass(frozen=True)
class Read:
    """A reading with its rows: rows without, numbered with their physical lines."""

    reading: FileReading
    numbered: list[tuple[int, tuple[str, ...]]]
    rejects: list[Rejected]
    mended: list[Rejected]

    @property
    def rows(self) -> list[tuple[str, ...]]:
        return [texts for _, texts in self.numbered]

    @property
    def reasons(self) -> list[tuple[int, str]]:
        return [(reject.line, reject.reason) for reject in self.rejects]


def read(
    folder: Path,
    content: bytes,
    file_format: FileFormat | None = None,
    name: str = "data.csv",
    manner: Manner = CAUTIOUS,
) -> Read:
    """Write content to a file in folder and read it; the ledger is checked on the way."""
    source = folder / name
    source.write_bytes(content)
    return read_source(source, folder / "out", file_format or FileFormat(), manner)


def read_source(source: Path, target: Path, file_format: FileFormat, manner: Manner = CAUTIOUS) -> Read:
    """Read a file that exists."""
    target.mkdir(exist_ok=True)
    reading = read_file(source, target, file_format, lambda _done, _total: None, manner=manner)
    accepted = pa_parquet.read_table(reading.accepted_path, partitioning=None)
    rejects = pa_parquet.read_table(reading.rejects_path, partitioning=None)
    names = ["line", *(f"c{number}" for number in range(len(reading.columns)))]
    assert accepted.column_names == names
    columns = [column.to_pylist() for column in accepted.columns]
    numbered = [(line, tuple(texts)) for line, *texts in zip(*columns, strict=True)]
    rejected = [Rejected(**row) for row in rejects.to_pylist()]
    mended = pa_parquet.read_table(reading.mended_path).to_pylist() if reading.mended_path else []
    assert (len(numbered), len(rejected)) == (reading.accepted, reading.rejected)
    assert reading.accepted + reading.rejected == reading.records
    assert len(mended) == reading.mended
    return Read(reading, numbered, rejected, [Rejected(**row) for row in mended])
