"""What each merge replaced: a before-image in Parquet beside a row of dat.change, for lineage and revert.

<key>.parquet has, for each profile that a merge made or changed: profile_id BIGINT, line BIGINT (of the first row for
it), lines BIGINT[] (null where one row came for it, else the line that gave each mapping its value, by the mapping's
number), is_new BOOLEAN, and for each property number n of dat.change.fills: c<n> BOOLEAN (the merge changed it) and
b<n> (what it held before, where changed). <key>.rows.parquet has what the import remembered of its rows before
(merge_known), <key>.keys.parquet what it remembered of keys and their sums (merge_keys).
Files without a row, left by a merge that was rolled back, are removed by the keeping of old files.

A merge that replaces most profiles sets them aside instead, and <key>.parquet is written after its run (`compare`);
`image` reads both alike.
"""

import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from storage.database import Cursor, name_literal, text_literal
from storage.records.merges import FileSeen, MergePlan
from storage.tables import files_seen, merge_writing, set_aside

PARQUET = "FORMAT parquet, COMPRESSION lz4_raw, DICTIONARY_SIZE_LIMIT 1, ROW_GROUP_SIZE 40960"
"""Looking for repeated values costs more than it saves, and of the codecs this one cost least. Small groups of rows are
written side by side, and whoever looks for one profile passes over most of them."""
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
    of the file before, "some" where .rows.parquet has what differed, "all" where it has all of it.
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


def keep(cursor: Cursor, plan: MergePlan) -> None:
    """Write the before-image of temp.merged and its row; before the profiles are written."""
    if plan.changes_path is None:
        return
    names = merge_writing.written(cursor, plan)
    same = {plan.links[0].property.lower()} if plan.is_plain else set()
    several = cursor.execute("SELECT 1 FROM temp.merged WHERE _lines IS NOT NULL LIMIT 1").fetchone() is not None
    compared = _compared("dat.profile", "temp.merged", names, same, several=several)
    _add(cursor, plan, names, _written_to(cursor, compared, f"{plan.changes_path}.parquet"))


def set_profiles_aside(cursor: Cursor, plan: MergePlan, written: merge_writing.Written) -> None:
    """Put temp.merged in the place of the profiles and add the row of a change; its before-image is to follow."""
    names = merge_writing.written(cursor, plan)
    _add(cursor, plan, names, set_aside.keep_lines(cursor, _change_id(plan)))
    set_aside.write(cursor, _change_id(plan), written)


def uncompared(cursor: Cursor) -> list[Change]:
    """Return the changes whose before-images are still to be written: one, or none.

    `compare` comes before anything else that writes profiles, in one transaction with it or in one of its own.
    """
    ids = set_aside.listed(cursor)
    return _changes(cursor, "list_contains(?::VARCHAR[], change_id)", [list(ids)]) if ids else []


def compare(cursor: Cursor, change: Change, path: Path) -> None:
    """Write the before-image of profiles that were set aside, and let them go; path: where it is to lie."""
    profiles = _written_to(cursor, _set_aside(change), str(path))
    cursor.execute("UPDATE dat.change SET profiles = ? WHERE change_id = ?", [profiles, change.change_id])
    set_aside.drop(cursor, change.change_id)


def image(cursor: Cursor, change: Change, path: Path) -> str:
    """Return SQL for the rows of a before-image. path: where it lies, or is to lie once it is written."""
    if change.change_id in set_aside.listed(cursor):
        return f"({_set_aside(change)})"
    return f"read_parquet({text_literal(str(path))}, hive_partitioning = false)"


def is_kept(cursor: Cursor, change: Change, path: Path) -> bool:
    """Say whether what a merge replaced can be read; path as in `image`."""
    return change.spool_key is not None and (path.is_file() or change.change_id in set_aside.listed(cursor))


def _set_aside(change: Change) -> str:
    names, aside = [item.name for item in change.properties], change.change_id
    return _compared(set_aside.before(aside), set_aside.merged(aside), names, set(), several=True)


def _written_to(cursor: Cursor, compared: str, path: str) -> int:
    row = cursor.execute(f"COPY ({compared}) TO {text_literal(path)} ({PARQUET})").fetchone()
    return int(row[0]) if row else 0


def _change_id(plan: MergePlan) -> str:
    return plan.changes_key.rsplit("/", 1)[-1]


def _add(cursor: Cursor, plan: MergePlan, names: list[str], profiles: int) -> None:
    """Add the row of a change, and write what is remembered of keys."""
    if plan.has_keys:
        hashes = ", ".join(f"CAST({name} AS UUID) AS {name}" for name in ("key_hash", "row_hash", "wrote"))
        target = text_literal(f"{plan.changes_path}.keys.parquet")
        # Parquet has no whole numbers of 128 bits, and DuckDB is very slow to write one as digits.
        cursor.execute(f"COPY (SELECT * REPLACE ({hashes}) FROM temp.keys_before) TO {target} ({PARQUET})")
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
            _change_id(plan),
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


def _compared(held: str, merged: str, names: list[str], same: set[str], *, several: bool) -> str:
    """Return SQL for a before-image.

    Args:
        held: The table of what the profiles held.
        merged: Table or SQL of what the written ones hold now, as temp.merged.
        names: The properties that the merge may have written.
        same: Of these, in lower case, those that no profile has another value of: the one that it was found by.
        several: Whether a profile may have had several rows.
    """
    made = "".join(
        f", {name_literal(name)} IS NOT NULL AS c{number}, NULL AS b{number}" for number, name in enumerate(names)
    )
    return f"""{_replaced(held, merged, names, same, several=several)} UNION ALL
        SELECT profile_id, _line, _lines, true{made} FROM {merged} WHERE _old_id IS NULL"""


def _replaced(held: str, merged: str, names: list[str], same: set[str], *, several: bool) -> str:
    """Return SQL for the profiles that a merge changes, with what they held.

    They are read in their own order and compared by hashes with what they hold then, because gathering the old texts
    in the order of the file costs more than all the rest. The hashes live for this one statement.
    """
    compared = {number: name_literal(name) for number, name in enumerate(names) if name.lower() not in same}
    # No property's name begins with "_", so that none is mistaken for one of these.
    hashes = "".join(f", hash({name}) AS _h{number}" for number, name in compared.items())
    differs = {number: f"m._h{number} <> hash(p.{name})" for number, name in compared.items()}
    parts = "".join(
        f", {differs.get(number, 'false')} AS c{number}, "
        f"CASE WHEN {differs.get(number, 'false')} THEN p.{name_literal(name)} END AS b{number}"
        for number, name in enumerate(names)
    )
    changed = " OR ".join([f"c{number}" for number in compared]) or "false"
    return f"""SELECT * FROM (
        SELECT p.profile_id, m._line AS line, {"m._lines" if several else "NULL::BIGINT[]"} AS lines,
            false AS is_new{parts}
        FROM {held} p JOIN (
            SELECT _old_id, _line{", _lines" if several else ""}{hashes} FROM {merged} WHERE _old_id IS NOT NULL) m
        ON m._old_id = p.profile_id) WHERE {changed}"""


def _rows_kept(plan: MergePlan) -> str:
    """Return how much of what the import remembered before is kept: "none", "some" or "all" (see Change.rows)."""
    if plan.known_by is None or plan.has_keys:
        return "none"
    return "some" if plan.known_by == plan.remember_by else "all"


def _mappings_into(plan: MergePlan, name: str) -> list[int]:
    return [number for number, fill in enumerate(plan.fills) if fill.property.lower() == name.lower()]


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
