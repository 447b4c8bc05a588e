"""Credentials (ctl.credential): who may sign in to us, and what we sign in with; secrets are sealed or hashed."""

import json
from datetime import datetime

from storage.database import Cursor
from storage.records.connections import Method
from storage.records.credentials import Credential, CredentialKind, Origin

_COLUMNS = (
    "credential_id, name, method, origin, kind, username, host, port, public_keys, password_hash, return_email, "
    "version, owner_id, shown_at, last_used_at, created_at, changed_at"
)


def put(cursor: Cursor, credential: Credential, secret_sealed: str | None) -> None:
    """Write a credential anew under its id; the caller has checked that name and username are free."""
    cursor.execute("DELETE FROM ctl.credential WHERE credential_id = ?", [credential.credential_id])
    cursor.execute(
        f"INSERT INTO ctl.credential ({_COLUMNS}, secret_sealed) "
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            credential.credential_id,
            credential.name,
            credential.method.value,
            credential.origin.value,
            credential.kind.value,
            credential.username,
            credential.host,
            credential.port,
            json.dumps(credential.public_keys),
            credential.password_hash,
            credential.return_email,
            credential.version,
            credential.owner_id,
            credential.shown_at,
            credential.last_used_at,
            credential.created_at,
            credential.changed_at,
            secret_sealed,
        ],
    )


def by_id(cursor: Cursor, credential_id: str) -> Credential | None:
    """Return one credential, or None."""
    return _one(cursor, "credential_id = ?", credential_id)


def by_name(cursor: Cursor, name: str) -> Credential | None:
    """Return the credential of this name, case not minded, or None."""
    return _one(cursor, "lower(name) = lower(?)", name)


def by_login(cursor: Cursor, username: str) -> Credential | None:
    """Return the credential by which this user signs in to us, or None."""
    return _one(cursor, "origin = 'provisioned' AND username = ?", username)


def listed(cursor: Cursor) -> list[Credential]:
    """Return all credentials by name; empty where there is none."""
    rows = cursor.execute(f"SELECT {_COLUMNS} FROM ctl.credential ORDER BY lower(name)").fetchall()
    return [_record(row) for row in rows]


def secret(cursor: Cursor, credential_id: str) -> str | None:
    """Return the sealed secret of an entered credential, or None."""
    row = cursor.execute("SELECT secret_sealed FROM ctl.credential WHERE credential_id = ?", [credential_id]).fetchone()
    return str(row[0]) if row and row[0] is not None else None


def note_used(cursor: Cursor, credential_id: str, used_at: datetime) -> None:
    """Note when it was last used (UTC)."""
    cursor.execute("UPDATE ctl.credential SET last_used_at = ? WHERE credential_id = ?", [used_at, credential_id])


def delete(cursor: Cursor, credential_id: str) -> None:
    """Remove a credential and its secret; the caller has checked that nothing uses it."""
    cursor.execute("DELETE FROM ctl.credential WHERE credential_id = ?", [credential_id])


def _one(cursor: Cursor, where: str, value: str) -> Credential | None:
    row = cursor.execute(f"SELECT {_COLUMNS} FROM ctl.credential WHERE {where}", [value]).fetchone()
    return _record(row) if row else None


def _record(row: tuple) -> Credential:  # type: ignore[type-arg]  # a database row has no static shape
    return Credential(
        credential_id=row[0],
        name=row[1],
        method=Method(row[2]),
        origin=Origin(row[3]),
        kind=CredentialKind(row[4]),
        username=row[5],
        host=row[6],
        port=row[7],
        public_keys=tuple(json.loads(row[8])),
        password_hash=row[9],
        return_email=row[10],
        version=row[11],
        owner_id=row[12],
        shown_at=row[13],
        last_used_at=row[14],
        created_at=row[15],
        changed_at=row[16],
    )
