"""Import goals: every saved version is a row of ctl.goal, its definition as JSON; the newest one runs."""

import json
from datetime import datetime
from typing import Any

from storage.database import Cursor
from storage.records.goals import FileFormat, Identifier, ImportGoal, Mapping, PatternKind, PropertyType, Strategy

_NEWEST = (
    "SELECT goal_id, connection_id, version, definition FROM ctl.goal g "
    "WHERE version = (SELECT max(version) FROM ctl.goal o WHERE o.goal_id = g.goal_id)"
)


def save(cursor: Cursor, goal: ImportGoal, saved_at: datetime, saved_by: str) -> None:
    """Add a version of a goal."""
    cursor.execute(
        "INSERT INTO ctl.goal VALUES (?, ?, ?, 'import', ?, ?, ?)",
        [goal.goal_id, goal.connection_id, goal.version, json.dumps(definition(goal)), saved_at, saved_by],
    )


def of_connection(cursor: Cursor, connection_id: str) -> list[ImportGoal]:
    """Return the newest version of each goal of a connection, oldest goal first."""
    rows = cursor.execute(f"{_NEWEST} AND connection_id = ? ORDER BY goal_id", [connection_id]).fetchall()
    return [_record(*row) for row in rows]


def by_id(cursor: Cursor, goal_id: str) -> ImportGoal | None:
    """Return the newest version of one goal, or None."""
    row = cursor.execute(f"{_NEWEST} AND goal_id = ?", [goal_id]).fetchone()
    return _record(*row) if row else None


def listed(cursor: Cursor) -> list[ImportGoal]:
    """Return the newest version of every goal."""
    return [_record(*row) for row in cursor.execute(f"{_NEWEST} ORDER BY goal_id").fetchall()]


def definition(goal: ImportGoal) -> dict[str, Any]:
    """Return a goal as JSON values, without its ids: what the YAML of `apply` says."""
    return {
        "folder": goal.folder,
        "files": goal.files,
        "files_kind": goal.files_kind.value,
        "format": {
            "separator": goal.format.separator,
            "header": goal.format.header,
            "encoding": goal.format.encoding,
        },
        "identifiers": [{"field": link.field, "property": link.property} for link in goal.identifiers],
        "create_profiles": goal.create_profiles,
        "mappings": [
            {
                "field": mapping.field,
                "property": mapping.property,
                "type": mapping.type.value,
                "strategy": mapping.strategy.value,
                "format": mapping.format,
            }
            for mapping in goal.mappings
        ],
    }


def _record(goal_id: str, connection_id: str, version: int, text: str) -> ImportGoal:
    said = json.loads(text)
    return ImportGoal(
        goal_id=goal_id,
        connection_id=connection_id,
        version=version,
        folder=said["folder"],
        files=said["files"],
        format=FileFormat(**said["format"]),
        identifiers=tuple(Identifier(**link) for link in said["identifiers"]),
        create_profiles=said["create_profiles"],
        mappings=tuple(
            Mapping(
                item["field"], item["property"], PropertyType(item["type"]), Strategy(item["strategy"]), item["format"]
            )
            for item in said["mappings"]
        ),
        files_kind=PatternKind(said.get("files_kind", PatternKind.WILDCARD)),
    )


def delete_of(cursor: Cursor, connection_id: str) -> None:
    """Remove every version of a connection's goals."""
    cursor.execute("DELETE FROM ctl.goal WHERE connection_id = ?", [connection_id])
