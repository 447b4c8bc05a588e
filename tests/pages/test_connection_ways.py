"""A connection's page on each of the eleven ways: who signs in where, when it runs, and what to do next."""

import pytest

from engine.actions import connections
from engine.flows.desk import Desk
from storage.records.connections import Direction, Method, Methodology
from storage.records.exchange import FileState
from storage.records.people import Caller, Role
from tests.fakes import exchange, home
from tests.pages import ways
from tests.pages.conftest import Show
from tests.pages.test_connection_page import texts
from tests.pages.ways import Way

FILE = "connection_page.py"


@pytest.mark.parametrize("way", ways.WAYS, ids=str)
def test_the_page_says_who_signs_in_and_when_files_move(desk: Desk, admin: Caller, show: Show, way: Way) -> None:
    # given
    connection_id = ways.make(desk, admin, way)
    # when
    page = show(FILE, id=connection_id)
    # then
    assert not page.exception
    said = texts(page)
    is_hosted, is_in = "provision" in way.signs_in, way.direction is Direction.INBOUND
    if is_hosted and is_in:
        assert "**On arrival**" in said
    elif is_hosted:
        assert "**Whenever the partner looks**" in said
    else:
        assert ("**Only by Run now**" if is_in else "**As files are sent**") in said
    buttons = {item.key for item in page.button}
    assert ("send_file" in buttons) is not is_in
    assert ("run_now" in buttons) is is_in
    assert "not used here" not in said
    assert "**No file yet.**" in said


def test_a_hosted_login_says_when_its_password_was_shown(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    page = show(FILE, id=ways.make(desk, admin, ways.HOSTED_SFTP))
    # when
    facts = page.table[0].value.to_dict()["value"]
    # then
    assert facts["Password"].startswith("shown once, on ")
    assert facts["Folder"] == "`/`"
    assert page.code[0].value.startswith("sftp://brightsi")


def test_mail_that_comes_shows_its_address_and_who_may_send(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    page = show(FILE, id=ways.make(desk, admin, ways.of(Direction.INBOUND, Method.EMAIL, Methodology.PUSH)))
    # when
    facts = page.table[0].value.to_dict()["value"]
    # then
    assert facts["Allowed senders"] == "anybody who knows the address"
    assert page.code[0].value.endswith("@localhost")


@pytest.mark.promise("A10")
def test_a_partner_sees_its_own_connections_alone_and_no_mapping(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    partner = home.add_person(desk, admin, Role.PARTNER)
    theirs = ways.make(desk, admin, ways.of(Direction.INBOUND, Method.SFTP, Methodology.PULL), "Not theirs")
    own = ways.make(desk, partner, ways.HOSTED_SFTP, "Our members")
    # when
    listed = show("connections_page.py", email="partner@example.org")
    page = show(FILE, email="partner@example.org", id=own)
    # then
    assert list(listed.dataframe[0].value["Name"]) == ["Our members"]
    assert page.title[0].value == "Our members"
    refused = ("map_", "run_now", "send_file", "open_run")
    assert not [item for item in page.button if str(item.key).startswith(refused)]
    assert "This connection is not there any more" in texts(show(FILE, email="partner@example.org", id=theirs))


@pytest.mark.parametrize(
    ("way", "said"),
    [
        (ways.HOSTED_SFTP, "Map columns, then the next file that comes is imported."),
        (ways.of(Direction.INBOUND, Method.SFTP, Methodology.PULL), "Map columns, then Run now."),
        (ways.of(Direction.OUTBOUND, Method.SFTP, Methodology.PUSH), "Send a file."),
    ],
    ids=str,
)
def test_the_next_thing_to_do_is_said(desk: Desk, admin: Caller, show: Show, way: Way, said: str) -> None:
    # given
    connection_id = ways.make(desk, admin, way)
    assert said in texts(show(FILE, id=connection_id))
    # when it is turned off
    connections.set_on(desk, admin, connection_id, is_on=False)
    # then
    assert "urn it on" in texts(show(FILE, id=connection_id))


def test_deliveries_count_files_and_no_rows(desk: Desk, admin: Caller, show: Show) -> None:
    # given
    out = exchange.connection(desk, "Ads", (exchange.OUT, Method.SFTP, exchange.PULL))
    exchange.file(desk, out, "sent.csv", state=FileState.COMPLETE)
    exchange.ended_run(desk, out)
    # when
    page = show(FILE, id=out.connection_id)
    # then
    latest, history = (item.value for item in page.dataframe)
    assert list(latest) == ["Name", "State", "First seen", "Size"]
    assert list(history) == ["Run", "State", "Started", "Files delivered", "open"]
    del admin
