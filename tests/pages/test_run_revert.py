"""Taking a run back from its page, what stands in the way, and importing what a limit stopped."""

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import runs as actions
from engine.base import errors
from engine.flows.desk import Desk
from engine.views import runs as view
from pages.parts import run_revert
from pages.parts.plain import plain
from storage.records.exchange import FileState, HandedFile
from storage.records.people import Caller, Role
from storage.records.runs import RunCounts
from storage.tables import audit, connections, exchange, profiles
from tests.fakes import exchange as given
from tests.pages import shop as shops
from tests.pages.conftest import Show

GROWN = (*shops.LINES[:3], " 00001 19970203 1 10.00")
REASON = "34 % of Big spenders would leave, more than 20 %."


@pytest.fixture
def shop(desk: Desk, admin: Caller, tmp_path: Path) -> shops.Shop:
    """A shop whose file was imported once."""
    made = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, made)
    shops.run_file(desk, made, tmp_path)
    return made


def keys(page: AppTest) -> set[str | None]:
    return {button.key for button in page.button}


def stop_by_limit(desk: Desk, shop: shops.Shop, admin: Caller) -> HandedFile:
    """Let a limit have stopped a file of the first run."""
    with desk.database.read() as cursor:
        connection = connections.by_id(cursor, shop.connection_id)
    assert connection is not None
    run_id = view.page(desk, admin, "1").run.run_id
    file = given.file(desk, connection, "small.csv", state=FileState.FAILED, reason=REASON, run_id=run_id)
    with desk.database.write("ctl") as cursor:
        exchange.stop_by_limit(cursor, file.file_id, is_stopped=True)
    return file


@pytest.mark.promise("Z17")
@pytest.mark.usefixtures("shop")
def test_a_run_is_reverted_from_its_page_and_says_by_whom(desk: Desk, show: Show) -> None:
    # given
    page = show("run_page.py", id="1")
    # when
    page.button(key="run_revert").click().run()
    # then
    assert not page.exception
    assert "**2 profiles** that it made are removed." in [line.value for line in page.markdown]
    assert page.button(key="run_revert_yes").label == "Revert run 1"
    # when
    page.button(key="run_revert_yes").click().run()
    # then
    assert not page.exception
    assert "Reverting: what the run changed is being put back." in [line.value for line in page.info]
    assert "run_revert" not in keys(page)
    # when it is done
    given.work(desk)
    page.run()
    # then
    assert not page.exception
    badges = [line.value for line in page.markdown]
    assert any("Reverted by Ana Vos, " in line for line in badges)
    assert "run_revert" not in keys(page)
    assert list(show("runs_page.py").dataframe[0].value["State"][0]) == ["Completed", "Reverted", "Rejects"]
    with desk.database.read() as cursor:
        assert profiles.count(cursor) == 0
        assert "reverted" in [entry.did for entry in audit.all_entries(cursor)]


def test_a_run_that_others_built_on_cannot_be_reverted_and_says_which_comes_first(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show, tmp_path: Path
) -> None:
    # given
    shops.run_file(desk, shop, tmp_path, GROWN)
    # when
    page = show("run_page.py", id="1")
    # then
    assert not page.exception
    assert page.button(key="run_revert").disabled
    why = next(block for block in page.expander if block.label == "Why this run cannot be reverted")
    said = "\n".join(line.value for line in why.markdown)
    assert plain(f"Cannot revert: run 2 imported {shops.FILE} again.") in said
    assert plain("Cannot revert: run 2 changed 3 of the same values.") in said
    with pytest.raises(errors.GiveUp, match=r"run 2 imported CDNOW_1997\.txt again"):
        actions.revert(desk, admin, "1")
    # when the later one was reverted
    actions.revert(desk, admin, "2")
    given.work(desk)
    # then
    assert view.hindrances(desk, admin, "1") == ()


@pytest.mark.usefixtures("shop")
def test_support_sees_no_revert(show: Show) -> None:
    page = show("run_page.py", Role.SUPPORT, id="1")

    assert not page.exception
    assert "run_revert" not in keys(page)


@pytest.mark.promise("M32")
def test_what_a_limit_stopped_is_imported_anyway_once_a_person_was_told_what_that_does(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show, went: list[tuple[str, dict[str, str]]]
) -> None:
    # given
    file = stop_by_limit(desk, shop, admin)
    page = show("run_page.py", id="1")
    # when
    page.button(key="run_import_anyway").click().run()
    # then
    assert not page.exception
    said = "\n".join(line.value for line in page.markdown)
    assert "34 % of Big spenders would leave, more than 20 %" in said
    assert "without minding the limits, once" in said
    # when
    page.button(key="run_import_anyway_yes").click().run()
    # then
    assert not page.exception
    assert went == [("run_page.py", {"id": "2"})]
    with desk.database.read() as cursor:
        asked = exchange.by_id(cursor, file.file_id)
        did = [(entry.did, entry.who) for entry in audit.all_entries(cursor)]
    assert asked is not None
    assert (asked.state, asked.limits_waived_by, asked.is_stopped_by_limit) == (FileState.QUEUED, "Ana Vos", False)
    assert ("imported in spite of a limit", "Ana Vos") in did
    assert view.page(desk, admin, "2").run.ended_at is None
    # when asked again
    with pytest.raises(errors.GiveUp, match="No limit stops a file of run 1"):
        actions.import_anyway(desk, admin, "1")


def test_runs_are_linked_with_those_that_they_mend_both_ways(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show, tmp_path: Path
) -> None:
    # given
    shops.run_file(desk, shop, tmp_path, GROWN)
    first, second = (view.page(desk, admin, number).run.run_id for number in "12")
    with desk.database.read() as cursor:
        connection = connections.by_id(cursor, shop.connection_id)
    assert connection is not None
    mended = given.file(desk, connection, "mended_a.csv", state=FileState.COMPLETE, run_id=second)
    with desk.database.write("ctl") as cursor:
        exchange.set_mends(cursor, mended.file_id, first)
    # when
    page = show("run_page.py", id="1")
    # then
    assert not page.exception
    assert "Its rejected rows were mended by" in [line.value for line in page.caption]
    assert view.page(desk, admin, "2").mends == (1,)


def test_what_a_revert_does_is_said_in_figures() -> None:
    assert run_revert.what_goes(RunCounts(created=1, updated=1_204), 2) == (
        "**1 profile** that it made is removed, **1,204 profiles** get their earlier values back "
        "and **2 actions** are as before."
    )
    assert run_revert.what_goes(RunCounts(), 0) == "What it remembered of its rows is forgotten."
