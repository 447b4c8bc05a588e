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


_DIALECTS = st.builds(
    Dialect,
    separator=st.sampled_from([",", ";", "\t", "|", "^"]),
    line_end=st.sampled_from(["\n", "\r\n", "\r"]),
    quote_all=st.booleans(),
    encoding=st.sampled_from(["utf-8", "utf-8-sig", "utf-16", "utf-16-be", "utf-32"]),
)


@pytest.mark.promise("M30")
@pytest.mark.fault(76)
@given(table=_tables(_TEXTS), dialect=_DIALECTS, block_bytes=st.sampled_from([7, 64, 1024**2]))
def test_a_table_is_read_back_as_it_was_written(table: Table, dialect: Dialect, block_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder, _blocks_of(block_bytes):
        # given
        path = Path(folder) / "data.csv"
        write_table(path, table, dialect)
        declared = None if dialect.encoding.startswith("utf-8") else dialect.encoding

        # when
        found = read(Path(folder), path.read_bytes(), FileFormat(dialect.separator, encoding=declared))

        # then
        assert found.reading.columns == table.columns
        assert found.rows == list(table.rows)
        assert found.rejects == []
        assert [line for line, _ in found.numbered] == table.lines(dialect)


@pytest.mark.fault(77)
@given(pieces=_DAMAGED, separator=st.sampled_from([",", BLANKS, None]), block_bytes=st.sampled_from([64, 1024**2]))
@example(pieces=['"'], separator=",", block_bytes=64)
def test_damage_never_loses_a_row(pieces: list[str], separator: str | None, block_bytes: int) -> None:
    with tempfile.TemporaryDirectory() as folder, _blocks_of(block_bytes):
        # given
        content = ("a,b\n1,2\n" + "".join(pieces)).encode()
        try:
            # when
            found = read(Path(folder), content, FileFormat(separator))
        except HandoffError:
            return
        # then
        lines = [line for line, _ in found.numbered] + [reject.line for reject in found.rejects]
        assert len(set(lines)) == len(lines) == found.reading.records
        assert found.numbered == sorted(found.numbered)


@given(content=st.binary(max_size=300), encoding=st.sampled_from([None, "utf-8", "cp1252", "utf-16", "shift_jis"]))
def test_any_bytes_end_in_a_ledger_or_a_sentence(content: bytes, encoding: str | None) -> None:
    with tempfile.TemporaryDirectory() as folder:
        # given
        sentence, found = "", None

        # when
        try:
            found = read(Path(folder), content, FileFormat(None, encoding=encoding))
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
