"""A partner's whole way by hosted SFTP in a real browser: credentials shown once, a file sent, its result fetched."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.fakes import home
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard
from tests.fakes.service import wait_until
from tests.journeys.browser import by_key, choose_in_list, choose_in_menu, fill, new_page, open_browser, press, settled
from tests.journeys.partner import Partner, accounts, port

NAME = "Brightside members"
ROWS = "member_no,segment\n0048291,gold\n0051002,silver\n0051003,gold\n"
LOGIN_S_MAX = 30.0
"""Five seconds on a quiet machine; tests share theirs."""
IMPORT_S_MAX = 60.0


@pytest.fixture
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


def open_dashboard(dashboard: Dashboard, browser: Browser, token: str) -> Page:
    page = new_page(browser)
    page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=dashboard.origin)
    page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": dashboard.origin}])
    page.goto(f"{dashboard.origin}/connections")
    return page


def choose_way(page: Page) -> None:
    """Go through the wizard's first three steps."""
    press(page, "Create Connection", exact=False)
    fill(page, "Connection name", NAME)
    page.get_by_text("Give data to us (in)").first.click()
    press(page, "Next: type", exact=False)
    page.get_by_text("Audiences", exact=True).and_(page.locator("[data-testid=stRadio] *")).first.click()
    press(page, "Next: method", exact=False)
    settled(page)
    by_key(page, "wizard_method").get_by_text("SFTP", exact=True).click()
    page.get_by_text("Push to us").first.click()
    settled(page)
    fill(page, "File pattern or exact name", "members_*.csv")
    press(page, "Next: credentials", exact=False)


def take_credentials(page: Page) -> dict[str, str]:
    """Have the credentials made in the wizard; return what the clipboard holds."""
    press(page, "Create credentials")
    return copy_shown(page)


def copy_shown(page: Page) -> dict[str, str]:
    """Press Copy in the window that is shown once; what it held is what was shown, and the window is gone."""
    window = page.get_by_role("dialog")
    expect(window.get_by_text("Handoff keeps only a hash of the password.")).to_be_visible()
    page.keyboard.press("Escape")
    expect(window).to_be_visible()
    # The table is drawn after the sentence above it.
    expect(window.locator("td, code").first).to_be_visible()
    cells = window.locator("td").all_inner_texts() or window.locator("code").all_inner_texts()
    window.get_by_role("button", name="Copy").click()
    expect(window).to_have_count(0)
    copied = dict(line.split(": ", 1) for line in page.evaluate("navigator.clipboard.readText()").splitlines())
    assert set(copied.values()) <= {cell.strip() for cell in cells}
    return copied


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.promise("W26")
@pytest.mark.promise("W27")
@pytest.mark.promise("W35")
def test_a_partner_gets_a_login_sends_a_file_and_fetches_its_result(browser: Browser, tmp_path: Path) -> None:
    # given
    folder = tmp_path / "home"
    folder.mkdir()
    with home.open_home(folder) as desk:
        home.first_admin(desk)
        token = home.session(desk, "ana@example.org")
    (tmp_path / "members_1.csv").write_text(ROWS)
    with Dashboard(folder) as dashboard:
        page = open_dashboard(dashboard, browser, token)
        choose_way(page)
        # when: the credentials are shown, once
        copied = take_credentials(page)
        # then: nobody may sign in so far, and a reload does not show them again
        assert not accounts(folder).accounts
        page.reload()
        settled(page)
        expect(page.get_by_text(re.compile("The password was shown on"))).to_be_visible()
        assert copied["Password"] not in page.content()
        # when
        press(page, "Next: review", exact=False)
        press(page, "Create", exact=False)
        expect(page.get_by_text("The connection is made and turned on")).to_be_visible()
        # then: the login works within seconds
        partner = Partner(folder, tmp_path, copied["User name"], copied["Password"])
        wait_until(lambda: port(folder, "sftp") != 0 and partner.may_sign_in(), LOGIN_S_MAX)
        assert "members_1.csv" in partner.does("put members_1.csv", "ls").stdout
        # when: its columns are mapped
        map_columns(page)
        # then: the file is imported, and its receipt and result lie beside it
        wait_until(lambda: "result_members_1.csv.json" in partner.does("ls -1").stdout, IMPORT_S_MAX, 1.0)
        partner.does("get result_members_1.csv.json", "get receipt_members_1.csv.txt")
        assert '"complete"' in (tmp_path / "result_members_1.csv.json").read_text()
        assert "members_1.csv" in (tmp_path / "receipt_members_1.csv.txt").read_text()
        # when: the connection's page is opened
        by_key(page, "crumbs").get_by_text(NAME).click()
        expect(page.get_by_role("heading", name="Latest files")).to_be_visible()
        # when: the password is rotated
        page.goto(f"{dashboard.origin}/credentials")
        expect(page.locator("[data-testid=stDataFrame]")).to_be_visible()
        choose_in_menu(page, "Rotate")
        press(page, "Make a new secret")
        rotated = copy_shown(page)
        # then: the old one ends, the new one works
        wait_until(lambda: not partner.may_sign_in(), LOGIN_S_MAX)
        renewed = Partner(folder, tmp_path, rotated["User name"], rotated["Password"])
        wait_until(renewed.may_sign_in, LOGIN_S_MAX)
        assert [line for line in dashboard.output.splitlines() if "arning" in line or "Traceback" in line] == []


def map_columns(page: Page) -> None:
    """Scan what came, link the identifier and map one field."""
    press(page, "Map columns", exact=False)
    press(page, "Scan now", exact=False)
    expect(page.get_by_text("1 file taken", exact=False)).to_be_visible()
    page.get_by_text("3 Identifiers").click()
    choose_in_list(page, "The file's field", "member_no")
    page.get_by_text("4 Mappings").click()
    press(page, "Add one", exact=False)
    choose_in_list(page, "File field", "segment")
    choose_in_list(page, "Profile property", "segment")
    choose_in_list(page, "Type", "text")
    choose_in_list(page, "Import as", "Set")
    press(page, "Add mapping")
    settled(page)
    press(page, "Save")
    expect(page.get_by_text("unsaved", exact=False)).to_have_count(0)
