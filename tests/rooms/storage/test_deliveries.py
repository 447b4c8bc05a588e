"""Calls, failures and the counts of the statistics: written once, found by what they are, recovered within bounds."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from storage.database import Database, open_database
from storage.migrate import migrate
from storage.records.deliveries import (
    Answer,
    Batch,
    BatchState,
    Claim,
    DayCount,
    DeliveryCategory,
    Failure,
)
from storage.records.partners import SignalKind
from storage.tables import deliveries

NOW = datetime(2026, 11, 21, 12)
DAY = NOW.date()
CODE, TIMEOUT, SENT = DeliveryCategory.PARTNER_CODE, DeliveryCategory.TIMEOUT, DeliveryCategory.SENT
BATCH = Batch("b1", "w1", "c", "link", SignalKind.ADD, 10, BatchState.WAITING, 0, NOW, None)
FAILURE = Failure(
    failure_id="f1",
    batch_id="b1",
    configuration_id="c",
    activation_id="link",
    kind=SignalKind.ADD,
    day=DAY,
    category=CODE,
    code="100/33",
    sentence="Refused.",
    status=400,
    answer="{}",
    took_ms=5,
    tries=1,
    count=10,
    recovered=0,
    is_whole_batch=True,
    is_replayed=False,
    failed_at=NOW,
)


@pytest.fixture
def database(tmp_path: Path) -> Iterator[Database]:
    """An empty database."""
    found = open_database(tmp_path / "x.duckdb", (tmp_path,))
    migrate(found)
    yield found
    found.close()


def test_failures_are_found_by_all_that_is_asked_for_newest_first(database: Database) -> None:
    # given
    earlier = NOW - timedelta(days=1)
    with database.write("ctl") as cursor:
        deliveries.add_failure(cursor, FAILURE, [])
        older = replace(FAILURE, failure_id="f2", day=earlier.date(), failed_at=earlier, code="", category=TIMEOUT)
        deliveries.add_failure(cursor, older, [])
        deliveries.add_failure(cursor, replace(FAILURE, failure_id="f3", configuration_id="d"), ["x", "y"])
        deliveries.mark_replayed(cursor, "f3")

    def found(**asked: object) -> list[str]:
        with database.read() as cursor:
            return [one.failure_id for one in deliveries.failures(cursor, **asked)]  # type: ignore[arg-type]  # as asked

    # when / then
    assert found() == ["f3", "f1", "f2"]
    assert found(configuration_id="c") == ["f1", "f2"]
    assert found(category=TIMEOUT) == found(code="") == found(day=earlier.date()) == ["f2"]
    assert found(since=DAY) == ["f3", "f1"]
    assert found(only_open=True) == ["f1", "f2"]
    assert found(configuration_id="c", code="nothing") == []
    with database.read() as cursor:
        assert deliveries.by_id(cursor, "f1") == FAILURE
        assert deliveries.by_id(cursor, "nothing") is None


def test_what_a_replay_delivers_never_recovers_more_than_failed(database: Database) -> None:
    # given: seven failed; their whole batch of ten is replayed, twice over
    with database.write("ctl") as cursor:
        deliveries.add_failure(cursor, replace(FAILURE, count=7), [])
    again = replace(BATCH, batch_id="b2", failure_id="f1")
    # when
    gained = []
    for count in (4, 10, 10):
        with database.write("ctl") as cursor:
            gained += deliveries.recover(cursor, again, count)
    # then
    assert [line.recovered for line in gained] == [4, 3, 0]
    assert {(line.day, line.category, line.code, line.count) for line in gained} == {(DAY, CODE, "100/33", 0)}
    with database.read() as cursor:
        found = deliveries.by_id(cursor, "f1")
    assert found is not None
    assert found.recovered == 7
    with database.write("ctl") as cursor:
        assert deliveries.recover(cursor, BATCH, 10) == []


def test_the_statistics_are_the_sum_of_what_was_added_by_day_configuration_category_and_code(
    database: Database,
) -> None:
    # given
    before = DAY - timedelta(days=1)
    added = [
        DayCount(before, "c", SENT, "", 5),
        DayCount(DAY, "c", SENT, "", 5),
        DayCount(DAY, "c", SENT, "", 6),
        DayCount(DAY, "c", CODE, "1", 3),
        DayCount(DAY, "c", CODE, "1", 0, 2),
        DayCount(DAY, "d", CODE, "2", 4),
    ]
    with database.write("ctl") as cursor:
        deliveries.add_counts(cursor, added)
    # when / then
    with database.read() as cursor:
        assert deliveries.day_counts(cursor, DAY, DAY) == [
            DayCount(DAY, "c", CODE, "1", 3, 2),
            DayCount(DAY, "c", SENT, "", 11),
            DayCount(DAY, "d", CODE, "2", 4),
        ]
        assert deliveries.day_counts(cursor, before, DAY, "c")[0] == DayCount(before, "c", SENT, "", 5)
        assert deliveries.day_counts(cursor, date(2020, 1, 1), date(2020, 1, 2)) == []
        assert (deliveries.last_day(cursor), deliveries.last_day(cursor, "nothing")) == (DAY, None)


def test_a_call_is_written_before_it_is_made_and_its_answer_time_counts_when_it_has_one(database: Database) -> None:
    # given
    with database.write("ctl") as cursor:
        for number, took_ms in enumerate((10, 20, 1000)):
            claim = Claim(replace(BATCH, tries=number), f"d{number}")
            deliveries.begin(cursor, claim, NOW)
            deliveries.answered(cursor, claim.delivery_id, Answer(200, "{}", took_ms), None)
        deliveries.begin(cursor, Claim(BATCH, "out"), NOW)
    # when / then
    with database.read() as cursor:
        rows = cursor.execute("SELECT delivery_id, try, took_ms FROM ctl.delivery ORDER BY 1").fetchall()
        assert rows == [("d0", 1, 10), ("d1", 2, 20), ("d2", 3, 1000), ("out", 1, None)]
        median_ms, late_ms = deliveries.answer_times_ms(cursor, NOW, "c") or (0, 0)
        assert (median_ms, late_ms) == (20, 902)
        assert deliveries.answer_times_ms(cursor, NOW + timedelta(days=1)) is None
