"""What a merge replaces is kept, tells where each value came from, and brings a run back."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage.records.goals import ImportGoal, Mapping, PropertyType, Strategy
from storage.tables import changes, lineage, reverts
from tests.fakes.merging import Merger, goal_of

COLUMNS = ("id", "name", "spend")
NAME = Mapping("name", "name", PropertyType.TEXT, Strategy.SET)
SPEND = Mapping("spend", "spend", PropertyType.DECIMAL, Strategy.SUM)
CLEARING = replace(NAME, clears=True)


@pytest.fixture(params=[False, True], ids=["compared at once", "compared later"])
def merger(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Merger]:
    with Merger(tmp_path, compares_later=request.param) as made:
        yield made


def state(merger: Merger) -> dict[str, Any]:
    """Return profiles and what imports remember of rows."""
    with merger.database.read() as cursor:
        remembered = cursor.execute("SELECT * FROM dat.import_row ORDER BY ALL").fetchall()
        seen = cursor.execute("SELECT file_name, sums, lapsed_sums, hash_columns FROM dat.file_seen").fetchall()
    return {"profiles": merger.held(), "remembered": remembered, "seen": seen}


@pytest.mark.promise("Z17")
@pytest.mark.parametrize("second", [goal_of(NAME, SPEND), goal_of(CLEARING), goal_of(NAME, SPEND, goal_id="other")])
def test_a_run_that_is_taken_back_leaves_profiles_and_memory_as_before(merger: Merger, second: ImportGoal) -> None:
    # given
    merger.take(goal_of(NAME, SPEND), COLUMNS, [("1", "Ana", "1"), ("2", "Ben", "2"), ("2", "Ben", "2")])
    before = state(merger)
    # when
    merger.take(second, COLUMNS, [("1", "Anna", "5"), ("2", "", ""), ("2", "Ben", "2"), ("3", "Cleo", "1")])
    changed = merger.held()
    count = merger.take_back(merger.run_id)
    # then
    after = state(merger)
    assert changed != before["profiles"]
    assert count >= 2
    assert after["profiles"] == before["profiles"]
    assert after["remembered"] == before["remembered"]
    assert [row for row in after["seen"] if row in before["seen"]] == before["seen"]


@pytest.mark.promise("Z17")
def test_a_file_whose_first_import_is_taken_back_counts_whole_when_its_goal_changes(merger: Merger) -> None:
    # given
    goal = goal_of(SPEND)
    merger.take(goal, COLUMNS, [("1", "Ana", "1")])
    merger.take_back(merger.run_id)
    assert merger.held() == {}
    # when
    counts = merger.take(goal_of(NAME, SPEND), COLUMNS, [("1", "Ana", "1")])
    # then
    assert (counts.applied, counts.created, merger.held()["1"]["spend"]) == (1, 1, 1)


def test_each_value_of_a_profile_tells_the_line_that_set_it_and_what_it_held_before(merger: Merger) -> None:
    # given: two rows for one person, of which the first gives the name and the second the sum
    merger.take(goal_of(NAME, SPEND), COLUMNS, [("1", "Ana", "")])
    merger.take(goal_of(NAME, SPEND), COLUMNS, [("9", "x", "9"), ("1", "Anna", ""), ("1", "", "7")], file_name="b.csv")
    with merger.database.read() as cursor:
        found = cursor.execute("SELECT profile_id FROM dat.profile WHERE customer_id = '1'").fetchone()
        images = merger.images(cursor, changes.with_content(cursor))
        # when
        told = lineage.of_profile(cursor, found[0] if found else 0, images)
    # then
    assert [(item.change.file_name, item.property, item.before, item.line) for item in told] == [
        ("b.csv", "name", "Ana", 3),
        ("b.csv", "spend", None, 4),
        ("a.csv", "customer_id", None, 2),
        ("a.csv", "name", None, 2),
    ]
    assert told[0].change.mappings[told[0].mappings[0]] == ("name", "set")


def test_what_a_later_run_set_again_is_counted_and_named(merger: Merger) -> None:
    # given
    goal = goal_of(NAME, SPEND)
    merger.take(goal, COLUMNS, [("1", "Ana", "1"), ("2", "Ben", "2")])
    merger.take(goal, COLUMNS, [("1", "Anna", "0"), ("2", "Ben", "")], file_name="b.csv")
    merger.take(goal, COLUMNS, [("1", "Anne", "")], file_name="c.csv")
    with merger.database.read() as cursor:
        third, second, first = merger.images(cursor, changes.with_content(cursor))
        # when
        of_made = reverts.overlaps(cursor, first, second)
        of_name = reverts.overlaps(cursor, second, third)
    # then: of a profile that the first run made, whatever the second set counts
    assert of_made is not None
    assert (of_made.run_number, of_made.count, [name for _, name in of_made.values]) == (2, 1, ["name"])
    assert of_name is not None
    assert (of_name.run_number, of_name.count) == (3, 1)
