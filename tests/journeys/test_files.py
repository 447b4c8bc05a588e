"""The Files page in a real browser: names made to hurt stay text, and a file's drawer opens, shuts and stays shut."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Dialog, Page, expect

from storage.records.connections import Method
from storage.records.exchange import FileState
from tests.fakes import exchange as put
from tests.fakes import home
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard
from tests.journeys.browser import choose_in_menu, new_page, open_browser, settled

pytestmark = pytest.mark.browser

NAMES = (
    '<img src=x onerror="window.hurt=1">.csv',
    "<script>window.hurt=1</script>.csv",
    '=HYPERLINK("http://evil.example","members").csv',
    "members_\u202efdp.csv",
    "members_\U0001f600.csv",
    "**bold** [link](http://evil.example) :red[x] `y`.csv",
)
_NAME_PX, _HEADER_PX, _ROW_PX = 40, 33, 38


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture(scope="module")
def page(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Somebody's window on a home with a file of each name, the last one first in the list."""
    folder: Path = tmp_path_factory.mktemp("files")
    with home.open_home(folder) as desk:
        home.first_admin(desk)
        owner = put.connection(desk, "Members", (put.IN, Method.SFTP, put.PUSH))
        for name in NAMES:
            put.file(desk, owner, name, state=FileState.NOT_MATCHED, reason=f"{name} does not match")
        token = home.session(desk, "ana@example.org")
    with Dashboard(folder) as dashboard:
        opened = new_page(browser)
        opened.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": dashboard.origin}])
        opened.goto(f"{dashboard.origin}/files")
        expect(opened.locator("[data-testid=stDataFrame]")).to_be_visible()
        yield opened
        assert [line for line in dashboard.output.splitlines() if "arning" in line or "Traceback" in line] == []


def open_file(page: Page, row: int) -> None:
    """Click the name of a row."""
    settled(page)
    table = page.locator("[data-testid=stDataFrame] .dvn-scroller").first
    table.click(position={"x": _NAME_PX, "y": _HEADER_PX + _ROW_PX * row + _ROW_PX // 2})


@pytest.mark.fault(15)
def test_names_made_to_hurt_are_text_in_the_list_and_in_the_drawer(page: Page) -> None:
    told: list[str] = []

    def note(box: Dialog) -> None:
        told.append(box.message)
        box.dismiss()

    page.on("dialog", note)
    for row, name in enumerate(reversed(NAMES)):
        # when
        open_file(page, row)
        drawer = page.get_by_role("dialog")
        # then
        shown = name.replace("\u202e", "[U+202E]")
        expect(drawer.get_by_role("heading").first).to_contain_text(shown[:6])
        said = drawer.inner_text().replace("\u2060", "")
        assert shown in said
        assert "\u202e" not in said
        assert drawer.locator("img, script, a[href*=evil]").count() == 0
        page.keyboard.press("Escape")
        expect(drawer).to_have_count(0)
    assert page.evaluate("window.hurt") is None
    assert told == []
    cells = page.locator("[data-testid=stDataFrame] canvas table").first.inner_text()
    assert "members_[U+202E]fdp.csv" in cells
    assert "\u202e" not in cells


def test_a_drawer_that_was_shut_stays_shut(page: Page) -> None:
    # given
    open_file(page, 0)
    expect(page.get_by_role("dialog")).to_be_visible()
    expect(page).to_have_url(re.compile("id="))
    # when
    page.keyboard.press("Escape")
    # then
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page).not_to_have_url(re.compile("id="))
    page.reload()
    settled(page)
    expect(page.locator("[data-testid=stDataFrame]")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_the_menu_of_a_row_offers_the_original_for_download(page: Page) -> None:
    # when
    choose_in_menu(page, "Download original")
    window = page.get_by_role("dialog")
    with page.expect_download() as given:
        window.get_by_role("button", name="Download original").click()
    # then
    assert Path(given.value.path()).read_bytes() == put.CONTENT
