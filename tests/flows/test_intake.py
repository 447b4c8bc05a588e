"""What landed at the endpoints is taken in once, judged by its name, imported in its order, and answered."""

import contextlib
import os
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.base import clock, errors, limits
from engine.flows import intake, queue
from engine.flows.desk import Desk
from storage.database import Cursor
from storage.records.connections import ConnectionState
from storage.records.exchange import FileState
from storage.records.merges import MergePlan
from storage.records.runs import RunCounts, RunState
from storage.tables import connections, exchange, jobs, merges
from tests.fakes import exchange as put
from tests.fakes.home import open_home
from tests.fakes.pushed import HEADER, Pushed, answers_of

ANA, BEN = HEADER + "1,Ana,5\n", HEADER + "2,Ben,7\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home without a service."""
    with open_home(tmp_path) as opened:
        yield opened


@pytest.fixture
def pushed(desk: Desk) -> Pushed:
    """A connection that partners push to."""
    return Pushed(desk)


def points(pushed: Pushed) -> dict[str, int]:
    """Return the points of each customer."""
    return dict(pushed.sql("SELECT customer_id, points FROM dat.profile ORDER BY 1"))


@pytest.mark.promise("T13")
@pytest.mark.promise("R05")
def test_a_file_that_landed_is_taken_imported_and_answered(pushed: Pushed) -> None:
    # given
    landed_id = pushed.land("a.csv", HEADER + "1,Ana,5\n2,Ben,many\n")
    # when: it is taken in
    pushed.take_in()
    queued = pushed.file(landed_id)
    # then
    assert (queued.state, queued.goal_id, queued.run_id) == (FileState.QUEUED, pushed.goal.goal_id, None)
    assert b"trace_id: " + queued.trace_id.encode() in answers_of(pushed.desk, landed_id)["receipt"]
    assert list(pushed.desk.spool.landed.iterdir()) == []
    # and when its run has ended
    run = pushed.run()
    # then
    file = pushed.file(landed_id)
    assert (run.state, run.started_by, run.counts.read, run.counts.applied) == (RunState.COMPLETED, "arrival", 2, 1)
    assert (file.state, file.run_id, file.reason) == (FileState.COMPLETE, run.run_id, None)
    assert (file.rows_total, file.rows_ok, file.rows_errors) == (2, 1, 1)
    result = answers_of(pushed.desk, landed_id)["result"]
    assert (result["trace_id"], result["status"], result["rows"]["errors"]) == (file.trace_id, "complete", 1)
    assert points(pushed) == {"1": 5}


def test_a_note_that_is_told_twice_makes_one_file(pushed: Pushed) -> None:
    # given: the service was killed after the row was written and before the note was removed
    landed_id = pushed.land("a.csv", ANA)
    note = pushed.desk.spool.landed / f"{landed_id}.json"
    text = note.read_text()
    pushed.take_in()
    note.write_text(text)
    # when
    pushed.run()
    # then
    assert [file.file_id for file in pushed.files()] == [landed_id]
    assert not note.exists()
    assert points(pushed) == {"1": 5}


@pytest.mark.fault(34)
def test_the_same_file_pushed_again_is_told_as_unchanged(pushed: Pushed) -> None:
    # given
    pushed.land("a.csv", ANA)
    pushed.run()
    # when
    again = pushed.land("a.csv", ANA)
    run = pushed.run()
    # then
    assert (run.state, run.counts.files_taken, run.counts.files_unchanged) == (RunState.COMPLETED, 0, 1)
    assert pushed.file(again).state is FileState.COMPLETE
    assert "nothing was imported again" in str(pushed.file(again).reason)
    assert answers_of(pushed.desk, again)["result"]["rows"]["total"] == 0
    assert points(pushed) == {"1": 5}


@pytest.mark.fault(35)
def test_other_content_or_another_mapping_under_the_same_name_is_imported(pushed: Pushed) -> None:
    # given
    pushed.land("a.csv", ANA)
    pushed.run()
    # when: other content, then the same content under a changed mapping
    pushed.land("a.csv", HEADER + "1,Ana,5\n1,Ana,1\n")
    other = pushed.run()
    pushed.save(mappings=pushed.goal.mappings[1:])
    pushed.land("a.csv", HEADER + "1,Ana,5\n1,Ana,1\n")
    mapped = pushed.run()
    # then
    assert (other.counts.files_taken, other.counts.applied, other.counts.unchanged) == (1, 1, 1)
    assert (mapped.counts.files_taken, mapped.counts.files_unchanged) == (1, 0)
    assert points(pushed) == {"1": 6}


