"""An audience in a real browser: typed and counted while typing, saved, linked, and there at the partner."""

import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.partners.simulator import Simulator
from tests.fakes import home
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard
from tests.fakes.partner import simulator
from tests.journeys import browser
from tests.pages import sending
from tests.pages import shop as shops

__all__ = ["simulator"]
pytestmark = pytest.mark.browser
TYPING_MS, LOOK_MS = 40, 100


@pytest.fixture
def started(tmp_path: Path, simulator: Simulator) -> Iterator[tuple[Page, Dashboard]]:
    """An admin's window on three customers, of whom two spent 900, and an account at the simulated partner."""
    with home.open_home(tmp_path) as desk:
        admin = home.first_admin(desk)
        token = home.session(desk, "ana@example.org")
        shop = shops.open_shop(desk, admin)
        shops.map_columns(desk, admin, shop)
        work = tmp_path / "work"
        work.mkdir()
        shops.run_file(desk, shop, work, (*sending.lines(2), *sending.lines(1, 3, "10.00")[1:]))
        sending.add_connector(desk, admin, base_url=simulator.base_url("meta"))
        with desk.database.write("ctl") as cursor:
            cursor.execute("DELETE FROM ctl.job")
    with Dashboard(tmp_path) as dashboard, browser.open_browser() as chromium:
        page = browser.new_page(chromium)
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": dashboard.origin}])
        yield page, dashboard
        assert "Traceback" not in dashboard.output
        assert "Warning" not in dashboard.output


def test_a_typed_rule_becomes_an_audience_that_reaches_the_partner(
    started: tuple[Page, Dashboard], simulator: Simulator
) -> None:
    # given
    page, dashboard = started
    page.goto(f"{dashboard.origin}/audiences")
    browser.press(page, "New audience")
    expect(page.get_by_role("heading", name="New audience")).to_be_visible()
    browser.settled(page)
    browser.fill(page, "Name", "Big spenders")
    # when the rule is typed, without leaving its field
    page.get_by_role("textbox", name="The same as text").press_sequentially("spend >= 500", delay=TYPING_MS)
    # then it is counted, and stands in the fields
    expect(page.get_by_text("2 profiles meet this now.")).to_be_visible()
    expect(page.get_by_role("textbox", name="Value")).to_have_value("500")
    # when
    browser.press(page, "Save and recompute")
    # then the page shows when it is done, by itself
    expect(page.get_by_role("heading", name="Big spenders")).to_be_visible()
    expect(page.get_by_text("Recomputing")).to_have_count(0)
    # when
    browser.press(page, "Link a connector", exact=False)
    expect(page.get_by_text("Send the 2 current members?")).to_be_visible()
    browser.press(page, f"Link {sending.META}")
    # then
    deadline = time.monotonic() + browser.WAIT_MS / 1_000
    while not simulator.audiences() and time.monotonic() < deadline:
        page.wait_for_timeout(LOOK_MS)
    assert {name: sorted(there) for name, there in simulator.audiences().items()} == {"123": ["00001", "00002"]}
    # and the page comes to say that nothing is on its way any more
    expect(page.get_by_text(f"{sending.META} knows them by customer_id.", exact=True)).to_be_visible()
    expect(page.get_by_text("Recomputing")).to_have_count(0)
