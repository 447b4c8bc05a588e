"""Tells two large sets of numbers apart: what stands in the one alone and in the other alone, by sorting them together.

A full join of a million rows in SQL takes several times as long as reading them; sorting their numbers does not.
"""

import os
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from storage.database import Cursor

Numbers = NDArray[np.uint64]
_ONE = np.uint64(1)
_ONE_BY_ONE_MAX = 200_000
_PLACE_BITS = 20
_NUMBER_BITS = 63


def hash_of(expression: str) -> str:
    """Return SQL for a number below 2^63 that stands for a text; null and "" give numbers too.

    Equal texts have equal numbers within one process; of a hundred million texts, two that differ have the same
    with a chance of one in two thousand. It is never stored: another version of DuckDB may count otherwise.
    """
    return f"(hash({expression}) & 9223372036854775807)::UBIGINT"


def without_no_text(cursor: Cursor, numbers: Numbers) -> Numbers:
    """Leave out of numbers those that stand for no text: for null and for ""."""
    of_empty = hash_of("''")
    found = cursor.execute(f"SELECT unnest([{hash_of('NULL::VARCHAR')}, {of_empty}]) AS n").fetchnumpy()
    return np.asarray(numbers[~np.isin(numbers, np.asarray(found["n"], np.uint64))], np.uint64)


def columns(cursor: Cursor, query: str, values: list[Any]) -> list[Numbers]:
    """Return the columns of a query's answer, all whole numbers of at least 0 and none of them null."""
    found = cursor.execute(query, values).fetchnumpy()
    return [np.asarray(column).astype(np.uint64, copy=False) for column in found.values()]


def apart(pairs: Sequence[tuple[Numbers, Numbers]]) -> list[tuple[Numbers, Numbers]]:
    """Return, for each pair of sets, what stands in the first alone and in the second alone.

    Args:
        pairs: Numbers below 2^63 in any order; only in the first of a pair may one be repeated, and counts once.
    """
    if sum(len(these) + len(those) for these, those in pairs) < _ONE_BY_ONE_MAX:
        return [_apart(*pair) for pair in pairs]
    # Side by side: numpy lets go of Python's lock while it sorts.
    with ThreadPoolExecutor(min(len(pairs), os.cpu_count() or 1)) as threads:
        return list(threads.map(lambda pair: _apart(*pair), pairs))


def _apart(these: Numbers, those: Numbers) -> tuple[Numbers, Numbers]:
    both = np.empty(len(these) + len(those), np.uint64)
    np.left_shift(these, _ONE, out=both[: len(these)])
    np.left_shift(those, _ONE, out=both[len(these) :])
    # The new lowest bit says where a number comes from: equal ones then lie side by side, those of `these` first.
    both[len(these) :] |= _ONE
    both.sort()
    is_change = (both[1:] ^ both[:-1]) > _ONE
    is_those_alone = (both & _ONE).astype(bool)
    is_these_alone = ~is_those_alone
    # Alone is the last of its equals where it is one of `these`, and the first where it is one of `those`.
    is_these_alone[:-1] &= is_change
    is_those_alone[1:] &= is_change
    return both[is_these_alone] >> _ONE, both[is_those_alone] >> _ONE


def places(numbers: Numbers, few: Numbers) -> NDArray[np.intp]:
    """Return where in the numbers one of the few stands; both below 2^63 and spread evenly, as hashes are."""
    shift = np.uint64(_NUMBER_BITS - _PLACE_BITS)
    is_near = np.zeros(1 << _PLACE_BITS, bool)
    is_near[(few >> shift).view(np.int64)] = True
    near = np.flatnonzero(is_near[(numbers >> shift).view(np.int64)])
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
