"""Says what each role may do, as one table; pure."""

from enum import StrEnum

from engine.base.errors import NotAllowed
from storage.records.people import Caller, Role


class Right(StrEnum):
    """One thing that can be done or seen; the words complete the sentence "A manager may not ..."."""

    SEE_CONNECTIONS = "see connections"
    EDIT_CONNECTIONS = "change connections"
    SEE_CREDENTIALS = "see credentials"
    SEE_MAPPINGS = "see mappings"
    EDIT_MAPPINGS = "change mappings"
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
    SEE_FILES = "see files"
    GET_FILES = "download files"
    SEND_FILES = "hand files over"
    SEE_STATUS = "see the status"


_SUPPORT = frozenset(
    {
        Right.SEE_CONNECTIONS,
        Right.SEE_MAPPINGS,
        Right.SEE_RUNS,
        Right.CANCEL,
        Right.SEE_REJECTS,
        Right.SEE_PROFILES,
        Right.SEE_CONNECTORS,
        Right.SEE_STATISTICS,
        Right.SEE_FAILURES,
        Right.REPLAY,
        Right.SEE_FILES,
        Right.SEE_STATUS,
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
        Right.SEE_STATUS,
    }
)
# A partner's rights end at what is its own: `owns` is asked beside them.
_PARTNER = frozenset(
    {
        Right.SEE_CONNECTIONS,
        Right.EDIT_CONNECTIONS,
        Right.SEE_CREDENTIALS,
        Right.SEE_FILES,
        Right.GET_FILES,
    }
)
_RIGHTS: dict[Role, frozenset[Right]] = {
    Role.ADMIN: frozenset(Right),
    Role.ANALYST: frozenset(Right) - {Right.MANAGE_PEOPLE},
    Role.MANAGER: _MANAGER,
    Role.SUPPORT: _SUPPORT,
    Role.PARTNER: _PARTNER,
}
_ARTICLE = {Role.ADMIN: "An", Role.ANALYST: "An", Role.MANAGER: "A", Role.SUPPORT: "A", Role.PARTNER: "A"}
_WORD = {
    Role.ADMIN: "admin",
    Role.ANALYST: "analyst",
    Role.MANAGER: "manager",
    Role.SUPPORT: "support person",
    Role.PARTNER: "partner",
}


def may(role: Role, right: Right) -> bool:
    """Say whether the role has the right."""
    return right in _RIGHTS[role]


def owns(caller: Caller, owner_id: str | None) -> bool:
    """Say whether a thing made by this person is the caller's to see; only partners are held to their own."""
    return caller.role is not Role.PARTNER or (owner_id is not None and owner_id == caller.person_id)


def check(caller: Caller, right: Right) -> None:
    """Pass where the caller's role has the right.

    Raises:
        NotAllowed: It has not; the sentence names role and right.
    """
    if not may(caller.role, right):
        who = f"{_ARTICLE[caller.role]} {_WORD[caller.role]}"
        raise NotAllowed(f"{who} may not {right.value}; ask an admin for another role.")
