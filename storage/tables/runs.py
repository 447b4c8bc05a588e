"""Runs and their stages (ctl.run, ctl.run_stage): what was done, when, with which counts."""

import json
from datetime import datetime
from typing import Any

from storage.database import Cursor
from storage.records.runs import Run, RunCounts, RunStage, RunState, StageState

_COLUMNS = (
    "r.run_id, r.number, r.connection_id, coalesce(c.name, ''), r.state, r.started_by, r.queued_at, r.started_at, "
    "r.ended_at, r.rows_read, r.rows_applied, r.rows_unchanged, r.rows_skipped, r.rows_rejected, r.profiles_created, "
    "r.profiles_updated, r.files_taken, r.files_unchanged, r.error, r.error_category, r.attempt"
)
_NUMBER_DIGITS_MAX = 18
_FROM = "FROM ctl.run r LEFT JOIN ctl.connection c USING (connection_id)"


def insert(cursor: Cursor, run_id: str, connection_id: str, started_by: str, queued_at: datetime) -> int:
    """Add a queued run and return its number, one above the highest."""
    number = next_number(cursor)
    cursor.execute(
        "INSERT INTO ctl.run VALUES (?, ?, ?, 'queued', ?, ?, NULL, NULL, 0, 0, 0, '{}', 0, 0, 0, 0, 0, NULL, NULL, 0)",
        [run_id, number, connection_id, started_by, queued_at],
    )
    return number


def next_number(cursor: Cursor) -> int:
    """Return the number that the next run will have."""
    row = cursor.execute("SELECT coalesce(max(number), 0) + 1 FROM ctl.run").fetchone()
    return int(row[0]) if row else 1


def start(cursor: Cursor, run_id: str, started_at: datetime) -> None:
    """Mark a run as running; the first start keeps its time, a later one counts as another attempt."""
    cursor.execute(
        "UPDATE ctl.run SET state = 'running', started_at = coalesce(started_at, ?), attempt = attempt + 1 "
        "WHERE run_id = ?",
        [started_at, run_id],
    )
    cursor.execute("DELETE FROM ctl.run_stage WHERE run_id = ?", [run_id])


def end(
    cursor: Cursor, run_id: str, state: RunState, counts: RunCounts, ended_at: datetime, error: tuple[str, str] | None
) -> None:
    """Write a run's final state and counts; error is (sentence, category)."""
    sentence, category = error or (None, None)
    cursor.execute(
        """UPDATE ctl.run SET state = ?, ended_at = ?, rows_read = ?, rows_applied = ?, rows_unchanged = ?,
        rows_skipped = ?, rows_rejected = ?, profiles_created = ?, profiles_updated = ?, files_taken = ?,
        files_unchanged = ?, error = ?, error_category = ? WHERE run_id = ?""",
        [
            state.value,
            ended_at,
            counts.read,
            counts.applied,
            counts.unchanged,
            json.dumps(counts.skipped),
            counts.rejected,
            counts.created,
            counts.updated,
            counts.files_taken,
            counts.files_unchanged,
            sentence,
            category,
            run_id,
        ],
    )


def by_id(cursor: Cursor, run_id: str) -> Run | None:
    """Return one run by its id or by its number as text, or None."""
    number = int(run_id) if run_id.isascii() and run_id.isdigit() and len(run_id) <= _NUMBER_DIGITS_MAX else -1
    row = cursor.execute(f"SELECT {_COLUMNS} {_FROM} WHERE r.run_id = ? OR r.number = ?", [run_id, number]).fetchone()
    return _record(row) if row else None


def listed(cursor: Cursor, connection_id: str | None, start: int, most: int) -> list[Run]:
    """Return runs, going ones first, then newest first; of one connection or of all."""
    where = "WHERE r.connection_id = ?" if connection_id else ""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} {_FROM} {where} "
        "ORDER BY r.state NOT IN ('running', 'queued'), r.number DESC LIMIT ? OFFSET ?",
        [*([connection_id] if connection_id else []), most, start],
    ).fetchall()
    return [_record(row) for row in rows]


def newest_by_connection(cursor: Cursor) -> dict[str, Run]:
    """Return the newest run of each connection that has one."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} {_FROM} WHERE r.number = (SELECT max(o.number) FROM ctl.run o "
        "WHERE o.connection_id = r.connection_id)"
    ).fetchall()
    return {row[2]: _record(row) for row in rows}


def count(cursor: Cursor, connection_id: str | None) -> int:
    """Return how many runs there are, of one connection or of all."""
    where = "WHERE connection_id = ?" if connection_id else ""
    row = cursor.execute(f"SELECT count(*) FROM ctl.run {where}", [connection_id] if connection_id else []).fetchone()
    return int(row[0]) if row else 0


def rows_by_day(cursor: Cursor, since: datetime) -> dict[str, dict[str, int]]:
    """Return rows read since a time: connection id -> ISO day (UTC) -> rows."""
    rows = cursor.execute(
        """SELECT connection_id, strftime(ended_at, '%Y-%m-%d'), sum(rows_read)::BIGINT FROM ctl.run
        WHERE ended_at >= ? GROUP BY 1, 2""",
        [since],
    ).fetchall()
    found: dict[str, dict[str, int]] = {}
    for connection_id, day, read in rows:
        found.setdefault(connection_id, {})[day] = read
    return found


def put_stage(cursor: Cursor, stage: RunStage) -> None:
    """Write a stage of a run anew."""
    cursor.execute("DELETE FROM ctl.run_stage WHERE run_id = ? AND position = ?", [stage.run_id, stage.position])
    cursor.execute(
        "INSERT INTO ctl.run_stage VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            stage.run_id,
            stage.position,
            stage.name,
            stage.state.value,
            stage.started_at,
            stage.ended_at,
            stage.done,
            stage.total,
            stage.unit,
            stage.summary,
        ],
    )


def stages(cursor: Cursor, run_id: str) -> list[RunStage]:
    """Return a run's stages in order; empty before it starts."""
    rows = cursor.execute("SELECT * FROM ctl.run_stage WHERE run_id = ? ORDER BY position", [run_id]).fetchall()
    return [_stage(*row) for row in rows]


def _stage(run_id: str, position: int, name: str, state: str, *rest: Any) -> RunStage:
    return RunStage(run_id, position, name, StageState(state), *rest)


def _record(row: tuple) -> Run:  # type: ignore[type-arg]  # a database row has no static shape
    return Run(
        run_id=row[0],
        number=row[1],
        connection_id=row[2],
        connection_name=row[3],
        state=RunState(row[4]),
        started_by=row[5],
        queued_at=row[6],
        started_at=row[7],
        ended_at=row[8],
        counts=RunCounts(row[9], row[10], row[11], json.loads(row[12]), *row[13:18]),
        error=row[18],
        error_category=row[19],
        attempt=row[20],
    )
