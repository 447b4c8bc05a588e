"""Applies the credentials of a YAML file's connections; what was made for a partner to sign in with is told once."""

import dataclasses
from dataclasses import dataclass
from typing import Any

from engine.actions import credential_rows, logins
from engine.actions.credential_rows import WantedCredential
from engine.actions.desk import Desk
from engine.actions.logins import Login
from engine.actions.wanted_connections import WantedConnection, WantedSignIn
from engine.base import clock
from engine.connections.matrix import SignInKind
from engine.flows import ours, sealing
from engine.security import keys, provisioning
from storage.database import Cursor
from storage.records.connections import Connection, Method, Secrets
from storage.records.credentials import Credential, CredentialKind, Origin
from storage.records.people import Caller
from storage.tables import connections, credentials


@dataclass(frozen=True)
class Put:
    """What became of a connection's credentials. fields: what differs. login: made just now, to be told once."""

    credential: Credential | None = None
    fields: dict[str, list[Any]] = dataclasses.field(default_factory=dict)
    login: Login | None = None


def put(desk: Desk, cursor: Cursor, caller: Caller, item: WantedConnection, before: Connection | None) -> Put:
    """Write the credentials of one connection inside the caller's ctl transaction; equal ones stay as they are."""
    if item.sign_in is None:
        return Put()
    held = _held(cursor, item, before)
    wanted, login = _wanted(desk, cursor, item, item.sign_in, held)
    if held is not None and _is_others_too(cursor, item, before, held) and _differences(held, wanted, item.sign_in):
        # Others use it, and this file does not name it: what is different here is this connection's alone.
        held = None
        wanted, login = _wanted(desk, cursor, item, item.sign_in, None)
    is_own = before is not None and held is not None and held.credential_id == before.credential_id
    fields = _differences(held if is_own else None, wanted, item.sign_in)
    credential = credential_rows.put(desk, cursor, caller, wanted, held)
    if before is not None and credential.credential_id != before.credential_id and not fields:
        fields = {"credentials": [None, credential.name]}
    return Put(credential, fields, login)


def told(desk: Desk, cursor: Cursor, connection_id: str, done: Put, *, is_new: bool) -> dict[str, Any] | None:
    """Return what a partner needs and is told once: a login that was just made, or the address of a new connection."""
    connection = connections.by_id(cursor, connection_id)
    if connection is None or done.credential is None:
        return None
    is_address = done.credential.kind is CredentialKind.ADDRESS and is_new
    if done.login is None and not is_address:
        return None
    place = ours.of_connection(desk, cursor, connection)
    shown = logins.told(done.credential.name, done.credential.method, place, done.login)
    return {name: value for name, value in dataclasses.asdict(shown).items() if value}


def _held(cursor: Cursor, item: WantedConnection, before: Connection | None) -> Credential | None:
    """Return the credential that is compared and, where it differs, replaced."""
    sign_in = item.sign_in
    if sign_in is not None and sign_in.credentials is not None:
        return credentials.by_name(cursor, sign_in.credentials)
    held = credentials.by_id(cursor, before.credential_id) if before and before.credential_id else None
    if held is not None and _fits(held, item):
        return held
    left = credentials.by_name(cursor, item.wanted.name)
    is_free = left is not None and not connections.of_credential(cursor, left.credential_id)
    return left if left is not None and is_free and _fits(left, item) else None


def _is_others_too(cursor: Cursor, item: WantedConnection, before: Connection | None, held: Credential) -> bool:
    is_named = item.sign_in is not None and item.sign_in.credentials is not None
    own = before.connection_id if before else None
    return not is_named and not credential_rows.is_used_only_by(cursor, held.credential_id, own)


def _fits(credential: Credential, item: WantedConnection) -> bool:
    origin = Origin.ENTERED if item.wanted.host else Origin.PROVISIONED
    return (credential.method, credential.origin) == (item.wanted.method, origin)


