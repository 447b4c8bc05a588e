"""The reader: text stays as it stands, in any encoding, with any separator and line end, under any name."""

import hashlib
from decimal import Decimal
from pathlib import Path

import duckdb
import pytest

from engine.base import limits
from engine.base.errors import BadInput, MendData
from storage.records.goals import BLANKS, FileFormat
from tests.fakes.tables import Dialect, cdnow_like, people, write_table
from tests.rooms.files.reads import read, read_source

SNIFFED = FileFormat(separator=None)


@pytest.mark.promise("M30")
@pytest.mark.fault(85)
def test_text_is_kept_exactly_as_it_stands(tmp_path: Path) -> None:
    # given
    rows = [("00501", "+31612345678", "12345678901234567890", "nan"), ("1e5", "NULL", " padded ", "-0"), ("",) * 4]
    content = "a,b,c,d\n" + "".join(",".join(row) + "\n" for row in rows)

    # when
    found = read(tmp_path, content.encode())

    # then
    assert found.numbered == [(2, rows[0]), (3, rows[1]), (4, rows[2])]


@pytest.mark.fault(84)
@pytest.mark.fault(85)
def test_leading_zeros_after_thirty_thousand_rows_are_kept(tmp_path: Path) -> None:
    # given
    content = "id,x\n" + "".join(f"{number},1\n" for number in range(30_000)) + "00042,x\n"

    # when
    found = read(tmp_path, content.encode())

    # then
    assert found.numbered[-1] == (30_002, ("00042", "x"))


@pytest.mark.promise("M30")
@pytest.mark.fault(76)
@pytest.mark.parametrize(
    ("written", "told", "is_detected"),
    [
        ("utf-8", "utf-8", False),
        ("utf-8-sig", "utf-8-sig", False),
        ("utf-16", "utf-16-le", True),
        ("utf-16-le", "utf-16-le", True),
        ("utf-16-be", "utf-16-be", True),
        ("utf-32", "utf-32-le", True),
        ("latin-1", "windows-1252", True),
        ("cp1252", "windows-1252", True),
    ],
)
def test_each_encoding_gives_the_same_rows(tmp_path: Path, written: str, told: str, *, is_detected: bool) -> None:
    # given
    table = people(3_000, seed=1)
    write_table(tmp_path / "data.csv", table, Dialect(encoding=written))

    # when
    found = read_source(tmp_path / "data.csv", tmp_path / "out", FileFormat())

    # then
    assert found.rows == list(table.rows)
    assert found.reading.columns == table.columns
    assert found.reading.encoding == told
    assert found.reading.notes == ((f"{told}, detected",) if is_detected else ())


@pytest.mark.fault(76)
def test_a_byte_order_mark_of_utf_16_big_endian_is_followed(tmp_path: Path) -> None:
    # given
    content = b"\xfe\xff" + "a,b\nZoë,1\n".encode("utf-16-be")

    # when
    found = read(tmp_path, content)

    # then
    assert (found.reading.encoding, found.rows) == ("utf-16-be", [("Zoë", "1")])


@pytest.mark.fault(76)
def test_a_latin_byte_at_the_very_end_turns_the_whole_file_to_windows_1252(tmp_path: Path) -> None:
    # given
    content = b"a,b\n" + b"plain,text\n" * 200_000 + b"caf\xe9,\x80\x81\n"

    # when
    found = read(tmp_path, content)

    # then
    assert found.reading.encoding == "windows-1252"
    assert found.rows[-1] == ("café", "€\x81")


@pytest.mark.fault(76)
@pytest.mark.parametrize("encoding", [None, "utf-8"])
def test_one_damaged_line_of_utf_8_is_rejected_alone(tmp_path: Path, encoding: str | None) -> None:
    # given
    content = "a,b\nZoë,1\nJürgen,2\n".encode() + b"Ren\xe9,3\n" + "Øyvind,4\n".encode()

    # when
    found = read(tmp_path, content, FileFormat(encoding=encoding))

    # then
    assert found.rows == [("Zoë", "1"), ("Jürgen", "2"), ("Øyvind", "4")]
    assert found.reasons == [(4, "not_in_encoding")]
    assert found.rejects[0].raw == "Ren\ufffd,3"


