"""What the mapping page shows: the goal, what a scan saw, what properties there are, and previews."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from engine.base import clock, errors
from engine.flows import goal_place
from engine.flows.desk import Desk
from engine.mapping import actions as action_rules
from engine.mapping import checks, goal_checks, strategies, suggested_types
from engine.mapping.checks import Finding
from engine.security import audit, masking, roles
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import Connection
from storage.records.goals import FileFormat, ImportGoal, Property, PropertyType, Strategy, ValueFormat
from storage.records.people import Caller
from storage.records.runs import Job, RunCounts
from storage.tables import connections, files_seen, goals, jobs, profiles, runs, samples


@dataclass(frozen=True)
class SeenFile:
    """A file that the scan found. state: "new", "changed" or "imported", compared with the last import.

    rows: None where nobody counted them yet; an estimate from the start of the file where is_estimate.
    """

    name: str
    size_bytes: int
    changed_at: str | None
    state: str
    rows: int | None
    is_estimate: bool


@dataclass(frozen=True)
class Scan:
    """What the newest answered scan saw; job is the newest scan, which may still run or have failed since.

    file_format: what was asked of the sample's reading; None where nothing was read.
    rows: of the newest file's head, each (line, values in the order of columns); values are masked for
    callers who may not see raw ones.
    """

    job: Job
    files: tuple[SeenFile, ...]
    not_taken: tuple[tuple[str, str], ...]
    file_name: str
    file_format: FileFormat | None
    encoding: str
    separator: str
    columns: tuple[str, ...]
    rows: tuple[tuple[int, tuple[str, ...]], ...]
    preview_error: str | None


@dataclass(frozen=True)
class GoalPage:
    """The mapping page. filled: profiles that hold a value, by lower-case property name. now is UTC.

    has_actions: its rows are actions, or change some where changes_actions. sources: names that goals give to what
    numbers actions. no_match_run: the newest run where no row of the connection found a profile, as (id, number).
    mark: what changes with every import and every new property.
    """

    connection: Connection
    goal: ImportGoal
    properties: tuple[Property, ...]
    filled: dict[str, int]
    scan: Scan | None
    may_edit: bool
    has_actions: bool
    changes_actions: bool
    sources: tuple[str, ...]
    no_match_run: tuple[str, int] | None
    now: datetime
    mark: tuple[int, ...]


def page(desk: Desk, caller: Caller, goal_id: str, before: GoalPage | None = None) -> GoalPage:
    """Return one goal with its newest scan.

    Args:
        desk: The open home.
        caller: Who looks.
        goal_id: Of the goal.
        before: The page as it was drawn last: values are counted again only where an import came in between.

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
        mark = (*samples.mark(cursor), len(known))
        if before is not None and before.mark == mark:
            filled = before.filled
        else:
            counts = profiles.filled(cursor, [item.name for item in known.values()])
            filled = {name.lower(): number for name, number in counts.items()}
        job = jobs.newest_with_key(cursor, f"scan:{goal_id}")
        answered = jobs.newest_done_with_key(cursor, f"scan:{goal_id}")
        taken = files_seen.taken(cursor, goal_id)
        newest = next(iter(runs.listed(cursor, connection.connection_id, 0, 1)), None)
        has_actions = connection.data_type in action_rules.TYPES
        others = _sources(cursor, goal_id) if has_actions else ()
    return GoalPage(
        connection=connection,
        goal=goal,
        properties=tuple(known.values()),
        filled=filled,
        scan=_scan(caller, job, answered, taken) if job else None,
        may_edit=roles.may(caller.role, Right.EDIT_MAPPINGS),
        has_actions=has_actions,
        changes_actions=connection.data_type in action_rules.CHANGING,
        sources=others,
        no_match_run=(newest.run_id, newest.number) if newest and _matched_nothing(newest.counts) else None,
        now=clock.now(),
        mark=mark,
    )


def _sources(cursor: Cursor, goal_id: str) -> tuple[str, ...]:
    """Return the names that other goals give to what numbers actions."""
    found = [item.action.source for item in goals.listed(cursor) if item.action and item.goal_id != goal_id]
    return tuple(dict.fromkeys(name for name in found if name))


def _matched_nothing(counts: RunCounts) -> bool:
    return bool(sum(counts.skipped.values())) and not counts.applied and not counts.unchanged


def problems(page: GoalPage, goal: ImportGoal) -> list[str]:
    """Return what keeps an edited goal from being saved, sentence by sentence; empty where nothing does."""
    way = (page.connection.direction, page.connection.method, page.connection.methodology)
    place = goal_place.problem(way, goal.folder, goal.files, goal.files_kind)
    known = {item.name.lower(): item for item in page.properties}
    return [*([place] if place else []), *goal_checks.problems(goal, known, page.connection.data_type)]


def findings(page: GoalPage, goal: ImportGoal) -> tuple[Finding, ...]:
    """Return what the goal's mappings meet, in their order: a property that holds data, a wider one, two fields."""
    known = {item.name.lower(): item for item in page.properties}
    return checks.findings(goal, known, {name for name, number in page.filled.items() if number})


def suggested_type(field: str, texts: Sequence[str], written: ValueFormat) -> PropertyType:
    """Return the type that a field is added as: the narrowest one that all values of a sample fit without loss."""
    return suggested_types.of(field, texts, written)


def strategies_of(kind: PropertyType) -> tuple[Strategy, ...]:
    """Return the strategies a type can have."""
    return strategies.allowed(kind)


def _scan(caller: Caller, job: Job, answered: Job | None, taken: dict[str, tuple[int, int]]) -> Scan:
    nothing: dict[str, Any] = {"files": [], "not_taken": [], "preview": None, "preview_error": None}
    answer = (answered.result if answered else None) or nothing
    preview = answer["preview"] or {"name": "", "encoding": "", "separator": "", "columns": [], "rows": []}
    is_raw = roles.may(caller.role, Right.SEE_RAW_VALUES)
    return Scan(
        job=job,
        files=tuple(_seen(file, taken.get(file["name"]), preview) for file in answer["files"]),
        not_taken=tuple((name, reason) for name, reason in answer["not_taken"]),
        file_name=preview["name"],
        file_format=FileFormat(**answered.arguments["format"]) if answered else None,
        encoding=preview["encoding"],
        separator=preview["separator"],
        columns=tuple(preview["columns"]),
        rows=tuple(
            (line, tuple(value if is_raw else masking.mask(value) or "" for value in values))
            for line, values in preview["rows"]
        ),
        preview_error=answer["preview_error"],
    )


def _seen(file: dict[str, Any], taken: tuple[int, int] | None, preview: dict[str, Any]) -> SeenFile:
    """Return a file with its rows: as the import or the whole sample counted them, else as the sample lets expect."""
    state = "new" if taken is None else "imported" if taken[0] == file["size_bytes"] else "changed"
    rows, is_estimate = (taken[1], False) if taken is not None and state == "imported" else (None, False)
    if rows is None and file["name"] == preview["name"]:
        is_estimate = not preview.get("is_whole")
        rows = preview.get("rows_estimated" if is_estimate else "records")
    return SeenFile(file["name"], file["size_bytes"], file["changed_at"], state, rows, is_estimate)
