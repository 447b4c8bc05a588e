"""What the list of runs and one run's page show: states, counts that add up, stages, rejected rows."""

from dataclasses import dataclass, replace
from datetime import datetime

from engine.base import clock, errors, limits
from engine.flows.desk import Desk
from engine.security import audit, masking, roles
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import Direction
from storage.records.people import Caller
from storage.records.runs import Reject, Run, RunStage, StageState
from storage.tables import connections, goals, jobs, rejects, runs


@dataclass(frozen=True)
class RunList:
    """A page of runs, going ones first, then newest first; total counts all.

    stages: the stage that each going run is in, by run id. deliveries: the ids of those that bring files to a
    partner, and read none. now is UTC.
    """

    runs: tuple[Run, ...]
    stages: dict[str, RunStage]
    deliveries: frozenset[str]
    total: int
    may_cancel: bool
    now: datetime


@dataclass(frozen=True)
class RunPage:
    """One run. rejected_by_reason: reason code -> rows, most first. now is UTC.

    identifiers: the fields by which the connection's goals find profiles now.
    may_run: the caller may start another one, and its connection is still there.
    may_mend: the caller may hand a mended file in for it. is_delivery: it brings files to a partner, and reads none.
    is_cancelling: somebody asked a going run to stop; it does at the next safe place.
    """

    run: Run
    stages: tuple[RunStage, ...]
    rejected_by_reason: dict[str, int]
    identifiers: tuple[str, ...]
    may_run: bool
    may_cancel: bool
    is_cancelling: bool
    may_see_rejects: bool
    may_see_files: bool
    may_mend: bool
    is_delivery: bool
    now: datetime


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
        known = [connections.by_id(cursor, connection_id) for connection_id in {run.connection_id for run in found}]
    out = {item.connection_id for item in known if item is not None and item.direction is Direction.OUTBOUND}
    deliveries = frozenset(run.run_id for run in found if run.connection_id in out)
    stages = {run_id: stage for run_id, all_of_it in going.items() if (stage := going_stage(all_of_it))}
    return RunList(tuple(found), stages, deliveries, total, roles.may(caller.role, Right.CANCEL), clock.now())


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
        return RunPage(
            run=run,
            stages=tuple(runs.stages(cursor, run.run_id)),
            rejected_by_reason=by_reason,
            identifiers=tuple(
                link.field for goal in goals.of_connection(cursor, run.connection_id) for link in goal.identifiers
            ),
            may_run=roles.may(caller.role, Right.RUN) and bool(run.connection_name),
            may_cancel=roles.may(caller.role, Right.CANCEL) and run.ended_at is None,
            is_cancelling=run.ended_at is None and jobs.is_cancel_wanted(cursor, run.run_id),
            may_see_rejects=roles.may(caller.role, Right.SEE_REJECTS),
            may_see_files=roles.may(caller.role, Right.SEE_FILES),
            may_mend=bool(by_reason) and connection is not None and roles.may(caller.role, Right.SEND_FILES),
            is_delivery=connection is not None and connection.direction is Direction.OUTBOUND,
            now=clock.now(),
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
