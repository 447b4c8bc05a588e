"""The job runner: threads that claim jobs under a lease, do them by their kind, and record how they ended."""

import threading
from datetime import timedelta

from engine.base import clock, errors, ids, limits, log
from engine.flows.desk import Desk
from engine.flows.kinds import KINDS
from engine.flows.watch import Watch
from storage.records.runs import Job, JobState
from storage.tables import jobs


class JobRunner:
    """Does queued jobs until it is stopped; several threads, one job each."""

    def __init__(self, desk: Desk) -> None:
        """Belong to one home; nothing runs yet."""
        self._desk = desk
        self._owner = ids.ulid()
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Take back what an earlier process of this home was doing, then begin."""
        with self._desk.database.write("ctl") as cursor:
            freed = jobs.free_all(cursor)
        if freed:
            log.logger(__name__).warning("%d jobs of a service that was killed are taken up again", freed)
        names = ["keeper", *(f"job-{number}" for number in range(limits.JOBS_AT_ONCE_MAX))]
        for name in names:
            work = self._keep if name == "keeper" else self._work
            thread = threading.Thread(target=work, name=name, daemon=True)
            thread.start()
            self._threads.append(thread)

    def stop(self) -> None:
        """Ask the threads to end and wait a bounded time; what still runs is taken up by the next start."""
        self._stopping.set()
        until_s = clock.monotonic_s() + limits.STOP_WAIT_S_MAX
        for thread in self._threads:
            thread.join(timeout=max(0.0, until_s - clock.monotonic_s()))

    def _work(self) -> None:
        while not self._stopping.wait(limits.ENGINE_TICK_S):
            try:
                while not self._stopping.is_set() and do_next(self._desk, self._owner, self._stopping):
                    pass
            except Exception:  # the edge of a thread: whatever it was, the next tick goes on
                log.logger(__name__).exception("a job thread stumbled")

    def _keep(self) -> None:
        while not self._stopping.wait(limits.JOB_LEASE_S / 3):
            with self._desk.database.write("ctl") as cursor:
                jobs.renew(cursor, self._owner, clock.now() + timedelta(seconds=limits.JOB_LEASE_S))


def do_next(desk: Desk, owner: str, stopping: threading.Event | None = None) -> Job | None:
    """Claim one job, do it, record its end; return it, or None where nothing is free.

    The command line calls this too, where no service runs.
    """
    with desk.database.read() as cursor:
        if not jobs.has_free(cursor, clock.now()):
            return None
    with desk.database.write("ctl") as cursor:
        job = jobs.claim(cursor, owner, clock.now(), clock.now() + timedelta(seconds=limits.JOB_LEASE_S))
    if job is None:
        return None
    try:
        if job.attempt > limits.JOB_ATTEMPTS_MAX:
            raise errors.GiveUp(f"Given up after {limits.JOB_ATTEMPTS_MAX} starts that were cut off; see the log.")
        result = KINDS[job.kind](desk, job.arguments, Watch(desk, job.job_id, stopping))
        _end(desk, job, JobState.DONE, result, None)
    except errors.ServiceStopping:
        with desk.database.write("ctl") as cursor:
            jobs.free(cursor, job.job_id)
    except errors.Cancelled as error:
        _end(desk, job, JobState.CANCELLED, None, error)
    except errors.HandoffError as error:
        _end(desk, job, JobState.FAILED, None, error)
    except Exception as error:  # the edge of a run: it becomes a recorded outcome
        trace = ids.trace()
        log.logger(__name__).exception("job %s (%s) failed, trace %s", job.job_id, job.kind, trace)
        _end(desk, job, JobState.FAILED, None, errors.GiveUp(f"It stopped on a fault of Handoff: {error}. Trace {trace}."))
    return job


def _end(
    desk: Desk, job: Job, state: JobState, result: dict[str, object] | None, error: errors.HandoffError | None
) -> None:
    said = (str(error), error.category.value) if error else None
    with desk.database.write("ctl") as cursor:
        jobs.end(cursor, job.job_id, state, result, said, clock.now())
