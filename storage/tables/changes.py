"""What merges changed: a row of dat.change each, beside which its before-image lies (storage.tables.before_images)."""

import json
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from storage.database import Cursor
from storage.records.merges import FileSeen, MergePlan
from storage.tables import files_seen

_COLUMNS = (
    "change_id, position, run_id, run_number, goal_id, goal_version, file_name, fills, spool_key, profiles, before, "
    "merged_at, reverted_by, reverted_at"
)


@dataclass(frozen=True)
class Filled:
    """A property that a merge wrote: its number is its place in the list.

    mappings: the numbers of the mappings into it; empty for an identifier or a sum that followed an action.
    """

    name: str
    mappings: tuple[int, ...]


@dataclass(frozen=True)
class Change:
    """One row of dat.change. mappings: (field, strategy) of each mapping by its number; times are UTC.

    seen: what dat.file_seen said before, None where the file was new. rows: "none" where the import remembered nothing
    of the file before, "some" where .rows.parquet has what differed, "all" where it has all of it. profiles: that the
    merge made or changed; until it is compared, all that it met.
    """

    change_id: str
    position: int
    run_id: str
    run_number: int
    goal_id: str
    goal_version: int
    file_name: str
    properties: tuple[Filled, ...]
    mappings: tuple[tuple[str, str], ...]
    has_keys: bool
    spool_key: str | None
    profiles: int
    seen: FileSeen | None
    rows: str
    merged_at: datetime
    reverted_by: str | None
    reverted_at: datetime | None

    @property
    def sums_before(self) -> tuple[str, str, str, int] | None:
        """What dat.file_seen said of sums and of how rows are known, in its own form; None for a new file."""
        if self.seen is None:
            return None
        said = (self.seen.sums, self.seen.lapsed_sums, self.seen.hash_columns)
        sums, lapsed_sums, hash_columns = (json.dumps(part) for part in said)
        return sums, lapsed_sums, hash_columns, self.seen.hash_version


def change_id(plan: MergePlan) -> str:
    """Return the id of the change that a merge makes: the last part of its key."""
    return plan.changes_key.rsplit("/", 1)[-1]


def add(cursor: Cursor, plan: MergePlan, names: list[str], profiles: int) -> None:
    """Add the row of a merge that may have written these properties of so many profiles."""
    seen = files_seen.last(cursor, plan.goal_id, plan.file_name)
    said = {
        "properties": [[name, _mappings_into(plan, name)] for name in names],
        "mappings": [[fill.field, fill.strategy.value] for fill in plan.fills],
        "has_keys": plan.has_keys,
    }
    before = {"seen": vars(seen) if seen else None, "rows": _rows_kept(plan)}
    cursor.execute(
        f"""INSERT INTO dat.change ({_COLUMNS})
        SELECT ?, coalesce(max(position), 0) + 1, ?, ?, ?, ?, ?, ?, ?, ?, ?, now()::TIMESTAMP, NULL, NULL
        FROM dat.change""",
        [
            change_id(plan),
            plan.run_id,
            plan.revision,
            plan.goal_id,
            plan.goal_version,
            plan.file_name,
            json.dumps(said),
            plan.changes_key,
            profiles,
            json.dumps(before),
        ],
    )


def _rows_kept(plan: MergePlan) -> str:
    """Return how much of what the import remembered before is kept: "none", "some" or "all" (see Change.rows)."""
    if plan.known_by is None or plan.has_keys:
        return "none"
    return "some" if plan.known_by == plan.remember_by else "all"


def _mappings_into(plan: MergePlan, name: str) -> list[int]:
    return [number for number, fill in enumerate(plan.fills) if fill.property.lower() == name.lower()]


def by_ids(cursor: Cursor, change_ids: Collection[str]) -> list[Change]:
    """Return these changes, as far as they are there, oldest first."""
    return _changes(cursor, "list_contains(?::VARCHAR[], change_id)", [list(change_ids)]) if change_ids else []


