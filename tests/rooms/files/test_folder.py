"""A folder of files of all kinds is read into plain tables; what did not fit lies beside them, mended or not."""

import csv
from pathlib import Path

import pytest

from engine.base.errors import BadInput
from engine.files.folder import Outcome, read_folder

_CITIES = ("Amsterdam", "Den Haag", "Rotterdam", "Utrecht", "Breda")
_LONG = [[str(number), f"{_CITIES[number % 5]}, NL", f"{number},5"] for number in range(40)]


def _lines(*lines: str) -> str:
    return "".join(f"{line}\n" for line in lines)


def _rows(separator: str, quote: str = "") -> str:
    return _lines(*(separator.join(f"{quote}{text}{quote}" for text in row) for row in _LONG))


def _read(folder: Path, content: bytes, *, salvages: bool = True) -> tuple[list[list[str]], list[list[str]], Outcome]:
    """The table and the rejects that a file becomes, and what is said of it."""
    (folder / "in").mkdir()
    (folder / "in" / "file.csv").write_bytes(content)
    [outcome] = read_folder(folder / "in", folder / "out", salvages=salvages, on_file=lambda _: None)
    return _table(folder / "out" / "file.csv_converted.csv"), _table(folder / "out" / "file.csv_rejects.csv"), outcome


def _table(path: Path) -> list[list[str]]:
    if not path.exists():
        return []
    with path.open(encoding="utf-8", newline="") as handle:
        return list(csv.reader(handle))


_NAMES = ["id", "city", "share"]
_UNDERSTOOD = {
    "semicolons": ("id;city;share\n" + _rows(";"), [_NAMES, *_LONG]),
    "bars": ("id|city|share\r\n" + _rows("|").replace("\n", "\r\n"), [_NAMES, *_LONG]),
    "two bars": ("id||city||share\n" + _rows("||"), [_NAMES, *_LONG]),
    "carets": ("id^city^share\r" + _rows("^").replace("\n", "\r"), [_NAMES, *_LONG]),
    "a tilde on both sides": ("id~|~city~|~share\n" + _rows("~|~"), [_NAMES, *_LONG]),
    "blanks after commas": ("id, city, share\n" + _rows(", ", '"'), [_NAMES, *_LONG]),
    "blanks and quotes": ("id city share\n" + _rows(" ", '"'), [_NAMES, *_LONG]),
    "apostrophes": ("id,city,share\n" + _rows(",", "'"), [_NAMES, *_LONG]),
    "told by its first line": ("sep=;\nid;city;share\n" + _rows(";"), [_NAMES, *_LONG]),
    "titles and remarks": ("Cities\nof, 2026\n\n# id, x\nid;city;share\n" + _rows(";"), [_NAMES, *_LONG]),
    "a filled up title": ("Cities,,\n,,\nid,city,share\n" + _rows(",", '"'), [_NAMES, *_LONG]),
    "two lines of names": (
        "id;city;share\n;;%\n".replace(";;%", ";where;per cent").replace(";where", "no;where") + _rows(";"),
        [["id no", "city where", "share per cent"], *_LONG],
    ),
    "names of groups": (
        _lines(",2025,,2026,", "city,men,women,men,women", *(f"{city},1,2,3,4" for city in _CITIES)),
        [["city", "2025 men", "women", "2026 men", "women"], *([city, *"1234"] for city in _CITIES)],
    ),
    "no header": (_rows(";"), _LONG),
    "one column of words": (_lines("city", *_CITIES * 4), [["city"], *([city] for city in _CITIES * 4)]),
    "one column of texts": (
        _lines("said", "Well, yes", "No; not, at all, so", "fine", '"Yes, yes"', "ok then"),
        [["said"], ["Well, yes"], ["No; not, at all, so"], ["fine"], ["Yes, yes"], ["ok then"]],
    ),
    "one column of days": (
        _lines("day", *(f"2026-01-{day}" for day in range(10, 31))),
        [["day"], *([f"2026-01-{day}"] for day in range(10, 31))],
    ),
    "columns lined up": (
        _lines("  id city      share", *(f"{number:4d} {_CITIES[0]:9s} {number / 7:5.2f}" for number in range(30))),
        [_NAMES, *([str(number), _CITIES[0], f"{number / 7:.2f}"] for number in range(30))],
    ),
    "names twice, and none": ("a,a,\n1,2,3\n4,5,6\n", [["a", "a", ""], ["1", "2", "3"], ["4", "5", "6"]]),
    "just a header": ("id,city,share\n", [_NAMES]),
}


@pytest.mark.promise("M30")
@pytest.mark.parametrize("kind", _UNDERSTOOD)
def test_files_are_understood_by_their_shape(tmp_path: Path, kind: str) -> None:
    content, wanted = _UNDERSTOOD[kind]

    table, rejects, outcome = _read(tmp_path, content.encode())

    assert table == wanted
    assert outcome.reading is not None
    before = [text for text in outcome.reading.preamble if text]
    assert [row[1:3] + row[4:] for row in rejects[1:]] == [["left out", "before_table", text] for text in before]
    assert outcome.reading.records == len(wanted) - bool(outcome.reading.header_lines)


@pytest.mark.fault(76)
@pytest.mark.parametrize("encoding", ["utf-8-sig", "utf-16", "utf-16-be", "latin-1", "cp1252", "utf-32"])
def test_each_encoding_gives_a_table_in_utf_8(tmp_path: Path, encoding: str) -> None:
    table, _, _ = _read(tmp_path, ("naam;stad\n" + "Zoë;Sint-Michiélsgestel\n" * 30).encode(encoding))

    assert table == [["naam", "stad"], *[["Zoë", "Sint-Michiélsgestel"]] * 30]


