"""Connections: one row each in ctl.connection; names are unique because one writer checks before it writes."""

import dataclasses
import json
from datetime import datetime
from typing import Any

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

_COLUMNS = (
    "connection_id, name, direction, data_type, method, methodology, host, port, username, host_key, secret_kind, "
    "state, paused_reason, every_minutes, created_at, changed_at, credential_id, details, owner_id"
)
# Who signs in and how is the credential's to say, wherever a connection has one.
_SELECT = """SELECT c.connection_id, c.name, c.direction, c.data_type, c.method, c.methodology, c.host, c.port,
    coalesce(k.username, c.username), c.host_key,
    CASE k.kind WHEN 'private_key' THEN 'private_key' WHEN 'password' THEN 'password' ELSE c.secret_kind END,
    c.state, c.paused_reason, c.every_minutes, c.created_at, c.changed_at, c.credential_id, c.details, c.owner_id
    FROM ctl.connection c LEFT JOIN ctl.credential k ON k.credential_id = c.credential_id"""


def insert(cursor: Cursor, connection: Connection) -> None:
    """Add a connection; the caller has checked that the name is free and has written its credential."""
    server = connection.server
    cursor.execute(
        f"INSERT INTO ctl.connection ({_COLUMNS}, secret_sealed) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, '')",
        [
            connection.connection_id,
            connection.name,
            connection.direction.value,
            connection.data_type.value,
            connection.method.value,
            connection.methodology.value,
            server.host,
            server.port,
            server.username,
            server.host_key,
            server.secret_kind.value,
            connection.state.value,
            connection.paused_reason,
            connection.every_minutes,
            connection.created_at,
            connection.changed_at,
            connection.credential_id,
            json.dumps(dataclasses.asdict(connection.details)),
            connection.owner_id,
        ],
    )


def replace(cursor: Cursor, connection: Connection) -> None:
    """Write a connection anew under its id."""
    cursor.execute("DELETE FROM ctl.connection WHERE connection_id = ?", [connection.connection_id])
    insert(cursor, connection)


def set_state(
    cursor: Cursor, connection_id: str, state: ConnectionState, reason: str | None, changed_at: datetime
) -> None:
    """Turn a connection on, off, or pause it with a reason."""
    cursor.execute(
        "UPDATE ctl.connection SET state = ?, paused_reason = ?, changed_at = ? WHERE connection_id = ?",
        [state.value, reason, changed_at, connection_id],
    )


def set_schedule(cursor: Cursor, connection_id: str, every_minutes: int | None, changed_at: datetime) -> None:
    """Set or clear "every X minutes"."""
    cursor.execute(
        "UPDATE ctl.connection SET every_minutes = ?, changed_at = ? WHERE connection_id = ?",
        [every_minutes, changed_at, connection_id],
    )


def by_id(cursor: Cursor, connection_id: str) -> Connection | None:
    """Return one connection, or None."""
    return _one(cursor, "c.connection_id = ?", connection_id)


def by_name(cursor: Cursor, name: str) -> Connection | None:
    """Return the connection of this name, case not minded, or None."""
    return _one(cursor, "lower(c.name) = lower(?)", name)


def listed(cursor: Cursor) -> list[Connection]:
    """Return all connections by name; empty where there is none."""
    rows = cursor.execute(f"{_SELECT} ORDER BY lower(c.name)").fetchall()
    return [_record(row) for row in rows]


def of_credential(cursor: Cursor, credential_id: str) -> list[Connection]:
    """Return the connections that use a credential, by name."""
    rows = cursor.execute(f"{_SELECT} WHERE c.credential_id = ? ORDER BY lower(c.name)", [credential_id]).fetchall()
    return [_record(row) for row in rows]


def with_own_secret(cursor: Cursor) -> list[tuple[str, str]]:
    """Return (connection id, sealed secret) of connections of before there were credentials."""
    return cursor.execute(
        "SELECT connection_id, secret_sealed FROM ctl.connection WHERE credential_id IS NULL AND secret_sealed <> ''"
    ).fetchall()


def give_credential(cursor: Cursor, connection_id: str, credential_id: str) -> None:
    """Let a connection use a credential; a secret of its own goes."""
    cursor.execute(
        "UPDATE ctl.connection SET credential_id = ?, secret_sealed = '' WHERE connection_id = ?",
        [credential_id, connection_id],
    )


def _one(cursor: Cursor, where: str, value: str) -> Connection | None:
    row = cursor.execute(f"{_SELECT} WHERE {where}", [value]).fetchone()
    return _record(row) if row else None


def _record(row: tuple) -> Connection:  # type: ignore[type-arg]  # a database row has no static shape
    return Connection(
        connection_id=row[0],
        name=row[1],
        direction=Direction(row[2]),
        data_type=DataType(row[3]),
        method=Method(row[4]),
        methodology=Methodology(row[5]),
        server=Server(row[6], row[7], row[8], row[9], SecretKind(row[10])),
        state=ConnectionState(row[11]),
        paused_reason=row[12],
        every_minutes=row[13],
        created_at=row[14],
        changed_at=row[15],
        credential_id=row[16],
        details=_details(row[17]),
        owner_id=row[18],
    )


def _details(text: str | None) -> Details:
    said = json.loads(text) if text else {}
    values: dict[str, Any] = {name: tuple(value) if isinstance(value, list) else value for name, value in said.items()}
    return Details(**values)


def delete(cursor: Cursor, connection_id: str) -> None:
    """Remove a connection and its secret."""
    cursor.execute("DELETE FROM ctl.connection WHERE connection_id = ?", [connection_id])
