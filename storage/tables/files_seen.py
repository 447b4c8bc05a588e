"""What imports took: the marker that a merge leaves in its own transaction (dat.file_seen)."""

import json
from datetime import datetime

from storage.database import Cursor
from storage.records.merges import FileSeen
from storage.records.runs import RunCounts


def last(cursor: Cursor, goal_id: str, file_name: str) -> FileSeen | None:
    """Return what the last import of this file left, or None where it was never taken."""
    row = cursor.execute(
        """SELECT sha256, size_bytes, fingerprint, sums, lapsed_sums, hash_columns, hash_version, run_id, counts,
        rows_fingerprint FROM dat.file_seen WHERE goal_id = ? AND file_name = ?""",
        [goal_id, file_name],
    ).fetchone()
    if row is None:
        return None
    return FileSeen(
        sha256=row[0],
        size_bytes=row[1],
        fingerprint=row[2],
        sums=tuple(json.loads(row[3])),
        lapsed_sums=tuple(json.loads(row[4])),
        hash_columns=tuple(json.loads(row[5])),
        hash_version=row[6],
        run_id=row[7],
        counts=json.loads(row[8]),
        rows_fingerprint=row[9],
    )


def taken(cursor: Cursor, goal_id: str) -> dict[str, tuple[int, int]]:
    """Return (bytes, rows) of each file of a goal when it was last taken, by its name; one question for a page."""
    rows = cursor.execute(
        "SELECT file_name, size_bytes, CAST(counts ->> '$.read' AS BIGINT) FROM dat.file_seen WHERE goal_id = ?",
        [goal_id],
    ).fetchall()
    return {name: (size_bytes, records or 0) for name, size_bytes, records in rows}


def rows_since(cursor: Cursor, since: datetime) -> dict[str, int]:
    """Return how many rows the files had that each goal imported since then (UTC), by goal id."""
    rows = cursor.execute(
        "SELECT goal_id, CAST(sum(CAST(counts ->> '$.read' AS BIGINT)) AS BIGINT) FROM dat.file_seen "
        "WHERE merged_at >= ? GROUP BY goal_id",
        [since],
    ).fetchall()
    return {goal_id: records or 0 for goal_id, records in rows}


def marks(cursor: Cursor, goal_id: str) -> dict[str, tuple[str, str, str]]:
    """Return what the last import of each file of a goal left: name -> (SHA-256, fingerprint of the goal, run id)."""
    rows = cursor.execute(
        "SELECT file_name, sha256, fingerprint, run_id FROM dat.file_seen WHERE goal_id = ?", [goal_id]
    ).fetchall()
    return {name: (sha256, fingerprint, run_id) for name, sha256, fingerprint, run_id in rows}


def counts_of_run(cursor: Cursor, run_id: str) -> dict[tuple[str, str], RunCounts]:
    """Return what a run has committed so far: (goal id, file name) -> counts; survives a kill."""
    rows = cursor.execute("SELECT goal_id, file_name, counts FROM dat.file_seen WHERE run_id = ?", [run_id]).fetchall()
    return {(goal_id, file_name): RunCounts(**json.loads(counts)) for goal_id, file_name, counts in rows}
