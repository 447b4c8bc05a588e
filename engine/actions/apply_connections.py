"""Applies the connections of a YAML file: what differs from the stored ones is told and written."""

import dataclasses
from typing import Any

from engine.actions import connections as connection_actions
from engine.actions import goals as goal_actions
from engine.actions.desk import Desk
from engine.actions.wanted_connections import WantedConnection
from engine.base import errors, ids
from engine.flows import sealing
from engine.mapping import checks
from engine.security import keys
from storage.database import Cursor
from storage.records.connections import Connection
from storage.records.goals import ImportGoal, Property
from storage.records.people import Caller
from storage.tables import connections, goals


def check(desk: Desk, item: WantedConnection, known: dict[str, Property]) -> None:
    """Refuse what cannot be; what this item makes is known to those after it.

    Raises:
        BadInput: A goal or a private key that cannot be used.
    """
    if item.wanted.secrets.private_key is not None:
        keys.check_private_key(item.wanted.secrets.private_key, item.wanted.secrets.passphrase)
    for goal in item.goals:
        if _is_unmapped(goal):
            continue
        found = checks.problems(goal, known)
        if found:
            raise errors.BadInput(f"{item.wanted.name}: {found[0]}")
        goal_actions.check_links(desk, goal)
        for made in goal_actions.properties_of(goal):
            known.setdefault(made.name.lower(), made)


def _is_unmapped(goal: ImportGoal) -> bool:
    """Say whether nobody has mapped a goal yet; a run of it says so, and `export` prints it like any other."""
    return not goal.identifiers and not goal.mappings


def put(desk: Desk, cursor: Cursor, caller: Caller, item: WantedConnection) -> dict[str, Any]:
    """Write a connection inside the caller's ctl transaction; return its line of the difference."""
    before = connections.by_name(cursor, item.wanted.name)
    old_goals = goals.of_connection(cursor, before.connection_id) if before else []
    fields = _differences(desk, cursor, before, old_goals, item)
    if before is None or any(not name.startswith("goal") for name in fields):
        connection_id = connection_actions.put(
            desk, cursor, caller, item.wanted, before.connection_id if before else None, item.state
        )
    else:
        connection_id = before.connection_id
    _put_goals(cursor, caller, connection_id, old_goals, item)
    did = "created" if before is None else "changed" if fields else "unchanged"
    return {"kind": "connection", "name": item.wanted.name, "did": did, "fields": fields}


def _put_goals(
    cursor: Cursor, caller: Caller, connection_id: str, old_goals: list[ImportGoal], item: WantedConnection
) -> None:
    for number, goal in enumerate(item.goals):
        old = old_goals[number] if number < len(old_goals) else None
        placed = dataclasses.replace(
            goal,
            goal_id=old.goal_id if old else ids.ulid(),
            connection_id=connection_id,
            version=old.version + 1 if old else 1,
        )
        if old is None or dataclasses.replace(placed, version=old.version) != old:
            connection_actions.save_goal(cursor, caller, placed, old, item.wanted.name)


def _differences(
    desk: Desk, cursor: Cursor, before: Connection | None, old_goals: list[ImportGoal], item: WantedConnection
) -> dict[str, list[Any]]:
    found = {}
    after = _flat(item.wanted, item.state.value)
    old = _flat_connection(before) if before else {}
    for name, value in after.items():
        if old.get(name) != value:
            found[name] = [old.get(name), value]
    if before is not None and sealing.of_connection(desk, cursor, before.connection_id) != item.wanted.secrets:
        found["secret"] = ["set", "changed"]
    for number, goal in enumerate(item.goals):
        said = goals.definition(old_goals[number]) if number < len(old_goals) else {}
        for name, value in goals.definition(goal).items():
            if said.get(name) != value:
                found[f"goal {number + 1}: {name}"] = [said.get(name), value]
    return found


def _flat(wanted: connection_actions.Wanted, state: str) -> dict[str, Any]:
    values = {
        field.name: getattr(wanted, field.name) for field in dataclasses.fields(wanted) if field.name != "secrets"
    }
    return {**{name: getattr(value, "value", value) for name, value in values.items()}, "state": state}


def _flat_connection(connection: Connection) -> dict[str, Any]:
    return {
        "name": connection.name,
        "direction": connection.direction.value,
        "data_type": connection.data_type.value,
        "method": connection.method.value,
        "methodology": connection.methodology.value,
        "host": connection.server.host,
        "port": connection.server.port,
        "username": connection.server.username,
        "host_key": connection.server.host_key,
        "every_minutes": connection.every_minutes,
        "state": connection.state.value,
    }
