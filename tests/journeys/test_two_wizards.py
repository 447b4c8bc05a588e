"""Two people in two wizards never mix, leaving at any step leaves no account behind, and a reload keeps the draft."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from storage.records.people import Caller, Role
from tests.fakes import home
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard
from tests.journeys.browser import by_key, fill, new_page, open_browser, press, settled
from tests.journeys.partner import accounts
from tests.pages import ways

pytestmark = pytest.mark.browser


@dataclass(frozen=True)
class Started:
    """Two people's windows on one home, each with a draft of hosted SFTP at step 4."""

    windows: tuple[Page, Page]
    draft_ids: tuple[str, str]
    dashboard: Dashboard


@pytest.fixture(scope="module")
def started(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Started]:
    folder: Path = tmp_path_factory.mktemp("two")
    with home.open_home(folder) as desk:
        admin = home.first_admin(desk)
        analyst = home.add_person(desk, admin, Role.ANALYST)
        tokens = (home.session(desk, "ana@example.org"), home.session(desk, "analyst@example.org"))
        people: tuple[Caller, ...] = (admin, analyst)
        first, second = (ways.place(desk, person, ways.HOSTED_SFTP, f"Of {person.name}") for person in people)
    with Dashboard(folder) as dashboard, open_browser() as chromium:
        windows = []
        for token in tokens:
            page = new_page(chromium)
            page.context.grant_permissions(["clipboard-read", "clipboard-write"], origin=dashboard.origin)
            page.context.add_cookies([{"name": SESSION_COOKIE, "value": token, "url": dashboard.origin}])
            windows.append(page)
        yield Started((windows[0], windows[1]), (first, second), dashboard)
        assert "Traceback" not in dashboard.output
        assert "Warning" not in dashboard.output


def open_step(started: Started, number: int, step: str) -> Page:
    page = started.windows[number]
    page.goto(f"{started.dashboard.origin}/connection-new?draft={started.draft_ids[number]}&step={step}")
    expect(by_key(page, f"step_now_{step}")).to_be_visible()
    settled(page)
    return page


@pytest.mark.promise("W38")
def test_two_people_never_see_each_others_entries(started: Started) -> None:
    # given both in step 3
    first, second = (open_step(started, number, "Method") for number in (0, 1))
    # when they type in turns
    fill(first, "File pattern or exact name", "first_*.csv")
    fill(second, "File pattern or exact name", "second_*.csv")
    fill(first, "Folder for receipts and results", "/results/first")
    # then each finds their own after a reload (W37)
    for page, pattern, folder in ((first, "first_*.csv", "/results/first"), (second, "second_*.csv", "")):
        page.reload()
        settled(page)
        expect(page.get_by_label("File pattern or exact name", exact=True)).to_have_value(pattern)
        expect(page.get_by_label("Folder for receipts and results", exact=True)).to_have_value(folder)
    # when one opens the other's address
    first.goto(second.url)
    # then
    expect(first.get_by_text("This draft is not there any more")).to_be_visible()


@pytest.mark.promise("W40")
def test_leaving_after_the_credentials_were_made_leaves_no_account(started: Started) -> None:
    # given
    page = open_step(started, 1, "Credentials")
    # when
    press(page, "Create credentials")
    page.get_by_role("dialog").get_by_role("button", name="Copy").click()
    expect(page.get_by_text("The password was shown on")).to_be_visible()
    press(page, "Next: review", exact=False)
    expect(by_key(page, "wizard_create")).to_be_visible()
    page.goto(f"{started.dashboard.origin}/connections")
    expect(page.get_by_text("Go on with the draft")).to_be_visible()
    # then
    assert accounts(started.dashboard.home).accounts == ()
    # when
    settled(page)
    page.get_by_role("button", name="Discard").first.click()
    expect(page.get_by_text("Go on with the draft")).to_have_count(0)
    # then
    assert accounts(started.dashboard.home).accounts == ()
