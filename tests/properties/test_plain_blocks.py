"""A block that is taken whole holds what the scan of its records finds in it."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from engine.files import plain
from engine.files.one_by_one import Marks
from engine.files.scan import Layout, Scan, scan

PIECES = st.sampled_from(["a", "bb", ",", ",", ",", "\n", "\n", "\r\n", "\r", '"', "\0", "é", " ", ""])
ROWS = st.builds(lambda row, end, times: (",".join(row) + end) * times, *[
    st.lists(st.sampled_from(["", "a", "bcd", "é", " "]), min_size=1, max_size=4),
    st.sampled_from(["\n", "\n", "\r\n"]),
    st.integers(1, 9),
])  # fmt: skip


@pytest.mark.promise("M30")
@example(text="a,b\nc,d\n", columns=2, slice_bytes=3, first_line=2, is_last=False)
@example(text="a,b\nc\n,d,e\n", columns=2, slice_bytes=99, first_line=1, is_last=True)
@given(
    text=st.one_of(
        st.lists(ROWS, max_size=4).map("".join),
        st.tuples(ROWS, st.lists(PIECES, max_size=8)).map(lambda parts: parts[0] + "".join(parts[1])),
    ),
    columns=st.integers(1, 4),
    slice_bytes=st.integers(1, 30),
    first_line=st.integers(1, 5),
    is_last=st.booleans(),
)
def test_a_block_taken_whole_holds_what_its_scan_finds(
    text: str, columns: int, slice_bytes: int, first_line: int, *, is_last: bool
) -> None:
    # given
    data = text.encode()
    if is_last and data[-1:] not in (b"\n", b"\r"):
        data += b"\n"
    layout = Layout(Marks(ord(",")), columns, may_be_damaged=True)
    # when
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(plain, "_SLICE_BYTES", slice_bytes)
        quick = scan(data, first_line, layout, is_last=is_last)
        patched.setattr(plain, "lines", lambda *_: None)
        thorough = scan(data, first_line, layout, is_last=is_last)
    # then
    assert _said(quick) == _said(thorough)


def test_rows_of_so_many_columns_are_taken_whole_and_others_are_not() -> None:
    marks = Marks(ord(","))
    assert plain.lines(b"a,b\nlong,d\nx", 11, marks, 2) == plain.Lines(2, 7)
    assert plain.lines(b"a,b\r\nc,d\r\n", 10, marks, 2) == plain.Lines(2, 5)
    for text in (b"a,b,c\nd\n", b"a,b\n\nc,d\n", b'a,"b"\n', b"a,\0\n", b"a,b\rc,d\n", b"a,\xff\n", b""):
        assert plain.lines(text, len(text), marks, 2) is None
    assert plain.lines(b"a\n\nb\n", 5, marks, 1) is None


def _said(found: Scan) -> tuple[object, ...]:
    return (
        found.consumed,
        found.physical_lines,
        found.blank_lines,
        found.continuation_lines,
        b"".join(bytes(piece) for piece in found.clean),
        found.lines.tolist(),
        found.rejects,
        found.longest_bytes,
        found.has_line_ends_in_quotes,
        found.is_cut,
    )
