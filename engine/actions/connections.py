"""What can be done with a connection: make, change, turn on and off, schedule, delete."""

import dataclasses
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from engine.actions.desk import Desk, known_connection
from engine.base import clock, errors, ids
from engine.connections import wizard
from engine.flows import sealing
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import (
    Connection,
    ConnectionState,
    DataType,
    Direction,
    Method,
    Methodology,
    SecretKind,
    Secrets,
    Server,
)
from storage.records.credentials import Credential, CredentialKind, Origin
from storage.records.goals import FileFormat, ImportGoal
from storage.records.people import Caller
from storage.tables import connections, credentials, due, goals, runs


@dataclass(frozen=True)
class Wanted:
    """How a connection should be, as the wizard or a YAML file says it."""

    name: str
    direction: Direction
    data_type: DataType
    method: Method
    methodology: Methodology
    host: str
    port: int
    username: str
    host_key: str
    secrets: Secrets
    every_minutes: int | None


def save_from_wizard(
    desk: Desk, caller: Caller, wanted: Wanted, connection_id: str | None, folder: str, files: str
) -> str:
    """Make a connection with its first goal, turned on, or change one; in one transaction. Return its id.

    Changing ends a pause, for what caused it was looked at; what a person turned off stays off.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("connection", connection_id or "", wanted.name))
    with desk.database.write("ctl") as cursor:
        before = connections.by_id(cursor, connection_id) if connection_id else None
        state = ConnectionState.OFF if before and before.state is ConnectionState.OFF else ConnectionState.ON
        made_id = put(desk, cursor, caller, wanted, connection_id, state)
        present = goals.of_connection(cursor, made_id)
        if not present:
            goal = ImportGoal(
                goal_id=ids.ulid(),
                connection_id=made_id,
                version=1,
                folder=folder,
                files=files,
                format=FileFormat(separator=None),
                identifiers=(),
                create_profiles=True,
                mappings=(),
            )
            save_goal(cursor, caller, goal, None, wanted.name)
        elif (present[0].folder, present[0].files) != (folder, files):
            changed = dataclasses.replace(present[0], folder=folder, files=files, version=present[0].version + 1)
            save_goal(cursor, caller, changed, present[0], wanted.name)
    return made_id


def save_goal(cursor: Cursor, caller: Caller, goal: ImportGoal, before: ImportGoal | None, name: str) -> None:
    """Write a version of a goal inside the caller's transaction, audited under its connection's name."""
    goals.save(cursor, goal, clock.now(), caller.name)
    said = goals.definition(before) if before else None
    did, what = "changed" if before else "created", What("goal", goal.goal_id, name)
    audit.record(cursor, caller, did, what, before=said, after=goals.definition(goal))


def put(
    desk: Desk, cursor: Cursor, caller: Caller, wanted: Wanted, connection_id: str | None, state: ConnectionState
) -> str:
    """Write a connection inside the caller's transaction, audited; return its id.

    Raises:
        BadInput: The name belongs to another connection.
    """
    named = connections.by_name(cursor, wanted.name)
    if named is not None and named.connection_id != connection_id:
        raise errors.BadInput(f"A connection named {wanted.name} exists. Choose another name.", "name")
    before = connections.by_id(cursor, connection_id) if connection_id else None
    made_id = connection_id or ids.ulid()
    kind = SecretKind.PASSWORD if wanted.secrets.password is not None else SecretKind.PRIVATE_KEY
    connection = Connection(
        connection_id=made_id,
        name=wanted.name,
        direction=wanted.direction,
        data_type=wanted.data_type,
        method=wanted.method,
        methodology=wanted.methodology,
        server=Server(wanted.host, wanted.port, wanted.username, wanted.host_key, kind),
        state=state,
        paused_reason=None,
        every_minutes=wanted.every_minutes,
        created_at=before.created_at if before else clock.now(),
        changed_at=clock.now(),
    )
    credential = _put_credential(desk, cursor, caller, wanted, before.credential_id if before else None)
    connection = dataclasses.replace(connection, credential_id=credential, owner_id=caller.person_id)
    (connections.replace if before else connections.insert)(cursor, connection)
    if before is None or before.every_minutes != wanted.every_minutes or before.state is not state:
        _set_due(cursor, connection)
    did = "changed" if before else "created"
    audit.record(cursor, caller, did, _what(connection), before=_said(before), after=_said(connection))
    return made_id


def _put_credential(desk: Desk, cursor: Cursor, caller: Caller, wanted: Wanted, credential_id: str | None) -> str:
    before = credentials.by_id(cursor, credential_id) if credential_id else None
    made_id = before.credential_id if before else ids.ulid()
    is_key = wanted.secrets.private_key is not None
    credential = Credential(
        credential_id=made_id,
        name=before.name if before else wanted.name,
        method=wanted.method,
        origin=Origin.ENTERED,
        kind=CredentialKind.PRIVATE_KEY if is_key else CredentialKind.PASSWORD,
        username=wanted.username,
        host=wanted.host,
        port=wanted.port,
        public_keys=(),
        password_hash="",
        return_email="",
        version=before.version + 1 if before else 1,
        owner_id=before.owner_id if before else caller.person_id,
        shown_at=None,
        last_used_at=before.last_used_at if before else None,
        created_at=before.created_at if before else clock.now(),
        changed_at=clock.now(),
    )
    credentials.put(cursor, credential, sealing.seal(desk, sealing.for_credential(made_id), wanted.secrets))
    return made_id


def set_on(desk: Desk, caller: Caller, connection_id: str, *, is_on: bool) -> None:
    """Turn a connection on or off; turning on ends a pause."""
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("connection", connection_id))
    state = ConnectionState.ON if is_on else ConnectionState.OFF
    with desk.database.write("ctl") as cursor:
        before = known_connection(cursor, connection_id)
        connections.set_state(cursor, connection_id, state, None, clock.now())
        _set_due(cursor, dataclasses.replace(before, state=state))
        audit.record(
            cursor,
            caller,
            f"turned {state.value}",
            _what(before),
            before={"state": before.state.value},
            after={"state": state.value},
        )


def set_schedule(desk: Desk, caller: Caller, connection_id: str, every_minutes: int | None) -> None:
    """Set "every X minutes", or None for Run now only.

    Raises:
        BadInput: Out of bounds.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("connection", connection_id))
    sentence = wizard.minutes_problem(every_minutes)
    if sentence:
        raise errors.BadInput(sentence, "every_minutes")
    with desk.database.write("ctl") as cursor:
        before = known_connection(cursor, connection_id)
        connections.set_schedule(cursor, connection_id, every_minutes, clock.now())
        _set_due(cursor, dataclasses.replace(before, every_minutes=every_minutes))
        audit.record(
            cursor,
            caller,
            "scheduled",
            _what(before),
            before={"every_minutes": before.every_minutes},
            after={"every_minutes": every_minutes},
        )


