"""Every saved version of a goal: what it said, when it was saved and by whom."""

from dataclasses import dataclass
from datetime import datetime

from engine.flows.desk import Desk
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.goals import ImportGoal
from storage.records.people import Caller
from storage.tables import goals


@dataclass(frozen=True)
class Version:
    """One saved state of a goal. saved_at is UTC."""

    goal: ImportGoal
    saved_at: datetime
    saved_by: str


def listed(desk: Desk, caller: Caller, goal_id: str) -> tuple[Version, ...]:
    """Return all versions of a goal, newest first.

    Raises:
        NotAllowed: The caller's role does not see mappings.
    """
    audit.allow(desk.database, caller, Right.SEE_MAPPINGS, What("goal", goal_id))
    with desk.database.read() as cursor:
        return tuple(Version(*found) for found in goals.versions(cursor, goal_id))
