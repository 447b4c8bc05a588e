"""The demo as a new user meets it: one command, signed in, something on every page, and 37 who are sent again."""

import json
import os
import re
import signal
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from engine.demo import world
from tests.fakes.dashboard import ROOT
from tests.fakes.service import wait_until
from tests.fakes.shop import ask
from tests.journeys import browser, charts

pytestmark = [pytest.mark.browser, pytest.mark.timeout(600)]
READY_WAIT_S = 400.0
TABLES = {
    "errors": "Errors",
    "runs": "Runs",
    "connections": "Connections",
    "files": "Files",
    "credentials": "Credentials",
    "audiences": "Audiences",
    "connectors": "Server-to-server connectors",
    "people": "People",
    "status": "Status",
}
_SOME_ROWS = re.compile(r"^([2-9]|\d{2,})$")
LIST = world.LISTS[world.MAIN]
_BAR_OF_37 = """charts => {
    const chart = document.querySelector(charts);
    for (const trace of chart?._fullData ?? [])
        for (const [point, count] of [...trace.y].entries())
            if (count === 37 && trace.customdata[point].startsWith('partner_code')) return trace.customdata[point];
    return null;
}"""
_IS_DRAWN = (
    "charts => [...document.querySelectorAll(charts)].every(one => one._fullData?.some(trace => trace.y.length))"
)


@dataclass
class Demo:
    """The demo's process, and what it printed."""

    process: "subprocess.Popen[str]"
    folder: Path
    lines: list[str] = field(default_factory=list)

    def said(self, pattern: str) -> str:
        """Return what the first line that fits says there, empty before it was said."""
        found = next((match for line in self.lines if (match := re.search(pattern, line))), None)
        return found[1] if found else ""

    @property
    def address(self) -> str:
        return self.said(r"The demo is ready: (\S+)")

    @property
    def home(self) -> Path:
        [found] = self.folder.glob("handoff-demo-*/home")
        return found

    def partner(self, what: str) -> Any:
        """Look at the simulated partner, as anybody on this machine may."""
        address = self.said(r"What the partner holds: (\S+)/_state")
        with urllib.request.urlopen(f"{address}/{what}", timeout=browser.WAIT_MS / 1000) as answer:  # noqa: S310 - a loopback address that the demo printed
            return json.load(answer)

    def held(self) -> list[str]:
        """Return whom the partner has in the list of the big spenders."""
        held: list[str] = self.partner("_state")["audiences"][LIST]
        return held


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Demo]:
    folder: Path = tmp_path_factory.mktemp("demo")
    with subprocess.Popen(
        [sys.executable, "-m", "engine.demo", "--port", "0"],
        cwd=ROOT,
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    ) as process:
        started = Demo(process, folder)
        assert process.stdout is not None
        lines = process.stdout
        reader = threading.Thread(target=lambda: started.lines.extend(line.rstrip() for line in lines), daemon=True)
        reader.start()
        try:
            wait_until(lambda: bool(started.address) or process.poll() is not None, READY_WAIT_S)
            assert started.address, started.lines
            yield started
        finally:
            logs = [path.read_text() for path in folder.glob("handoff-demo-*/home/handoff.log")]
            process.send_signal(signal.SIGTERM)
            process.wait(timeout=60)
            reader.join(timeout=10)
    assert process.returncode == 0
    assert started.lines[-1] == "The demo is over; what it made is removed."
    assert not [line for line in started.lines if "Traceback" in line or "Warning" in line]
    assert not [line for log in logs for line in log.splitlines() if " ERROR " in line]
    assert list(folder.glob("handoff-demo-*")) == []


@pytest.fixture
def page(demo: Demo) -> Iterator[Page]:
    """A window of somebody who was never here and signs in nowhere."""
    with browser.open_browser() as chromium:
        window = browser.new_page(chromium)
        window.goto(demo.address)
        browser.settled(window)
        yield window


