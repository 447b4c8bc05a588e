"""What can be done with a connection: make, change, turn on and off, schedule, delete."""

import dataclasses
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from engine.actions import credential_rows
from engine.actions.credential_rows import WantedCredential
from engine.actions.desk import Desk, owned_connection, publish_logins
from engine.base import clock, errors, ids
from engine.connections import fields
from engine.flows import ours
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import (
    Connection,
    ConnectionState,
    DataType,
    Details,
    Direction,
    Method,
    Methodology,
    SecretKind,
    Server,
)
from storage.records.credentials import Credential, CredentialKind, Origin
from storage.records.exchange import FileState
from storage.records.goals import SHRINK_PERCENT_USUAL, FileFormat, ImportGoal, PatternKind
from storage.records.people import Caller
from storage.tables import connections, credentials, due, exchange, goals, runs


@dataclass(frozen=True)
class Wanted:
    """How a connection should be, as the wizard or a YAML file says it.

    host, port, host_key: of the partner's server, "", 0 and "" where partners come to us or mail goes out through
    our own server. sign_in: a credential to make or change, the id of one to use, or None where nobody signs in.
    hosted_folder: where it lies in the login's tree, None where Handoff chooses.
    """

    name: str
    direction: Direction
    data_type: DataType
    method: Method
    methodology: Methodology
    host: str = ""
    port: int = 0
    host_key: str = ""
    every_minutes: int | None = None
    details: Details = field(default_factory=Details)
    sign_in: WantedCredential | str | None = None
    hosted_folder: str | None = None


@dataclass(frozen=True)
class WantedFiles:
    """Which files the first goal of an inbound connection takes."""

    folder: str
    files: str
    files_kind: PatternKind = PatternKind.WILDCARD


def save_from_wizard(
    desk: Desk, caller: Caller, wanted: Wanted, connection_id: str | None, files: WantedFiles | None
) -> str:
    """Make a connection with its first goal, turned on, or change one; in one transaction. Return its id.

    Changing ends a pause, for what caused it was looked at; what a person turned off stays off.

    Args:
        desk: The open home.
        caller: Who saves.
        wanted: How it should be.
        connection_id: Which one to change, None for a new one.
        files: What its goal takes; None where files go out.

    Raises:
        BadInput: Its name, or that of its credentials, is taken.
        GiveUp: The connection or its credentials are gone, or somebody else's.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("connection", connection_id or "", wanted.name))
    with desk.database.write("ctl") as cursor:
        before = owned_connection(cursor, caller, connection_id) if connection_id else None
        state = ConnectionState.OFF if before and before.state is ConnectionState.OFF else ConnectionState.ON
        made_id = put(desk, cursor, caller, wanted, connection_id, state)
        if files is not None:
            _put_files(cursor, caller, made_id, wanted.name, files)
    publish_logins(desk)
    return made_id


def _put_files(cursor: Cursor, caller: Caller, connection_id: str, name: str, files: WantedFiles) -> None:
    present = goals.of_connection(cursor, connection_id)
    if not present:
        goal = ImportGoal(
            goal_id=ids.ulid(),
            connection_id=connection_id,
            version=1,
            folder=files.folder,
            files=files.files,
            format=FileFormat(separator=None),
            identifiers=(),
            create_profiles=True,
            mappings=(),
            files_kind=files.files_kind,
            shrink_percent_max=SHRINK_PERCENT_USUAL,
        )
        save_goal(cursor, caller, goal, None, name)
        return
    first = present[0]
    if WantedFiles(first.folder, first.files, first.files_kind) != files:
        changed = dataclasses.replace(
            first, folder=files.folder, files=files.files, files_kind=files.files_kind, version=first.version + 1
        )
        save_goal(cursor, caller, changed, first, name)


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
        BadInput: The name belongs to another connection, or its credentials are for something else.
    """
    named = connections.by_name(cursor, wanted.name)
    if named is not None and named.connection_id != connection_id:
        raise errors.BadInput(f"A connection named {wanted.name} exists. Choose another name.", "name")
    before = connections.by_id(cursor, connection_id) if connection_id else None
    made_id = connection_id or ids.ulid()
    credential = _put_credential(desk, cursor, caller, wanted, before)
    connection = Connection(
        connection_id=made_id,
        name=wanted.name,
        direction=wanted.direction,
        data_type=wanted.data_type,
        method=wanted.method,
        methodology=wanted.methodology,
        server=_server(wanted, credential),
        state=state,
        paused_reason=None,
        every_minutes=wanted.every_minutes,
        created_at=before.created_at if before else clock.now(),
        changed_at=clock.now(),
        credential_id=credential.credential_id if credential else None,
        details=wanted.details,
        owner_id=before.owner_id if before else caller.person_id,
    )
    if connection.is_hosted:
        connection = dataclasses.replace(connection, details=_hosted_details(cursor, connection, wanted))
    (connections.replace if before else connections.insert)(cursor, connection)
    if before is None or before.every_minutes != wanted.every_minutes or before.state is not state:
        _set_due(cursor, connection)
    did = "changed" if before else "created"
    audit.record(cursor, caller, did, _what(connection), before=_said(before), after=_said(connection))
    return made_id


