"""Failures as people look at them: grouped by configuration, category and code, with profiles, tries and replays."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime

from storage.database import Cursor
from storage.records.deliveries import BatchState, DeliveryCategory, FailedProfile
from storage.records.partners import SignalKind

_OPEN = "('waiting', 'calling', 'held')"
# What a replay owes is waiting from the moment its wave is written, before its batches are made from it.
_GOING = f"""SELECT failure_id, sum(size)::BIGINT AS going FROM (
        SELECT failure_id, size FROM ctl.batch WHERE failure_id IS NOT NULL AND state IN {_OPEN}
        UNION ALL SELECT failure_id, adds + removes FROM dat.wave
        WHERE failure_id IS NOT NULL AND wave_id > (SELECT coalesce(max(wave_id), '') FROM ctl.batch))
    GROUP BY failure_id"""


@dataclass(frozen=True)
class FailureGroup:
    """Failures of one configuration, category and code. failure_ids: newest first; last_at is UTC.

    going: messages of replays that have no final answer yet. open_count: messages never replayed. unknown: messages
    whose outcome the partner alone knows.
    """

    configuration_id: str
    category: DeliveryCategory
    code: str
    failure_ids: tuple[str, ...]
    activation_ids: tuple[str, ...]
    count: int
    open_count: int
    recovered: int
    going: int
    unknown: int
    last_at: datetime


@dataclass(frozen=True)
class Wanted:
    """Which failures are asked for; None leaves open, code "" is none. only_open: not settled by a replay yet."""

    configuration_id: str | None = None
    category: DeliveryCategory | None = None
    code: str | None = None
    day: date | None = None
    since: date | None = None
    only_open: bool = False


@dataclass(frozen=True)
class Try:
    """One call of a failed batch. said is one sentence, None where nothing was wrong or no answer came yet."""

    batch_id: str
    number: int
    called_at: datetime
    status: int | None
    took_ms: int | None
    said: str | None


@dataclass(frozen=True)
class Retry:
    """Messages of a configuration that were refused and wait for another try; next_at is the first such, UTC."""

    configuration_id: str
    messages: int
    tries_max: int
    next_at: datetime


def groups(cursor: Cursor, wanted: Wanted) -> list[FailureGroup]:
    """Return the failures that fit, by configuration, category and code, newest first."""
    tests = {
        "f.configuration_id = ?": wanted.configuration_id,
        "f.category = ?": wanted.category.value if wanted.category else None,
        "f.code = ?": wanted.code,
        "f.day = ?": wanted.day,
        "f.day >= ?": wanted.since,
    }
    given = {test: value for test, value in tests.items() if value is not None}
    where = " AND ".join([*given, *(["(NOT f.is_replayed OR g.going > 0)"] if wanted.only_open else [])]) or "true"
    return _grouped(cursor, where, list(given.values()))


def groups_of(cursor: Cursor, failure_ids: Sequence[str]) -> list[FailureGroup]:
    """Return the groups that these failures make."""
    return _grouped(cursor, "list_contains(?, f.failure_id)", [list(failure_ids)])


def _grouped(cursor: Cursor, where: str, values: list[object]) -> list[FailureGroup]:
    rows = cursor.execute(
        f"""SELECT f.configuration_id, f.category, f.code,
            list(f.failure_id ORDER BY f.failed_at DESC, f.failure_id DESC),
            list(DISTINCT f.activation_id), sum(f.count)::BIGINT,
            coalesce(sum(f.count) FILTER (NOT f.is_replayed), 0)::BIGINT,
            sum(f.recovered)::BIGINT, coalesce(sum(g.going), 0)::BIGINT,
            coalesce(sum(f.count) FILTER (b.state = '{BatchState.UNKNOWN.value}'), 0)::BIGINT, max(f.failed_at)
        FROM ctl.failure f LEFT JOIN ({_GOING}) g USING (failure_id)
        LEFT JOIN (SELECT batch_id, state FROM ctl.batch) b ON b.batch_id = f.batch_id
        WHERE {where} GROUP BY ALL ORDER BY max(f.failed_at) DESC, f.configuration_id, f.category, f.code""",
        values,
    ).fetchall()
    return [
        FailureGroup(row[0], DeliveryCategory(row[1]), row[2], tuple(row[3]), tuple(row[4]), *row[5:]) for row in rows
    ]


_OF_FAILURES = """WITH f AS (SELECT * FROM ctl.failure WHERE list_contains(?, failure_id)),
    named AS (
        SELECT f.*, s.profile_id, s.identifier FROM dat.signal s JOIN f USING (batch_id) WHERE f.is_whole_batch
        UNION ALL
        SELECT f.*, s.profile_id, s.identifier FROM dat.signal s JOIN f USING (batch_id)
        JOIN ctl.failed_signal n ON n.failure_id = f.failure_id AND n.identifier = s.identifier
        WHERE NOT f.is_whole_batch),
    by_any AS (SELECT DISTINCT configuration_id, identifier
        FROM dat.told JOIN ctl.activation USING (activation_id) WHERE is_sent),
    shown AS (SELECT named.*, CASE WHEN named.kind = 'add' THEN t.identifier IS NOT NULL
            ELSE t.identifier IS NULL AND b.identifier IS NULL END AS is_current
        FROM named LEFT JOIN (SELECT activation_id, identifier FROM dat.told) t
            ON t.activation_id = named.activation_id AND t.identifier = named.identifier
        LEFT JOIN by_any b ON b.configuration_id = named.configuration_id AND b.identifier = named.identifier)"""
"""What is current here is what members.write_replay sends."""


def profiles(cursor: Cursor, failure_ids: Sequence[str], start: int, most: int) -> list[tuple[FailedProfile, int]]:
    """Return the profiles of failures with the tries of each, newest failure first, then by their number."""
    rows = cursor.execute(
        f"""{_OF_FAILURES} SELECT profile_id, kind, identifier, is_current, tries FROM shown
        ORDER BY failure_id DESC, profile_id, identifier LIMIT {most} OFFSET {start}""",
        [list(failure_ids)],
    ).fetchall()
    return [(FailedProfile(row[0], SignalKind(row[1]), row[2], row[3]), row[4]) for row in rows]


def count_profiles(cursor: Cursor, failure_ids: Sequence[str]) -> tuple[int, int]:
    """Return how many profiles failures concern, and how many a replay would send: current and never replayed."""
    row = cursor.execute(
        f"{_OF_FAILURES} SELECT count(*), count(*) FILTER (is_current AND NOT is_replayed) FROM shown",
        [list(failure_ids)],
    ).fetchone()
    return (int(row[0]), int(row[1])) if row else (0, 0)


def failed_last(cursor: Cursor, activation_id: str) -> dict[SignalKind, int]:
    """Return how many identifiers a link's last add or remove failed for, with no later signal on its way or taken.

    Where the partner refused some of a batch without naming them, their number counts as long as none recovered.
    """
    rows = cursor.execute(
        """WITH f AS (SELECT f.*, b.size FROM ctl.failure f JOIN ctl.batch b USING (batch_id)
            WHERE f.activation_id = ? AND f.recovered < f.count),
        named AS (
            SELECT f.kind, f.batch_id, s.identifier FROM f JOIN dat.signal s USING (batch_id)
            WHERE f.is_whole_batch AND f.count = f.size
            UNION ALL
            SELECT f.kind, f.batch_id, n.identifier FROM f JOIN ctl.failed_signal n USING (failure_id)),
        later AS (
            SELECT s.identifier, max(s.batch_id) AS batch_id FROM dat.signal s SEMI JOIN named USING (identifier)
            SEMI JOIN (SELECT * FROM dat.wave WHERE activation_id = ?) w ON w.wave_id = s.batch_id[:12]
            ANTI JOIN (SELECT * FROM ctl.batch WHERE state = 'superseded') gone ON gone.batch_id = s.batch_id
            GROUP BY 1)
        SELECT kind, count(*) FROM named JOIN later USING (identifier, batch_id) GROUP BY 1
        UNION ALL SELECT kind, sum(count)::BIGINT FROM f
        WHERE is_whole_batch AND count < size AND recovered = 0 AND NOT is_replayed GROUP BY 1""",
        [activation_id, activation_id],
    ).fetchall()
    found = dict.fromkeys(SignalKind, 0)
    for kind, number in rows:
        found[SignalKind(kind)] += number
    return found


def failed_again(cursor: Cursor, failure_ids: Sequence[str]) -> int:
    """Return how many messages of these failures' replays ended in an error once more."""
    row = cursor.execute(
        """SELECT coalesce(sum(count), 0)::BIGINT FROM ctl.failure SEMI JOIN
        (SELECT batch_id FROM ctl.batch WHERE list_contains(?, failure_id)) b USING (batch_id)""",
        [list(failure_ids)],
    ).fetchone()
    return int(row[0]) if row else 0


