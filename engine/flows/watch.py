"""What running work tells the world: stages and progress, seldom enough to cost nothing, and whether to stop."""

import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

from engine.base import clock, errors, limits
from engine.flows.desk import Desk
from storage.records.runs import RunStage, StageState
from storage.tables import jobs, runs


class Watch:
    """Asks for one job whether a person wants it cancelled, or the service is ending."""

    def __init__(self, desk: Desk, job_id: str, stopping: threading.Event | None = None) -> None:
        """Belong to one job; stopping is set when the service ends."""
        self._desk = desk
        self._job_id = job_id
        self._stopping = stopping
        self._asked_s = self._said_s = 0.0
        self._cancelled = False

    def advance(self, done: int, total: int, unit: str) -> None:
        """Say how far the job is, for whoever looks at it; seldom enough to cost nothing."""
        if clock.monotonic_s() - self._said_s >= limits.PROGRESS_INTERVAL_S:
            self._said_s = clock.monotonic_s()
            with self._desk.database.write("ctl") as cursor:
                jobs.set_progress(cursor, self._job_id, {"done": done, "total": total, "unit": unit})

    def is_cancelled(self) -> bool:
        """Return whether the job should stop; asks the database at most every PROGRESS_INTERVAL_S.

        Raises:
            ServiceStopping: The service ends; the job is to be taken up again.
        """
        if self._stopping is not None and self._stopping.is_set():
            raise errors.ServiceStopping("The service is being stopped; the next start goes on with this.")
        if not self._cancelled and clock.monotonic_s() - self._asked_s >= limits.PROGRESS_INTERVAL_S:
            self._asked_s = clock.monotonic_s()
            with self._desk.database.read() as cursor:
                self._cancelled = jobs.is_cancel_wanted(cursor, self._job_id)
        return self._cancelled

    def stop_if_cancelled(self) -> None:
        """Raise Cancelled where a person asked for it, whenever that was."""
        self._asked_s = 0.0
        if self.is_cancelled():
            raise errors.Cancelled("Cancelled by a person; nothing was changed.")


class Stages:
    """Writes the stages of one run, one after the other."""

    def __init__(self, desk: Desk, run_id: str) -> None:
        """Belong to one run; nothing has begun."""
        self._desk = desk
        self._run_id = run_id
        self._stage: RunStage | None = None
        self._written_s = 0.0

    def begin(self, position: int, name: str, unit: str, total: int = 0) -> None:
        """Start the next stage; the one before has been ended."""
        self._stage = RunStage(self._run_id, position, name, StageState.RUNNING, clock.now(), None, 0, total, unit, "")
        self._write()

    def advance(self, done: int, total: int) -> None:
        """Say how far the stage is, in its unit."""
        if self._stage is not None:
            self._stage = replace(self._stage, done=done, total=total)
            if clock.monotonic_s() - self._written_s >= limits.PROGRESS_INTERVAL_S:
                self._write()

    def finish(self, summary: str) -> None:
        """End the stage well, with a line on what it did."""
        self._end(StageState.DONE, summary)

    def fail(self, summary: str) -> None:
        """End the stage that is going, if one is, with what went wrong."""
        self._end(StageState.FAILED, summary)

    def _end(self, state: StageState, summary: str) -> None:
        if self._stage is not None:
            done = max(self._stage.done, self._stage.total)
            done = done if state is StageState.DONE else self._stage.done
            self._stage = replace(self._stage, state=state, ended_at=clock.now(), summary=summary, done=done)
            self._write()
            self._stage = None

    def _write(self) -> None:
        if self._stage is not None:
            self._written_s = clock.monotonic_s()
            with self._desk.database.write("ctl") as cursor:
                runs.put_stage(cursor, self._stage)


Step = Callable[[Desk, dict[str, Any], Watch], dict[str, Any]]
"""A kind of job: arguments in, result out; raises HandoffError for what is expected to go wrong."""
