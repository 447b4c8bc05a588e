"""Accounts at the partner for tests of flows: set up, linked to an audience, looked at."""

import time
from collections.abc import Callable
from pathlib import Path

from engine.actions import audiences as audience_actions
from engine.actions import configurations as actions
from engine.flows import audiences as recomputing
from engine.flows.desk import Desk
from storage.records.partners import Configuration
from storage.records.people import Caller, Role
from storage.tables import audiences, configurations
from storage.tables import audit as audit_table
from tests.fakes.partner import PARTNER, given
from tests.pages import sending as sendings
from tests.pages import shop as shops

ANALYST = Caller("Ana Vos", Role.ANALYST, "p1")
MANAGER = Caller("Mo Lee", Role.MANAGER, "p2")
NAME = "Retail NL"
NOWHERE = "http://127.0.0.1:9/meta"
WAIT_S = 30.0


def wanted(name: str = NAME, base_url: str = NOWHERE, **changed: str) -> actions.Wanted:
    """What a person enters for one account."""
    return actions.Wanted(name, PARTNER, given(base_url, **changed))


def set_up(desk: Desk, name: str = NAME, base_url: str = NOWHERE, **changed: str) -> Configuration:
    """One account, as an analyst saves it."""
    return actions.save(desk, ANALYST, None, wanted(name, base_url, **changed))


def stored(desk: Desk, configuration: Configuration) -> Configuration:
    """The row as it is now, deleted or not."""
    with desk.database.read() as cursor:
        found = configurations.by_id(cursor, configuration.configuration_id, with_deleted=True)
    assert found is not None
    return found


def audited(desk: Desk) -> list[tuple[str, str]]:
    """What was done to configurations, in order, with what the audit keeps of it after."""
    with desk.database.read() as cursor:
        entries = list(audit_table.all_entries(cursor))
    return [(entry.did, entry.after_json or "") for entry in entries if entry.what_kind == "configuration"]


def wait_for(condition: Callable[[], bool]) -> None:
    """Wait until something is so."""
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert time.monotonic() < deadline, "It did not happen in time."
        time.sleep(0.01)


def link_members(desk: Desk, tmp_path: Path, configuration: Configuration, members: int) -> str:
    """Import so many profiles and link an audience of them all to a configuration; their signals wait."""
    shop = shops.open_shop(desk, ANALYST)
    shops.map_columns(desk, ANALYST, shop)
    folder = tmp_path / "files"
    folder.mkdir()
    shops.run_file(desk, shop, folder, sendings.lines(members))
    audience = audience_actions.save(desk, ANALYST, None, "Everyone", "spend > 0")
    audience_actions.link(
        desk, ANALYST, audience.audience_id, configuration.configuration_id, "customer_id", sends_current=True
    )
    recomputing.recompute(desk, audience.audience_id)
    return audience.audience_id


def unlink_all(desk: Desk, *, sends_removes: bool) -> None:
    """End every link."""
    with desk.database.read() as cursor:
        found = audiences.open_activations(cursor)
    for activation in found:
        audience_actions.unlink(desk, ANALYST, activation.activation_id, sends_removes=sends_removes)


def counted(desk: Desk, state: str) -> int:
    """How many messages are in batches of this state."""
    with desk.database.read() as cursor:
        row = cursor.execute("SELECT coalesce(sum(size), 0) FROM ctl.batch WHERE state = ?", [state]).fetchone()
    return int(row[0]) if row else 0
