"""Says what each role may do, as one table; pure."""

from enum import StrEnum

from engine.base.errors import NotAllowed
from storage.records.people import Caller, Role


class Right(StrEnum):
    """One thing that can be done or seen; the words complete the sentence "A manager may not ..."."""

    SEE_CONNECTIONS = "see connections"
    EDIT_CONNECTIONS = "change connections and mappings"
    SEE_RUNS = "see runs"
    RUN = "start runs"
    CANCEL = "cancel runs"
    SEE_REJECTS = "see rejected rows"
    SEE_PROFILES = "see profiles"
    SEE_RAW_VALUES = "see unmasked values"
    SEE_AUDIENCES = "see audiences"
    EDIT_AUDIENCES = "change audiences"
    SEE_CONNECTORS = "see connectors"
    EDIT_CONNECTORS = "change connectors"
    SWITCH_CONNECTORS = "activate and deactivate connectors"
    SEE_STATISTICS = "see partner statistics"
    SEE_FAILURES = "see failed messages"
    REPLAY = "replay failed messages"
    MANAGE_PEOPLE = "manage people"


_SUPPORT = frozenset(
    {
        Right.SEE_CONNECTIONS,
        Right.SEE_RUNS,
        Right.CANCEL,
        Right.SEE_REJECTS,
        Right.SEE_PROFILES,
        Right.SEE_CONNECTORS,
        Right.SEE_STATISTICS,
        Right.SEE_FAILURES,
        Right.REPLAY,
    }
)
_MANAGER = frozenset(
    {
        Right.SEE_RUNS,
        Right.SEE_REJECTS,
        Right.SEE_AUDIENCES,
        Right.SEE_CONNECTORS,
        Right.SWITCH_CONNECTORS,
        Right.SEE_STATISTICS,
    }
)
_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.ANALYST: frozenset(Right) - {Right.MANAGE_PEOPLE},
    Role.MANAGER: _MANAGER,
    Role.SUPPORT: _SUPPORT,
}
_ARTICLE = {Role.ADMIN: "An", Role.ANALYST: "An", Role.MANAGER: "A", Role.SUPPORT: "A"}
_WORD = {Role.ADMIN: "admin", Role.ANALYST: "analyst", Role.MANAGER: "manager", Role.SUPPORT: "support person"}


def may(role: Role, right: Right) -> bool:
    """Say whether the role has the right."""
    return right in _RIGHTS[role]


def check(caller: Caller, right: Right) -> None:
    """Pass where the caller's role has the right.

    Raises:
        NotAllowed: It has not; the sentence names role and right.
    """
    if not may(caller.role, right):
        who = f"{_ARTICLE[caller.role]} {_WORD[caller.role]}"
        raise NotAllowed(f"{who} may not {right.value}; ask an admin for another role.")
