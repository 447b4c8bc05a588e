"""Jobs: work as data, claimed under a lease by one conditional UPDATE (ctl.job)."""

import json
from datetime import datetime
from typing import Any

from storage.database import Cursor
from storage.records.runs import Job, JobState

_COLUMNS = "job_id, kind, arguments, unique_key, state, attempt, progress, result, error, cancel_wanted, created_at"


def insert(cursor: Cursor, job: Job, created_by: str) -> None:
    """Add a queued job."""
    cursor.execute(
        """INSERT INTO ctl.job (job_id, kind, arguments, unique_key, state, attempt, progress,
        cancel_wanted, created_by, created_at) VALUES (?, ?, ?, ?, 'queued', 0, '{}', false, ?, ?)""",
        [job.job_id, job.kind, json.dumps(job.arguments), job.unique_key, created_by, job.created_at],
    )


def claim(cursor: Cursor, owner: str, now: datetime, lease_until: datetime, held: frozenset[str]) -> Job | None:
    """Take the oldest job that is free: queued, or running with a lapsed lease, and no twin of its key running.

    Args:
        cursor: In a transaction on ctl.
        owner: Who takes it.
        now: UTC.
        lease_until: UTC.
        held: Jobs that threads of this owner are doing; a clock that jumps does not make them free.
    """
    going = "(state = 'running' AND (lease_until >= ? OR list_contains(?, job_id)))"
    row = cursor.execute(
        f"""WITH going AS (SELECT job_id, unique_key FROM ctl.job WHERE {going})
        SELECT job_id FROM ctl.job WHERE state IN ('queued', 'running')
        AND job_id NOT IN (SELECT job_id FROM going) AND unique_key NOT IN (SELECT unique_key FROM going)
        ORDER BY created_at, job_id LIMIT 1""",
        [now, sorted(held)],
    ).fetchone()
    if row is None:
        return None
    cursor.execute(
        "UPDATE ctl.job SET state = 'running', owner = ?, lease_until = ?, attempt = attempt + 1 WHERE job_id = ?",
        [owner, lease_until, row[0]],
    )
    return by_id(cursor, row[0])


def renew(cursor: Cursor, owner: str, held: frozenset[str], lease_until: datetime) -> None:
    """Keep the jobs that this owner is doing."""
    cursor.execute(
        "UPDATE ctl.job SET lease_until = ? WHERE owner = ? AND state = 'running' AND list_contains(?, job_id)",
        [lease_until, owner, sorted(held)],
    )


def has_free(cursor: Cursor, now: datetime) -> bool:
    """Return whether a claim may find something; costs no transaction."""
    row = cursor.execute(
        "SELECT count(*) FROM ctl.job WHERE state = 'queued' OR (state = 'running' AND lease_until < ?)", [now]
    ).fetchone()
    return bool(row and row[0])


def free(cursor: Cursor, job_id: str) -> None:
    """Give one job back, to be done by the next start."""
    cursor.execute(
        "UPDATE ctl.job SET state = 'queued', owner = NULL, lease_until = NULL, attempt = attempt - 1 WHERE job_id = ?",
        [job_id],
    )


def free_all(cursor: Cursor) -> int:
    """Give back what an earlier process of this home held: called under its lease, before work starts."""
    row = cursor.execute("SELECT count(*) FROM ctl.job WHERE state = 'running'").fetchone()
    cursor.execute("UPDATE ctl.job SET state = 'queued', owner = NULL, lease_until = NULL WHERE state = 'running'")
    return int(row[0]) if row else 0


def end(
    cursor: Cursor,
    job_id: str,
    state: JobState,
    result: dict[str, Any] | None,
    error: tuple[str, str] | None,
    ended_at: datetime,
) -> None:
    """Finish a job; error is (sentence, category)."""
    sentence, category = error or (None, None)
    cursor.execute(
        """UPDATE ctl.job SET state = ?, result = ?, error = ?, error_category = ?, ended_at = ?, owner = NULL,
        lease_until = NULL WHERE job_id = ?""",
        [state.value, json.dumps(result) if result is not None else None, sentence, category, ended_at, job_id],
    )


def set_arguments(cursor: Cursor, job_id: str, arguments: dict[str, Any]) -> None:
    """Write a job's arguments anew: what nobody needs any more is not kept."""
    cursor.execute("UPDATE ctl.job SET arguments = ? WHERE job_id = ?", [json.dumps(arguments), job_id])


def set_progress(cursor: Cursor, job_id: str, progress: dict[str, Any]) -> None:
    """Say how far a job is."""
    cursor.execute("UPDATE ctl.job SET progress = ? WHERE job_id = ?", [json.dumps(progress), job_id])


def want_cancel(cursor: Cursor, job_id: str) -> None:
    """Ask a job to stop at its next report."""
    cursor.execute(
        "UPDATE ctl.job SET cancel_wanted = true WHERE job_id = ? AND state IN ('queued', 'running')", [job_id]
    )


def is_cancel_wanted(cursor: Cursor, job_id: str) -> bool:
    """Return whether a person asked this job to stop."""
    row = cursor.execute("SELECT cancel_wanted FROM ctl.job WHERE job_id = ?", [job_id]).fetchone()
    return bool(row and row[0])


def by_id(cursor: Cursor, job_id: str) -> Job | None:
    """Return one job, or None."""
    row = cursor.execute(f"SELECT {_COLUMNS} FROM ctl.job WHERE job_id = ?", [job_id]).fetchone()
    return _record(row) if row else None


def open_with_key(cursor: Cursor, unique_key: str) -> Job | None:
    """Return the newest queued or running job of this key, or None."""
    row = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.job WHERE unique_key = ? AND state IN ('queued', 'running') "
        "ORDER BY created_at DESC LIMIT 1",
        [unique_key],
    ).fetchone()
    return _record(row) if row else None


def newest_with_key(cursor: Cursor, unique_key: str) -> Job | None:
    """Return the newest job of this key in any state, or None."""
    row = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.job WHERE unique_key = ? ORDER BY created_at DESC, job_id DESC LIMIT 1",
        [unique_key],
    ).fetchone()
    return _record(row) if row else None


def newest_done_with_key(cursor: Cursor, unique_key: str) -> Job | None:
    """Return the newest job of this key that was answered, or None."""
    row = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.job WHERE unique_key = ? AND state = 'done' "
        "ORDER BY created_at DESC, job_id DESC LIMIT 1",
        [unique_key],
    ).fetchone()
    return _record(row) if row else None


def _record(row: tuple) -> Job:  # type: ignore[type-arg]  # a database row has no static shape
    return Job(
        job_id=row[0],
        kind=row[1],
        arguments=json.loads(row[2]),
        unique_key=row[3],
        state=JobState(row[4]),
        attempt=row[5],
        progress=json.loads(row[6]),
        result=json.loads(row[7]) if row[7] else None,
        error=row[8],
        cancel_wanted=row[9],
        created_at=row[10],
    )


def count_open(cursor: Cursor, unique_key: str) -> int:
    """Return how many jobs of this key are queued or running."""
    row = cursor.execute(
        "SELECT count(*) FROM ctl.job WHERE unique_key = ? AND state IN ('queued', 'running')", [unique_key]
    ).fetchone()
    return int(row[0]) if row else 0


def has_queued(cursor: Cursor, unique_key: str) -> bool:
    """Say whether a job of this key waits, not counting one that runs."""
    row = cursor.execute(
        "SELECT count(*) FROM ctl.job WHERE unique_key = ? AND state = 'queued'", [unique_key]
    ).fetchone()
    return bool(row and row[0])
