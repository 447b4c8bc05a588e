"""Files in and out (ctl.file): their states, counts and content; a state that may not follow is refused."""

from collections.abc import Collection, Sequence
from datetime import datetime

from storage.database import Cursor, text_literal
from storage.records.connections import Direction
from storage.records.exchange import FOLLOWS, FileState, HandedFile

_COLUMNS = (
    "file_id, connection_id, goal_id, direction, name, folder, size_bytes, sha256, state, reason, trace_id, spool_key, "
    "run_id, mends_run_id, sender, message_id, rows_total, rows_ok, rows_errors, first_seen_at, ended_at, "
    "content_removed_at, limits_waived_by, is_stopped_by_limit"
)


class WrongStateError(Exception):
    """A file cannot go from its state to the wanted one; str(error) names both."""


def insert(cursor: Cursor, file: HandedFile) -> None:
    """Add a file; one of this id is there once, however often it is told."""
    if by_id(cursor, file.file_id) is None:
        insert_new(cursor, [file])


def insert_new(cursor: Cursor, files: Sequence[HandedFile]) -> None:
    """Add files whose ids were made for them just now."""
    marks = ", ".join("?" * len(_COLUMNS.split(",")))
    if files:
        cursor.executemany(
            f"INSERT INTO ctl.file ({_COLUMNS}) VALUES ({marks})",
            [
                [
                    file.file_id,
                    file.connection_id,
                    file.goal_id,
                    file.direction.value,
                    file.name,
                    file.folder,
                    file.size_bytes,
                    file.sha256,
                    file.state.value,
                    file.reason,
                    file.trace_id,
                    file.spool_key,
                    file.run_id,
                    file.mends_run_id,
                    file.sender,
                    file.message_id,
                    file.rows_total,
                    file.rows_ok,
                    file.rows_errors,
                    file.first_seen_at,
                    file.ended_at,
                    file.content_removed_at,
                    file.limits_waived_by,
                    file.is_stopped_by_limit,
                ]
                for file in files
            ],
        )


def move(
    cursor: Cursor,
    file_id: str,
    state: FileState,
    *,
    run_id: str | None = None,
    reason: str | None = None,
    ended_at: datetime | None = None,
) -> None:
    """Move a file to a state that may follow its own (R05); reason and ended_at are written as given.

    Raises:
        WrongStateError: It may not follow, or the file is gone.
    """
    found = cursor.execute("SELECT name, state FROM ctl.file WHERE file_id = ?", [file_id]).fetchone()
    if found is None or state not in FOLLOWS[FileState(found[1])]:
        name, before = found or (file_id, "gone")
        raise WrongStateError(f"{name}: {before} -> {state}")
    cursor.execute(
        "UPDATE ctl.file SET state = ?, run_id = coalesce(?, run_id), reason = ?, ended_at = ? WHERE file_id = ?",
        [state.value, run_id, reason, ended_at, file_id],
    )


def stop_by_limit(cursor: Cursor, file_id: str, *, is_stopped: bool) -> None:
    """Say whether a file failed because a limit of its goal was met."""
    cursor.execute("UPDATE ctl.file SET is_stopped_by_limit = ? WHERE file_id = ?", [is_stopped, file_id])


def waive_limits(cursor: Cursor, file_id: str, by: str) -> None:
    """Say who wants a file imported although a limit stopped it."""
    cursor.execute(
        "UPDATE ctl.file SET limits_waived_by = ?, is_stopped_by_limit = false WHERE file_id = ?", [by, file_id]
    )


def set_counts(cursor: Cursor, file_id: str, total: int, ok: int, errors: int) -> None:
    """Write how many rows it had, how many were used, how many were rejected."""
    cursor.execute(
        "UPDATE ctl.file SET rows_total = ?, rows_ok = ?, rows_errors = ? WHERE file_id = ?",
        [total, ok, errors, file_id],
    )


def set_goal(cursor: Cursor, file_id: str, goal_id: str) -> None:
    """Say which goal a file is for."""
    cursor.execute("UPDATE ctl.file SET goal_id = ? WHERE file_id = ?", [goal_id, file_id])


def by_id(cursor: Cursor, file_id: str) -> HandedFile | None:
    """Return one file, or None."""
    row = cursor.execute(f"SELECT {_COLUMNS} FROM ctl.file WHERE file_id = ?", [file_id]).fetchone()
    return _record(row) if row else None


def by_trace(cursor: Cursor, trace_id: str) -> HandedFile | None:
    """Return the newest file of this trace, or None."""
    row = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.file WHERE trace_id = ? ORDER BY first_seen_at DESC LIMIT 1", [trace_id]
    ).fetchone()
    return _record(row) if row else None


def by_ids(cursor: Cursor, file_ids: list[str]) -> dict[str, HandedFile]:
    """Return those of these files that there are, by their ids."""
    rows = cursor.execute(f"SELECT {_COLUMNS} FROM ctl.file WHERE list_contains(?, file_id)", [file_ids]).fetchall()
    return {file.file_id: file for file in map(_record, rows)}


def in_state(cursor: Cursor, connection_id: str, *states: FileState) -> list[HandedFile]:
    """Return a connection's files in these states, those first seen first."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.file WHERE connection_id = ? AND list_contains(?, state) "
        "ORDER BY first_seen_at, file_id",
        [connection_id, [state.value for state in states]],
    ).fetchall()
    return [_record(row) for row in rows]


def of_run(cursor: Cursor, run_id: str) -> list[HandedFile]:
    """Return the files that a run took, those first seen first."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.file WHERE run_id = ? ORDER BY first_seen_at, file_id", [run_id]
    ).fetchall()
    return [_record(row) for row in rows]