def _wanted(
    desk: Desk, cursor: Cursor, item: WantedConnection, sign_in: WantedSignIn, held: Credential | None
) -> tuple[WantedCredential, Login | None]:
    name = sign_in.credentials or (held.name if held else _free_name(cursor, item.wanted.name))
    if sign_in.secrets is not None:
        return _entered(desk, cursor, item, sign_in, sign_in.secrets, held, name), None
    if item.wanted.method is Method.EMAIL:
        kind, email = CredentialKind.ADDRESS, sign_in.return_email
        return WantedCredential(name, Method.EMAIL, Origin.PROVISIONED, kind, return_email=email), None
    return _provisioned(cursor, item, sign_in, held, name)


def _entered(
    desk: Desk,
    cursor: Cursor,
    item: WantedConnection,
    sign_in: WantedSignIn,
    secrets: Secrets,
    held: Credential | None,
    name: str,
) -> WantedCredential:
    is_same = held is not None and sealing.of_credential(desk, cursor, held.credential_id) == secrets
    is_key = secrets.private_key is not None
    return WantedCredential(
        name,
        item.wanted.method,
        Origin.ENTERED,
        CredentialKind.PRIVATE_KEY if is_key else CredentialKind.PASSWORD,
        username=sign_in.username or "",
        host=item.wanted.host,
        port=item.wanted.port,
        secrets=None if is_same else secrets,
        public_keys=public_keys_of(secrets),
        return_email=sign_in.return_email,
    )


def public_keys_of(secrets: Secrets) -> tuple[str, ...]:
    """Return the public half of a private key that we sign in with: the partner's server has to know it."""
    if secrets.private_key is None:
        return ()
    return (keys.check_private_key(secrets.private_key, secrets.passphrase).public_line,)


def _provisioned(
    cursor: Cursor, item: WantedConnection, sign_in: WantedSignIn, held: Credential | None, name: str
) -> tuple[WantedCredential, Login | None]:
    username = sign_in.username or (held.username if held else "")
    made: Login | None = None
    if sign_in.password is not None:
        is_same = held is not None and provisioning.is_password(sign_in.password, held.password_hash)
        hashed = held.password_hash if held and is_same else provisioning.hash_password(sign_in.password)
        login = Login(username or provisioning.new_username(name), CredentialKind.PASSWORD, password_hash=hashed)
    elif sign_in.public_key is not None:
        login = logins.new_login(cursor, name, SignInKind.PUBLIC_KEY, sign_in.public_key, username)
    elif held is not None:
        login = Login(username, held.kind, held.password_hash, held.public_keys)
    else:
        login = made = logins.new_login(cursor, name, SignInKind.PASSWORD, "", username)
    if held is None:
        made = login
    wanted = WantedCredential(
        name,
        item.wanted.method,
        Origin.PROVISIONED,
        login.kind,
        username=login.username,
        password_hash=login.password_hash,
        public_keys=login.public_keys,
        shown_at=(held.shown_at if held else None) if made is None else clock.now(),
    )
    return wanted, made


def _free_name(cursor: Cursor, name: str) -> str:
    free, number = name, 1
    while credentials.by_name(cursor, free) is not None:
        number += 1
        free = f"{name} {number}"
    return free


def _differences(held: Credential | None, wanted: WantedCredential, sign_in: WantedSignIn) -> dict[str, list[Any]]:
    found: dict[str, list[Any]] = {}
    said = {"username": wanted.username, "return_email": wanted.return_email}
    if sign_in.credentials is not None:
        said["credentials"] = wanted.name
    for name, value in said.items():
        before = getattr(held, "name" if name == "credentials" else name) if held else None
        if before != value and (before or value):
            found[name] = [before, value]
    if held is not None and _is_other_secret(held, wanted):
        found["secret"] = ["set", "changed"]
    return found


def _is_other_secret(held: Credential, wanted: WantedCredential) -> bool:
    if wanted.origin is Origin.ENTERED:
        return wanted.secrets is not None
    return (held.password_hash, held.public_keys) != (wanted.password_hash, wanted.public_keys)
