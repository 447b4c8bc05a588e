"""Which goals of a connection run: those whose box is ticked; the others rest, in nobody's way, or can be removed."""

from collections.abc import Sequence

from storage.database import Cursor
from storage.records.connections import Connection, Direction
from storage.records.exchange import FileState, HandedFile
from storage.records.goals import ImportGoal
from storage.tables import exchange, files_seen


def ticked(goals: Sequence[ImportGoal]) -> list[ImportGoal]:
    """Return those that run, in their order."""
    return [goal for goal in goals if goal.is_on]


def ticked_first(goals: Sequence[ImportGoal]) -> list[ImportGoal]:
    """Return all, those that run before those that rest; else in their order."""
    return sorted(goals, key=lambda goal: not goal.is_on)


def problem(connection: Connection, goals: Sequence[ImportGoal]) -> str | None:
    """Return why a run of this connection could do nothing, one sentence, or None; goals: all that it has."""
    if connection.direction is Direction.OUTBOUND or ticked(goals):
        return None
    if goals:
        return f"No goal of {connection.name} is ticked. Tick one on its page, then run it."
    return f"{connection.name} has no goal yet. Add one on its page, then run it."


def not_resting(files: Sequence[HandedFile], goals: Sequence[ImportGoal]) -> list[HandedFile]:
    """Return those of a connection's files that do not wait for a goal of it to be ticked."""
    resting = {goal.goal_id for goal in goals if not goal.is_on}
    return [file for file in files if file.state is not FileState.QUEUED or file.goal_id not in resting]


def why_kept(cursor: Cursor, goal_id: str) -> str | None:
    """Return why a goal cannot be removed, one sentence, or None.

    The versions of one that imported explain what it set, and without it a file would be counted a second time.
    """
    if files_seen.marks(cursor, goal_id):
        return "This goal has imported files, so its history stays; untick it instead."
    if any(exchange.in_state_of_goal(cursor, goal_id, state) for state in _HELD):
        return "Files came for this goal, so it stays; untick it instead."
    return None


_HELD = (FileState.QUEUED, FileState.IN_PROGRESS, FileState.COMPLETE)
