"""From a bar of the errors chart to exactly those who failed, and back, in a real browser with real calls."""

import re
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from engine.base import clock
from engine.partners.simulator import Simulator
from engine.scheduling import dispatch
from storage.records.deliveries import DeliveryCategory
from tests.fakes import home
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard
from tests.journeys import browser, charts
from tests.pages import sending

pytestmark = pytest.mark.browser
FAILED = [f"{number:05d}" for number in range(21, 58)]


@dataclass
class Started:
    """What a test works with; day: when 37 of 120 were refused."""

    page: Page
    dashboard: Dashboard
    simulator: Simulator
    configuration_id: str
    day: date


@pytest.fixture
def started(tmp_path: Path) -> Iterator[Started]:
    """An admin's window on a home that really sent 120 profiles two days ago, of whom the partner refused 37."""
    (tmp_path / "home").mkdir()
    with ExitStack() as stack:
        simulator = stack.enter_context(Simulator())
        moment = clock.now() - timedelta(days=2)
        with home.open_home(tmp_path / "home") as desk:
            admin = home.first_admin(desk)
            token = home.session(desk, "ana@example.org")
            address = simulator.base_url()
            with sending.at(moment):
                begun = sending.begin(desk, admin, tmp_path / "files", 120, address)
                simulator.set_faults([{"kind": "partial", "identifiers": FAILED, "calls": 1}])
                with ThreadPoolExecutor(1) as apart:  # the browser's own loop runs in this thread
                    apart.submit(dispatch.send_due, desk).result()
            # Another error that day and one of another day: the click has to tell them apart.
            where = begun.configuration_id
            sending.add_counts(
                desk,
                (where, moment, DeliveryCategory.TIMEOUT, "", 30),
                (where, moment - timedelta(days=3), DeliveryCategory.PARTNER_CODE, "100", 40),
            )
        dashboard = stack.enter_context(Dashboard(tmp_path / "home"))
        page = browser.new_page(stack.enter_context(browser.open_browser()))
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": dashboard.origin}])
        yield Started(page, dashboard, simulator, where, moment.date())
        assert "Traceback" not in dashboard.output
        assert "Warning" not in dashboard.output


def said(started: Started) -> list[str]:
    """Return how to find the bar of the 37."""
    return [charts.ERRORS, f"partner_code|{started.day.isoformat()}"]


@pytest.mark.promise("Q17")
@pytest.mark.promise("Z05")
def test_a_bar_of_37_leads_to_37_rows_and_replay_sends_exactly_these(started: Started) -> None:
    # given
    page = started.page
    assert len(started.simulator.audiences()["123"]) == 83
    started.simulator.forget_requests()
    page.goto(f"{started.dashboard.origin}/statistics?configuration={started.configuration_id}")
    # when
    charts.click_bar(started.page, *said(started))
    # then
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("37 profiles").first).to_be_visible(timeout=browser.WAIT_MS)
    expect(page).to_have_url(re.compile(rf"/errors\?.*category=partner_code.*day={started.day.isoformat()}"))
    expect(drawer.get_by_text("INVALID_ENTRIES").first).to_be_visible()
    expect(drawer.locator("[data-testid=stDataFrame] table")).to_have_attribute("aria-rowcount", "38")
    # when
    drawer.get_by_role("button", name="Replay 37").click()
    # then
    expect(drawer.get_by_text("37 recovered")).to_be_visible(timeout=browser.WAIT_MS)
    assert started.simulator.requests()["profiles"] == {"add": 37, "remove": 0}
    assert len(started.simulator.audiences()["123"]) == 120
    # when
    browser.settled(page)
    page.go_back()
    # then
    expect(page.get_by_role("heading", name="Partner statistics")).to_be_visible()
    browser.settled(page)
    found = page.wait_for_function(charts.BARS, arg=said(started)).json_value()
    assert found == [["/", 37, "#8A2483"]]
    expect(page).to_have_url(re.compile("/statistics"))
    # when
    charts.click_bar(started.page, *said(started))
    # then
    expect(page.get_by_role("dialog").get_by_text("37 recovered")).to_be_visible(timeout=browser.WAIT_MS)
