"""Damaged files: every record is accepted or rejected with its line and reason, and damage stays where it is."""

from pathlib import Path

import pyarrow as pa
import pytest

from engine.base import limits
from engine.base.errors import Category, GiveUp
from storage.records.goals import BLANKS, FileFormat
from tests.rooms.files.reads import read

_HEADER = b"id,name,more\n"


def _rows(first: int, last: int, name: str = "Smith") -> bytes:
    return b"".join(f"{number},{name},x\n".encode() for number in range(first, last))


@pytest.mark.fault(77)
@pytest.mark.parametrize("name", ["Smith", '"Smith, J"', '""'])
@pytest.mark.parametrize("open_quote", [b'77777,"Smith,x\n', b'77777,Smith,"x\n', b'"77777,Smith,x\n'])
def test_an_open_quote_in_the_middle_of_sixty_thousand_rows_costs_one_row(
    tmp_path: Path, name: str, open_quote: bytes
) -> None:
    # given
    content = _HEADER + _rows(0, 30_000, name) + open_quote + _rows(30_000, 60_000, name)

    # when
    found = read(tmp_path, content)

    # then
    assert [row[0] for row in found.rows] == [str(number) for number in range(60_000)]
    assert found.reasons == [(30_002, "quote_not_closed")]
    assert found.rejects[0].raw == open_quote.decode().strip()


@pytest.mark.fault(77)
def test_two_open_quotes_that_seem_to_be_a_pair_cost_two_rows(tmp_path: Path) -> None:
    # given
    content = _HEADER + _rows(0, 500) + b'x,"Smith,x\n' + _rows(500, 900) + b'y,Smith",x\n' + _rows(900, 1_000)

    # when
    found = read(tmp_path, content)

    # then
    assert len(found.rows) == 1_001
    assert found.rows[901 - 1] == ("y", 'Smith"', "x")
    assert found.reasons == [(502, "quote_not_closed")]
    assert found.rejects[0].detail == "opens a quote that would run over 402 lines"


@pytest.mark.fault(77)
def test_an_open_quote_near_the_end_costs_one_row(tmp_path: Path) -> None:
    found = read(tmp_path, _HEADER + _rows(0, 2) + b'8,"x,y\n' + _rows(2, 3) + b'9,"x,y')

    assert [row[0] for row in found.rows] == ["0", "1", "2"]
    assert found.reasons == [(4, "quote_not_closed"), (6, "quote_not_closed")]


def test_an_open_quote_is_given_up_where_a_record_would_be_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(limits, "RECORD_BYTES_MAX", 500)
    monkeypatch.setattr(limits, "READ_BLOCK_BYTES", 128)
    monkeypatch.setattr(limits, "SNIFF_BYTES", 64)
    content = _HEADER + _rows(0, 5) + b'x,"Smith,x\n' + _rows(5, 900) + b'y,"Smith",x\n'

    # when
    found = read(tmp_path, content)

    # then
    assert len(found.rows) == 901
    assert found.reasons == [(7, "quote_not_closed")]


def test_text_behind_a_closing_quote_rejects_the_row(tmp_path: Path) -> None:
    # given
    content = _HEADER + b'1,"a"b,x\n2,"a,b",x\n3,"a" ,x\n4,"a""b",x\n'

    # when
    found = read(tmp_path, content)

    # then
    assert found.rows == [("2", "a,b", "x"), ("4", 'a"b', "x")]
    assert found.reasons == [(2, "quote_misplaced"), (4, "quote_misplaced")]
    assert found.rejects[0].detail == "has text after the closing quote of column 2"


def test_a_quote_within_plain_text_is_text(tmp_path: Path) -> None:
    # given
    content = _HEADER + b'1,5" pipe,x\n2,"a\nb",5"\n3,6" x 8",x\n4,y"","two\nlines, ""q"""\n5,a,b\n'

    # when
    found = read(tmp_path, content)

    # then
    assert found.numbered == [
        (2, ("1", '5" pipe', "x")),
        (3, ("2", "a\nb", '5"')),
        (5, ("3", '6" x 8"', "x")),
        (6, ("4", 'y""', 'two\nlines, "q"')),
        (8, ("5", "a", "b")),
    ]
    assert found.rejects == []


@pytest.mark.fault(78)
def test_ragged_rows_early_and_late_are_rejected_by_line(tmp_path: Path) -> None:
    # given
    content = _HEADER + b"1,2\n" + _rows(0, 30_000) + b"1,2,3,4\n1\n" + b'1,"a\nb"\n' + _rows(0, 1)

    # when
    found = read(tmp_path, content)

    # then
    assert found.reading.accepted == 30_001
    assert found.reasons == [
        (2, "too_few_columns"),
        (30_003, "too_many_columns"),
        (30_004, "too_few_columns"),
        (30_005, "too_few_columns"),
    ]
    assert found.rejects[0].detail == "has 2 columns, the header has 3"
    assert found.rejects[3].raw == '1,"a\nb"'
    assert found.numbered[-1][0] == 30_007


