"""Batches of signals on their way to partners: made from waves, claimed under a lease, ended once (ctl.batch)."""

from collections.abc import Sequence
from datetime import datetime

from storage.database import Cursor
from storage.records.deliveries import Batch, BatchState, Wave
from storage.records.partners import ConfigurationState, SignalKind
from storage.tables.members import LETTERS

_COLUMNS = "batch_id, wave_id, configuration_id, activation_id, kind, size, state, tries, next_try_at, failure_id"
_OPEN = "state IN ('waiting', 'calling', 'held')"
_UNMADE = "wave_id > (SELECT coalesce(max(wave_id), '') FROM ctl.batch)"
# What has no final answer: open batches, and waves whose batches are not there yet.
_OWED = f"""(SELECT configuration_id, activation_id, kind, size FROM ctl.batch WHERE {_OPEN}
    UNION ALL SELECT configuration_id, activation_id, 'add', adds FROM dat.wave WHERE {_UNMADE}
    UNION ALL SELECT configuration_id, activation_id, 'remove', removes FROM dat.wave WHERE {_UNMADE})"""


def unmade(cursor: Cursor) -> list[Wave]:
    """Return the waves whose batches are not there yet, oldest first; empty where all are."""
    rows = cursor.execute(
        "SELECT wave_id, configuration_id, activation_id, adds, removes, batch_size, failure_id, made_at FROM dat.wave "
        "WHERE wave_id > (SELECT coalesce(max(wave_id), '') FROM ctl.batch) ORDER BY wave_id"
    ).fetchall()
    return [Wave(*row) for row in rows]


