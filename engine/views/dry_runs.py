"""What the newest dry run of a goal came to, whether it still holds, and how one that goes stands."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from typing import Any

from engine.flows.desk import Desk
from engine.security import audit, masking, roles
from engine.security.audit import What
from engine.security.roles import Right
from engine.views.profiles import Value, held
from storage.database import Cursor
from storage.records.exchange import FileState
from storage.records.goals import ImportGoal, Property, PropertyType
from storage.records.people import Caller
from storage.records.runs import Job, JobState, Reject, RunCounts
from storage.tables import exchange, goals, jobs, profiles, runs


@dataclass(frozen=True)
class Filled:
    """How many profiles a property would be given to, changed in and cleared in."""

    property: str
    filled: int
    changed: int
    cleared: int


@dataclass(frozen=True)
class Moved:
    """One value that would change, as the caller may see it; None: empty."""

    property: str
    before: Value
    after: Value


@dataclass(frozen=True)
class Sample:
    """One profile that would change, by the first row for it; profile_id is None for a new one."""

    profile_id: int | None
    file_name: str
    line: int
    values: tuple[Moved, ...]


@dataclass(frozen=True)
class Audience:
    """How an audience would move; members: before."""

    name: str
    members: int
    leave: int
    enter: int


@dataclass(frozen=True)
class DryRun:
    """What the next run would do. made_at is UTC; counts as a run's, of all files together.

    stops: sentences of limits that would stop it. errors: of files that could not be used.
    stale: why it does not hold any more, sentence by sentence; empty while it does.
    """

    made_at: datetime
    files: tuple[str, ...]
    counts: RunCounts
    properties: tuple[Filled, ...]
    sample: tuple[Sample, ...]
    rejects: tuple[Reject, ...]
    audiences: tuple[Audience, ...]
    stops: tuple[str, ...]
    errors: tuple[str, ...]
    stale: tuple[str, ...]


@dataclass(frozen=True)
class State:
    """Where dry runs of a goal stand. going: the one that waits or goes. error: why the newest one failed.

    told: the newest one that was answered, None before the first.
    """

    going: Job | None
    error: str | None
    told: DryRun | None


def of_goal(desk: Desk, caller: Caller, goal: ImportGoal) -> State:
    """Return where the dry runs of a goal stand, held against the goal as it is edited.

    Raises:
        NotAllowed: The caller's role does not see mappings.
    """
    audit.allow(desk.database, caller, Right.SEE_MAPPINGS, What("goal", goal.goal_id))
    with desk.database.read() as cursor:
        newest = jobs.newest_with_key(cursor, f"dry_run:{goal.goal_id}")
        answered = jobs.newest_done_with_key(cursor, f"dry_run:{goal.goal_id}")
        if newest is None:
            return State(None, None, None)
        known = profiles.properties(cursor)
        stale = _stale(cursor, goal, answered) if answered else ()
    is_failed = newest.state is JobState.FAILED
    return State(
        going=newest if newest.state in (JobState.QUEUED, JobState.RUNNING) else None,
        error=newest.error if is_failed else None,
        told=_told(caller, answered, known, stale) if answered and answered.result else None,
    )


def _stale(cursor: Cursor, goal: ImportGoal, answered: Job) -> tuple[str, ...]:
    found = []
    if json.dumps(goals.definition(goal)) != json.dumps(answered.arguments["definition"]):
        found.append("The mapping was changed since.")
    tried = {file["name"]: file for file in (answered.result or {}).get("files", ())}
    newest = next(iter(runs.listed(cursor, goal.connection_id, 0, 1)), None)
    if newest is not None and newest.ended_at is not None and newest.ended_at > answered.created_at:
        found.append(f"Run {newest.number} ended since.")
    if _has_other_files(cursor, goal.goal_id, answered, tried):
        found.append("Files changed since.")
    return tuple(found)


def _has_other_files(cursor: Cursor, goal_id: str, answered: Job, tried: dict[str, Any]) -> bool:
    waiting = exchange.in_state_of_goal(cursor, goal_id, FileState.QUEUED)
    if any(tried.get(file.read_as, {}).get("sha256") != file.sha256 for file in waiting):
        return True
    scan = jobs.newest_done_with_key(cursor, f"scan:{goal_id}")
    if scan is None or scan.created_at <= answered.created_at:
        return False
    # What could not be used was seen too; a kept file that is not at the server any more is none that changed there.
    said = " ".join((answered.result or {}).get("errors", ()))
    listed = {file["name"]: file["size_bytes"] for file in (scan.result or {}).get("files", ())}
    return any(
        size != tried.get(name, {}).get("size_bytes") and (name in tried or name not in said)
        for name, size in listed.items()
    )


def _told(caller: Caller, answered: Job, known: Mapping[str, Property], stale: tuple[str, ...]) -> DryRun:
    result = answered.result or {}
    is_masked = not roles.may(caller.role, Right.SEE_RAW_VALUES)
    of_mappings = {item["property"].lower(): item["type"] for item in answered.arguments["definition"]["mappings"]}
    kinds = {name: PropertyType(kind) for name, kind in of_mappings.items()}
    kinds |= {name: item.type for name, item in known.items()}

    def moved(item: dict[str, Any]) -> Moved:
        kind = kinds.get(item["property"].lower(), PropertyType.TEXT)
        of = Property(item["property"], kind, is_unique=False)
        before, after = (held(of, _value(item[at], kind), is_masked=is_masked).value for at in ("before", "after"))
        return Moved(item["property"], before, after)

    def name(text: str) -> str:
        return masking.mask_text(text) if is_masked else text

    return DryRun(
        made_at=answered.created_at,
        files=tuple(name(file["name"]) for file in result["files"]),
        counts=counts_of(result["counts"]),
        properties=tuple(Filled(**item) for item in result["properties"]),
        sample=tuple(
            Sample(item["profile"], name(item["file"]), item["line"], tuple(moved(each) for each in item["values"]))
            for item in result["sample"]
        ),
        rejects=tuple(
            Reject(
                run_id="",
                file_name=name(item["file"]),
                line=item["line"],
                column=item["column"],
                value=masking.mask(item["value"]) if is_masked else item["value"],
                reason=item["reason"],
                suggestion=item["suggestion"],
                raw="",
            )
            for item in result["rejects"]
        ),
        audiences=tuple(Audience(**item) for item in result["audiences"]),
        stops=tuple(name(sentence) for sentence in result["stops"]),
        errors=tuple(name(sentence) for sentence in result["errors"]),
        stale=stale,
    )


def counts_of(said: Mapping[str, Any]) -> RunCounts:
    """Return the counts that `RunCounts.as_contract` made these maps of; pure."""
    rows = said["rows"]
    return RunCounts(
        read=rows["read"],
        applied=rows["applied"],
        unchanged=rows["unchanged"],
        skipped=dict(rows["skipped"]),
        rejected=rows["rejected"],
        created=said["profiles"]["created"],
        updated=said["profiles"]["updated"],
        files_taken=said["files"]["taken"],
        files_unchanged=said["files"]["unchanged"],
    )


_READ: dict[PropertyType, Callable[[str], Value]] = {
    PropertyType.DECIMAL: Decimal,
    PropertyType.INTEGER: int,
    PropertyType.DATE: date.fromisoformat,
    PropertyType.DATE_TIME: datetime.fromisoformat,
    PropertyType.BOOLEAN: lambda text: text == "true",
    PropertyType.LIST: lambda text: text.removeprefix("[").removesuffix("]"),
}


def _value(text: str | None, kind: PropertyType) -> Value:
    """Return what the database wrote as text; as it stands where the property has another type by now."""
    try:
        return text if text is None or kind not in _READ else _READ[kind](text)
    except (ValueError, ArithmeticError):
        return text
