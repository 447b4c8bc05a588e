"""Profiles and their properties: one wide table dat.profile, its columns named in ctl.property."""

import threading
from datetime import datetime
from typing import Any

from storage.database import Cursor, Database, name_literal
from storage.records.goals import Property, PropertyType
from storage.tables.values import SQL_TYPES

_one_maker = threading.Lock()
"""Names of properties stay unique because whoever makes some looks and writes alone."""


def properties(cursor: Cursor) -> dict[str, Property]:
    """Return what profiles can hold, by lower-case name, in the order of making."""
    rows = cursor.execute("SELECT name, type, is_unique FROM ctl.property ORDER BY created_at, name").fetchall()
    return {name.lower(): Property(name, PropertyType(kind), is_unique) for name, kind, is_unique in rows}


def add_properties(database: Database, wanted: list[Property], created_at: datetime) -> list[Property]:
    """Make the properties that are not there yet; one statement a transaction, each safe to repeat.

    The column comes first and its name in ctl.property last: a kill in between is mended by the next call.

    Returns:
        Those that were new. A property that turned unique is changed, not new.
    """
    with _one_maker:
        return _add_missing(database, wanted, created_at)


def _add_missing(database: Database, wanted: list[Property], created_at: datetime) -> list[Property]:
    with database.read() as cursor:
        present = properties(cursor)
    # Several fields may fill one property; it is made once.
    named = {item.name.lower(): item for item in wanted}
    fresh = [item for name, item in named.items() if name not in present]
    for item in fresh:
        with database.write("dat") as cursor:
            add_columns(cursor, [item])
        with database.write("ctl") as cursor:
            cursor.execute(
                "INSERT INTO ctl.property VALUES (?, ?, ?, ?)", [item.name, item.type.value, item.is_unique, created_at]
            )
    for item in wanted:
        known = present.get(item.name.lower())
        if known is not None and item.is_unique and not known.is_unique:
            with database.write("ctl") as cursor:
                cursor.execute("UPDATE ctl.property SET is_unique = true WHERE lower(name) = lower(?)", [item.name])
    return fresh


def add_columns(cursor: Cursor, wanted: list[Property]) -> None:
    """Make the columns of properties that profiles do not have; inside the caller's transaction on `dat`."""
    for item in wanted:
        cursor.execute(
            f"ALTER TABLE dat.profile ADD COLUMN IF NOT EXISTS {name_literal(item.name)} {SQL_TYPES[item.type]}"
        )


def repeated_values(cursor: Cursor, name: str) -> int:
    """Return how many values of a property occur in more than one profile."""
    column = name_literal(name)
    return _number(
        cursor,
        f"SELECT count(*) FROM (SELECT {column} FROM dat.profile WHERE {column} IS NOT NULL "
        "GROUP BY 1 HAVING count(*) > 1)",
    )


def count(cursor: Cursor) -> int:
    """Return how many profiles there are."""
    return _number(cursor, "SELECT count(*) FROM dat.profile")


def filled(cursor: Cursor, names: list[str]) -> dict[str, int]:
    """Return how many profiles hold a value, for each of these properties."""
    if not names:
        return {}
    counts = ", ".join(f"count({name_literal(name)})" for name in names)
    row = cursor.execute(f"SELECT {counts} FROM dat.profile").fetchone()
    return dict(zip(names, row or (), strict=False))


def find(cursor: Cursor, value: str, unique: list[str], most: int) -> list[int]:
    """Return the ids of profiles whose id or one of the unique properties equals this value exactly."""
    tests = [f"{name_literal(name)} = ?" for name in unique]
    values: list[Any] = [value] * len(tests)
    if value.isascii() and value.isdigit() and len(value) <= len(str(2**63)):
        tests.append("profile_id = ?::HUGEINT")
        values.append(value)
    if not tests:
        return []
    rows = cursor.execute(
        f"SELECT profile_id FROM dat.profile WHERE {' OR '.join(tests)} ORDER BY profile_id LIMIT {most}", values
    ).fetchall()
    return [profile_id for (profile_id,) in rows]


def has_value_with(cursor: Cursor, name: str, part: str) -> bool:
    """Say whether some profile's value of a property, as text, holds this part."""
    column = name_literal(name)
    row = cursor.execute(
        f"SELECT 1 FROM dat.profile WHERE contains(CAST({column} AS VARCHAR), ?) LIMIT 1", [part]
    ).fetchone()
    return row is not None


def values_of(cursor: Cursor, profile_id: int, names: list[str]) -> dict[str, Any] | None:
    """Return the values of one profile by property name (str, int, Decimal, date or None), or None."""
    columns = "".join(f", {name_literal(name)}" for name in names)
    row = cursor.execute(f"SELECT profile_id{columns} FROM dat.profile WHERE profile_id = ?", [profile_id]).fetchone()
    return dict(zip(names, row[1:], strict=True)) if row else None


def rows_of(cursor: Cursor, profile_ids: list[int], names: list[str]) -> dict[int, dict[str, Any]]:
    """Return the values of some profiles as `values_of` does, by profile id; those that are gone are left out."""
    columns = "".join(f", {name_literal(name)}" for name in names)
    rows = cursor.execute(
        f"SELECT profile_id{columns} FROM dat.profile WHERE list_contains(?, profile_id)", [profile_ids]
    ).fetchall()
    return {row[0]: dict(zip(names, row[1:], strict=True)) for row in rows}


def rejected_mentions(cursor: Cursor, value: str) -> int:
    """Return how many rejected rows hold this value somewhere in their text."""
    row = cursor.execute("SELECT count(*) FROM dat.reject WHERE contains(raw, ?)", [value]).fetchone()
    return int(row[0]) if row else 0


def _number(cursor: Cursor, query: str) -> int:
    row = cursor.execute(query).fetchone()
    return int(row[0]) if row else 0
