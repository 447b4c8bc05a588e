"""What the mapping page shows: the goal, what a scan saw, what properties there are, and previews."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.base import clock, errors
from engine.flows import goal_place
from engine.flows.desk import Desk
from engine.mapping import checks, strategies
from engine.security import audit, masking, roles
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.connections import Connection
from storage.records.goals import ImportGoal, Mapping, Property, PropertyType, Strategy
from storage.records.merges import Fill
from storage.records.people import Caller
from storage.records.runs import Job
from storage.tables import connections, files_seen, goals, jobs, previews, profiles


@dataclass(frozen=True)
class SeenFile:
    """A file that the scan found. state: "new", "changed" or "imported", compared with the last import."""

    name: str
    size_bytes: int
    changed_at: str | None
    state: str


@dataclass(frozen=True)
class Scan:
    """What the newest answered scan saw; job is the newest scan, which may still run or have failed since.

    file_format: how the sample was read, as {"separator", "header", "encoding"}; empty where nothing was read.
    rows: of the newest file's head, each (line, values in the order of columns); values are masked for
    callers who may not see raw ones.
    """

    job: Job
    files: tuple[SeenFile, ...]
    not_taken: tuple[tuple[str, str], ...]
    file_name: str
    file_format: dict[str, Any]
    encoding: str
    separator: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    preview_error: str | None


@dataclass(frozen=True)
class GoalPage:
    """The mapping page. filled: profiles that hold a value, by lower-case property name. now is UTC."""

    connection: Connection
    goal: ImportGoal
    properties: tuple[Property, ...]
    filled: dict[str, int]
    scan: Scan | None
    may_edit: bool
    now: datetime


@dataclass(frozen=True)
class DatePreview:
    """How many of the given values fit a date format, and the first that do not as (line, value)."""

    fits: int
    total: int
    failing: tuple[tuple[int, str], ...]


def page(desk: Desk, caller: Caller, goal_id: str) -> GoalPage:
    """Return one goal with its newest scan.

    Raises:
        NotAllowed: The caller's role does not see mappings.
        GiveUp: It is not there.
    """
    audit.allow(desk.database, caller, Right.SEE_MAPPINGS, What("goal", goal_id))
    with desk.database.read() as cursor:
        goal = goals.by_id(cursor, goal_id)
        connection = connections.by_id(cursor, goal.connection_id) if goal else None
        if goal is None or connection is None:
            raise errors.GiveUp("This goal is not there any more; go back to its connection.")
        known = profiles.properties(cursor)
        counts = profiles.filled(cursor, [item.name for item in known.values()])
        job = jobs.newest_with_key(cursor, f"scan:{goal_id}")
        answered = jobs.newest_done_with_key(cursor, f"scan:{goal_id}")
        seen = files_seen.sizes(cursor, goal_id)
    return GoalPage(
        connection=connection,
        goal=goal,
        properties=tuple(known.values()),
        filled={name.lower(): number for name, number in counts.items()},
        scan=_scan(caller, job, answered, seen) if job else None,
        may_edit=roles.may(caller.role, Right.EDIT_MAPPINGS),
        now=clock.now(),
    )


def problems(page: GoalPage, goal: ImportGoal) -> list[str]:
    """Return what keeps an edited goal from being saved, sentence by sentence; empty where nothing does."""
    way = (page.connection.direction, page.connection.method, page.connection.methodology)
    place = goal_place.problem(way, goal.folder, goal.files, goal.files_kind)
    return [*([place] if place else []), *checks.problems(goal, {item.name.lower(): item for item in page.properties})]


def warnings(page: GoalPage, goal: ImportGoal) -> list[str]:
    """Return the properties, in order, that hold data already and would receive more (requirement M19)."""
    return checks.warnings(goal, {name for name, number in page.filled.items() if number})


def strategies_of(kind: PropertyType) -> tuple[Strategy, ...]:
    """Return the strategies a type can have."""
    return strategies.allowed(kind)


def date_preview(desk: Desk, caller: Caller, values: list[tuple[int, str]], pattern: str) -> DatePreview:
    """Try a date format on (line, value) pairs by the very rule of the import (requirement M11).

    Raises:
        BadInput: The format itself cannot be used.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("goal"))
    mapping = Mapping("value", "value", PropertyType.DATE, Strategy.SET, pattern)
    found = checks.mapping_problems(mapping)
    if found:
        raise errors.BadInput(found[0], "format")
    given = [(line, value) for line, value in values if value.strip()]
    fill = Fill(0, "value", "value", PropertyType.DATE, Strategy.SET, pattern, fresh_rows_only=False)
    with desk.database.read() as cursor:
        fits = previews.fits(cursor, fill, [value for _, value in given])
    failing = tuple(pair for pair, ok in zip(given, fits, strict=True) if not ok)
    return DatePreview(len(given) - len(failing), len(given), failing[:5])


def _scan(caller: Caller, job: Job, answered: Job | None, seen: dict[str, int]) -> Scan:
    nothing: dict[str, Any] = {"files": [], "not_taken": [], "preview": None, "preview_error": None}
    answer = (answered.result if answered else None) or nothing
    preview = answer["preview"] or {"name": "", "encoding": "", "separator": "", "columns": [], "rows": []}
    is_raw = roles.may(caller.role, Right.SEE_RAW_VALUES)
    return Scan(
        job=job,
        files=tuple(
            SeenFile(
                file["name"], file["size_bytes"], file["changed_at"], _state(seen.get(file["name"]), file["size_bytes"])
            )
            for file in answer["files"]
        ),
        not_taken=tuple((name, reason) for name, reason in answer["not_taken"]),
        file_name=preview["name"],
        file_format=dict(answered.arguments["format"]) if answered else {},
        encoding=preview["encoding"],
        separator=preview["separator"],
        columns=tuple(preview["columns"]),
        rows=tuple(
            (line, tuple(value if is_raw else masking.mask(value) or "" for value in values))
            for line, values in preview["rows"]
        ),
        preview_error=answer["preview_error"],
    )


def _state(seen_bytes: int | None, size_bytes: int) -> str:
    if seen_bytes is None:
        return "new"
    return "imported" if seen_bytes == size_bytes else "changed"
