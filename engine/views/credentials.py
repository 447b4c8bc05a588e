"""What the Credentials page shows: who may sign in, to what, and which connections use it; never a secret."""

from dataclasses import dataclass, replace
from datetime import datetime

from engine.base import clock, errors
from engine.connections import matrix
from engine.connections.matrix import SignInKind
from engine.connections.telling import Ours
from engine.flows import ours
from engine.flows.desk import Desk
from engine.security import audit, roles
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import Connection, Direction, Method, Methodology
from storage.records.credentials import Credential, CredentialKind, Origin
from storage.records.people import Caller
from storage.tables import connections, credentials

__all__ = ["CredentialLine", "CredentialList", "CredentialPage", "SignInKind", "kinds", "listed", "page", "usual_port"]


@dataclass(frozen=True)
class CredentialLine:
    """One line of the list; used_by: the connections that use it, by name. credential has no hash in it."""

    credential: Credential
    used_by: tuple[Connection, ...]


@dataclass(frozen=True)
class CredentialList:
    """The list, by name. Times are UTC."""

    lines: tuple[CredentialLine, ...]
    now: datetime
    may_edit: bool


@dataclass(frozen=True)
class CredentialPage:
    """One credential. ours: what a partner needs who signs in to us with it, empty otherwise."""

    credential: Credential
    used_by: tuple[Connection, ...]
    ours: Ours
    now: datetime
    may_edit: bool


def listed(desk: Desk, caller: Caller) -> CredentialList:
    """Return the credentials that the caller may see; a partner's own alone.

    Raises:
        NotAllowed: The caller's role does not see credentials.
    """
    audit.allow(desk.database, caller, Right.SEE_CREDENTIALS, What("page", name="Credentials"))
    with desk.database.read() as cursor:
        present = connections.listed(cursor)
        lines = tuple(
            CredentialLine(without_hash(item), _used_by(caller, present, item.credential_id))
            for item in credentials.listed(cursor)
            if roles.owns(caller, item.owner_id)
        )
    return CredentialList(lines, clock.now(), roles.may(caller.role, Right.EDIT_CONNECTIONS))


def page(desk: Desk, caller: Caller, credential_id: str) -> CredentialPage:
    """Return one credential and who uses it.

    Raises:
        NotAllowed: The caller's role does not see credentials.
        GiveUp: It is not there, or somebody else's.
    """
    audit.allow(desk.database, caller, Right.SEE_CREDENTIALS, What("credentials", credential_id))
    with desk.database.read() as cursor:
        found = credentials.by_id(cursor, credential_id)
        if found is None or not roles.owns(caller, found.owner_id):
            raise errors.GiveUp("These credentials are not there any more; go back to the list.")
        used_by = _used_by(caller, connections.listed(cursor), credential_id)
        place = _ours(desk, cursor, found, used_by)
    may_edit = roles.may(caller.role, Right.EDIT_CONNECTIONS)
    return CredentialPage(without_hash(found), used_by, place, clock.now(), may_edit)


def kinds(method: Method, origin: Origin) -> tuple[SignInKind, ...]:
    """Return how one may sign in with credentials of a method and origin; empty for mail that comes to us."""
    how = Methodology.PUSH if origin is Origin.PROVISIONED else Methodology.PULL
    return matrix.WAYS[Direction.INBOUND, method, how].kinds


def usual_port(method: Method) -> int:
    """Return the port that a partner's server mostly has."""
    return matrix.WAYS[Direction.INBOUND, method, Methodology.PULL].port


def without_hash(credential: Credential) -> Credential:
    """Return a credential as pages may have it."""
    return replace(credential, password_hash="")


def _ours(desk: Desk, cursor: Cursor, found: Credential, used_by: tuple[Connection, ...]) -> Ours:
    if found.origin is not Origin.PROVISIONED:
        return Ours()
    if found.kind is CredentialKind.ADDRESS:
        addresses = {user.details.address for user in used_by}
        return ours.of(desk, cursor, found.method, "", addresses.pop() if len(addresses) == 1 else "")
    folders = {user.details.hosted_folder for user in used_by}
    return ours.of(desk, cursor, found.method, folders.pop() if len(folders) == 1 else ours.TOP)


def _used_by(caller: Caller, present: list[Connection], credential_id: str) -> tuple[Connection, ...]:
    return tuple(item for item in present if item.credential_id == credential_id and roles.owns(caller, item.owner_id))
