"""The Credentials page: empty and full, what each menu offers, windows that make, edit, rotate and delete."""

import pytest
from streamlit.testing.v1 import AppTest

from engine.flows import sealing
from engine.flows.desk import Desk
from engine.views import credentials as view
from engine.views.credentials import CredentialLine
from pages import credentials_page
from pages.parts import credential_dialogs, credential_table
from storage.records.credentials import Origin
from storage.records.people import Caller, Role
from tests.fakes.wizards import credential_of, make
from tests.pages.conftest import Show

FILE = "credentials_page.py"
PUSH, PULL, MAIL = ("inbound", "sftp", "push"), ("inbound", "sftp", "pull"), ("inbound", "email", "push")


def texts(page: AppTest) -> str:
    blocks = [*page.markdown, *page.caption, *page.error, *page.title, *page.warning]
    return "\n".join(str(block.value) for block in blocks).replace("\\", "")


def lines(desk: Desk, caller: Caller) -> dict[str, CredentialLine]:
    return {line.credential.name: line for line in view.listed(desk, caller).lines}


def opened(page: AppTest, kind: str, credential_id: str) -> AppTest:
    """Open a window as the row's menu does."""
    page.session_state["credential_asking"] = (kind, credential_id)
    return page.run()


def test_an_empty_list_says_what_to_do(show: Show) -> None:
    # when
    page = show(FILE)
    # then
    assert "**No credentials yet.**" in texts(page)
    assert page.button(key="create_first").label == "Create New Credentials"
    assert not page.exception