@pytest.mark.parametrize(
    ("encoding", "bad"),
    [("cp1252", b"\x81,2\n"), ("ascii", b"\xe9,2\n"), ("shift_jis", b"\xff\xff,2\n"), ("utf-8", b"\xed\xb2\x80,2\n")],
)
def test_what_does_not_decode_as_declared_is_rejected(tmp_path: Path, encoding: str, bad: bytes) -> None:
    # given, when
    found = read(tmp_path, b"a,b\n1,1\n" + bad + b"3,3\n", FileFormat(encoding=encoding))

    # then
    assert found.rows == [("1", "1"), ("3", "3")]
    assert found.reasons == [(3, "not_in_encoding")]


@pytest.mark.parametrize("encoding", ["no-such", "rot13", "base64"])
def test_an_encoding_that_is_none_is_refused(tmp_path: Path, encoding: str) -> None:
    with pytest.raises(BadInput, match=f"The encoding {encoding} is not known here"):
        read(tmp_path, b"a,b\n1,1\n", FileFormat(encoding=encoding))


@pytest.mark.parametrize("separator", ['"', "\n", "", "a" * 11])
def test_a_separator_that_cannot_be_is_refused(tmp_path: Path, separator: str) -> None:
    with pytest.raises(BadInput, match=r"separator .*(choose another|say which)"):
        read(tmp_path, b"a,b\n1,1\n", FileFormat(separator=separator))


@pytest.mark.promise("M06")
@pytest.mark.parametrize("separator", [",", ";", "\t", "|"])
def test_the_separator_is_found_out(tmp_path: Path, separator: str) -> None:
    # given
    rows = ['"name, first; or | last"', "a note", "price"], ["Zoë", "says: a, b; c", "1,5"], ["Jo", '"x|y\t;"', "2"]
    content = "".join(separator.join(f'"{cell.strip(chr(34))}"' for cell in row) + "\n" for row in rows)

    # when
    found = read(tmp_path, content.encode(), SNIFFED)

    # then
    assert found.reading.separator == separator
    assert found.rows[0] == ("Zoë", "says: a, b; c", "1,5")


def test_a_file_of_one_column_is_read_without_a_separator_in_it(tmp_path: Path) -> None:
    found = read(tmp_path, b'email\na@example.com\n\n""\nb b@example.com\n', SNIFFED)

    assert found.reading.separator == ","
    assert found.numbered == [(2, ("a@example.com",)), (4, ("",)), (5, ("b b@example.com",))]
    assert found.reading.blank_lines == 1


@pytest.mark.parametrize("line_end", ["\n", "\r\n", "\r"])
def test_any_line_end_is_followed_and_blank_lines_are_counted(tmp_path: Path, line_end: str) -> None:
    # given
    lines = ["", "a,b", "1,2", "", "   ", '3,"x', 'y"', "5,6", ""]

    # when
    found = read(tmp_path, line_end.join(lines).encode())

    # then
    assert found.numbered == [(3, ("1", "2")), (6, ("3", f"x{line_end}y")), (8, ("5", "6"))]
    assert found.reading.blank_lines == 3
    assert found.reading.ends_with_newline


def test_line_ends_may_be_mixed(tmp_path: Path) -> None:
    found = read(tmp_path, b"a,b\r\n1,2\n3,4\r5,6\r\n7,8")

    assert [line for line, _ in found.numbered] == [2, 3, 4, 5]
    assert found.rows[-1] == ("7", "8")


@pytest.mark.fault(89)
def test_a_file_without_a_last_line_end_is_read_and_flagged(tmp_path: Path) -> None:
    # given, when
    found = read(tmp_path, b"a,b\n1,2\n3,4")

    # then
    assert found.rows == [("1", "2"), ("3", "4")]
    assert not found.reading.ends_with_newline
    assert found.reading.notes == ("may be incomplete: the last line has no line end",)


@pytest.mark.fault(92)
@pytest.mark.parametrize("name", ["*.csv", "[ab].csv", "id=999", "a'b.csv", "s3:x.csv", "{a,b}.csv"])
def test_only_the_file_of_that_very_name_is_read(tmp_path: Path, name: str) -> None:
    # given
    (tmp_path / "a.csv").write_bytes(b"a,b\nwrong,file\n")
    folder = tmp_path / "id=999"
    folder.mkdir()

    # when
    found = read(folder, b"a,b\n1,2\n", name=name)

    # then
    assert found.rows == [("1", "2")]
    assert found.reading.columns == ("a", "b")


def test_the_reading_tells_size_and_digest_of_the_bytes(tmp_path: Path) -> None:
    # given
    content = "a,b\nZoë,2\n".encode("utf-16") * 1

    # when
    found = read(tmp_path, content)

    # then
    assert found.reading.size_bytes == len(content)
    assert found.reading.sha256 == hashlib.sha256(content).hexdigest()


