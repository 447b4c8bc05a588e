"""The goal page: its four parts, unsaved edits, saving, scanning, and who may only read."""

from dataclasses import replace

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import goals as goal_actions
from engine.flows.desk import Desk
from storage.records.goals import Identifier, Strategy
from storage.records.people import Caller, Role
from storage.records.runs import JobState
from storage.tables import jobs
from tests.pages import shop as shops
from tests.pages.conftest import Show


def texts(page: AppTest) -> str:
    """Everything that stands on the page as text."""
    blocks = [*page.markdown, *page.caption, *page.error, *page.warning, *page.title, *page.subheader]
    return "\n".join(str(block.value) for block in blocks)


def key(shop: shops.Shop, name: str, turn: int = 0) -> str:
    """The key of a widget of this goal."""
    return f"goal_{name}_{shop.goal_id[-6:]}_{turn}"


def open_part(page: AppTest, part: str) -> AppTest:
    page.session_state["goal_part"] = part
    return page.run()


@pytest.fixture
def shop(desk: Desk, admin: Caller) -> shops.Shop:
    return shops.open_shop(desk, admin)


@pytest.mark.promise("M02")
@pytest.mark.promise("M03")
@pytest.mark.promise("M05")
def test_files_of_the_scan_are_listed_with_their_state(desk: Desk, shop: shops.Shop, show: Show) -> None:
    # given
    shops.scan(desk, shop)
    # when
    page = show("goal_page.py", id=shop.goal_id)
    # then
    assert not page.exception
    assert page.text_input(key=key(shop, "folder")).value == "/outgoing"
    assert page.text_input(key=key(shop, "files")).value == "CDNOW_*.txt"
    table = page.dataframe[0].value
    assert list(table["Name"]) == [shops.FILE, "readme.md"]
    assert [list(words) for words in table["State"]] == [["new"], ["not matched"]]
    assert list(table["Rows"]) == ["3", ""]
    assert (table["Size"][0], table["Reason"][1]) == ("1.2 kB", "does not match")


def test_without_a_scan_every_part_says_what_to_do(shop: shops.Shop, show: Show) -> None:
    page = show("goal_page.py", id=shop.goal_id)

    assert "No file seen in /outgoing yet. Scan now." in texts(page)
    assert "Scan now to see the first rows" in texts(open_part(page, "formats"))
    assert "No file seen in /outgoing yet." in texts(open_part(page, "mappings"))
    page.button(key="goal_scan_first").click().run()
    assert page.button(key="goal_scan").disabled
    assert not page.exception


@pytest.mark.promise("M04")
def test_scan_now_asks_the_engine_with_what_stands_on_the_page(desk: Desk, shop: shops.Shop, show: Show) -> None:
    # given
    page = show("goal_page.py", id=shop.goal_id)
    page.text_input(key=key(shop, "folder")).set_value("/elsewhere").run()
    # when
    page.button(key="goal_scan").click().run()
    # then
    with desk.database.read() as cursor:
        job = jobs.newest_with_key(cursor, f"scan:{shop.goal_id}")
    assert job is not None
    assert (job.arguments["folder"], job.state) == ("/elsewhere", JobState.QUEUED)
    assert page.button(key="goal_scan").disabled
    # when
    page.button(key="goal_scan_cancel").click().run()
    # then
    with desk.database.read() as cursor:
        assert jobs.is_cancel_wanted(cursor, job.job_id)


def test_a_failed_scan_says_why_and_keeps_what_the_last_one_saw(desk: Desk, shop: shops.Shop, show: Show) -> None:
    # given
    shops.scan(desk, shop)
    shops.scan(desk, shop, error="The server has no folder /outgoing; check how it is written.")
    # when
    page = show("goal_page.py", id=shop.goal_id)
    # then
    assert page.error[0].value == "The server has no folder /outgoing; check how it is written."
    assert shops.FILE in list(page.dataframe[0].value["Name"])


def test_a_folder_that_cannot_be_used_is_refused_in_words(shop: shops.Shop, show: Show) -> None:
    # given
    page = show("goal_page.py", id=shop.goal_id)
    # when
    page.text_input(key=key(shop, "folder")).set_value("outgoing").run()
    page.button(key="goal_scan").click().run()
    # then
    assert page.error[0].value == "The folder must begin with /, without '..'."