def test_the_table_tells_what_they_are_and_who_uses_them(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    for way, name in ((PUSH, "Drop"), (PULL, "Shop"), (MAIL, "Mail")):
        make(desk, admin, way, name)
    # when
    page = show(FILE)
    # then
    table = page.dataframe[0].value.set_index("Name")
    assert {name: list(kind) for name, kind in table["Kind"].items()} == {
        "Drop": ["Password"],
        "Mail": ["Address"],
        "Shop": ["Password"],
    }
    assert dict(table["For"]) == {
        "Drop": "SFTP to us",
        "Mail": "Mail that comes to us",
        "Shop": "SFTP at files.example.org:22",
    }
    assert dict(table["Used by"]) == {name: name for name in ("Drop", "Mail", "Shop")}
    assert set(table["Last used"]) == {"never"}
    assert not page.exception


def test_each_menu_offers_what_makes_sense(desk: Desk, admin: Caller) -> None:
    # given
    for way, name in ((PUSH, "Drop"), (PULL, "Shop"), (MAIL, "Mail")):
        make(desk, admin, way, name)
    page = view.listed(desk, admin)
    # when
    menus = {line.credential.name: credential_table.menu_of(line, page) for line in page.lines}
    # then
    edit, rotate, reach, delete = (
        credential_table.EDIT,
        credential_table.ROTATE,
        credential_table.REACH,
        credential_table.DELETE,
    )
    assert menus == {
        "Drop": [edit, rotate, reach, delete],
        "Mail": [edit, credential_table.CERTIFICATE, delete],
        "Shop": [edit, delete],
    }


def test_the_search_finds_by_name_server_and_connection(desk: Desk, admin: Caller) -> None:
    make(desk, admin, PULL, "Shop", credential_name="Login")
    make(desk, admin, PUSH, "Drop")
    found = view.listed(desk, admin).lines
    for search, names in (
        ("login", ["Login"]),
        ("shop", ["Login"]),
        ("example.org", ["Login"]),
        ("", ["Drop", "Login"]),
    ):
        assert [line.credential.name for line in credentials_page.chosen(found, search)] == names


@pytest.mark.promise("W18")
@pytest.mark.promise("W19")
@pytest.mark.promise("W26")
def test_a_login_is_made_in_the_window_and_shown_once(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    page = show(FILE)
    page.button(key="create_first").click().run()
    page.text_input(key="credential_form_name").set_value("Drop box").run()
    # when
    page.button(key="credential_create_yes").click().run()
    # then
    [line] = lines(desk, admin).values()
    shown = texts(page)
    assert line.credential.name == "Drop box"
    assert "**Shown once.** Handoff keeps only a hash of the password." in shown
    assert not page.exception


def test_what_is_wrong_is_said_in_the_window(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    page = show(FILE)
    page.button(key="create_first").click().run()
    # when
    page.button(key="credential_create_yes").click().run()
    # then
    assert "Give the credentials a name that says what they are for." in texts(page)
    assert lines(desk, admin) == {}


@pytest.mark.promise("W17")
def test_an_edit_says_who_else_uses_them_and_saves(desk: Desk, admin: Caller, show: Show) -> None:
    # given: as the wizard's Edit leads there
    made = make(desk, admin, PULL, "Shop")
    page = show(FILE, id=made.credential_id or "")
    assert "A change holds for 1 connection: Shop." in texts(page)
    # when
    page.text_input(key="credential_form_name").set_value("Shop login").run()
    page.text_input(key="credential_form_username").set_value("other").run()
    page.button(key="credential_save_yes").click().run()
    # then
    credential = credential_of(desk, made)
    assert (credential.name, credential.username) == ("Shop login", "other")
    assert not page.exception


@pytest.mark.promise("W27")
@pytest.mark.fault(124)
def test_opened_again_the_password_is_not_there_and_rotate_makes_another(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    made = make(desk, admin, PUSH, "Drop")
    before = credential_of(desk, made)
    page = show(FILE, id=made.credential_id or "")
    assert "The password was shown today" in texts(page)
    assert "sha256$" not in texts(page)
    # when
    opened(page, credential_dialogs.ROTATE, before.credential_id)
    page.button(key="credential_rotate_yes").click().run()
    # then
    assert "**Shown once.**" in texts(page)
    after = credential_of(desk, made)
    assert (after.version, after.password_hash != before.password_hash) == (2, True)


def test_what_is_used_cannot_be_deleted_and_what_is_not_can(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    made = make(desk, admin, PUSH, "Drop")
    page = opened(show(FILE), credential_dialogs.DELETE, made.credential_id or "")
    assert "Connections use them." in texts(page)
    assert not [button for button in page.button if button.key == "credential_delete_yes"]


@pytest.mark.promise("A07")
def test_host_key_and_address_are_shown_for_partners(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    made = make(desk, admin, PUSH, "Drop")
    # when
    page = opened(show(FILE), credential_dialogs.REACH, made.credential_id or "")
    # then
    assert "The keys are made when the service starts for the first time." in texts(page)
    assert not page.exception


@pytest.mark.promise("A10")
def test_a_partner_sees_its_own_alone(desk: Desk, admin: Caller, show: Show) -> None:
    make(desk, admin, PUSH, "Drop")
    page = show(FILE, Role.PARTNER)
    assert "**No credentials yet.**" in texts(page)
    assert not page.dataframe


@pytest.mark.promise("W28")
def test_what_we_sign_in_with_is_entered_in_the_window(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    page = show(FILE)
    page.button(key="create_first").click().run()
    page.radio(key="credential_form_origin_sftp").set_value(Origin.ENTERED).run()
    page.text_input(key="credential_form_name").set_value("Shop").run()
    page.text_input(key="credential_form_host").set_value("files.example.org").run()
    page.text_input(key="credential_form_username").set_value("shop").run()
    # when
    page.text_input(key="credential_form_password").set_value("entered-s3cret")
    page.button(key="credential_create_yes").click().run()
    # then
    [line] = lines(desk, admin).values()
    assert (line.credential.host, line.credential.port, line.credential.username) == ("files.example.org", 22, "shop")
    with desk.database.read() as cursor:
        assert sealing.of_credential(desk, cursor, line.credential.credential_id).password == "entered-s3cret"
    assert "entered-s3cret" not in texts(page)
    assert not page.exception
