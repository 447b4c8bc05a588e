"""The file of rejected rows: the columns that came, values as they stood, then ours; and it reads back."""

import csv
import gzip
import io
import json
from pathlib import Path

import pytest

from engine.files import dialect, mending, mending_worker
from engine.files.read import ACCEPTED, read_file
from storage.records.exchange import ERRORS_COLUMNS
from storage.records.goals import BLANKS, FileFormat
from tests.rooms.files.reads import read_source

OURS = list(ERRORS_COLUMNS)
MESSAGES = {"not_an_integer": "not a whole number"}
Reject = tuple[int, str | None, str | None, str, str]


def written(folder: Path, content: bytes, file_format: FileFormat, *rejects: Reject) -> bytes:
    """Write the errors file for these rejects and return what is in it."""
    source, lines, target = folder / "a.csv", folder / "rejects.json", folder / "errors.csv.gz"
    source.write_bytes(content)
    names = ("line", "column_name", "value", "reason", "suggestion", "raw")
    lines.write_text("\n".join(json.dumps(dict(zip(names, (*each, "raw as kept"), strict=True))) for each in rejects))
    mending_worker.write(source, target, file_format, mending.Told(lines, MESSAGES, "1f2e3d4c"))
    return gzip.decompress(target.read_bytes())


def rows_of(content: bytes, encoding: str = "utf-8", separator: str = ",") -> list[list[str]]:
    """Parse an errors file."""
    return list(csv.reader(io.StringIO(content.decode(encoding), newline=""), delimiter=separator))


def test_a_rejected_row_keeps_its_columns_and_values_and_gets_ours(tmp_path: Path) -> None:
    content = b'id,name,points\n1,"Vos, Ana",seven\n2,Ben,8\n'

    found = rows_of(
        written(tmp_path, content, FileFormat(None), (2, "points", "seven", "not_an_integer", "write digits only"))
    )

    assert found == [
        ["id", "name", "points", *OURS],
        ["1", "Vos, Ana", "seven", "2", "not_an_integer", "points: not a whole number", "write digits only", "",
         "1f2e3d4c"],
    ]  # fmt: skip


def test_a_value_over_several_lines_is_kept_whole(tmp_path: Path) -> None:
    content = b'id,name,points\n1,"two\r\nlines",x\n2,Ben,8\n3,"a ""b""",y\n'

    found = rows_of(
        written(
            tmp_path,
            content,
            FileFormat(","),
            (2, "points", "x", "not_an_integer", ""),
            (5, "points", "y", "not_an_integer", ""),
        )
    )

    assert [row[:4] for row in found[1:]] == [["1", "two\r\nlines", "x", "2"], ["3", 'a "b"', "y", "5"]]


@pytest.mark.parametrize(
    ("line", "values", "raw"),
    [
        ("1,Ana", ["1", "Ana", ""], "1,Ana"),
        ("1,Ana,5,6", ["1", "Ana", "5"], "1,Ana,5,6"),
        ('1,"Ana,5', ["1", '"Ana', "5"], '1,"Ana,5'),
    ],
)
def test_a_record_whose_columns_cannot_be_told_is_there_as_it_stood(
    tmp_path: Path, line: str, values: list[str], raw: str
) -> None:
    content = f"id,name,points\n{line}\n2,Ben,8\n".encode()

    found = rows_of(written(tmp_path, content, FileFormat(","), (2, None, None, "too_few_columns", "has 2 columns")))

    assert found[1][:3] == values
    assert dict(zip(OURS, found[1][3:], strict=True))["_raw"] == raw
    assert dict(zip(OURS, found[1][3:], strict=True))["_message"] == "has 2 columns"


def test_a_long_record_is_cut_and_says_so(tmp_path: Path) -> None:
    content = b"id,name,points\n1,Ana," + b"x" * 5_000 + b",6\n2,Ben,8\n"

    found = rows_of(written(tmp_path, content, FileFormat(","), (2, None, None, "too_many_columns", "has 4 columns")))

    raw = dict(zip(OURS, found[1][3:], strict=True))["_raw"]
    assert len(raw) == 2_000
    assert raw.endswith("[cut here; the record goes on]")


def test_a_file_that_came_back_does_not_gather_our_columns(tmp_path: Path) -> None:
    content = ("id,points," + ",".join(OURS) + "\n1,x,2,r,m,s,,old\n").encode()

    found = rows_of(written(tmp_path, content, FileFormat(","), (2, "points", "x", "not_an_integer", "")))

    assert found[0] == ["id", "points", *OURS]
    assert found[1][:3] == ["1", "x", "2"]
    assert found[1][-1] == "1f2e3d4c"


