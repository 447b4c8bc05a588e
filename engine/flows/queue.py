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


def run_key(connection_id: str) -> str:
    """Return the key under which a connection never runs twice at once (requirement Y10)."""
    return f"run:{connection_id}"


def add_run(cursor: Cursor, connection_id: str, started_by: str) -> str:
    """Queue a run; its job has the same id. The caller holds the ctl transaction."""
    run_id = ids.ulid()
    runs.insert(cursor, run_id, connection_id, started_by, clock.now())
    _add(cursor, run_id, RUN, {"run_id": run_id}, run_key(connection_id), started_by)
    return run_id


def add_question(cursor: Cursor, kind: str, arguments: dict[str, Any], unique_key: str, asked_by: str) -> str:
    """Queue a scan, a test or a host key question and return the job's id."""
    job_id = ids.ulid()
    _add(cursor, job_id, kind, arguments, unique_key, asked_by)
    return job_id


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
