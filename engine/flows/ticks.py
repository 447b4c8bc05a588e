"""Which goals of a connection run: those whose box is ticked; the others rest and are in nobody's way."""

from collections.abc import Sequence

from storage.records.connections import Connection, Direction
from storage.records.exchange import FileState, HandedFile
from storage.records.goals import ImportGoal


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
