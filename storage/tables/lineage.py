"""Where the values of one profile came from: read from the before-images that merges kept."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from storage.database import Cursor
from storage.tables import changes
from storage.tables.changes import Change


@dataclass(frozen=True)
class Setting:
    """One value that a merge set. before: what the property held; None where it was empty, or the profile new.

    line: of the row that set it, 1-based. mappings: the numbers of the change's mappings into the property.
    """

    change: Change
    property: str
    before: Any
    line: int
    is_new_profile: bool
    mappings: tuple[int, ...]


def of_profile(cursor: Cursor, profile_id: int, kept: list[tuple[Change, Path]]) -> list[Setting]:
    """Return what merges set on a profile, newest first; empty where none did, or what they replaced is gone.

    Args:
        cursor: To read.
        profile_id: Whose.
        kept: Changes with where their before-images lie, newest first; each can be read (`changes.is_kept`).
    """
    waiting = {change.change_id for change in changes.uncompared(cursor)}
    paths = [str(path) for change, path in kept if change.change_id not in waiting]
    # All files share these columns, whatever else is in each.
    rows = (
        cursor.execute(
            "SELECT filename FROM read_parquet(?, filename = true, hive_partitioning = false) WHERE profile_id = ?",
            [paths, profile_id],
        ).fetchall()
        if paths
        else []
    )
    named = {name for (name,) in rows}
    found: list[Setting] = []
    for change, path in kept:
        if change.change_id in waiting or str(path) in named:
            found += _settings(cursor, profile_id, change, path)
    return found


def _settings(cursor: Cursor, profile_id: int, change: Change, path: Path) -> list[Setting]:
    asked = cursor.execute(f"SELECT * FROM {changes.image(cursor, change, path)} WHERE profile_id = ?", [profile_id])
    names = [said[0] for said in asked.description]
    row = dict(zip(names, asked.fetchone() or (), strict=False))
    return [
        Setting(
            change=change,
            property=item.name,
            before=row[f"b{number}"],
            line=_line(row, item.mappings),
            is_new_profile=row["is_new"],
            mappings=item.mappings,
        )
        for number, item in enumerate(change.properties)
        if row.get(f"c{number}")
    ]


def _line(row: dict[str, Any], mappings: tuple[int, ...]) -> int:
    lines = row["lines"]
    given = [lines[number] for number in mappings if lines and number < len(lines) and lines[number] is not None]
    return int(max(given) if given else row["line"])