def test_columns_that_stand_apart_by_blanks_are_read_and_totals_agree(tmp_path: Path) -> None:
    # given
    totals = cdnow_like(tmp_path / "CDNOW.txt", customers=1_500, seed=3)

    # when
    told = read_source(tmp_path / "CDNOW.txt", tmp_path / "out", FileFormat(BLANKS))
    sniffed = read_source(tmp_path / "CDNOW.txt", tmp_path / "out", SNIFFED)

    # then
    assert told.reading.columns == ("customer_id", "date", "number_of_cds", "dollar_value")
    assert sniffed.reading.separator == BLANKS
    assert told.numbered == sniffed.numbered
    assert told.rows[0][0] == "00001"
    assert told.reading.accepted == totals.rows
    assert len({row[0] for row in told.rows}) == totals.customers
    assert sum(int(row[2]) for row in told.rows) == totals.cds
    assert sum(Decimal(row[3]) for row in told.rows) == totals.spend


def test_blanks_tabs_and_quotes_of_such_files_are_plain(tmp_path: Path) -> None:
    # given
    content = b' id \tname\r\n  1  5"\r\n\r\n2\t"x  \r\n 3 a b\r\n4\r\n   \r\n5 \x00 \r\n6 z'

    # when
    found = read(tmp_path, content, FileFormat(BLANKS))

    # then
    assert found.numbered == [(2, ("1", '5"')), (4, ("2", '"x')), (9, ("6", "z"))]
    assert found.reasons == [(5, "too_many_columns"), (6, "too_few_columns"), (8, "nul_character")]
    assert found.reading.blank_lines == 2


def test_the_real_purchases_are_read_to_the_last_row(tmp_path: Path, data_folder: Path) -> None:
    # given
    source = data_folder / "data" / "CDNOW_master.txt"

    # when
    found = read_source(source, tmp_path / "out", FileFormat(BLANKS))

    # then
    assert (found.reading.records, found.reading.accepted) == (69_659, 69_659)
    assert len({row[0] for row in found.rows}) == 23_570
    assert sum(Decimal(row[3]) for row in found.rows) == Decimal("2500315.63")
    assert sum(int(row[2]) for row in found.rows) == 167_881


def test_a_file_without_a_header_gets_numbered_names(tmp_path: Path) -> None:
    found = read(tmp_path, b"\n1,2\n3,4\n5\n", FileFormat(header=False))

    assert found.reading.columns == ("column_1", "column_2")
    assert found.numbered == [(2, ("1", "2")), (3, ("3", "4"))]
    assert found.reasons == [(4, "too_few_columns")]


def test_duckdb_reads_the_accepted_rows_as_text(tmp_path: Path) -> None:
    # given
    found = read(tmp_path, "a,b\n007,Zoë\n".encode())

    # when
    rows = duckdb.connect().execute("SELECT * FROM read_parquet(?)", [found.reading.accepted_path]).fetchall()

    # then
    assert rows == [(2, "007", "Zoë")]


@pytest.mark.parametrize("block_bytes", [17, 100, 4096])
def test_the_border_of_a_block_may_fall_anywhere(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, block_bytes: int
) -> None:
    # given
    table = people(200, seed=5)
    write_table(tmp_path / "data.csv", table, Dialect(line_end="\r\n", quote_all=True))
    monkeypatch.setattr(limits, "READ_BLOCK_BYTES", block_bytes)
    monkeypatch.setattr(limits, "SNIFF_BYTES", 64)

    # when
    found = read_source(tmp_path / "data.csv", tmp_path / "out", FileFormat())

    # then
    assert found.rows == list(table.rows)
    assert [line for line, _ in found.numbered] == list(range(2, 202))


def test_a_column_name_keeps_no_blanks_around_it(tmp_path: Path) -> None:
    assert read(tmp_path, b' a , "b" ,c\t\n1,2,3\n').reading.columns == ("a", '"b"', "c")


@pytest.mark.fault(79)
def test_columns_come_in_the_order_of_the_header(tmp_path: Path) -> None:
    found = read(tmp_path, b"b,a\n1,2\n")

    assert (found.reading.columns, found.rows) == (("b", "a"), [("1", "2")])


def test_the_start_of_a_page_of_symbols_is_no_reason_to_refuse(tmp_path: Path) -> None:
    with pytest.raises(MendData, match="no data"):
        read(tmp_path, b"\x00" * 10)
    assert read(tmp_path, b"[id],[name]\n1,2\n").rows == [("1", "2")]