def set_profiles(cursor: Cursor, change_id: str, profiles: int) -> None:
    """Say how many profiles a merge made or changed, now that it is compared."""
    cursor.execute("UPDATE dat.change SET profiles = ? WHERE change_id = ?", [profiles, change_id])


def of_run(cursor: Cursor, run_id: str) -> list[Change]:
    """Return what a run changed, file by file, oldest first."""
    return _changes(cursor, "run_id = ?", [run_id])


def reverted(cursor: Cursor, run_ids: list[str]) -> frozenset[str]:
    """Return which of these runs were reverted."""
    rows = cursor.execute(
        "SELECT DISTINCT run_id FROM dat.change WHERE reverted_at IS NOT NULL AND list_contains(?::VARCHAR[], run_id)",
        [run_ids],
    ).fetchall()
    return frozenset(run_id for (run_id,) in rows)


def mark(cursor: Cursor) -> str:
    """Return a mark of all changes and reverts there are: another one where one was added since."""
    row = cursor.execute("SELECT max(position), count(reverted_at) FROM dat.change").fetchone()
    return f"{row[0] or 0}:{row[1]}" if row else ""


def after(cursor: Cursor, position: int) -> list[Change]:
    """Return later changes that stand (not reverted), oldest first."""
    return _changes(cursor, "position > ? AND reverted_at IS NULL", [position])


def with_content(cursor: Cursor) -> list[Change]:
    """Return all changes whose before-image is still kept, newest first; reverted ones too."""
    return _changes(cursor, "spool_key IS NOT NULL", [])[::-1]


def with_content_before(cursor: Cursor, until: datetime) -> list[Change]:
    """Return changes older than this (UTC) whose before-image is still kept."""
    return _changes(cursor, "spool_key IS NOT NULL AND merged_at < ?", [until])


def known(cursor: Cursor, change_ids: list[str]) -> set[str]:
    """Return which of these changes have a row."""
    rows = cursor.execute(
        "SELECT change_id FROM dat.change WHERE list_contains(?::VARCHAR[], change_id)", [change_ids]
    ).fetchall()
    return {change_id for (change_id,) in rows}


def forget_content(cursor: Cursor, change_id: str) -> None:
    """Say that a before-image was removed."""
    cursor.execute("UPDATE dat.change SET spool_key = NULL WHERE change_id = ?", [change_id])


def mark_reverted(cursor: Cursor, run_id: str, by: str, at: datetime) -> None:
    """Say who reverted a run's changes and when (UTC)."""
    cursor.execute(
        "UPDATE dat.change SET reverted_by = ?, reverted_at = ? WHERE run_id = ? AND reverted_at IS NULL",
        [by, at, run_id],
    )


def _changes(cursor: Cursor, where: str, values: list[Any]) -> list[Change]:
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM dat.change WHERE {where} ORDER BY position",
        values,
    ).fetchall()
    return [_change(row) for row in rows]


def _change(row: tuple[Any, ...]) -> Change:
    fills, before = json.loads(row[7]), json.loads(row[10])
    return Change(
        change_id=row[0],
        position=row[1],
        run_id=row[2],
        run_number=row[3],
        goal_id=row[4],
        goal_version=row[5],
        file_name=row[6],
        properties=tuple(Filled(name, tuple(mappings)) for name, mappings in fills["properties"]),
        mappings=tuple((field, strategy) for field, strategy in fills["mappings"]),
        has_keys=fills["has_keys"],
        spool_key=row[8],
        profiles=row[9],
        seen=_seen(before["seen"]),
        rows=before["rows"],
        merged_at=row[11],
        reverted_by=row[12],
        reverted_at=row[13],
    )


def _seen(said: dict[str, Any] | None) -> FileSeen | None:
    if said is None:
        return None
    lists: dict[str, Any] = {name: tuple(said[name]) for name in ("sums", "lapsed_sums", "hash_columns")}
    return FileSeen(**said | lists)
