"""People who sign in, their roles, and who acts in an action."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum


class Role(StrEnum):
    """What a person may do; the rules are in engine.security.roles."""

    ADMIN = "admin"
    ANALYST = "analyst"
    MANAGER = "manager"
    SUPPORT = "support"


@dataclass(frozen=True)
class Person:
    """One row of ctl.person. Times are UTC. is_active is false once deactivated."""

    person_id: str
    name: str
    email: str
    role: Role
    is_active: bool
    created_at: datetime
    last_seen_at: datetime | None


@dataclass(frozen=True)
class Caller:
    """Who calls an action or view: a signed-in person, or the command line ("cli:<os user>"), and the role."""

    name: str
    role: Role
    person_id: str | None = None
