"""Puts work into the queue: a run and its job in one transaction, or a question to a server."""

from typing import Any

from engine.base import clock, ids
from storage.database import Cursor
from storage.records.runs import Job, JobState
from storage.tables import jobs, runs

RUN = "run_connection"
SCAN = "scan_folder"
TEST = "test_connection"
HOST_KEY = "fetch_host_key"
LISTING = "list_names"
TEST_PARTNER = "test_partner"
RECOMPUTE = "recompute_audience"
RESEND = "resend_refused"
SEND_ANSWERS = "send_answers"
REVERT = "revert_run"
DRY_RUN = "dry_run"
REMEMBER = "remember_rows"


def run_key(connection_id: str) -> str:
    """Return the key under which a connection never runs twice at once (requirement Y10)."""
    return f"run:{connection_id}"


def add_run(cursor: Cursor, connection_id: str, started_by: str) -> str:
    """Queue a run; its job has the same id. The caller holds the ctl transaction."""
    run_id = ids.ulid()
    runs.insert(cursor, run_id, connection_id, started_by, clock.now())
    _add(cursor, run_id, RUN, {"run_id": run_id}, run_key(connection_id), started_by)
    return run_id


def add_question(
    cursor: Cursor, kind: str, arguments: dict[str, Any], unique_key: str, asked_by: str, job_id: str | None = None
) -> str:
    """Queue a scan, a test or a host key question and return the job's id, a new one unless it is given."""
    job_id = job_id or ids.ulid()
    _add(cursor, job_id, kind, arguments, unique_key, asked_by)
    return job_id


def recompute_key(audience_id: str) -> str:
    """Return the key under which an audience is never recomputed twice at once."""
    return f"audience:{audience_id}"


def add_recompute(cursor: Cursor, audience_id: str, asked_by: str) -> None:
    """Queue a recompute of an audience, unless one waits already; the caller holds the ctl transaction.

    One that runs may have looked before the change, so it does not count.
    """
    if not jobs.has_queued(cursor, recompute_key(audience_id)):
        _add(cursor, ids.ulid(), RECOMPUTE, {"audience_id": audience_id}, recompute_key(audience_id), asked_by)


def add_resend(cursor: Cursor, configuration_id: str, asked_by: str) -> None:
    """Queue the sending again of what failed for refused credentials; the caller holds the ctl transaction."""
    arguments = {"configuration_id": configuration_id}
    _add(cursor, ids.ulid(), RESEND, arguments, f"resend:{configuration_id}", asked_by)


def answers_key(connection_id: str) -> str:
    """Return the key under which a connection's receipts and results are never sent twice at once."""
    return f"answers:{connection_id}"


def has_answers_open(cursor: Cursor, connection_id: str) -> bool:
    """Say whether the sending of a connection's answers waits or goes."""
    return jobs.open_with_key(cursor, answers_key(connection_id)) is not None


def add_send_answers(cursor: Cursor, connection_id: str) -> None:
    """Queue the sending of receipts and results, unless one waits already; the caller holds the ctl transaction."""
    if not jobs.has_queued(cursor, answers_key(connection_id)):
        arguments = {"connection_id": connection_id}
        _add(cursor, ids.ulid(), SEND_ANSWERS, arguments, answers_key(connection_id), "answers")


def add_remember(cursor: Cursor, asked_by: str) -> None:
    """Queue the remembering of rows, unless one waits already; the caller holds the ctl transaction."""
    if not jobs.has_queued(cursor, REMEMBER):
        _add(cursor, ids.ulid(), REMEMBER, {}, REMEMBER, asked_by)


def _add(
    cursor: Cursor,
    job_id: str,
    kind: str,
    arguments: dict[str, Any],
    unique_key: str,
    created_by: str,
) -> None:
    job = Job(
        job_id=job_id,
        kind=kind,
        arguments=arguments,
        unique_key=unique_key,
        state=JobState.QUEUED,
        attempt=0,
        progress={},
        result=None,
        error=None,
        cancel_wanted=False,
        created_at=clock.now(),
    )
    jobs.insert(cursor, job, created_by)
