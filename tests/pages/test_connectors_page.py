"""The list of connectors: empty and full, what each role may do, search, states and days, and its row menu."""

import functools
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from engine.actions import configurations as actions
from engine.base import clock
from engine.flows.desk import Desk
from engine.views import connectors as view
from engine.views.connectors import ConnectorLine
from pages import connectors_page
from pages.parts import badges, connector_dialogs, connector_table, frame
from storage.records.deliveries import DeliveryCategory
from storage.records.partners import ConfigurationState
from storage.records.people import Caller, Role
from storage.tables import configurations
from tests.pages import sending as sendings
from tests.pages.conftest import Show

FILE = "connectors_page.py"
Led = list[tuple[str, dict[str, str]]]


def texts(page: AppTest) -> str:
    """Everything that stands on the page as text."""
    blocks = [*page.markdown, *page.caption, *page.error, *page.title, *page.subheader]
    return "\n".join(str(block.value) for block in blocks)


def column(page: AppTest, heading: str) -> dict[str, Any]:
    """One column of the table, by the connector's name."""
    table = page.dataframe[0].value
    values = [list(cell) if hasattr(cell, "__len__") and not isinstance(cell, str) else cell for cell in table[heading]]
    return dict(zip(table["Name"], values, strict=True))


def line_of(desk: Desk, caller: Caller, name: str) -> ConnectorLine:
    """One line of the list as the view has it."""
    return next(line for line in view.listed(desk, caller, 7).lines if line.configuration.name == name)


def stop(desk: Desk, configuration_id: str) -> None:
    """Stop an account as its partner's refusal does."""
    with desk.database.write("ctl") as cursor:
        configurations.set_state(cursor, configuration_id, ConfigurationState.STOPPED, "Expired.", clock.now())


def test_an_empty_list_says_what_to_do_and_leads_to_the_catalog(show: Show, went: Led) -> None:
    # given
    page = show(FILE)
    assert "**No connector is configured.**" in texts(page)
    assert not page.dataframe
    # when
    page.button(key="new_first").click().run()
    # then
    assert went == [("connector_new_page.py", {})]
    assert page.button(key="new").label == "New Connector"


@pytest.mark.promise("K01")
@pytest.mark.promise("K16")
@pytest.mark.promise("L03")
def test_the_table_tells_of_each_account_its_state_its_signals_and_what_it_sent(
    desk: Desk, admin: Caller, show: Show, tmp_path: Path
) -> None:
    # given
    sending = sendings.begin(desk, admin, tmp_path / "files", 3)
    off, stopped = (sendings.add_connector(desk, admin, name) for name in ("Old seat", "Retail NL"))
    actions.deactivate(desk, admin, off)
    stop(desk, stopped)
    now = clock.now()
    sendings.add_counts(
        desk,
        (sending.configuration_id, now, DeliveryCategory.SENT, "", 90),
        (sending.configuration_id, now, DeliveryCategory.REMOVED, "", 6),
        (sending.configuration_id, now, DeliveryCategory.TIMEOUT, "", 4),
    )
    # when
    page = show(FILE)
    # then
    assert list(page.dataframe[0].value.columns) == [
        "Name", "State", "Signals", "Used by", "Sent", "Removed", "Waiting", "Error rate", "menu"
    ]  # fmt: skip
    meta = sendings.META
    assert column(page, "State") == {
        meta: ["Active"],
        "Meta · Old seat": ["deactivated"],
        "Meta · Retail NL": ["Stopped"],
    }
    assert column(page, "Signals")[meta] == ["add", "remove"]
    assert column(page, "Used by") == {
        meta: "Big spenders",
        "Meta · Old seat": "not used",
        "Meta · Retail NL": "not used",
    }
    shown = {heading: column(page, heading)[meta] for heading in ("Sent", "Removed", "Waiting", "Error rate")}
    assert shown == {"Sent": 90, "Removed": 6, "Waiting": 3, "Error rate": 4.0}
    assert "secret-1" not in texts(page) + page.dataframe[0].value.to_csv()


def test_states_have_the_colours_that_they_have_on_every_page() -> None:
    shown = {state: badges.of_configuration(state) for state in ConfigurationState}
    assert {state: (badge.word, badge.color) for state, badge in shown.items()} == {
        ConfigurationState.ACTIVE: ("Active", "green"),
        ConfigurationState.DEACTIVATED: ("deactivated", "gray"),
        ConfigurationState.STOPPED: ("Stopped", "red"),
    }


