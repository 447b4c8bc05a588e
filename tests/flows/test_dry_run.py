"""A dry run says what the next run comes to, changes nothing, and the run then comes to just that."""

from dataclasses import replace
from typing import Any

import pytest

from engine.actions import audiences as audience_actions
from engine.flows import queue
from storage.records.goals import Mapping, PropertyType, Strategy
from storage.tables import goals, jobs
from tests.fakes.shop import CALLER, Shop, age

HEADER = "id,name,points\n"
_STATE = (
    "SELECT * FROM dat.profile ORDER BY ALL",
    "SELECT * FROM dat.import_row ORDER BY ALL",
    "SELECT * FROM dat.file_seen ORDER BY ALL",
    "SELECT * FROM dat.reject ORDER BY ALL",
    "SELECT count(*) FROM dat.change",
    "SELECT count(*) FROM ctl.file",
    "SELECT count(*) FROM ctl.run",
    "SELECT * FROM ctl.property ORDER BY ALL",
    "SELECT column_name FROM information_schema.columns WHERE table_name = 'profile' ORDER BY 1",
)


def dry_run(shop: Shop, *more: Mapping) -> dict[str, Any]:
    """Try the goal, with more mappings that are not saved."""
    with shop.desk.database.read() as cursor:
        goal = goals.listed(cursor)[0]
    definition = goals.definition(replace(goal, mappings=(*goal.mappings, *more)))
    arguments = {"goal_id": goal.goal_id, "definition": definition}
    with shop.desk.database.write("ctl") as cursor:
        job_id = queue.add_question(cursor, queue.DRY_RUN, arguments, f"dry_run:{goal.goal_id}", CALLER.name)
    shop.work()
    with shop.desk.database.read() as cursor:
        job = jobs.by_id(cursor, job_id)
    assert job is not None
    assert job.error is None, job.error
    return job.result or {}


def state(shop: Shop) -> list[Any]:
    return [shop.sql(query) for query in _STATE]


@pytest.mark.promise("Z08")
def test_a_dry_run_writes_nothing_and_equals_the_run_that_follows(shop: Shop) -> None:
    # given profiles, an audience, and two changed files with everything in them
    path = shop.write("a.csv", HEADER + "1,Ana,5\n2,Ben,1\n")
    shop.apply()
    shop.run()
    audience_actions.save(shop.desk, CALLER, None, "Rich", "points >= 5")
    shop.work()
    path.write_text(HEADER + "1,Ana,5\n2,Benno,7\n3,Cleo,x\n,Dan,1\n4,Eve,2\n4,Eve,3\n")
    age(path)
    shop.write("b.csv", HEADER + "4,Eva,1\n5,Fay,1\n5,Fay\n")
    before = state(shop)
    # when
    tried = dry_run(shop)
    # then nothing was written
    assert state(shop) == before
    # and the run comes to the same
    run = shop.run()
    assert tried["counts"] == {name: run[name] for name in ("rows", "profiles", "files")}
    assert run["rows"] == {"read": 9, "applied": 5, "unchanged": 1, "skipped": {}, "rejected": 3}
    told = [(item["file"], item["line"], item["reason"]) for item in tried["rejects"]]
    assert told == [(item["file"], item["line"], item["reason"]) for item in shop.rejects(run)]
    # and it says what happens to each property, and to whom
    assert {item["property"]: (item["filled"], item["changed"]) for item in tried["properties"]} == {
        "customer_id": (2, 0),
        "name": (2, 2),
        "points": (2, 2),
    }
    ben = tried["sample"][0]
    assert (ben["file"], ben["line"], ben["values"]) == (
        "a.csv",
        3,
        [
            {"property": "name", "before": "Ben", "after": "Benno"},
            {"property": "points", "before": "1", "after": "8"},
        ],
    )
    assert tried["audiences"] == [{"name": "Rich", "members": 1, "leave": 0, "enter": 2}]
    assert (tried["stops"], tried["errors"]) == ([], [])


def test_a_dry_run_takes_the_goal_as_it_is_edited_and_says_what_would_stop_it(shop: Shop) -> None:
    # given a goal that was never run
    shop.write("a.csv", HEADER + "1,Ana,5\n2,Ben,x\n")
    shop.write("c.csv", "other\n1\n")
    shop.apply(rejected_percent_max=10)
    before = state(shop)
    # when: with a property that nobody has yet
    tried = dry_run(shop, Mapping("name", "first_name", PropertyType.TEXT, Strategy.SET))
    # then
    assert state(shop) == before
    assert tried["counts"]["rows"]["applied"] == 1
    assert tried["stops"] == ["1 of 2 rows are rejected, more than 10 %."]
    assert len(tried["errors"]) == 1
    assert "c.csv has no column" in tried["errors"][0]
    assert {"property": "first_name", "before": None, "after": "Ana"} in tried["sample"][0]["values"]