@pytest.mark.fault(83)
def test_a_nul_within_a_value_rejects_its_row_alone(tmp_path: Path) -> None:
    # given, when
    found = read(tmp_path, _HEADER + b'1,a,b\n2,a\0b,x\n3,"\0",x\n4,5" \0,x\n5,a,b\n')

    # then
    assert [row[0] for row in found.rows] == ["1", "5"]
    assert found.reasons == [(3, "nul_character"), (4, "nul_character"), (5, "nul_character")]
    assert found.rejects[0].raw == "2,a\N{SYMBOL FOR NULL}b,x"


@pytest.mark.fault(82)
@pytest.mark.parametrize("separator", [",", BLANKS])
@pytest.mark.parametrize("filler", [b"y", b'"y'])
def test_a_line_that_is_too_long_is_rejected_and_the_next_one_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separator: str, filler: bytes
) -> None:
    # given
    monkeypatch.setattr(limits, "RECORD_BYTES_MAX", 3_000)
    monkeypatch.setattr(limits, "READ_BLOCK_BYTES", 1_000)
    monkeypatch.setattr(limits, "SNIFF_BYTES", 64)
    content = b"a,b\n1,2\n3," + filler * 20_000 + b"\r\n5,6\r\n".replace(b"\r", b"\r")
    gap = b"," if separator == "," else b" "

    # when
    found = read(tmp_path, content.replace(b",", gap), FileFormat(separator))

    # then
    assert found.numbered == [(2, ("1", "2")), (4, ("5", "6"))]
    assert found.reasons == [(3, "field_too_long")]
    assert len(found.rejects[0].raw) == limits.REJECT_RAW_CHARACTERS_MAX
    assert found.rejects[0].raw.endswith(" [cut here; the record goes on]")


@pytest.mark.fault(82)
def test_a_field_of_just_the_limit_is_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(limits, "RECORD_BYTES_MAX", 3_000_000)

    # when
    found = read(tmp_path, b"a,b\n1," + b"y" * 2_999_998 + b'\n2,"' + b"z\n" * 1_000_000 + b'"\n3,x\n')

    # then
    assert [len(row[1]) for row in found.rows] == [2_999_998, 2_000_000, 1]


def test_other_rows_around_many_rejects_are_kept_in_order(tmp_path: Path) -> None:
    # given
    lines = [f"{number},a,b" if number % 2 else f"{number},a" for number in range(20_000)]

    # when
    found = read(tmp_path, _HEADER + "\n".join(lines).encode() + b"\n")

    # then
    assert [row[0] for row in found.rows] == [str(number) for number in range(1, 20_000, 2)]
    assert [reject.line for reject in found.rejects] == list(range(2, 20_002, 2))


@pytest.mark.fault(77)
def test_where_arrow_counts_otherwise_pythons_parser_takes_over(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    def one_less(*_: object) -> pa.Table:
        return pa.table({"c0": ["1"], "c1": ["2"]})

    monkeypatch.setattr("engine.files.table.pa_csv.read_csv", one_less)

    # when
    found = read(tmp_path, b'a,b\n1,2\n\n3,"x\ny"\n')

    # then
    assert found.numbered == [(2, ("1", "2")), (4, ("3", "x\ny"))]


@pytest.mark.fault(77)
def test_where_both_parsers_count_otherwise_the_file_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr("engine.files.table.pa_csv.read_csv", lambda *_: pa.table({"c0": ["1"], "c1": ["2"]}))
    monkeypatch.setattr("engine.files.table.csv.reader", lambda *_args, **_kinds: [["1", "2"]])

    # when
    with pytest.raises(GiveUp, match="counted differently by two readers") as caught:
        read(tmp_path, b"a,b\n1,2\n3,4\n")

    # then
    assert caught.value.category is Category.LEDGER
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize("separator", [",", BLANKS])
@pytest.mark.parametrize("block_bytes", [300, 100_000])
def test_many_wrong_rows_are_taken_a_few_at_a_time(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, separator: str, block_bytes: int
) -> None:
    # given
    monkeypatch.setattr(limits, "REJECTS_AT_ONCE_MAX", 7)
    monkeypatch.setattr(limits, "READ_BLOCK_BYTES", block_bytes)
    lines = [b"\n" if number % 3 == 1 else b"x\n" if number % 3 else b"1,2\n" for number in range(3_000)]
    gap = b"," if separator == "," else b" "

    # when
    found = read(tmp_path, (b"a,b\n" + b"".join(lines)).replace(b",", gap) + b"y", FileFormat(separator))

    # then
    assert [line for line, _ in found.numbered] == list(range(2, 3_002, 3))
    assert [reject.line for reject in found.rejects] == [*range(4, 3_002, 3), 3_002]
    assert found.reading.blank_lines == 1_000
