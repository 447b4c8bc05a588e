"""Counts of members for pages: what a rule would change, who has an identifier, and how audiences grew."""

import dataclasses
from collections.abc import Sequence
from datetime import datetime

from storage.database import Cursor, name_literal
from storage.records.audiences import Condition, MemberCount
from storage.records.partners import IdentifierForm, SignalKind
from storage.tables import batches, conditions, failure_groups, members

_MEMBERS = "(SELECT profile_id FROM dat.member WHERE audience_id = ?) m"


def by_audience(cursor: Cursor) -> dict[str, int]:
    """Return the members of every audience that has some, by its id."""
    return dict(cursor.execute("SELECT audience_id, count(*) FROM dat.member GROUP BY 1").fetchall())


def changes_since(cursor: Cursor, since: datetime) -> dict[str, list[MemberCount]]:
    """Return the changes of every audience's size since a time (UTC) by its id, oldest first."""
    rows = cursor.execute(
        'SELECT audience_id, "at", members, entered, "left" FROM dat.member_count WHERE "at" >= ? ORDER BY "at"',
        [since],
    ).fetchall()
    found: dict[str, list[MemberCount]] = {}
    for audience_id, *values in rows:
        found.setdefault(audience_id, []).append(MemberCount(*values))
    return found


def would_change(cursor: Cursor, audience_id: str, condition: Condition) -> tuple[int, int, int]:
    """Return how many profiles a condition finds, and how many of them would enter and how many members leave."""
    where, values = conditions.test(condition)
    row = cursor.execute(
        f"""SELECT count(i.profile_id), count(*) FILTER (m.profile_id IS NULL), count(*) FILTER (i.profile_id IS NULL)
        FROM (SELECT profile_id FROM dat.profile WHERE {where}) i FULL JOIN {_MEMBERS} USING (profile_id)""",
        [*values, audience_id],
    ).fetchone()
    return (row[0], row[1], row[2]) if row else (0, 0, 0)


def with_identifier(cursor: Cursor, audience_id: str, name: str, form: IdentifierForm) -> int:
    """Return how many members a partner can be told of: their property, normalised, is not empty."""
    # Whether there is a value does not hang on its hash, and hashing costs most.
    said = conditions.identifier(name, dataclasses.replace(form, is_hashed=False))
    row = cursor.execute(
        f"SELECT count({said}) FROM dat.profile SEMI JOIN {_MEMBERS} USING (profile_id)", [audience_id]
    ).fetchone()
    return int(row[0]) if row else 0


def filled(cursor: Cursor, audience_id: str, names: Sequence[str]) -> dict[str, int]:
    """Return how many members hold a value, for each of these properties."""
    if not names:
        return {}
    counts = ", ".join(f"count({name_literal(name)})" for name in names)
    row = cursor.execute(
        f"SELECT {counts} FROM dat.profile SEMI JOIN {_MEMBERS} USING (profile_id)", [audience_id]
    ).fetchone()
    return dict(zip(names, row or (), strict=False))


def at_partner(cursor: Cursor, activation_id: str) -> int:
    """Return how many are there: those told of, without adds that failed or have no answer yet, with such removes."""
    open_now = batches.unanswered(cursor, activation_id)
    failed = failure_groups.failed_last(cursor, activation_id)
    away, still = (open_now[kind] + failed[kind] for kind in (SignalKind.ADD, SignalKind.REMOVE))
    return max(0, members.count_told(cursor, activation_id) - away + still)
