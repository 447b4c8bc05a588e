"""The list of connections: empty and full, what each role may do, search and filters, drafts, and its row menu."""

from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import connections as actions
from engine.actions import drafts
from engine.base.errors import Category
from engine.flows import queue
from engine.flows.desk import Desk
from engine.views import connections as view
from pages import connections_page
from pages.parts import badges, connection_table, frame
from storage.records.connections import ConnectionState
from storage.records.people import Caller, Role
from storage.tables import connections
from tests.pages import shop as shops
from tests.pages import ways
from tests.pages.conftest import Show

FILE = "connections_page.py"
Led = list[tuple[str, dict[str, str]]]


def texts(page: AppTest) -> str:
    """Everything that stands on the page as text."""
    blocks = [*page.markdown, *page.caption, *page.error, *page.title, *page.subheader]
    return "\n".join(str(block.value) for block in blocks)


def statuses(page: AppTest) -> dict[str, list[str]]:
    """What the table says of each connection."""
    table = page.dataframe[0].value
    return {name: list(words) for name, words in zip(table["Name"], table["Status"], strict=True)}


@pytest.mark.promise("A02")
def test_an_empty_list_says_what_a_connection_is_and_makes_one(show: Show, went: Led) -> None:
    # given
    page = show(FILE)
    assert "**No connection yet.**" in texts(page)
    assert "A connection carries one type of data, one way." in texts(page)
    assert not page.dataframe
    # when
    page.button(key="create").click().run()
    # then
    assert [file for file, _ in went] == ["connection_new_page.py"]
    assert page.button(key="create").label == "Create Connection"


@pytest.mark.promise("A05")
def test_the_table_tells_what_each_connection_is_and_how_its_newest_run_ended(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path
) -> None:
    # given
    new, failed, going, off, paused = (
        shops.open_shop(desk, admin, name) for name in ("New", "Failed one", "Going", "Off one", "Paused one")
    )
    done = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, done)
    shops.run_file(desk, done, tmp_path)
    shops.fail_run(desk, failed, "No such folder.", Category.FOLDER)
    shops.keep_running(desk, going, 1, 2)
    actions.set_on(desk, admin, off.connection_id, is_on=False)
    with desk.database.write("ctl") as cursor:
        before = connections.by_id(cursor, paused.connection_id)
        assert before is not None
        connections.set_state(cursor, paused.connection_id, ConnectionState.PAUSED, "Changed.", before.changed_at)
    # when
    page = show(FILE)
    # then
    table = page.dataframe[0].value
    headings = ["Name", "Direction", "Type", "Method", "Status", "Last active", "Rows", "menu"]
    assert list(table.columns) == headings
    assert statuses(page) == {
        shops.NAME: ["Completed", "Rejects"],
        "Failed one": ["Failed"],
        "Going": ["In progress"],
        "New": ["None"],
        "Off one": ["Off"],
        "Paused one": ["Paused"],
    }
    first = table.iloc[0]
    assert (first["Direction"], first["Type"]) == ("→ In", "Card-linked transactions")
    assert first["Method"] == "SFTP · Pull from third party"
    assert list(first["Rows"]) == [0, 0, 0, 0, 0, 0, 6]
    active = dict(zip(table["Name"], table["Last active"], strict=True))
    assert (active["Going"], active["New"]) == ("now", "never")
    assert "6 connections · 4 on" in texts(page)
    assert new.connection_id


