"""Files whose names are HTML, formulas, markdown or turned letters stay text on every page that shows them."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from storage.records.exchange import FileState
from tests.fakes import home
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard
from tests.fakes.pushed import HEADER, Pushed
from tests.journeys.browser import new_page, open_browser, settled

HTML = "<img src=x onerror=alert(1)><script>alert(2)<script>.csv"
TURNED = "members_\u202efdp.csv"
NAMES = (
    HTML,
    "=cmd|' \\C calc'!A1.csv",
    "[here](javascript:alert(3)) :red[x] **b** $a$ {{7*7}}.csv",
    TURNED,
    "\N{FOX FACE} :material\N{FRACTION SLASH}delete: `x`.csv",
)


@pytest.fixture
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def said_by_scripts(page: Page) -> list[str]:
    """Return what was put into the page as an element that is not the product's."""
    found: list[str] = page.evaluate(
        "[...document.querySelectorAll('script:not([src]), img[src=x], [onerror], a[href^=javascript]')]"
        ".map(item => item.outerHTML).filter(text => text.includes('alert'))"
    )
    return found


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.fault(15)
def test_names_that_want_to_be_more_than_names_are_only_text(browser: Browser, tmp_path: Path) -> None:
    # given files that were imported, ignored and failed under such names, each once
    folder = tmp_path / "home"
    folder.mkdir()
    with home.open_home(folder) as desk:
        home.first_admin(desk)
        token = home.session(desk, "ana@example.org")
        pushed = Pushed(desk)
        ids = [pushed.land(name, HEADER + f"{number},Ana,5\n") for number, name in enumerate(NAMES)]
        pushed.land(f"receipt_{HTML}", "not read")
        run = pushed.run()
        assert [pushed.file(item).state for item in ids] == [FileState.COMPLETE] * len(NAMES)
        assert [pushed.file(item).name for item in ids] == list(NAMES)
        owner = pushed.connection.connection_id
    with Dashboard(folder) as dashboard:
        page = new_page(browser)
        told: list[str] = []

        def hear(dialog: Dialog) -> None:
            told.append(dialog.message)
            dialog.dismiss()

        page.on("dialog", hear)
        page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": dashboard.origin}])
        # when: the list, each file's drawer, its run and its connection are looked at
        paths = ["files", *(f"files?id={item}" for item in ids), f"run?id={run.run_id}", f"connection?id={owner}"]
        for path in paths:
            page.goto(f"{dashboard.origin}/{path}")
            settled(page)
            expect(page.get_by_role("heading").first).to_be_visible()
            # then: nothing of them runs or becomes an element
            assert said_by_scripts(page) == []
            expect(page.locator("[data-testid=stException], [data-testid=stAlert]")).to_have_count(0)
        # then: a drawer shows the name as it was written, and the marks that would turn its letters written out
        page.goto(f"{dashboard.origin}/files?id={ids[0]}")
        expect(page.get_by_role("dialog").get_by_text(re.compile(re.escape(HTML))).first).to_be_visible()
        page.goto(f"{dashboard.origin}/files?id={ids[NAMES.index(TURNED)]}")
        expect(page.get_by_role("dialog").get_by_text("members_[U+202E]fdp.csv").first).to_be_visible()
        assert told == []
        assert [line for line in dashboard.output.splitlines() if "arning" in line or "Traceback" in line] == []