def names_of_run(cursor: Cursor, run_id: str, states: Collection[FileState]) -> set[str]:
    """Return the names of the files that a run took and that are in one of these states."""
    rows = cursor.execute(
        "SELECT name FROM ctl.file WHERE run_id = ? AND list_contains(?::VARCHAR[], state)",
        [run_id, [state.value for state in states]],
    ).fetchall()
    return {name for (name,) in rows}


def in_state_of_goal(cursor: Cursor, goal_id: str, state: FileState) -> list[HandedFile]:
    """Return a goal's files in this state, those first seen first."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.file WHERE goal_id = ? AND state = ? ORDER BY first_seen_at, file_id",
        [goal_id, state.value],
    ).fetchall()
    return [_record(row) for row in rows]


def newest_of_names(cursor: Cursor, goal_id: str) -> dict[str, HandedFile]:
    """Return a goal's newest file of each name, of those that were or are to be read."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.file WHERE goal_id = ? AND state IN ('queued', 'in_progress', 'complete', "
        "'failed') QUALIFY row_number() OVER (PARTITION BY name ORDER BY first_seen_at DESC, file_id DESC) = 1",
        [goal_id],
    ).fetchall()
    return {file.name: file for file in map(_record, rows)}


def names_not_matched(cursor: Cursor, connection_id: str) -> set[str]:
    """Return the names of a connection that were seen and not matched."""
    rows = cursor.execute(
        "SELECT DISTINCT name FROM ctl.file WHERE connection_id = ? AND state = 'not_matched'", [connection_id]
    ).fetchall()
    return {name for (name,) in rows}


def broken_off(cursor: Cursor, connection_id: str) -> set[tuple[str, str, int]]:
    """Return (folder, name, size in bytes) of a connection's uploads that were shown as broken off."""
    rows = cursor.execute(
        "SELECT folder, name, size_bytes FROM ctl.file WHERE connection_id = ? AND state = 'incomplete'",
        [connection_id],
    ).fetchall()
    return {(folder, name, size_bytes) for folder, name, size_bytes in rows}


def set_mends(cursor: Cursor, file_id: str, run_id: str) -> None:
    """Say the rejects of which run a file mends."""
    cursor.execute("UPDATE ctl.file SET mends_run_id = ? WHERE file_id = ?", [run_id, file_id])


def waiting(cursor: Cursor) -> list[tuple[str, bool, datetime]]:
    """Return (connection id, whether a file was never tried, when the newest was first seen) of inbound queues.

    What is in progress counts: where no run goes, one ended without being able to write that it waits again.
    """
    return cursor.execute(
        "SELECT connection_id, bool_or(run_id IS NULL), max(first_seen_at) FROM ctl.file "
        "WHERE state IN ('queued', 'in_progress') AND direction = 'inbound' "
        "GROUP BY connection_id ORDER BY min(first_seen_at)"
    ).fetchall()


def states_by_folder(cursor: Cursor, connection_id: str) -> dict[str, set[FileState]]:
    """Return the states of a connection's files by where they lay."""
    rows = cursor.execute(
        "SELECT folder, list(DISTINCT state) FROM ctl.file WHERE connection_id = ? GROUP BY folder", [connection_id]
    ).fetchall()
    return {folder: {FileState(state) for state in states} for folder, states in rows}


def value_of_first_row(cursor: Cursor, accepted_path: str, column: int) -> str | None:
    """Return the smallest text that is not empty in one column of a reading's accepted rows, or None."""
    row = cursor.execute(
        f"SELECT min(c{column}) FROM read_parquet({text_literal(accepted_path)}, hive_partitioning = false) "
        f"WHERE c{column} <> ''"
    ).fetchone()
    return row[0] if row else None


def known(cursor: Cursor, file_ids: list[str]) -> set[str]:
    """Return which of these files there are."""
    rows = cursor.execute("SELECT file_id FROM ctl.file WHERE list_contains(?, file_id)", [file_ids]).fetchall()
    return {file_id for (file_id,) in rows}


def with_content_before(cursor: Cursor, seen_before: datetime) -> list[HandedFile]:
    """Return files first seen before this time (UTC) whose content still lies in the spool."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.file WHERE first_seen_at < ? AND spool_key IS NOT NULL ORDER BY first_seen_at",
        [seen_before],
    ).fetchall()
    return [_record(row) for row in rows]


def forget_content(cursor: Cursor, file_id: str, removed_at: datetime) -> None:
    """Note that the content is gone; the counts stay (R07)."""
    cursor.execute(
        "UPDATE ctl.file SET spool_key = NULL, content_removed_at = ? WHERE file_id = ?", [removed_at, file_id]
    )


def _record(row: tuple) -> HandedFile:  # type: ignore[type-arg]  # a database row has no static shape
    return HandedFile(
        file_id=row[0],
        connection_id=row[1],
        goal_id=row[2],
        direction=Direction(row[3]),
        name=row[4],
        folder=row[5],
        size_bytes=row[6],
        sha256=row[7],
        state=FileState(row[8]),
        reason=row[9],
        trace_id=row[10],
        spool_key=row[11],
        run_id=row[12],
        mends_run_id=row[13],
        sender=row[14],
        message_id=row[15],
        rows_total=row[16],
        rows_ok=row[17],
        rows_errors=row[18],
        first_seen_at=row[19],
        ended_at=row[20],
        content_removed_at=row[21],
        limits_waived_by=row[22],
        is_stopped_by_limit=bool(row[23]),
    )
