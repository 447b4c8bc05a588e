"""A phone's window of 390 pixels: every page of a connection fits, nothing scrolls sideways."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from storage.records.connections import Direction, Method, Methodology
from tests.fakes import home
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard
from tests.journeys import browser
from tests.pages import shop as shops
from tests.pages import ways

WIDTH = 390
NAME = "A connection with quite a long name"
LONG: dict[str, object] = {
    "host": "a-rather-long-name-of-a-server.brightside.example",
    "folder": "/home/brightside/outgoing/loyalty/members",
    "files": "loyalty_members_*.csv",
}
FETCHED = ways.of(Direction.INBOUND, Method.SFTP, Methodology.PULL)
MAILED = ways.of(Direction.INBOUND, Method.EMAIL, Methodology.PUSH)

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def phone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Page, dict[str, str]]]:
    """A phone's window of an admin, and the addresses of what is there."""
    folder: Path = tmp_path_factory.mktemp("phone")
    with home.open_home(folder) as desk:
        admin = home.first_admin(desk)
        token = home.session(desk, "ana@example.org")
        shop = shops.open_shop(desk, admin, "Loyalty members of the shops in the north")
        shops.map_columns(desk, admin, shop)
        shops.run_file(desk, shop, folder)
        draft_id = ways.complete(desk, admin, dataclasses.replace(FETCHED, place=LONG), NAME)
        hosted = {way: ways.make(desk, admin, way, f"Of {way}, hosted here") for way in (ways.HOSTED_SFTP, MAILED)}
    with Dashboard(folder) as dashboard, browser.open_browser() as chromium:
        page = browser.new_page(chromium, WIDTH, 844)
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": dashboard.origin}])
        addresses = {
            "list": f"{dashboard.origin}/connections",
            "connection": f"{dashboard.origin}/connection?id={shop.connection_id}",
            "hosted": f"{dashboard.origin}/connection?id={hosted[ways.HOSTED_SFTP]}",
            "mailed": f"{dashboard.origin}/connection?id={hosted[MAILED]}",
            "wizard": f"{dashboard.origin}/connection-new?draft={draft_id}&step=",
        }
        yield page, addresses
        assert "Traceback" not in dashboard.output
        assert "Warning" not in dashboard.output


def fits(page: Page) -> bool:
    """Say whether neither the document nor its main part is wider than the window."""
    wide = page.evaluate(
        "[document.documentElement, document.querySelector('[data-testid=stMain]')].map(part => part.scrollWidth)"
    )
    return all(width <= WIDTH for width in wide)


@pytest.mark.promise("A11")
def test_the_wizard_is_reached_from_the_list(phone: tuple[Page, dict[str, str]]) -> None:
    # given
    page, addresses = phone
    page.goto(addresses["list"])
    expect(page.get_by_role("heading", name="Connections")).to_be_visible()
    expect(page.locator("[data-testid=stDataFrame]")).to_be_visible()
    browser.settled(page)
    assert fits(page)
    # when
    browser.by_key(page, "create").get_by_role("button").click()
    # then
    expect(page.get_by_label("Connection name")).to_be_visible()
    expect(browser.by_key(page, "wizard_next")).to_be_visible()
    browser.settled(page)
    assert fits(page)


@pytest.mark.promise("A11")
@pytest.mark.parametrize("step", ["Direction", "Type", "Method", "Credentials", "Review"])
def test_each_step_fits(phone: tuple[Page, dict[str, str]], step: str) -> None:
    # given
    page, addresses = phone
    # when
    page.goto(addresses["wizard"] + step)
    # then
    expect(browser.by_key(page, f"step_now_{step}")).to_be_visible()
    expect(browser.by_key(page, "wizard_create" if step == "Review" else "wizard_next")).to_be_visible()
    browser.settled(page)
    assert fits(page)


@pytest.mark.promise("A11")
def test_a_connection_with_its_history_fits(phone: tuple[Page, dict[str, str]]) -> None:
    # given
    page, addresses = phone
    # when
    page.goto(addresses["connection"])
    # then
    expect(page.locator("[data-testid=stDataFrame]")).to_be_visible()
    browser.settled(page)
    assert fits(page)


@pytest.mark.promise("A11")
@pytest.mark.parametrize("which", ["hosted", "mailed"])
def test_a_connection_that_partners_come_to_fits(phone: tuple[Page, dict[str, str]], which: str) -> None:
    # given
    page, addresses = phone
    # when
    page.goto(addresses[which])
    # then
    expect(page.get_by_text("For the partner")).to_be_visible()
    expect(page.get_by_role("heading", name="Run history")).to_be_visible()
    browser.settled(page)
    assert fits(page)
