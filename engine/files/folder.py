"""Reads all files of a folder, however they are written, into plain comma separated tables beside their rejects."""

import csv
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pa_compute
import pyarrow.csv as pa_csv
import pyarrow.parquet as pa_parquet

from engine.base.errors import BadInput, HandoffError
from engine.files.read import read_file
from engine.files.records import Manner
from storage.records.files import FileReading
from storage.records.goals import FileFormat

_ANY = FileFormat(separator=None, preamble_lines=None)
_BATCH_ROWS = 50_000
_REPEATED, _BEFORE = "header_again", "before_table"
_REJECTS_HEADER = ("line", "outcome", "reason", "detail", "raw")


@dataclass(frozen=True)
class Outcome:
    """What became of one file: its reading, or the sentence that says why there is none."""

    name: str
    reading: FileReading | None
    sentence: str

    def as_json(self) -> dict[str, Any]:
        """Return it for people's programs."""
        kept = ("encoding", "separator", "quote", "escape", "preamble_lines", "header_lines", "columns")
        counts = ("records", "accepted", "rejected", "mended")
        if self.reading is None:
            return {"name": self.name, "error": self.sentence}
        return {"name": self.name, **{key: getattr(self.reading, key) for key in (*kept, *counts)}}


def read_folder(source: Path, target: Path, *, salvages: bool, on_file: Callable[[Outcome], None]) -> list[Outcome]:
    """Read each file of source into target/NAME_converted.csv, and what did not fit into target/NAME_rejects.csv.

    Tables are comma separated, with double quotes, in UTF-8. The first row names the columns where the file does;
    nothing is made up where it does not.

    Args:
        source: A folder; folders in it are left alone.
        target: Another folder; it is made where it is missing.
        salvages: Records that do not fit are mended, kept, and listed all the same.
        on_file: Told of each file when it is through; one that cannot be read does not stop the others.

    Raises:
        BadInput: source is no folder, or target is the same one or cannot be made.
    """
    if not source.is_dir():
        raise BadInput(f"{source} is not a folder: name one with files in it.", "IN_DIR")
    files = sorted(path for path in source.iterdir() if path.is_file())
    try:
        target.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise BadInput(f"{target} cannot be made: {error.strerror or error}; name another folder.", "OUT_DIR") from None
    if target.samefile(source):
        raise BadInput("The tables would come to lie between the files: name another folder for them.", "OUT_DIR")
    found = []
    with tempfile.TemporaryDirectory(dir=target, prefix=".reading-") as work:
        for path in files:
            found.append(_read(path, target, Path(work), Manner(is_bold=True, salvages=salvages)))
            on_file(found[-1])
    return found


def _read(path: Path, target: Path, work: Path, manner: Manner) -> Outcome:
    converted, rejects = target / f"{path.name}_converted.csv", target / f"{path.name}_rejects.csv"
    for stale in (converted, rejects):
        stale.unlink(missing_ok=True)
    try:
        reading = read_file(path, work, _ANY, lambda _done, _total: None, manner=manner)
        repeated = _write_table(reading, converted)
        _write_rejects(reading, repeated, rejects)
    except HandoffError as error:
        return Outcome(path.name, None, str(error))
    except OSError as error:
        return Outcome(path.name, None, f"The file {path.name} cannot be read: {error.strerror or error}.")
    return Outcome(path.name, reading, _said(reading, len(repeated)))


def _write_table(reading: FileReading, target: Path) -> list[int]:
    """Write the accepted rows but those that say the header once more; return the lines of these."""
    repeated: list[int] = []
    with target.open("wb") as out:
        if reading.header_lines and reading.columns:
            quoted = (name.replace('"', '""') for name in reading.columns)
            out.write((",".join(f'"{name}"' for name in quoted) + "\n").encode("utf-8", "replace"))
        if not reading.accepted:
            return repeated
        for batch in pa_parquet.ParquetFile(reading.accepted_path).iter_batches(_BATCH_ROWS):
            table = pa.Table.from_batches([batch])
            if reading.header_lines and len(reading.columns) > 1:
                again = _says_again(table, reading.columns)
                repeated += table.filter(again)["line"].to_pylist()
                table = table.filter(pa_compute.invert(again))
            pa_csv.write_csv(table.drop_columns(["line"]), out, pa_csv.WriteOptions(include_header=False))
    return repeated


def _says_again(table: pa.Table, names: Sequence[str]) -> pa.Array:
    """Which rows hold the names of the columns and nothing else."""
    found = pa.scalar(value=True)
    for number, name in enumerate(names):
        texts = pa_compute.utf8_trim_whitespace(table[f"c{number}"])
        found = pa_compute.and_(found, pa_compute.equal(texts, name))
    return found


def _write_rejects(reading: FileReading, repeated: Sequence[int], target: Path) -> None:
    """Write what was rejected, mended or left out before the table, by line; no file where nothing was."""
    before = ((line, text) for line, text in enumerate(reading.preamble, 1) if text.strip())
    rows = [
        *((line, "left out", _BEFORE, "stands before the table", text) for line, text in before),
        *_of(reading.rejects_path, "rejected"),
        *_of(reading.mended_path, "mended"),
        *((line, "rejected", _REPEATED, "names the columns again", ",".join(reading.columns)) for line in repeated),
    ]
    if not rows:
        return
    with target.open("w", encoding="utf-8", errors="replace", newline="") as out:
        writer = csv.writer(out, lineterminator="\n")
        writer.writerow(_REJECTS_HEADER)
        writer.writerows(sorted(rows))


def _of(path: str, outcome: str) -> Iterator[tuple[int, str, str, str, str]]:
    if path:
        for row in pa_parquet.read_table(path).to_pylist():
            yield row["line"], outcome, row["reason"], row["detail"], row["raw"]


def _said(reading: FileReading, repeated: int) -> str:
    if not reading.columns:
        return "has no data: an empty table was written"
    before = reading.preamble_lines
    also = [f"{reading.mended:,} of them mended"] if reading.mended else []
    also += [f"{before:,} line{'' if before == 1 else 's'} before the table"] if before else []
    also += [] if reading.header_lines else ["no header"]
    tail = f" ({', '.join(also)})" if also else ""
    accepted, rejected = reading.accepted - repeated, reading.rejected + repeated
    return f"{reading.records:,} records = {accepted:,} accepted + {rejected:,} rejected{tail}"
