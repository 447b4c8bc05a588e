"""The list of connections and a connection's page in a real browser: menus, dialogs and what leads where."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from tests.fakes import home
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard
from tests.journeys import browser
from tests.pages import shop as shops

pytestmark = pytest.mark.browser
NAME = "Loyalty members"


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, Dashboard]]:
    """An admin's window on a home with one connection that never ran."""
    folder: Path = tmp_path_factory.mktemp("connections")
    with home.open_home(folder) as desk:
        admin = home.first_admin(desk)
        token = home.session(desk, "ana@example.org")
        shop = shops.open_shop(desk, admin, NAME)
        shops.map_columns(desk, admin, shop)
    with Dashboard(folder) as dashboard, browser.open_browser() as chromium:
        page = browser.new_page(chromium)
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": dashboard.origin}])
        yield page, dashboard
        assert "Traceback" not in dashboard.output
        assert "Warning" not in dashboard.output


def open_list(page: Page, dashboard: Dashboard) -> None:
    page.goto(f"{dashboard.origin}/connections")
    expect(page.locator("[data-testid=stDataFrame]")).to_be_visible()
    browser.settled(page)


@pytest.mark.promise("A01")
@pytest.mark.promise("A02")
def test_the_menu_leads_to_the_list_and_its_button_to_the_wizard(started: tuple[Page, Dashboard]) -> None:
    # given
    page, dashboard = started
    page.goto(f"{dashboard.origin}/people")
    expect(page.get_by_role("heading", name="People")).to_be_visible()
    # when
    sidebar = page.locator("[data-testid=stSidebar]")
    expect(sidebar.get_by_text("Settings · Technical")).to_be_visible()
    sidebar.get_by_text("Connections", exact=True).click()
    # then
    expect(page.get_by_role("heading", name="Connections")).to_be_visible()
    expect(page).to_have_url(f"{dashboard.origin}/connections")
    # when
    browser.settled(page)
    browser.by_key(page, "create").get_by_role("button").click()
    # then
    expect(page.get_by_text("step 1 of 5")).to_be_visible()
    browser.settled(page)
    browser.press(page, "Discard draft")
    expect(page.get_by_text("Nothing else was made.")).to_be_visible()
    browser.by_key(page, "discard_yes").get_by_role("button").click()
    expect(page.get_by_text("1 connection · 1 on")).to_be_visible()


@pytest.mark.promise("A06")
def test_the_row_menu_turns_off_and_shows_the_history(started: tuple[Page, Dashboard]) -> None:
    # given
    page, dashboard = started
    open_list(page, dashboard)
    # when
    browser.choose_in_menu(page, "Turn off")
    # then
    expect(page.get_by_text("1 connection · 0 on")).to_be_visible()
    # when
    browser.choose_in_menu(page, "Run now")
    # then
    expect(page.get_by_text(f"{NAME} is off. Turn it on to run it.")).to_be_visible()
    # when
    browser.choose_in_menu(page, "Turn on")
    expect(page.get_by_text("1 connection · 1 on")).to_be_visible()
    browser.choose_in_menu(page, "View history")
    # then
    expect(page.get_by_text("Not run yet.")).to_be_visible()


@pytest.mark.promise("Y02")
def test_the_cog_opens_the_schedule_and_saves_it(started: tuple[Page, Dashboard]) -> None:
    # given
    page, dashboard = started
    open_list(page, dashboard)
    browser.choose_in_menu(page, "View history")
    expect(page.get_by_text("Only by Run now")).to_be_visible()
    browser.settled(page)
    # when
    browser.by_key(page, "schedule_cog").get_by_role("button").click()
    minutes = browser.by_key(page, "schedule_minutes").locator("input")
    minutes.fill("15")
    minutes.press("Enter")
    browser.press(page, "Save the schedule")
    # then
    expect(page.get_by_text("Every 15 minutes")).to_be_visible()
    expect(page.get_by_text("Next: ")).to_be_visible()


@pytest.mark.promise("L12")
def test_a_connection_that_never_ran_is_deleted_after_a_question(started: tuple[Page, Dashboard]) -> None:
    # given
    page, dashboard = started
    open_list(page, dashboard)
    # when
    browser.choose_in_menu(page, "Delete")
    browser.press(page, f"Delete {NAME}")
    # then
    expect(page.get_by_text("No connection yet.")).to_be_visible()
