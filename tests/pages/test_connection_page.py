"""One connection's page: on and off, Run now and why not, schedule, run history, a pause, by role."""

from datetime import datetime, timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import connections as actions
from engine.actions import drafts
from engine.base import clock
from engine.base.errors import Category
from engine.flows.desk import Desk
from engine.views import connections as view
from storage.records.connections import ConnectionState
from storage.records.people import Caller, Role
from storage.tables import connections, jobs
from tests.pages import shop as shops
from tests.pages.conftest import Show

FILE = "connection_page.py"
NOON = datetime(2026, 11, 21, 12, 0)  # a Saturday
Led = list[tuple[str, dict[str, str]]]


@pytest.fixture
def shop(desk: Desk, admin: Caller) -> shops.Shop:
    made = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, made)
    return made


def texts(page: AppTest) -> str:
    """Everything that stands on the page as text."""
    blocks = [*page.markdown, *page.caption, *page.error, *page.title, *page.subheader]
    return "\n".join(str(block.value) for block in blocks).replace("\\", "")


def seen(desk: Desk, admin: Caller, shop: shops.Shop) -> view.ConnectionPage:
    """The connection as it stands now."""
    return view.page(desk, admin, shop.connection_id)


def test_a_connection_without_mapping_says_what_to_do_first(desk: Desk, admin: Caller, show: Show, went: Led) -> None:
    # given
    shop = shops.open_shop(desk, admin)
    # when
    page = show(FILE, id=shop.connection_id)
    # then
    assert page.button(key="run_now").disabled
    assert page.button(key="run_now").help.startswith("Map columns first: ")
    assert "**Not run yet.**" in texts(page)
    assert "Nothing is mapped yet." in texts(page)
    # when
    page.button(key=f"columns_{shop.goal_id}").click().run()
    # then
    assert went == [("goal_page.py", {"id": shop.goal_id})]


@pytest.mark.promise("F03")
@pytest.mark.promise("F04")
@pytest.mark.promise("F06")
def test_the_page_says_what_it_is_and_where_it_signs_in(shop: shops.Shop, show: Show, went: Led) -> None:
    # when
    page = show(FILE, id=shop.connection_id)
    # then
    assert page.title[0].value == shops.NAME
    facts = page.table[0].value.to_dict()["value"]
    assert facts == {
        "Server": "`shop.example.org`",
        "Port": "22",
        "User name": "`shop`",
        "Password": "set, not shown",
        "Host key": f"`SHA256:{'a' * 43}`",
    }
    assert "3 fields mapped · by customer_id · new profiles are made" in texts(page)
    # when
    page.button(key="edit_sign_in").click().run()
    # then
    assert (went[0][0], went[0][1]["step"]) == ("connection_new_page.py", "Credentials")


