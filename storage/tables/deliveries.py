"""Calls to partners, what failed in them, and the counts of the statistics; a batch's end is written in one go."""

from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import Any

from storage.database import Cursor
from storage.records.deliveries import Answer, Batch, Claim, DayCount, DeliveryCategory, Failure
from storage.records.partners import SignalKind

_FAILURE = (
    "failure_id, batch_id, configuration_id, activation_id, kind, day, category, code, sentence, status, answer, "
    "took_ms, tries, count, recovered, is_whole_batch, is_replayed, failed_at"
)


def begin(cursor: Cursor, claim: Claim, called_at: datetime) -> None:
    """Write a call before it is made."""
    batch = claim.batch
    cursor.execute(
        "INSERT INTO ctl.delivery (delivery_id, batch_id, configuration_id, try, called_at) VALUES (?, ?, ?, ?, ?)",
        [claim.delivery_id, batch.batch_id, batch.configuration_id, batch.tries + 1, called_at],
    )


def forget(cursor: Cursor, delivery_id: str) -> None:
    """Remove a call that was written down and then not made."""
    cursor.execute("DELETE FROM ctl.delivery WHERE delivery_id = ?", [delivery_id])


def answered(cursor: Cursor, delivery_id: str, answer: Answer, said: tuple[DeliveryCategory, str, str] | None) -> None:
    """Write what came back; said is (category, code, sentence) of what was wrong, None where all was taken."""
    category, code, sentence = said or (None, None, None)
    cursor.execute(
        "UPDATE ctl.delivery SET took_ms = ?, status = ?, category = ?, code = ?, sentence = ?, answer = ? "
        "WHERE delivery_id = ?",
        [answer.took_ms, answer.status, category.value if category else None, code, sentence, answer.text, delivery_id],
    )


def add_counts(cursor: Cursor, counts: Iterable[DayCount]) -> None:
    """Add to the statistics; deltas, summed when they are read."""
    for item in counts:
        cursor.execute(
            "INSERT INTO ctl.delivery_stat VALUES (?, ?, ?, ?, ?, ?)",
            [item.day, item.configuration_id, item.category.value, item.code, item.count, item.recovered],
        )


def add_failure(cursor: Cursor, failure: Failure, identifiers: Sequence[str]) -> None:
    """Keep what failed; identifiers name it where it is not the whole batch."""
    cursor.execute(
        f"INSERT INTO ctl.failure ({_FAILURE}) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            failure.failure_id,
            failure.batch_id,
            failure.configuration_id,
            failure.activation_id,
            failure.kind.value,
            failure.day,
            failure.category.value,
            failure.code,
            failure.sentence,
            failure.status,
            failure.answer,
            failure.took_ms,
            failure.tries,
            failure.count,
            failure.recovered,
            failure.is_whole_batch,
            failure.is_replayed,
            failure.failed_at,
        ],
    )
    cursor.execute("INSERT INTO ctl.failed_signal SELECT ?, unnest(?)", [failure.failure_id, list(identifiers)])


def recover(cursor: Cursor, batch: Batch, count: int) -> list[DayCount]:
    """Note what a replay has delivered of the failure behind it, and what the old days' statistics gain by it.

    Where that was a replay itself, the failure behind that one has recovered too.

    Returns:
        Lines that add no messages; empty where the batch is no replay.
    """
    lines = []
    failure = by_id(cursor, batch.failure_id) if batch.failure_id else None
    while failure is not None:
        count = min(count, failure.count - failure.recovered)
        cursor.execute(
            "UPDATE ctl.failure SET recovered = recovered + ? WHERE failure_id = ?", [count, failure.failure_id]
        )
        lines.append(DayCount(failure.day, failure.configuration_id, failure.category, failure.code, 0, count))
        row = cursor.execute("SELECT failure_id FROM ctl.batch WHERE batch_id = ?", [failure.batch_id]).fetchone()
        failure = by_id(cursor, row[0]) if row and row[0] else None
    return lines


