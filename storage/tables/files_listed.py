"""Files as people look at them: found by direction, state, connection, owner and name, newest first."""

from dataclasses import dataclass

from storage.database import Cursor
from storage.records.connections import Direction
from storage.records.exchange import FileState, HandedFile
from storage.tables import exchange

_FROM = "FROM ctl.file f LEFT JOIN ctl.connection c ON c.connection_id = f.connection_id"
_ALL = "true"


@dataclass(frozen=True)
class Wanted:
    """Which files are asked for; None and "" leave open.

    owner_id: whoever made the connections whose files are meant. name: a part of the file's name or of its trace.
    """

    direction: Direction | None = None
    state: FileState | None = None
    connection_id: str | None = None
    owner_id: str | None = None
    name: str = ""


def listed(cursor: Cursor, wanted: Wanted, start: int, most: int) -> list[tuple[HandedFile, str]]:
    """Return files with the names of their connections ("" for a deleted one), newest first."""
    where, values = _where(wanted)
    rows = cursor.execute(
        f"""SELECT f.file_id, coalesce(c.name, '') {_FROM} WHERE {where}
        ORDER BY f.first_seen_at DESC, f.file_id DESC LIMIT ? OFFSET ?""",
        [*values, most, start],
    ).fetchall()
    files = exchange.by_ids(cursor, [row[0] for row in rows])
    return [(files[file_id], name) for file_id, name in rows if file_id in files]


def count(cursor: Cursor, wanted: Wanted) -> int:
    """Return how many files fit."""
    where, values = _where(wanted)
    row = cursor.execute(f"SELECT count(*) {_FROM} WHERE {where}", values).fetchone()
    return int(row[0]) if row else 0


def by_way_and_state(cursor: Cursor, wanted: Wanted) -> dict[tuple[Direction, FileState], int]:
    """Return how many files there are of each direction and state; only connection, owner and name are minded."""
    open_ways = Wanted(connection_id=wanted.connection_id, owner_id=wanted.owner_id, name=wanted.name)
    where, values = _where(open_ways)
    rows = cursor.execute(
        f"SELECT f.direction, f.state, count(*) {_FROM} WHERE {where} GROUP BY 1, 2", values
    ).fetchall()
    return {(Direction(way), FileState(state)): number for way, state, number in rows}


def connections_of(cursor: Cursor, owner_id: str | None) -> list[tuple[str, str]]:
    """Return (connection id, name) of the connections that have files, by name; an owner's own, or all."""
    owned = "c.owner_id = ?" if owner_id is not None else _ALL
    return cursor.execute(
        f"""SELECT c.connection_id, c.name FROM ctl.connection c WHERE {owned}
        AND c.connection_id IN (SELECT connection_id FROM ctl.file) ORDER BY lower(c.name)""",
        [owner_id] if owner_id is not None else [],
    ).fetchall()


def numbers_mended_by(cursor: Cursor, run_id: str) -> list[int]:
    """Return the numbers of the runs whose rejects the files of a run mend, lowest first."""
    rows = cursor.execute(
        "SELECT DISTINCT r.number FROM ctl.file f JOIN ctl.run r ON r.run_id = f.mends_run_id "
        "WHERE f.run_id = ? ORDER BY r.number",
        [run_id],
    ).fetchall()
    return [number for (number,) in rows]


def numbers_that_mend(cursor: Cursor, run_id: str) -> list[int]:
    """Return the numbers of the runs that took files which mend a run's rejects, lowest first."""
    rows = cursor.execute(
        "SELECT DISTINCT r.number FROM ctl.file f JOIN ctl.run r ON r.run_id = f.run_id "
        "WHERE f.mends_run_id = ? ORDER BY r.number",
        [run_id],
    ).fetchall()
    return [number for (number,) in rows]


def _where(wanted: Wanted) -> tuple[str, list[object]]:
    tests: dict[str, object] = {
        "f.direction = ?": wanted.direction.value if wanted.direction else None,
        "f.state = ?": wanted.state.value if wanted.state else None,
        "f.connection_id = ?": wanted.connection_id,
        "c.owner_id = ?": wanted.owner_id,
    }
    given = {test: value for test, value in tests.items() if value is not None}
    values = list(given.values())
    where = list(given)
    if wanted.name:
        where.append("(contains(lower(f.name), lower(?)) OR f.trace_id = ?)")
        values += [wanted.name, wanted.name]
    return " AND ".join(where) or _ALL, values
