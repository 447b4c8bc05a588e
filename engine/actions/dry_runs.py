"""Asking what the next run of a goal would do, as the goal is edited; nothing is written but the answer."""

from engine.actions.desk import Desk, known_connection, known_goal
from engine.base import errors
from engine.flows import goal_place, queue
from engine.mapping import goal_checks
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.goals import ImportGoal
from storage.records.people import Caller
from storage.tables import goals, jobs, profiles


def ask(desk: Desk, caller: Caller, goal: ImportGoal) -> str:
    """Queue a dry run of a goal, saved or not; return the job's id.

    Args:
        desk: The open home.
        caller: Who asks.
        goal: As it is edited; one of its id has been saved.

    Raises:
        BadInput: The first problem of the goal.
        GiveUp: The goal is gone, or a dry run of it goes already.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("goal", goal.goal_id))
    with desk.database.write("ctl") as cursor:
        connection = known_connection(cursor, known_goal(cursor, goal.goal_id).connection_id)
        way = (connection.direction, connection.method, connection.methodology)
        wrong = goal_place.problem(way, goal.folder, goal.files, goal.files_kind)
        found = [wrong] if wrong else goal_checks.problems(goal, profiles.properties(cursor), connection.data_type)
        if found:
            raise errors.BadInput(found[0])
        if jobs.open_with_key(cursor, key(goal.goal_id)) is not None:
            raise errors.GiveUp(f"A dry run of {connection.name} is going already; wait for its end, or cancel it.")
        arguments = {"goal_id": goal.goal_id, "definition": goals.definition(goal)}
        return queue.add_question(cursor, queue.DRY_RUN, arguments, key(goal.goal_id), caller.name)


def key(goal_id: str) -> str:
    """Return the key of a goal's dry runs: the newest one is what its page shows."""
    return f"dry_run:{goal_id}"


def cancel(desk: Desk, caller: Caller, goal_id: str) -> None:
    """Stop the dry run of a goal that goes, if one does."""
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("goal", goal_id))
    with desk.database.write("ctl") as cursor:
        job = jobs.open_with_key(cursor, key(goal_id))
        if job is not None:
            jobs.want_cancel(cursor, job.job_id)