def tries(cursor: Cursor, batch_id: str) -> list[Try]:
    """Return the calls of a batch, first to last."""
    rows = cursor.execute(
        "SELECT batch_id, try, called_at, status, took_ms, sentence FROM ctl.delivery WHERE batch_id = ? "
        "ORDER BY called_at, try, delivery_id",
        [batch_id],
    ).fetchall()
    return [Try(*row) for row in rows]


def last_failed(
    cursor: Cursor, first: date, last: date, configuration_id: str | None = None
) -> dict[tuple[str, DeliveryCategory, str], datetime]:
    """Return when (UTC) messages last failed in these days, by configuration, category and code."""
    only = "" if configuration_id is None else " AND configuration_id = ?"
    rows = cursor.execute(
        f"""SELECT configuration_id, category, code, max(failed_at) FROM ctl.failure
        WHERE day BETWEEN ? AND ?{only} GROUP BY ALL""",
        [first, last, *([] if configuration_id is None else [configuration_id])],
    ).fetchall()
    return {(row[0], DeliveryCategory(row[1]), row[2]): row[3] for row in rows}


def retries(cursor: Cursor, configuration_id: str | None = None) -> list[Retry]:
    """Return, by configuration, what was refused and will be tried again by itself; empty where nothing will."""
    only = "" if configuration_id is None else " AND configuration_id = ?"
    rows = cursor.execute(
        f"""SELECT configuration_id, sum(size)::BIGINT, max(tries), min(next_try_at) FROM ctl.batch
        WHERE state = 'waiting' AND tries > 0{only} GROUP BY ALL ORDER BY configuration_id""",
        [] if configuration_id is None else [configuration_id],
    ).fetchall()
    return [Retry(*row) for row in rows]


def going(cursor: Cursor, configuration_id: str | None = None) -> int:
    """Return how many messages will get an answer by themselves: waiting or on the wire, held ones left out."""
    only = "" if configuration_id is None else " AND configuration_id = ?"
    row = cursor.execute(
        f"""SELECT coalesce(sum(size), 0)::BIGINT FROM ctl.batch WHERE state IN ('waiting', 'calling'){only}""",
        [] if configuration_id is None else [configuration_id],
    ).fetchone()
    return int(row[0]) if row else 0


def with_failures(cursor: Cursor) -> set[str]:
    """Return the ids of the configurations that have statistics or failures, deleted ones included."""
    rows = cursor.execute(
        "SELECT configuration_id FROM ctl.delivery_stat UNION SELECT configuration_id FROM ctl.failure"
    ).fetchall()
    return {configuration_id for (configuration_id,) in rows}
