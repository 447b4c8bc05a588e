"""Packed files: gz and zip with one table are read, told by their bytes; what is damaged or hostile is refused."""

import gzip
import io
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.base import limits
from engine.base.errors import MendData, OutOfSpace
from engine.files import unpacking
from engine.files.read import preview_file, read_file
from storage.records.files import FileReading
from storage.records.goals import FileFormat

TABLE = b"id,name\n" + b"".join(b"%d,Ana\n" % number for number in range(2_000))
GZ = gzip.compress(TABLE, mtime=0)


def read(folder: Path, content: bytes, name: str = "a.csv") -> FileReading:
    """Read a file of this content."""
    source, target = folder / "0.data", folder / "read"
    source.write_bytes(content)
    target.mkdir(exist_ok=True)
    return read_file(source, target, FileFormat(), lambda _done, _total: None, name)


def refused(folder: Path, content: bytes) -> str:
    """Read a file that is refused, check that nothing of it is left, and return the sentence."""
    with pytest.raises(MendData) as caught:
        read(folder, content)
    assert list((folder / "read").iterdir()) == []
    return str(caught.value)


def zipped(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    """Return a zip with these members."""
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, content in members:
            archive.writestr(name, content)
    return made.getvalue()


def link(name: str) -> zipfile.ZipInfo:
    """Return a member that is a symbolic link."""
    info = zipfile.ZipInfo(name)
    info.external_attr = 0o120777 << 16
    return info


@pytest.mark.promise("T15")
@pytest.mark.parametrize(
    ("content", "kind"),
    [
        (GZ, "gz"),
        (gzip.compress(TABLE[:100]) + gzip.compress(TABLE[100:]), "gz"),
        (zipped(("a.csv", TABLE)), "zip"),
        (zipped(("out/", b""), ("out/a.csv", TABLE), ("__MACOSX/out/._a.csv", b"x")), "zip"),
    ],
    ids=["gz", "gz of two members", "zip", "zip of a folder with one table"],
)
def test_a_packed_table_is_read_as_its_plain_one_under_the_name_it_came_with(
    tmp_path: Path, content: bytes, kind: str
) -> None:
    # when
    found = read(tmp_path, content)
    # then: the mark and the size are those of what came
    assert (found.records, found.accepted, found.columns) == (2_000, 2_000, ("id", "name"))
    assert found.size_bytes == len(content)
    assert found.notes == (f"unpacked from {kind}",)
    assert sorted(item.name for item in (tmp_path / "read").iterdir()) == ["accepted.parquet", "rejects.parquet"]


@pytest.mark.fault(90)
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (GZ[:-30], "is cut off"),
        (GZ[:-3], "is cut off"),
        (GZ[:-8] + zlib.crc32(b"another").to_bytes(4, "little") + GZ[-4:], "does not fit its checksum"),
        (GZ + b"and more", "has something behind its packed content"),
        (GZ + b"\x1f", "has something behind its packed content"),
        (zipped(("a.csv", TABLE))[:-30], "table of contents is missing"),
        (zipped(("a.csv", TABLE)).replace(zipped(("a.csv", TABLE))[50:60], bytes(10)), "does not fit its checksum"),
    ],
    ids=["gz cut", "gz cut in its end", "gz of another sum", "gz and junk", "gz and a byte", "zip cut", "zip damaged"],
)
def test_a_damaged_packed_file_is_refused_as_a_whole(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert sentence in refused(tmp_path, content)


@pytest.mark.fault(90)
def test_the_first_bytes_decide_and_not_the_name(tmp_path: Path) -> None:
    # when: a table that is called gz, and a gz that is called csv
    plain, packed = read(tmp_path, TABLE, "a.csv.gz"), read(tmp_path, GZ, "a.csv")
    # then
    assert (plain.records, plain.notes) == (2_000, ())
    assert (packed.records, packed.notes) == (2_000, ("unpacked from gz",))


@pytest.mark.fault(91)
@pytest.mark.parametrize(
    ("content", "sentence"),
    [
        (zipped(("a.csv", TABLE), ("b.csv", TABLE)), "a zip with 2 files in it"),
        (zipped(), "a zip with no file in it"),
        (zipped(*((str(number), b"") for number in range(500))), "a zip with 500 files in it"),
        (zipped(("../../a.csv", TABLE)), "a path out of its folder"),
        (zipped(("..\\a.csv", TABLE)), "a path out of its folder"),
        (zipped(("/etc/a.csv", TABLE)), "a path out of its folder"),
        (zipped(("C:/a.csv", TABLE)), "a path out of its folder"),
        (zipped((link("a.csv"), b"/etc/passwd")), "holds a link"),
        (zipped(("a.zip", zipped(("a.csv", TABLE)))), "holds another packed file"),
        (gzip.compress(GZ), "holds another packed file"),
    ],
    ids=["two", "none", "many", "slip", "backslash", "absolute", "drive", "link", "zip in zip", "gz in gz"],
)
def test_what_a_zip_may_not_hold(tmp_path: Path, content: bytes, sentence: str) -> None:
    assert sentence in refused(tmp_path, content)
    assert sorted(item.name for item in tmp_path.iterdir()) == ["0.data", "read"]


@pytest.mark.fault(91)
@pytest.mark.parametrize("pack", [gzip.compress, lambda text: zipped(("a.csv", text))])
def test_a_bomb_is_stopped_before_the_disk_fills(
    tmp_path: Path, pack: Callable[[bytes], bytes], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: 30 MB in 30 kB, and how much of it may come out
    monkeypatch.setattr(limits, "UNPACKED_FREE_BYTES", 1024**2)
    content = pack(b"0" * 30_000_000)
    may_come = 1024**2 + limits.UNPACKED_TIMES_MAX * len(content)
    assert may_come < 12_000_000
    written = 0
    whole = unpacking._Sink.write

    def write(self: unpacking._Sink, block: bytes) -> None:
        nonlocal written
        whole(self, block)
        written += len(block)

    monkeypatch.setattr(unpacking._Sink, "write", write)
    # when, then
    assert "unpacks to more than" in refused(tmp_path, content)
    assert 0 < written <= may_come


@pytest.mark.fault(91)
def test_100_000_members_are_refused_by_their_count_alone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: the end of a zip that says so; nothing may read what it lists
    monkeypatch.setattr(zipfile, "ZipFile", None)
    end = b"PK\x05\x06" + bytes(4) + (65_000).to_bytes(2, "little") * 2 + (3_000_000).to_bytes(4, "little") + bytes(6)
    # when, then
    assert "a zip with 65,000 files in it" in refused(tmp_path, b"PK\x03\x04" + bytes(200) + end)


def test_a_disk_without_room_stops_unpacking(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(limits, "UNPACKED_FREE_BYTES", 2**60)
    sink = unpacking._Sink(io.BytesIO(), tmp_path / "x", "a.csv", 10)
    sink._looked_at = -(2**60)
    # when, then
    with pytest.raises(OutOfSpace, match="has no room to unpack"):
        sink.write(b"1")


@pytest.mark.parametrize("content", [GZ, GZ[:2_000], zipped(("x/", b""), ("x/a.csv", TABLE))])
def test_a_preview_needs_only_the_start_of_a_packed_file(tmp_path: Path, content: bytes) -> None:
    # given
    source = tmp_path / "0.data"
    source.write_bytes(content)
    # when
    found = preview_file(source, FileFormat(None), 2, "a.csv")
    # then
    assert (found.columns, found.separator, found.rejected) == (("id", "name"), ",", 0)
    assert found.rows == ((2, ("0", "Ana")), (3, ("1", "Ana")))
    assert found.is_whole is (content != GZ[:2_000])
    assert list(tmp_path.iterdir()) == [source]
