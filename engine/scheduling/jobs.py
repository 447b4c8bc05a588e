"""The job runner: threads that claim jobs under a lease, do them by their kind, and record how they ended."""

import threading
from datetime import datetime, timedelta

from engine.base import clock, errors, ids, limits, log, quiet, workers
from engine.flows import pulse
from engine.flows.desk import Desk
from engine.flows.kinds import KINDS, LOST
from engine.flows.watch import Watch
from storage.database import StorageFault
from storage.records.runs import Job, JobState
from storage.tables import jobs


class Worker:
    """Claims and does jobs in its callers' threads, under one owner's name; knows which ones it is doing.

    The command line is one too, where no service runs.
    """

    def __init__(self, desk: Desk) -> None:
        """Belong to one home; nothing is claimed yet."""
        self._desk = desk
        self._owner = ids.ulid()
        self._held: set[str] = set()
        self._guard = threading.Lock()

    def take_back(self) -> None:
        """Free what an earlier process of this home was doing; called once, under the home's lease."""
        with self._desk.database.write("ctl") as cursor:
            freed = jobs.free_all(cursor)
        if freed:
            log.logger(__name__).warning("%d jobs of a process that was killed are taken up again", freed)

    def renew(self) -> None:
        """Keep the leases of what is being done."""
        with self._desk.database.write("ctl") as cursor:
            jobs.renew(cursor, self._owner, self._holding(), _lease_until())

    def do_next(self, stopping: threading.Event | None = None) -> Job | None:
        """Claim one job, do it, record its end; return it, or None where nothing is free."""
        with self._desk.database.read() as cursor:
            if not jobs.has_free(cursor, clock.now()):
                return None
        with self._desk.database.write("ctl") as cursor:
            job = jobs.claim(cursor, self._owner, clock.now(), _lease_until(), self._holding())
        if job is None:
            return None
        with self._guard:
            self._held.add(job.job_id)
        try:
            _do(self._desk, job, stopping)
        finally:
            # Where the end could not be written, the lease lapses and the job is taken up again.
            with self._guard:
                self._held.discard(job.job_id)
        return job

    def _holding(self) -> frozenset[str]:
        with self._guard:
            return frozenset(self._held)


class JobRunner:
    """Does queued jobs until it is stopped; several threads, one job each."""

    def __init__(self, desk: Desk) -> None:
        """Belong to one home; nothing runs yet."""
        self._worker = Worker(desk)
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Take back what an earlier process of this home was doing, then begin."""
        self._worker.take_back()
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
        quiet.give_way()
        while not self._stopping.wait(limits.ENGINE_TICK_S):
            pulse.beat(pulse.JOBS)
            try:
                while not self._stopping.is_set() and self._worker.do_next(self._stopping):
                    pass
            except Exception as error:  # noqa: BLE001 - the edge of a thread: whatever it was, the next tick goes on
                log.logger(__name__).error("a job thread stumbled: %s", log.where(error))

    def _keep(self) -> None:
        while not self._stopping.wait(limits.JOB_LEASE_S / 3):
            # Also while all the others do long work.
            pulse.beat(pulse.JOBS)
            try:
                self._worker.renew()
            except Exception as error:  # noqa: BLE001 - the same: a full disk must not end the keeping for good
                log.logger(__name__).error("leases could not be renewed: %s", log.where(error))


def _lease_until() -> datetime:
    return clock.now() + timedelta(seconds=limits.JOB_LEASE_S)


def _do(desk: Desk, job: Job, stopping: threading.Event | None) -> None:
    try:
        result = _result(desk, job, stopping)
    except errors.ServiceStopping:
        with desk.database.write("ctl") as cursor:
            jobs.free(cursor, job.job_id)
    except errors.Cancelled as error:
        _end(desk, job, JobState.CANCELLED, None, error)
    except errors.HandoffError as error:
        _end(desk, job, JobState.FAILED, None, error)
    except (StorageFault, OSError) as error:
        log.logger(__name__).error("job %s (%s) failed: %s", job.job_id, job.kind, log.where(error))
        told = (
            workers.as_storage_error(error)
            if isinstance(error, OSError)
            else errors.GiveUp(str(error), errors.Category.STORAGE)
        )
        _end(desk, job, JobState.FAILED, None, told)
    except Exception as error:  # noqa: BLE001 - the edge of a run: it becomes a recorded outcome
        trace = ids.trace()
        log.logger(__name__).error("job %s (%s) failed, trace %s: %s", job.job_id, job.kind, trace, log.where(error))
        fault = errors.GiveUp(f"It stopped on a fault of Handoff; report it with what the log has at trace {trace}.")
        _end(desk, job, JobState.FAILED, None, fault)
    else:
        _end(desk, job, JobState.DONE, result, None)


def _result(desk: Desk, job: Job, stopping: threading.Event | None) -> dict[str, object]:
    if job.attempt > limits.JOB_ATTEMPTS_MAX:
        raise errors.GiveUp(f"Given up after {limits.JOB_ATTEMPTS_MAX} starts that were cut off; see the log.")
    return KINDS[job.kind](desk, job.arguments, Watch(desk, job.job_id, stopping))


def _end(
    desk: Desk, job: Job, state: JobState, result: dict[str, object] | None, error: errors.HandoffError | None
) -> None:
    if error is not None and job.kind in LOST:
        LOST[job.kind](desk, job.arguments, error)
    said = (str(error), error.category.value) if error else None
    with desk.database.write("ctl") as cursor:
        jobs.end(cursor, job.job_id, state, result, said, clock.now())
