"""Reads what the People page shows: who is here, with which role, and who is invited."""

from dataclasses import dataclass
from datetime import datetime

from engine.base import clock, limits
from engine.flows.desk import Desk
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.people import Caller, Invitation, Person
from storage.tables import people as table


@dataclass(frozen=True)
class PersonLine:
    """One person and how many sign-ins of theirs are live."""

    person: Person
    sessions: int


@dataclass(frozen=True)
class PeoplePage:
    """Everything of the People page. now is UTC, for "today" and "yesterday"; link_hours is how long links last."""

    people: tuple[PersonLine, ...]
    invitations: tuple[Invitation, ...]
    now: datetime
    link_hours: int = limits.INVITE_HOURS_MAX


def page(desk: Desk, caller: Caller) -> PeoplePage:
    """Return people by name, and invitations that nobody has used yet.

    Raises:
        NotAllowed: The caller may not manage people.
    """
    audit.allow(desk.database, caller, Right.MANAGE_PEOPLE, What("page", name="People"))
    now = clock.now()
    with desk.database.read() as cursor:
        people = table.with_sessions(cursor, now, limits.PEOPLE_MAX)
        invitations = table.pending_invitations(cursor, now, limits.PEOPLE_MAX)
    return PeoplePage(tuple(PersonLine(person, sessions) for person, sessions in people), tuple(invitations), now)
