"""The start: each role lands on what it asks for first; makers of a new home where they begin."""

import pytest

from engine.flows.desk import Desk
from pages.parts import menu
from storage.records.people import Caller, Role
from tests.pages import sending
from tests.pages.conftest import Show

MAKERS = (Role.ADMIN, Role.ANALYST)


@pytest.mark.parametrize("role", Role)
def test_with_a_connector_each_role_lands_on_what_it_asks_for_first(
    desk: Desk, admin: Caller, show: Show, went: list[tuple[str, dict[str, str]]], role: Role
) -> None:
    # given
    sending.add_connector(desk, admin)
    # when
    show("start_page.py", role)
    # then
    own = {Role.SUPPORT: "errors_page.py", Role.PARTNER: "connections_page.py"}
    assert went == [(own.get(role, "statistics_page.py"), {})]


@pytest.mark.parametrize("role", MAKERS)
def test_makers_of_a_home_without_connectors_begin_with_connections(
    show: Show, went: list[tuple[str, dict[str, str]]], role: Role
) -> None:
    # when
    show("start_page.py", role)
    # then
    assert went == [("connections_page.py", {})]


@pytest.mark.parametrize("has_connectors", [True, False])
@pytest.mark.parametrize("role", Role)
def test_nobody_lands_on_a_page_outside_the_menu(role: Role, *, has_connectors: bool) -> None:
    # when
    first = menu.start_of(role, has_connectors=has_connectors)
    # then
    assert [entry.file for entry in menu.ENTRIES if entry.file == first and entry.group and role in entry.roles]
