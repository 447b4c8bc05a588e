"""The worker process: it reads, previews, reports, is cancelled, and hands errors over as they are."""

import shutil
from pathlib import Path

import pytest

from engine.base import limits
from engine.base.errors import Cancelled, MendData, OutOfSpace
from engine.base.workers import Progress
from engine.files.reading import preview_in_worker, read_in_worker
from storage.records.files import FileReading
from storage.records.goals import BLANKS, FileFormat
from tests.fakes.tables import Dialect, cdnow_like, people, write_table


def _read(source: Path, target: Path) -> FileReading:
    return read_in_worker(source, target, FileFormat(None), lambda _: None, lambda: False)


def test_a_file_is_read_in_a_process_of_its_own(tmp_path: Path) -> None:
    # given
    totals = cdnow_like(tmp_path / "CDNOW.txt", customers=300, seed=2)

    # when
    reading = _read(tmp_path / "CDNOW.txt", tmp_path)

    # then
    assert (reading.accepted, reading.rejected, reading.separator) == (totals.rows, 0, BLANKS)
    assert Path(reading.accepted_path).is_file()
    assert Path(reading.rejects_path).is_file()
    assert {path.name for path in tmp_path.iterdir()} == {"CDNOW.txt", "accepted.parquet", "rejects.parquet"}


def test_a_refusal_comes_over_as_it_is(tmp_path: Path) -> None:
    (tmp_path / "data.csv").write_bytes(b"<html>")

    with pytest.raises(MendData, match=r"The file data\.csv is a web page"):
        _read(tmp_path / "data.csv", tmp_path)


def test_reading_reports_progress_and_is_cancelled(tmp_path: Path) -> None:
    # given
    block = b"".join(f'{number},5" pipe,x\n'.encode() for number in range(50_000))
    source = tmp_path / "slow.csv"
    source.write_bytes(b"a,b,c\n" + block * 40)
    seen: list[Progress] = []

    # when
    with pytest.raises(Cancelled):
        read_in_worker(source, tmp_path, FileFormat(), seen.append, lambda: True)

    # then
    assert len(seen) == 1
    assert (seen[0]["stage"], seen[0]["unit"], seen[0]["total"]) == ("read", "bytes", source.stat().st_size)
    assert not (tmp_path / "accepted.parquet").exists()


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="left out: this system has no /dev/full")
def test_a_full_disk_is_told_as_such(tmp_path: Path) -> None:
    # given
    write_table(tmp_path / "data.csv", people(2_000, seed=4), Dialect())
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "accepted.parquet.part").symlink_to("/dev/full")

    # when, then
    with pytest.raises(OutOfSpace, match="The disk of the spool is full"):
        _read(tmp_path / "data.csv", tmp_path / "out")
    assert not (tmp_path / "out" / "accepted.parquet").exists()


def test_a_preview_shows_the_first_accepted_rows_with_their_lines(tmp_path: Path) -> None:
    # given
    rows = "".join(f"{number:03d},x\n" for number in range(50))
    (tmp_path / "data.csv").write_text("id,name\n1\n" + rows + "\n7,8,9\n")

    # when
    preview = preview_in_worker(tmp_path / "data.csv", FileFormat(None))

    # then
    assert (preview.encoding, preview.separator, preview.columns) == ("utf-8", ",", ("id", "name"))
    assert preview.rows == tuple((number + 3, (f"{number:03d}", "x")) for number in range(limits.SAMPLE_ROWS))
    assert (preview.records, preview.rejected, preview.is_whole) == (52, 2, True)
    assert [path.name for path in tmp_path.iterdir()] == ["data.csv"]


def test_a_preview_of_a_large_file_looks_at_its_start_only(tmp_path: Path) -> None:
    # given
    row = b"x" * 1_000 + b",1\n"
    (tmp_path / "data.csv").write_bytes(b"a,b\n" + row * 12_000)
    assert (tmp_path / "data.csv").stat().st_size > limits.READ_BLOCK_BYTES

    # when
    preview = preview_in_worker(tmp_path / "data.csv", FileFormat())

    # then
    assert not preview.is_whole
    assert 0 < preview.records < 12_000
    shutil.rmtree(tmp_path)
