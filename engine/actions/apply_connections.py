"""Applies the connections of a YAML file: what differs from the stored ones is told and written."""

import dataclasses
from typing import Any

from engine.actions import apply_credentials
from engine.actions import connections as connection_actions
from engine.actions import goals as goal_actions
from engine.actions.desk import Desk
from engine.actions.wanted_connections import WantedConnection
from engine.base import errors, ids
from engine.files import refusals
from engine.flows import goal_place, ours
from engine.mapping import goal_checks
from engine.security import keys, provisioning
from storage.database import Cursor
from storage.records.connections import Connection, Details, Direction, Method
from storage.records.credentials import Credential, Origin
from storage.records.goals import ImportGoal, PatternKind, Property
from storage.records.people import Caller
from storage.tables import connections, credentials, goals


def check(desk: Desk, item: WantedConnection, known: dict[str, Property]) -> None:
    """Refuse what cannot be; what this item makes is known to those after it.

    Raises:
        BadInput: A server that may not be reached, a goal or a key that cannot be used.
    """
    if item.wanted.host:
        refusal = ours.host_refusal(desk, item.wanted.host, item.wanted.port)
        if refusal:
            raise errors.BadInput(f"{item.wanted.name}: {refusal}")
    _check_sign_in(item)
    for goal in item.goals:
        way = (item.wanted.direction, item.wanted.method, item.wanted.methodology)
        wrong = goal_place.problem(way, goal.folder, goal.files, goal.files_kind)
        if wrong:
            raise errors.BadInput(f"{item.wanted.name}: {wrong}")
        if goal.format.encoding is not None:
            refusals.known_codec(goal.format.encoding)
        if _is_unmapped(goal):
            continue
        found = goal_checks.problems(goal, known, item.wanted.data_type)
        if found:
            raise errors.BadInput(f"{item.wanted.name}: {found[0]}")
        goal_actions.check_links(desk, goal)
        for made in goal_actions.properties_of(goal):
            known.setdefault(made.name.lower(), made)


def _check_sign_in(item: WantedConnection) -> None:
    if item.sign_in is None:
        return
    if item.sign_in.secrets is not None and item.sign_in.secrets.private_key is not None:
        keys.check_private_key(item.sign_in.secrets.private_key, item.sign_in.secrets.passphrase)
    if item.sign_in.password is not None:
        provisioning.hash_password(item.sign_in.password)
    if item.sign_in.public_key is not None:
        provisioning.public_line(item.sign_in.public_key)


def _is_unmapped(goal: ImportGoal) -> bool:
    """Say whether nobody has mapped a goal yet; a run of it says so, and `export` prints it like any other."""
    return not goal.identifiers and not goal.mappings and goal.action is None


def put(desk: Desk, cursor: Cursor, caller: Caller, item: WantedConnection) -> dict[str, Any]:
    """Write a connection inside the caller's ctl transaction; return its line of the difference.

    Where something was made that partners sign in with, the line has it once: {"provisioned": {...}}.
    """
    before = connections.by_name(cursor, item.wanted.name)
    old_goals = goals.of_connection(cursor, before.connection_id) if before else []
    signed = apply_credentials.put(desk, cursor, caller, item, before)
    wanted = dataclasses.replace(
        item.wanted,
        sign_in=signed.credential.credential_id if signed.credential else None,
        hosted_folder=item.hosted_folder,
        details=_with_address(item.wanted, before),
    )
    fields = _differences(before, item, wanted) | signed.fields | _goal_differences(old_goals, item)
    if before is None or any(not name.startswith("goal") for name in fields):
        connection_id = connection_actions.put(
            desk, cursor, caller, wanted, before.connection_id if before else None, item.state
        )
    else:
        connection_id = before.connection_id
    _put_goals(cursor, caller, connection_id, old_goals, item)
    did = "created" if before is None else "changed" if fields else "unchanged"
    line: dict[str, Any] = {"kind": "connection", "name": item.wanted.name, "did": did, "fields": fields}
    shown = apply_credentials.told(desk, cursor, connection_id, signed, is_new=before is None)
    return {**line, **({"provisioned": shown} if shown else {})}


def check_together(cursor: Cursor) -> None:
    """Refuse a file that leaves connections in each other's way; its caller's transaction is undone with it.

    Only all of them tell: two that share credentials may go over to another server together.

    Raises:
        BadInput: Credentials for something else, one folder of a login or one address of mail for two.
    """
    known = {item.credential_id: item for item in credentials.listed(cursor)}
    holders: dict[tuple[str, str], str] = {}
    for item in connections.listed(cursor):
        credential = known.get(item.credential_id or "")
        if credential is not None and not _is_for(credential, item):
            raise errors.BadInput(
                f"{item.name} signs in with {credential.name}, which would then be for another server or method; "
                "give them credentials of two names."
            )
        if not item.is_hosted:
            continue
        is_mail = item.method is Method.EMAIL
        place = (
            ("", item.details.address)
            if is_mail
            else (item.credential_id or item.connection_id, item.details.hosted_folder)
        )
        other = holders.setdefault(place, item.name)
        if other != item.name:
            what = "address" if is_mail else "hosted_folder"
            raise errors.BadInput(f"{other} and {item.name} have one {what}, {place[1]}; give each its own.")


