"""The goal page's settings: several identifiers, row key, limits, formats, actions, all fields at once, versions."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import goals as goal_actions
from engine.base import clock
from engine.flows.desk import Desk
from storage.records.goals import (
    ActionFields,
    FileFormat,
    Identifier,
    MatchRule,
    PropertyType,
    Strategy,
    ValueFormat,
)
from storage.records.people import Caller
from storage.tables import goals
from tests.pages import shop as shops
from tests.pages.conftest import Show
from tests.pages.test_goal_page import key, open_part, texts


@pytest.fixture
def shop(desk: Desk, admin: Caller) -> shops.Shop:
    """A goal whose folder was scanned, nothing mapped yet."""
    opened = shops.open_shop(desk, admin)
    shops.scan(desk, opened)
    return opened


def press(page: AppTest, name: str) -> None:
    page.button(key=name).click().run()
    assert not page.exception


@pytest.mark.promise("M12")
@pytest.mark.promise("M13")
def test_several_identifiers_row_key_and_limits_are_chosen_and_saved(desk: Desk, shop: shops.Shop, show: Show) -> None:
    # given
    page = show("goal_page.py", id=shop.goal_id, part="identifiers")
    assert page.button(key="goal_link_add").disabled
    # when: two identifiers, the second moved to the front, and a third that is taken out again
    page.selectbox(key=key(shop, "id_field_0")).set_value("customer_id").run()
    press(page, "goal_link_add")
    page.selectbox(key=key(shop, "id_field_1")).set_value("date").run()
    press(page, "goal_link_add")
    press(page, "goal_link_remove_2")
    press(page, "goal_link_up_1")
    page.segmented_control(key=key(shop, "match", 2)).set_value(MatchRule.ANY).run()
    assert "All identifiers count alike" in texts(page)
    page.multiselect(key=key(shop, "row_key", 2)).set_value(["date", "number_of_cds"]).run()
    page.number_input(key=key(shop, "rejected_percent_max", 2)).set_value(5.0).run()
    page.number_input(key=key(shop, "shrink_percent_max", 2)).set_value(None).run()
    press(page, "goal_save")
    # then
    goal = shops.goal_of(desk, shop)
    assert goal.identifiers == (Identifier("date", "date"), Identifier("customer_id", "customer_id"))
    assert (goal.match, goal.row_key) == (MatchRule.ANY, ("date", "number_of_cds"))
    assert (goal.rejected_percent_max, goal.shrink_percent_max) == (5.0, None)


@pytest.mark.promise("M08")
@pytest.mark.promise("M09")
@pytest.mark.promise("M11")
@pytest.mark.fault(87)
def test_formats_are_chosen_and_a_date_format_is_offered_but_never_taken_by_itself(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given a date without a format
    goal = shops.map_columns(desk, admin, shop)
    page = show("goal_page.py", id=shop.goal_id, part="formats")
    # when each setting is chosen
    for name, choice in (("quote", "single"), ("escape", "backslash"), ("encoding", "cp850"), ("decimal", ",")):
        page.selectbox(key=key(shop, name) + ("_2" if name == "decimal" else "")).set_value(choice).run()
    page.number_input(key=key(shop, "header_lines")).set_value(2).run()
    page.number_input(key=key(shop, "preamble")).set_value(None).run()
    page.toggle(key=key(shop, "advanced")).set_value(True).run()
    page.selectbox(key=key(shop, "zone")).set_value("Europe/Amsterdam").run()
    page.text_input(key=key(shop, "date")).set_value("%d/%m/%Y").run()
    # then the mapping's own format counts
    assert "2 of 3 match" in texts(page)
    # when the mapping has none, and the goal neither
    page.text_input(key=key(shop, "date")).set_value("").run()
    press(page, "goal_save")
    saved = shops.goal_of(desk, shop)
    # then
    assert saved.format == FileFormat(goal.format.separator, True, "cp850", "'", "\\", None, 2)  # noqa: FBT003
    assert saved.values == ValueFormat(decimal=",", time_zone="Europe/Amsterdam")


@pytest.mark.promise("M11")
@pytest.mark.fault(87)
def test_formats_that_fit_all_dates_are_offered_and_none_is_chosen(desk: Desk, shop: shops.Shop, show: Show) -> None:
    # given: a field is a date without a format
    page = show("goal_page.py", id=shop.goal_id, part="mappings")
    page.text_input(key=key(shop, "prefix")).set_value("my_").run()
    rows = len(shops.COLUMNS)
    page.selectbox(key=key(shop, f"add_field_{rows}")).set_value("customer_id")
    page.selectbox(key=key(shop, f"add_type_{rows}")).set_value("date").run()
    press(page, "goal_add")
    # then
    assert "needs a date format" in texts(page)
    # when the field holds days of which two orders of day and month are possible
    shops.scan(desk, shop, rows=[["01/02/2026", "x", "1", "1"], ["03/04/2026", "x", "1", "1"]])
    page.run()
    # then
    offered = [button.label for button in page.button if str(button.key).startswith("goal_use_short")]
    assert [label.replace("\\", "") for label in offered[:2]] == ["Use %d/%m/%Y", "Use %m/%d/%Y"]
    assert "choose the one that is meant" in texts(page)
    # when
    press(page, "goal_use_short_0_%d/%m/%Y")
    # then
    assert "2 of 2 match" in texts(page)
    assert "unsaved change" in texts(page)


@pytest.mark.promise("M17")
@pytest.mark.promise("M18")
def test_all_detected_fields_are_added_in_one_click_with_the_prefix(desk: Desk, shop: shops.Shop, show: Show) -> None:
    # given
    page = show("goal_page.py", id=shop.goal_id, part="identifiers")
    page.selectbox(key=key(shop, "id_field_0")).set_value("customer_id").run()
    open_part(page, "mappings")
    page.text_input(key=key(shop, "prefix")).set_value("cd_").run()
    # when
    assert page.button(key="goal_add_all").label == "Add all detected fields (3)"
    press(page, "goal_add_all")
    press(page, "goal_save")
    # then
    assert [(item.property, item.type, item.strategy) for item in shops.goal_of(desk, shop).mappings] == [
        ("cd_date", PropertyType.TEXT, Strategy.SET),
        ("cd_number_of_cds", PropertyType.INTEGER, Strategy.SET),
        ("cd_dollar_value", PropertyType.DECIMAL, Strategy.SET),
    ]
    assert page.button(key="goal_add_all").disabled


def test_every_saved_version_can_be_seen_and_taken_back(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given
    mapped = shops.map_columns(desk, admin, shop)
    goal_actions.save(desk, admin, replace(mapped, files="OTHER_*.txt", mappings=mapped.mappings[:1]), mapped.version)
    page = show("goal_page.py", id=shop.goal_id)
    assert "Version 1" not in texts(page)
    # when
    page.session_state["goal_versions"] = True
    page.run()
    # then
    assert "3 changes: file pattern, cds removed, spend removed" in texts(page).replace("\\", "")
    assert "The first one." in texts(page)
    # when
    press(page, "goal_take_back_2")
    # then
    assert "3 unsaved changes" in texts(page)
    assert page.text_input(key=key(shop, "files", 1)).value == "CDNOW_*.txt"
    # when
    press(page, "goal_save")
    # then
    assert shops.goal_of(desk, shop) == replace(mapped, version=4)


@pytest.mark.promise("M19")
def test_the_preview_says_what_a_row_of_the_sample_would_change(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # given
    shops.map_columns(desk, admin, shop)
    shops.run_file(desk, shop, tmp_path_factory.mktemp("files"))
    # when
    page = show("goal_page.py", id=shop.goal_id, part="mappings")
    # then
    table = page.table[0].value
    assert list(table["Property"]) == ["last\\_purchase", "cds", "spend"]
    assert list(table["Before"]) == [":gray[18 Jan 1997]", ":gray[3]", ":gray[23.77]"]
    assert list(table["After"]) == ["**1 Jan 1997**", "**4**", "**35.54**"]
    assert "customer\\_id 00001 · line 2 · profile" in texts(page)


def test_files_of_actions_ask_for_their_key_source_and_fields(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given another goal that has named its source
    other = shops.goal_of(desk, shops.open_shop(desk, admin, "Other orders"))
    with desk.database.write("ctl") as cursor:
        cursor.execute("UPDATE ctl.connection SET data_type = 'conversions'")
        goals.save(cursor, replace(other, version=2, action=ActionFields("webshop", "id")), clock.now(), "Ana Vos")
    page = show("goal_page.py", id=shop.goal_id, part="identifiers")
    page.selectbox(key=key(shop, "id_field_0")).set_value("customer_id").run()
    press(page, "goal_save")
    # then
    assert "Choose the field that tells actions apart" in page.error[0].value
    # when
    for name, value in (("source", "webshop"), ("key", "number_of_cds"), ("amount", "dollar_value"), ("time", "date")):
        page.selectbox(key=key(shop, f"action_{name}")).set_value(value).run()
    page.text_input(key=key(shop, "action_time_format")).set_value("%Y%m%d").run()
    press(page, "goal_save")
    # then
    assert shops.goal_of(desk, shop).action == ActionFields(
        "webshop", "number_of_cds", "date", "%Y%m%d", "dollar_value"
    )
