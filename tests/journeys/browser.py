"""A real Chromium for the journeys, and the few words they speak to it."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Literal

from playwright.sync_api import Browser, Locator, Page, expect, sync_playwright

from tests.fakes.programs import require

WAIT_MS = 30_000
_FLAGS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


@contextmanager
def open_browser() -> Iterator[Browser]:
    """Start the machine's Chromium, without a screen."""
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=require("chromium"), args=list(_FLAGS))
        yield browser
        browser.close()


def new_page(
    browser: Browser, width: int = 1360, height: int = 900, scheme: Literal["light", "dark"] = "light"
) -> Page:
    """Open a window of its own, with its own cookies."""
    context = browser.new_context(viewport={"width": width, "height": height}, color_scheme=scheme)
    page = context.new_page()
    page.set_default_timeout(WAIT_MS)
    return page


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
