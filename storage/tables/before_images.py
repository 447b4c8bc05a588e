"""What each merge replaced: a before-image in Parquet beside its row of dat.change, for lineage and revert.

<key>.parquet has, for each profile that a merge made or changed: profile_id BIGINT, line BIGINT (of the first row for
it), lines BIGINT[] (null where one row came for it, else the line that gave each mapping its value, by the mapping's
number), is_new BOOLEAN, and for each property number n of dat.change.fills: c<n> BOOLEAN (the merge changed it) and
b<n> (what it held before, where changed). <key>.rows.parquet has what the import remembered of its rows before
(merge_known), <key>.keys.parquet what it remembered of keys and their sums (merge_keys).
Files without a row, left by a merge that was rolled back, are removed by the keeping of old files.

A merge that replaces most profiles keeps their table instead, and <key>.parquet is written after its run (`compare`).
Until then `images` gives the same from the tables, which count for more than a file that a comparison left behind when
it was taken back.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from storage.database import Cursor, name_literal, text_literal
from storage.records.merges import MergePlan
from storage.tables import before_tables, changes, merge_writing
from storage.tables.changes import Change

PARQUET = "FORMAT parquet, COMPRESSION lz4_raw, DICTIONARY_SIZE_LIMIT 1, ROW_GROUP_SIZE 40960"
"""Looking for repeated values costs more than it saves, and of the codecs this one cost least. Small groups of rows are
written side by side, and whoever looks for one profile passes over most of them."""


@dataclass(frozen=True)
class Image:
    """A before-image that can be read. rows: SQL for it. path: of its file; None while it waits to be compared."""

    change: Change
    rows: str
    path: Path | None


def keep(cursor: Cursor, plan: MergePlan) -> None:
    """Write the before-image of temp.merged and its row; before the profiles are written."""
    if plan.changes_path is None:
        return
    names = merge_writing.written(cursor, plan)
    compared = _compared("dat.profile", "temp.merged", names)
    changes.add(cursor, plan, names, _written_to(cursor, compared, f"{plan.changes_path}.parquet"))
    _keep_keys(cursor, plan)


def keep_table(cursor: Cursor, plan: MergePlan, written: merge_writing.Written) -> int:
    """Put temp.merged in the place of the profiles, keep their table as it was, and add the row of the change.

    Returns:
        As before_tables.write: how many profiles are missing.
    """
    changes.add(
        cursor, plan, merge_writing.written(cursor, plan), before_tables.keep_lines(cursor, changes.change_id(plan))
    )
    _keep_keys(cursor, plan)
    return before_tables.write(cursor, changes.change_id(plan), written)


def uncompared(cursor: Cursor) -> list[Change]:
    """Return the changes whose before-images are still to be written: one, or none.

    Whoever changes profiles for good compares them first, in the same transaction.
    """
    return changes.by_ids(cursor, before_tables.listed(cursor))


def compare(cursor: Cursor, change: Change, path: Path) -> None:
    """Write the before-image of a change whose table was kept, and let the table go. path: where it is to lie."""
    changes.set_profiles(cursor, change.change_id, _written_to(cursor, _waiting(change), str(path)))
    before_tables.drop(cursor, change.change_id)


def images(cursor: Cursor, kept: Iterable[tuple[Change, Path]]) -> list[Image]:
    """Return what of these changes can be read, in their order; the caller reads within one transaction.

    Args:
        cursor: To read.
        kept: Changes with where their before-images lie, or are to lie.
    """
    waiting = before_tables.listed(cursor)
    found = []
    for change, path in kept:
        if change.change_id in waiting:
            found.append(Image(change, f"({_waiting(change)})", None))
        elif path.is_file():
            found.append(Image(change, f"read_parquet({text_literal(str(path))}, hive_partitioning = false)", path))
    return found


def _waiting(change: Change) -> str:
    names = [item.name for item in change.properties]
    return _compared(before_tables.before(change.change_id), before_tables.merged(change.change_id), names)


def _written_to(cursor: Cursor, compared: str, path: str) -> int:
    row = cursor.execute(f"COPY ({compared}) TO {text_literal(path)} ({PARQUET})").fetchone()
    return int(row[0]) if row else 0


def _keep_keys(cursor: Cursor, plan: MergePlan) -> None:
    if not plan.has_keys:
        return
    hashes = ", ".join(f"CAST({name} AS UUID) AS {name}" for name in ("key_hash", "row_hash", "wrote"))
    target = text_literal(f"{plan.changes_path}.keys.parquet")
    # Parquet has no whole numbers of 128 bits, and DuckDB is very slow to write one as digits.
    cursor.execute(f"COPY (SELECT * REPLACE ({hashes}) FROM temp.keys_before) TO {target} ({PARQUET})")


def _compared(held: str, merged: str, names: list[str]) -> str:
    """Return SQL for a before-image.

    Args:
        held: The table of what the profiles held.
        merged: Table or SQL of what the written ones hold now, as temp.merged.
        names: The properties that the merge may have written.
    """
    made = "".join(
        f", {name_literal(name)} IS NOT NULL AS c{number}, NULL AS b{number}" for number, name in enumerate(names)
    )
    return f"""{_replaced(held, merged, names)} UNION ALL
        SELECT profile_id, _line, _lines, true{made} FROM {merged} WHERE _old_id IS NULL"""


def _replaced(held: str, merged: str, names: list[str]) -> str:
    """Return SQL for the profiles that a merge changes, with what they held.

    They are read in their own order and compared by hashes with what they hold then, because gathering the old texts
    in the order of the file costs more than all the rest. The hashes live for this one statement.
    """
    # No property's name begins with "_", so that none is mistaken for one of these.
    hashes = "".join(f", hash({name_literal(name)}) AS _h{number}" for number, name in enumerate(names))
    differs = [f"m._h{number} <> hash(p.{name_literal(name)})" for number, name in enumerate(names)]
    parts = "".join(
        f", {differs[number]} AS c{number}, CASE WHEN {differs[number]} THEN p.{name_literal(name)} END AS b{number}"
        for number, name in enumerate(names)
    )
    changed = " OR ".join(f"c{number}" for number in range(len(names))) or "false"
    return f"""SELECT * FROM (
        SELECT p.profile_id, m._line AS line, m._lines AS lines, false AS is_new{parts}
        FROM {held} p JOIN (SELECT _old_id, _line, _lines{hashes} FROM {merged} WHERE _old_id IS NOT NULL) m
        ON m._old_id = p.profile_id) WHERE {changed}"""
