"""The goals on a connection's page: added, opened, ticked, drawn as arrows, removed; by role."""

import dataclasses

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import goals as actions
from engine.base import errors
from engine.flows.desk import Desk
from engine.views import connections as view
from storage.records.connections import Direction, Method, Methodology
from storage.records.goals import ImportGoal
from storage.records.people import Caller, Role
from storage.tables import audit, goals
from tests.pages import shop as shops
from tests.pages import ways
from tests.pages.conftest import Show
from tests.pages.test_connection_page import texts

FILE = "connection_page.py"
Led = list[tuple[str, dict[str, str]]]


@pytest.fixture
def shop(desk: Desk, admin: Caller) -> shops.Shop:
    made = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, made)
    return made


def goals_of(desk: Desk, connection_id: str) -> list[ImportGoal]:
    """The goals of a connection, oldest first."""
    with desk.database.read() as cursor:
        return goals.of_connection(cursor, connection_id)


def picture(page: AppTest) -> str:
    """The flow picture's HTML."""
    [found] = [str(item.proto.body) for item in page.get("html") if 'class="flow"' in str(item.proto.body)]
    return found


@pytest.mark.promise("M01")
def test_another_import_goal_is_added_and_its_page_opens(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show, went: Led
) -> None:
    # given
    page = show(FILE, id=shop.connection_id)
    # when
    page.button(key="add_import_goal").click().run()
    # then
    first, second = goals_of(desk, shop.connection_id)
    assert went == [("goal_page.py", {"id": second.goal_id})]
    assert (second.folder, second.files, second.mappings, second.is_on) == (first.folder, "", (), False)
    # when: an entry of the left column is clicked, then the import entry above them
    page.button(key=f"map_{second.goal_id}").click().run()
    page.button(key="import_data").click().run()
    # then
    assert went[1:] == [("goal_page.py", {"id": second.goal_id}), ("goal_page.py", {"id": first.goal_id})]
    # when: the last goal is gone
    for goal in (first, second):
        actions.remove_goal(desk, admin, goal.goal_id)
    page.run()
    page.button(key="import_data").click().run()
    # then: the import entry makes one
    [made] = goals_of(desk, shop.connection_id)
    assert went[-1] == ("goal_page.py", {"id": made.goal_id})


@pytest.mark.promise("M33")
def test_a_ticked_goal_is_a_green_arrow_and_an_unticked_one_a_dashed_one(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given
    page = show(FILE, id=shop.connection_id)
    assert 'aria-label="From SFTP server to Handoff: CDNOW_*.txt (0 rows today)."' in picture(page)
    assert '"flow-lane"' in picture(page)
    # when
    page.checkbox(key=f"goal_on_{shop.goal_id}").set_value(False).run()
    # then
    after = shops.goal_of(desk, shop)
    assert not after.is_on
    assert '"flow-lane flow-off"' in picture(page)
    assert "CDNOW_*.txt (dashed, not ticked)" in picture(page)
    assert page.button(key="run_now").help == (f"No goal of {shops.NAME} is ticked. Tick one on its page, then run it.")
    assert "Tick the goal, then Run now." in texts(page)
    # and: a version of its own, audited
    with desk.database.read() as cursor:
        *_, entry = audit.all_entries(cursor)
        versions = goals.versions(cursor, shop.goal_id)
    assert (entry.did, entry.what_id) == ("unticked", shop.goal_id)
    assert [(goal.version, goal.is_on) for goal, _, _ in versions[:2]] == [(3, False), (2, True)]
    # when: somebody saves the goal's page that was opened before
    saved = actions.save(desk, admin, dataclasses.replace(after, files="CD*.txt", is_on=True), after.version)
    # then: only the box ticks
    assert not saved.is_on
    # when
    page.checkbox(key=f"goal_on_{shop.goal_id}").set_value(True).run()
    # then
    assert shops.goal_of(desk, shop).is_on
    assert not page.button(key="run_now").disabled


def test_a_goal_that_cannot_run_is_not_ticked_and_can_be_removed(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given: one that imported, and one with a pattern and no mapping
    shops.run_file(desk, shop, desk.spool.work_folder("given"))
    added = actions.add_goal(desk, admin, shop.connection_id)
    page = show(FILE, id=shop.connection_id)
    assert not page.button(key="run_now").disabled
    # when
    page.checkbox(key=f"goal_on_{added.goal_id}").set_value(True).run()
    # then
    assert "pattern" in page.error[0].value
    assert not page.checkbox(key=f"goal_on_{added.goal_id}").value
    assert not goals_of(desk, shop.connection_id)[1].is_on
    # when
    page.button(key=f"remove_{added.goal_id}").click().run()
    page.button(key="remove_yes").click().run()
    # then
    assert [goal.goal_id for goal in goals_of(desk, shop.connection_id)] == [shop.goal_id]
    assert f"remove_{shop.goal_id}" not in {item.key for item in page.button}
    with pytest.raises(errors.GiveUp, match="its history stays; untick it instead"):
        actions.remove_goal(desk, admin, shop.goal_id)


def test_mail_has_one_goal_and_what_goes_out_has_no_import_goal(desk: Desk, admin: Caller) -> None:
    # given
    mail = ways.make(desk, admin, ways.of(Direction.INBOUND, Method.EMAIL, Methodology.PUSH), "Mail")
    out = ways.make(desk, admin, ways.of(Direction.OUTBOUND, Method.SFTP, Methodology.PUSH), "Out")
    # when
    told = [view.page(desk, admin, each).no_more for each in (mail, out)]
    # then
    assert "one goal reads them" in str(told[0])
    assert "sends files out" in str(told[1])
    for each in (mail, out):
        with pytest.raises(errors.GiveUp):
            actions.add_goal(desk, admin, each)


def test_support_sees_the_ticks_and_changes_none(desk: Desk, shop: shops.Shop, show: Show) -> None:
    # when
    page = show(FILE, Role.SUPPORT, id=shop.connection_id)
    # then
    assert page.checkbox(key=f"goal_on_{shop.goal_id}").disabled
    assert page.checkbox(key=f"goal_on_{shop.goal_id}").value
    assert not {"add_import_goal", "import_data", f"remove_{shop.goal_id}"} & {item.key for item in page.button}
    assert goals_of(desk, shop.connection_id)[0].is_on
