"""All SQL of the audit: rows are appended and read, never changed."""

from collections.abc import Iterator
from datetime import datetime
from typing import Any

from storage.database import Cursor
from storage.records.people import AuditEntry

_COLUMNS = (
    "audit_id, position, made_at, who, did, what_kind, what_id, what_name, before_json, after_json, previous_hash,"
    " row_hash"
)
_BLOCK_ROWS = 1_000


def append(cursor: Cursor, entry: AuditEntry, *, row_hash: str) -> None:
    """Insert the entry with its hash."""
    cursor.execute(
        f"INSERT INTO ctl.audit ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            entry.audit_id,
            entry.position,
            entry.made_at,
            entry.who,
            entry.did,
            entry.what_kind,
            entry.what_id,
            entry.what_name,
            entry.before_json,
            entry.after_json,
            entry.previous_hash,
            row_hash,
        ],
    )


def last(cursor: Cursor) -> tuple[int, str] | None:
    """Return position and hash of the newest row, None where there is none."""
    row: tuple[int, str] | None = cursor.execute(
        "SELECT position, row_hash FROM ctl.audit ORDER BY position DESC LIMIT 1"
    ).fetchone()
    return row


def all_entries(cursor: Cursor) -> Iterator[AuditEntry]:
    """Yield every row from the first on, in blocks, so that a long audit does not fill the memory."""
    answer = cursor.execute(f"SELECT {_COLUMNS} FROM ctl.audit ORDER BY position")
    while rows := answer.fetchmany(_BLOCK_ROWS):
        yield from (_entry(row) for row in rows)


def last_set(cursor: Cursor, what_kind: str, what_id: str, field: str) -> datetime | None:
    """Return when a thing was created or one of its fields last changed (UTC), whichever is later, or None."""
    row = cursor.execute(
        "SELECT max(made_at) FROM ctl.audit WHERE what_kind = ? AND what_id = ? "
        "AND (did = 'created' OR contains(after_json, ?))",
        [what_kind, what_id, f'"{field}": '],
    ).fetchone()
    return row[0] if row else None


def _entry(row: tuple[Any, ...]) -> AuditEntry:
    return AuditEntry(*row)
