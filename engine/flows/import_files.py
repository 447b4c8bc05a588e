"""The run of a connection: fetch what is new, read it, merge what changed, and account for every row.

Reads like the help article "Setting an Import goal". Claim, act, record: each file is merged in one
transaction that also leaves the marker of having been taken, so a run that was killed goes on where it
stopped and counts nothing twice. Where partners push to us there is nothing to fetch: their files wait already.
"""

from pathlib import Path
from typing import Any

from engine.base import clock, errors, log, workers
from engine.flows import audiences, deliver, queue, remembering, sources, taking, ticks
from engine.flows.desk import Desk
from engine.flows.watch import Stages, Watch
from engine.flows.work import STAGES_OF_A_GOAL, Work, added
from engine.mapping import goal_checks
from storage.database import Cursor, StorageFault, StorageFull
from storage.records.connections import Connection, ConnectionState, Direction
from storage.records.exchange import FileState
from storage.records.goals import ImportGoal
from storage.records.runs import Run, RunCounts, RunState
from storage.tables import audiences as audiences_table
from storage.tables import connections, exchange, files_seen, goals, jobs, profiles, runs


def run_connection(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Carry out one run to its recorded end: completed, failed or cancelled.

    Args:
        desk: The open home.
        arguments: {"run_id"}.
        watch: Of this job.

    Returns:
        The counts, in the shape that `run NAME --json` promises.

    Raises:
        HandoffError: The run failed or was cancelled; it is recorded already.
    """
    run_id = arguments["run_id"]
    with desk.database.write("ctl") as cursor:
        runs.start(cursor, run_id, clock.now())
    run, connection = _load(desk, run_id)
    work = Work(desk, run, connection, Stages(desk, run_id), watch)
    try:
        watch.stop_if_cancelled()
        if connection.direction is Direction.OUTBOUND:
            deliver.run(work)
        else:
            _import_goals(work)
            _see_to_audiences(work)
        if work.failures:
            raise _joined(work.failures)
    except errors.ServiceStopping:
        raise
    except (errors.HandoffError, StorageFault, OSError) as error:
        expected = _as_expected(error, work.counts)
        work.stages.fail(str(expected))
        _record_failure(desk, run_id, work.counts, expected)
        if work.failures and not isinstance(expected, errors.Cancelled | errors.TryAgain):
            with desk.database.write("ctl") as cursor:
                _go_on(cursor, run, only_untried=True)
        raise expected from error
    with desk.database.write("ctl") as cursor:
        runs.end(cursor, run_id, RunState.COMPLETED, work.counts, clock.now(), None)
        now_there = connections.by_id(cursor, connection.connection_id)
        if now_there is not None and now_there.state is ConnectionState.PAUSED:
            connections.set_state(cursor, connection.connection_id, ConnectionState.ON, None, clock.now())
        if now_there is not None and connection.direction is Direction.INBOUND:
            _go_on(cursor, run)
        remembering.queue_what_is_left(desk, cursor, "run")
    return work.counts.as_contract()


def _go_on(cursor: Cursor, run: Run, *, only_untried: bool = False) -> None:
    """Queue another run where files still wait: a run takes one version of a file, and a second one came."""
    kept = {goal.goal_id for goal in ticks.ticked(goals.of_connection(cursor, run.connection_id))}
    left = [
        file
        for file in exchange.in_state(cursor, run.connection_id, FileState.QUEUED)
        if file.goal_id in kept and not (only_untried and file.run_id)
    ]
    if left and not jobs.has_queued(cursor, queue.run_key(run.connection_id)):
        queue.add_run(cursor, run.connection_id, run.started_by)


def end_if_open(desk: Desk, arguments: dict[str, Any], error: errors.HandoffError) -> None:
    """Record the failure of a run that could not do so itself: cut off too often, or stopped by a fault of ours."""
    with desk.database.read() as cursor:
        run = runs.by_id(cursor, arguments["run_id"])
        committed = files_seen.counts_of_run(cursor, arguments["run_id"]).values()
    if run is not None and run.ended_at is None:
        taking.settle(desk, run.connection_id, error)
        counts = RunCounts()
        for of_file in committed:
            counts = added(counts, of_file)
        _record_failure(desk, run.run_id, counts, error)


def _as_expected(error: Exception, counts: RunCounts) -> errors.HandoffError:
    if isinstance(error, StorageFull):
        return errors.OutOfSpace(str(error))
    if isinstance(error, errors.Cancelled) and counts.files_taken:
        files = "one file was" if counts.files_taken == 1 else f"{counts.files_taken:,} files were"
        return errors.Cancelled(f"Cancelled by a person; {files} merged before, nothing after.")
    if isinstance(error, errors.HandoffError):
        return error
    if isinstance(error, OSError):
        return workers.as_storage_error(error)
    return errors.GiveUp(str(error), errors.Category.STORAGE)


def _load(desk: Desk, run_id: str) -> tuple[Run, Connection]:
    with desk.database.read() as cursor:
        run = runs.by_id(cursor, run_id)
        connection = connections.by_id(cursor, run.connection_id) if run else None
    if run is None or connection is None:
        raise errors.GiveUp("This run's connection is not there any more.")
    return run, connection


def _import_goals(work: Work) -> None:
    with work.desk.database.read() as cursor:
        found = goals.of_connection(cursor, work.connection.connection_id)
        known = profiles.properties(cursor)
    resting = ticks.problem(work.connection, found)
    if resting:
        raise errors.GiveUp(resting)
    wanted = ticks.ticked(found)
    for goal in wanted:
        # A schedule starts runs without asking whether the mapping is done.
        for problem in goal_checks.problems(goal, known, work.connection.data_type)[:1]:
            raise errors.MendData(f"Map columns first: {problem}")
    taking.take_up(work, found)
    is_pulled = not work.connection.is_hosted
    folder = work.desk.spool.work_folder(work.run.run_id)
    try:
        seen = sources.look(work, wanted) if is_pulled and wanted else {}
        for number, goal in enumerate(wanted):
            _import_goal(work, goal, seen.get(goal.goal_id), folder / str(number), number * STAGES_OF_A_GOAL)
    finally:
        work.desk.spool.discard(folder)


def _import_goal(
    work: Work, goal: ImportGoal, seen: "sources.Seen | errors.HandoffError | None", folder: Path, base: int
) -> None:
    folder.mkdir()
    try:
        fetched = sources.fetch(work, goal, seen, folder, base) if seen is not None else ()
    except (errors.Cancelled, errors.ServiceStopping, errors.OutOfSpace):
        raise
    except errors.HandoffError as error:
        work.stages.fail(str(error))
        # What is here already needs no server: files that were kept by an earlier run, or that a person handed in.
        taking.take(work, goal, folder, base)
        raise
    taking.take(work, goal, folder, base)
    if seen is not None:
        sources.remove(work, goal, fetched, seen, base)


def _see_to_audiences(work: Work) -> None:
    """Recompute the audiences where files were merged; one transaction each, so a kill in between loses nothing."""
    with work.desk.database.read() as cursor:
        is_needed = bool(files_seen.counts_of_run(cursor, work.run.run_id)) and bool(audiences_table.listed(cursor))
    if not is_needed:
        return
    with work.desk.database.read() as cursor:
        position = len(goals.of_connection(cursor, work.connection.connection_id)) * STAGES_OF_A_GOAL + 1
    work.stages.begin(position, "Audiences", "audiences")
    done = audiences.recompute_all(work.desk, work.run.number)
    changed = [
        f"{name} {found.members:,} (+{found.entered:,} -{found.left:,})"
        for name, found in done
        if found.entered or found.left
    ]
    work.stages.finish(" · ".join(changed) or "No audience changed.")


def named(local: Path, name: str) -> Path:
    """Give a fetched file its own name, in a folder of its own, so that sentences can say it; return where it is."""
    folder = local.with_suffix(".named")
    folder.mkdir()
    return local.rename(folder / name)


def _joined(failures: list[errors.HandoffError]) -> errors.HandoffError:
    first = failures[0]
    if len(failures) == 1:
        return first
    return errors.MendData(f"{len(failures)} files could not be used, the first: {first}", first.category)


def _record_failure(desk: Desk, run_id: str, counts: RunCounts, error: errors.HandoffError) -> None:
    # Not the sentence, which is in the run's row: it may name what stood in a file.
    log.logger(__name__).warning("run %s: %s (%s)", run_id, error.category.value, type(error).__name__)
    state = RunState.CANCELLED if isinstance(error, errors.Cancelled) else RunState.FAILED
    with desk.database.write("ctl") as cursor:
        runs.end(cursor, run_id, state, counts, clock.now(), (str(error), error.category.value))
        run = runs.by_id(cursor, run_id)
        connection = connections.by_id(cursor, run.connection_id) if run else None
        for audience in audiences_table.listed(cursor):
            # Files merged before the failure count.
            queue.add_recompute(cursor, audience.audience_id, "run")
        remembering.queue_what_is_left(desk, cursor, "run")
        is_on = connection is not None and connection.state is ConnectionState.ON
        if connection is not None and is_on and error.category is errors.Category.HOST_KEY:
            # Nothing is tried again by itself at a server that may be somebody else's (faults row 59).
            connections.set_state(cursor, connection.connection_id, ConnectionState.PAUSED, str(error), clock.now())
