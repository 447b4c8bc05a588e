"""Audiences and activations: one row each in ctl; names are unique because one writer checks before it writes."""

from datetime import datetime

from storage.database import Cursor
from storage.records.audiences import Activation, Audience

_AUDIENCE = "audience_id, name, rule, created_at, changed_at"
_ACTIVATION = (
    "activation_id, audience_id, configuration_id, property, sends_current, created_at, ended_at, sends_removes"
)


def put(cursor: Cursor, audience: Audience) -> None:
    """Add an audience, or write it anew under its id; the caller has checked that the name is free."""
    delete(cursor, audience.audience_id)
    cursor.execute(
        f"INSERT INTO ctl.audience ({_AUDIENCE}) VALUES (?, ?, ?, ?, ?)",
        [audience.audience_id, audience.name, audience.rule, audience.created_at, audience.changed_at],
    )


def delete(cursor: Cursor, audience_id: str) -> None:
    """Remove an audience's own row."""
    cursor.execute("DELETE FROM ctl.audience WHERE audience_id = ?", [audience_id])


def by_id(cursor: Cursor, audience_id: str) -> Audience | None:
    """Return one audience, or None."""
    row = cursor.execute(f"SELECT {_AUDIENCE} FROM ctl.audience WHERE audience_id = ?", [audience_id]).fetchone()
    return Audience(*row) if row else None


def by_name(cursor: Cursor, name: str) -> Audience | None:
    """Return the audience of this name, case not minded, or None."""
    row = cursor.execute(f"SELECT {_AUDIENCE} FROM ctl.audience WHERE lower(name) = lower(?)", [name]).fetchone()
    return Audience(*row) if row else None


def listed(cursor: Cursor) -> list[Audience]:
    """Return all audiences by name; empty where there is none."""
    return [
        Audience(*row)
        for row in cursor.execute(f"SELECT {_AUDIENCE} FROM ctl.audience ORDER BY lower(name)").fetchall()
    ]


def add_activation(cursor: Cursor, activation: Activation) -> None:
    """Link an audience to a configuration; the caller has checked that none is linked there."""
    cursor.execute(
        f"INSERT INTO ctl.activation ({_ACTIVATION}) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            activation.activation_id,
            activation.audience_id,
            activation.configuration_id,
            activation.property,
            activation.sends_current,
            activation.created_at,
            activation.ended_at,
            activation.sends_removes,
        ],
    )


def end_activation(cursor: Cursor, activation_id: str, ended_at: datetime, *, sends_removes: bool) -> None:
    """Unlink; the row stays, for what it sent is counted by it."""
    cursor.execute(
        "UPDATE ctl.activation SET ended_at = ?, sends_removes = ? WHERE activation_id = ? AND ended_at IS NULL",
        [ended_at, sends_removes, activation_id],
    )


def activation(cursor: Cursor, activation_id: str) -> Activation | None:
    """Return one activation, ended or not, or None."""
    return next(iter(_activations(cursor, "activation_id = ?", activation_id)), None)


def activations_of_audience(cursor: Cursor, audience_id: str, *, with_ended: bool = False) -> list[Activation]:
    """Return the activations of an audience, oldest first; open ones only, unless asked for all."""
    return _activations(cursor, f"audience_id = ?{'' if with_ended else ' AND ended_at IS NULL'}", audience_id)


def activations_of_configuration(
    cursor: Cursor, configuration_id: str, *, with_ended: bool = False
) -> list[Activation]:
    """Return the open activations of a configuration, at most one by rule, or all of them, oldest first."""
    return _activations(
        cursor, f"configuration_id = ?{'' if with_ended else ' AND ended_at IS NULL'}", configuration_id
    )


def open_activations(cursor: Cursor) -> list[Activation]:
    """Return every open activation, oldest first."""
    return _activations(cursor, "ended_at IS NULL")


def _activations(cursor: Cursor, where: str, *values: str) -> list[Activation]:
    rows = cursor.execute(
        f"SELECT {_ACTIVATION} FROM ctl.activation WHERE {where} ORDER BY created_at, activation_id", list(values)
    ).fetchall()
    return [Activation(*row) for row in rows]
