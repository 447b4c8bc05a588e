"""Takes a block of text without quotes, blank lines or flaws whole: every line is a row of so many columns.

Most files are nothing but that. What the scan works out for each record is here one question of the whole block: does
every nth of its marks, and no other, end a line? It is asked in slices that stay in the processor's cache.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.base import limits
from engine.files import flaws
from engine.files.one_by_one import Marks

_LF = 10
_SLICE_BYTES = 256 * 1024


class Lines(NamedTuple):
    """How many lines a block has, and the length of the longest one with its end."""

    number: int
    longest_bytes: int


def lines(data: bytes, end: int, marks: Marks, columns: int) -> Lines | None:
    """Return the lines of a block, or None where it has to be scanned.

    Args:
        data: Text that begins with a record.
        end: The place after its last line end; what follows is not looked at.
        marks: By which bytes fields stand apart.
        columns: As many has each row.
    """
    if columns == 1 or not 0 < end <= limits.RECORD_BYTES_MAX or _is_odd(data, end, marks):
        return None
    text = np.frombuffer(data, np.uint8, end)
    number, longest_bytes, last_end, in_row = 0, 0, -1, 0
    for start in range(0, end, _SLICE_BYTES):
        part = text[start : start + _SLICE_BYTES]
        is_mark = part == marks.separator
        is_mark |= part == _LF
        places = np.flatnonzero(is_mark)
        is_end = part[places] == _LF
        nth = columns - 1 - in_row
        line_ends = places[nth::columns]
        if np.count_nonzero(is_end) != line_ends.size or not is_end[nth::columns].all():
            return None
        if line_ends.size:
            longest_bytes = max(longest_bytes, start + int(line_ends[0]) - last_end, _longest(line_ends))
            last_end = start + int(line_ends[-1])
            number += line_ends.size
        in_row = (in_row + places.size) % columns
    return Lines(number, longest_bytes)


def _longest(line_ends: NDArray[np.int64]) -> int:
    return int(np.diff(line_ends).max()) if line_ends.size > 1 else 0


def _is_odd(data: bytes, end: int, marks: Marks) -> bool:
    """Whether something in the block asks for a closer look, whatever its columns."""
    if marks.quote is not None and data.find(marks.quote_bytes, 0, end) >= 0:
        return True
    if marks.escape is not None and data.find(marks.escape_bytes, 0, end) >= 0:
        return True
    if data.find(b"\r", 0, end) >= 0 and data.count(b"\r", 0, end) != data.count(b"\r\n", 0, end):
        return True
    return data.find(b"\0", 0, end) >= 0 or not (data.isascii() or flaws.is_utf_8(data, end))
