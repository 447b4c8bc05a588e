"""Rows known by a key: their sums follow by the difference, in whatever file they come (ruling 15)."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from storage.records.goals import ImportGoal, Mapping, PropertyType, Strategy
from storage.tables import merge_keys
from tests.fakes.merging import goal_of
from tests.rooms.storage.keyed import ITEMS, SPENT, KeyedMerger

COLUMNS = ("order", "id", "amount", "items")
NAME = Mapping("items", "last_items", PropertyType.TEXT, Strategy.SET)


@pytest.fixture
def merger(tmp_path: Path) -> Iterator[KeyedMerger]:
    with KeyedMerger(tmp_path) as made:
        yield made


def keyed(*mappings: Mapping) -> ImportGoal:
    return replace(goal_of(*(mappings or (SPENT,))), row_key=("order",))


@pytest.mark.promise("M24")
def test_a_row_with_a_key_gives_a_sum_the_difference_in_whatever_file_it_comes(merger: KeyedMerger) -> None:
    # given
    merger.file(keyed(), [("o1", "ana", "10.50", ""), ("o2", "ana", "5", ""), ("o3", "ben", "7", "")], columns=COLUMNS)
    # when: another file tells o1 anew, repeats o2 and brings o4
    rows = [("o1", "ana", "12", ""), ("o2", "ana", "5", ""), ("o4", "ben", "1", "")]
    outcome = merger.file(keyed(), rows, columns=COLUMNS, name="b.csv")
    # then
    assert (outcome.applied, outcome.unchanged) == (2, 1)
    assert merger.spent() == {"ana": Decimal(17), "ben": Decimal(8)}


@pytest.mark.promise("M24")
def test_the_same_file_again_changes_nothing_under_any_name_and_configuration(merger: KeyedMerger) -> None:
    # given
    rows = [("o1", "ana", "10", "2"), ("o2", "ben", "5", "3")]
    merger.file(keyed(), rows, columns=COLUMNS)
    # then
    assert merger.file(keyed(), rows, columns=COLUMNS, name="b.csv").unchanged == 2
    # when: a mapping more, so that all rows run again
    outcome = merger.file(keyed(SPENT, ITEMS), rows, columns=COLUMNS)
    # then
    assert outcome.applied == 2
    assert merger.spent() == {"ana": Decimal(10), "ben": Decimal(5)}
    assert merger.spent("items") == {"ana": 2, "ben": 3}


def test_a_sum_that_was_taken_out_and_put_back_adds_what_came_in_between(merger: KeyedMerger) -> None:
    # given
    merger.file(keyed(SPENT, ITEMS), [("o1", "ana", "10", "2")], columns=COLUMNS)
    rows = [("o1", "ana", "11", "2"), ("o2", "ana", "5", "1")]
    merger.file(keyed(ITEMS), rows, columns=COLUMNS, name="b.csv")
    # when
    merger.file(keyed(SPENT, ITEMS), rows, columns=COLUMNS, name="c.csv")
    # then
    assert merger.spent() == {"ana": Decimal(16)}
    assert merger.spent("items") == {"ana": 3}


def test_a_row_that_belongs_to_another_profile_now_takes_its_share_along(merger: KeyedMerger) -> None:
    # given
    merger.file(keyed(SPENT, ITEMS), [("o1", "ana", "10", "2"), ("o2", "ana", "5", "1")], columns=COLUMNS)
    # when
    merger.file(keyed(SPENT, ITEMS), [("o1", "ben", "11", "2")], columns=COLUMNS, name="b.csv")
    # then
    assert merger.spent() == {"ana": Decimal(5), "ben": Decimal(11)}
    assert merger.spent("items") == {"ana": 1, "ben": 2}


def test_of_several_rows_with_one_key_the_last_counts_and_the_others_are_superseded(merger: KeyedMerger) -> None:
    # when
    rows = [("o1", "ana", "10", ""), ("o1", "ana", "20", ""), ("o1", "ana", "30", ""), ("", "ana", "1", "")]
    outcome = merger.file(keyed(), rows, columns=COLUMNS)
    # then
    assert (outcome.applied, outcome.superseded, outcome.problems) == (1, 2, {"row_key_empty": [5]})
    assert merger.spent() == {"ana": Decimal(30)}


@pytest.mark.promise("M25")
def test_an_empty_value_leaves_what_its_row_gave_unless_empty_clears(merger: KeyedMerger) -> None:
    # given
    merger.file(keyed(), [("o1", "ana", "10", ""), ("o2", "ana", "5", "")], columns=COLUMNS)
    # when, then
    merger.file(keyed(), [("o1", "ana", "", "")], columns=COLUMNS, name="b.csv")
    assert merger.spent() == {"ana": Decimal(15)}
    merger.file(keyed(replace(SPENT, clears=True)), [("o1", "ana", "", "")], columns=COLUMNS, name="c.csv")
    assert merger.spent() == {"ana": Decimal(5)}


def test_a_row_that_was_rejected_or_had_no_match_keeps_what_is_remembered_of_it(merger: KeyedMerger) -> None:
    # given
    merger.file(keyed(), [("o1", "ana", "10", "")], columns=COLUMNS)
    # when: once malformed, once of nobody
    merger.file(keyed(), [("o1", "ana", "ten", "")], columns=COLUMNS, name="b.csv")
    nobody = replace(keyed(), create_profiles=False)
    assert merger.file(nobody, [("o1", "eve", "12", "")], columns=COLUMNS, name="c.csv").left == 1
    # then
    merger.file(keyed(), [("o1", "ana", "11", "")], columns=COLUMNS, name="d.csv")
    assert merger.spent() == {"ana": Decimal(11)}


def test_keys_of_two_fields_are_told_apart_and_keys_of_two_goals_are_two(merger: KeyedMerger) -> None:
    # given
    goal = replace(keyed(), row_key=("order", "items"))
    rows = [("a", "ana", "1", "b|c"), ("a|b", "ana", "2", "c"), ("a", "ana", "4", "")]
    # when
    outcome = merger.file(goal, rows, columns=COLUMNS)
    merger.file(replace(goal, goal_id="other"), rows[:1], columns=COLUMNS)
    # then
    assert outcome.problems == {"row_key_empty": [4]}
    assert merger.spent() == {"ana": Decimal(4)}


def test_what_was_remembered_before_a_merge_can_be_restored(merger: KeyedMerger) -> None:
    # given
    merger.file(keyed(), [("o1", "ana", "10", "")], columns=COLUMNS)
    remembered = "SELECT * FROM dat.import_key ORDER BY ALL", "SELECT * FROM dat.import_sum ORDER BY ALL"
    before = [merger.query(query) for query in remembered]
    plan = merger.plan(keyed(), COLUMNS, [("o1", "ana", "12", ""), ("o2", "ana", "1", "")], "b.csv")
    # when
    merger.merge_and(plan, "CREATE TABLE dat.kept AS FROM temp.keys_before")
    with merger.database.write("dat") as cursor:
        assert merge_keys.changed_since(cursor, "dat.kept") == 0
        merge_keys.restore(cursor, "dat.kept")
        assert merge_keys.changed_since(cursor, "dat.kept") == 2
    # then
    assert [merger.query(query) for query in remembered] == before