@pytest.mark.promise("A05")
def test_the_status_changes_while_a_run_waits_and_goes(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    shop = shops.open_shop(desk, admin)
    page = show(FILE)
    assert statuses(page) == {shops.NAME: ["None"]}
    # when
    with desk.database.write("ctl") as cursor:
        queue.add_run(cursor, shop.connection_id, "Ana Vos")
    page.run()
    # then
    assert statuses(page) == {shops.NAME: ["Queued"]}
    # when
    shops.keep_running(desk, shop, 1, 2)
    page.run()
    # then
    assert statuses(page) == {shops.NAME: ["In progress"]}


@pytest.mark.promise("A09")
def test_the_list_is_searched_and_filtered(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    for name in ("Loyalty members", "Prices FR", "Prices NL"):
        shop = shops.open_shop(desk, admin, name)
    actions.set_on(desk, admin, shop.connection_id, is_on=False)
    page = show(FILE)
    # when
    page.text_input(key="q").set_value("PRICES").run()
    # then
    assert list(statuses(page)) == ["Prices FR", "Prices NL"]
    # when
    page.text_input(key="q").set_value("").run()
    page.pills(key="status").set_value("off").run()
    # then
    assert list(statuses(page)) == ["Prices NL"]
    assert page.query_params["status"] == "off"
    # when
    page.text_input(key="q").set_value("nothing of that name").run()
    # then
    assert "**Nothing matches.**" in texts(page)
    # when
    page.button(key="clear_filters").click().run()
    # then
    assert len(statuses(page)) == 3
    assert "status" not in page.query_params
    # when
    page.segmented_control(key="dir").set_value("out").run()
    # then
    assert "**Nothing matches.**" in texts(page)


@pytest.mark.promise("A07")
def test_what_partners_allow_list_stands_above_the_list(desk: Desk, show: Show) -> None:
    # given
    (desk.settings.home / "settings.yaml").write_text(
        "endpoints: {public_name: drop.brightside.example, public_address: 203.0.113.20, sftp_port: 2022}\n"
    )
    # when
    page = show(FILE)
    # then
    said = page.warning[0].value.replace("\\", "")
    assert "Partners must allow-list **drop.brightside.example** or **203.0.113.20** · SFTP **2022**" in said


@pytest.mark.promise("A05")
@pytest.mark.promise("A09")
def test_the_ways_are_told_apart_and_filtered_by_method(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    for way in ways.WAYS:
        ways.make(desk, admin, way, str(way))
    page = show(FILE)
    # then
    table = page.dataframe[0].value
    told = dict(zip(table["Name"], table["Method"], strict=True))
    assert told["inbound-ftp-push"] == "FTPS · Push to us"
    assert told["outbound-sftp-push"] == "SFTP · Push to partner"
    assert told["outbound-ftp-pull"] == "FTPS · Pull from us"
    assert dict(zip(table["Name"], table["Direction"], strict=True))["outbound-email-push"] == "← Out"
    # when
    page.selectbox(key="connections_method").set_value("email").run()
    # then
    assert set(statuses(page)) == {"inbound-email-push", "inbound-email-pull", "outbound-email-push"}
    # when
    page.segmented_control(key="dir").set_value("out").run()
    # then
    assert list(statuses(page)) == ["outbound-email-push"]


def test_an_address_with_a_filter_opens_the_filtered_list(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    shops.open_shop(desk, admin, "On one")
    shop = shops.open_shop(desk, admin, "Off one")
    actions.set_on(desk, admin, shop.connection_id, is_on=False)
    # then
    assert list(statuses(show(FILE, status="off"))) == ["Off one"]
    assert len(statuses(show(FILE, status="nonsense", dir="sideways"))) == 2


@pytest.mark.promise("W37")
def test_an_unfinished_draft_is_offered_to_its_owner_only(desk: Desk, admin: Caller, show: Show, went: Led) -> None:
    # given
    draft_id = drafts.begin(desk, admin)
    drafts.save(desk, admin, draft_id, {"name": "Loyalty *members*"})
    page = show(FILE)
    assert r"Draft of **Loyalty \*members\***" in texts(page)
    # when
    page.button(key=f"go_on_{draft_id}").click().run()
    # then
    assert went == [("connection_new_page.py", {"draft": draft_id})]
    assert "Draft of" not in texts(show(FILE, Role.ANALYST))


def test_a_draft_is_discarded_from_the_list(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    draft_id = drafts.begin(desk, admin)
    page = show(FILE)
    # when
    page.button(key=f"discard_{draft_id}").click().run()
    # then
    assert "Draft of" not in texts(page)
    assert view.listed(desk, admin).drafts == ()


@pytest.mark.promise("A06")
def test_the_row_menu_offers_what_can_be_done(desk: Desk, admin: Caller, tmp_path: Path) -> None:
    # given
    used, unused = (shops.open_shop(desk, admin, name) for name in ("A used", "B unused"))
    shops.map_columns(desk, admin, used)
    shops.run_file(desk, used, tmp_path)
    actions.set_on(desk, admin, unused.connection_id, is_on=False)
    page = view.listed(desk, admin)
    table = connection_table
    # then
    assert table.menu_of(page.lines[0], page) == [table.EDIT, table.HISTORY, table.RUN, table.TURN_OFF]
    assert table.menu_of(page.lines[1], page) == [table.EDIT, table.HISTORY, table.RUN, table.TURN_ON, table.DELETE]


@pytest.mark.promise("A06")
def test_each_line_of_the_menu_does_what_it_says(
    desk: Desk, admin: Caller, went: Led, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    shop = shops.open_shop(desk, admin)
    done: list[Any] = []

    def act(action: Any, *values: Any, **named: Any) -> Any:
        done.append(action.__name__)
        return action(desk, admin, *values, **named)

    monkeypatch.setattr(frame, "attempt", act)
    monkeypatch.setattr(frame, "attempt_anew", act)
    # when
    connection_table.act(connection_table.TURN_OFF, shop.connection_id, shops.NAME)
    # then
    assert view.listed(desk, admin).lines[0].connection.state is ConnectionState.OFF
    # when
    connection_table.act(connection_table.HISTORY, shop.connection_id, shops.NAME)
    connection_table.act(connection_table.EDIT, shop.connection_id, shops.NAME)
    # then
    assert went[0] == ("connection_page.py", {"id": shop.connection_id})
    assert went[1][0] == "connection_new_page.py"
    assert view.listed(desk, admin).drafts[0].draft_id == went[1][1]["draft"]
    # when
    connection_table.act(connection_table.TURN_ON, shop.connection_id, shops.NAME)
    # then
    assert view.listed(desk, admin).lines[0].connection.state is ConnectionState.ON
    assert done == ["set_on", "begin_edit", "set_on"]


def test_support_reads_the_list_and_changes_nothing(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    shops.open_shop(desk, admin)
    # when
    page = show(FILE, Role.SUPPORT)
    # then
    assert statuses(page) == {shops.NAME: ["None"]}
    assert [list(cell) for cell in page.dataframe[0].value["menu"]] == [[connection_table.OPEN]]
    assert not page.button


def test_an_analyst_may_create_and_a_manager_sees_nothing(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    shops.open_shop(desk, admin)
    # then
    assert show(FILE, Role.ANALYST).button(key="create")
    # when
    page = show(FILE, Role.MANAGER)
    # then
    assert "A manager may not see connections" in page.error[0].value
    assert not page.dataframe


def test_states_are_told_apart_by_word_and_colour() -> None:
    shown = [badges.run_state(state) for state in badges._OF_RUN]
    assert len({badge.word for badge in shown}) == len(shown)
    assert badges.FAILED.markdown == ":red-badge[:material/cancel: Failed]"
    assert connections_page.chosen([], "", "all", "", None) == []
