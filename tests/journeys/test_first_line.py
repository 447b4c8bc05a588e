"""The whole first line in a real browser: from the one-time link to a rejected row and a found profile."""

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from tests.fakes.dashboard import Dashboard
from tests.fakes.home import PASSWORD
from tests.fakes.openssh import OpenSSH, sftp_server
from tests.fakes.tables import CdnowTotals, cdnow_like
from tests.journeys.browser import by_key, choose_in_list, fill, new_page, open_browser, press, settled

__all__ = ["sftp_server"]

MAPPED = re.compile(r"^Mapped [0-9,]+$")
NAME = "CD shop purchases"
BAD_ROWS = b" 00007 19970231  1   10.00\r\n 00008 19970201  1   1O.00\r\n"


@pytest.fixture
def browser() -> Iterator[Browser]:
    with open_browser() as opened:
        yield opened


@pytest.fixture
def dashboard(tmp_path: Path) -> Iterator[Dashboard]:
    with Dashboard(tmp_path / "home") as started:
        yield started


def become_first_admin(page: Page, dashboard: Dashboard) -> None:
    page.goto(f"{dashboard.origin}/join?token={dashboard.first_token}")
    page.fill("input[name=name]", "Ana Vos")
    page.fill("input[name=email]", "ana@example.org")
    page.fill("input[name=password]", PASSWORD)
    page.fill("input[name=again]", PASSWORD)
    page.click("button[type=submit]")
    settled(page)


def sign_out_and_in(page: Page, dashboard: Dashboard) -> None:
    page.context.clear_cookies()
    page.goto(dashboard.origin)
    page.fill("input[name=email]", "ana@example.org")
    page.fill("input[name=password]", PASSWORD)
    page.click("button[type=submit]")
    settled(page)


def make_connection(page: Page, server: OpenSSH) -> None:
    """Go through the wizard's five steps."""
    press(page, "Create Connection", exact=False)
    fill(page, "Connection name", NAME)
    page.get_by_text("Give data to us").first.click()
    press(page, "Next: type", exact=False)
    page.get_by_text("Card-linked transactions", exact=True).first.click()
    press(page, "Next: method", exact=False)
    by_key(page, "wizard_method").get_by_text("SFTP", exact=True).click()
    page.get_by_text("Pull from third party").first.click()
    fill(page, "Server", server.host)
    fill(page, "Port", str(server.port))
    fill(page, "Folder", server.absolute_folder)
    fill(page, "File pattern or exact name", "CDNOW_*.txt")
    press(page, "Next: credentials", exact=False)
    fill(page, "User name", server.username)
    by_key(page, "wizard_password").locator("input").fill(server.password)
    press(page, "Use this password", exact=False)
    expect(page.get_by_text("Password set, not shown")).to_be_visible()
    press(page, "Fetch host key", exact=False)
    expect(page.get_by_text(server.fingerprint)).to_be_visible()
    press(page, "This is the server's key", exact=False)
    press(page, "Test connection", exact=False)
    expect(page.get_by_text(f"Signed in as {server.username}.")).to_be_visible()
    # A reload in mid-wizard keeps the draft (W37).
    page.reload()
    settled(page)
    expect(page.get_by_text("Password set, not shown")).to_be_visible()
    press(page, "Next: review", exact=False)
    expect(page.get_by_text("set, not shown").first).to_be_visible()
    press(page, "Create", exact=False)
    expect(page.get_by_text("The connection is made and turned on")).to_be_visible()


def add_mapping(page: Page, field: str, target: str, kind: str, strategy: str, date_format: str = "") -> None:
    """Map one field by the form above the table, and wait until the pill counts it."""
    count = page.get_by_text(MAPPED)
    expect(count).to_be_visible()
    before = int((count.text_content() or "").rpartition(" ")[2])
    press(page, "Add one", exact=False)
    choose_in_list(page, "File field", field)
    choose_in_list(page, "Profile property", target)
    choose_in_list(page, "Type", kind)
    choose_in_list(page, "Import as", strategy)
    if date_format:
        fill(page, "Date format", date_format)
    press(page, "Add mapping")
    # The form is drawn anew after Add; a click before that would open it only for a moment.
    expect(page.get_by_text(f"Mapped {before + 1}", exact=True)).to_be_visible()
    settled(page)