def delete(desk: Desk, caller: Caller, connection_id: str) -> None:
    """Delete a connection that never ran (requirement L12).

    Raises:
        GiveUp: It has runs; their history would lose its connection.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("connection", connection_id))
    with desk.database.write("ctl") as cursor:
        connection = known_connection(cursor, connection_id)
        if runs.count(cursor, connection_id):
            raise errors.GiveUp(f"{connection.name} has run, so its history stays; turn it off instead.")
        connections.delete(cursor, connection_id)
        goals.delete_of(cursor, connection_id)
        due.set_next(cursor, connection_id, None)
        audit.record(cursor, caller, "deleted", _what(connection), before=_said(connection))


def _set_due(cursor: Cursor, connection: Connection) -> None:
    is_due = connection.state is ConnectionState.ON and connection.every_minutes is not None
    minutes = connection.every_minutes or 0
    due.set_next(cursor, connection.connection_id, clock.now() + timedelta(minutes=minutes) if is_due else None)


def _what(connection: Connection) -> What:
    return What("connection", connection.connection_id, connection.name)


def _said(connection: Connection | None) -> dict[str, Any] | None:
    if connection is None:
        return None
    server = connection.server
    return {
        "name": connection.name,
        "data_type": connection.data_type.value,
        "host": server.host,
        "port": server.port,
        "username": server.username,
        "host_key": server.host_key,
        "secret_kind": server.secret_kind.value,
        "every_minutes": connection.every_minutes,
        "state": connection.state.value,
    }
