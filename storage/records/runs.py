"""A run (one execution of a connection), its counts, its stages, and a job (work that is data)."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import Any


class RunState(StrEnum):
    """queued -> running -> completed | failed | cancelled; running -> queued again after a crash."""

    QUEUED = "queued"
    RUNNING = "running"
    COMPLETED = "completed"
    FAILED = "failed"
    CANCELLED = "cancelled"


class SkipReason(StrEnum):
    """Why a good row was not used: no profile, a later row of the file has its key, no action has its key."""

    NO_MATCH = "no_match"
    SUPERSEDED = "superseded"
    NO_ACTION = "no_action"


@dataclass(frozen=True)
class RunCounts:
    """The two lists of ruling 14: rows, read = applied + unchanged + skipped + rejected; profiles; files."""

    read: int = 0
    applied: int = 0
    unchanged: int = 0
    skipped: dict[str, int] = field(default_factory=dict)
    rejected: int = 0
    created: int = 0
    updated: int = 0
    files_taken: int = 0
    files_unchanged: int = 0

    @property
    def missing(self) -> int:
        """Rows read that have no outcome; 0 where the ledger adds up."""
        return self.read - self.applied - self.unchanged - sum(self.skipped.values()) - self.rejected

    def as_contract(self) -> dict[str, Any]:
        """Return the three maps that `run NAME --json` promises."""
        return {
            "rows": {
                "read": self.read,
                "applied": self.applied,
                "unchanged": self.unchanged,
                "skipped": dict(self.skipped),
                "rejected": self.rejected,
            },
            "profiles": {"created": self.created, "updated": self.updated},
            "files": {"taken": self.files_taken, "unchanged": self.files_unchanged},
        }


@dataclass(frozen=True)
class Run:
    """One row of ctl.run. number is what people see; times are UTC; error is one sentence or None.

    error_category is one of the categories of engine.base.errors.
    """

    run_id: str
    number: int
    connection_id: str
    connection_name: str
    state: RunState
    started_by: str
    queued_at: datetime
    started_at: datetime | None
    ended_at: datetime | None
    counts: RunCounts
    error: str | None
    error_category: str | None
    attempt: int


class StageState(StrEnum):
    """Where a stage of a run stands."""

    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"


@dataclass(frozen=True)
class RunStage:
    """One stage of a run: fetch, read, check, merge. done and total share a unit (bytes or rows)."""

    run_id: str
    position: int
    name: str
    state: StageState
    started_at: datetime
    ended_at: datetime | None
    done: int
    total: int
    unit: str
    summary: str


@dataclass(frozen=True)
class Reject:
    """One rejected row. line is the physical line in the file; column and value are None for whole rows."""

    run_id: str
    file_name: str
    line: int
    column: str | None
    value: str | None
    reason: str
    suggestion: str
    raw: str


class JobState(StrEnum):
    """A job's life: queued -> running -> done | failed | cancelled."""

    QUEUED = "queued"
    RUNNING = "running"
    DONE = "done"
    FAILED = "failed"
    CANCELLED = "cancelled"


@dataclass(frozen=True)
class Job:
    """Work as data: a kind registered by name, arguments and result as JSON, and a lease.

    unique_key: two jobs with the same key never run at once.
    """

    job_id: str
    kind: str
    arguments: dict[str, Any]
    unique_key: str
    state: JobState
    attempt: int
    progress: dict[str, Any]
    result: dict[str, Any] | None
    error: str | None
    cancel_wanted: bool
    created_at: datetime
