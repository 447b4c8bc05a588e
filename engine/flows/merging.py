"""Merges one read file within a transaction: for a run, or for a dry run that is taken back."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path

from engine.audiences import rule
from engine.base import errors
from engine.flows import remembering
from engine.flows.desk import Desk
from engine.mapping import plan
from storage.database import Cursor, ValueTooLarge
from storage.records.connections import Connection
from storage.records.files import FileReading
from storage.records.goals import ImportGoal
from storage.records.merges import MergePlan
from storage.records.runs import RunCounts
from storage.tables import audiences, files_seen, members, merges, profiles, to_remember


@dataclass(frozen=True)
class Shrunk:
    """What a run does to an audience. members: before it; leave, enter: of the profiles that it touched."""

    name: str
    members: int
    leave: int
    enter: int

    @property
    def percent(self) -> float:
        """The share of the members that leaves."""
        return 100 * self.leave / self.members if self.members else 0.0


def merge(
    desk: Desk, cursor: Cursor, connection: Connection, goal: ImportGoal, reading: FileReading, attempt: plan.Attempt
) -> tuple[MergePlan, RunCounts]:
    """Merge one file; the caller holds the write transaction on `dat`.

    Rows of its last import that are still to be remembered are remembered first. Where the attempt remembers later,
    what the reader accepted is moved beside the before-image for that.

    Raises:
        MendData: The file does not fit the goal, or a limit of the goal is met (category limit).
        GiveUp: The ledger does not add up.
        ValueTooLarge: A sum outgrew its property; `large` says it.
    """
    for remaining in to_remember.of_file(cursor, goal.goal_id, attempt.file_name):
        remembering.settle(desk, cursor, remaining)
    held = {name: item.type for name, item in profiles.properties(cursor).items()}
    seen = files_seen.last(cursor, goal.goal_id, attempt.file_name)
    made = plan.make(goal, reading, seen, replace(attempt, data_type=connection.data_type, held=held))
    try:
        counts = merges.merge(cursor, made)
    except merges.SumWouldMiss as error:
        raise errors.MendData(str(error)) from error
    except merges.TooManyRejects as error:
        raise errors.MendData(str(error), errors.Category.LIMIT) from error
    except merges.Unbalanced as error:
        raise errors.GiveUp(str(error), errors.Category.LEDGER) from error
    _guard(cursor, made)
    if made.remembers_later and to_remember.of_file(cursor, goal.goal_id, attempt.file_name):
        Path(reading.accepted_path).replace(desk.spool.accepted_rows(made.changes_key))
    return made, counts


def large(name: str, error: ValueTooLarge) -> errors.MendData:
    """Return what is said of a file that makes a sum too large."""
    del error
    return errors.MendData(
        f"{name} makes a sum larger than a property holds (whole numbers below 2^63, decimals of 28 digits "
        "before the point). Nothing was changed: correct the file or the mapping."
    )


def _guard(cursor: Cursor, made: MergePlan) -> None:
    limit = made.shrink_percent_max
    if limit is None:
        return
    for found in shrunk(cursor, made.revision, lambda item: item.percent > limit):
        raise errors.MendData(too_small(found, limit), errors.Category.LIMIT)


def too_small(found: Shrunk, limit: float) -> str:
    """Return the sentence that asks: an audience would lose more of its members than the goal allows."""
    what = "be empty" if found.leave >= found.members and not found.enter else "shrink"
    return (
        f"Stopped: {found.name} would {what}: {found.leave:,} of its {found.members:,} profiles would leave "
        f"({found.percent:.0f} %, limit {limit:g} %). Nothing was merged. Mend the file, or import it anyway."
    )


def shrunk(cursor: Cursor, revision: int, wanted: Callable[[Shrunk], bool]) -> list[Shrunk]:
    """Return the audiences that the profiles of a run change so, in the run's own transaction, by name.

    One whose rule cannot be read any more keeps its members, so it is left out.
    """
    known = profiles.properties(cursor)
    found = []
    for audience in audiences.listed(cursor):
        try:
            condition = rule.parse(audience.rule, known)
        except errors.HandoffError:
            continue
        item = Shrunk(audience.name, *members.would_move(cursor, audience.audience_id, condition, revision))
        if wanted(item):
            found.append(item)
    return sorted(found, key=lambda item: item.name)
