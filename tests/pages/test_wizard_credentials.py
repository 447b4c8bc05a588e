"""The wizard's credentials: made and shown once, rotated, chosen among those there, a pasted key, our own pair."""

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import drafts
from engine.flows.desk import Desk
from engine.security import provisioning
from engine.views import connections as view
from pages.parts import copy_credentials
from storage.records.connections import Direction, Method, Methodology
from storage.records.people import Caller
from tests.pages import ways
from tests.pages.conftest import Show
from tests.pages.test_wizard_page import answers_of, texts

FILE = "connection_new_page.py"
Led = list[tuple[str, dict[str, str]]]
HOSTED = ways.of(Direction.INBOUND, Method.SFTP, Methodology.PUSH)
FETCHED = ways.of(Direction.INBOUND, Method.SFTP, Methodology.PULL)


def window(page: AppTest) -> dict[str, str]:
    """What the window "Your credentials" says, or nothing where none is open."""
    tables = [table.value.to_dict() for table in page.table]
    found = [table["value"] for table in tables if "Protocol" in table.get("value", {})]
    return {label: text.strip("`") for label, text in found[0].items()} if found else {}


@pytest.mark.promise("W26")
@pytest.mark.promise("W27")
def test_made_credentials_are_shown_once_and_rotated_after_that(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    draft_id = ways.place(desk, admin, HOSTED)
    page = show(FILE, draft=draft_id, step="Credentials")
    # when
    page.button(key="wizard_provision").click().run()
    # then
    first = window(page)
    assert first["Host"] == "localhost"
    assert "Handoff keeps only a hash of the password." in page.warning[0].value
    assert first["Password"] not in str(answers_of(desk, admin, page))
    # when: somebody comes back later
    again = show(FILE, draft=draft_id, step="Credentials")
    # then
    assert window(again) == {}
    assert f"User name `{first['User name']}`. The password was shown on" in texts(again)
    assert first["Password"] not in texts(again)
    # when
    again.button(key="wizard_rotate").click().run()
    # then
    assert window(again)["Password"] not in ("", first["Password"])


def test_what_copy_copies_is_what_the_window_shows(desk: Desk, admin: Caller) -> None:
    # given
    draft_id = ways.place(desk, admin, HOSTED)
    drafts.save(desk, admin, draft_id, {"credential_kind": "made_key"})
    # when
    made = drafts.provision(desk, admin, draft_id)
    # then
    shown = copy_credentials.lines_of(made)
    assert all(f"{label}: {value}" in made.text for label, value in shown.items())
    assert made.private_key is not None
    assert made.text.endswith(made.private_key)
    assert "PRIVATE KEY" not in str(shown)


@pytest.mark.promise("W19")
def test_a_pasted_public_key_makes_a_login_without_a_secret(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    private, public = provisioning.new_pair("brightside")
    page = show(FILE, draft=ways.place(desk, admin, HOSTED), step="Credentials")
    page.radio(key="wizard_credential_kind").set_value("public_key").run()
    assert page.button(key="wizard_provision").disabled
    # when: by mistake the private half
    page.text_area(key="wizard_public_key").set_value(private).run()
    # then the sentence stands under the field, and nothing is kept
    assert "This is a private key." in texts(page)
    assert page.button(key="wizard_provision").disabled
    assert "PRIVATE KEY" not in str(answers_of(desk, admin, page))
    # when
    page.text_area(key="wizard_public_key").set_value(public).run()
    page.button(key="wizard_provision").click().run()
    # then
    assert "Password" not in window(page)
    assert "It signs in with the key that was pasted." in texts(page)


def test_our_own_key_shows_its_public_half(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    draft_id = ways.place(desk, admin, FETCHED)
    drafts.save(desk, admin, draft_id, {"credential_kind": "made_key"})
    page = show(FILE, draft=draft_id, step="Credentials")
    # when
    page.button(key="wizard_make_key").click().run()
    # then
    assert page.code[0].value.startswith("ssh-")
    assert "The private half stays here." in texts(page)


@pytest.mark.promise("W16")
@pytest.mark.promise("W17")
def test_existing_credentials_are_chosen_and_say_who_else_uses_them(
    desk: Desk, admin: Caller, show: Show, went: Led
) -> None:
    # given
    ways.make(desk, admin, HOSTED, "First")
    credential = view.page(desk, admin, view.listed(desk, admin).lines[0].connection.connection_id).credential
    assert credential is not None
    page = show(FILE, draft=ways.place(desk, admin, HOSTED, "Second"), step="Credentials")
    # when
    page.segmented_control(key="wizard_credential_choice").set_value("existing").run()
    page.selectbox(key="wizard_credential_id").set_value(credential.credential_id).run()
    # then
    assert f"User name `{credential.username}` · used by 1 connection: First" in texts(page)
    # when
    page.button(key="wizard_edit_credential").click().run()
    # then
    assert went == [("credentials_page.py", {"id": credential.credential_id})]
    # when
    page.button(key="wizard_next").click().run()
    page.button(key="wizard_create").click().run()
    # then: the second lies in a folder of its own below the first one's login
    assert page.code[0].value.endswith("/second")
    assert not page.exception
