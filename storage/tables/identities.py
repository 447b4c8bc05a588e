"""What this installation shows to others (ctl.identity): the fingerprints of its host key and certificate."""

from datetime import datetime

from storage.database import Cursor

SFTP_HOST_KEY = "sftp_host_key"
CERTIFICATE = "certificate"


def fingerprint(cursor: Cursor, name: str) -> str | None:
    """Return the fingerprint that was made known, or None where there is none yet."""
    row = cursor.execute("SELECT fingerprint FROM ctl.identity WHERE name = ?", [name]).fetchone()
    return str(row[0]) if row else None


def put(cursor: Cursor, name: str, value: str, made_at: datetime) -> None:
    """Write a fingerprint in the place of an older one."""
    cursor.execute("DELETE FROM ctl.identity WHERE name = ?", [name])
    cursor.execute("INSERT INTO ctl.identity VALUES (?, ?, ?)", [name, value, made_at])
