"""What a goal would make of the sample that a scan brought: one row before and after, and dates tried by format."""

import itertools
from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from engine.flows.desk import Desk
from engine.mapping import checks, date_formats
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from engine.views.goals import GoalPage, Scan
from storage.database import Cursor
from storage.records.goals import ImportGoal, Mapping, Property, PropertyType, Strategy
from storage.records.merges import Fill
from storage.records.people import Caller
from storage.tables import previews, profiles, samples

LINES_MAX = 12
"""Mappings of one row that a preview shows; more are not read beside a table."""
FAILING_MAX = 5
_USUAL = {PropertyType.DATE: "date", PropertyType.DATE_TIME: "date_time"}


@dataclass(frozen=True)
class PreviewLine:
    """One property of the row's profile. how: None for identifiers.

    before, after: as the property holds them, None for nothing. is_rejected: the text does not fit the type, so
    that the row would be rejected.
    """

    property: str
    field: str
    text: str
    how: Strategy | None
    before: Any
    after: Any
    is_rejected: bool


class Whose(StrEnum):
    """Whose row it is, as far as one row tells: conflicts of several identifiers show in a dry run."""

    PROFILE = "profile"
    NEW = "new"
    NO_MATCH = "no match"
    BY_ACTION = "by action"
    NO_IDENTIFIER = "no identifier"
    EMPTY = "empty"


@dataclass(frozen=True)
class Preview:
    """What one row of the sample would do. profile_id: of the profile that it belongs to, None for none yet.

    whose: EMPTY where all identifiers are, so that the row would be rejected. left_out: mappings that are not shown:
    beyond LINES_MAX, of fields that the file lacks, or not complete yet.
    """

    line: int
    profile_id: int | None
    whose: Whose
    lines: tuple[PreviewLine, ...]
    left_out: int


@dataclass(frozen=True)
class DateTrial:
    """One format tried on the sample's values of all fields that use it (requirement M11).

    format: None where the fields have none. failing: the first that do not fit, as (field, line, value).
    suggestions: where there is no format, those that fit every value. problem: why the format cannot be used.
    """

    type: PropertyType
    format: str | None
    fields: tuple[str, ...]
    fits: int
    total: int
    failing: tuple[tuple[str, int, str], ...]
    suggestions: tuple[str, ...]
    problem: str | None


def preview(desk: Desk, caller: Caller, page: GoalPage, goal: ImportGoal, row_number: int) -> Preview | None:
    """Return what row `row_number` of the sample (from 0) would do under an edited goal, None without a sample.

    Raises:
        NotAllowed: The caller's role does not edit mappings; others see masked values, which cannot be tried.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("goal", goal.goal_id))
    scan = page.scan
    if scan is None or not scan.rows:
        return None
    line, texts = scan.rows[min(row_number, len(scan.rows) - 1)]
    at = {name: number for number, name in enumerate(scan.columns) if number < len(texts)}
    known = {item.name.lower(): item for item in page.properties}
    # One that cannot be saved yet has no value yet.
    usable = (item for item in goal.mappings if item.field in at and not _problems(goal, item, known))
    shown = list(itertools.islice(usable, LINES_MAX))
    fills = [_fill(goal, item, number, known) for number, item in enumerate(shown)]
    with desk.database.read() as cursor:
        links = [(link.property, link.field, texts[at[link.field]]) for link in goal.identifiers if link.field in at]
        profile_id = _owner(cursor, links, frozenset(known))
        present = [known[item.property.lower()].name for item in shown if item.property.lower() in known]
        held = profiles.values_of(cursor, profile_id, present) if profile_id is not None and present else None
        before = {name.lower(): value for name, value in (held or {}).items()}
        asked = [texts[at[item.field]] for item in shown]
        met = samples.meet(cursor, fills, asked, [before.get(item.property.lower()) for item in shown])
    lines = [PreviewLine(name, field, text, None, None, text or None, is_rejected=False) for name, field, text in links]
    for item, text, (value, after) in zip(shown, asked, met, strict=True):
        lines.append(_line(item, text, before.get(item.property.lower()), value, after))
    whose = _whose(page, goal, profile_id, [text for _, _, text in links])
    return Preview(line, profile_id, whose, tuple(lines), len(goal.mappings) - len(shown))


def _whose(page: GoalPage, goal: ImportGoal, profile_id: int | None, texts: list[str]) -> Whose:
    if page.changes_actions:
        return Whose.BY_ACTION
    if profile_id is not None:
        return Whose.PROFILE
    if not goal.identifiers:
        return Whose.NO_IDENTIFIER
    if not any(texts):
        return Whose.EMPTY
    return Whose.NEW if goal.create_profiles else Whose.NO_MATCH


def _owner(cursor: Cursor, links: list[tuple[str, str, str]], known: frozenset[str]) -> int | None:
    for name, _, text in links:
        if text and name.lower() in known:
            found = samples.owner(cursor, name, text)
            if found is not None:
                return found
    return None


def _problems(goal: ImportGoal, mapping: Mapping, known: ReadOnly[str, Property]) -> list[str]:
    alone = replace(goal, identifiers=(), mappings=(mapping,), row_key=(), action=None)
    return checks.problems(alone, dict(known), needs_identifiers=False)


def _line(mapping: Mapping, text: str, before: Any, value: Any, after: Any) -> PreviewLine:
    is_rejected = bool(text.strip()) and value is None
    return PreviewLine(
        mapping.property,
        mapping.field,
        text,
        mapping.strategy,
        before,
        before if is_rejected else after,
        is_rejected=is_rejected,
    )


def _fill(goal: ImportGoal, mapping: Mapping, column: int, known: ReadOnly[str, Property]) -> Fill:
    present = known.get(mapping.property.lower())
    return Fill(
        column,
        mapping.field,
        mapping.property,
        mapping.type,
        mapping.strategy,
        pattern_of(goal, mapping),
        fresh_rows_only=False,
        values=goal.values,
        clears=mapping.clears,
        holds=present.type if present else None,
    )


def pattern_of(goal: ImportGoal, mapping: Mapping) -> str | None:
    """Return the format by which a mapping reads dates: its own, or the goal's."""
    usual = _USUAL.get(mapping.type)
    return mapping.format or (getattr(goal.values, usual) if usual else None)


