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
    PARTNER = "partner"


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


@dataclass(frozen=True)
class Invitation:
    """One row of ctl.invitation; the token itself is shown once and never stored.

    email is empty for the first administrator, who enters one. person_id is set where the link gives a
    person who exists a new password. Times are UTC.
    """

    invitation_id: str
    person_id: str | None
    name: str
    email: str
    role: Role
    created_at: datetime
    expires_at: datetime
    used_at: datetime | None
    created_by: str


@dataclass(frozen=True)
class AuditEntry:
    """One row of ctl.audit. position counts from 1; row_hash covers all the rest and previous_hash."""

    audit_id: str
    position: int
    made_at: datetime
    who: str
    did: str
    what_kind: str
    what_id: str
    what_name: str
    before_json: str | None
    after_json: str | None
    previous_hash: str
    row_hash: str