@pytest.mark.parametrize("declared", ["windows-1252", "utf-16-le", "utf-8"])
def test_a_declared_encoding_is_that_of_the_answer(tmp_path: Path, declared: str) -> None:
    content = "id,name,points\n1,Zoë,x\n".encode(declared)
    file_format = FileFormat(",", encoding=declared)

    found = rows_of(written(tmp_path, content, file_format, (2, "points", "x", "not_an_integer", "")), declared)

    assert found[1][:3] == ["1", "Zoë", "x"]


def test_an_encoding_that_was_found_out_is_answered_in_utf_8(tmp_path: Path) -> None:
    content = "id,name,points\n1,Zoë,x\n".encode("windows-1252")

    found = rows_of(written(tmp_path, content, FileFormat(","), (2, "points", "x", "not_an_integer", "")))

    assert found[1][:3] == ["1", "Zoë", "x"]


def test_rows_far_apart_in_a_large_file_are_found(tmp_path: Path) -> None:
    lines = [f"{number},{'n' * 90},5\n" for number in range(2, 200_000)]
    content = ("id,name,points\n" + "".join(lines)).encode()

    found = rows_of(
        written(tmp_path, content, FileFormat(","), *((n, None, None, "r", "s") for n in (2, 99_999, 199_999)))
    )

    assert [row[0] for row in found[1:]] == ["2", "99999", "199999"]


@pytest.mark.parametrize("separator", [",", ";", "\t", "|", None, BLANKS])
@pytest.mark.parametrize("header", [True, False])
def test_the_corrected_rows_import_with_the_format_of_the_file(
    tmp_path: Path, separator: str | None, *, header: bool
) -> None:
    # given
    mark = {None: ";", BLANKS: " "}.get(separator, separator)
    assert mark is not None
    names = [mark.join(("id", "name", "points"))] if header else []
    content = "\n".join([*names, *(mark.join((str(n), "Ana", "seven")) for n in range(6)), ""]).encode()
    file_format = FileFormat(separator, header=header)
    line = 3
    answer = written(tmp_path, content, file_format, (line, "points", "seven", "not_an_integer", "write digits only"))
    # when: the value is corrected and everything else is left as it is
    mended = tmp_path / "mended_a.csv"
    mended.write_bytes(answer.replace(b"seven", b"7"))
    reading = read_file(mended, tmp_path, file_format, lambda *_: None)
    # then
    assert (reading.records, reading.accepted, reading.rejected) == (1, 1, 0)
    assert (tmp_path / ACCEPTED).exists()
    if header:
        assert reading.columns == ("id", "name", "points", *OURS)
    else:
        assert len(reading.columns) == 3 + len(OURS)


@pytest.mark.parametrize(
    "file_format",
    [
        FileFormat("||", quote="'", escape="\\", encoding="utf-16", preamble_lines=2, header_lines=2),
        FileFormat(";", quote="", escape="\\", header_lines=3),
        FileFormat("§", quote="«"),
        FileFormat(BLANKS, preamble_lines=1, header_lines=2),
    ],
    ids=lambda file_format: str(file_format.separator),
)
def test_rejected_rows_of_any_dialect_are_written_in_it_and_read_back_mended(
    tmp_path: Path, file_format: FileFormat
) -> None:
    # given
    out = io.StringIO()
    line = mending_worker.Line(out, dialect.told(file_format, b""))
    out.write("of 2026\n" * (file_format.preamble_lines or 0))
    line.write(["id", "name", "points"])
    for number in range(1, file_format.header_lines):
        line.write(["no", f"n{number}", "of"])
    first_line = out.getvalue().count("\n") + 1
    line.write(["1", "a'b\\c«d", "seven"])
    line.write(["2", "Ben", "8"])
    content = out.getvalue().encode(file_format.encoding or "utf-8")

    # when
    errors = written(tmp_path, content, file_format, (first_line, "points", "seven", "not_an_integer", ""))
    (tmp_path / "errors.csv").write_bytes(errors)
    first = read_source(tmp_path / "a.csv", tmp_path / "first", file_format)
    again = read_source(tmp_path / "errors.csv", tmp_path / "again", file_format)

    # then
    assert again.reading.columns[:3] == first.reading.columns
    assert [row[:3] for row in again.rows] == [first.rows[0]]
    assert again.rows[0][1] == "a'b\\c«d"


def test_quotes_that_were_found_out_are_found_out_again(tmp_path: Path) -> None:
    errors = written(tmp_path, b"'id','name'\n'1','a,b'\n", FileFormat(), (2, "id", "1", "not_an_integer", ""))

    assert errors.startswith(b"'id','name','_line'")
    assert errors.splitlines()[1].startswith(b"'1','a,b','2'")