def make(cursor: Cursor, wave: Wave) -> None:
    """Make a wave's batches; they wait, or are held where the configuration is not active (any more).

    A recompute may have seen a configuration that was deleted before it ended; those batches wait for nothing.
    """
    row = cursor.execute(
        "SELECT state, deleted_at FROM ctl.configuration WHERE configuration_id = ?", [wave.configuration_id]
    ).fetchone()
    is_active = row is not None and row[0] == ConfigurationState.ACTIVE.value
    is_gone = row is None or row[1] is not None
    state = BatchState.SUPERSEDED if is_gone else BatchState.WAITING if is_active else BatchState.HELD
    for kind, signals in ((SignalKind.ADD, wave.adds), (SignalKind.REMOVE, wave.removes)):
        cursor.execute(
            f"""INSERT INTO ctl.batch ({_COLUMNS})
            SELECT ? || lpad(n::VARCHAR, 9, '0'), ?, ?, ?, ?, least(?, ? - n * ?), ?, 0, ?, ?
            FROM range(?) AS numbers(n)""",
            [
                f"{wave.wave_id}-{LETTERS[kind]}",
                wave.wave_id,
                wave.configuration_id,
                wave.activation_id,
                kind.value,
                wave.batch_size,
                signals,
                wave.batch_size,
                state.value,
                wave.made_at,
                wave.failure_id,
                -(-signals // wave.batch_size),
            ],
        )


def has_due(cursor: Cursor, now: datetime, latest: datetime) -> bool:
    """Say whether a claim may find something, or a wave has no batches yet; costs no transaction. As for `due`."""
    row = cursor.execute(
        f"""SELECT (SELECT count(*) FROM ctl.batch b JOIN ctl.configuration c USING (configuration_id)
            WHERE b.state = 'waiting' AND c.state = 'active' AND {_IS_TIME})
        + (SELECT count(*) FROM ctl.batch WHERE {_IS_LAPSED})
        + (SELECT count(*) FROM dat.wave WHERE wave_id > (SELECT coalesce(max(wave_id), '') FROM ctl.batch))""",
        [now, latest, now, latest, now, latest],
    ).fetchone()
    return bool(row and row[0])


_IS_LAPSED = "state = 'calling' AND (lease_until < ? OR lease_until > ?)"
_IS_TIME = "(next_try_at <= ? OR next_try_at > ?) AND (c.not_before IS NULL OR c.not_before <= ? OR c.not_before > ?)"


def due(cursor: Cursor, now: datetime, latest: datetime, at_once: int) -> list[Batch]:
    """Return the batches that may go now, at most `at_once` a configuration, those on the wire counted in.

    Of each configuration only its first unfinished wave goes (requirement G08), and what was tried before goes
    first: an account that is refused is then known to be so after few calls.

    Args:
        cursor: In a transaction on ctl.
        now: UTC.
        latest: UTC. What is to wait for longer than this was written before the clock was set back, and goes now.
        at_once: Calls side by side to one configuration.
    """
    rows = cursor.execute(
        f"""WITH unfinished AS (SELECT * FROM ctl.batch WHERE state IN ('waiting', 'calling')),
        first AS (
            SELECT configuration_id, min(wave_id) AS wave_id, count(*) FILTER (state = 'calling') AS calling
            FROM unfinished GROUP BY 1),
        ready AS (
            SELECT u.*, calling + row_number() OVER (
                PARTITION BY configuration_id ORDER BY tries DESC, next_try_at, batch_id) AS place
            FROM unfinished u JOIN first USING (configuration_id, wave_id)
            JOIN ctl.configuration c USING (configuration_id)
            WHERE u.state = 'waiting' AND c.state = 'active' AND {_IS_TIME})
        SELECT {_COLUMNS} FROM ready WHERE place <= ? ORDER BY batch_id""",
        [now, latest, now, latest, at_once],
    ).fetchall()
    return [_record(row) for row in rows]


def lapsed(cursor: Cursor, now: datetime, latest: datetime, held: Sequence[str]) -> list[Batch]:
    """Return the batches whose call was given up: its lease is over, and none of those held. Times as for `due`."""
    rows = cursor.execute(
        f"SELECT {_COLUMNS} FROM ctl.batch WHERE {_IS_LAPSED} AND NOT list_contains(?::VARCHAR[], batch_id) "
        "ORDER BY batch_id",
        [now, latest, list(held)],
    ).fetchall()
    return [_record(row) for row in rows]


def claim(cursor: Cursor, batch_id: str, owner: str, delivery_id: str, lease_until: datetime) -> None:
    """Take a batch that `due` has just returned, in the same transaction; the try is counted."""
    cursor.execute(
        "UPDATE ctl.batch SET state = 'calling', tries = tries + 1, owner = ?, delivery_id = ?, lease_until = ? "
        "WHERE batch_id = ?",
        [owner, delivery_id, lease_until, batch_id],
    )


def is_mine(cursor: Cursor, batch_id: str, delivery_id: str) -> bool:
    """Say whether this delivery is still the batch's; asked in the transaction that writes its end."""
    row = cursor.execute(
        "SELECT count(*) FROM ctl.batch WHERE batch_id = ? AND delivery_id = ? AND state = 'calling'",
        [batch_id, delivery_id],
    ).fetchone()
    return bool(row and row[0])


def end(cursor: Cursor, batch_id: str, state: BatchState, ended_at: datetime) -> None:
    """End a batch for good."""
    cursor.execute(
        "UPDATE ctl.batch SET state = ?, ended_at = ?, owner = NULL, lease_until = NULL, delivery_id = NULL "
        "WHERE batch_id = ?",
        [state.value, ended_at, batch_id],
    )


def try_again(cursor: Cursor, batch_id: str, next_try_at: datetime, *, is_try_given_back: bool) -> None:
    """Let a batch wait for another try, or hold it where its configuration is not active any more."""
    cursor.execute(
        """UPDATE ctl.batch SET tries = tries - ?, next_try_at = ?, owner = NULL, lease_until = NULL,
            delivery_id = NULL, state = CASE WHEN configuration_id IN
                (SELECT configuration_id FROM ctl.configuration WHERE state = 'active') THEN 'waiting' ELSE 'held' END
        WHERE batch_id = ?""",
        [int(is_try_given_back), next_try_at, batch_id],
    )


def calling(cursor: Cursor) -> list[Batch]:
    """Return the batches that are on the wire, or were when their process was killed."""
    return _listed(cursor, "state = 'calling'")


def hold(cursor: Cursor, configuration_id: str) -> int:
    """Hold what waits for a configuration; calls on the wire may finish. Return how many messages are held."""
    cursor.execute(
        "UPDATE ctl.batch SET state = 'held' WHERE configuration_id = ? AND state = 'waiting'", [configuration_id]
    )
    return waiting(cursor, configuration_id)


def held(cursor: Cursor, configuration_id: str) -> list[Batch]:
    """Return the batches held for a configuration, in the order in which they would have gone."""
    return _listed(cursor, "state = 'held' AND configuration_id = ?", configuration_id)


def supersede(cursor: Cursor, batch_ids: Sequence[str], ended_at: datetime) -> None:
    """End held batches whose place the net difference takes (ruling 8)."""
    cursor.execute(
        "UPDATE ctl.batch SET state = 'superseded', ended_at = ? WHERE list_contains(?::VARCHAR[], batch_id) "
        "AND state = 'held'",
        [ended_at, list(batch_ids)],
    )


def by_id(cursor: Cursor, batch_id: str) -> Batch | None:
    """Return one batch, or None."""
    return next(iter(_listed(cursor, "batch_id = ?", batch_id)), None)


def waiting(cursor: Cursor, configuration_id: str) -> int:
    """Return how many messages of a configuration have no final answer yet, held ones included."""
    row = cursor.execute(
        f"SELECT coalesce(sum(size), 0)::BIGINT FROM {_OWED} WHERE configuration_id = ?", [configuration_id]
    ).fetchone()
    return int(row[0]) if row else 0


def unanswered(cursor: Cursor, activation_id: str) -> dict[SignalKind, int]:
    """Return how many adds and removes of an activation have no final answer yet, held ones included."""
    rows = cursor.execute(
        f"SELECT kind, sum(size)::BIGINT FROM {_OWED} WHERE activation_id = ? GROUP BY 1", [activation_id]
    ).fetchall()
    found = {SignalKind(kind): int(size) for kind, size in rows}
    return {kind: found.get(kind, 0) for kind in SignalKind}


def waiting_by_configuration(cursor: Cursor) -> dict[str, int]:
    """Return, by configuration id, how many messages have no final answer yet; only those with some."""
    rows = cursor.execute(
        f"SELECT configuration_id, sum(size)::BIGINT FROM {_OWED} GROUP BY 1 HAVING sum(size) > 0"
    ).fetchall()
    return dict(rows)


def next_try(cursor: Cursor) -> datetime | None:
    """Return the earliest time (UTC) at which a waiting batch of an active configuration may go, or None.

    Batches that wait for an earlier wave of theirs are not looked at.
    """
    row = cursor.execute(
        """WITH first AS (
            SELECT configuration_id, min(wave_id) AS wave_id FROM ctl.batch WHERE state IN ('waiting', 'calling')
            GROUP BY 1)
        SELECT min(greatest(b.next_try_at, coalesce(c.not_before, b.next_try_at)))
        FROM ctl.batch b JOIN first USING (configuration_id, wave_id)
        JOIN ctl.configuration c USING (configuration_id) WHERE b.state = 'waiting' AND c.state = 'active'"""
    ).fetchone()
    return row[0] if row else None


def rows_of(cursor: Cursor, batch_id: str, *, is_nested: bool) -> str:
    """Return the identifiers of a batch as a JSON list, percent-encoded: part of a body.

    Args:
        cursor: To read.
        batch_id: Of which batch.
        is_nested: Each stands in a list of its own. It is all done in SQL, outside Python's lock.
    """
    item = "[identifier]" if is_nested else "identifier"
    row = cursor.execute(
        f"SELECT url_encode(to_json(list({item}))::VARCHAR) FROM dat.signal WHERE batch_id = ?", [batch_id]
    ).fetchone()
    return row[0] if row and row[0] else "%5B%5D"


def identifiers_of(cursor: Cursor, batch_id: str) -> list[str]:
    """Return the identifiers of a batch."""
    rows = cursor.execute("SELECT identifier FROM dat.signal WHERE batch_id = ?", [batch_id]).fetchall()
    return [identifier for (identifier,) in rows]


def _listed(cursor: Cursor, where: str, *values: str) -> list[Batch]:
    rows = cursor.execute(f"SELECT {_COLUMNS} FROM ctl.batch WHERE {where} ORDER BY batch_id", list(values)).fetchall()
    return [_record(row) for row in rows]


def _record(row: tuple) -> Batch:  # type: ignore[type-arg]  # a database row has no static shape
    return Batch(
        batch_id=row[0],
        wave_id=row[1],
        configuration_id=row[2],
        activation_id=row[3],
        kind=SignalKind(row[4]),
        size=row[5],
        state=BatchState(row[6]),
        tries=row[7],
        next_try_at=row[8],
        failure_id=row[9],
    )
