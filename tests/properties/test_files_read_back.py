"""Whatever a table holds and however it is written, it is read back as it was; damage never loses a row."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from unittest.mock import patch

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.base import limits
from engine.base.errors import HandoffError
from engine.files.records import CAUTIOUS, Manner
from storage.records.goals import BLANKS, FileFormat
from tests.fakes.tables import Dialect, Table, write_table
from tests.rooms.files.reads import read

_LETTERS = "ab09 ,;\t|\"'\n\r\0éß€\ufeff<{[-+#"
_TEXTS = st.text(st.sampled_from(_LETTERS.replace("\0", "")), max_size=6)
_DAMAGED = st.lists(st.sampled_from([*_LETTERS, '"', '"', ",", "\n", ",a\n", '"\n', ',"x",']), min_size=1, max_size=40)


@contextmanager
def _blocks_of(size_bytes: int) -> Iterator[None]:
    """Read in such blocks, so that their borders fall anywhere."""
    sniffed = min(limits.SNIFF_BYTES, size_bytes)
    with patch.object(limits, "READ_BLOCK_BYTES", size_bytes), patch.object(limits, "SNIFF_BYTES", sniffed):
        yield


def _tables(texts: st.SearchStrategy[str]) -> st.SearchStrategy[Table]:
    def rows(width: int) -> st.SearchStrategy[Table]:
        names = tuple(f"name{number}" for number in range(width))
        row = st.tuples(*[texts] * width)
        return st.lists(row, min_size=1, max_size=8).map(lambda made: Table(names, tuple(made)))

    return st.integers(1, 4).flatmap(rows)


_SEPARATORS = [",", ";", "\t", "|", "^", " ", "||", "~|~", "§", "*", "\\"]
_DIALECTS = st.builds(
    Dialect,
    separator=st.sampled_from(_SEPARATORS),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quote_all=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"]),
    quote=st.sampled_from(['"', '"', "'", "$", "«", ""]),
    escape=st.sampled_from([None, None, "\\", "!", "¬"]),
).filter(lambda made: made.separator not in (made.quote, made.escape) and (made.quote != "" or made.escape is not None))
_BOLD, _SALVAGING = Manner(is_bold=True), Manner(is_bold=True, salvages=True)


def _format(dialect: Dialect, encoding: str | None) -> FileFormat:
    return FileFormat(
        dialect.separator, encoding=encoding, quote=dialect.quote, escape=dialect.escape or dialect.quote or None
    )


def _without_line_ends(table: Table) -> Table:
    """Without quotes no text can hold a line end, and no row of one column can be empty."""
    rows = (tuple(text.translate({10: "n", 13: "r"}) for text in row) for row in table.rows)
    return Table((*table.columns, "last"), tuple((*row, "x") for row in rows))


@pytest.mark.promise("M06")
@pytest.mark.promise("M30")
@pytest.mark.fault(76)
@given(table=_tables(_TEXTS), dialect=_DIALECTS, block_bytes=st.sampled_from([7, 64, 1024**2]))
def test_a_table_is_read_back_as_it_was_written(table: Table, dialect: Dialect, block_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder, _blocks_of(block_bytes):
        # given
        path = Path(folder) / "data.csv"
        if not dialect.quote:
            table = _without_line_ends(table)
        write_table(path, table, dialect)
        declared = None if dialect.encoding.startswith("utf-8") else dialect.encoding

        # when
        found = read(Path(folder), path.read_bytes(), _format(dialect, declared))

        # then
        assert found.reading.columns == table.columns
        assert found.rows == list(table.rows)
        assert found.rejects == []
        assert [line for line, _ in found.numbered] == table.lines(dialect)


@pytest.mark.fault(77)
@given(
    pieces=_DAMAGED,
    file_format=st.sampled_from(
        [
            FileFormat(),
            FileFormat(BLANKS),
            FileFormat(None, preamble_lines=None),
            FileFormat(quote="'", escape="#"),
            FileFormat(quote=""),
            FileFormat(",a", quote="|", escape="\\"),
        ]
    ),
    manner=st.sampled_from([CAUTIOUS, _BOLD, _SALVAGING]),
    block_bytes=st.sampled_from([64, 1024**2]),
)
@example(pieces=['"'], file_format=FileFormat(), manner=CAUTIOUS, block_bytes=64)
def test_damage_never_loses_a_row(pieces: list[str], file_format: FileFormat, manner: Manner, block_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder, _blocks_of(block_bytes):
        # given
        content = ("a,b\n1,2\n" + "".join(pieces)).encode()
        try:
            # when
            found = read(Path(folder), content, file_format, manner=manner)
        except HandoffError:
            return
        # then
        lines = [line for line, _ in found.numbered] + [reject.line for reject in found.rejects]
        assert len(set(lines)) == len(lines) == found.reading.records
        assert [line for line, _ in found.numbered] == sorted(line for line, _ in found.numbered)
        assert {mended.line for mended in found.mended} <= {line for line, _ in found.numbered}
        if manner.salvages:
            assert {reject.reason for reject in found.rejects} <= {"too_few_columns", "too_many_columns"}


@given(
    content=st.binary(max_size=300) | _DAMAGED.map(lambda pieces: "".join(pieces).encode()),
    encoding=st.sampled_from([None, "utf-8", "cp1252", "utf-16", "shift_jis"]),
    manner=st.sampled_from([CAUTIOUS, _BOLD, _SALVAGING]),
)
def test_any_bytes_end_in_a_ledger_or_a_sentence(content: bytes, encoding: str | None, manner: Manner) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # given
        sentence, found = "", None

        # when
        try:
            found = read(Path(folder), content, FileFormat(None, encoding=encoding), manner=manner)
        except HandoffError as error:
            sentence = str(error)

        # then
        assert found is not None or sentence.endswith(".")


@given(
    before=st.integers(0, 60),
    after=st.integers(1, 60),
    block_bytes=st.sampled_from([256, 1024**2]),
    is_quoted=st.booleans(),
)
def test_one_open_quote_costs_one_row(before: int, after: int, block_bytes: int, *, is_quoted: bool) -> None:
    with tempfile.TemporaryDirectory() as folder, _blocks_of(block_bytes):
        # given
        name = '"Smith, J"' if is_quoted else "Smith"
        good = [f"{number},{name},x\n" for number in range(before + after)]
        content = "id,name,more\n" + "".join(good[:before]) + '7,"Smith,x\n' + "".join(good[before:])

        # when
        found = read(Path(folder), content.encode())

        # then
        assert [row[0] for row in found.rows] == [str(number) for number in range(before + after)]
        assert found.reasons == [(before + 2, "quote_not_closed")]
