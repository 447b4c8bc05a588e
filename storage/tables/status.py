"""Counts for the Status page: work that waits or goes, content that is kept."""

from storage.database import Cursor


def open_jobs(cursor: Cursor) -> tuple[int, int]:
    """Return how many jobs wait and how many go."""
    row = cursor.execute(
        "SELECT count(*) FILTER (WHERE state = 'queued'), count(*) FILTER (WHERE state = 'running') FROM ctl.job "
        "WHERE ended_at IS NULL"
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def kept_content(cursor: Cursor) -> tuple[int, int]:
    """Return (files, bytes) whose content still lies in the spool."""
    row = cursor.execute(
        "SELECT count(*), coalesce(sum(size_bytes), 0) FROM ctl.file WHERE spool_key IS NOT NULL"
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def answers_by_mail(cursor: Cursor) -> tuple[int, int]:
    """Return how many answers of e-mail connections wait to be sent, and how many failed for good."""
    row = cursor.execute(
        "SELECT count(*) FILTER (WHERE a.state = 'waiting'), count(*) FILTER (WHERE a.state = 'failed') "
        "FROM ctl.answer a JOIN ctl.connection c ON c.connection_id = a.connection_id WHERE c.method = 'email'"
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)
