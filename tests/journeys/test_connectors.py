"""Connectors in a real browser: an account is set up and tested, switched by its menu, and not deleted while used."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.partners.simulator import Simulator
from tests.fakes import home
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard
from tests.fakes.partner import TOKEN
from tests.journeys import browser
from tests.pages import sending as sendings

pytestmark = pytest.mark.browser
TITLE = "Meta demo account"


@dataclass(frozen=True)
class Started:
    """An admin's window, the server behind it, and the partner."""

    page: Page
    dashboard: Dashboard
    simulator: Simulator
    configuration_id: str


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    """A home with one account to which an audience of three is linked, and its service that sends them."""
    folder: Path = tmp_path_factory.mktemp("connectors")
    with Simulator() as simulator:
        with home.open_home(folder) as desk:
            admin = home.first_admin(desk)
            token = home.session(desk, "ana@example.org")
            sending = sendings.begin(desk, admin, folder / "files", 3, simulator.base_url())
        with Dashboard(folder) as dashboard, browser.open_browser() as chromium:
            page = browser.new_page(chromium)
            page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": dashboard.origin}])
            yield Started(page, dashboard, simulator, sending.configuration_id)
            assert "Traceback" not in dashboard.output
            assert "Warning" not in dashboard.output


def open_account(started: Started) -> Page:
    """Open the linked account's page."""
    started.page.goto(f"{started.dashboard.origin}/connector?id={started.configuration_id}")
    expect(started.page.get_by_role("heading", name=TITLE)).to_be_visible()
    browser.settled(started.page)
    return started.page


@pytest.mark.promise("L06")
def test_a_refused_delete_leads_to_the_audience_in_one_click(started: Started) -> None:
    # given
    page = open_account(started)
    # when
    browser.press(page, "Delete")
    # then
    question = page.get_by_role("dialog")
    expect(question).to_contain_text("Used by 1 audience. Remove it there first:")
    expect(question.get_by_role("button", name="Delete")).to_have_count(0)
    # when
    question.get_by_role("link", name=sendings.AUDIENCE).click()
    # then
    expect(page.get_by_role("heading", name=sendings.AUDIENCE)).to_be_visible()
    assert "/audience?id=" in page.url


@pytest.mark.promise("L04")
def test_an_account_is_switched_by_its_row_menu_and_its_page_counts_who_is_there(started: Started) -> None:
    # given
    page = open_account(started)
    expect(page.get_by_text("3 members · 3 at Meta")).to_be_visible()
    page.goto(f"{started.dashboard.origin}/connectors")
    expect(page.locator("[data-testid=stDataFrame]")).to_be_visible()
    # when
    browser.choose_in_menu(page, "Deactivate")
    expect(page.get_by_role("dialog")).to_contain_text("3 profiles stay at the partner.")
    expect(page.get_by_role("dialog")).to_contain_text("Activate it later, and what changed in between goes out.")
    browser.press(page, f"Deactivate {TITLE}")
    # then
    expect(page.get_by_text("deactivated 1")).to_be_visible()
    # A table that is drawn once more when the question closes takes the menu away.
    expect(page.get_by_role("dialog")).to_have_count(0)
    # when
    browser.choose_in_menu(page, "Activate")
    # then
    expect(page.get_by_text("deactivated 1")).to_have_count(0)
    assert sorted(started.simulator.audiences()["123"]) == ["00001", "00002", "00003"]


def test_an_account_is_set_up_from_the_catalog_and_tested_before_it_is_saved(started: Started) -> None:
    # given
    page = started.page
    page.goto(f"{started.dashboard.origin}/connectors")
    browser.press(page, "New Connector")
    browser.press(page, "Set up")
    for number in range(2):
        page.get_by_role("checkbox").nth(number).check(force=True)
    browser.fill(page, "Name", "Retail NL")
    browser.fill(page, "Access token", "expired")
    browser.fill(page, "Audience id", "456")
    page.get_by_text("Advanced").click()
    browser.fill(page, "Base URL", started.simulator.base_url())
    # when
    browser.press(page, "Test")
    # then
    expect(page.get_by_text("(code 190", exact=False)).to_be_visible()
    # when
    browser.fill(page, "Access token", TOKEN)
    browser.press(page, "Test")
    # then
    expect(page.get_by_text("Meta knows this account.")).to_be_visible()
    # when
    browser.press(page, "Save and activate")
    # then
    expect(page.get_by_role("heading", name="Meta · Retail NL")).to_be_visible()
    assert "/connector?id=" in page.url
    assert page.get_by_label("Access token", exact=True).input_value() == ""
    assert TOKEN not in page.content()
