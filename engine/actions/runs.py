"""Starting and cancelling runs: a row each, which the engine takes up."""

from engine.actions.desk import Desk, known_connection
from engine.base import errors
from engine.flows import queue
from engine.mapping import checks
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import Connection, ConnectionState
from storage.records.people import Caller
from storage.tables import goals, jobs, profiles


def run_now(desk: Desk, caller: Caller, connection_id: str) -> str:
    """Queue a run of a connection and return its id.

    Raises:
        GiveUp: It is off, or a run is waiting already.
        BadInput: Its goal is not mapped yet.
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
        GiveUp: It is off.
        BadInput: The goal has a problem; the sentence says which.
    """
    if connection.state is ConnectionState.OFF:
        raise errors.GiveUp(f"{connection.name} is off. Turn it on to run it.")
    known = profiles.properties(cursor)
    for goal in goals.of_connection(cursor, connection.connection_id):
        found = checks.problems(goal, known)
        if found:
            raise errors.BadInput(f"Map columns first: {found[0]}")


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