def dates(desk: Desk, caller: Caller, page: GoalPage, goal: ImportGoal) -> tuple[DateTrial, ...]:
    """Try the formats of all date and date-time mappings on the sample, by the very rule of the import (M11).

    Raises:
        NotAllowed: The caller's role does not edit mappings.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("goal", goal.goal_id))
    groups: dict[tuple[PropertyType, str | None], list[str]] = {}
    for item in goal.mappings:
        if item.type in _USUAL:
            groups.setdefault((item.type, pattern_of(goal, item)), []).append(item.field)
    with desk.database.read() as cursor:
        return tuple(
            _trial(cursor, goal, page.scan, kind, pattern, list(dict.fromkeys(fields)))
            for (kind, pattern), fields in groups.items()
        )


def _trial(
    cursor: Cursor, goal: ImportGoal, scan: Scan | None, kind: PropertyType, pattern: str | None, fields: list[str]
) -> DateTrial:
    given = _given(scan, fields)
    if pattern is None:
        fitting = [item for item in date_formats.USUAL[kind] if all(_fits(cursor, goal, kind, item, given))]
        offered = tuple(fitting[: date_formats.SUGGESTED_MAX]) if given else ()
        return DateTrial(kind, None, tuple(fields), 0, len(given), (), offered, None)
    found = checks.mapping_problems(Mapping(fields[0], "value", kind, Strategy.SET, pattern))
    if found:
        return DateTrial(kind, pattern, tuple(fields), 0, len(given), (), (), found[0])
    fits = _fits(cursor, goal, kind, pattern, given)
    failing = tuple(one for one, ok in zip(given, fits, strict=True) if not ok)
    count = len(given) - len(failing)
    return DateTrial(kind, pattern, tuple(fields), count, len(given), failing[:FAILING_MAX], (), None)


def _given(scan: Scan | None, fields: list[str]) -> list[tuple[str, int, str]]:
    """Return the (field, line, value) of the sample that are not empty, line by line."""
    if scan is None:
        return []
    places = [(name, scan.columns.index(name)) for name in fields if name in scan.columns]
    return [
        (name, line, values[at])
        for line, values in scan.rows
        for name, at in places
        if at < len(values) and values[at].strip()
    ]


def _fits(
    cursor: Cursor, goal: ImportGoal, kind: PropertyType, pattern: str, given: list[tuple[str, int, str]]
) -> list[bool]:
    fill = Fill(0, "value", "value", kind, Strategy.SET, pattern, fresh_rows_only=False, values=goal.values)
    return previews.fits(cursor, fill, [value for _, _, value in given])
