"""Records who did what, before and after, in rows chained by their hashes; refused calls too."""

import hashlib
import json
from dataclasses import dataclass
from typing import Any

from engine.base import clock, ids
from engine.base.errors import NotAllowed
from engine.security import roles
from engine.security.roles import Right
from storage.database import Cursor, Database
from storage.records.people import AuditEntry, Caller
from storage.tables import audit as table

CHANGED = "changed"
_SECRET_WORDS = ("password", "private_key", "passphrase", "secret", "token")
_HARMLESS = ("secret_kind",)
_FIRST_HASH = "0" * 64
Values = dict[str, Any]


@dataclass(frozen=True)
class What:
    """The thing an action was about: its kind ("connection"), id and name."""

    kind: str
    id: str = ""
    name: str = ""


def record(
    cursor: Cursor,
    caller: Caller,
    did: str,
    what: What,
    *,
    before: Values | None = None,
    after: Values | None = None,
) -> None:
    """Append one row, in the transaction (of schema ctl) of the change itself.

    Args:
        cursor: Inside `database.write("ctl")`, whose turn-taking keeps the chain unbroken.
        caller: Who did it.
        did: A verb in the past: "invited", "changed role", "refused".
        what: To what.
        before: JSON values that were; fields named like secrets are kept as "changed", whatever they hold.
        after: JSON values that are.
    """
    position, previous_hash = table.last(cursor) or (0, _FIRST_HASH)
    entry = AuditEntry(
        audit_id=ids.ulid(),
        position=position + 1,
        made_at=clock.now(),
        who=caller.name,
        did=did,
        what_kind=what.kind,
        what_id=what.id,
        what_name=what.name,
        before_json=_as_json(before),
        after_json=_as_json(after),
        previous_hash=previous_hash,
        row_hash="",
    )
    table.append(cursor, entry, row_hash=_hash_of(entry))


def allow(database: Database, caller: Caller, right: Right, what: What) -> None:
    """Check a right before an action or a view; a refusal is recorded, then raised.

    Raises:
        NotAllowed: The caller's role has not the right.
    """
    try:
        roles.check(caller, right)
    except NotAllowed:
        with database.write("ctl") as cursor:
            record(cursor, caller, "was refused", what, after={"right": right.value, "role": caller.role.value})
        raise


def first_broken(database: Database) -> int | None:
    """Return the position of the first row that does not fit the chain, None where all fit."""
    expected_position, expected_hash = 1, _FIRST_HASH
    with database.read() as cursor:
        for entry in table.all_entries(cursor):
            is_whole = (
                entry.position == expected_position
                and entry.previous_hash == expected_hash
                and entry.row_hash == _hash_of(entry)
            )
            if not is_whole:
                return expected_position
            expected_position, expected_hash = entry.position + 1, entry.row_hash
    return None


def _as_json(values: Values | None) -> str | None:
    return None if values is None else json.dumps(_without_secrets(values), default=str, sort_keys=True)


def _without_secrets(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            key: CHANGED if _is_secret(str(key)) and inner is not None else _without_secrets(inner)
            for key, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [_without_secrets(inner) for inner in value]
    return value


def _is_secret(name: str) -> bool:
    return name not in _HARMLESS and any(word in name.casefold() for word in _SECRET_WORDS)


def _hash_of(entry: AuditEntry) -> str:
    said = [
        entry.position,
        entry.audit_id,
        entry.made_at.isoformat(),
        entry.who,
        entry.did,
        entry.what_kind,
        entry.what_id,
        entry.what_name,
        entry.before_json,
        entry.after_json,
        entry.previous_hash,
    ]
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()
