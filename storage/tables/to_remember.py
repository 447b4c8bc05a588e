"""Rows of large files that an import remembers after its run: what to read, and where it lies until then.

The rows that a merge applied are needed again when the same file comes again, not to end the run. So their file, as
the reader accepted it, stays in the spool, and a row of dat.to_remember, written with the merge, says by which columns
its rows are to be known.
"""

import json
from dataclasses import dataclass
from pathlib import Path

from storage.database import Cursor, text_literal
from storage.records.merges import MergePlan
from storage.tables import values


@dataclass(frozen=True)
class Remaining:
    """Accepted rows that are still to be remembered: all of them were applied. columns: numbers, as in the file."""

    goal_id: str
    file_name: str
    spool_key: str
    columns: tuple[int, ...]


def add(cursor: Cursor, plan: MergePlan) -> None:
    """Say that the rows of a merge are still to be remembered; its caller keeps what the reader accepted."""
    cursor.execute(
        "INSERT INTO dat.to_remember VALUES (?, ?, ?, ?)",
        [plan.goal_id, plan.file_name, plan.changes_key, json.dumps(plan.remember_by)],
    )


def listed(cursor: Cursor) -> list[Remaining]:
    """Return all that remains, oldest first."""
    return _found(cursor, "true", [])


def of_file(cursor: Cursor, goal_id: str, file_name: str) -> list[Remaining]:
    """Return what remains of one file of a goal: one, or none."""
    return _found(cursor, "goal_id = ? AND file_name = ?", [goal_id, file_name])


def settle(cursor: Cursor, remaining: Remaining, path: Path) -> None:
    """Remember the rows now, which still remain; the caller holds the write transaction on `dat`. path: their file."""
    forget(cursor, remaining.spool_key)
    rows = f"read_parquet({text_literal(str(path))}, hive_partitioning = false)"
    cursor.execute(
        f"INSERT INTO dat.import_row SELECT ?, ?, {values.row_hash(remaining.columns)} AS row_hash, count(*) "
        f"FROM {rows} GROUP BY row_hash",
        [remaining.goal_id, remaining.file_name],
    )


def forget(cursor: Cursor, spool_key: str) -> None:
    """Take the rows of a change off the list: they are remembered, or the change is taken back."""
    cursor.execute("DELETE FROM dat.to_remember WHERE spool_key = ?", [spool_key])


def _found(cursor: Cursor, where: str, given: list[str]) -> list[Remaining]:
    rows = cursor.execute(
        f"SELECT goal_id, file_name, spool_key, columns FROM dat.to_remember WHERE {where} ORDER BY spool_key", given
    ).fetchall()
    return [Remaining(goal_id, name, key, tuple(json.loads(columns))) for goal_id, name, key, columns in rows]
