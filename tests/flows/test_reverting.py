"""A run is taken back whole, or refused by name; audiences follow."""

from datetime import timedelta
from typing import Any

import pytest

from engine.actions import audiences as audience_actions
from engine.actions import runs as actions
from engine.base import clock
from engine.base.errors import GiveUp
from engine.flows import keeping
from engine.views import audiences as audience_views
from tests.fakes.shop import CALLER, Shop, age, wanted

HEADER = "id,name,points\n"


def _keep_in(shop: Shop, days: int) -> None:
    """Remove what is old, so many days from now."""
    later = clock.now() + timedelta(days=days)
    try:
        clock.set_source(lambda: later)
        keeping.remove_old(shop.desk)
    finally:
        clock.use_machine_time()


def take_back(shop: Shop, *runs: dict[str, Any]) -> None:
    """Revert runs, one after the other."""
    for run in runs:
        actions.revert(shop.desk, CALLER, run["id"])
        shop.work()


def everything(shop: Shop) -> dict[str, list[tuple[Any, ...]]]:
    """Return profiles without the number of the run that touched them last, and what imports remember."""
    return {
        "profiles": shop.sql("SELECT * EXCLUDE (_rev) FROM dat.profile ORDER BY profile_id"),
        "rows": shop.sql("SELECT * FROM dat.import_row ORDER BY ALL"),
        "sums": shop.sql("SELECT file_name, sums, hash_columns FROM dat.file_seen ORDER BY ALL"),
    }


@pytest.mark.promise("Z17")
def test_a_run_that_is_reverted_leaves_the_state_before_it_and_its_file_is_not_taken_again(shop: Shop) -> None:
    # given a run, an audience, and a second run that changes, adds and sums
    path = shop.write("a.csv", HEADER + "1,Ana,5\n2,Ben,1\n")
    shop.apply()
    shop.run()
    audience = audience_actions.save(shop.desk, CALLER, None, "Rich", "points >= 5")
    shop.work()
    before = everything(shop)
    path.write_text(HEADER + "1,Ana,5\n2,Benno,7\n3,Cleo,9\n")
    age(path)
    second = shop.run()
    assert audience_views.page(shop.desk, CALLER, audience.audience_id).members == 3
    # when
    take_back(shop, second)
    # then
    assert everything(shop) == before
    assert audience_views.page(shop.desk, CALLER, audience.audience_id).members == 1
    assert shop.run()["files"] == {"taken": 0, "unchanged": 1}
    with pytest.raises(GiveUp, match="reverted already"):
        actions.revert(shop.desk, CALLER, second["id"])
    # and a file that is mended is imported as if that run had never been
    path.write_text(HEADER + "1,Ana,5\n2,Benno,8\n")
    age(path)
    third = shop.run()
    assert (third["rows"]["applied"], third["rows"]["unchanged"]) == (1, 1)
    assert (shop.profile("2")["name"], shop.profile("2")["points"]) == ("Benno", 9)


@pytest.mark.promise("Z17")
def test_a_run_that_later_ones_built_on_is_not_reverted_and_they_are_named(shop: Shop) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n2,Ben,1\n")
    shop.apply()
    first = shop.run()
    shop.write("b.csv", HEADER + "1,Anna,\n2,Benno,\n")
    second = shop.run()
    before = everything(shop)
    # when
    with pytest.raises(GiveUp) as refused:
        actions.revert(shop.desk, CALLER, first["id"])
    # then
    assert str(refused.value) == ("Cannot revert: run 2 changed 2 of the same values. Revert that one first.")
    assert everything(shop) == before
    # and one after the other it goes
    take_back(shop, second, first)
    assert shop.count() == 0


def test_a_run_whose_file_came_again_is_reverted_after_the_later_one(shop: Shop) -> None:
    # given
    path = shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    first = shop.run()
    path.write_text(HEADER + "1,Ana,5\n2,Ben,1\n")
    age(path)
    shop.run()
    # when
    with pytest.raises(GiveUp) as refused:
        actions.revert(shop.desk, CALLER, first["id"])
    # then
    assert "run 2 imported a.csv again" in str(refused.value)


def test_a_run_whose_profiles_a_later_one_met_again_is_reverted_after_it(shop: Shop) -> None:
    # given a later run that brings equal values to a profile of the first
    shop.write("a.csv", HEADER + "1,Ana,\n")
    shop.apply()
    first = shop.run()
    shop.write("b.csv", HEADER + "1,Ana,\n")
    second = shop.run()
    # when
    with pytest.raises(GiveUp, match=r"run 2 has rows of profiles that this run made \(1\)"):
        actions.revert(shop.desk, CALLER, first["id"])
    # then
    take_back(shop, second, first)
    assert shop.count() == 0


def test_rows_are_read_by_the_new_mapping_after_its_first_run_was_reverted(shop: Shop) -> None:
    # given rows that were imported, then again by another mapping, which was reverted
    path = shop.write("a.csv", HEADER + "1,Ana,5\n2,Ben,1\n")
    shop.apply()
    shop.run()
    goal = wanted(shop.server)["connections"][0]["goals"][0]["import"]
    more = {"field": "points", "property": "points_again", "type": "integer", "strategy": "sum"}
    shop.apply(mappings=[*goal["mappings"], more])
    second = shop.run()
    assert shop.profile("1")["points_again"] == 5
    take_back(shop, second)
    assert shop.profile("1")["points_again"] is None
    # when the file grows
    path.write_text(HEADER + "1,Ana,5\n2,Ben,1\n3,Cleo,2\n")
    age(path)
    shop.run()
    # then
    assert [shop.profile(number)["points_again"] for number in "123"] == [5, 1, 2]
    assert [shop.profile(number)["points"] for number in "123"] == [5, 1, 2]


@pytest.mark.fault(94)
def test_properties_are_called_as_people_like(shop: Shop) -> None:
    # given properties that are called as the merge might call something of its own
    goal = wanted(shop.server)["connections"][0]["goals"][0]["import"]
    names = {"name": "c0", "points": "h1"}
    mappings = [item | {"property": names.get(item["field"], item["property"])} for item in goal["mappings"]]
    path = shop.write("a.csv", HEADER + "1,Ana,5\n2,Ben,1\n")
    shop.apply(mappings=mappings)
    shop.run()
    path.write_text(HEADER + "1,Anna,5\n2,Ben,2\n")
    age(path)
    # when
    second = shop.run()
    # then
    assert second["state"] == "completed"
    assert (shop.profile("1")["c0"], shop.profile("2")["h1"]) == ("Anna", 3)
    take_back(shop, second)
    assert (shop.profile("1")["c0"], shop.profile("2")["h1"]) == ("Ana", 1)


def test_what_was_replaced_is_kept_ninety_days_and_then_says_so(shop: Shop) -> None:
    # given
    shop.write("a.csv", HEADER + "1,Ana,5\n")
    shop.apply()
    first = shop.run()
    folder = shop.desk.spool.root / "changes"
    _keep_in(shop, 89)
    assert len(list(folder.rglob("*.parquet"))) == 1
    # when
    _keep_in(shop, 91)
    # then
    assert list(folder.rglob("*.parquet")) == []
    with pytest.raises(GiveUp, match="is not kept any more"):
        actions.revert(shop.desk, CALLER, first["id"])
    assert shop.count() == 1