@pytest.mark.promise("M12")
@pytest.mark.promise("M14")
@pytest.mark.promise("M16")
def test_edits_of_all_parts_are_counted_survive_and_are_saved_together(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given properties that another connection has made
    shops.map_columns(desk, admin, shops.open_shop(desk, admin, "Another shop"))
    shops.scan(desk, shop)
    page = show("goal_page.py", id=shop.goal_id, part="formats")
    # when each part is edited
    page.selectbox(key=key(shop, "separator")).set_value("blanks").run()
    open_part(page, "identifiers")
    page.selectbox(key=key(shop, "id_field_0")).set_value("customer_id").run()
    assert page.selectbox(key=f"{key(shop, 'id_property_0')}_customer_id").options == ["customer_id"]
    page.checkbox(key=key(shop, "create")).uncheck().run()
    open_part(page, "mappings")
    rows = len(shops.COLUMNS)
    page.selectbox(key=key(shop, f"add_field_{rows}")).set_value("dollar_value")
    page.selectbox(key=key(shop, f"add_type_{rows}")).set_value("decimal").run()
    page.selectbox(key=key(shop, f"add_as_{rows}")).set_value("Sum")
    page.selectbox(key=key(shop, f"add_property_{rows}")).set_value("spend")
    page.button(key="goal_add").click().run()
    # then
    assert not page.exception
    assert "4 unsaved changes" in texts(page)
    assert "Sum wants files that only grow, or a row key: without one a changed row counts as a new one." in texts(page)
    assert shops.goal_of(desk, shop).version == 1
    # when
    page.button(key="goal_save").click().run()
    # then
    goal = shops.goal_of(desk, shop)
    assert (goal.version, goal.format.separator, goal.create_profiles) == (2, "blanks", False)
    assert goal.identifiers == (Identifier("customer_id", "customer_id"),)
    assert [(item.field, item.property, item.strategy) for item in goal.mappings] == [
        ("dollar_value", "spend", Strategy.SUM)
    ]
    assert "unsaved" not in texts(page)


@pytest.mark.promise("M06")
@pytest.mark.parametrize(
    ("choice", "separator"),
    [("comma", ","), ("semicolon", ";"), ("tab", "\t"), ("bar", "|"), ("find out", None), ("other", "#")],
)
def test_each_separator_can_be_chosen_and_another_one_typed(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show, choice: str, separator: str | None
) -> None:
    # given
    shops.map_columns(desk, admin, shop)
    page = show("goal_page.py", id=shop.goal_id, part="formats")
    # when
    page.selectbox(key=key(shop, "separator")).set_value(choice).run()
    if choice == "other":
        page.text_input(key=key(shop, "separator_other")).set_value("#").run()
    page.button(key="goal_save").click().run()
    # then
    assert not page.exception
    assert shops.goal_of(desk, shop).format.separator == separator


@pytest.mark.promise("M16")
def test_a_field_that_is_called_line_stands_beside_the_number_of_the_line(
    desk: Desk, shop: shops.Shop, show: Show
) -> None:
    # given
    shops.scan(desk, shop, ("Line", "id"), rows=[["a", "1"]])
    # when
    page = show("goal_page.py", id=shop.goal_id, part="formats")
    # then
    assert not page.exception
    [table] = [found.value for found in page.dataframe if "Line" in found.value.columns]
    assert (list(table.columns), table.iloc[0].tolist()) == (["Line of the file", "Line", "id"], [2, "a", "1"])


def test_every_field_of_the_file_has_a_row_with_its_first_value(desk: Desk, shop: shops.Shop, show: Show) -> None:
    # given
    shops.scan(desk, shop)
    # when
    table = show("goal_page.py", id=shop.goal_id, part="mappings").dataframe[0].value
    # then
    assert list(table["File field"]) == list(shops.COLUMNS)
    assert list(table["First value"]) == ["00001", "19970101", "1", "11.77"]
    assert [row[0] for row in table["Note"]] == ["not mapped"] * 4


def test_a_save_that_is_refused_says_what_is_missing_and_keeps_the_edits(
    desk: Desk, shop: shops.Shop, show: Show
) -> None:
    # given
    page = show("goal_page.py", id=shop.goal_id)
    page.text_input(key=key(shop, "files")).set_value("").run()
    # when
    page.button(key="goal_save").click().run()
    # then
    assert "Give a pattern or an exact name" in page.error[0].value
    assert "Link one identifier" in page.error[0].value
    assert page.text_input(key=key(shop, "files")).value == ""
    assert shops.goal_of(desk, shop).version == 1
    # when
    page.button(key="goal_discard").click().run()
    # then
    assert page.text_input(key=key(shop, "files", 1)).value == "CDNOW_*.txt"
    assert not page.error


@pytest.mark.promise("M19")
@pytest.mark.promise("M11")
def test_mappings_into_filled_properties_warn_and_dates_are_tried(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show, tmp_path_factory: pytest.TempPathFactory
) -> None:
    # given
    shops.map_columns(desk, admin, shop)
    shops.run_file(desk, shop, tmp_path_factory.mktemp("files"))
    shops.scan(desk, shop)
    # when
    page = show("goal_page.py", id=shop.goal_id, part="mappings")
    # then
    assert not page.exception
    assert page.warning[0].value == (
        "3 mappings write into properties that already hold data: last\\_purchase, cds, spend."
    )
    said = texts(page)
    assert "2 of 3 match" in said
    assert "line 4, date: **19970231**" in said


def test_a_mapped_field_that_the_newest_file_lacks_is_marked(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given
    shops.map_columns(desk, admin, shop)
    shops.scan(desk, shop, columns=("customer_id", "date", "number_of_cds", "amount"))
    # when
    table = show("goal_page.py", id=shop.goal_id, part="mappings").dataframe[0].value
    # then
    assert list(table["File field"]) == ["customer_id", "date", "number_of_cds", "amount", "dollar_value"]
    assert "not in file" in table["Note"][4]


def test_two_people_editing_lose_nothing_silently(desk: Desk, admin: Caller, shop: shops.Shop, show: Show) -> None:
    # given
    page = show("goal_page.py", id=shop.goal_id)
    page.text_input(key=key(shop, "files")).set_value("mine_*.txt").run()
    mapped = shops.map_columns(desk, admin, shop)
    # when
    page.button(key="goal_save").click().run()
    # then
    assert "changed meanwhile" in page.error[0].value or "Somebody saved this goal" in texts(page)
    assert shops.goal_of(desk, shop) == mapped


@pytest.mark.promise("D05")
def test_support_reads_everything_masked_and_changes_nothing(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given
    shops.map_columns(desk, admin, shop)
    shops.scan(desk, shop)
    # when
    page = show("goal_page.py", Role.SUPPORT, id=shop.goal_id)
    # then
    assert not page.exception
    assert page.text_input(key=key(shop, "folder")).disabled
    assert not [button for button in page.button if button.key in ("goal_save", "goal_scan")]
    for part in ("formats", "mappings"):
        open_part(page, part)
        assert not page.exception
        assert "19970101" not in page.dataframe[0].value.to_string()


@pytest.mark.promise("D05")
def test_a_manager_is_shown_nothing_even_if_the_page_were_run(shop: shops.Shop, show: Show) -> None:
    page = show("goal_page.py", Role.MANAGER, id=shop.goal_id)

    assert "may not see mappings" in page.error[0].value
    assert not page.text_input


def test_a_goal_that_is_not_there_is_said_in_one_sentence(show: Show) -> None:
    page = show("goal_page.py", id="nowhere")

    assert not page.exception
    assert "not there any more" in page.error[0].value


def test_a_saved_goal_of_somebody_else_is_taken_over_where_nothing_was_edited(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given
    page = show("goal_page.py", id=shop.goal_id)
    goal = shops.map_columns(desk, admin, shop)
    goal_actions.save(desk, admin, replace(goal, files="NEW_*.txt"), goal.version)
    # when
    page.run()
    # then
    assert page.text_input(key=key(shop, "files", 1)).value == "NEW_*.txt"
    assert "unsaved" not in texts(page)
