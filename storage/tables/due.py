"""When connections are due (ctl.due): claimed by compare-and-set, so that a tick starts each run once."""

from datetime import datetime

from storage.database import Cursor


def set_next(cursor: Cursor, connection_id: str, next_due: datetime | None) -> None:
    """Set when a connection is due next; None takes it off the schedule."""
    cursor.execute("DELETE FROM ctl.due WHERE connection_id = ?", [connection_id])
    if next_due is not None:
        cursor.execute("INSERT INTO ctl.due VALUES (?, ?, NULL)", [connection_id, next_due])


def ready(cursor: Cursor, now: datetime) -> list[tuple[str, datetime]]:
    """Return (connection id, due time) of what is due at this time, most overdue first."""
    return cursor.execute(
        "SELECT connection_id, next_due FROM ctl.due WHERE next_due <= ? ORDER BY next_due", [now]
    ).fetchall()


def claim(cursor: Cursor, connection_id: str, expected: datetime, next_due: datetime, now: datetime) -> bool:
    """Move a due time on, if nobody else has; return whether this caller did."""
    row = cursor.execute(
        "SELECT count(*) FROM ctl.due WHERE connection_id = ? AND next_due = ?", [connection_id, expected]
    ).fetchone()
    if not row or not row[0]:
        return False
    cursor.execute(
        "UPDATE ctl.due SET next_due = ?, last_started = ? WHERE connection_id = ?", [next_due, now, connection_id]
    )
    return True


def next_of(cursor: Cursor, connection_id: str) -> datetime | None:
    """Return when a connection is due next (UTC), or None."""
    row = cursor.execute("SELECT next_due FROM ctl.due WHERE connection_id = ?", [connection_id]).fetchone()
    return row[0] if row else None