def mark_replayed(cursor: Cursor, failure_id: str) -> None:
    """Note that a failure was sent again; what fails then is a failure of its own."""
    cursor.execute("UPDATE ctl.failure SET is_replayed = true WHERE failure_id = ?", [failure_id])


def by_id(cursor: Cursor, failure_id: str) -> Failure | None:
    """Return one failure, or None."""
    return next(iter(_failures(cursor, "failure_id = ?", [failure_id])), None)


def failures(
    cursor: Cursor,
    *,
    configuration_id: str | None = None,
    category: DeliveryCategory | None = None,
    code: str | None = None,
    day: date | None = None,
    since: date | None = None,
    only_open: bool = False,
) -> list[Failure]:
    """Return failures that fit all that is given, newest first; only_open leaves out what was sent again.

    Args:
        cursor: To read.
        configuration_id: Of this configuration.
        category: Of this category.
        code: With this partner code; "" for none.
        day: Of this day (UTC).
        since: Of this day or later (UTC).
        only_open: Not replayed.
    """
    tests = {
        "configuration_id = ?": configuration_id,
        "category = ?": category.value if category else None,
        "code = ?": code,
        "day = ?": day,
        "day >= ?": since,
    }
    given = {test: value for test, value in tests.items() if value is not None}
    where = " AND ".join([*given, *(["NOT is_replayed"] if only_open else [])]) or "true"
    return _failures(cursor, where, list(given.values()))


def day_counts(cursor: Cursor, first: date, last: date, configuration_id: str | None = None) -> list[DayCount]:
    """Return the statistics from the first day to the last (UTC), both included; lines of zero are left out."""
    only = "" if configuration_id is None else " AND configuration_id = ?"
    rows = cursor.execute(
        f"""SELECT day, configuration_id, category, code, sum(n)::BIGINT, sum(recovered)::BIGINT
        FROM ctl.delivery_stat WHERE day BETWEEN ? AND ?{only} GROUP BY ALL
        HAVING sum(n) <> 0 ORDER BY day, configuration_id, category, code""",
        [first, last, *([] if configuration_id is None else [configuration_id])],
    ).fetchall()
    return [DayCount(row[0], row[1], DeliveryCategory(row[2]), row[3], row[4], row[5]) for row in rows]


def last_day(cursor: Cursor, configuration_id: str | None = None) -> date | None:
    """Return the last day (UTC) with any message, or None."""
    only = "" if configuration_id is None else " WHERE configuration_id = ?"
    row = cursor.execute(
        f"SELECT max(day) FROM ctl.delivery_stat{only}", [] if configuration_id is None else [configuration_id]
    ).fetchone()
    return row[0] if row else None


def answer_times_ms(cursor: Cursor, since: datetime, configuration_id: str | None = None) -> tuple[int, int] | None:
    """Return median and 95th percentile of the answer times of calls since a time (UTC), None without any."""
    only = "" if configuration_id is None else " AND configuration_id = ?"
    row = cursor.execute(
        f"""SELECT quantile_cont(took_ms, 0.5)::BIGINT, quantile_cont(took_ms, 0.95)::BIGINT FROM ctl.delivery
        WHERE called_at >= ? AND took_ms IS NOT NULL{only}""",
        [since, *([] if configuration_id is None else [configuration_id])],
    ).fetchone()
    return (row[0], row[1]) if row and row[0] is not None else None


def _failures(cursor: Cursor, where: str, values: list[Any]) -> list[Failure]:
    rows = cursor.execute(
        f"SELECT {_FAILURE} FROM ctl.failure WHERE {where} ORDER BY failed_at DESC, failure_id DESC", values
    ).fetchall()
    return [_failure(row) for row in rows]


def _failure(row: tuple) -> Failure:  # type: ignore[type-arg]  # a database row has no static shape
    held = dict(zip(_FAILURE.split(", "), row, strict=True))
    held["kind"], held["category"] = SignalKind(held["kind"]), DeliveryCategory(held["category"])
    return Failure(**held)