def _is_for(credential: Credential, connection: Connection) -> bool:
    origin = Origin.ENTERED if connection.server.host else Origin.PROVISIONED
    if (credential.method, credential.origin) != (connection.method, origin):
        return False
    server = (connection.server.host.lower(), connection.server.port)
    return origin is Origin.PROVISIONED or (credential.host.lower(), credential.port) == server


def _with_address(wanted: connection_actions.Wanted, before: Connection | None) -> Details:
    takes_mail = (wanted.direction, wanted.method) == (Direction.INBOUND, Method.EMAIL) and not wanted.host
    if not takes_mail or wanted.details.address:
        return wanted.details
    address = before.details.address if before else ""
    return dataclasses.replace(wanted.details, address=address or provisioning.new_address())


def _put_goals(
    cursor: Cursor, caller: Caller, connection_id: str, old_goals: list[ImportGoal], item: WantedConnection
) -> None:
    for goal, old in _paired(old_goals, item.goals):
        placed = dataclasses.replace(
            goal,
            goal_id=old.goal_id if old else ids.ulid(),
            connection_id=connection_id,
            version=old.version + 1 if old else 1,
        )
        if old is None or dataclasses.replace(placed, version=old.version) != old:
            connection_actions.save_goal(cursor, caller, placed, old, item.wanted.name)


def _paired(old: list[ImportGoal], wanted: tuple[ImportGoal, ...]) -> list[tuple[ImportGoal, ImportGoal | None]]:
    """Return each wanted goal with the stored one that it is: of the same files, else the next that is left, or None.

    What a goal imported is known by it, so one that is put before it in the file must not take its place.
    """
    left = list(old)
    found: dict[int, ImportGoal] = {}
    for number, goal in enumerate(wanted):
        alike = next((one for one in left if _place_of(one) == _place_of(goal)), None)
        if alike is not None:
            left.remove(alike)
            found[number] = alike
    for number in range(len(wanted)):
        if number not in found and left:
            found[number] = left.pop(0)
    return [(goal, found.get(number)) for number, goal in enumerate(wanted)]


def _place_of(goal: ImportGoal) -> tuple[str, str, PatternKind]:
    return goal.folder, goal.files, goal.files_kind


def _differences(
    before: Connection | None, item: WantedConnection, wanted: connection_actions.Wanted
) -> dict[str, list[Any]]:
    old = _flat_connection(before) if before else {}
    after = _flat(wanted, item, before)
    # A new connection that is hosted has no server: nothing is no difference to nothing.
    return {name: [old.get(name), value] for name, value in after.items() if (old.get(name) or None) != (value or None)}


def _goal_differences(old_goals: list[ImportGoal], item: WantedConnection) -> dict[str, list[Any]]:
    found = {}
    for number, (goal, old) in enumerate(_paired(old_goals, item.goals)):
        said = goals.definition(old) if old else {}
        after = goals.definition(goal)
        for name in after | said:
            if said.get(name) != after.get(name):
                found[f"goal {number + 1}: {name}"] = [said.get(name), after.get(name)]
    return found


def _flat(wanted: connection_actions.Wanted, item: WantedConnection, before: Connection | None) -> dict[str, Any]:
    folder = item.hosted_folder or (before.details.hosted_folder if before else Details().hosted_folder)
    return {
        "name": wanted.name,
        "direction": wanted.direction.value,
        "data_type": wanted.data_type.value,
        "method": wanted.method.value,
        "methodology": wanted.methodology.value,
        "host": wanted.host,
        "port": wanted.port,
        "host_key": wanted.host_key,
        "every_minutes": wanted.every_minutes,
        "state": item.state.value,
        **_unusual(dataclasses.replace(wanted.details, hosted_folder=folder), before),
    }


def _flat_connection(connection: Connection) -> dict[str, Any]:
    return {
        "name": connection.name,
        "direction": connection.direction.value,
        "data_type": connection.data_type.value,
        "method": connection.method.value,
        "methodology": connection.methodology.value,
        "host": connection.server.host,
        "port": connection.server.port,
        "host_key": connection.server.host_key,
        "every_minutes": connection.every_minutes,
        "state": connection.state.value,
        **_unusual(connection.details, connection),
    }


def _unusual(details: Details, before: Connection | None) -> dict[str, Any]:
    """Return the details that are not as they usually are, now or before."""
    usual = dataclasses.asdict(Details())
    old = dataclasses.asdict(before.details) if before else usual
    said = dataclasses.asdict(details)
    values = {name: value for name, value in said.items() if value != usual[name] or old[name] != usual[name]}
    return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items()}
