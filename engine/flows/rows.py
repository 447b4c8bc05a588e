"""The row of a file that came, before anything is known of it."""

from engine.base import clock, ids
from storage.records.connections import Direction
from storage.records.exchange import FileState, HandedFile


def blank(connection_id: str, file_id: str) -> HandedFile:
    """Return an inbound file of which nothing is known yet, first seen now."""
    return HandedFile(
        file_id=file_id,
        connection_id=connection_id,
        goal_id=None,
        direction=Direction.INBOUND,
        name="",
        folder="/",
        size_bytes=0,
        sha256="",
        state=FileState.NOT_MATCHED,
        reason=None,
        trace_id=ids.trace(),
        spool_key=None,
        run_id=None,
        mends_run_id=None,
        sender=None,
        message_id=None,
        rows_total=0,
        rows_ok=0,
        rows_errors=0,
        first_seen_at=clock.now(),
        ended_at=None,
        content_removed_at=None,
    )
