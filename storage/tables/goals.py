"""Import goals: every saved version is a row of ctl.goal, its definition as JSON; the newest one runs."""

import json
from dataclasses import asdict
from datetime import datetime
from typing import Any

from storage.database import Cursor
from storage.records.goals import (
    USUAL_VALUES,
    ActionFields,
    FileFormat,
    Identifier,
    ImportGoal,
    Mapping,
    MatchRule,
    PatternKind,
    PropertyType,
    Strategy,
    ValueFormat,
)

# A goal stays with its connection, so that a condition on either leaves all its versions or none.
_NEWEST = (
    "SELECT goal_id, any_value(connection_id), max(version), arg_max(definition, version) FROM ctl.goal "
    "WHERE {} GROUP BY goal_id ORDER BY goal_id"
)


def save(cursor: Cursor, goal: ImportGoal, saved_at: datetime, saved_by: str) -> None:
    """Add a version of a goal."""
    cursor.execute(
        "INSERT INTO ctl.goal VALUES (?, ?, ?, 'import', ?, ?, ?)",
        [goal.goal_id, goal.connection_id, goal.version, json.dumps(definition(goal)), saved_at, saved_by],
    )


def of_connection(cursor: Cursor, connection_id: str) -> list[ImportGoal]:
    """Return the newest version of each goal of a connection, oldest goal first."""
    rows = cursor.execute(_NEWEST.format("connection_id = ?"), [connection_id]).fetchall()
    return [_record(*row) for row in rows]


def by_id(cursor: Cursor, goal_id: str) -> ImportGoal | None:
    """Return the newest version of one goal, or None."""
    row = cursor.execute(_NEWEST.format("goal_id = ?"), [goal_id]).fetchone()
    return _record(*row) if row else None


def versions(cursor: Cursor, goal_id: str) -> list[tuple[ImportGoal, datetime, str]]:
    """Return every saved version of a goal with when (UTC) and by whom it was saved, newest first."""
    rows = cursor.execute(
        "SELECT goal_id, connection_id, version, definition, saved_at, saved_by FROM ctl.goal WHERE goal_id = ? "
        "ORDER BY version DESC",
        [goal_id],
    ).fetchall()
    return [(_record(*row[:4]), row[4], row[5]) for row in rows]


def listed(cursor: Cursor) -> list[ImportGoal]:
    """Return the newest version of every goal."""
    return [_record(*row) for row in cursor.execute(_NEWEST.format("true")).fetchall()]


def definition(goal: ImportGoal) -> dict[str, Any]:
    """Return a goal as JSON values, without its ids: what the YAML of `apply` says. What is usual is left out."""
    said: dict[str, Any] = {
        "folder": goal.folder,
        "files": goal.files,
        "files_kind": goal.files_kind.value,
        "format": {
            "separator": goal.format.separator,
            "header": goal.format.header,
            "encoding": goal.format.encoding,
            **_unusual(goal.format, FileFormat(), _RARE),
        },
        "identifiers": [{"field": link.field, "property": link.property} for link in goal.identifiers],
        "create_profiles": goal.create_profiles,
        "mappings": [_mapping_said(mapping) for mapping in goal.mappings],
    }
    return said | _rest(goal)


_RARE = ("quote", "escape", "preamble_lines", "header_lines")
"""What a format says only where it is not as usual."""


def _unusual(said: object, usual: object, names: tuple[str, ...]) -> dict[str, Any]:
    return {name: getattr(said, name) for name in names if getattr(said, name) != getattr(usual, name)}


def _mapping_said(mapping: Mapping) -> dict[str, Any]:
    said = {
        "field": mapping.field,
        "property": mapping.property,
        "type": mapping.type.value,
        "strategy": mapping.strategy.value,
        "format": mapping.format,
    }
    return said | ({"clears": True} if mapping.clears else {})


def _rest(goal: ImportGoal) -> dict[str, Any]:
    """Return what a goal says only where it is not as usual."""
    values = _unusual(goal.values, USUAL_VALUES, tuple(USUAL_VALUES.__dataclass_fields__))
    said: dict[str, Any] = {"values": values} if values else {}
    if goal.match is not MatchRule.IN_ORDER:
        said["match"] = goal.match.value
    if goal.row_key:
        said["row_key"] = list(goal.row_key)
    if goal.action is not None:
        said["action"] = {name: value for name, value in asdict(goal.action).items() if value is not None}
    if goal.rejected_percent_max is not None:
        said["rejected_percent_max"] = goal.rejected_percent_max
    if goal.shrink_percent_max is not None:
        said["shrink_percent_max"] = goal.shrink_percent_max
    if not goal.is_on:
        said["is_on"] = False
    return said


def _record(goal_id: str, connection_id: str, version: int, text: str) -> ImportGoal:
    return from_definition(goal_id, connection_id, version, json.loads(text))


def from_definition(goal_id: str, connection_id: str, version: int, said: dict[str, Any]) -> ImportGoal:
    """Return the goal that `definition` made these values of."""
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
            Mapping(**{**item, "type": PropertyType(item["type"]), "strategy": Strategy(item["strategy"])})
            for item in said["mappings"]
        ),
        files_kind=PatternKind(said.get("files_kind", PatternKind.WILDCARD)),
        values=ValueFormat(**said.get("values", {})),
        match=MatchRule(said.get("match", MatchRule.IN_ORDER)),
        row_key=tuple(said.get("row_key", ())),
        action=ActionFields(**said["action"]) if said.get("action") else None,
        rejected_percent_max=said.get("rejected_percent_max"),
        shrink_percent_max=said.get("shrink_percent_max"),
        is_on=said.get("is_on", True),
    )


def delete(cursor: Cursor, goal_id: str) -> None:
    """Remove every version of one goal, and what was looked at for it."""
    cursor.execute("DELETE FROM ctl.goal WHERE goal_id = ?", [goal_id])
    cursor.execute("DELETE FROM ctl.look WHERE goal_id = ?", [goal_id])


def delete_of(cursor: Cursor, connection_id: str) -> None:
    """Remove every version of a connection's goals."""
    cursor.execute("DELETE FROM ctl.goal WHERE connection_id = ?", [connection_id])
