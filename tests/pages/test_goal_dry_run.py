"""The dry run on the goal page: asked with the edits, how it goes, what it came to, and when it holds no more."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import dry_runs as actions
from engine.base import clock, errors
from engine.flows.desk import Desk
from engine.views import dry_runs as view
from engine.views.dry_runs import Moved
from pages.parts import goal_dry_run
from storage.records.people import Caller, Role
from storage.records.runs import Job, JobState
from storage.tables import jobs
from tests.fakes import home
from tests.pages import shop as shops
from tests.pages.conftest import Show

RESULT: dict[str, Any] = {
    "version": 2,
    "files": [{"name": shops.FILE, "size_bytes": 1234, "sha256": "00"}],
    "counts": {
        "rows": {"read": 6, "applied": 2, "unchanged": 0, "skipped": {"no_match": 1}, "rejected": 3},
        "profiles": {"created": 1, "updated": 1},
        "files": {"taken": 1, "unchanged": 0},
    },
    "properties": [{"property": "spend", "filled": 1, "changed": 1, "cleared": 0}],
    "sample": [
        {
            "profile": 1000,
            "file": shops.FILE,
            "line": 2,
            "values": [
                {"property": "spend", "before": "11.7700000000", "after": "23.7700000000"},
                {"property": "last_purchase", "before": None, "after": "1997-01-18"},
                {"property": "customer_id", "before": None, "after": "00001"},
            ],
        }
    ],
    "rejects": [
        {
            "file": shops.FILE,
            "line": 4,
            "column": "date",
            "value": "19970231",
            "reason": "impossible_date",
            "suggestion": "no such day in the calendar",
        }
    ],
    "audiences": [{"name": "Big spenders", "members": 40, "leave": 14, "enter": 2}],
    "stops": ["Stopped: Big spenders would shrink."],
    "errors": ["b.txt is empty."],
}


@pytest.fixture
def shop(desk: Desk, admin: Caller) -> shops.Shop:
    made = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, made)
    shops.scan(desk, made)
    return made


def answer(desk: Desk, admin: Caller, shop: shops.Shop) -> None:
    """Leave an answered dry run of the goal as it is saved."""
    job_id = actions.ask(desk, admin, shops.goal_of(desk, shop))
    with desk.database.write("ctl") as cursor:
        jobs.end(cursor, job_id, JobState.DONE, RESULT, None, clock.now())


def told(desk: Desk, caller: Caller, shop: shops.Shop) -> view.DryRun:
    found = view.of_goal(desk, caller, shops.goal_of(desk, shop)).told
    assert found is not None
    return found


def newest(desk: Desk, shop: shops.Shop) -> Job:
    with desk.database.read() as cursor:
        found = jobs.newest_with_key(cursor, actions.key(shop.goal_id))
    assert found is not None
    return found


def texts(page: AppTest) -> str:
    blocks = [*page.markdown, *page.caption, *page.error, *page.warning]
    return "\n".join(str(block.value) for block in blocks)


@pytest.mark.promise("Z08")
def test_a_dry_run_is_asked_with_the_edits_shows_how_far_it_is_and_can_be_cancelled(
    desk: Desk, shop: shops.Shop, show: Show
) -> None:
    # given
    page = show("goal_page.py", id=shop.goal_id)
    edit = page.session_state[f"goal_edit:{shop.goal_id}"]
    edit.goal = replace(edit.goal, create_profiles=False)
    page.session_state["goal_part"] = "mappings"
    page.run()
    # when
    page.button(key="goal_dry_run").click().run()
    # then
    assert not page.exception
    job = newest(desk, shop)
    assert job.arguments["definition"]["create_profiles"] is False
    assert page.button(key="goal_dry_run").disabled
    assert page.progress[0].text == "Reading the files…"
    # when
    page.button(key="goal_dry_run_cancel").click().run()
    # then
    assert newest(desk, shop).cancel_wanted


@pytest.mark.promise("Z08")
def test_the_panel_says_what_the_next_run_would_do_and_until_when_that_holds(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given
    answer(desk, admin, shop)
    # when
    page = show("goal_page.py", id=shop.goal_id, part="mappings")
    # then
    assert not page.exception
    said = texts(page)
    assert "6 rows, adds up. Valid until a file or mapping changes." in said
    assert "A run would stop: Big spenders would shrink" in said
    assert "**Big spenders**: 14 of 40 leave, 2 enter" in said
    figures = page.table[-1].value
    assert list(figures.iloc[:, 1]) == ["**2**", "**0**", "**1**", "**3**", "**1**", "**1**"]
    # when what would change is opened, and the mapping edited
    page.button(key="goal_dry_run_details").click().run()
    # then
    assert not page.exception
    tables = [block.value for block in page.dataframe]
    sample = next(table for table in tables if "After" in table)
    assert list(sample["Before"]) == ["11.77", "–", "–"]  # noqa: RUF001 - the dash for nothing
    assert list(sample["After"]) == ["23.77", "18 Jan 1997", "00001"]
    assert [list(table["Leave"]) for table in tables if "Leave" in table] == [[14]]
    # when the goal is edited
    edit = page.session_state[f"goal_edit:{shop.goal_id}"]
    edit.goal = replace(edit.goal, create_profiles=False)
    page.run()
    # then
    assert "Not valid any more. The mapping was changed since." in texts(page)


def test_a_dry_run_holds_no_more_after_a_run_and_after_a_scan_that_saw_other_files(
    desk: Desk, admin: Caller, shop: shops.Shop
) -> None:
    # given
    answer(desk, admin, shop)
    assert told(desk, admin, shop).stale == ()
    # when the same files are seen again
    shops.scan(desk, shop)
    # then
    assert told(desk, admin, shop).stale == ()
    # when another file is seen, and a run ends
    with desk.database.write("ctl") as cursor:
        scan = jobs.newest_done_with_key(cursor, f"scan:{shop.goal_id}")
        assert scan is not None and scan.result is not None
        files = [*scan.result["files"], {"name": "CDNOW_1998.txt", "size_bytes": 5, "changed_at": None}]
        jobs.end(cursor, scan.job_id, JobState.DONE, {**scan.result, "files": files}, None, clock.now())
    shops.fail_run(desk, shop, "Gone.", errors.Category.NETWORK)
    # then
    assert told(desk, admin, shop).stale == ("Run 1 ended since.", "Files changed since.")


@pytest.mark.promise("D05")
def test_support_sees_a_dry_run_masked_and_cannot_ask_for_one(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given
    answer(desk, admin, shop)
    support = home.add_person(desk, admin, Role.SUPPORT)
    # when
    found = told(desk, support, shop)
    # then
    assert found.sample[0].values == (
        Moved("spend", Decimal("11.77"), Decimal("23.77")),
        Moved("last_purchase", None, date(1997, 1, 18)),
        Moved("customer_id", None, "0…"),
    )
    assert found.rejects[0].value == "19…"
    # when
    page = show("goal_page.py", email="support@example.org", id=shop.goal_id, part="mappings")
    # then
    assert not page.exception
    assert "goal_dry_run" not in {button.key for button in page.button}


def test_a_goal_with_a_problem_is_refused_and_a_second_dry_run_waits_for_the_first(
    desk: Desk, admin: Caller, shop: shops.Shop
) -> None:
    goal = shops.goal_of(desk, shop)
    with pytest.raises(errors.BadInput):
        actions.ask(desk, admin, replace(goal, identifiers=()))
    actions.ask(desk, admin, goal)
    with pytest.raises(errors.GiveUp, match="is going already"):
        actions.ask(desk, admin, goal)


def test_how_far_a_dry_run_is_is_said_in_its_unit(desk: Desk, admin: Caller, shop: shops.Shop) -> None:
    actions.ask(desk, admin, shops.goal_of(desk, shop))
    job = replace(newest(desk, shop), progress={"done": 1_500_000, "total": 6_000_000, "unit": "bytes"})

    assert goal_dry_run.progress(job) == (0.25, "1.5 MB of 6.0 MB")
    assert goal_dry_run.progress(replace(job, progress={"done": 3, "total": 6, "unit": "rows"})) == (0.5, "3 of 6 rows")
