"""The People page: what an admin sees and does, and that nobody else gets it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import people
from engine.flows.desk import Desk
from engine.security import passwords
from engine.views import callers
from engine.views import people as view
from pages import people_page
from pages.parts import session
from storage.records.people import Caller, Role
from tests.fakes import home

ADMIN = "ana@example.org"
PAGES = Path(__file__).resolve().parents[2] / "pages"


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(passwords, "_HASHER", home.CHEAP_HASHER)
    with home.open_home(tmp_path) as opened:
        yield opened


@pytest.fixture
def admin(desk: Desk) -> Caller:
    return home.first_admin(desk, ADMIN)


def shown_to(desk: Desk, email: str, monkeypatch: pytest.MonkeyPatch) -> AppTest:
    token = home.session(desk, email)
    monkeypatch.setattr(session, "token", lambda: token)
    return AppTest.from_file(PAGES / "people_page.py", default_timeout=20).run()


def test_the_only_admin_sees_themselves_with_role_and_sessions(
    desk: Desk, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # when
    page = shown_to(desk, ADMIN, monkeypatch)
    # then
    assert not page.exception
    table = page.dataframe[0].value
    assert list(table.columns) == ["Name", "E-mail", "Role", "Last seen", "Sessions", "menu"]
    assert table[["Name", "E-mail", "Role", "Sessions"]].to_numpy().tolist() == [[admin.name, ADMIN, "admin", 1]]
    assert table["Last seen"][0].startswith("today ")


def test_an_invitation_shows_its_link_once(desk: Desk, admin: Caller, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    page = shown_to(desk, ADMIN, monkeypatch)
    # when
    page.button(key="invite_open").click().run()
    page.text_input(key="invite_name").set_value("Ben")
    page.text_input(key="invite_email").set_value("ben@example.org")
    page.selectbox(key="invite_role").set_value("support")
    page.button(key="invite_send").click().run()
    # then
    token = page.code[0].value.rpartition("/join?token=")[2]
    assert callers.link(desk, token) == callers.LinkFacts("Ben", "ben@example.org", Role.SUPPORT)
    # when
    page.button(key="people_link_done").click().run()
    # then
    assert not page.code
    assert [invitation.email for invitation in view.page(desk, admin).invitations] == ["ben@example.org"]


def test_a_refused_invitation_says_why_and_keeps_the_form(
    desk: Desk, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    page = shown_to(desk, ADMIN, monkeypatch)
    page.button(key="invite_open").click().run()
    # when
    page.text_input(key="invite_name").set_value("Ben")
    page.text_input(key="invite_email").set_value("nowhere")
    page.button(key="invite_send").click().run()
    # then
    assert "Enter an e" in page.error[0].value
    assert page.text_input(key="invite_email").value == "nowhere"
    assert not page.code
    assert view.page(desk, admin).invitations == ()


def test_edits_of_the_table_become_new_roles() -> None:
    # given
    person_ids = ["p1", "p2", "p3"]
    # then
    assert people_page.changed_roles({1: {"Role": "manager"}}, person_ids) == {"p2": Role.MANAGER}
    assert people_page.changed_roles({2: {"Role": "king"}, 7: {"Role": "admin"}, 0: {}}, person_ids) == {}


def test_a_deactivated_person_is_marked_and_can_only_get_a_new_link(
    desk: Desk, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    ben = home.add_person(desk, admin, Role.ANALYST)
    people.deactivate(desk, admin, ben.person_id or "")
    # when
    table = shown_to(desk, ADMIN, monkeypatch).dataframe[0].value
    # then
    (line,) = table[table["E-mail"] == "analyst@example.org"].to_dict("records")
    assert line["Name"].endswith("(deactivated)")
    assert list(line["menu"]) == [":material/link:"]


@pytest.mark.promise("D05")
@pytest.mark.parametrize("role", [Role.ANALYST, Role.MANAGER, Role.SUPPORT])
def test_nobody_else_sees_anything_of_it_even_if_the_page_were_run(
    desk: Desk, admin: Caller, monkeypatch: pytest.MonkeyPatch, role: Role
) -> None:
    # given
    home.add_person(desk, admin, role)
    # when
    page = shown_to(desk, f"{role.value}@example.org", monkeypatch)
    # then
    assert not page.dataframe
    assert ADMIN not in str(page)
    assert page.exception or page.error


def test_without_a_session_the_entry_leads_to_the_sign_in(
    desk: Desk, admin: Caller, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(session, "token", lambda: "no such session")
    # when
    page = AppTest.from_file(PAGES / "_entry.py", default_timeout=20).run()
    # then
    assert page.markdown[0].value == "You are signed out. [Sign in](/login)"
    assert admin.name not in str(page)
    assert desk is not None
