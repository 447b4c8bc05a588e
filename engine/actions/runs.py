"""What people do with runs: start, cancel and revert them, import what a limit stopped; the engine finds the rows."""

from engine.actions.desk import Desk, known_connection
from engine.base import errors
from engine.flows import intake, queue, reverting, ticks
from engine.mapping import goal_checks
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import Connection, ConnectionState
from storage.records.exchange import FileState
from storage.records.people import Caller
from storage.records.runs import JobState, Run
from storage.tables import exchange, goals, jobs, profiles, runs


def run_now(desk: Desk, caller: Caller, connection_id: str) -> str:
    """Queue a run of a connection and return its id.

    Raises:
        GiveUp: It is off, no goal of it is ticked, or a run is waiting already.
        BadInput: A ticked goal is not mapped yet.
    """
    audit.allow(desk.database, caller, Right.RUN, What("connection", connection_id))
    with desk.database.write("ctl") as cursor:
        connection = known_connection(cursor, connection_id)
        refuse_unready(cursor, connection)
        if jobs.count_open(cursor, queue.run_key(connection_id)) > 1:
            raise errors.GiveUp("A run is going and another one is waiting already; wait for them to end.")
        run_id = queue.add_run(cursor, connection_id, caller.name)
        audit.record(cursor, caller, "started a run", What("connection", connection_id, connection.name))
    return run_id


def refuse_unready(cursor: Cursor, connection: Connection) -> None:
    """Refuse a run that could do nothing: off, or without a usable goal.

    Raises:
        GiveUp: It is off, or no goal of it is ticked.
        BadInput: A ticked goal has a problem; the sentence says which.
    """
    if connection.state is ConnectionState.OFF:
        raise errors.GiveUp(f"{connection.name} is off. Turn it on to run it.")
    found = goals.of_connection(cursor, connection.connection_id)
    resting = ticks.problem(connection, found)
    if resting:
        raise errors.GiveUp(resting)
    known = profiles.properties(cursor)
    for goal in ticks.ticked(found):
        wrong = goal_checks.problems(goal, known, connection.data_type)
        if wrong:
            raise errors.BadInput(f"Map columns first: {wrong[0]}")


def cancel(desk: Desk, caller: Caller, run_id: str) -> None:
    """Ask a queued or going run to stop; what it has not committed is not changed.

    Raises:
        GiveUp: It has ended.
    """
    audit.allow(desk.database, caller, Right.CANCEL, What("run", run_id))
    with desk.database.write("ctl") as cursor:
        job = jobs.by_id(cursor, run_id)
        if job is None or job.result is not None or job.error is not None:
            raise errors.GiveUp("This run has ended; there is nothing to cancel.")
        jobs.want_cancel(cursor, run_id)
        audit.record(cursor, caller, "cancelled", What("run", run_id))


def revert_key(run_id: str) -> str:
    """Return the key of a run's reverts: the newest one is what its page shows."""
    return f"revert:{run_id}"


def revert(desk: Desk, caller: Caller, run_id: str) -> str:
    """Queue the taking back of what a run changed; return the job's id.

    Args:
        desk: The open home.
        caller: Who wants it.
        run_id: The run's id or its number.

    Raises:
        GiveUp: It cannot be taken back now, and the sentence says why; or there is no such run.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("run", run_id))
    with desk.database.read() as cursor:
        run = _ended(cursor, run_id)
    found = reverting.hindrances(desk, run.run_id)
    if found:
        raise errors.GiveUp(found[0].sentence)
    with desk.database.write("ctl") as cursor:
        if jobs.open_with_key(cursor, revert_key(run.run_id)) is not None:
            raise errors.GiveUp(f"Run {run.number} is being reverted already; wait for the end of it.")
        arguments = {"run_id": run.run_id, "by": caller.name}
        job_id = queue.add_question(cursor, queue.REVERT, arguments, revert_key(run.run_id), caller.name)
        audit.record(cursor, caller, "reverted", What("run", run.run_id, f"{run.connection_name} {run.number}"))
    return job_id


def import_anyway(desk: Desk, caller: Caller, run_id: str) -> str:
    """Have the files of a run imported that a limit of their goal stopped; return the id of the run that does it.

    Args:
        desk: The open home.
        caller: Who wants it; is written into each file.
        run_id: The run's id or its number.

    Raises:
        GiveUp: No limit stopped a file of it, the connection is off or gone, or what came is not kept any more.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("run", run_id))
    with desk.database.write("ctl") as cursor:
        run = _ended(cursor, run_id)
        connection = known_connection(cursor, run.connection_id)
        refuse_unready(cursor, connection)
        of_run = exchange.of_run(cursor, run.run_id)
        stopped = [file for file in of_run if file.state is FileState.FAILED and file.is_stopped_by_limit]
        if not stopped:
            raise errors.GiveUp(f"No limit stops a file of run {run.number}; there is nothing to import.")
        for file in stopped:
            intake.again(desk, cursor, file.file_id)
            exchange.waive_limits(cursor, file.file_id, caller.name)
            what = What("file", file.file_id, file.name)
            audit.record(cursor, caller, "imported in spite of a limit", what, before={"stopped": file.reason})
        waiting = jobs.open_with_key(cursor, queue.run_key(connection.connection_id))
        if waiting is not None and waiting.state is JobState.QUEUED:
            return waiting.job_id
        return queue.add_run(cursor, connection.connection_id, caller.name)


def _ended(cursor: Cursor, run_id: str) -> Run:
    run = runs.by_id(cursor, run_id)
    if run is None:
        raise errors.GiveUp(f"There is no run {run_id}; see the list of runs.")
    if run.ended_at is None:
        raise errors.GiveUp(f"Run {run.number} is still going; wait for its end.")
    return run
