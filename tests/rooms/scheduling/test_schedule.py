"""When runs are started: on the beat, once each, never beside a run that is going (Y03, Y10, Y11, Y14)."""

import threading
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base import clock
from engine.flows import queue
from engine.flows.desk import Desk
from engine.scheduling import plan
from engine.scheduling.jobs import Worker
from engine.scheduling.tick import Ticker, start_due, tick
from storage.records.connections import ConnectionState
from storage.records.goals import FileFormat, ImportGoal
from storage.records.runs import JobState, Run
from storage.tables import connections, due, goals, jobs, runs
from tests.fakes.service import wait_until
from tests.rooms.scheduling.conftest import START, Clock, scheduled

TIMES = st.datetimes(datetime(2024, 1, 1), datetime(2030, 1, 1))


@pytest.mark.promise("Y03")
@pytest.mark.promise("Y11")
@given(start=TIMES, minutes=st.integers(1, 10_080), late_s=st.integers(0, 30 * 24 * 3600))
def test_the_next_due_time_is_the_first_on_the_beat_after_now(start: datetime, minutes: int, late_s: int) -> None:
    # given
    now = start + timedelta(seconds=late_s)
    # when
    following = plan.next_due(start, minutes, now)
    # then
    assert now < following <= now + timedelta(minutes=minutes)
    assert (following - start) % timedelta(minutes=minutes) == timedelta(0)


@pytest.mark.promise("Y03")
def test_ten_beats_lie_the_same_minutes_apart() -> None:
    # given
    found = [START]
    # when: each start comes a little late
    for _ in range(10):
        found.append(plan.next_due(found[-1], 15, found[-1] + timedelta(seconds=1)))
    # then
    assert found == [START + timedelta(minutes=15 * number) for number in range(11)]


@pytest.mark.fault(115)
@given(start=TIMES, minutes=st.integers(1, 10_080), back_s=st.integers(1, 3600))
def test_a_clock_that_jumped_back_makes_the_next_beat_no_earlier(start: datetime, minutes: int, back_s: int) -> None:
    assert plan.next_due(start, minutes, start - timedelta(seconds=back_s)) == start + timedelta(minutes=minutes)


def all_runs(desk: Desk) -> list[Run]:
    """Return all runs, the newest first."""
    with desk.database.read() as cursor:
        return runs.listed(cursor, None, 0, 100)


def end_all(desk: Desk) -> None:
    """End what is going, as if it had run."""
    with desk.database.write("ctl") as cursor:
        for run in runs.listed(cursor, None, 0, 100):
            jobs.end(cursor, run.run_id, JobState.DONE, {}, None, clock.now())


@pytest.fixture
def connection(desk: Desk) -> str:
    with desk.database.write("ctl") as cursor:
        return scheduled(cursor, 10)


def test_nothing_starts_before_it_is_due_and_then_once(desk: Desk, time: Clock, connection: str) -> None:
    # given, when
    time.move(minutes=9, seconds=59)
    before = start_due(desk)
    time.move(seconds=1)
    [run_id] = start_due(desk)
    again = start_due(desk)
    # then
    assert before == again == []
    [run] = all_runs(desk)
    assert (run.run_id, run.connection_id, run.started_by) == (run_id, connection, "schedule")
    with desk.database.read() as cursor:
        assert due.next_of(cursor, connection) == START + timedelta(minutes=20)


@pytest.mark.promise("Y11")
@pytest.mark.fault(113)
def test_three_days_off_are_made_up_for_by_one_run(desk: Desk, time: Clock, connection: str) -> None:
    # given
    time.move(days=3, seconds=5)
    # when
    started = [start_due(desk), start_due(desk)]
    # then: one now, and the next on the old beat
    assert [len(found) for found in started] == [1, 0]
    with desk.database.read() as cursor:
        following = due.next_of(cursor, connection)
    assert following == START + timedelta(days=3, minutes=10)


@pytest.mark.promise("Y10")
@pytest.mark.fault(114)
def test_a_beat_that_finds_its_run_still_going_is_left_out(desk: Desk, time: Clock, connection: str) -> None:
    # given
    time.move(minutes=10)
    assert len(start_due(desk)) == 1
    # when: the run goes on over two beats
    time.move(minutes=10)
    second = start_due(desk)
    time.move(minutes=10)
    third = start_due(desk)
    end_all(desk)
    time.move(minutes=10)
    fourth = start_due(desk)
    # then
    assert (second, third) == ([], [])
    assert len(fourth) == 1
    with desk.database.read() as cursor:
        assert due.next_of(cursor, connection) == START + timedelta(minutes=50)


