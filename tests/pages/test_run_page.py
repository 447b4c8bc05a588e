"""One run's page: its ledger, stages and rejected rows; failed, going, without a match; by role."""

from dataclasses import replace
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.base import clock
from engine.base.errors import Category
from engine.flows.desk import Desk
from engine.views import runs as view
from pages.parts import ledger, reasons, run_rejects, run_stages
from storage.records.files import RejectReason
from storage.records.goals import ActionFields
from storage.records.people import Caller, Role
from storage.records.runs import JobState, Reject, RunCounts, RunStage, RunState, StageState
from storage.tables import goals, jobs, runs
from tests.pages import shop as shops
from tests.pages.conftest import Show


def texts(page: AppTest) -> str:
    """Everything that stands on the page as text."""
    blocks = [*page.markdown, *page.caption, *page.error, *page.warning, *page.info, *page.title, *page.subheader]
    return "\n".join(str(block.value) for block in blocks)


@pytest.fixture
def shop(desk: Desk, admin: Caller) -> shops.Shop:
    made = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, made)
    return made


@pytest.mark.promise("Z06")
@pytest.mark.promise("H02")
def test_a_run_shows_that_every_row_is_accounted_for(desk: Desk, shop: shops.Shop, show: Show, tmp_path: Path) -> None:
    # given
    number = shops.run_file(desk, shop, tmp_path)
    # when
    page = show("run_page.py", id=number)
    # then
    assert not page.exception
    said = texts(page)
    assert page.title[0].value == "Run 1"
    for figure in ("**6**  \nrows read =", "**3**  \n", "**0**  \n"):
        assert figure in said
    assert "Adds up to the row" in said
    assert "Profiles: 2 created, 0 updated · Files: 1 taken, 0 unchanged" in said
    assert [step.label.split("\u2002")[0] for step in page.expander] == ["Fetch", "Read and check", "Completed"]


def test_rejected_rows_are_listed_with_line_and_reason_and_can_be_narrowed(
    desk: Desk, shop: shops.Shop, show: Show, tmp_path: Path
) -> None:
    # given
    number = shops.run_file(desk, shop, tmp_path)
    # when
    table = show("run_page.py", id=number).dataframe[0].value
    # then
    assert list(table["Line"]) == [4, 5, 6]
    assert [row[0] for row in table["Reason"]] == ["Impossible date", "Not a number", "Too few columns"]
    assert list(table["Value"])[:2] == ["19970231", "11,70"]
    assert list(table["Suggestion"])[:2] == ["no such day in the calendar", "decimal comma; write a point"]
    # when narrowed by the address
    narrowed = show("run_page.py", id=number, reason="not_a_decimal").dataframe[0].value
    # then
    assert list(narrowed["Line"]) == [5]


@pytest.mark.promise("D05")
@pytest.mark.parametrize("role", [Role.MANAGER, Role.SUPPORT])
def test_managers_and_support_see_values_masked_and_cannot_run(
    desk: Desk, shop: shops.Shop, show: Show, tmp_path: Path, role: Role
) -> None:
    # given
    number = shops.run_file(desk, shop, tmp_path)
    # when
    page = show("run_page.py", role, id=number)
    # then
    assert not page.exception
    table = page.dataframe[0].value
    assert "19970231" not in table.to_string()
    assert list(table["Line"]) == [4, 5, 6]
    assert not [button for button in page.button if button.key == "run_again"]


@pytest.mark.parametrize(
    ("category", "next_step"),
    [
        (Category.FOLDER, "Correct it on the connection's page, then run again."),
        (Category.NETWORK, "It may pass by itself: run again."),
        (Category.FORMAT, "Correct the file or the mapping, then run again."),
    ],
)
def test_a_failed_run_says_what_happened_and_what_next(
    desk: Desk, shop: shops.Shop, show: Show, category: Category, next_step: str
) -> None:
    # given
    number = shops.fail_run(desk, shop, "The server has no folder *here*.", category)
    # when
    page = show("run_page.py", id=number)
    # then
    assert not page.exception
    assert "The server has no folder \\*here\\*." in page.error[0].value
    assert next_step in page.error[0].value
    assert "Nothing was rejected." in texts(page)


def test_run_again_starts_a_run_and_leads_to_it(desk: Desk, admin: Caller, shop: shops.Shop, show: Show) -> None:
    # given
    number = shops.fail_run(desk, shop, "Gone.", Category.NETWORK)
    with desk.database.write("ctl") as cursor:
        first = view.page(desk, admin, number).run.run_id
        jobs.end(cursor, first, JobState.FAILED, None, ("Gone.", "network"), clock.now())
    page = show("run_page.py", id=number)
    # when
    page.button(key="run_again").click().run()
    # then
    assert not page.exception
    assert page.query_params["id"] in ("2", ["2"])
    assert page.title[0].value == "Run 2"


