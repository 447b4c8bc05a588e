"""Takes a run's changes back: profiles as they were, what imports remembered, and actions."""

from dataclasses import dataclass
from pathlib import Path

from storage.database import Cursor, name_literal, text_literal
from storage.tables import merge_actions, merge_keys, merge_writing
from storage.tables.before_images import Image
from storage.tables.changes import Change

_NAMED_MAX = 20
_KEY_HASHES = ("key_hash", "row_hash", "wrote")


@dataclass(frozen=True)
class Overlap:
    """Values that a run set and a later run set again: how many, by which run, and the first of them by name.

    values: (profile id, property), at most 20 of them.
    """

    run_number: int
    count: int
    values: tuple[tuple[int, str], ...]


def overlaps(cursor: Cursor, earlier: Image, later: Image) -> Overlap | None:
    """Return what a later change set again of what this one set; None where nothing.

    Of a profile that the earlier one made, all that the later one set counts: taking it back would lose it.
    """
    numbers = {item.name.lower(): number for number, item in enumerate(earlier.change.properties)}
    cases = []
    for number, item in enumerate(later.change.properties):
        mine = numbers.get(item.name.lower())
        is_mine = "e.is_new" if mine is None else f"(e.is_new OR e.c{mine})"
        cases.append(f"CASE WHEN l.c{number} AND {is_mine} THEN {text_literal(item.name)} END")
    if not cases:
        return None
    found = f"""SELECT e.profile_id, unnest(list_filter([{", ".join(cases)}], lambda name: name IS NOT NULL)) AS name
        FROM {earlier.rows} e JOIN {later.rows} l USING (profile_id)"""
    row = cursor.execute(f"SELECT count(*) FROM ({found})").fetchone()
    count = int(row[0]) if row else 0
    if not count:
        return None
    rows = cursor.execute(f"SELECT profile_id, name FROM ({found}) ORDER BY ALL LIMIT {_NAMED_MAX}").fetchall()
    return Overlap(later.change.run_number, count, tuple(rows))


def met_again(cursor: Cursor, image: Image, run_numbers: list[int]) -> dict[int, int]:
    """Return how many profiles that a change made were met again by these later runs, changed or not, by run number."""
    rows = cursor.execute(
        f"""SELECT p._rev, count(*) FROM {image.rows} e JOIN dat.profile p USING (profile_id)
        WHERE e.is_new AND list_contains(?::BIGINT[], p._rev) GROUP BY p._rev""",
        [run_numbers],
    ).fetchall()
    return dict(rows)


def keys_changed_since(cursor: Cursor, path: Path) -> int:
    """Return how many rows that are known by a key were imported again since. path: of the .keys.parquet."""
    return merge_keys.changed_since(cursor, _parquet(path, *_KEY_HASHES))


def take_back(cursor: Cursor, image: Image) -> int:
    """Put the profiles back that one change made or changed; return how many. The newest change of a run goes first.

    The image is a file: what still waits is compared before (`before_images.compare`).
    """
    columns = merge_writing.profile_columns(cursor)
    numbers = {item.name.lower(): number for number, item in enumerate(image.change.properties)}
    values = ", ".join(_value(name, numbers.get(name.lower())) for name in columns)
    cursor.execute("DROP TABLE IF EXISTS temp.taken_back")
    cursor.execute(
        f"""CREATE TEMP TABLE taken_back AS SELECT {values}
        FROM dat.profile p JOIN {image.rows} b USING (profile_id) WHERE NOT b.is_new"""
    )
    row = cursor.execute(
        f"DELETE FROM dat.profile WHERE profile_id IN (SELECT profile_id FROM {image.rows})"
    ).fetchone()
    names = ", ".join(name_literal(name) for name in columns)
    cursor.execute(f"INSERT INTO dat.profile ({names}) SELECT {names} FROM temp.taken_back")
    cursor.execute("DROP TABLE temp.taken_back")
    return int(row[0]) if row else 0


def _value(name: str, number: int | None) -> str:
    column = name_literal(name)
    if number is None:
        return f"p.{column}"
    return f"CASE WHEN b.c{number} THEN b.b{number} ELSE p.{column} END AS {column}"


def take_back_rows(cursor: Cursor, change: Change, path: Path) -> None:
    """Bring what the import remembered of the file back to before. path: of the before-image, without its ending.

    The file itself stays known with its content and configuration, so that it is not imported again by itself; a
    change of either imports it anew.
    """
    mine, ids = "goal_id = ? AND file_name = ?", [change.goal_id, change.file_name]
    if change.has_keys:
        merge_keys.restore(cursor, _parquet(path.with_name(f"{path.name}.keys.parquet"), *_KEY_HASHES))
    elif change.rows == "none":
        cursor.execute(f"DELETE FROM dat.import_row WHERE {mine}", ids)
    else:
        source = _parquet(path.with_name(f"{path.name}.rows.parquet"), "row_hash")
        cursor.execute(
            f"DELETE FROM dat.import_row WHERE {mine} AND row_hash IN "
            f"(SELECT row_hash FROM {source} WHERE after IS NOT NULL)",
            ids,
        )
        cursor.execute(
            f"INSERT INTO dat.import_row SELECT ?, ?, row_hash, before FROM {source} WHERE before IS NOT NULL", ids
        )
    _take_back_seen(cursor, change)


def _take_back_seen(cursor: Cursor, change: Change) -> None:
    mine, ids = "goal_id = ? AND file_name = ?", [change.goal_id, change.file_name]
    if change.sums_before is None:
        cursor.execute(f"UPDATE dat.file_seen SET sums = '[]', lapsed_sums = '[]' WHERE {mine}", ids)
        return
    cursor.execute(
        "UPDATE dat.file_seen SET sums = ?, lapsed_sums = ?, hash_columns = ?, hash_version = ?, rows_fingerprint = ? "
        f"WHERE {mine}",
        [*change.sums_before, change.seen.applied_by if change.seen else None, *ids],
    )


def take_back_actions(cursor: Cursor, run_id: str) -> int:
    """Bring the actions of a run back to their steps before it; return how many."""
    return merge_actions.revert(cursor, run_id)


def later_steps(cursor: Cursor, run_id: str) -> int:
    """Return how many actions of a run a later run changed again."""
    return merge_actions.later_steps(cursor, run_id)


def _parquet(path: Path, *hashes: str) -> str:
    """Return SQL for the rows of a file; hashes: columns of 128 bits, which Parquet keeps as UUIDs."""
    rows = f"read_parquet({text_literal(str(path))}, hive_partitioning = false)"
    if not hashes:
        return rows
    again = ", ".join(f"CAST({name} AS UHUGEINT) AS {name}" for name in hashes)
    return f"(SELECT * REPLACE ({again}) FROM {rows})"