@pytest.mark.fault(36)
def test_a_second_version_that_lands_in_mid_import_is_a_file_of_its_own_imported_after_it(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: the second version lands while the first is merged
    first = pushed.land("a.csv", HEADER + "1,old,5\n")
    whole: Callable[[Cursor, MergePlan], RunCounts] = merges.merge
    later: list[str] = []

    def merge(cursor: Cursor, plan: MergePlan) -> RunCounts:
        if not later:
            later.append(pushed.land("a.csv", HEADER + "1,new,1\n"))
            intake.take_in(pushed.desk)
        return whole(cursor, plan)

    monkeypatch.setattr(merges, "merge", merge)
    # when
    pushed.run()
    pushed.run()
    # then: each was read as it came, the older one first
    runs = [pushed.file(file_id).run_id for file_id in (first, later[0])]
    assert [pushed.file(file_id).state for file_id in (first, later[0])] == [FileState.COMPLETE] * 2
    assert runs[0] != runs[1]
    assert pushed.sql("SELECT name, points FROM dat.profile") == [("new", 6)]


def test_two_versions_that_wait_are_imported_one_after_the_other_by_themselves(pushed: Pushed) -> None:
    # given: what came between them stays between them
    ids = [pushed.land("a.csv", ANA), pushed.land("b.csv", HEADER + "1,Bea,1\n"), pushed.land("a.csv", BEN)]
    last = pushed.land("c.csv", HEADER + "1,Cas,1\n")
    # when
    pushed.run()
    # then
    files = [pushed.file(file_id) for file_id in (*ids, last)]
    assert [file.state for file in files] == [FileState.COMPLETE] * 4
    assert files[0].run_id == files[1].run_id != files[2].run_id == files[3].run_id
    assert pushed.sql("SELECT name, points FROM dat.profile ORDER BY customer_id") == [("Cas", 7), ("Ben", 7)]


@pytest.mark.promise("P13")
def test_names_that_are_not_read_are_seen_with_their_reason(pushed: Pushed) -> None:
    # given
    cases = {
        "a.txt": (FileState.NOT_MATCHED, "does not match"),
        "A.CSV": (FileState.NOT_MATCHED, "capital C"),
        "result_a.csv": (FileState.IGNORED, "mended_"),
        "RECEIPT_a.txt": (FileState.IGNORED, "for our own answers"),
    }
    ids = {name: pushed.land(name, ANA) for name in cases}
    deep = pushed.land("a.csv", ANA, folder="/archive")
    # when
    pushed.take_in()
    put.work(pushed.desk)
    # then
    for name, (state, reason) in cases.items():
        file = pushed.file(ids[name])
        assert file.state is state
        assert reason in str(file.reason)
    assert pushed.file(deep).state is FileState.NOT_MATCHED
    assert "/archive" in str(pushed.file(deep).reason)
    assert points(pushed) == {}
    # and whoever sent a result back is told what to do
    assert "mended_" in answers_of(pushed.desk, ids["result_a.csv"])["result"]["error"]


def test_a_file_that_gets_another_name_afterwards_is_read_once(pushed: Pushed) -> None:
    # given: one that was taken is renamed, one that was not gets a name that is read
    taken, other = pushed.land("a.csv", ANA), pushed.land("b.csv.upload", BEN)
    pushed.run()
    # when
    away = pushed.land("a_done.csv", ANA, renamed_from=taken)
    final = pushed.land("b.csv", BEN, renamed_from=other)
    run = pushed.run()
    # then
    assert pushed.file(away).state is FileState.IGNORED
    assert "a.csv under another name" in str(pushed.file(away).reason)
    assert pushed.file(other).state is FileState.NOT_MATCHED
    assert (pushed.file(final).state, run.counts.files_taken) == (FileState.COMPLETE, 1)
    assert points(pushed) == {"1": 5, "2": 7}


def test_files_for_a_connection_that_is_off_or_unmapped_wait_until_it_is_not(pushed: Pushed) -> None:
    # given
    set_state(pushed, ConnectionState.OFF)
    landed_id = pushed.land("a.csv", ANA)
    # when
    pushed.take_in()
    off = (pushed.file(landed_id).state, runs_of(pushed))
    set_state(pushed, ConnectionState.ON)
    mapped = pushed.goal
    pushed.save(mappings=(), identifiers=())
    pushed.take_in()
    unmapped = (pushed.file(landed_id).state, runs_of(pushed))
    pushed.save(mappings=mapped.mappings, identifiers=mapped.identifiers)
    run = pushed.run()
    # then
    assert off == unmapped == (FileState.QUEUED, 0)
    assert (run.state, pushed.file(landed_id).state) == (RunState.COMPLETED, FileState.COMPLETE)


@pytest.mark.fault(5)
@pytest.mark.parametrize("plant", [os.link, os.symlink])
def test_a_link_planted_in_the_place_of_a_file_is_never_read(
    pushed: Pushed, tmp_path: Path, plant: Callable[[Path, Path], None]
) -> None:
    # given
    secret = tmp_path / "secret.csv"
    secret.write_text(ANA)
    landed_id = pushed.land("a.csv", ANA)
    data = pushed.desk.spool.accepted(pushed.connection.connection_id) / f"{landed_id}.data"
    data.unlink()
    plant(secret, data)
    # when
    pushed.take_in()
    put.work(pushed.desk)
    # then
    assert pushed.files() == []
    assert points(pushed) == {}


def test_a_note_that_cannot_be_read_is_put_aside_and_holds_up_nobody(pushed: Pushed) -> None:
    # given
    (pushed.desk.spool.landed / "01A.json").write_text("{")
    pushed.land("a.csv", ANA)
    # when
    run = pushed.run()
    # then
    assert run.counts.files_taken == 1
    assert [path.name for path in pushed.desk.spool.landed.iterdir()] == ["01A.unreadable"]


def test_what_landed_for_a_deleted_connection_is_removed(pushed: Pushed) -> None:
    # given
    landed_id = pushed.land("a.csv", ANA)
    with pushed.desk.database.write("ctl") as cursor:
        connections.delete(cursor, pushed.connection.connection_id)
    # when
    pushed.take_in()
    # then
    assert list(pushed.desk.spool.landed.iterdir()) == []
    assert not (pushed.desk.spool.accepted(pushed.connection.connection_id) / f"{landed_id}.data").exists()


@pytest.mark.fault(38)
def test_a_full_disk_leaves_the_file_queued_and_a_later_run_takes_it_by_itself(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    def full(*_: object) -> RunCounts:
        raise errors.OutOfSpace("The disk is full.")

    landed_id = pushed.land("a.csv", ANA)
    with monkeypatch.context() as patched:
        patched.setattr(merges, "merge", full)
        # when
        run = pushed.run()
    # then: nothing is tried again at once
    assert (run.state, run.error_category) == (RunState.FAILED, "storage")
    assert pushed.file(landed_id).state is FileState.QUEUED
    assert intake.start_runs(pushed.desk) == []
    # and when there is room again, and some time has passed
    later = clock.now() + timedelta(seconds=limits.QUEUED_AGAIN_S + 1)
    clock.set_source(lambda: later)
    try:
        again = pushed.run()
    finally:
        clock.use_machine_time()
    # then
    assert (again.state, pushed.file(landed_id).state) == (RunState.COMPLETED, FileState.COMPLETE)


def test_after_a_person_cancelled_nothing_starts_until_something_new_lands(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: a run that is cancelled while the first of two files is merged
    ids = [pushed.land("a.csv", ANA), pushed.land("b.csv", BEN)]
    whole: Callable[[Cursor, MergePlan], RunCounts] = merges.merge

    def merge(cursor: Cursor, plan: MergePlan) -> RunCounts:
        counts = whole(cursor, plan)
        with pushed.desk.database.write("ctl") as other:
            jobs.want_cancel(other, plan.run_id)
        return counts

    with monkeypatch.context() as patched:
        patched.setattr(merges, "merge", merge)
        # when
        run = pushed.run()
    # then
    assert run.state is RunState.CANCELLED
    assert [pushed.file(file_id).state for file_id in ids] == [FileState.QUEUED] * 2
    assert intake.start_runs(pushed.desk) == []
    assert points(pushed) == {}
    # and when the next file lands, all are taken
    pushed.land("c.csv", HEADER + "3,Cas,1\n")
    pushed.run()
    assert points(pushed) == {"1": 5, "2": 7, "3": 1}


def test_a_failed_file_is_imported_again_from_what_was_kept(pushed: Pushed) -> None:
    # given: a file without the column that the mapping needs, mended by another mapping
    landed_id = pushed.land("a.csv", "id,points\n1,5\n")
    assert pushed.run().state is RunState.FAILED
    failed = pushed.file(landed_id)
    # when
    pushed.save(mappings=pushed.goal.mappings[1:])
    with pushed.desk.database.write("ctl") as cursor:
        intake.again(pushed.desk, cursor, landed_id)
        queue.add_run(cursor, pushed.connection.connection_id, "Ana Vos")
    pushed.run()
    # then
    assert failed.state is FileState.FAILED
    assert "has no column name" in str(failed.reason)
    done = pushed.file(landed_id)
    assert (done.state, done.reason, done.rows_ok) == (FileState.COMPLETE, None, 1)
    assert answers_of(pushed.desk, landed_id)["result"]["status"] == "complete"
    # and what ended well is not
    with pushed.desk.database.write("ctl") as cursor, pytest.raises(exchange.WrongStateError):
        intake.again(pushed.desk, cursor, landed_id)


def test_a_file_that_did_not_match_is_imported_once_its_pattern_takes_it(pushed: Pushed) -> None:
    # given
    landed_id = pushed.land("a.txt", ANA)
    pushed.take_in()
    with pushed.desk.database.write("ctl") as cursor, pytest.raises(errors.BadInput, match="does not match"):
        intake.again(pushed.desk, cursor, landed_id)
    # when
    pushed.save(files="*.txt")
    with pushed.desk.database.write("ctl") as cursor:
        intake.again(pushed.desk, cursor, landed_id)
        queue.add_run(cursor, pushed.connection.connection_id, "Ana Vos")
    pushed.run()
    # then
    assert pushed.file(landed_id).state is FileState.COMPLETE
    assert set(answers_of(pushed.desk, landed_id)) == {"receipt", "result"}


def test_a_file_whose_goal_went_away_gets_another_one_or_fails(pushed: Pushed) -> None:
    # given
    ids = [pushed.land("a.csv", ANA), pushed.land("b.csv", BEN)]
    pushed.take_in()
    with pushed.desk.database.write("ctl") as cursor:
        cursor.execute("UPDATE ctl.file SET goal_id = 'gone'")
    pushed.save(files="a*.csv")
    # when
    run = pushed.run()
    # then
    assert run.state is RunState.COMPLETED
    assert [pushed.file(file_id).state for file_id in ids] == [FileState.COMPLETE, FileState.FAILED]
    assert "No goal of" in str(pushed.file(ids[1]).reason)


@pytest.mark.promise("R05")
@pytest.mark.parametrize("before", list(FileState))
def test_a_file_goes_from_state_to_state_as_is_promised_and_no_other_way(pushed: Pushed, before: FileState) -> None:
    # given
    promised = {
        FileState.QUEUED: {FileState.IN_PROGRESS, FileState.FAILED},
        FileState.IN_PROGRESS: {FileState.COMPLETE, FileState.FAILED, FileState.QUEUED},
        FileState.FAILED: {FileState.QUEUED},
        FileState.NOT_MATCHED: {FileState.QUEUED},
    }
    went = set()
    for after in FileState:
        given = put.file(pushed.desk, pushed.connection, f"{after}.csv", None, state=before)
        # when
        with pushed.desk.database.write("ctl") as cursor, contextlib.suppress(exchange.WrongStateError):
            exchange.move(cursor, given.file_id, after)
            went.add(after)
    # then
    assert went == promised.get(before, set())


def runs_of(pushed: Pushed) -> int:
    """Return how many runs there are."""
    [(count,)] = pushed.sql("SELECT count(*) FROM ctl.run")
    return int(count)


def set_state(pushed: Pushed, state: ConnectionState) -> None:
    """Turn the connection on or off."""
    with pushed.desk.database.write("ctl") as cursor:
        connections.set_state(cursor, pushed.connection.connection_id, state, None, clock.now())