@pytest.mark.promise("Y12")
def test_a_going_run_shows_how_far_it_is_and_cancel_asks_it_to_stop(
    desk: Desk, admin: Caller, shop: shops.Shop, show: Show
) -> None:
    # given
    number = shops.keep_running(desk, shop, 160_204, 250_000)
    page = show("run_page.py", id=number)
    assert page.progress[0].text == "160,204 of 250,000 rows"
    # when
    page.button(key="run_cancel").click().run()
    # then
    assert view.page(desk, admin, number).is_cancelling
    assert page.button(key="run_cancel").disabled
    assert page.button(key="run_cancel").label == "Cancelling…"


def test_with_several_files_the_stage_that_runs_is_the_one_shown() -> None:
    now = clock.now()
    read = RunStage("r", 2, "Read and check", StageState.RUNNING, now, None, 1, 2, "bytes", "")
    merged = RunStage("r", 3, "Match and merge", StageState.DONE, now, now, 6, 6, "rows", "")

    assert view.going_stage((read, merged)) is read
    assert view.going_stage((merged,)) is merged
    assert view.going_stage(()) is None


def test_a_manager_cannot_cancel(desk: Desk, shop: shops.Shop, show: Show) -> None:
    number = shops.keep_running(desk, shop, 1, 2)

    page = show("run_page.py", Role.MANAGER, id=number)

    assert not page.exception
    assert not [button for button in page.button if button.key == "run_cancel"]


@pytest.mark.promise("H05")
def test_zero_matches_name_the_identifier_to_check(desk: Desk, admin: Caller, show: Show, tmp_path: Path) -> None:
    # given
    shop = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, shop, create_profiles=False)
    number = shops.run_file(desk, shop, tmp_path)
    # when
    page = show("run_page.py", id=number)
    # then
    assert page.warning[0].value == "No row matched a profile. Check identifier: **customer\\_id**."


def test_zero_actions_name_the_key_to_check(desk: Desk, admin: Caller, shop: shops.Shop, show: Show) -> None:
    # given
    number = shops.fail_run(desk, shop, "Gone.", Category.NETWORK)
    goal = replace(shops.goal_of(desk, shop), action=ActionFields("webshop", "order_id"), version=9)
    with desk.database.write("ctl") as cursor:
        goals.save(cursor, goal, clock.now(), admin.name)
        counts = RunCounts(read=2, skipped={"no_action": 2})
        runs.end(cursor, view.page(desk, admin, number).run.run_id, RunState.COMPLETED, counts, clock.now(), None)
    # when
    page = show("run_page.py", id=number)
    # then
    assert not page.exception
    assert page.warning[0].value == "No row matched an action. Check the key: **order\\_id**."


def test_a_run_that_is_not_there_is_said_in_one_sentence(show: Show) -> None:
    page = show("run_page.py", id="77")

    assert not page.exception
    assert "here is no run 77; see the list of runs." in page.error[0].value


def test_slivers_keep_their_width_and_the_bar_stays_whole() -> None:
    shares = ledger.shares([1_000_000, 1, 0, 3])

    assert sum(shares) == pytest.approx(1)
    assert shares[1] == shares[3] == ledger.SHARE_MIN >= 0.004
    assert shares[2] == 0
    assert ledger.shares([0, 0]) == [0, 0]


def test_the_parts_of_the_bar_add_up_to_what_was_read() -> None:
    counts = RunCounts(read=10, applied=4, unchanged=3, skipped={"no_match": 2}, rejected=1)

    assert [(part.word, part.rows) for part in ledger.parts_of(counts)] == [
        ("Applied", 4),
        ("Unchanged", 3),
        ("No match", 2),
        ("Rejected", 1),
    ]


def test_every_reason_and_category_has_words() -> None:
    assert all(reasons.rejected(code.value) in reasons.REJECTED_WORDS for code in RejectReason)
    assert all(reasons.next_step(code.value).endswith(".") for code in Category)
    assert reasons.rejected("brand_new") == "Brand new"
    assert reasons.category(None) == "Other"


def test_a_download_never_holds_a_formula() -> None:
    reject = Reject("r", "=cmd.txt", 4, "note", "=HYPERLINK(1)", "impossible_date", "leave it", "@SUM(1),-5")

    lines = run_rejects.as_csv([reject]).decode("utf-8-sig").splitlines()

    assert lines[1] == "'=cmd.txt,4,note,'=HYPERLINK(1),Impossible date,leave it,\"'@SUM(1),-5\""
    assert run_rejects.safe_cell("-12.50") == "-12.50"


def test_a_stage_without_a_known_end_makes_no_progress_up() -> None:
    assert run_stages.share(None) == 0
    assert run_stages.progress_text(None) == "Waiting for its turn"
