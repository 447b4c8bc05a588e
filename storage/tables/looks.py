"""The first look at each remote file as it is now (ctl.look): two that agree prove that nobody writes it any more."""

from collections.abc import Mapping

from storage.database import Cursor
from storage.records.files import Look


def of_goal(cursor: Cursor, goal_id: str) -> dict[str, Look]:
    """Return the looks of earlier listings of a goal's folder, by file name."""
    rows = cursor.execute(
        "SELECT name, size_bytes, changed_at, looked_at FROM ctl.look WHERE goal_id = ?", [goal_id]
    ).fetchall()
    return {name: Look(size_bytes, changed_at, looked_at) for name, size_bytes, changed_at, looked_at in rows}


def replace(cursor: Cursor, goal_id: str, looks: Mapping[str, Look]) -> None:
    """Write a goal's looks in the place of the earlier ones."""
    cursor.execute("DELETE FROM ctl.look WHERE goal_id = ?", [goal_id])
    if looks:
        cursor.execute(
            "INSERT INTO ctl.look SELECT ?, unnest(?::VARCHAR[]), unnest(?::BIGINT[]), unnest(?::TIMESTAMP[]), "
            "unnest(?::TIMESTAMP[])",
            [
                goal_id,
                list(looks),
                [look.size_bytes for look in looks.values()],
                [look.changed_at for look in looks.values()],
                [look.looked_at for look in looks.values()],
            ],
        )