@pytest.mark.promise("F13")
def test_a_connection_that_is_off_does_not_run_and_says_why(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given
    page = show(FILE, id=shop.connection_id)
    assert not page.button(key="run_now").disabled
    # when
    page.toggle(key="connection_on").set_value(False).run()
    # then
    assert seen(desk, admin, shop).connection.state is ConnectionState.OFF
    assert page.button(key="run_now").disabled
    assert page.button(key="run_now").help == f"{shops.NAME} is off. Turn it on to run it."
    # when
    page.toggle(key="connection_on").set_value(True).run()
    # then
    assert seen(desk, admin, shop).connection.state is ConnectionState.ON


@pytest.mark.promise("Y01")
def test_run_now_starts_a_run_that_can_be_cancelled(desk: Desk, admin: Caller, shop: shops.Shop, show: Show) -> None:
    # given
    page = show(FILE, id=shop.connection_id)
    # when
    page.button(key="run_now").click().run()
    # then
    run = seen(desk, admin, shop).going
    assert run is not None
    assert "Waiting to begin" in [item.text for item in page.get("progress")] or "Run 1" in texts(page)
    # when
    page.button(key="cancel_run").click().run()
    # then
    with desk.database.read() as cursor:
        assert jobs.is_cancel_wanted(cursor, run.run_id)


def test_a_third_run_is_refused_in_one_sentence(shop: shops.Shop, show: Show) -> None:
    # given
    page = show(FILE, id=shop.connection_id)
    page.button(key="run_now").click().run()
    page.button(key="run_now").click().run()
    assert not page.error
    # when
    page.button(key="run_now").click().run()
    # then
    assert "another one is waiting already" in page.error[0].value


@pytest.mark.promise("H01")
def test_the_history_has_both_lists_of_counts(shop: shops.Shop, desk: Desk, show: Show, tmp_path: Path) -> None:
    # given
    shops.run_file(desk, shop, tmp_path)
    shops.fail_run(desk, shop, "The server has no folder /outgoing.", Category.FOLDER)
    # when
    page = show(FILE, id=shop.connection_id)
    # then
    table = page.dataframe[0].value
    newest, first = table.iloc[0], table.iloc[1]
    assert (list(newest["State"]), list(first["State"])) == (["Failed"], ["Completed", "Rejects"])
    rows = ["Checked", "Applied", "Unchanged", "Skipped", "Rejected"]
    assert first[rows].tolist() == [6, 3, 0, 0, 3]
    assert first[["Created", "Updated"]].tolist() == [2, 0]
    assert "Run 2 failed. The server has no folder /outgoing." in texts(page)
    assert "newest first · times are UTC" in texts(page)


def test_a_going_run_says_how_far_it_is(shop: shops.Shop, desk: Desk, show: Show) -> None:
    # given
    number = shops.keep_running(desk, shop, 160_204, 250_000)
    # when
    page = show(FILE, id=shop.connection_id)
    # then
    assert f"Run {number}" in texts(page)
    assert "Match and merge · 160,204 of 250,000 rows" in str(page.get("progress")[0].proto)


@pytest.mark.promise("Y02")
@pytest.mark.promise("Y03")
def test_a_schedule_is_saved_with_its_next_times(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    page = show(FILE, id=shop.connection_id)
    assert "**Only by Run now**" in texts(page)
    monkeypatch.setattr(clock, "now", lambda: NOON)
    # when
    page.button(key="schedule_cog").click().run()
    page.number_input(key="schedule_minutes").set_value(90).run()
    # then
    assert "today 13:30" in texts(page)
    # when
    page.button(key="schedule_save").click().run()
    # then
    found = seen(desk, admin, shop)
    assert found.connection.every_minutes == 90
    assert found.next_due == tuple(NOON + timedelta(minutes=90 * beat) for beat in (1, 2, 3))


def test_a_schedule_out_of_bounds_is_refused(desk: Desk, admin: Caller, shop: shops.Shop, show: Show) -> None:
    # given
    page = show(FILE, id=shop.connection_id)
    page.button(key="schedule_cog").click().run()
    # when
    page.number_input(key="schedule_minutes").set_value(0).run()
    page.button(key="schedule_save").click().run()
    # then
    assert "Every 1 to 10,080 minutes" in texts(page)
    assert seen(desk, admin, shop).connection.every_minutes is None


@pytest.mark.fault(59)
def test_a_pause_is_a_red_bar_that_leads_to_the_host_key(desk: Desk, shop: shops.Shop, show: Show, went: Led) -> None:
    # given
    with desk.database.write("ctl") as cursor:
        connections.set_state(cursor, shop.connection_id, ConnectionState.PAUSED, "The host key has changed.", NOON)
    # when
    page = show(FILE, id=shop.connection_id)
    # then
    assert texts(page).count("Paused: The host key has changed.") == 1
    assert len(page.error) == 1
    # when
    page.button(key="edit_paused").click().run()
    # then
    assert (went[0][0], went[0][1]["step"]) == ("connection_new_page.py", "Credentials")


def test_support_sees_all_and_may_only_cancel(desk: Desk, shop: shops.Shop, show: Show) -> None:
    # given
    shops.keep_running(desk, shop, 1, 2)
    # when
    page = show(FILE, Role.SUPPORT, id=shop.connection_id)
    # then
    assert page.toggle(key="connection_on").disabled
    assert {item.key for item in page.button} == {"cancel_run", "open_run", f"map_{shop.goal_id}"}
    assert page.button(key=f"map_{shop.goal_id}").help == "See the mapping"


def test_a_manager_does_not_see_the_page(shop: shops.Shop, show: Show) -> None:
    # when
    page = show(FILE, Role.MANAGER, id=shop.connection_id)
    # then
    assert "may not see connections" in page.error[0].value
    assert shops.NAME not in texts(page)


@pytest.mark.parametrize("given", ["", "01JUNKNOWN"])
def test_a_connection_that_is_not_there_is_said(show: Show, given: str) -> None:
    # when
    page = show(FILE, id=given)
    # then
    assert "Could not load the connection: This connection is not there any more" in texts(page)
    assert not page.exception


def test_turning_on_and_editing_do_not_undo_each_other(desk: Desk, admin: Caller, shop: shops.Shop) -> None:
    # given
    actions.set_on(desk, admin, shop.connection_id, is_on=False)
    draft_id = drafts.begin_edit(desk, admin, shop.connection_id)
    drafts.save(desk, admin, draft_id, {"files": "OTHER_*.txt"})
    # when
    drafts.create(desk, admin, draft_id)
    # then
    assert seen(desk, admin, shop).connection.state is ConnectionState.OFF
    assert shops.goal_of(desk, shop).files == "OTHER_*.txt"
