"""Goals that are not ticked: their files wait, what is wrong with them is in nobody's way, and nothing of them runs."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine import verbs
from engine.actions import files as file_actions
from engine.actions import goals as goal_actions
from engine.actions import runs as run_actions
from engine.base import clock, errors
from engine.flows import intake, queue
from storage.records.exchange import FileState
from storage.records.runs import RunState
from storage.tables import goals, runs
from tests.fakes import exchange as put
from tests.fakes.home import open_home
from tests.fakes.pushed import HEADER, Pushed, goal_for
from tests.fakes.shop import CALLER, Shop, wanted

ROW = HEADER + "1,Ana,5\n"


@pytest.fixture
def pushed(tmp_path: Path) -> Iterator[Pushed]:
    """A connection that partners push to, in an open home without a service."""
    with open_home(tmp_path) as desk:
        yield Pushed(desk)


def test_files_of_a_goal_that_is_not_ticked_wait_until_it_is(pushed: Pushed) -> None:
    # given: a second goal for other names, without mapping and not ticked
    resting = dataclasses.replace(goal_for(pushed.desk, pushed.connection, "*.txt"), version=2, is_on=False)
    with pushed.desk.database.write("ctl") as cursor:
        goals.save(cursor, dataclasses.replace(resting, mappings=(), identifiers=()), clock.now(), "tests")
        goals.save(cursor, dataclasses.replace(resting, version=3), clock.now(), "tests")
    # when: a file comes for each
    waiting = pushed.land("b.txt", ROW)
    taken = pushed.land("a.csv", ROW)
    run = pushed.run()
    # then
    assert (run.state, run.counts.files_taken) == (RunState.COMPLETED, 1)
    assert pushed.file(taken).state is FileState.COMPLETE
    assert (pushed.file(waiting).state, pushed.file(waiting).goal_id) == (FileState.QUEUED, resting.goal_id)
    # and: it starts no run, now or later
    assert intake.start_runs(pushed.desk) == []
    # when
    goal_actions.switch_goal(pushed.desk, CALLER, resting.goal_id, is_on=True)
    pushed.run()
    # then
    assert pushed.file(waiting).state is FileState.COMPLETE


def test_a_file_is_not_imported_again_for_a_goal_that_is_not_ticked(pushed: Pushed) -> None:
    # given: a file that cannot be read, and a goal that was unticked since
    failed = pushed.land("a.csv", "id,points\n1,5\n")
    pushed.run()
    assert pushed.file(failed).state is FileState.FAILED
    goal_actions.switch_goal(pushed.desk, CALLER, pushed.goal.goal_id, is_on=False)
    # when, then
    with pytest.raises(errors.GiveUp, match=r"goal that takes a\.csv is not ticked; tick it"):
        file_actions.import_again(pushed.desk, CALLER, failed)
    assert pushed.file(failed).state is FileState.FAILED


def test_where_two_goals_take_a_file_the_ticked_one_has_it(pushed: Pushed) -> None:
    # given: the older one rests
    other = goal_for(pushed.desk, pushed.connection, "*.csv")
    pushed.save(is_on=False)
    # when
    landed = pushed.land("a.csv", ROW)
    pushed.run()
    # then
    assert (pushed.file(landed).state, pushed.file(landed).goal_id) == (FileState.COMPLETE, other.goal_id)


def test_without_a_ticked_goal_a_run_says_so_in_one_sentence(pushed: Pushed) -> None:
    # given
    pushed.save(is_on=False)
    landed = pushed.land("a.csv", ROW)
    pushed.take_in()
    said = f"No goal of {pushed.connection.name} is ticked. Tick one on its page, then run it."
    # when, then: nobody starts one
    with pytest.raises(errors.GiveUp) as refused:
        run_actions.run_now(pushed.desk, CALLER, pushed.connection.connection_id)
    assert str(refused.value) == said
    # when: a schedule does
    with pushed.desk.database.write("ctl") as cursor:
        run_id = queue.add_run(cursor, pushed.connection.connection_id, "schedule")
    put.work(pushed.desk)
    # then
    with pushed.desk.database.read() as cursor:
        run = runs.by_id(cursor, run_id)
    assert run is not None
    assert (run.state, run.error) == (RunState.FAILED, said)
    assert pushed.file(landed).state is FileState.QUEUED


def test_a_goal_that_is_not_ticked_is_not_looked_for_at_the_server_and_exports_as_such(shop: Shop) -> None:
    # given: two goals of one folder, the second without mapping and not ticked
    content = wanted(shop.server)
    [connection] = content["connections"]
    resting = {**connection["goals"][0]["import"], "files": "*.txt", "identifiers": [], "mappings": [], "is_on": False}
    connection["goals"].append({"import": resting})
    verbs.do(shop.desk, CALLER, "apply", {"wanted": content})
    shop.write("a.csv", ROW)
    shop.write("b.txt", ROW)
    # when
    run = shop.run()
    # then: what the other goal takes is no stray file either
    assert (run["state"], run["files"]["taken"]) == ("completed", 1)
    assert shop.sql("SELECT name FROM ctl.file") == [("a.csv",)]
    # when
    [told] = verbs.do(shop.desk, CALLER, "export", {})["connections"]
    # then: only what is not as usual is said, and it is taken again as it is
    assert [goal["import"].get("is_on") for goal in told["goals"]] == [None, False]
    again = verbs.do(shop.desk, CALLER, "apply", {"wanted": content})
    assert {line["did"] for line in again["changes"] if line["kind"] == "connection"} == {"unchanged"}


def test_goals_of_a_file_keep_what_they_imported_in_whatever_order_they_stand(shop: Shop) -> None:
    # given
    content = wanted(shop.server)
    goal_list = content["connections"][0]["goals"]
    verbs.do(shop.desk, CALLER, "apply", {"wanted": content})
    shop.write("a.csv", ROW)
    shop.run()
    # when: another goal is put before the first
    goal_list.insert(0, {"import": {**goal_list[0]["import"], "files": "*.txt"}})
    verbs.do(shop.desk, CALLER, "apply", {"wanted": content})
    # then: the file is known again, and its points are not counted twice
    assert shop.run()["files"] == {"taken": 0, "unchanged": 1}
    assert shop.profile("1")["points"] == 5
