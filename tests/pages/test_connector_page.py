"""One configuration's page: its form without secrets, its states and what to do, who uses it, and each role."""

from datetime import datetime
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import configurations as actions
from engine.base import clock
from engine.flows.desk import Desk
from engine.views import connectors as view
from pages.parts import frame
from storage.records.deliveries import DeliveryCategory
from storage.records.partners import ConfigurationState
from storage.records.people import Caller, Role
from storage.tables import configurations
from tests.pages import sending as sendings
from tests.pages.conftest import Show
from tests.pages.test_connectors_page import Led, texts

FILE = "connector_page.py"


def key(configuration_id: str, field: str, version: int = 0) -> str:
    """The key of a field of the form."""
    return f"connector_{configuration_id}_{version}_{field}"


def links(page: AppTest, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, str, dict[str, str]]]:
    """Draw the page anew and return where it leads: (label, file, query)."""
    led: list[tuple[str, str, dict[str, str]]] = []
    monkeypatch.setattr(
        frame,
        "link",
        lambda label, file, query=None, icon=None: led.append((label, file, dict(query or {}))),  # noqa: ARG005 - as frame's own
    )
    page.run()
    return led


@pytest.mark.promise("K09")
def test_an_account_is_edited_and_its_token_is_never_shown(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    moment = datetime(2025, 11, 3, 9, 30)
    with sendings.at(moment):
        made = sendings.add_connector(desk, admin)
    page = show(FILE, id=made)
    token = page.text_input(key=key(made, "access_token"))
    assert (token.value, token.placeholder) == ("", "set on 3 Nov 2025, type to replace")
    assert page.text_input(key=key(made, "audience_id")).value == "123"
    assert "secret-1" not in str(page.main)
    # when
    page.text_input(key=key(made, "name")).set_value("Retail NL")
    page.text_input(key=key(made, "audience_id")).set_value("456")
    page.button(key="connector_save").click().run()
    # then
    after = view.page(desk, admin, made, 7)
    assert after.configuration is not None
    assert (after.configuration.name, after.values["audience_id"]) == ("Retail NL", "456")
    assert page.text_input(key=key(made, "audience_id", 1)).value == "456"
    assert page.toast[0].value == "Saved."
    # when: a new token
    page.text_input(key=key(made, "access_token", 1)).set_value("secret-2")
    page.button(key="connector_save").click().run()
    # then
    shown = page.text_input(key=key(made, "access_token", 2))
    assert (shown.value, shown.placeholder.startswith("set today")) == ("", True)
    assert "secret-2" not in str(page.main)


def test_a_linked_account_says_who_uses_it_and_keeps_its_list(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    sending = sendings.begin(desk, admin, tmp_path / "files", 3)
    sendings.answer(desk)
    # when
    page = show(FILE, id=sending.configuration_id)
    # then
    said = texts(page)
    assert "3 members · 3 at Meta" in said
    assert "customer\\_id, sent as your own id; 3 of 3 profiles have it" in said
    assert page.text_input(key=key(sending.configuration_id, "audience_id")).disabled
    assert page.selectbox(key=key(sending.configuration_id, "identifier")).disabled
    assert {item.label: item.value for item in page.metric} == {
        "Sent": "3", "Removed": "0", "Errors": "0", "Waiting": "0"
    }  # fmt: skip
    assert "Error codes](https://developers.facebook.com/" in said
    led = links(page, monkeypatch)
    assert ("Big spenders", "audience_page.py", {"id": sending.audience_id}) in led
    assert ("Statistics", "statistics_page.py", {"configuration": sending.configuration_id}) in led


def test_deactivating_asks_first_and_the_page_then_says_deactivated(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path
) -> None:
    # given
    sending = sendings.begin(desk, admin, tmp_path / "files", 3)
    page = show(FILE, Role.MANAGER, id=sending.configuration_id)
    # when
    page.button(key="connector_deactivate").click().run()
    # then
    assert "Stops within 5 s. 3 messages are held. 0 profiles stay at the partner." in texts(page)
    # when
    page.button(key="connector_deactivate_yes").click().run()
    # then
    assert "Nothing is sent, 3 messages are held. Activating sends what has changed in between." in texts(page)
    assert {item.label: item.value for item in page.metric}["Held"] == "3"
    # when
    page.button(key="connector_activate").click().run()
    # then
    found = view.page(desk, admin, sending.configuration_id, 7).configuration
    assert found is not None
    assert found.state is ConfigurationState.ACTIVE


def test_a_stopped_account_says_why_and_what_to_do(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    made = sendings.add_connector(desk, admin)
    with desk.database.write("ctl") as cursor:
        reason = "The access token has expired (code 190/463)."
        configurations.set_state(cursor, made, ConfigurationState.STOPPED, reason, clock.now())
    # when
    page = show(FILE, id=made)
    # then
    assert page.error[0].value == "Stopped\\: The access token has expired \\(code 190/463\\)."
    assert "Mend what the partner refuses below, Test and Save, then Activate" in texts(page)
    assert page.button(key="connector_activate")
    # when: support may only read
    page = show(FILE, Role.SUPPORT, id=made)
    # then
    assert "Ask an analyst to mend it, then Activate" in texts(page)
    assert not page.button


def test_a_delete_of_a_linked_account_lists_its_audiences_with_links(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    sending = sendings.begin(desk, admin, tmp_path / "files", 3)
    page = show(FILE, id=sending.configuration_id)
    # when
    page.button(key="connector_delete").click().run()
    # then
    assert "Used by 1 audience. Remove it there first:" in texts(page)
    assert "connector_delete_yes" not in [button.key for button in page.button]
    audience = ("Big spenders", "audience_page.py", {"id": sending.audience_id})
    assert links(page, monkeypatch).count(audience) == 2


def test_an_account_that_nobody_uses_is_deleted_after_a_question(
    desk: Desk, admin: Caller, show: Show, went: Led
) -> None:
    # given
    made = sendings.add_connector(desk, admin)
    sendings.add_counts(desk, (made, clock.now(), DeliveryCategory.SENT, "", 5))
    page = show(FILE, id=made)
    # when
    page.button(key="connector_delete").click().run()
    # then
    assert "Its credentials are forgotten; its statistics stay." in texts(page)
    assert len(view.listed(desk, admin, 7).lines) == 1
    # when
    page.button(key="connector_delete_yes").click().run()
    # then
    assert view.listed(desk, admin, 7).lines == ()
    assert went == [("connectors_page.py", {})]


@pytest.mark.parametrize(("role", "labels"), [(Role.MANAGER, ["Deactivate"]), (Role.SUPPORT, [])])
def test_who_may_not_change_reads_the_form_and_saves_nothing(
    desk: Desk, admin: Caller, show: Show, role: Role, labels: list[str]
) -> None:
    # given
    made = sendings.add_connector(desk, admin)
    # when
    page = show(FILE, role, id=made)
    # then
    assert all(item.disabled for item in [*page.text_input, *page.selectbox])
    assert [button.label for button in page.button] == labels


def test_what_somebody_else_saved_meanwhile_is_said_and_kept(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    made = sendings.add_connector(desk, admin)
    page = show(FILE, id=made)
    other = actions.Wanted(
        sendings.META, sendings.PARTNER, {"audience_id": "789", "base_url": "http://127.0.0.1:9/meta"}
    )
    page.text_input(key=key(made, "audience_id")).set_value("456")
    actions.save(desk, admin, made, other)
    # when
    page.button(key="connector_save").click().run()
    # then
    assert "was changed by somebody else meanwhile" in texts(page)
    assert view.page(desk, admin, made, 7).values["audience_id"] == "789"


def test_an_account_that_is_gone_is_said(show: Show) -> None:
    assert "This configuration is not there any more" in show(FILE, id="gone").error[0].value
