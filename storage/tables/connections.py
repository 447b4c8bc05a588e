"""Connections: one row each in ctl.connection; names are unique because one writer checks before it writes."""

from datetime import datetime

from storage.database import Cursor
from storage.records.connections import (
    Connection,
    ConnectionState,
    DataType,
    Direction,
    Method,
    Methodology,
    SecretKind,
    Server,
)

_COLUMNS = (
    "connection_id, name, direction, data_type, method, methodology, host, port, username, host_key, secret_kind, "
    "state, paused_reason, every_minutes, created_at, changed_at"
)


def insert(cursor: Cursor, connection: Connection, secret_sealed: str) -> None:
    """Add a connection; the caller has checked that the name is free."""
    server = connection.server
    cursor.execute(
        f"INSERT INTO ctl.connection ({_COLUMNS}, secret_sealed) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
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
            secret_sealed,
        ],
    )


def replace(cursor: Cursor, connection: Connection, secret_sealed: str) -> None:
    """Write a connection anew under its id."""
    cursor.execute("DELETE FROM ctl.connection WHERE connection_id = ?", [connection.connection_id])
    insert(cursor, connection, secret_sealed)


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
    return _one(cursor, "connection_id = ?", connection_id)


def by_name(cursor: Cursor, name: str) -> Connection | None:
    """Return the connection of this name, case not minded, or None."""
    return _one(cursor, "lower(name) = lower(?)", name)


def listed(cursor: Cursor) -> list[Connection]:
    """Return all connections by name; empty where there is none."""
    rows = cursor.execute(f"SELECT {_COLUMNS} FROM ctl.connection ORDER BY lower(name)").fetchall()
    return [_record(row) for row in rows]


def secret(cursor: Cursor, connection_id: str) -> str | None:
    """Return the sealed secret of a connection, or None."""
    row = cursor.execute("SELECT secret_sealed FROM ctl.connection WHERE connection_id = ?", [connection_id]).fetchone()
    return str(row[0]) if row else None


def _one(cursor: Cursor, where: str, value: str) -> Connection | None:
    row = cursor.execute(f"SELECT {_COLUMNS} FROM ctl.connection WHERE {where}", [value]).fetchone()
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
    )


def delete(cursor: Cursor, connection_id: str) -> None:
    """Remove a connection and its secret."""
    cursor.execute("DELETE FROM ctl.connection WHERE connection_id = ?", [connection_id])