def test_every_page_has_something_on_it(demo: Demo, page: Page) -> None:
    # then
    expect(page.get_by_text(f"{world.ADMIN.name} · admin")).to_be_visible()
    expect(page.get_by_text("Demo: made-up data, removed at the end.")).to_be_visible()
    # when
    page.goto(f"{demo.address}/statistics?days=90")
    browser.settled(page)
    # then
    expect(page.locator(".js-plotly-plot")).to_have_count(2, timeout=browser.WAIT_MS)
    page.wait_for_function(_IS_DRAWN, arg=".js-plotly-plot")
    for address, title in TABLES.items():
        # when
        page.goto(f"{demo.address}/{address}")
        browser.settled(page)
        # then
        expect(page.get_by_role("heading", name=title, exact=True)).to_be_visible(timeout=browser.WAIT_MS)
        rows = page.locator("[data-testid=stDataFrame] table").first
        expect(rows).to_have_attribute("aria-rowcount", _SOME_ROWS, timeout=browser.WAIT_MS)
    # then: the page of the last round says where partners sign in
    listens = page.locator("[data-testid=stDataFrame] table").nth(1)
    expect(listens).to_contain_text("127.0.0.1:", timeout=browser.WAIT_MS)
    # when
    page.goto(f"{demo.address}/files?dir=out")
    browser.settled(page)
    # then: files went out too
    expect(page.get_by_text(f"{world.LETTERS} files", exact=True)).to_be_visible(timeout=browser.WAIT_MS)
    expect(page.get_by_text(f"Complete {world.LETTERS}")).to_be_visible(timeout=browser.WAIT_MS)
    # when
    page.goto(f"{demo.address}/profiles")
    browser.settled(page)
    page.get_by_label("Identifier").fill("00001")
    browser.press(page, "Find")
    # then
    expect(page.get_by_text("last_purchase", exact=True).first).to_be_attached(timeout=browser.WAIT_MS)


@pytest.mark.promise("Z05")
def test_a_bar_of_37_failed_leads_to_37_rows_and_replay_sends_exactly_these(demo: Demo, page: Page) -> None:
    # given: no new file comes in between
    page.goto(f"{demo.address}/connections")
    expect(page.locator("[data-testid=stDataFrame]")).to_be_visible(timeout=browser.WAIT_MS)
    browser.choose_in_menu(page, "Turn off")
    browser.settled(page)
    before = still(demo)
    # when
    page.goto(f"{demo.address}/statistics")
    browser.settled(page)
    said = page.wait_for_function(_BAR_OF_37, arg=charts.ERRORS).json_value()
    charts.click_bar(page, charts.ERRORS, said)
    # then
    drawer = page.get_by_role("dialog")
    expect(drawer.get_by_text("37 profiles").first).to_be_visible(timeout=browser.WAIT_MS)
    expect(drawer.get_by_text("100/33").first).to_be_visible()
    rows = drawer.locator("[data-testid=stDataFrame] table")
    expect(rows).to_have_attribute("aria-rowcount", "38", timeout=browser.WAIT_MS)
    # when
    drawer.get_by_role("button", name="Replay 37").click()
    # then
    expect(drawer.get_by_text("37 recovered")).to_be_visible(timeout=browser.WAIT_MS)
    arrived = demo.held()
    assert arrived[: len(before)] == before
    assert len(set(arrived) - set(before)) == len(arrived) - len(before) == 37
    last = demo.partner("_requests")["last"][-1]
    assert (last["operation"], last["audience"], last["profiles"]) == ("add", LIST, 37)
    # when
    browser.settled(page)
    page.go_back()
    browser.settled(page)
    # then
    found = page.wait_for_function(charts.BARS, arg=[charts.ERRORS, said]).json_value()
    assert [(shape, count) for shape, count, _ in found] == [("/", 37)]


def still(demo: Demo) -> list[str]:
    """Return whom the partner has once the connection is off, its last run has ended and what followed was sent."""

    def is_still() -> bool:
        [connection] = [one for one in ask(demo.home, "export")["connections"] if one["name"] == world.CONNECTION]
        has_ended = all(run["ended_at"] for run in ask(demo.home, "runs"))
        waiting = [line for line in ask(demo.home, "stats", days=1) if line["category"] == "waiting"]
        return connection["state"] == "off" and has_ended and not waiting

    wait_until(is_still, 60)
    return demo.held()
