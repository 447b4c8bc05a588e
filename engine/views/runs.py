"""What the list of runs and one run's page show: states, counts that add up, stages, rejected rows."""

from dataclasses import dataclass, replace
from datetime import datetime

from engine.base import clock, errors, limits
from engine.flows import reverting
from engine.flows.desk import Desk
from engine.flows.reverting import Hindrance
from engine.security import audit, masking, roles
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import Direction
from storage.records.exchange import FileState
from storage.records.people import Caller
from storage.records.runs import JobState, Reject, Run, RunStage, SkipReason, StageState
from storage.tables import actions, changes, connections, exchange, files_listed, goals, jobs, rejects, runs


@dataclass(frozen=True)
class RunList:
    """A page of runs, going ones first, then newest first; total counts all.

    stages: the stage that each going run is in, by run id. deliveries: the ids of those that bring files to a
    partner, and read none. reverted: the ids of those that were taken back. now is UTC.
    """

    runs: tuple[Run, ...]
    stages: dict[str, RunStage]
    deliveries: frozenset[str]
    reverted: frozenset[str]
    total: int
    may_cancel: bool
    now: datetime


Hindrances = tuple[Hindrance, ...]
"""Why a run cannot be reverted, each with the runs and the values that stand in the way; empty where it can."""


@dataclass(frozen=True)
class Taking:
    """How a run is taken back. reverted_at is UTC, None where it stands; actions: how many are its own.

    is_going: somebody asked for it and it is being done. error: why the last try failed, one sentence.
    mark: changes with every merge and revert, so that what `hindrances` found need not be asked again before.
    """

    actions: int
    reverted_by: str | None
    reverted_at: datetime | None
    is_going: bool
    error: str | None
    mark: str


@dataclass(frozen=True)
class Stopped:
    """A file of the run that a limit stopped, and why. is_kept: it can still be imported."""

    name: str
    reason: str
    is_kept: bool


@dataclass(frozen=True)
class RunPage:
    """One run. rejected_by_reason: reason code -> rows, most first. now is UTC.

    identifiers: the fields by which the connection's goals find profiles now; keys: those by which they find actions.
    taking: None where it merged nothing that could be taken back. stopped: files that wait for a person.
    mends, mended_by: numbers of the runs whose rejects it mends, and of those that mend its own.
    may_run: the caller may start another one, and its connection is still there.
    may_mend: the caller may hand a mended file in for it. is_delivery: it brings files to a partner, and reads none.
    is_cancelling: somebody asked a going run to stop; it does at the next safe place.
    """

    run: Run
    stages: tuple[RunStage, ...]
    rejected_by_reason: dict[str, int]
    identifiers: tuple[str, ...]
    keys: tuple[str, ...]
    may_run: bool
    may_cancel: bool
    is_cancelling: bool
    may_see_rejects: bool
    may_see_files: bool
    may_mend: bool
    may_revert: bool
    may_import_anyway: bool
    is_delivery: bool
    taking: Taking | None
    stopped: tuple[Stopped, ...]
    mends: tuple[int, ...]
    mended_by: tuple[int, ...]
    now: datetime

    @property
    def unmatched(self) -> SkipReason | None:
        """What all its rows lacked, where none was used and some lacked it (H05): a profile, or an action."""
        counts = self.run.counts
        lacking = [code for code in (SkipReason.NO_MATCH, SkipReason.NO_ACTION) if counts.skipped.get(code)]
        return lacking[0] if lacking and not counts.applied and not counts.unchanged else None


def listed(desk: Desk, caller: Caller, start: int = 0, most: int = 50) -> RunList:
    """Return `most` runs from `start` on.

    Raises:
        NotAllowed: The caller's role does not see runs.
    """
    audit.allow(desk.database, caller, Right.SEE_RUNS, What("runs"))
    with desk.database.read() as cursor:
        found = runs.listed(cursor, None, start, most)
        going = {run.run_id: tuple(runs.stages(cursor, run.run_id)) for run in found if run.ended_at is None}
        total = runs.count(cursor, None)
        reverted = changes.reverted(cursor, [run.run_id for run in found])
        known = [connections.by_id(cursor, connection_id) for connection_id in {run.connection_id for run in found}]
    out = {item.connection_id for item in known if item is not None and item.direction is Direction.OUTBOUND}
    deliveries = frozenset(run.run_id for run in found if run.connection_id in out)
    stages = {run_id: stage for run_id, all_of_it in going.items() if (stage := going_stage(all_of_it))}
    may_cancel = roles.may(caller.role, Right.CANCEL)
    return RunList(tuple(found), stages, deliveries, reverted, total, may_cancel, clock.now())