@pytest.mark.parametrize("change", ["off", "unscheduled", "deleted"])
def test_what_is_off_or_unscheduled_leaves_the_schedule(desk: Desk, time: Clock, connection: str, change: str) -> None:
    # given
    with desk.database.write("ctl") as cursor:
        if change == "off":
            connections.set_state(cursor, connection, ConnectionState.OFF, None, time.now)
        elif change == "unscheduled":
            connections.set_schedule(cursor, connection, None, time.now)
        else:
            connections.delete(cursor, connection)
    time.move(minutes=11)
    # when
    assert start_due(desk) == []
    # then
    with desk.database.read() as cursor:
        assert due.next_of(cursor, connection) is None


def test_a_paused_connection_is_not_started_and_keeps_its_beat(desk: Desk, time: Clock, connection: str) -> None:
    # given
    with desk.database.write("ctl") as cursor:
        connections.set_state(cursor, connection, ConnectionState.PAUSED, "the host key changed", time.now)
    time.move(minutes=10)
    # when
    while_paused = start_due(desk)
    with desk.database.write("ctl") as cursor:
        connections.set_state(cursor, connection, ConnectionState.ON, None, time.now)
    time.move(minutes=10)
    # then
    assert while_paused == []
    assert len(start_due(desk)) == 1


@pytest.mark.promise("Y14")
@pytest.mark.fault(114)
def test_five_tickers_at_once_start_one_run(desk: Desk, time: Clock, connection: str) -> None:
    # given
    time.move(minutes=10)
    together = threading.Barrier(5)
    started: list[str] = []

    def tick() -> None:
        together.wait(10)
        started.extend(start_due(desk))

    threads = [threading.Thread(target=tick) for _ in range(5)]
    # when
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    # then
    assert len(started) == len(all_runs(desk)) == 1
    assert all_runs(desk)[0].connection_id == connection


@pytest.mark.promise("Y14")
def test_a_due_time_that_another_has_moved_on_is_not_claimed(desk: Desk, time: Clock, connection: str) -> None:
    # given
    with desk.database.write("ctl") as cursor:
        [(_, seen)] = due.ready(cursor, START + timedelta(minutes=10))
        assert due.claim(cursor, connection, seen, START + timedelta(minutes=20), time.now)
        # when, then: the second one saw the same due time
        assert not due.claim(cursor, connection, seen, START + timedelta(minutes=20), time.now)


def test_the_ticker_starts_what_is_due_by_itself(desk: Desk, time: Clock, connection: str) -> None:
    # given
    ticker = Ticker(desk)
    ticker.start()
    # when
    time.move(minutes=10)
    wait_until(lambda: bool(all_runs(desk)), 20)
    ticker.stop()
    # then
    assert [run.connection_id for run in all_runs(desk)] == [connection]


def test_a_tick_that_fails_is_in_the_log_and_the_next_one_works(
    desk: Desk, connection: str, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    # given
    def fail(*_: object) -> None:
        raise ValueError(connection)

    monkeypatch.setattr("engine.scheduling.tick.start_due", fail)
    # when
    tick(desk)
    # then
    assert [record.name for record in caplog.records] == ["handoff.engine.scheduling.tick"]
    assert "ValueError at" in caplog.text
    assert connection not in caplog.text


def test_a_scheduled_run_without_a_mapping_fails_with_its_reason(desk: Desk, time: Clock, connection: str) -> None:
    # given: as the wizard leaves it, until somebody maps the columns
    goal = ImportGoal(
        goal_id="goal",
        connection_id=connection,
        version=1,
        folder="/out",
        files="*.csv",
        format=FileFormat(),
        identifiers=(),
        create_profiles=True,
        mappings=(),
    )
    with desk.database.write("ctl") as cursor:
        goals.save(cursor, goal, time.now, "Ana")
    time.move(minutes=10)
    start_due(desk)
    # when
    Worker(desk).do_next()
    # then
    [run] = all_runs(desk)
    assert run.state == "failed"
    assert run.error == "Map columns first: Link one identifier: the field that says whose row it is."
    with desk.database.read() as cursor:
        assert jobs.open_with_key(cursor, queue.run_key(connection)) is None


def test_run_keys_keep_connections_apart() -> None:
    assert queue.run_key("one") != queue.run_key("two")
