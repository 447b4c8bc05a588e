"""A kill at any line of taking a file: rows, states and answers agree after the next start, nothing counts twice."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.base.errors import GiveUp
from engine.flows import answering, taking
from engine.flows.desk import Desk
from engine.flows.kinds import LOST
from storage.records.exchange import FileState
from storage.records.runs import RunState
from storage.tables import exchange, jobs, merges
from tests.fakes import exchange as put
from tests.fakes.home import open_home
from tests.fakes.pushed import HEADER, Pushed, answers_of


class Killed(BaseException):
    """The process ends here: nothing that catches errors sees it."""


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home without a service."""
    with open_home(tmp_path) as opened:
        yield opened


@pytest.fixture
def pushed(desk: Desk) -> Pushed:
    """A connection that partners push to."""
    return Pushed(desk)


def kill_at(monkeypatch: pytest.MonkeyPatch, module: object, name: str, nth: int, *, after: bool) -> None:
    """Let the nth call of a function be the last thing that happens."""
    whole: Any = getattr(module, name)
    calls = 0

    def killing(*arguments: object, **named: object) -> object:
        nonlocal calls
        calls += 1
        if calls == nth and not after:
            raise Killed
        done = whole(*arguments, **named)
        if calls == nth:
            raise Killed
        return done

    monkeypatch.setattr(module, name, killing)


@pytest.mark.parametrize("after", [False, True], ids=["before", "after"])
@pytest.mark.parametrize(
    ("module", "name", "nth"),
    [
        (exchange, "move", 1),
        (taking, "_read", 1),
        (merges, "merge", 2),
        (taking, "_merge", 1),
        (taking, "_end", 1),
        (answering, "result", 2),
        (exchange, "move", 4),
    ],
)
def test_a_kill_while_files_are_taken_is_made_good_by_the_next_attempt(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch, module: object, name: str, nth: int, *, after: bool
) -> None:
    # given: two files of one run, the second with a bad row, and one that is as it was
    pushed.land("same.csv", HEADER + "9,Zoe,1\n")
    pushed.run()
    ids = [
        pushed.land("same.csv", HEADER + "9,Zoe,1\n"),
        pushed.land("a.csv", HEADER + "1,Ana,5\n"),
        pushed.land("b.csv", HEADER + "1,Ana,1\n2,Ben,many\n"),
    ]
    pushed.take_in()
    with monkeypatch.context() as patched:
        kill_at(patched, module, name, nth, after=after)
        # when
        with pytest.raises(Killed):
            put.work(pushed.desk)
    with pushed.desk.database.write("ctl") as cursor:
        jobs.free_all(cursor)
    run = pushed.run()
    # then
    assert (run.state, run.attempt) == (RunState.COMPLETED, 2)
    assert (run.counts.read, run.counts.applied, run.counts.rejected) == (3, 2, 1)
    assert (run.counts.files_taken, run.counts.files_unchanged) == (2, 1)
    files = [pushed.file(file_id) for file_id in ids]
    assert [file.state for file in files] == [FileState.COMPLETE] * 3
    assert [(file.rows_total, file.rows_ok, file.rows_errors) for file in files] == [(0, 0, 0), (1, 1, 0), (2, 1, 1)]
    assert pushed.sql("SELECT customer_id, points FROM dat.profile ORDER BY 1") == [("1", 6), ("9", 1)]
    for file in files:
        assert answers_of(pushed.desk, file.file_id)["result"]["status"] == "complete"


@pytest.mark.parametrize(("name", "state", "rows"), [("_read", FileState.FAILED, 0), ("_end", FileState.COMPLETE, 1)])
def test_a_run_that_is_given_up_leaves_no_file_in_progress(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch, name: str, state: FileState, rows: int
) -> None:
    # given: killed before the merge, or after it was committed
    landed_id = pushed.land("a.csv", HEADER + "1,Ana,5\n")
    pushed.take_in()
    with monkeypatch.context() as patched:
        kill_at(patched, taking, name, 1, after=False)
        with pytest.raises(Killed):
            put.work(pushed.desk)
    [(run_id,)] = pushed.sql("SELECT run_id FROM ctl.run")
    # when
    LOST["run_connection"](pushed.desk, {"run_id": run_id}, GiveUp("Given up after 20 starts."))
    # then
    file = pushed.file(landed_id)
    assert (file.state, file.rows_ok) == (state, rows)
    assert pushed.sql("SELECT state FROM ctl.run") == [("failed",)]


def test_a_failure_before_a_kill_is_still_the_runs_failure(pushed: Pushed, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: a bad file, and a kill while the next one is read
    bad = pushed.land("a.csv", HEADER)
    pushed.land("b.csv", HEADER + "1,Ana,5\n")
    pushed.take_in()
    with monkeypatch.context() as patched:
        kill_at(patched, taking, "_merge", 1, after=False)
        with pytest.raises(Killed):
            put.work(pushed.desk)
    with pushed.desk.database.write("ctl") as cursor:
        jobs.free_all(cursor)
    # when
    run = pushed.run()
    # then
    assert (run.state, run.counts.files_taken) == (RunState.FAILED, 1)
    assert "a.csv" in str(run.error)
    assert pushed.file(bad).state is FileState.FAILED
