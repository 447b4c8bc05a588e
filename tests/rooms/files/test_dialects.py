"""Files written in other ways: quotes, escapes, separators of several characters, lines before and of the header."""

from pathlib import Path

import pytest

from engine.base.errors import BadInput, MendData
from engine.files.read import preview_file
from storage.records.goals import BLANKS, FileFormat
from tests.fakes.tables import Dialect, Table, people, write_table
from tests.rooms.files.reads import read, read_source

_FOUND_OUT = FileFormat(separator=None, preamble_lines=None)


@pytest.mark.promise("M06")
@pytest.mark.parametrize(
    "dialect",
    [
        Dialect("::"),
        Dialect("§", quote="«"),
        Dialect(" ", quote="'"),
        Dialect("\x1f", quote="\x1e"),
        Dialect(";", quote="'", escape="\\"),
        Dialect("\t", quote="", escape="\\"),
        Dialect("~", encoding="shift_jis"),
        Dialect("|", encoding="utf-16", quote="^"),
    ],
    ids=lambda dialect: repr(dialect.separator),
)
def test_a_declared_dialect_is_followed_to_the_letter(tmp_path: Path, dialect: Dialect) -> None:
    # given
    row = ("a:b;c|d", 'say "no"', "it's \\ this", "", "2^~'")
    table = Table(("one", "two", "three", "four", "five"), (row, *[tuple(row[::-1])] * 300))
    write_table(tmp_path / "data.csv", table, dialect)
    file_format = FileFormat(dialect.separator, True, dialect.encoding, dialect.quote, dialect.escape or dialect.quote)  # noqa: FBT003 - header

    # when
    found = read_source(tmp_path / "data.csv", tmp_path / "out", file_format)

    # then
    assert found.rows == list(table.rows)
    assert (found.reading.separator, found.reading.quote) == (dialect.separator, dialect.quote)
    assert found.rejects == []
    assert not found.reading.is_dialect_detected


@pytest.mark.fault(77)
@pytest.mark.parametrize(
    ("file_format", "mark"),
    [(FileFormat(quote="'"), "'"), (FileFormat("||", quote="«"), "«"), (FileFormat("|", quote="'", escape="\\"), "'")],
)
def test_in_any_dialect_an_open_quote_costs_one_row(tmp_path: Path, file_format: FileFormat, mark: str) -> None:
    # given
    separator = str(file_format.separator)
    good = [[str(number), f"{mark}Smith{separator} J{mark}", "x"] for number in range(4_000)]
    lines = [["id", "name", "more"], *good[:2_000], ["bad", f"{mark}Smith", "x"], *good[2_000:], ["short", "row"]]

    # when
    found = read(tmp_path, "\n".join(map(separator.join, lines)).encode(), file_format)

    # then
    assert [row[0] for row in found.rows] == [str(number) for number in range(4_000)]
    assert found.rows[0][1] == f"Smith{separator} J"
    assert found.reasons == [(2_002, "quote_not_closed"), (4_003, "too_few_columns")]
    assert found.rejects[0].raw == separator.join(["bad", f"{mark}Smith", "x"])


@pytest.mark.fault(77)
def test_escaped_quotes_and_separators_belong_to_their_fields(tmp_path: Path) -> None:
    # given
    lines = [
        r'1,"say \"a, b\"",x',
        r"2,plain \"quote\"\, and comma,x",
        r'3,"back\\",x',
        r'4,"C:\dir","a""b"',
        r'5,"open\",x',
        r'6,"\\\"","\\"',
        r"7,\\,\n",
    ]
    # when
    found = read(tmp_path, ("a,b,c\n" + "\n".join(lines) + "\n8,x,y\n").encode(), FileFormat(escape="\\"))

    # then
    assert found.rows == [
        ("1", 'say "a, b"', "x"),
        ("2", 'plain "quote", and comma', "x"),
        ("3", "back\\", "x"),
        ("4", "C:\\dir", 'a"b'),
        ("6", '\\"', "\\"),
        ("7", "\\", "\\n"),
        ("8", "x", "y"),
    ]
    assert found.reasons == [(6, "quote_not_closed")]


def test_without_quotes_a_quote_is_text(tmp_path: Path) -> None:
    found = read(tmp_path, b'"a";b\n"1;2\n3;"4"x\n5;6;7\n', FileFormat(";", quote=""))

    assert found.reading.columns == ('"a"', "b")
    assert found.rows == [('"1', "2"), ("3", '"4"x')]
    assert found.reasons == [(4, "too_many_columns")]