def _server(wanted: Wanted, credential: Credential | None) -> Server:
    is_key = credential is not None and credential.kind is CredentialKind.PRIVATE_KEY
    kind = SecretKind.PRIVATE_KEY if is_key else SecretKind.PASSWORD
    return Server(wanted.host, wanted.port, credential.username if credential else "", wanted.host_key, kind)


def _hosted_details(cursor: Cursor, connection: Connection, wanted: Wanted) -> Details:
    if connection.method is Method.EMAIL:
        return wanted.details
    folder = wanted.hosted_folder
    if folder is None:
        folder = ours.folder_for(cursor, connection.credential_id, wanted.name, connection.connection_id)
    return dataclasses.replace(wanted.details, hosted_folder=folder)


def _put_credential(
    desk: Desk, cursor: Cursor, caller: Caller, wanted: Wanted, before: Connection | None
) -> Credential | None:
    if wanted.sign_in is None:
        return None
    if isinstance(wanted.sign_in, str):
        credential = credential_rows.owned(cursor, caller, wanted.sign_in)
    else:
        old = replaceable(cursor, before, wanted.sign_in)
        credential = credential_rows.put(desk, cursor, caller, wanted.sign_in, old)
    is_bound = credential.origin is Origin.ENTERED
    if credential.method is not wanted.method or (
        is_bound and (credential.host.lower(), credential.port) != (wanted.host.lower(), wanted.port)
    ):
        raise errors.BadInput(
            f"The credentials {credential.name} are for another server; choose others, or enter new ones.",
            "credential_id",
        )
    return credential


def replaceable(cursor: Cursor, connection: Connection | None, wanted: WantedCredential | None) -> Credential | None:
    """Return the connection's own credential where nothing else uses it, so that a new secret takes its place."""
    if connection is None or connection.credential_id is None:
        return None
    held = credentials.by_id(cursor, connection.credential_id)
    if held is None or not credential_rows.is_used_only_by(cursor, held.credential_id, connection.connection_id):
        return None
    is_alike = wanted is None or (held.method, held.origin) == (wanted.method, wanted.origin)
    return held if is_alike else None


def set_on(desk: Desk, caller: Caller, connection_id: str, *, is_on: bool) -> None:
    """Turn a connection on or off; turning on ends a pause."""
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("connection", connection_id))
    state = ConnectionState.ON if is_on else ConnectionState.OFF
    with desk.database.write("ctl") as cursor:
        before = owned_connection(cursor, caller, connection_id)
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
    publish_logins(desk)


def set_schedule(desk: Desk, caller: Caller, connection_id: str, every_minutes: int | None) -> None:
    """Set "every X minutes", or None for Run now only.

    Raises:
        BadInput: Out of bounds.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("connection", connection_id))
    sentence = fields.minutes_problem(every_minutes)
    if sentence:
        raise errors.BadInput(sentence, "every_minutes")
    with desk.database.write("ctl") as cursor:
        before = owned_connection(cursor, caller, connection_id)
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

    Credentials of its name go with it where nothing else uses them: a login for it alone ends.

    Raises:
        GiveUp: It has runs or files; their history would lose its connection.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("connection", connection_id))
    with desk.database.write("ctl") as cursor:
        connection = owned_connection(cursor, caller, connection_id)
        if runs.count(cursor, connection_id):
            raise errors.GiveUp(f"{connection.name} has run, so its history stays; turn it off instead.")
        if exchange.in_state(cursor, connection_id, *FileState):
            raise errors.GiveUp(f"{connection.name} has taken files, so its history stays; turn it off instead.")
        connections.delete(cursor, connection_id)
        goals.delete_of(cursor, connection_id)
        due.set_next(cursor, connection_id, None)
        audit.record(cursor, caller, "deleted", _what(connection), before=_said(connection))
        held = credentials.by_id(cursor, connection.credential_id) if connection.credential_id else None
        if held and held.name == connection.name and not connections.of_credential(cursor, held.credential_id):
            credential_rows.delete(cursor, caller, held)
    publish_logins(desk)


def _set_due(cursor: Cursor, connection: Connection) -> None:
    is_due = connection.state is ConnectionState.ON and connection.every_minutes is not None
    minutes = connection.every_minutes or 0
    due.set_next(cursor, connection.connection_id, clock.now() + timedelta(minutes=minutes) if is_due else None)


def _what(connection: Connection) -> What:
    return What("connection", connection.connection_id, connection.name)


def _said(connection: Connection | None) -> dict[str, Any] | None:
    if connection is None:
        return None
    server, details = connection.server, dataclasses.asdict(connection.details)
    usual = dataclasses.asdict(Details())
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
        "credential_id": connection.credential_id,
        **{name: value for name, value in details.items() if value != usual[name]},
    }
