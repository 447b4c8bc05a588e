"""A file of all types of values becomes profiles: exact, in UTC, lists without doubles; what does not fit is told."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime
from decimal import Decimal

import pytest

from storage.records.goals import ImportGoal, Mapping, PropertyType, Strategy, ValueFormat
from tests.fakes.merging import Merger, goal_of

COLUMNS = ("id", "name", "visits", "spent", "born", "seen", "news", "tags")
VALUES = ValueFormat(
    decimal=",",
    thousands=".",
    multi_value="|",
    date="%d-%m-%Y",
    date_time="%d-%m-%Y %H:%M",
    time_zone="Europe/Amsterdam",
)
MAPPINGS = (
    Mapping("name", "name", PropertyType.TEXT, Strategy.SET, clears=True),
    Mapping("visits", "visits", PropertyType.INTEGER, Strategy.SET_IF_EMPTY),
    Mapping("spent", "spent", PropertyType.DECIMAL, Strategy.SUM),
    Mapping("born", "born", PropertyType.DATE, Strategy.SET),
    Mapping("seen", "seen", PropertyType.DATE_TIME, Strategy.SET),
    Mapping("news", "news", PropertyType.BOOLEAN, Strategy.SET, clears=True),
    Mapping("tags", "tags", PropertyType.LIST, Strategy.ADD),
)


def goal(*mappings: Mapping) -> ImportGoal:
    return replace(goal_of(*mappings), values=VALUES)


@pytest.fixture(scope="module")
def merger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merger]:
    with Merger(tmp_path_factory.mktemp("types")) as made:
        yield made


@pytest.mark.promise("M07")
@pytest.mark.promise("M08")
@pytest.mark.promise("M10")
@pytest.mark.promise("M22")
@pytest.mark.promise("M25")
@pytest.mark.promise("M29")
@pytest.mark.fault(88)
def test_values_of_every_type_are_kept_and_each_that_does_not_fit_is_told(merger: Merger) -> None:
    # given: Ana twice, and a row for each type with a value that does not fit
    rows = [
        ("1", "Ana", "1.204", "1.234,50", "02-03-1990", "25-10-2026 02:30", "yes", "red| blue|red"),
        ("2", "Ben", "", "", "", "", "", "|"),
        ("3", "", "1.5", "", "", "", "", ""),
        ("4", "", "", "1.23,5", "", "", "", ""),
        ("5", "", "", "", "31-02-1990", "", "", ""),
        ("6", "", "", "", "", "29-03-2026 02:30", "", ""),
        ("7", "", "", "", "", "29-02-2026 02:30", "", ""),
        ("8", "", "", "", "", "", "perhaps", ""),
        ("1", "", "7", "0,5", "", "", "", "green|blue"),
    ]
    # when
    counts = merger.take(goal(*MAPPINGS), COLUMNS, rows)
    # then
    assert (counts.applied, counts.rejected, counts.created) == (3, 6, 2)
    held = merger.held()
    assert held["1"] == {
        "customer_id": "1",
        "name": None,
        "visits": 1204,
        "spent": Decimal(1235),
        "born": date(1990, 3, 2),
        "seen": datetime(2026, 10, 25, 0, 30),
        "news": None,
        "tags": ["red", "blue", "green"],
    }
    assert held["2"] == {**dict.fromkeys(held["2"]), "customer_id": "2", "name": "Ben"}
    assert [(item.line, item.column, item.reason) for item in merger.rejects()] == [
        (4, "visits", "not_an_integer"),
        (5, "spent", "not_a_decimal"),
        (6, "born", "impossible_date"),
        (7, "seen", "no_such_time"),
        (8, "seen", "not_a_date_time"),
        (9, "news", "not_a_boolean"),
    ]
    # when: a later file
    merger.take(goal(*MAPPINGS), COLUMNS, [("1", "Anne", "9", "", "", "", "no", "gold|red")], "b.csv")
    # then
    held = merger.held()
    assert [held["1"][name] for name in ("name", "visits", "news", "tags")] == [
        "Anne",
        1204,
        False,
        ["red", "blue", "green", "gold"],
    ]


@pytest.mark.promise("M29")
def test_two_fields_of_a_narrower_type_fill_one_wider_property(merger: Merger) -> None:
    # given: a property of decimals, and one of times
    wide = (
        Mapping("spent", "total", PropertyType.DECIMAL, Strategy.SUM),
        Mapping("seen", "last_at", PropertyType.DATE_TIME, Strategy.SET),
    )
    merger.take(goal(*wide), COLUMNS, [("w", "", "", "0,5", "", "01-01-2026 10:00", "", "")], "c.csv")
    # when: another goal sums two fields of integers into it, and sets a date
    narrow = (
        Mapping("visits", "total", PropertyType.INTEGER, Strategy.SUM),
        Mapping("spent", "total", PropertyType.INTEGER, Strategy.SUM),
        Mapping("born", "last_at", PropertyType.DATE, Strategy.SET),
        Mapping("visits", "units", PropertyType.INTEGER, Strategy.SUM),
        Mapping("spent", "units", PropertyType.INTEGER, Strategy.SUM),
    )
    other = replace(goal(*narrow), goal_id="other")
    merger.take(other, COLUMNS, [("w", "", "2", "1.000", "29-03-2026", "", "", ""), ("w", "", "", "3", "", "", "", "")])
    # then: what both fill anew is one property
    held = merger.held()["w"]
    assert (held["total"], held["last_at"], held["units"]) == (Decimal("1005.5"), datetime(2026, 3, 28, 23), 1005)
    with merger.database.read() as cursor:
        assert cursor.execute("SELECT type FROM ctl.property WHERE name = 'units'").fetchall() == [("integer",)]
