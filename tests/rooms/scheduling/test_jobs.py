"""Jobs: claimed under a lease, never two of one key at once, and every end is recorded."""

import logging
import threading
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

import pytest

from engine.base import clock, errors, limits
from engine.flows import queue
from engine.flows.desk import Desk
from engine.flows.watch import Step, Watch
from engine.scheduling.jobs import JobRunner, Worker
from storage.records.runs import Job, JobState, RunState
from storage.tables import jobs, runs
from tests.fakes.service import wait_until
from tests.rooms.scheduling.conftest import Clock, scheduled

SECRET = "a row's value"


def add(desk: Desk, kind: str = "probe", key: str = "key") -> str:
    """Queue a job."""
    with desk.database.write("ctl") as cursor:
        return queue.add_question(cursor, kind, {"n": 1}, key, "Ana")


def job(desk: Desk, job_id: str) -> Job:
    """Return a job as stored."""
    with desk.database.read() as cursor:
        found = jobs.by_id(cursor, job_id)
    assert found is not None
    return found


def answers(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Do nothing well."""
    del desk, watch
    return {"said": arguments["n"]}


def raises(error: BaseException) -> Step:
    """Return a kind that fails in this way."""

    def fail(*_: object) -> dict[str, Any]:
        raise error

    return fail


def test_a_job_is_done_and_its_result_kept(desk: Desk, made_up_kinds: dict[str, Step]) -> None:
    # given
    made_up_kinds["probe"] = answers
    job_id = add(desk)
    # when
    done = Worker(desk).do_next()
    # then
    assert done is not None
    assert done.job_id == job_id
    ended = job(desk, job_id)
    assert (ended.state, ended.result, ended.error, ended.attempt) == (JobState.DONE, {"said": 1}, None, 1)
    assert Worker(desk).do_next() is None


@pytest.mark.parametrize(
    ("error", "state"),
    [
        (errors.TryAgain("The server is gone; try again."), JobState.FAILED),
        (errors.MendData("The file is empty; send it again."), JobState.FAILED),
        (errors.Cancelled("Cancelled by a person; nothing was changed."), JobState.CANCELLED),
    ],
)
def test_an_expected_failure_is_recorded_in_its_words(
    desk: Desk, made_up_kinds: dict[str, Step], error: errors.HandoffError, state: JobState
) -> None:
    # given
    made_up_kinds["probe"] = raises(error)
    job_id = add(desk)
    # when
    Worker(desk).do_next()
    # then
    assert (job(desk, job_id).state, job(desk, job_id).error) == (state, str(error))


@pytest.mark.promise("D11")
def test_a_crash_is_a_recorded_failure_that_tells_no_values(
    desk: Desk, made_up_kinds: dict[str, Step], caplog: pytest.LogCaptureFixture
) -> None:
    # given
    logging.getLogger("handoff").addHandler(caplog.handler)
    made_up_kinds["probe"] = raises(KeyError(SECRET))
    job_id = add(desk)
    # when
    Worker(desk).do_next()
    # then
    ended = job(desk, job_id)
    assert ended.state is JobState.FAILED
    assert ended.error is not None
    assert ended.error.startswith("It stopped on a fault of Handoff; report it with what the log has at trace ")
    assert SECRET not in ended.error
    logging.getLogger("handoff").removeHandler(caplog.handler)
    assert "KeyError at jobs.py" in caplog.text
    assert SECRET not in caplog.text


def test_a_run_whose_kind_crashed_is_ended_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr("engine.flows.import_files._import_goals", raises(KeyError("x")))
    with desk.database.write("ctl") as cursor:
        run_id = queue.add_run(cursor, scheduled(cursor, None), "Ana")
    # when
    Worker(desk).do_next()
    # then
    with desk.database.read() as cursor:
        run = runs.by_id(cursor, run_id)
    assert run is not None
    assert (run.state, run.error_category) == (RunState.FAILED, "other")
    assert run.ended_at == clock.now()


def test_a_run_that_was_cut_off_too_often_is_given_up(desk: Desk) -> None:
    # given
    with desk.database.write("ctl") as cursor:
        run_id = queue.add_run(cursor, scheduled(cursor, None), "Ana")
        cursor.execute("UPDATE ctl.job SET attempt = ?", [limits.JOB_ATTEMPTS_MAX])
    # when
    Worker(desk).do_next()
    # then
    with desk.database.read() as cursor:
        run = runs.by_id(cursor, run_id)
    assert run is not None
    assert run.state is RunState.FAILED
    assert run.error == f"Given up after {limits.JOB_ATTEMPTS_MAX} starts that were cut off; see the log."
    assert job(desk, run_id).state is JobState.FAILED


def claim(desk: Desk, owner: str, held: frozenset[str] = frozenset()) -> Job | None:
    """Claim as a process of this name."""
    with desk.database.write("ctl") as cursor:
        return jobs.claim(cursor, owner, clock.now(), _until(), held)


def _until() -> datetime:
    return clock.now() + timedelta(seconds=limits.JOB_LEASE_S)


def test_a_lapsed_lease_is_taken_up_by_another(desk: Desk, time: Clock) -> None:
    # given
    job_id = add(desk)
    assert claim(desk, "first") is not None
    # when
    time.move(seconds=limits.JOB_LEASE_S - 1)
    before = claim(desk, "second")
    time.move(seconds=2)
    after = claim(desk, "second")
    # then
    assert before is None
    assert after is not None
    assert (after.job_id, after.attempt) == (job_id, 2)


def test_a_renewed_lease_does_not_lapse(desk: Desk, time: Clock) -> None:
    # given
    job_id = add(desk)
    claim(desk, "first")
    for _ in range(5):
        time.move(seconds=limits.JOB_LEASE_S - 1)
        # when
        with desk.database.write("ctl") as cursor:
            jobs.renew(cursor, "first", frozenset({job_id}), _until())
        # then
        assert claim(desk, "second") is None


def test_only_what_is_being_done_is_renewed(desk: Desk, time: Clock) -> None:
    # given: a thread stumbled and let its job go without an end
    add(desk)
    claim(desk, "first")
    time.move(seconds=limits.JOB_LEASE_S - 1)
    # when
    with desk.database.write("ctl") as cursor:
        jobs.renew(cursor, "first", frozenset(), _until())
    time.move(seconds=2)
    # then
    assert claim(desk, "first") is not None


@pytest.mark.fault(115)
@pytest.mark.parametrize("jump", [{"days": 1}, {"hours": -1}])
def test_a_clock_that_jumps_starts_no_job_twice(
    desk: Desk, time: Clock, made_up_kinds: dict[str, Step], jump: dict[str, float]
) -> None:
    # given: a job that lives, and a second of its key that waits
    worker = Worker(desk)
    inside: list[Job | None] = []

    def jumps(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
        del desk, arguments, watch
        time.move(**jump)
        inside.append(worker.do_next())
        return {}

    made_up_kinds["probe"] = jumps
    first = add(desk)
    made_up_kinds["other"] = answers
    time.move(seconds=1)
    add(desk, "other")
    # when
    worker.do_next()
    # then
    assert inside == [None]
    assert job(desk, first).attempt == 1


def test_two_jobs_of_one_key_never_run_at_once_and_others_do(desk: Desk, made_up_kinds: dict[str, Step]) -> None:
    # given
    going, most = set[int](), 0
    guard, both = threading.Lock(), threading.Barrier(2)

    def alone(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
        nonlocal most
        del desk, arguments, watch
        with guard:
            going.add(threading.get_ident())
            most = max(most, len(going))
        threading.Event().wait(0.03)
        with guard:
            going.discard(threading.get_ident())
        return {}

    def together(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
        del desk, arguments, watch
        both.wait(20)
        return {}

    made_up_kinds.update(probe=alone, pair=together)
    ids = [add(desk) for _ in range(5)] + [add(desk, "pair", "a"), add(desk, "pair", "b")]
    runner = JobRunner(desk)
    # when
    runner.start()
    wait_until(lambda: all(job(desk, job_id).state is JobState.DONE for job_id in ids), 30)
    runner.stop()
    # then
    assert most == 1


@pytest.mark.promise("Y12")
def test_a_job_cancelled_while_it_waits_changes_nothing(desk: Desk) -> None:
    # given
    with desk.database.write("ctl") as cursor:
        run_id = queue.add_run(cursor, scheduled(cursor, None), "Ana")
        jobs.want_cancel(cursor, run_id)
    # when
    Worker(desk).do_next()
    # then
    with desk.database.read() as cursor:
        run = runs.by_id(cursor, run_id)
    assert run is not None
    assert (run.state, run.error) == (RunState.CANCELLED, "Cancelled by a person; nothing was changed.")
    assert run.counts.read == 0
    assert job(desk, run_id).state is JobState.CANCELLED


@pytest.mark.promise("Y12")
def test_a_going_job_is_told_that_it_is_cancelled(desk: Desk, made_up_kinds: dict[str, Step]) -> None:
    # given
    began = threading.Event()

    def waits(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
        del desk, arguments
        began.set()
        wait_until(watch.is_cancelled, 20)
        watch.stop_if_cancelled()
        return {}

    made_up_kinds["probe"] = waits
    job_id = add(desk)
    worker = threading.Thread(target=Worker(desk).do_next)
    worker.start()
    assert began.wait(20)
    # when
    with desk.database.write("ctl") as cursor:
        jobs.want_cancel(cursor, job_id)
    worker.join(30)
    # then
    assert job(desk, job_id).state is JobState.CANCELLED


def test_a_stopping_service_leaves_its_job_to_the_next_start(desk: Desk, made_up_kinds: dict[str, Step]) -> None:
    # given
    stopping = threading.Event()

    def waits(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
        del desk, arguments
        stopping.set()
        watch.is_cancelled()
        return {}

    made_up_kinds["probe"] = waits
    job_id = add(desk)
    # when
    Worker(desk).do_next(stopping)
    # then: nothing counts as tried
    assert (job(desk, job_id).state, job(desk, job_id).attempt) == (JobState.QUEUED, 0)
    made_up_kinds["probe"] = answers
    Worker(desk).do_next()
    assert job(desk, job_id).state is JobState.DONE


@pytest.mark.fault(130)
def test_what_a_killed_process_was_doing_is_free_at_once(desk: Desk) -> None:
    # given
    job_id = add(desk)
    claim(desk, "killed")
    # when
    Worker(desk).take_back()
    # then
    found = claim(desk, "next")
    assert found is not None
    assert (found.job_id, found.attempt) == (job_id, 2)


def test_an_end_that_cannot_be_written_leaves_the_job_to_be_done_again(
    desk: Desk, time: Clock, made_up_kinds: dict[str, Step], monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: the disk is full when the end is to be written
    made_up_kinds["probe"] = answers
    job_id = add(desk)
    worker = Worker(desk)
    whole: Callable[..., None] = jobs.end

    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(jobs, "end", full)
    with pytest.raises(OSError, match="No space"):
        worker.do_next()
    monkeypatch.setattr(jobs, "end", whole)
    # when
    worker.renew()
    time.move(seconds=limits.JOB_LEASE_S + 1)
    worker.do_next()
    # then
    assert job(desk, job_id).state is JobState.DONE
