"""Says goals as `apply` takes them again: the same goal gives the same words, and what is usual is left out."""

from dataclasses import fields
from typing import Any

from engine.views.export_words import said
from storage.records.goals import (
    FileFormat,
    ImportGoal,
    Mapping,
    MatchRule,
    PatternKind,
    PropertyType,
    ValueFormat,
)

_ALWAYS = ("separator", "header", "encoding")
_DATES = (PropertyType.DATE, PropertyType.DATE_TIME)


def said_goal(goal: ImportGoal, *, has_folder: bool) -> dict[str, Any]:
    """Return one import goal as `apply` takes it; has_folder: its connection's way has one."""
    pattern = "files" if goal.files_kind is PatternKind.WILDCARD else "files_regex"
    return {
        **({} if goal.is_on else {"is_on": False}),
        **({"folder": said(goal.folder)} if has_folder else {}),
        **({pattern: said(goal.files)} if goal.files else {}),
        "format": _format(goal.format),
        **_unusual("values", goal.values, ValueFormat()),
        "identifiers": [{"field": said(link.field), "property": said(link.property)} for link in goal.identifiers],
        **({"match": goal.match.value} if goal.match is not MatchRule.IN_ORDER else {}),
        **({"row_key": [said(name) for name in goal.row_key]} if goal.row_key else {}),
        "create_profiles": goal.create_profiles,
        "mappings": [_mapping(mapping) for mapping in goal.mappings],
        **_action(goal),
        **_limits(goal),
    }


def _format(given: FileFormat) -> dict[str, Any]:
    found = {name: _cell(getattr(given, name)) for name in _ALWAYS if getattr(given, name) is not None}
    rest = _unusual("rest", given, FileFormat()).get("rest", {})
    return found | {name: value for name, value in rest.items() if name not in _ALWAYS}


def _unusual(name: str, given: FileFormat | ValueFormat, usual: FileFormat | ValueFormat) -> dict[str, Any]:
    """Return the fields that are not as usual, under this name; nothing where all are."""
    values = {item.name: getattr(given, item.name) for item in fields(given)}
    found = {key: _cell(value) for key, value in values.items() if value != getattr(usual, key)}
    return {name: found} if found else {}


def _mapping(mapping: Mapping) -> dict[str, Any]:
    has_format = bool(mapping.format) and mapping.type in _DATES
    return {
        "field": said(mapping.field),
        "property": said(mapping.property),
        "type": mapping.type.value,
        **({"format": said(mapping.format or "")} if has_format else {}),
        "strategy": mapping.strategy.value,
        **({"clears": True} if mapping.clears else {}),
    }


def _action(goal: ImportGoal) -> dict[str, Any]:
    if goal.action is None:
        return {}
    values = {item.name: getattr(goal.action, item.name) for item in fields(goal.action)}
    return {"action": {name: _cell(value) for name, value in values.items() if value is not None}}


def _limits(goal: ImportGoal) -> dict[str, Any]:
    shares = {"rejected_percent_max": goal.rejected_percent_max, "shrink_percent_max": goal.shrink_percent_max}
    return {name: share for name, share in shares.items() if share is not None}


def _cell(value: Any) -> Any:
    return said(value) if isinstance(value, str) else value