def page(desk: Desk, caller: Caller, run_id: str) -> RunPage:
    """Return one run by its id or number.

    Raises:
        NotAllowed: The caller's role does not see runs.
        GiveUp: There is no such run.
    """
    audit.allow(desk.database, caller, Right.SEE_RUNS, What("run", run_id))
    with desk.database.read() as cursor:
        run = _known(cursor, run_id)
        connection = connections.by_id(cursor, run.connection_id)
        by_reason = rejects.by_reason(cursor, run.run_id)
        of_connection = goals.of_connection(cursor, run.connection_id)
        may_edit = roles.may(caller.role, Right.EDIT_MAPPINGS)
        return RunPage(
            run=run,
            stages=tuple(runs.stages(cursor, run.run_id)),
            rejected_by_reason=by_reason,
            identifiers=tuple(link.field for goal in of_connection for link in goal.identifiers),
            keys=tuple(goal.action.key for goal in of_connection if goal.action is not None),
            may_run=roles.may(caller.role, Right.RUN) and bool(run.connection_name),
            may_cancel=roles.may(caller.role, Right.CANCEL) and run.ended_at is None,
            is_cancelling=run.ended_at is None and jobs.is_cancel_wanted(cursor, run.run_id),
            may_see_rejects=roles.may(caller.role, Right.SEE_REJECTS),
            may_see_files=roles.may(caller.role, Right.SEE_FILES),
            may_mend=bool(by_reason) and connection is not None and roles.may(caller.role, Right.SEND_FILES),
            may_revert=may_edit,
            may_import_anyway=may_edit and connection is not None,
            is_delivery=connection is not None and connection.direction is Direction.OUTBOUND,
            taking=_taking(cursor, run),
            stopped=_stopped(cursor, caller, run.run_id),
            mends=tuple(files_listed.numbers_mended_by(cursor, run.run_id)),
            mended_by=tuple(files_listed.numbers_that_mend(cursor, run.run_id)),
            now=clock.now(),
        )


def hindrances(desk: Desk, caller: Caller, run_id: str) -> Hindrances:
    """Return why a run cannot be reverted now; empty where it can.

    Raises:
        NotAllowed: The caller's role does not revert runs.
        GiveUp: There is no such run.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("run", run_id))
    with desk.database.read() as cursor:
        run = _known(cursor, run_id)
    return tuple(reverting.hindrances(desk, run.run_id))


def _taking(cursor: Cursor, run: Run) -> Taking | None:
    found = changes.of_run(cursor, run.run_id) if run.ended_at is not None else []
    if not found:
        return None
    reverted = next((change for change in found if change.reverted_at is not None), None)
    job = jobs.newest_with_key(cursor, f"revert:{run.run_id}")
    return Taking(
        actions=actions.count_of_run(cursor, run.run_id),
        reverted_by=reverted.reverted_by if reverted else None,
        reverted_at=reverted.reverted_at if reverted else None,
        is_going=job is not None and job.state in (JobState.QUEUED, JobState.RUNNING),
        error=job.error if job is not None and job.state is JobState.FAILED and reverted is None else None,
        mark=changes.mark(cursor),
    )


def _stopped(cursor: Cursor, caller: Caller, run_id: str) -> tuple[Stopped, ...]:
    found = [
        Stopped(file.name, file.reason or "", is_kept=file.spool_key is not None)
        for file in exchange.of_run(cursor, run_id)
        if file.state is FileState.FAILED and file.is_stopped_by_limit
    ]
    if roles.may(caller.role, Right.SEE_RAW_VALUES):
        return tuple(found)
    return tuple(
        replace(item, name=masking.mask_text(item.name), reason=masking.mask_text(item.reason)) for item in found
    )


def rejected(
    desk: Desk,
    caller: Caller,
    run_id: str,
    reason: str | None = None,
    start: int = 0,
    most: int = limits.REJECTS_SHOWN_MAX,
) -> list[Reject]:
    """Return rejected rows of a run by file and line; values masked for callers who may not see raw ones.

    Raises:
        NotAllowed: The caller's role does not see rejected rows.
        GiveUp: There is no such run.
    """
    audit.allow(desk.database, caller, Right.SEE_REJECTS, What("run", run_id))
    with desk.database.read() as cursor:
        found = rejects.listed(cursor, _known(cursor, run_id).run_id, reason, start, most)
    if roles.may(caller.role, Right.SEE_RAW_VALUES):
        return found
    return [
        replace(
            item,
            file_name=masking.mask_text(item.file_name),
            value=masking.mask(item.value),
            raw=masking.mask_record(item.raw),
        )
        for item in found
    ]


def _known(cursor: Cursor, run_id: str) -> Run:
    run = runs.by_id(cursor, run_id)
    if run is None:
        raise errors.GiveUp(f"There is no run {run_id}; see the list of runs.")
    return run


def going_stage(stages: tuple[RunStage, ...]) -> RunStage | None:
    """Return the stage that a run is in: the one that runs, else the last; None before the first. Pure.

    With several files the earlier stages come round again, so the last is not always the one.
    """
    running = [stage for stage in stages if stage.state is StageState.RUNNING]
    return running[-1] if running else stages[-1] if stages else None