def map_columns(page: Page) -> None:
    """Scan the folder, link the identifier and map the four fields."""
    press(page, "Map columns", exact=False)
    press(page, "Scan now", exact=False)
    # The table is a canvas; what it holds is in its accessible rows.
    expect(page.get_by_text("1 file taken", exact=False)).to_be_visible()
    page.get_by_text("3 Identifiers").click()
    choose_in_list(page, "The file's field", "customer_id")
    page.get_by_text("4 Mappings").click()
    add_mapping(page, "date", "last_purchase", "date", "Set", "%Y%m%d")
    add_mapping(page, "date", "first_purchase", "date", "Set if empty", "%Y%m%d")
    add_mapping(page, "number_of_cds", "cds", "integer", "Sum")
    add_mapping(page, "dollar_value", "spend", "decimal", "Sum")
    expect(page.get_by_text("20 of 20 match").first).to_be_visible()
    press(page, "Save")
    expect(page.get_by_text("unsaved", exact=False)).to_have_count(0)


def run_and_look(page: Page, totals: CdnowTotals) -> None:
    """Run now, wait for the end, and read the ledger down to the rejected rows."""
    by_key(page, "crumbs").get_by_text(NAME).click()
    press(page, "Run now", exact=False)
    page.goto(f"{page.url.split('/connection')[0]}/runs")
    settled(page)
    expect(page.get_by_text("Completed").first).to_be_attached(timeout=60_000)
    page.goto(f"{page.url.split('/runs')[0]}/run?id=1")
    settled(page)
    expect(page.get_by_text("Adds up to the row")).to_be_visible()
    for number in (totals.rows + 2, totals.rows, totals.customers):
        expect(page.get_by_text(f"{number:,}").first).to_be_visible()
    expect(page.get_by_text("2 rejected").first).to_be_visible()
    expect(page.get_by_text("Impossible date").first).to_be_attached()
    expect(page.get_by_text("19970231").first).to_be_attached()


def find_profile(page: Page) -> None:
    """Find one customer by the identifier, its leading zeros kept."""
    page.get_by_role("link", name="Find a profile").click()
    settled(page)
    fill(page, "Identifier", "00007")
    press(page, "Find")
    expect(page.get_by_text("00007").first).to_be_visible()
    expect(page.get_by_text("first_purchase").first).to_be_attached()


@pytest.mark.browser
@pytest.mark.timeout(600)
@pytest.mark.promise("A02")
@pytest.mark.promise("W01")
@pytest.mark.promise("W33")
@pytest.mark.promise("W34")
@pytest.mark.promise("W37")
@pytest.mark.promise("M04")
@pytest.mark.promise("M11")
@pytest.mark.promise("Y01")
@pytest.mark.promise("H01")
def test_a_person_brings_a_file_from_an_sftp_server_to_profiles_and_reads_its_rejected_rows(
    browser: Browser, dashboard: Dashboard, sftp_server: OpenSSH
) -> None:
    # given: a file with two damaged rows among good ones
    path = sftp_server.folder / "CDNOW_master.txt"
    totals = cdnow_like(path, 500, seed=7)
    path.write_bytes(path.read_bytes() + BAD_ROWS)
    path.chmod(0o644)
    page = new_page(browser)
    # when
    become_first_admin(page, dashboard)
    sign_out_and_in(page, dashboard)
    make_connection(page, sftp_server)
    map_columns(page)
    # then
    run_and_look(page, totals)
    find_profile(page)
    said = [line for line in dashboard.output.splitlines() if "arning" in line or "Traceback" in line]
    assert said == []


@pytest.mark.browser
@pytest.mark.promise("D05")
def test_a_page_opened_first_on_a_fresh_server_without_signing_in_shows_nothing_of_it(
    browser: Browser, dashboard: Dashboard
) -> None:
    # given: nobody was ever here
    page = new_page(browser)
    # when
    for address in ("people", "people_page", "connections", "runs", "profiles", "_entry"):
        page.goto(f"{dashboard.origin}/{address}")
        # then
        expect(page.locator("input[name=password]")).to_be_visible()
        assert "/login" in page.url
        assert page.locator("[data-testid=stApp]").count() == 0
        for word in ("People", "Connections", "Runs", "Invite"):
            assert page.get_by_text(word, exact=True).count() == 0
