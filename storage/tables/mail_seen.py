"""Mails that were taken (ctl.mail_seen): each by what names it, so that none is taken twice."""

from collections.abc import Iterable
from datetime import datetime

from storage.database import Cursor


def keys(cursor: Cursor, connection_id: str) -> set[str]:
    """Return what names each mail of a connection that was taken."""
    rows = cursor.execute("SELECT message_key FROM ctl.mail_seen WHERE connection_id = ?", [connection_id]).fetchall()
    return {key for (key,) in rows}


def has(cursor: Cursor, connection_id: str, key: str) -> bool:
    """Say whether a mail of this key was taken."""
    row = cursor.execute(
        "SELECT count(*) FROM ctl.mail_seen WHERE connection_id = ? AND message_key = ?", [connection_id, key]
    ).fetchone()
    return bool(row and row[0])


def add(cursor: Cursor, connection_id: str, message_keys: Iterable[str], seen_at: datetime) -> None:
    """Note the keys of a mail that is taken now; the caller holds the transaction that takes it."""
    for key in message_keys:
        cursor.execute("INSERT INTO ctl.mail_seen VALUES (?, ?, ?)", [connection_id, key, seen_at])
