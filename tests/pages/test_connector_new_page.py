"""New connector: the catalog, the conditions to tick, the form from the manifest, and what is wrong under its field."""

import pytest
from streamlit.testing.v1 import AppTest

from engine.flows.desk import Desk
from engine.scheduling.jobs import Worker
from engine.views import connectors as view
from pages import connector_new_page
from storage.records.people import Caller, Role
from tests.pages.conftest import Show
from tests.pages.sending import PARTNER
from tests.pages.test_connectors_page import Led, texts

FILE = "connector_new_page.py"


def key(field: str) -> str:
    """The key of a field of the empty form."""
    return f"connector_{PARTNER}_0_{field}"


def fill(page: AppTest, **entries: str) -> None:
    """Type into the form."""
    for field, value in entries.items():
        page.text_input(key=key(field)).set_value(value)


def tick(page: AppTest) -> None:
    """Tick every condition."""
    for box in page.checkbox:
        box.check()


def test_the_catalog_shows_what_each_partner_can_do_and_leads_to_its_form(show: Show, went: Led) -> None:
    # given
    page = show(FILE)
    said = texts(page)
    assert "**Meta \\(Facebook\\) Custom Audiences**" in said
    assert [word for word in ("add", "remove") if f":green[:material/check:] {word}" in said] == ["add", "remove"]
    assert ":gray[:material/remove: variables]" in said
    assert ":gray[:material/remove: modify]" in said
    assert "not configured · reports codes" in said
    # when
    page.button(key=f"set_up_{PARTNER}").click().run()
    # then
    assert went == [(FILE, {"kind": PARTNER})]


@pytest.mark.promise("K05")
def test_nothing_is_made_before_the_conditions_are_ticked(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    page = show(FILE, kind=PARTNER)
    assert [("active ad account" in box.label, "allowed to manage" in box.label) for box in page.checkbox] == [
        (True, False),
        (False, True),
    ]
    fill(page, name="Retail NL", access_token="EAAB-1", audience_id="123")
    # when
    page.button(key="connector_save").click().run()
    # then
    assert ":red[:material/error: See to these first, then tick them.]" in texts(page)
    assert view.listed(desk, admin, 7).lines == ()


@pytest.mark.promise("K07")
def test_the_form_asks_what_the_manifest_names_and_masks_secrets(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    fields = view.new_page(desk, admin, PARTNER).partner.fields
    # when
    page = show(FILE, kind=PARTNER)
    # then
    drawn = {item.key: item for item in [*page.text_input, *page.selectbox]}
    assert set(drawn) == {key("name"), *(key(field.name) for field in fields)}
    secrets = [item.key for item in page.text_input if item.proto.type == item.proto.PASSWORD]
    assert secrets == [key("access_token")]
    folded = [item.key for item in [*page.expander[0].text_input, *page.expander[0].selectbox]]
    assert folded == [key(field.name) for field in fields if field.is_advanced]
    assert list(page.selectbox[0].options) == ["Your own id (EXTERN_ID)", "E-mail, SHA-256"]


def test_each_field_that_is_wrong_has_its_sentence_and_what_was_typed_stays(
    desk: Desk, admin: Caller, show: Show
) -> None:
    # given
    page = show(FILE, kind=PARTNER)
    tick(page)
    fill(page, name="Retail NL", audience_id="abc", base_url="ftp://x")
    # when
    page.button(key="connector_save").click().run()
    # then
    said = texts(page)
    assert "3 fields need attention" in said
    assert "Access token is missing; enter it" in said
    assert "is not a number as Meta gives to audiences" in said
    assert "no address that begins with" in said
    assert page.text_input(key=key("audience_id")).value == "abc"
    assert view.listed(desk, admin, 7).lines == ()


def test_save_and_activate_makes_the_account_and_leads_to_it(desk: Desk, admin: Caller, show: Show, went: Led) -> None:
    # given
    page = show(FILE, Role.ANALYST, kind=PARTNER)
    tick(page)
    fill(page, name="Retail NL", access_token="EAAB-1", audience_id="123")
    page.selectbox(key=key("identifier")).select("EMAIL")
    assert page.button(key="connector_save").label == "Save and activate"
    # when
    page.button(key="connector_save").click().run()
    # then
    line = view.listed(desk, admin, 7).lines[0]
    assert (line.configuration.name, line.configuration.state) == ("Retail NL", "active")
    assert line.configuration.settings == {"audience_id": "123", "identifier": "EMAIL"}
    assert went == [("connector_page.py", {"id": line.configuration.configuration_id})]


def test_a_test_before_saving_says_how_it_went_and_what_next(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    page = show(FILE, kind=PARTNER)
    fill(page, name="", access_token="EAAB-1", audience_id="123", base_url="http://127.0.0.1:9/meta")
    # when
    page.button(key="connector_test_ask").click().run()
    # then
    assert "Asking Meta" in texts(page)
    # when
    Worker(desk).do_next()
    page.run()
    # then
    assert "refused the connection" in texts(page)
    assert view.listed(desk, admin, 7).lines == ()


def test_who_may_not_change_connectors_reads_the_catalog_and_gets_no_form(show: Show) -> None:
    # given
    page = show(FILE, Role.SUPPORT)
    assert not page.button
    # when
    page = show(FILE, Role.MANAGER, kind=PARTNER)
    # then
    assert "A manager may not change connectors" in page.error[0].value
    assert not page.text_input


def test_the_catalog_is_searched_by_name_and_category(desk: Desk, admin: Caller) -> None:
    # given
    page = view.catalog(desk, admin)
    # then
    assert [item.partner for item in connector_new_page.found(page, "FACEBOOK")] == [PARTNER]
    assert [item.partner for item in connector_new_page.found(page, "advert")] == [PARTNER]
    assert connector_new_page.found(page, "dv360") == []


def test_a_kind_that_is_not_there_is_said(show: Show) -> None:
    assert "nobody" in show(FILE, kind="nobody").error[0].value