@pytest.mark.parametrize(
    ("content", "quote", "escape"),
    [
        ("a,b\n'1,5','x'\n'2,5','it''s'\n", "'", "'"),
        ("'a','b'\n'1','x'\n", "'", "'"),
        ("a,b\n1,'tis\n2,x\n", '"', '"'),
        ("a,b\n'1','x'\n", '"', '"'),
        ('a,b\n1,"x \\"y\\" z"\n2,""\n', '"', "\\"),
        ('a,b\n1,"x ""y"" z"\n2,"C:\\"\n', '"', '"'),
    ],
)
def test_quote_and_escape_are_found_out_where_only_they_fit(
    tmp_path: Path, content: str, quote: str, escape: str
) -> None:
    found = read(tmp_path, content.encode())

    assert (found.reading.quote, found.reading.escape) == (quote, escape)
    assert found.rejects == []
    assert found.reading.is_dialect_detected


@pytest.mark.parametrize("header_lines", [1, 2])
def test_told_lines_before_the_header_are_passed_over_and_lines_are_still_counted(
    tmp_path: Path, header_lines: int
) -> None:
    # given
    content = b'Sales, "of 2026\n\n# by us\n\nid,amount,\n,"EUR",who\n1,2,3\n4,5\n'.replace(
        b"amount,\n", b"amount,by\n"
    )
    file_format = FileFormat(preamble_lines=3, header_lines=header_lines)

    # when
    found = read(tmp_path, content, file_format)

    # then
    assert found.reading.columns == (("id", "amount", "by"), ("id", "amount EUR", "by who"))[header_lines - 1]
    assert found.numbered == [(6, ("", "EUR", "who")), (7, ("1", "2", "3"))][header_lines - 1 :]
    assert found.reasons == [(8, "too_few_columns")]
    assert (found.reading.preamble_lines, found.reading.header_lines) == (3, header_lines)
    assert found.reading.blank_lines == 1


def test_lines_before_the_header_are_found_out_where_that_is_asked_for(tmp_path: Path) -> None:
    # given
    content = b"Report of sales\nMade by;us\n\nid;amount;by;when\n1;2,5;Jo;2026-01-01\n2;3,5;Al;2026-01-02\n"

    # when
    found = read(tmp_path, content, _FOUND_OUT)

    # then
    assert found.reading.preamble_lines == 3
    assert found.reading.preamble == ("Report of sales", "Made by;us", "")
    assert found.reading.columns == ("id", "amount", "by", "when")
    assert [line for line, _ in found.numbered] == [5, 6]


def test_a_file_that_ends_before_its_header_has_no_data(tmp_path: Path) -> None:
    with pytest.raises(MendData, match="has no data"):
        read(tmp_path, b"only\nthese\n", FileFormat(preamble_lines=3))


@pytest.mark.parametrize(
    "file_format",
    [
        FileFormat(quote="ab"),
        FileFormat(quote=","),
        FileFormat(quote="\n"),
        FileFormat(escape=","),
        FileFormat(escape=""),
        FileFormat(header_lines=0),
        FileFormat(preamble_lines=-1),
        FileFormat('"x'),
    ],
)
def test_a_format_that_cannot_be_is_refused_in_a_sentence(tmp_path: Path, file_format: FileFormat) -> None:
    with pytest.raises(BadInput) as caught:
        read(tmp_path, b"a,b\n1,2\n", file_format)

    assert str(caught.value).endswith(".")


def test_a_file_with_every_control_character_is_refused_where_one_is_needed(tmp_path: Path) -> None:
    content = b"a||b\n1||" + bytes(byte for byte in range(1, 128) if byte not in b"\r\n|\t\"'") + b"\n"

    with pytest.raises(MendData, match="all control characters"):
        read(tmp_path, content, FileFormat("||"))


@pytest.mark.parametrize(("name", "is_exact"), [("small.csv", True), ("large.csv", False), ("large.csv.gz", False)])
def test_a_preview_tells_the_dialect_and_about_how_many_rows_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, *, is_exact: bool
) -> None:
    # given
    if not is_exact:
        monkeypatch.setattr("engine.base.limits.READ_BLOCK_BYTES", 32_768)
        monkeypatch.setattr("engine.base.limits.SNIFF_BYTES", 4_096)
    table = people(5_000, seed=3)
    write_table(tmp_path / "plain.csv", table, Dialect(";", quote="'", quote_all=True))
    content = (tmp_path / "plain.csv").read_bytes()
    (tmp_path / name).write_bytes(_gzip(content) if name.endswith(".gz") else content)

    # when
    preview = preview_file(tmp_path / name, _FOUND_OUT, 5)

    # then
    assert (preview.separator, preview.quote, preview.escape) == (";", "'", "'")
    assert preview.is_dialect_detected and preview.is_encoding_detected
    assert preview.is_whole is is_exact
    assert preview.rows_estimated == pytest.approx(5_000, rel=0 if is_exact else 0.15)


def _gzip(content: bytes) -> bytes:
    import gzip  # noqa: PLC0415 - one case

    return gzip.compress(content)


def test_blanks_have_neither_quotes_nor_escapes(tmp_path: Path) -> None:
    found = read(tmp_path, b'id  name\n1  "a\n2 b\\\n', FileFormat(BLANKS))

    assert found.rows == [("1", '"a'), ("2", "b\\")]
    assert (found.reading.quote, found.reading.escape) == ("", "")
