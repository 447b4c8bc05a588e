"""Two who do the same thing at once, and faults that stop a run: nothing is lost, doubled or told in the log."""

import threading
from dataclasses import replace

import pytest

from engine.actions import goals as goal_actions
from engine.base import clock, ids
from engine.base.errors import GiveUp
from engine.flows.desk import Desk
from storage.database import Database
from storage.records.goals import ImportGoal, Property, PropertyType
from storage.tables import goals, profiles
from tests.fakes.shop import CALLER, Shop

HEADER = "id,name,points\n"


def is_free_to_write(database: Database) -> bool:
    """Say whether another thread could begin to write profiles now."""
    has_begun = threading.Event()

    def write() -> None:
        with database.write("dat"):
            has_begun.set()

    threading.Thread(target=write, daemon=True).start()
    return has_begun.wait(0.5)


def test_new_profiles_are_numbered_only_when_it_is_the_imports_turn_to_write(
    shop: Shop, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Numbered in one millisecond, two imports would give two profiles one id, and a change would lose one of them."""
    # given
    number, free = ids.profile_id_base, []

    def base() -> int:
        free.append(is_free_to_write(shop.desk.database))
        return number()

    monkeypatch.setattr(ids, "profile_id_base", base)
    shop.apply()
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    # when
    run = shop.run()
    # then
    assert run["profiles"]["created"] == 1
    assert free == [False]


def goal_of(desk: Desk) -> ImportGoal:
    """Return the one goal there is."""
    with desk.database.read() as cursor:
        [goal] = goals.listed(cursor)
    return goal


def test_of_two_who_save_a_goal_at_once_the_second_is_refused(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    shop.apply()
    goal = goal_of(shop.desk)
    make = goal_actions.make_properties

    def make_while_another_saves(desk: Desk, wanted: ImportGoal) -> list[Property]:
        monkeypatch.setattr(goal_actions, "make_properties", make)
        goal_actions.save(desk, CALLER, replace(goal, files="theirs_*.csv"), goal.version)
        return make(desk, wanted)

    monkeypatch.setattr(goal_actions, "make_properties", make_while_another_saves)
    # when
    with pytest.raises(GiveUp, match="was changed meanwhile"):
        goal_actions.save(shop.desk, CALLER, replace(goal, files="mine_*.csv"), goal.version)
    # then
    assert goal_of(shop.desk).files == "theirs_*.csv"


def test_a_property_that_several_make_at_once_is_made_once(shop: Shop) -> None:
    # given
    several = 8
    together = threading.Barrier(several)
    wanted = [Property(f"p{number}", PropertyType.TEXT, is_unique=False) for number in range(4)]

    def make() -> None:
        together.wait()
        profiles.add_properties(shop.desk.database, wanted, clock.now())

    threads = [threading.Thread(target=make) for _ in range(several)]
    # when
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    # then
    assert shop.sql("SELECT name FROM ctl.property ORDER BY name") == [(item.name,) for item in wanted]


@pytest.mark.promise("D11")
def test_a_run_that_fails_leaves_no_value_of_a_row_in_the_log(shop: Shop, caplog: pytest.LogCaptureFixture) -> None:
    # given
    shop.apply()
    shop.write("a.csv", "1,ana@example.org,5\n2,ben@example.org,7\n")  # the header is missing
    # when
    run = shop.run()
    # then
    assert "ana@example.org" in run["error"]["sentence"]
    assert run["id"] in caplog.text
    assert "ana@example.org" not in caplog.text


def test_a_folder_that_cannot_be_made_is_told_as_a_fault_of_the_disk(shop: Shop) -> None:
    # given
    shop.apply()
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    working = shop.desk.spool.root / "working"
    working.rmdir()
    working.write_text("no folder")
    # when
    run = shop.run()
    # then
    assert (run["state"], run["error"]["category"]) == ("failed", "storage")
    assert run["error"]["sentence"] == "The system refused: Not a directory."
