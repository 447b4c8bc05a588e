"""A real Chromium for the journeys, and the few words they speak to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

import pytest
from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright
from playwright.sync_api import Error as BrowserError
from playwright.sync_api import TimeoutError as NotInTime

from tests.fakes.programs import require

WAIT_MS = 60_000
_HEADER_PX, _ROW_PX, _MENU_PX = 33, 38, 22
_MENU_WAIT_MS = 3_000
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)
_windows: list[Page] = []
_kept: list[Browser] = []


@contextmanager
def keep_browser() -> Iterator[None]:
    """Start the machine's Chromium, without a screen, once for all journeys: a window has its own cookies anyway."""
    # A page that others draw beside it on a busy machine takes longer than Playwright's five seconds.
    expect.set_options(timeout=WAIT_MS)
    with sync_playwright() as playwright:
        _kept.append(playwright.chromium.launch(executable_path=require("chromium"), args=list(_FLAGS)))
        yield
        _kept.pop().close()


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Give the browser, and close every window that was opened in it."""
    [browser] = _kept
    yield browser
    for context in browser.contexts:
        context.close()
    _windows.clear()


def new_page(
    browser: Browser, width: int = 1360, height: int = 900, scheme: Literal["light", "dark"] = "light"
) -> Page:
    """Open a window of its own, with its own cookies."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    _windows.append(page)
    return page


def shown() -> list[tuple[str, str]]:
    """Return the address and the text of every window that is open, for the report of a failure."""
    found = []
    for number, page in enumerate(page for page in _windows if not page.is_closed()):
        try:
            text = page.inner_text("body", timeout=_MENU_WAIT_MS)
        except BrowserError as error:
            text = str(error)
        found.append((f"window {number}: {page.url}", text))
    return found


def settled(page: Page) -> None:
    """Wait until the script has run and nothing is drawn any more."""
    expect(page.locator("[data-testid=stApp][data-test-script-state=notRunning]")).to_be_visible(timeout=WAIT_MS)


def by_key(page: Page, key: str) -> Locator:
    """Return the element with this key."""
    return page.locator(f".st-key-{key}")


def press(page: Page, name: str, *, exact: bool = True) -> None:
    """Press the button with this name, once the page has settled."""
    settled(page)
    page.get_by_role("button", name=name, exact=exact).first.click()
    settled(page)


def fill(page: Page, label: str, value: str) -> None:
    """Type into the field with this label and leave it."""
    settled(page)
    field = page.get_by_label(label, exact=True).first
    field.fill(value)
    field.press("Tab")
    settled(page)


def choose_in_list(page: Page, label: str, option: str) -> None:
    """Choose in the list with this label, or type a name that it does not have yet."""
    settled(page)
    field = page.get_by_role("combobox", name=label).first
    field.click()
    field.fill(option)
    field.press("Enter")
    settled(page)


def choose_in_menu(page: Page, entry: str, row: int = 0) -> None:
    """Open the menu of a row, the first one unless told, and take one of its lines."""
    table = page.locator("[data-testid=stDataFrame] .dvn-scroller").first
    line = page.get_by_text(entry, exact=True).last
    for _ in range(5):
        settled(page)
        box = table.bounding_box()
        assert box is not None
        table.click(position={"x": box["width"] - _MENU_PX, "y": _HEADER_PX + _ROW_PX * row + _ROW_PX // 2})
        try:
            # A menu that opens while the page is drawn once more closes again.
            line.click(timeout=_MENU_WAIT_MS)
        except NotInTime:
            continue
        return
    pytest.fail(f"The menu has no line {entry}.")
