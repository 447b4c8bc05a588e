"""Writes credentials inside a caller's transaction: entered ones sealed, provisioned ones as hashes and public keys."""

import dataclasses
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.base import clock, errors, ids
from engine.flows import sealing
from engine.flows.desk import Desk
from engine.security import audit, roles
from engine.security.audit import What
from storage.database import Cursor
from storage.records.connections import Method, Secrets
from storage.records.credentials import Credential, CredentialKind, Origin
from storage.records.people import Caller
from storage.tables import connections, credentials


@dataclass(frozen=True)
class WantedCredential:
    """How a credential should be. host and port: of the one server that an entered secret is for.

    secrets: None keeps the secret that is there (entered), or where there is none to keep (provisioned).
    """

    name: str
    method: Method
    origin: Origin
    kind: CredentialKind
    username: str = ""
    host: str = ""
    port: int = 0
    secrets: Secrets | None = field(default=None, repr=False)
    password_hash: str = field(default="", repr=False)
    public_keys: tuple[str, ...] = ()
    return_email: str = ""
    shown_at: datetime | None = None


def put(desk: Desk, cursor: Cursor, caller: Caller, wanted: WantedCredential, before: Credential | None) -> Credential:
    """Write a credential, new or in the place of `before`, audited; its version grows where its secret changes.

    Raises:
        BadInput: Its name belongs to other credentials.
    """
    named = credentials.by_name(cursor, wanted.name)
    if named is not None and (before is None or named.credential_id != before.credential_id):
        raise errors.BadInput(f"Credentials named {wanted.name} exist. Choose another name.", "credential_name")
    holder = credentials.by_login(cursor, wanted.username) if wanted.username else None
    is_login = wanted.origin is Origin.PROVISIONED and holder is not None
    if is_login and (before is None or holder is None or holder.credential_id != before.credential_id):
        raise errors.BadInput(f"The user name {wanted.username} is taken; choose another one.", "username")
    now = clock.now()
    credential_id = before.credential_id if before else ids.ulid()
    sealed = credentials.secret(cursor, credential_id) if before else None
    is_new_secret = wanted.secrets is not None
    if wanted.secrets is not None:
        sealed = sealing.seal(desk, sealing.for_credential(credential_id), wanted.secrets)
    credential = Credential(
        credential_id=credential_id,
        name=wanted.name,
        method=wanted.method,
        origin=wanted.origin,
        kind=wanted.kind,
        username=wanted.username,
        host=wanted.host,
        port=wanted.port,
        public_keys=wanted.public_keys,
        password_hash=wanted.password_hash,
        return_email=wanted.return_email,
        version=before.version if before else 1,
        owner_id=before.owner_id if before else caller.person_id,
        shown_at=wanted.shown_at,
        last_used_at=before.last_used_at if before else None,
        created_at=before.created_at if before else now,
        changed_at=now,
    )
    if before and (is_new_secret or _sign_in(before) != _sign_in(credential)):
        credential = dataclasses.replace(credential, version=before.version + 1)
    if before and not is_new_secret and dataclasses.replace(credential, changed_at=before.changed_at) == before:
        return before
    credentials.put(cursor, credential, sealed)
    said = {**_said(credential), **({"secret": "replaced"} if before and is_new_secret else {})}
    did, old = ("changed", _said(before)) if before else ("created", None)
    audit.record(cursor, caller, did, what(credential), before=old, after=said)
    return credential


def delete(cursor: Cursor, caller: Caller, credential: Credential) -> None:
    """Remove a credential that nothing uses, audited."""
    credentials.delete(cursor, credential.credential_id)
    audit.record(cursor, caller, "deleted", what(credential), before=_said(credential))


def owned(cursor: Cursor, caller: Caller, credential_id: str) -> Credential:
    """Return a credential that the caller may see.

    Raises:
        GiveUp: It is not there, or somebody else's.
    """
    credential = credentials.by_id(cursor, credential_id)
    if credential is None or not roles.owns(caller, credential.owner_id):
        raise errors.GiveUp("These credentials are not there any more; go back to the list.")
    return credential


def is_used_only_by(cursor: Cursor, credential_id: str, connection_id: str | None) -> bool:
    """Say whether no connection but this one uses a credential."""
    users = connections.of_credential(cursor, credential_id)
    return all(user.connection_id == connection_id for user in users)


def what(credential: Credential) -> What:
    """Name a credential for the audit."""
    return What("credentials", credential.credential_id, credential.name)


def _sign_in(credential: Credential) -> tuple[object, ...]:
    return (credential.kind, credential.username, credential.password_hash, credential.public_keys)


def _said(credential: Credential) -> dict[str, Any]:
    return {
        "name": credential.name,
        "method": credential.method.value,
        "kind": credential.kind.value,
        "username": credential.username,
        "host": credential.host,
        "port": credential.port,
        "public_keys": list(credential.public_keys),
        "return_email": credential.return_email,
        "version": credential.version,
    }