_DAMAGED = _lines(
    "id,name,city,note",
    '1,"Smith, J",Breda,x',
    "2,Smith",
    "3,Smith,Breda,x,,",
    "4,Smith,Breda,x,y",
    '5,"Smith,Breda,x',
    '6,"Jo "the man" S",Breda,x',
    '7,""Jo, S",Breda,x',
    "8,Sm\0ith,Breda,x",
    '9;"Smith; J";Breda;x',
    '10,Smith,Breda,"',
    '11,"a",Breda,x',
)
_MENDED = {
    3: ["2", "Smith", "", ""],
    4: ["3", "Smith", "Breda", "x"],
    5: ["4", "Smith", "Breda", "x"],
    6: ["5", '"Smith', "Breda", "x"],
    7: ["6", 'Jo "the man" S', "Breda", "x"],
    8: ["7", '"Jo, S', "Breda", "x"],
    9: ["8", "Smith", "Breda", "x"],
    10: ["9", "Smith; J", "Breda", "x"],
    11: ["10", "Smith", "Breda", '"'],
}


@pytest.mark.fault(78)
@pytest.mark.fault(83)
def test_salvaged_rows_are_padded_cut_or_mended_and_each_is_listed(tmp_path: Path) -> None:
    # given, when
    table, rejects, outcome = _read(tmp_path, _DAMAGED.encode())

    # then
    assert table[2:-1] == list(_MENDED.values())
    assert (table[1][1], table[-1]) == ("Smith, J", ["11", "a", "Breda", "x"])
    assert [(int(line), outcome) for line, outcome, *_ in rejects[1:]] == [(line, "mended") for line in _MENDED]
    assert rejects[1][2:] == ["too_few_columns", "has 2 columns, the header has 4; empty columns are added", "2,Smith"]
    assert outcome.reading is not None and (outcome.reading.accepted, outcome.reading.mended) == (11, 9)


def test_without_salvaging_the_same_rows_are_rejected_with_line_reason_and_text(tmp_path: Path) -> None:
    table, rejects, outcome = _read(tmp_path, _DAMAGED.encode(), salvages=False)

    assert [row[0] for row in table] == ["id", "1", "11"]
    assert [(int(line), outcome) for line, outcome, *_ in rejects[1:]] == [(line, "rejected") for line in _MENDED]
    assert rejects[4][2:] == ["quote_not_closed", "opens a quote in column 2 that is not closed", '5,"Smith,Breda,x']
    assert outcome.sentence == "11 records = 2 accepted + 9 rejected"


def test_salvaging_works_between_blanks_too(tmp_path: Path) -> None:
    lines = [f"{number}  Breda   {number / 7:.2f}" for number in range(30)]

    table, rejects, _ = _read(tmp_path, _lines("id  city  share", *lines, "30 Breda", "31 Breda 1 2", *lines).encode())

    assert table[31:33] == [["30", "Breda", ""], ["31", "Breda", "1"]]
    assert [row[0] for row in rejects[1:]] == ["32", "33"]


def test_a_table_that_follows_with_other_columns_is_left_out_and_listed(tmp_path: Path) -> None:
    # given
    content = "id,city,share\n" + _rows(",", '"') + "id,city,share\n" + _rows(",", '"') + "id,city\n1,x\n2,y\n"

    # when
    table, rejects, _ = _read(tmp_path, content.encode())

    # then
    assert table == [_NAMES, *_LONG, *_LONG]
    assert [row[:3] for row in rejects[1:]] == [
        ["42", "rejected", "header_again"],
        *([str(line), "rejected", "too_few_columns"] for line in (83, 84, 85)),
    ]
    assert rejects[2][3].endswith("belongs to another table, which begins in line 83")


def test_files_that_cannot_be_read_are_told_and_the_others_go_on(tmp_path: Path) -> None:
    # given
    (tmp_path / "in" / "folder.csv").mkdir(parents=True)
    made = {"a.csv": b"<html></html>", "b.csv": b"", "c.csv": b"\xd0\xcf\x11\xe0" * 9, "[ab].csv": b"x;y\n1;2\n"}
    for name, content in made.items():
        (tmp_path / "in" / name).write_bytes(content)
    (tmp_path / "out").mkdir()
    (tmp_path / "out" / "a.csv_converted.csv").write_text("of an earlier time")
    told: list[Outcome] = []

    # when
    found = read_folder(tmp_path / "in", tmp_path / "out", salvages=True, on_file=told.append)

    # then
    assert found == told
    assert [(item.name, item.reading is None) for item in found] == [
        ("[ab].csv", False),
        ("a.csv", True),
        ("b.csv", False),
        ("c.csv", True),
    ]
    assert "is a web page" in found[1].sentence
    assert found[2].sentence == "has no data: an empty table was written"
    assert sorted(path.name for path in (tmp_path / "out").iterdir()) == [
        "[ab].csv_converted.csv",
        "b.csv_converted.csv",
    ]


def test_folders_that_cannot_be_are_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for source, target in (("nowhere", "out"), (".", "."), (".", "file")):
        with pytest.raises(BadInput, match="folder"):
            read_folder(tmp_path / source, tmp_path / target, salvages=False, on_file=lambda _: None)
