"""The Actions page: empty, listed and filtered, by key, masked; the story of one; and the actions of a profile."""

from datetime import timedelta

import pytest

from engine.base import clock
from engine.flows import queue
from engine.flows.desk import Desk
from engine.views import actions as view
from engine.views.actions import Asked
from pages import actions_page
from pages.parts import action_drawer, action_table
from storage.records.people import Caller, Role
from tests.pages import shop as shops
from tests.pages.conftest import Show

FILE = "actions_page.py"
STEP = "INSERT INTO dat.action_step VALUES ('webshop', ?, ?, ?, ?, 'goal', ?, ?, 7, 'conversions', ?, ?, ?, 1, NULL, ?)"


@pytest.fixture
def story(desk: Desk, admin: Caller) -> None:
    """Two conversions of profile 7 and a click of 8: one modified, one reversed, one as it was made long ago."""
    made = shops.open_shop(desk, admin)
    now = clock.now()
    with desk.database.write("ctl") as cursor:
        run_id = queue.add_run(cursor, made.connection_id, "Ana Vos")
    rows = [
        ("webshop", "ana.vos@example.org-1", "conversions", 7, now, 80, "paid"),
        ("webshop", "order-000002", "conversions", 7, now - timedelta(days=8), 30.5, "reversed"),
        ("site", "click-000003", "clicks", 8, now - timedelta(days=60), None, ""),
    ]
    with desk.database.write("dat") as cursor:
        for row in rows:
            cursor.execute("INSERT INTO dat.action VALUES (?, ?, ?, ?, ?, ?, ?, 1, 'run', ?)", [*row, now])
        key = rows[0][1]
        cursor.execute(STEP, [key, 0, "made", run_id, "orders.csv", 2, now, 100, "", now])
        cursor.execute(STEP, [key, 1, "modified", "gone", "ben.bos@example.org.csv", 5, now, 80, "paid", now])


def test_without_any_action_the_page_says_what_to_do(show: Show) -> None:
    page = show(FILE)

    assert not page.exception
    assert "**No action yet.**" in [line.value for line in page.markdown]
    assert not page.text_input


@pytest.mark.usefixtures("story")
def test_actions_are_listed_newest_first_and_found_by_what_they_are(show: Show) -> None:
    # when
    page = show(FILE)
    # then
    assert not page.exception
    table = page.dataframe[0].value
    assert list(table["Key"]) == ["ana.vos@example.org-1", "order-000002", "click-000003"]
    assert list(table["Type"]) == ["Conversion", "Conversion", "Click"]
    assert list(table["Amount"]) == ["80", "30.5", "\N{EN DASH}"]
    assert [list(cell) for cell in table["State"]] == [["Modified", "paid"], ["Reversed"], ["Made"]]
    assert list(table["Profile"]) == ["7", "7", "8"]
    # when: narrowed, in the address; and by a whole key, which is not
    page.selectbox(key="actions_days").set_value("30")
    page.segmented_control(key="actions_state").set_value("counts").run()
    assert list(page.dataframe[0].value["Key"]) == ["ana.vos@example.org-1"]
    assert (page.query_params["status"], page.query_params["days"]) == ("counts", "30")
    page.text_input(key="actions_key").set_value(" order-000002 ").run()
    assert "**Nothing matches.**" in [line.value for line in page.markdown]
    page.button(key="actions_clear").click().run()
    assert len(page.dataframe[0].value) == 3
    page.text_input(key="actions_key").set_value(" order-000002 ").run()
    # then
    assert list(page.dataframe[0].value["Key"]) == ["order-000002"]
    assert "order-000002" not in str(page.query_params)
    assert actions_page.asked_of("", "", "nonsense", "", "12") == Asked()


@pytest.mark.promise("D05")
@pytest.mark.usefixtures("story")
def test_the_story_tells_each_step_and_support_sees_keys_and_file_names_masked(
    desk: Desk, admin: Caller, show: Show
) -> None:
    # given
    page = show(FILE, Role.SUPPORT)
    assert "Keys are masked for your role." in [line.value for line in page.caption]
    # when
    page.session_state["action_shown"] = (view.listed(desk, admin, Asked()).lines[0].ref, "actions_table")
    page.run()
    # then
    assert not page.exception
    said = " ".join(line.value for line in [*page.markdown, *page.caption])
    for part in ("Made", "Modified", "100", "80", "2 steps, oldest first", "orders", "5"):
        assert part in said
    shown = said + page.dataframe[0].value.to_string()
    assert "vos@" not in shown
    assert "bos@" not in shown


@pytest.mark.usefixtures("story")
def test_a_profile_tells_its_actions_and_their_cells_lead_on(
    desk: Desk, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    page = view.of_profile(desk, admin, 7)
    assert [line.key for line in page.lines] == ["ana.vos@example.org-1", "order-000002"]
    state: dict[str, object] = {"t": {"selection": {"cells": [(1, "Key")]}}, "t_open": {"row": 0, "label": ""}}
    monkeypatch.setattr("streamlit.session_state", state)
    # when
    action_table.chosen(page, "t")
    assert state["action_shown"] == (page.lines[1].ref, "t")
    action_table.opened(page, "t_open")
    assert state["action_shown"] == (page.lines[0].ref, "t")
    action_drawer.close()
    state["t"] = {"selection": {"cells": [(1, "Profile")]}}
    action_table.chosen(page, "t")
    # then
    assert state["action_profile"] == 7
    assert "action_shown" not in state
