"""Cases of the merge that random sequences seldom meet: sums beside rejected rows, odd names, great numbers."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from engine.base import limits
from storage.records.goals import Identifier, Mapping, PropertyType, Strategy
from storage.tables import merge_writing
from storage.tables.merges import SumWouldMiss
from tests.fakes.merging import Merger, goal_of

COLUMNS = ("id", "name", "count", "value", "day")
NAME = Mapping("name", "name", PropertyType.TEXT, Strategy.SET)
CDS = Mapping("count", "cds", PropertyType.INTEGER, Strategy.SUM)
SPEND = Mapping("value", "spend", PropertyType.DECIMAL, Strategy.SUM)
DAY = Mapping("day", "last", PropertyType.DATE, Strategy.SET, "%Y%m%d")
ROWS = [("1", "Ana", "2", "10.00", "1 Jan"), ("2", "Ben", "3", "5.00", "19970102")]


@pytest.fixture
def merger(tmp_path: Path) -> Iterator[Merger]:
    with Merger(tmp_path) as made:
        yield made


@pytest.mark.promise("M24")
@pytest.mark.fault(97)
def test_a_sum_that_is_new_beside_a_mapping_that_rejects_is_added_when_the_mapping_is_mended(merger: Merger) -> None:
    # given: rows known by a Set alone; then a Sum comes, with a date format that one row does not fit
    merger.take(goal_of(NAME), COLUMNS, ROWS)
    counts = merger.take(goal_of(NAME, SPEND, DAY), COLUMNS, ROWS)
    assert (counts.applied, counts.rejected) == (1, 1)
    # when
    merger.take(goal_of(NAME, SPEND), COLUMNS, ROWS)
    merger.take(goal_of(NAME, SPEND), COLUMNS, ROWS)
    # then
    assert [merger.held()[key]["spend"] for key in ("1", "2")] == [Decimal(10), Decimal(5)]


@pytest.mark.promise("M24")
def test_a_new_sum_that_would_miss_rows_of_an_older_one_is_refused_and_changes_nothing(merger: Merger) -> None:
    # given
    merger.take(goal_of(CDS), COLUMNS, ROWS)
    before = merger.held()
    # when
    with pytest.raises(SumWouldMiss, match=r"1 rows of a\.csv .* the first in line 2, .* Nothing was changed"):
        merger.take(goal_of(CDS, SPEND, DAY), COLUMNS, ROWS)
    # then
    assert {key: profile["cds"] for key, profile in merger.held().items()} == {"1": 2, "2": 3}
    assert set(before) == set(merger.held())
    merger.take(goal_of(CDS, SPEND), COLUMNS, ROWS)
    assert {key: (profile["cds"], profile["spend"]) for key, profile in merger.held().items()} == {
        "1": (2, Decimal(10)),
        "2": (3, Decimal(5)),
    }


def test_a_row_whose_own_value_for_the_new_sum_does_not_fit_stops_nothing(merger: Merger) -> None:
    # given
    rows = [("1", "Ana", "2", "n/a", ""), ("2", "Ben", "3", "5.00", "")]
    merger.take(goal_of(CDS), COLUMNS, rows)
    # when
    counts = merger.take(goal_of(CDS, SPEND), COLUMNS, rows)
    # then
    assert (counts.applied, counts.rejected) == (1, 1)
    assert {key: profile["cds"] for key, profile in merger.held().items()} == {"1": 2, "2": 3}


@pytest.mark.promise("M25")
@pytest.mark.parametrize("strategy", [Strategy.SET, Strategy.SET_IF_EMPTY, Strategy.SUM])
def test_an_empty_value_in_the_file_overwrites_nothing(merger: Merger, strategy: Strategy) -> None:
    # given
    goal = goal_of(replace(CDS, strategy=strategy))
    merger.take(goal, COLUMNS, [("1", "", "4", "", "")])
    # when
    merger.take(goal, COLUMNS, [("1", "", "", "", ""), ("1", "", "  ", "", "")])
    # then
    assert merger.held()["1"]["cds"] == 4


@pytest.mark.promise("M28")
def test_one_changed_row_of_many_is_one_update(merger: Merger) -> None:
    # given
    rows = [(f"{number:06d}", f"name {number}", "1", "", "") for number in range(20_000)]
    merger.take(goal_of(NAME), COLUMNS, rows)
    rows[7] = ("000007", "another", "1", "", "")
    # when
    counts = merger.take(goal_of(NAME), COLUMNS, rows)
    # then
    assert (counts.applied, counts.unchanged, counts.created, counts.updated) == (1, 19_999, 0, 1)
    assert merger.held()["000007"]["name"] == "another"


def test_two_equal_rows_appended_are_two_rows(merger: Merger) -> None:
    # given
    rows = [("1", "", "1", "2.50", ""), ("1", "", "1", "2.50", "")]
    merger.take(goal_of(CDS, SPEND), COLUMNS, rows)
    # when
    counts = merger.take(goal_of(CDS, SPEND), COLUMNS, rows * 2)
    # then
    assert (counts.applied, counts.unchanged) == (2, 2)
    assert (merger.held()["1"]["cds"], merger.held()["1"]["spend"]) == (4, Decimal(10))


def test_two_goals_add_into_one_property(merger: Merger) -> None:
    # given
    merger.take(goal_of(SPEND, goal_id="one"), COLUMNS, ROWS)
    # when
    merger.take(goal_of(SPEND, goal_id="two"), COLUMNS, ROWS)
    # then
    assert merger.held()["1"]["spend"] == Decimal(20)


@pytest.mark.promise("Z06")
def test_a_row_without_identifier_is_rejected_with_its_reason(merger: Merger) -> None:
    # when
    counts = merger.take(goal_of(NAME), COLUMNS, [("", "Ana", "", "", ""), ("2", "Ben", "", "", "")], unread=1)
    # then
    assert (counts.read, counts.applied, counts.rejected) == (3, 1, 2)
    assert [(item.line, item.column, item.reason) for item in merger.rejects()] == [
        (2, "id", "identifier_empty"),
        (4, None, "too_few_columns"),
    ]


@pytest.mark.fault(85)
def test_identifiers_that_differ_in_zeros_or_signs_are_different_profiles(merger: Merger) -> None:
    # given
    keys = [
        "00501",
        "501",
        "+501",
        " 501",
        "501.0",
        "5.01e2",
        "nan",
        "NaN",
        "12345678901234567890",
        "1234567890123456789",
    ]
    # when
    merger.take(goal_of(NAME), COLUMNS, [(key, key, "", "", "") for key in keys])
    # then
    assert {key: profile["name"] for key, profile in merger.held().items()} == {key: key for key in keys}


@pytest.mark.fault(94)
@settings(max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    name=st.text(st.characters(exclude_categories=["C", "Zl", "Zp"]), min_size=1, max_size=30).filter(
        lambda name: name.strip() and not name.startswith("_") and name.lower() not in {"profile_id", "customer_id"}
    )
)
@example(name='"; DROP TABLE dat.profile; --')
@example(name="old_id")
@example(name="line")
@example(name="key")
@example(name="v0")
@example(name="rows")
@example(name="a'b")
def test_a_property_of_any_name_is_filled(merger: Merger, name: str) -> None:
    # given
    merger.wipe()
    first = goal_of(Mapping("name", name, PropertyType.TEXT, Strategy.SET), goal_id=name)
    # when
    merger.take(first, COLUMNS, ROWS, file_name=f"{name}.csv")
    merger.take(goal_of(CDS, goal_id=name), COLUMNS, ROWS, file_name=f"{name}.csv")
    # then: filled, and kept where another goal does not name it
    with merger.database.read() as cursor:
        assert name.lower() in [column.lower() for column in merge_writing.profile_columns(cursor)]
    kept = {column.lower(): value for column, value in merger.held()["1"].items()}
    assert (kept[name.lower()], kept["cds"]) == ("Ana", 2)


@pytest.mark.fault(94)
def test_a_field_with_quotes_is_named_in_its_rejects(merger: Merger) -> None:
    # given
    field = 'it\'s; -- "much"'
    goal = goal_of(Mapping(field, "much", PropertyType.INTEGER, Strategy.SET, None))
    # when
    merger.take(goal, ("id", field), [("1", "x'y"), ("2", "3")], file_name="a'b.csv")
    # then
    [reject] = merger.rejects()
    assert (reject.file_name, reject.column, reject.value, reject.raw) == ("a'b.csv", field, "x'y", "1,x'y")


def test_an_identifier_can_be_another_property_of_the_same_profiles(merger: Merger) -> None:
    # given: profiles by customer number hold a card; then a goal is linked by the card
    card = Mapping("name", "card", PropertyType.TEXT, Strategy.SET)
    merger.take(goal_of(card), COLUMNS, [("1", "card-1", "", "", ""), ("2", "card-2", "", "", "")])
    by_card = replace(goal_of(SPEND, goal_id="two", create_profiles=False), identifiers=(Identifier("name", "card"),))
    # when
    counts = merger.take(by_card, COLUMNS, [("9", "card-2", "", "7", ""), ("9", "card-9", "", "7", "")])
    # then
    assert (counts.applied, counts.skipped, counts.updated) == (1, {"no_match": 1}, 1)
    assert merger.held()["2"]["spend"] == Decimal(7)


@pytest.mark.fault(82)
def test_of_a_rejected_row_only_a_part_is_kept_and_it_says_so(merger: Merger) -> None:
    # given
    long = "x" * 5_000
    # when
    merger.take(goal_of(CDS), COLUMNS, [("1", "Ana", long, "10.00", "1 Jan"), ROWS[1]])
    # then
    [found] = merger.rejects()
    for kept in (found.value, found.raw):
        assert kept is not None
        assert len(kept) == limits.REJECT_RAW_CHARACTERS_MAX
        assert kept.endswith("x [cut here; the record goes on]")