@pytest.mark.promise("K02")
def test_the_row_menu_edits_shows_statistics_switches_and_deletes(
    desk: Desk, admin: Caller, show: Show, went: Led, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    made = sendings.add_connector(desk, admin)
    page = show(FILE)
    assert column(page, "menu")[sendings.META] == [
        connector_table.EDIT, connector_table.STATISTICS, connector_table.DEACTIVATE, connector_table.DELETE
    ]  # fmt: skip
    line = line_of(desk, admin, sendings.META)
    monkeypatch.setattr(frame, "attempt_anew", lambda act, *values: act(desk, admin, *values))
    # when
    connector_table.act(connector_table.EDIT, line)
    connector_table.act(connector_table.STATISTICS, line)
    # then
    assert went == [("connector_page.py", {"id": made}), ("statistics_page.py", {"configuration": made})]
    # when: it asks first
    asked: list[tuple[str, str]] = []
    for word in ("deactivate", "delete"):
        question = functools.partial(lambda word, about: asked.append((word, about.configuration_id)), word)
        monkeypatch.setattr(connector_dialogs, f"ask_{word}", question)
    connector_table.act(connector_table.DEACTIVATE, line)
    connector_table.act(connector_table.DELETE, line)
    # then
    assert asked == [("deactivate", made), ("delete", made)]
    assert line_of(desk, admin, sendings.META).configuration.state is ConfigurationState.ACTIVE
    # when
    actions.deactivate(desk, admin, made)
    line = line_of(desk, admin, sendings.META)
    assert connector_table.menu_of(line, view.listed(desk, admin, 7))[2] == connector_table.ACTIVATE
    connector_table.act(connector_table.ACTIVATE, line)
    # then
    assert line_of(desk, admin, sendings.META).configuration.state is ConfigurationState.ACTIVE


def test_search_states_and_days_choose_what_is_listed(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    first, second = (sendings.add_connector(desk, admin, name) for name in ("EMEA", "Retail NL"))
    actions.deactivate(desk, admin, second)
    sendings.add_counts(desk, (first, clock.now().replace(year=2020), DeliveryCategory.SENT, "", 5))
    # then
    assert list(column(show(FILE, q="emea"), "State")) == ["Meta · EMEA"]
    assert list(column(show(FILE, status="deactivated"), "State")) == ["Meta · Retail NL"]
    page = show(FILE, q="nobody")
    assert "**Nothing matches.**" in texts(page)
    # when
    page.button(key="clear_filters").click().run()
    # then
    assert list(column(page, "Sent").values()) == [0, 0]
    # when
    sendings.add_counts(desk, (first, clock.now() - timedelta(days=20), DeliveryCategory.SENT, "", 7))
    # then
    assert column(show(FILE, days="7"), "Sent")["Meta · EMEA"] == 0
    assert column(show(FILE, days="30"), "Sent")["Meta · EMEA"] == 7


@pytest.mark.parametrize(
    ("role", "entries"),
    [
        (
            Role.ADMIN,
            [connector_table.EDIT, connector_table.STATISTICS, connector_table.DEACTIVATE, connector_table.DELETE],
        ),
        (
            Role.ANALYST,
            [connector_table.EDIT, connector_table.STATISTICS, connector_table.DEACTIVATE, connector_table.DELETE],
        ),
        (Role.MANAGER, [connector_table.OPEN, connector_table.STATISTICS, connector_table.DEACTIVATE]),
        (Role.SUPPORT, [connector_table.OPEN, connector_table.STATISTICS]),
    ],
)
def test_each_role_finds_what_it_may_do(desk: Desk, admin: Caller, show: Show, role: Role, entries: list[str]) -> None:
    # given
    sendings.add_connector(desk, admin)
    # when
    page = show(FILE, role)
    # then
    assert column(page, "menu")[sendings.META] == entries
    assert [button.label for button in page.button] == (["New Connector"] if connector_table.EDIT in entries else [])


def test_the_questions_say_what_stops_what_is_held_and_what_stays(desk: Desk, admin: Caller, tmp_path: Path) -> None:
    # given
    sending = sendings.begin(desk, admin, tmp_path / "files", 3)
    page = view.page(desk, admin, sending.configuration_id, 7)
    # then: nobody has answered, so nobody is there yet
    assert connector_dialogs.what_stops(page) == (
        "Stops within 5 s. 3 messages are held. 0 profiles stay at the partner."
    )
    # when
    sendings.answer(desk)
    page = view.page(desk, admin, sending.configuration_id, 7)
    # then
    assert connector_dialogs.what_stops(page) == (
        "Stops within 5 s. 0 messages are held. 3 profiles stay at the partner."
    )
    assert connector_dialogs.what_goes(page).endswith("its statistics stay.")


def test_lines_are_chosen_by_partner_too(desk: Desk, admin: Caller) -> None:
    # given
    sendings.add_connector(desk, admin)
    lines = view.listed(desk, admin, 7).lines
    # then
    assert connectors_page.chosen(lines, " FACEBOOK ", None) == list(lines)
    assert connectors_page.chosen(lines, "dv360", None) == []
