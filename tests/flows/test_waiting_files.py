"""Files that were taken and wait: no fault of the server, the disk, the clock or another file leaves them lying."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from engine.base import clock, errors, limits
from engine.files import reading
from engine.flows import intake
from engine.flows.desk import Desk
from storage.database import StorageFull
from storage.records.exchange import FileState, HandedFile
from storage.records.runs import RunState
from storage.tables import connections, exchange
from tests.fakes import exchange as put
from tests.fakes.home import open_home
from tests.fakes.pushed import HEADER, Pushed
from tests.fakes.shop import NAME, Shop


@pytest.fixture
def pushed(tmp_path: Path) -> Iterator[Pushed]:
    """A connection that partners push to, in an open home without a service."""
    with open_home(tmp_path) as desk:
        yield Pushed(desk)


def files(desk: Desk) -> list[HandedFile]:
    """Return all files, those first seen first."""
    with desk.database.read() as cursor:
        rows = cursor.execute("SELECT file_id FROM ctl.file ORDER BY first_seen_at, file_id").fetchall()
        found = exchange.by_ids(cursor, [file_id for (file_id,) in rows])
    return [found[file_id] for (file_id,) in rows]


@pytest.mark.parametrize("damage", ["gone", "changed"])
def test_a_kept_file_that_was_damaged_is_put_back_by_the_next_fetch(
    shop: Shop, monkeypatch: pytest.MonkeyPatch, damage: str
) -> None:
    # given: a run that was cut short after it had kept the file, and a disk that lost it
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()

    def full(*_: object) -> None:
        raise errors.OutOfSpace("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(reading, "read_in_worker", full)
        assert shop.run()["state"] == "failed"
    [kept] = files(shop.desk)
    path = shop.desk.spool.path(kept.spool_key or "")
    path.unlink()
    if damage == "changed":
        path.write_text(HEADER + "1,Ana,50\n")
    # when
    run = shop.run()
    # then
    assert (run["state"], shop.profile("1")["points"]) == ("completed", 5)
    assert [file.state for file in files(shop.desk)] == [FileState.COMPLETE]


def test_a_failed_file_whose_content_was_lost_is_taken_anew_where_it_lies(shop: Shop) -> None:
    # given
    shop.write("a.csv", "id,points\n1,5\n")
    shop.apply()
    shop.run()
    [failed] = files(shop.desk)
    shop.desk.spool.path(failed.spool_key or "").unlink()
    # when: the mapping is mended
    shop.apply(mappings=[{"field": "points", "property": "points", "type": "integer", "strategy": "sum"}])
    run = shop.run()
    # then
    assert (run["state"], shop.profile("1")["points"]) == ("completed", 5)


def test_what_a_person_handed_in_is_imported_though_the_server_cannot_be_reached(shop: Shop) -> None:
    # given
    shop.apply()
    with shop.desk.database.read() as cursor:
        connection = connections.by_name(cursor, NAME)
    assert connection is not None
    content = shop.desk.spool.work_folder("handed-in") / "data"
    content.write_text(HEADER + "1,Ana,5\n")
    shop.server.stop()
    # when
    intake.hand_in(shop.desk, connection.connection_id, "mended_a.csv", content, None)
    shop.work()
    # then: the run says what is wrong with the server
    [(state, error, taken)] = shop.sql("SELECT state, error, files_taken FROM ctl.run")
    assert (state, taken) == ("failed", 1)
    assert str(shop.server.port) in error
    assert [file.state for file in files(shop.desk)] == [FileState.COMPLETE]
    stages = dict(shop.sql("SELECT name, state FROM ctl.run_stage"))
    assert (stages["Fetch"], stages["Match and merge"]) == ("failed", "done")


def test_a_second_version_does_not_wait_for_somebody_to_run_it_where_the_first_was_bad(shop: Shop) -> None:
    # given: a file that was kept and never read, and another version of it
    shop.apply()
    with shop.desk.database.read() as cursor:
        connection = connections.by_name(cursor, NAME)
    assert connection is not None
    for text in ("id\n1\n", HEADER + "1,Ana,5\n"):
        content = shop.desk.spool.work_folder("handed-in") / "data"
        content.write_text(text)
        intake.hand_in(shop.desk, connection.connection_id, "a.csv", content, None)
    # when
    shop.work()
    # then
    assert shop.sql("SELECT state FROM ctl.run ORDER BY number") == [("failed",), ("completed",)]
    assert [file.state for file in files(shop.desk)] == [FileState.FAILED, FileState.COMPLETE]


@pytest.mark.fault(38)
def test_a_file_that_could_not_be_put_back_into_the_queue_is_taken_up_by_itself(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: a disk that is full in the middle of a file, and when its row is to be written again
    landed_id = pushed.land("a.csv", HEADER + "1,Ana,5\n")
    whole = exchange.move

    def full(*arguments: object, **named: object) -> None:
        if arguments[2] is not FileState.IN_PROGRESS:
            raise StorageFull("The disk is full.")
        whole(*arguments, **named)  # type: ignore[arg-type]

    with monkeypatch.context() as patched:
        patched.setattr(exchange, "move", full)
        run = pushed.run()
    assert (run.state, pushed.file(landed_id).state) == (RunState.FAILED, FileState.IN_PROGRESS)
    # when: there is room again, and some time has passed
    later = clock.now() + timedelta(seconds=limits.QUEUED_AGAIN_S + 1)
    clock.set_source(lambda: later)
    try:
        again = pushed.run()
    finally:
        clock.use_machine_time()
    # then
    assert (again.state, pushed.file(landed_id).state) == (RunState.COMPLETED, FileState.COMPLETE)
    assert pushed.sql("SELECT points FROM dat.profile") == [(5,)]


def test_a_file_that_was_renamed_after_the_clock_was_put_back_is_read_once(pushed: Pushed) -> None:
    # given: the second name landed an hour before the first one, as the clock says
    text = HEADER + "1,Ana,5\n"
    first = pushed.land("a.csv", text)
    before = (clock.now() - timedelta(hours=1)).isoformat()
    second = pushed.land("b.csv", text, landed_at=before, renamed_from=first)
    # when
    pushed.run()
    pushed.take_in()
    put.work(pushed.desk)
    # then
    assert pushed.file(first).state is FileState.COMPLETE
    assert pushed.file(second).state is FileState.IGNORED
    assert pushed.sql("SELECT points FROM dat.profile") == [(5,)]
