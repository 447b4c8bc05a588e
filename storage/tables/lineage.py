"""Where the values of one profile came from: read from the before-images that merges kept."""

from dataclasses import dataclass
from typing import Any

from storage.database import Cursor
from storage.tables.before_images import Image
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


def of_profile(cursor: Cursor, profile_id: int, images: list[Image]) -> list[Setting]:
    """Return what merges set on a profile, newest first; empty where none did, or what they replaced is gone.

    Args:
        cursor: To read, within the transaction in which the images were found.
        profile_id: Whose.
        images: What merges replaced, newest first.
    """
    paths = [str(image.path) for image in images if image.path is not None]
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
    for image in images:
        if image.path is None or str(image.path) in named:
            found += _settings(cursor, profile_id, image)
    return found


def _settings(cursor: Cursor, profile_id: int, image: Image) -> list[Setting]:
    asked = cursor.execute(f"SELECT * FROM {image.rows} WHERE profile_id = ?", [profile_id])
    names = [said[0] for said in asked.description]
    row = dict(zip(names, asked.fetchone() or (), strict=False))
    return [
        Setting(
            change=image.change,
            property=item.name,
            before=row[f"b{number}"],
            line=_line(row, item.mappings),
            is_new_profile=row["is_new"],
            mappings=item.mappings,
        )
        for number, item in enumerate(image.change.properties)
        if row.get(f"c{number}")
    ]


def _line(row: dict[str, Any], mappings: tuple[int, ...]) -> int:
    lines = row["lines"]
    given = [lines[number] for number in mappings if lines and number < len(lines) and lines[number] is not None]
    return int(max(given) if given else row["line"])
