"""Actions as people look at them (dat.action): found by type, state, source, time, key and profile; and their story."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.database import Cursor
from storage.records.actions import REVERSED, Action, ActionStep, StepWhat

_REF = "md5(a.source || chr(0) || a.action_key)"
_AT = "coalesce(a.happened_at, a.changed_at)"
_COLUMNS = f"""{_REF} AS ref, a.source, a.action_key, a.type, a.profile_id, a.happened_at, a.amount, a.state,
    EXISTS (FROM dat.action_step s WHERE s.source = a.source AND s.action_key = a.action_key AND s.position > 0),
    a.changed_at"""


@dataclass(frozen=True)
class Wanted:
    """Which actions are asked for; None and "" leave open.

    counts: those that sums have, or those that were reversed. since: UTC, of when they happened, or came where no time
    was told. key: whole. profile_id: whose.
    """

    type: str | None = None
    counts: bool | None = None
    source: str | None = None
    since: datetime | None = None
    key: str = ""
    profile_id: int | None = None


def listed(cursor: Cursor, wanted: Wanted, start: int, most: int) -> list[Action]:
    """Return `most` actions from `start` on, newest first."""
    where, values = _where(wanted)
    rows = cursor.execute(
        f"""SELECT {_COLUMNS} FROM (FROM dat.action a WHERE {where} ORDER BY {_AT} DESC, a.source, a.action_key
            LIMIT ? OFFSET ?) a ORDER BY {_AT} DESC, a.source, a.action_key""",
        [*values, most, start],
    ).fetchall()
    return [Action(*row) for row in rows]


def count(cursor: Cursor, wanted: Wanted) -> int:
    """Return how many actions fit."""
    where, values = _where(wanted)
    row = cursor.execute(f"SELECT count(*) FROM dat.action a WHERE {where}", values).fetchone()
    return int(row[0]) if row else 0


def count_of_run(cursor: Cursor, run_id: str) -> int:
    """Return how many actions a run made, changed or reversed, and no revert took back."""
    row = cursor.execute(
        "SELECT count(*) FROM (SELECT DISTINCT source, action_key FROM dat.action_step WHERE run_id = ?)", [run_id]
    ).fetchone()
    return int(row[0]) if row else 0


def kinds(cursor: Cursor) -> list[tuple[str, str, int]]:
    """Return (source, type, how many) of all actions, by source and type."""
    return cursor.execute("SELECT source, type, count(*) FROM dat.action GROUP BY 1, 2 ORDER BY 1, 2").fetchall()


def by_ref(cursor: Cursor, ref: str) -> Action | None:
    """Return one action, None where there is none of this ref."""
    row = cursor.execute(f"SELECT {_COLUMNS} FROM dat.action a WHERE {_REF} = ?", [ref]).fetchone()
    return Action(*row) if row else None


def story(cursor: Cursor, source: str, key: str) -> list[ActionStep]:
    """Return the steps of an action, oldest first."""
    rows = cursor.execute(
        """SELECT position, what, run_id, file_name, line, happened_at, amount, state, told_at, made_at
        FROM dat.action_step WHERE source = ? AND action_key = ? ORDER BY position""",
        [source, key],
    ).fetchall()
    return [ActionStep(row[0], StepWhat(row[1]), *row[2:]) for row in rows]


def _where(wanted: Wanted) -> tuple[str, list[Any]]:
    tests: list[tuple[str, Any]] = [
        ("a.type = ?", wanted.type),
        ("a.source = ?", wanted.source),
        (f"{_AT} >= ?", wanted.since),
        ("a.action_key = ?", wanted.key or None),
        ("a.profile_id = ?", wanted.profile_id),
        (f"(a.state <> '{REVERSED}') = ?", wanted.counts),
    ]
    given = [(test, value) for test, value in tests if value is not None]
    return " AND ".join(test for test, _ in given) or "true", [value for _, value in given]
