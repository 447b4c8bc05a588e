"""The list of audiences: empty, without anything to write a rule about, full, its row menu, a delete, and each role."""

from datetime import timedelta
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import audiences as actions
from engine.base import clock
from engine.flows import audiences as recomputing
from engine.flows.desk import Desk
from engine.scheduling.jobs import Worker
from engine.views import audiences as view
from pages.parts import audience_table
from storage.records.people import Caller, Role
from tests.pages import sending
from tests.pages import shop as shops
from tests.pages.conftest import Show

FILE = "audiences_page.py"
Led = list[tuple[str, dict[str, str]]]


def texts(page: AppTest) -> str:
    """Everything that stands on the page as text."""
    blocks = [*page.markdown, *page.caption, *page.error, *page.title]
    return "\n".join(str(block.value) for block in blocks).replace("\\", "")


def work(desk: Desk) -> None:
    """Do all that is queued."""
    worker = Worker(desk)
    while worker.do_next() is not None:
        pass


def forget_work(desk: Desk) -> None:
    """Drop what is queued: it was done already, or would call a server that is none."""
    with desk.database.write("ctl") as cursor:
        cursor.execute("DELETE FROM ctl.job")


def test_without_a_property_the_list_leads_to_the_connections(show: Show) -> None:
    # when
    page = show(FILE)
    # then
    assert "**No audience yet.**" in texts(page)
    assert "import a file first" in texts(page)
    assert not page.button
    assert not page.dataframe


def test_an_empty_list_says_what_an_audience_is_and_makes_one(desk: Desk, admin: Caller, show: Show, went: Led) -> None:
    # given
    shops.map_columns(desk, admin, shops.open_shop(desk, admin))
    # when
    page = show(FILE)
    # then
    assert "An audience is a rule over profiles, such as spend >= 500" in texts(page)
    # when
    page.button(key="new_first").click().run()
    # then
    assert went == [("audience_page.py", {})]
    assert page.button(key="new").label == "New audience"
    # and a manager is offered nothing
    assert not show(FILE, Role.MANAGER).button


def test_the_table_tells_who_is_in_how_that_changed_and_where_it_goes(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path
) -> None:
    # given an audience of three since yesterday, to which two more come today, and one that nobody gets
    with sending.at(clock.now() - timedelta(days=1)):
        begun = sending.begin(desk, admin, tmp_path / "work", 3)
    forget_work(desk)
    actions.save(desk, admin, None, "Poor", "spend < 100")
    work(desk)
    sending.buy(desk, begun, tmp_path / "work", 2, 4)
    forget_work(desk)
    # when
    page = show(FILE)
    # then
    table = page.dataframe[0].value
    headings = ["Name", "State", "Profiles", "14 days", "Entered", "Left", "Rule", "Sent to", "menu"]
    assert list(table.columns) == headings
    first, second = table.iloc[0], table.iloc[1]
    assert (first["Name"], list(first["State"]), first["Profiles"]) == (sending.AUDIENCE, ["Live"], 5)
    assert list(first["14 days"]) == [0] * 12 + [3, 5]
    assert (first["Entered"], first["Left"], first["Sent to"]) == (2, 0, sending.META)
    assert (second["Name"], list(second["State"]), second["Profiles"]) == ("Poor", ["Not sent"], 0)
    assert (second["Rule"], second["Sent to"]) == ("spend < 100", "–")  # noqa: RUF001 - the dash for nothing
    assert "2 audiences · 1 live" in texts(page)
    # when one has to be recomputed
    actions.save(desk, admin, None, "Poorer", "spend < 10")
    page.run()
    # then
    states = [list(cell) for cell in page.dataframe[0].value["State"]]
    assert states == [["Live"], ["Not sent"], ["Recomputing"]]


def test_the_list_is_searched_by_name_and_rule(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    shops.map_columns(desk, admin, shops.open_shop(desk, admin))
    actions.save(desk, admin, None, "Rich", "spend >= 500")
    actions.save(desk, admin, None, "Poor", "spend < 10")
    page = show(FILE)
    # when
    page.text_input(key="q").set_value("RICH").run()
    # then
    assert list(page.dataframe[0].value["Name"]) == ["Rich"]
    # when
    page.text_input(key="q").set_value("spend <").run()
    # then
    assert list(page.dataframe[0].value["Name"]) == ["Poor"]
    # when
    page.text_input(key="q").set_value("nothing of that name").run()
    assert "**Nothing matches.**" in texts(page)
    page.button(key="clear_filters").click().run()
    # then
    assert len(page.dataframe[0].value) == 2


def test_the_row_menu_leads_to_the_audience(desk: Desk, admin: Caller, show: Show, went: Led) -> None:
    # given
    shops.map_columns(desk, admin, shops.open_shop(desk, admin))
    audience = actions.save(desk, admin, None, "Rich", "spend >= 500")
    page = view.listed(desk, admin)
    # when
    audience_table.act(audience_table.EDIT, page.lines[0])
    # then
    assert went == [("audience_page.py", {"id": audience.audience_id})]
    assert audience_table.menu_of(page) == [audience_table.EDIT, audience_table.DELETE]
    assert [list(cell) for cell in show(FILE, Role.ANALYST).dataframe[0].value["menu"]] == [
        [audience_table.EDIT, audience_table.DELETE]
    ]


def test_a_delete_asks_first_and_names_what_goes(
    desk: Desk, admin: Caller, show: Show, went: Led, tmp_path: Path
) -> None:
    # given
    sent = sending.begin(desk, admin, tmp_path / "work", 3)
    free = actions.save(desk, admin, None, "Everybody", "customer_id has a value")
    recomputing.recompute(desk, free.audience_id)
    page = show(FILE)
    # when
    page.session_state["audience_deleting"] = (free.audience_id, "Everybody", 3, ())
    page.run()
    # then
    assert "**Everybody** is sent nowhere. 3 profiles are in it. Its rule and its history are deleted" in texts(page)
    assert page.button(key="audience_delete_yes").label == "Delete Everybody"
    # when
    page.button(key="audience_delete_yes").click().run()
    # then
    assert [line.audience.name for line in view.listed(desk, admin).lines] == [sending.AUDIENCE]
    assert went == [("audiences_page.py", {})]
    # when it is sent somewhere
    page = show(FILE)
    page.session_state["audience_deleting"] = (sent.audience_id, sending.AUDIENCE, 3, (sending.META,))
    page.run()
    # then the way to the link is shown, and no button
    assert f"**{sending.AUDIENCE}** is sent to {sending.META}. Unlink it there first:" in texts(page)
    assert "audience_delete_yes" not in [button.key for button in page.button]


def test_a_manager_reads_the_list_and_support_does_not(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    shops.map_columns(desk, admin, shops.open_shop(desk, admin))
    actions.save(desk, admin, None, "Rich", "spend >= 500")
    # when
    page = show(FILE, Role.MANAGER)
    # then
    assert [list(cell) for cell in page.dataframe[0].value["menu"]] == [[audience_table.OPEN]]
    assert not page.button
    # when
    refused = show(FILE, Role.SUPPORT)
    # then
    assert "A support person may not see audiences" in refused.error[0].value
    assert not refused.dataframe


@pytest.mark.parametrize(
    ("is_live", "is_recomputing", "word"),
    [(True, False, "Live"), (False, False, "Not sent"), (True, True, "Recomputing"), (False, True, "Recomputing")],
)
def test_an_audience_has_one_state(is_live: bool, is_recomputing: bool, word: str) -> None:  # noqa: FBT001 - a table
    assert audience_table.state_of(is_live=is_live, is_recomputing=is_recomputing).word == word
