"""Files that are no table are refused as a whole, in one sentence that names the file and what to do next."""

import bz2
import errno
import lzma
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.base import limits
from engine.base.errors import Category, MendData
from engine.files import table
from engine.files.read import read_file
from storage.records.goals import FileFormat
from tests.rooms.files.reads import read


def _refusal(folder: Path, content: bytes, file_format: FileFormat | None = None) -> str:
    with pytest.raises(MendData) as caught:
        read(folder, content, file_format, name="people.csv")
    assert caught.value.category is Category.FORMAT
    assert list((folder / "out").iterdir()) == []
    sentence = str(caught.value)
    assert "people.csv" in sentence
    assert sentence.endswith(".")
    return sentence


@pytest.mark.promise("M30")
@pytest.mark.fault(74)
@pytest.mark.parametrize(
    "content", [b"", b"\n", b"\r\n\r\n", b"\0" * 5_000, b"\xef\xbb\xbf", b"\xff\xfe", b"  \n\t\n", b"\n" * 300_000]
)
@pytest.mark.parametrize("separator", [",", None])
def test_nothing_is_no_data(tmp_path: Path, content: bytes, separator: str | None) -> None:
    assert "has no data" in _refusal(tmp_path, content, FileFormat(separator))


@pytest.mark.promise("M30")
@pytest.mark.fault(74)
@pytest.mark.parametrize("content", [b"a,b\n", b"a,b", b"a,b\n\n\n", "a,b\r\n".encode("utf-16")])
def test_a_header_alone_is_no_data(tmp_path: Path, content: bytes) -> None:
    assert "has a header and no rows" in _refusal(tmp_path, content)


@pytest.mark.fault(75)
@pytest.mark.parametrize(
    "content",
    [
        b"<!DOCTYPE html>\n<html><body>404, not found</body></html>\n",
        b"\n  <html>\n<p>a,b</p>\n</html>\n",
        b"\xef\xbb\xbf<?xml version='1.0'?>\n<Error><Code>AccessDenied</Code></Error>\n",
        b"<Error>a,b\n1,2\n",
    ],
)
def test_a_web_page_is_no_table(tmp_path: Path, content: bytes) -> None:
    assert "is a web page" in _refusal(tmp_path, content)


@pytest.mark.fault(75)
@pytest.mark.parametrize("content", [b'{"error": "no such file", "code": 404}\n', b'[{"a": 1},\n{"a": 2}]\n', b"{}"])
def test_json_is_no_table(tmp_path: Path, content: bytes) -> None:
    assert "is JSON" in _refusal(tmp_path, content)


@pytest.mark.parametrize("packing", [bz2.compress, lzma.compress])
def test_what_is_packed_in_a_rare_way_is_refused_by_its_first_bytes(
    tmp_path: Path, packing: Callable[[bytes], bytes]
) -> None:
    assert "is packed in a way that is not read" in _refusal(tmp_path, packing(b"a,b\n1,2\n"))


@pytest.mark.parametrize("content", [b"%PDF-1.7\na,b\n", b"\xd0\xcf\x11\xe0" * 9, bytes(range(256)) * 9 + b"\1" * 999])
def test_what_is_no_text_is_refused(tmp_path: Path, content: bytes) -> None:
    assert "is not a text file" in _refusal(tmp_path, content)


@pytest.mark.promise("M30")
@pytest.mark.fault(81)
@pytest.mark.parametrize(
    ("header", "said"),
    [
        (b"a,b,a", "names more than once (a)"),
        (b"Email,b,EMAIL", "names more than once (Email, EMAIL)"),
        (b"a, ,c", "no name for column 2"),
        (b",b,", "no name for column 1, 3"),
        (b'"","b"," "', "no name for column 1, 3"),
        (b'"a,b,c', "its quotes do not close"),
    ],
)
def test_a_header_that_cannot_be_used_is_refused(tmp_path: Path, header: bytes, said: str) -> None:
    assert said in _refusal(tmp_path, header + b"\n1,2,3\n")


@pytest.mark.fault(82)
def test_too_many_columns_are_refused(tmp_path: Path) -> None:
    # given
    most = limits.COLUMNS_MAX
    names = ",".join(f"c{number}" for number in range(most + 1))

    # when, then
    assert "has 2,001 columns, the limit is 2,000" in _refusal(tmp_path, f"{names}\n{',' * most}\n".encode())


@pytest.mark.fault(82)
def test_as_many_columns_as_allowed_are_read(tmp_path: Path) -> None:
    names = ",".join(f"c{number}" for number in range(limits.COLUMNS_MAX))

    found = read(tmp_path, f"{names}\n{',' * (limits.COLUMNS_MAX - 1)}\n".encode())

    assert found.rows == [("",) * limits.COLUMNS_MAX]


def test_a_file_of_which_no_row_fits_is_refused_with_its_first_problem(tmp_path: Path) -> None:
    sentence = _refusal(tmp_path, b"a;b;c\n1;2\n4;5;6;7\n", FileFormat(";"))

    assert "no row fits the header (line 2 has 2 columns, the header has 3)" in sentence


def test_a_full_disk_leaves_no_file_that_looks_whole(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    (tmp_path / "out").mkdir()
    (tmp_path / "data.csv").write_bytes(b"a,b\n1,2\n")

    def full(*_: object) -> None:
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(table.Writer, "write", full)

    # when
    with pytest.raises(OSError, match="No space left") as caught:
        read_file(tmp_path / "data.csv", tmp_path / "out", FileFormat(), lambda _done, _total: None)

    # then
    assert caught.value.errno == errno.ENOSPC
    assert list((tmp_path / "out").iterdir()) == []
