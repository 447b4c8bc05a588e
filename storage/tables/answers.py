"""Receipts and results that are owed (ctl.answer): made with their file's state, sent until they went out."""

from datetime import datetime, timedelta

from storage.database import Cursor
from storage.records.exchange import Answer, AnswerKind, AnswerState

_COLUMNS = (
    "answer_id, file_id, connection_id, kind, name, spool_key, size_bytes, state, tries, next_try_at, error, made_at, "
    "sent_at"
)

_WAIT_MAX = timedelta(hours=1, minutes=1)
"""A little more than the longest wait between two tries."""


def insert(cursor: Cursor, answer: Answer) -> None:
    """Add an answer; a file has one of each kind, so a second one takes the first one's place."""
    cursor.execute("DELETE FROM ctl.answer WHERE file_id = ? AND kind = ?", [answer.file_id, answer.kind.value])
    cursor.execute(
        f"INSERT INTO ctl.answer ({_COLUMNS}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            answer.answer_id,
            answer.file_id,
            answer.connection_id,
            answer.kind.value,
            answer.name,
            answer.spool_key,
            answer.size_bytes,
            answer.state.value,
            answer.tries,
            answer.next_try_at,
            answer.error,
            answer.made_at,
            answer.sent_at,
        ],
    )


def set_state(
    cursor: Cursor,
    answer_id: str,
    state: AnswerState,
    *,
    tries: int,
    next_try_at: datetime | None = None,
    error: str | None = None,
    sent_at: datetime | None = None,
) -> None:
    """Write what a try came to."""
    cursor.execute(
        "UPDATE ctl.answer SET state = ?, tries = ?, next_try_at = ?, error = ?, sent_at = ? WHERE answer_id = ?",
        [state.value, tries, next_try_at, error, sent_at, answer_id],
    )


def of_file(cursor: Cursor, file_id: str) -> list[Answer]:
    """Return a file's answers in the order they were made."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.answer WHERE file_id = ? ORDER BY made_at, answer_id", [file_id]
    ).fetchall()
    return [_record(row) for row in rows]


def due(cursor: Cursor, now: datetime) -> list[Answer]:
    """Return the waiting answers whose time has come, oldest first.

    A time that is further away than any wait was set by a clock that has been put back since: it has come too.
    """
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.answer WHERE state = 'waiting' "
        "AND (next_try_at IS NULL OR next_try_at <= ? OR next_try_at > ?) ORDER BY made_at, answer_id",
        [now, now + _WAIT_MAX],
    ).fetchall()
    return [_record(row) for row in rows]


def of_kind(cursor: Cursor, file_id: str, kind: AnswerKind) -> Answer | None:
    """Return a file's answer of this kind, or None."""
    return next((answer for answer in of_file(cursor, file_id) if answer.kind is kind), None)


def due_of_connection(cursor: Cursor, connection_id: str, now: datetime) -> list[Answer]:
    """Return a connection's waiting answers whose time has come, oldest first."""
    return [answer for answer in due(cursor, now) if answer.connection_id == connection_id]


def of_files(cursor: Cursor, file_ids: list[str]) -> dict[str, list[Answer]]:
    """Return the answers of several files in the order they were made; a file without one is not in it."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.answer WHERE list_contains(?, file_id) ORDER BY made_at, answer_id", [file_ids]
    ).fetchall()
    found: dict[str, list[Answer]] = {}
    for answer in map(_record, rows):
        found.setdefault(answer.file_id, []).append(answer)
    return found


def _record(row: tuple) -> Answer:  # type: ignore[type-arg]  # a database row has no static shape
    return Answer(
        answer_id=row[0],
        file_id=row[1],
        connection_id=row[2],
        kind=AnswerKind(row[3]),
        name=row[4],
        spool_key=row[5],
        size_bytes=row[6],
        state=AnswerState(row[7]),
        tries=row[8],
        next_try_at=row[9],
        error=row[10],
        made_at=row[11],
        sent_at=row[12],
    )
