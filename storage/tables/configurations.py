"""Configurations of partners: one row each in ctl.configuration; deleted ones stay, for the statistics name them."""

import json
from datetime import datetime

from storage.database import Cursor
from storage.records.partners import Configuration, ConfigurationState

_COLUMNS = "configuration_id, name, partner, settings, state, stopped_reason, created_at, changed_at, deleted_at"


def put(cursor: Cursor, configuration: Configuration, secret_sealed: str) -> None:
    """Add a configuration, or write it anew under its id; the caller has checked that the name is free.

    Until when the partner asked us to wait stays: a new name is no leave to call sooner.
    """
    not_before = waits_until(cursor, configuration.configuration_id)
    cursor.execute("DELETE FROM ctl.configuration WHERE configuration_id = ?", [configuration.configuration_id])
    cursor.execute(
        f"INSERT INTO ctl.configuration ({_COLUMNS}, secret_sealed, not_before) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            configuration.configuration_id,
            configuration.name,
            configuration.partner,
            json.dumps(configuration.settings),
            configuration.state.value,
            configuration.stopped_reason,
            configuration.created_at,
            configuration.changed_at,
            configuration.deleted_at,
            secret_sealed,
            not_before,
        ],
    )


def set_state(
    cursor: Cursor, configuration_id: str, state: ConfigurationState, reason: str | None, changed_at: datetime
) -> None:
    """Activate, deactivate or stop; what the partner asked to wait is forgotten."""
    cursor.execute(
        "UPDATE ctl.configuration SET state = ?, stopped_reason = ?, changed_at = ?, not_before = NULL "
        "WHERE configuration_id = ?",
        [state.value, reason, changed_at, configuration_id],
    )


def wait_until(cursor: Cursor, configuration_id: str, not_before: datetime) -> None:
    """Send nothing to this account before a time (UTC): the partner asked for it."""
    cursor.execute(
        "UPDATE ctl.configuration SET not_before = ? WHERE configuration_id = ?", [not_before, configuration_id]
    )


def waits_until(cursor: Cursor, configuration_id: str) -> datetime | None:
    """Return until when the partner asked us to wait (UTC), also where that has passed, or None."""
    row = cursor.execute(
        "SELECT not_before FROM ctl.configuration WHERE configuration_id = ?", [configuration_id]
    ).fetchone()
    return row[0] if row else None


def mark_deleted(cursor: Cursor, configuration_id: str, deleted_at: datetime) -> None:
    """Hide a configuration for good and forget its secret; the row stays."""
    cursor.execute(
        "UPDATE ctl.configuration SET deleted_at = ?, secret_sealed = '', state = 'deactivated' "
        "WHERE configuration_id = ?",
        [deleted_at, configuration_id],
    )


def by_id(cursor: Cursor, configuration_id: str, *, with_deleted: bool = False) -> Configuration | None:
    """Return one configuration, or None."""
    hidden = "" if with_deleted else " AND deleted_at IS NULL"
    row = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.configuration WHERE configuration_id = ?{hidden}", [configuration_id]
    ).fetchone()
    return _record(row) if row else None


def by_name(cursor: Cursor, name: str) -> Configuration | None:
    """Return the configuration of this name that is not deleted, case not minded, or None."""
    row = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.configuration WHERE lower(name) = lower(?) AND deleted_at IS NULL", [name]
    ).fetchone()
    return _record(row) if row else None


def listed(cursor: Cursor, *, with_deleted: bool = False) -> list[Configuration]:
    """Return the configurations by name; empty where there is none."""
    hidden = "" if with_deleted else " WHERE deleted_at IS NULL"
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.configuration{hidden} ORDER BY lower(name), created_at"
    ).fetchall()
    return [_record(row) for row in rows]


def secret(cursor: Cursor, configuration_id: str) -> str | None:
    """Return the sealed secrets of a configuration, or None."""
    row = cursor.execute(
        "SELECT secret_sealed FROM ctl.configuration WHERE configuration_id = ?", [configuration_id]
    ).fetchone()
    return str(row[0]) if row else None


def _record(row: tuple) -> Configuration:  # type: ignore[type-arg]  # a database row has no static shape
    return Configuration(
        configuration_id=row[0],
        name=row[1],
        partner=row[2],
        settings=json.loads(row[3]),
        state=ConfigurationState(row[4]),
        stopped_reason=row[5],
        created_at=row[6],
        changed_at=row[7],
        deleted_at=row[8],
    )
