"""Tells two large sets of numbers apart: what stands in the one alone and in the other alone, by sorting them together.

A full join of a million rows in SQL takes several times as long as reading them; sorting their numbers does not.
"""

from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from storage.database import Cursor

Numbers = NDArray[np.uint64]
_ONE = np.uint64(1)
_PLACE_BITS = 20
_NUMBER_BITS = 63


def hash_of(expression: str) -> str:
    """Return SQL for a number below 2^63 that stands for a text, 0 where it is null.

    Equal texts have equal numbers within one process; of a hundred million texts, two that differ have the same
    with a chance of one in three thousand. It is never stored: another version of DuckDB counts otherwise.
    """
    return f"CASE WHEN {expression} IS NULL THEN 0 ELSE hash({expression}) & 9223372036854775807 END::UBIGINT"


def columns(cursor: Cursor, query: str, values: list[Any]) -> list[Numbers]:
    """Return the columns of a query's answer, all whole numbers of at least 0 and none of them null."""
    found = cursor.execute(query, values).fetchnumpy()
    return [np.asarray(column).astype(np.uint64, copy=False) for column in found.values()]


def apart(these: Numbers, those: Numbers) -> tuple[Numbers, Numbers]:
    """Return what stands in these alone and in those alone, sorted; what is repeated in one counts once.

    Args:
        these: Below 2^63, in any order.
        those: The same.
    """
    both = np.empty(len(these) + len(those), np.uint64)
    np.left_shift(these, _ONE, out=both[: len(these)])
    np.left_shift(those, _ONE, out=both[len(these) :])
    # The lowest bit says where a number comes from, so that equal ones lie side by side, those of `these` first.
    both[len(these) :] |= _ONE
    both.sort()
    changes = np.ones(len(both) + 1, bool)
    np.not_equal(both[1:] >> _ONE, both[:-1] >> _ONE, out=changes[1:-1])
    firsts, lasts = both[changes[:-1]], both[changes[1:]]
    return lasts[lasts & _ONE == 0] >> _ONE, firsts[firsts & _ONE == 1] >> _ONE


def places(numbers: Numbers, few: Numbers) -> NDArray[np.intp]:
    """Return where in the numbers one of the few stands; both below 2^63 and spread evenly, as hashes are."""
    shift = np.uint64(_NUMBER_BITS - _PLACE_BITS)
    is_near = np.zeros(1 << _PLACE_BITS, bool)
    is_near[(few >> shift).astype(np.intp)] = True
    near = np.flatnonzero(is_near[(numbers >> shift).astype(np.intp)])
    return near[np.isin(numbers[near], few)]


def stage(cursor: Cursor, name: str, numbers: Numbers) -> None:
    """Make temp.<name>(number) of the numbers, until `drop`."""
    # The query reads the array where it lies: it has to live as long as the cursor knows its name.
    cursor.register(f"{name}_numbers", pa.table({"number": numbers}))
    cursor.execute(f"CREATE OR REPLACE TEMP TABLE {name} AS SELECT number FROM {name}_numbers")
    cursor.unregister(f"{name}_numbers")


def drop(cursor: Cursor, *names: str) -> None:
    """Remove temporary tables that may be there."""
    for name in names:
        cursor.execute(f"DROP TABLE IF EXISTS temp.{name}")
