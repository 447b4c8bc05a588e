"""Wizard drafts (ctl.draft): a person's answers so far, the secret among them sealed."""

import json
from datetime import datetime
from typing import Any

from storage.database import Cursor


def put(
    cursor: Cursor,
    draft_id: str,
    person_id: str,
    answers: dict[str, Any],
    secret_sealed: str | None,
    changed_at: datetime,
) -> None:
    """Write a draft anew, keeping the time it was begun."""
    row = cursor.execute("SELECT created_at FROM ctl.draft WHERE draft_id = ?", [draft_id]).fetchone()
    cursor.execute("DELETE FROM ctl.draft WHERE draft_id = ?", [draft_id])
    cursor.execute(
        "INSERT INTO ctl.draft (draft_id, person_id, answers, secret_sealed, created_at, changed_at) "
        "VALUES (?, ?, ?, ?, ?, ?)",
        [draft_id, person_id, json.dumps(answers), secret_sealed, row[0] if row else changed_at, changed_at],
    )


def by_id(cursor: Cursor, draft_id: str, person_id: str) -> tuple[dict[str, Any], str | None, datetime] | None:
    """Return (answers, sealed secret, last change) of a person's own draft, or None."""
    row = cursor.execute(
        "SELECT answers, secret_sealed, changed_at FROM ctl.draft WHERE draft_id = ? AND person_id = ?",
        [draft_id, person_id],
    ).fetchone()
    return (json.loads(row[0]), row[1], row[2]) if row else None


def listed(cursor: Cursor, person_id: str) -> list[tuple[str, dict[str, Any], datetime]]:
    """Return (id, answers, last change) of a person's drafts, newest first."""
    rows = cursor.execute(
        "SELECT draft_id, answers, changed_at FROM ctl.draft WHERE person_id = ? ORDER BY changed_at DESC", [person_id]
    ).fetchall()
    return [(draft_id, json.loads(answers), changed_at) for draft_id, answers, changed_at in rows]


def discard(cursor: Cursor, draft_id: str) -> None:
    """Remove a draft and its secret."""
    cursor.execute("DELETE FROM ctl.draft WHERE draft_id = ?", [draft_id])


def discard_before(cursor: Cursor, time: datetime) -> None:
    """Remove drafts that nobody has touched since this time (UTC)."""
    cursor.execute("DELETE FROM ctl.draft WHERE changed_at < ?", [time])
