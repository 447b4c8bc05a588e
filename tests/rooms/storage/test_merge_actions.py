"""Conversions, modifications and reversals: actions as they are now, their story, and sums that follow them."""

from collections.abc import Iterator
from dataclasses import replace
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from storage.records.connections import DataType
from storage.records.goals import Identifier, Mapping, PropertyType, Strategy, ValueFormat
from storage.tables import merge_actions
from tests.rooms.storage.keyed import CHANGES, ITEMS, ORDERS, SPENT, KeyedMerger, changes_goal, orders_goal

GOAL = orders_goal(SPENT, ITEMS)
A1 = ("A1", "ana", "2026-11-01", "100", "2", "")
A2 = ("A2", "ana", "2026-11-02", "30.50", "1", "")
B1 = ("B1", "ben", "2026-11-03", "7", "", "")


@pytest.fixture
def merger(tmp_path: Path) -> Iterator[KeyedMerger]:
    with KeyedMerger(tmp_path) as made:
        yield made


def test_conversions_land_as_actions_and_roll_up_into_profiles(merger: KeyedMerger) -> None:
    # when
    assert merger.file(GOAL, [A1, A2, B1]).applied == 3
    # then
    assert merger.spent() == {"ana": Decimal("130.5"), "ben": Decimal(7)}
    assert merger.spent("items") == {"ana": 3, "ben": None}
    assert merger.acts() == {"A1": (Decimal(100), ""), "A2": (Decimal("30.5"), ""), "B1": (Decimal(7), "")}
    assert merger.query("SELECT type, happened_at::DATE::VARCHAR FROM dat.action WHERE action_key = 'A1'") == [
        ("conversions", "2026-11-01")
    ]


def test_a_modification_and_a_reversal_change_their_action_and_its_sums(merger: KeyedMerger) -> None:
    # given
    merger.file(GOAL, [A1, A2, B1])
    # when
    outcome = merger.changes([("A1", "80", ""), ("A2", "", " Refunded "), ("X9", "1", "")])
    # then: a reversal takes back the items too
    assert (outcome.applied, outcome.left) == (2, 1)
    assert merger.spent() == {"ana": Decimal(80), "ben": Decimal(7)}
    assert merger.spent("items") == {"ana": 2, "ben": None}
    assert merger.acts() == {"A1": (Decimal(80), ""), "A2": (Decimal("30.5"), "reversed"), "B1": (Decimal(7), "")}
    assert merger.story("A2") == [("made", Decimal("30.5"), ""), ("reversed", Decimal("30.5"), "reversed")]


def test_an_amount_or_another_state_brings_a_reversed_action_back(merger: KeyedMerger) -> None:
    # given
    rows = [(key, key, "", "100", "2", "") for key in ("one", "two", "six")]
    merger.file(GOAL, rows)
    merger.changes([(key, "", "CANCELLED") for key in ("one", "two", "six")])
    assert set(merger.spent().values()) == {Decimal(0)}
    # when
    merger.changes([("one", "60", ""), ("two", "", "approved"), ("six", "60", "paid")], name="back.csv")
    # then
    assert merger.spent() == {"one": Decimal(60), "two": Decimal(100), "six": Decimal(60)}
    assert set(merger.spent("items").values()) == {2}
    assert {key: state for key, (_, state) in merger.acts().items()} == {"one": "", "two": "approved", "six": "paid"}


def test_without_a_state_field_zero_reverses_and_without_an_amount_every_row_does(merger: KeyedMerger) -> None:
    # given
    merger.file(GOAL, [A1, A2, B1])
    # when
    merger.changes([("A1", "0", "x")], state=None)
    merger.changes([("B1", "5", "x")], name="keys.csv", state=None, amount=None)
    # then
    assert merger.spent() == {"ana": Decimal("30.5"), "ben": 0}
    assert merger.acts()["B1"] == (Decimal(7), "reversed")
    # and: beside a state field zero is an amount like others
    merger.changes([("A2", "0", "")], name="zero.csv")
    assert merger.acts()["A2"] == (Decimal(0), "")


def test_what_changes_nothing_or_is_malformed_is_rejected_with_its_reason(merger: KeyedMerger) -> None:
    # given
    bad = [("C1", "ana", "1 Nov", "9", "", ""), ("C2", "ana", "2026-02-30", "x", "", ""), ("", "ana", "", "1", "", "")]
    wrong = ("C3", "ana", "2026-11-01", "9,5", "", "")
    # when
    outcome = merger.file(GOAL, [A1, *bad, wrong])
    # then: an amount that is mapped is typed by its mapping already
    assert outcome.problems == {
        "impossible_date": [3],
        "not_a_decimal": [4, 6],
        "row_key_empty": [5],
    }
    assert merger.changes([("A1", "", ""), ("A1x", "nine", "")]).problems == {
        "nothing_to_change": [2],
        "not_a_decimal": [3],
    }
    assert merger.acts() == {"A1": (Decimal(100), "")}


def test_amounts_and_times_are_read_as_the_goal_says(merger: KeyedMerger) -> None:
    # given
    values = ValueFormat(decimal=",", thousands=".", date_time="%d.%m.%Y %H:%M", time_zone="Europe/Amsterdam")
    goal = replace(orders_goal(time_format=None), values=values)
    # when
    outcome = merger.file(goal, [
        ("A1", "ana", "01.07.2026 14:30", "1.234,50", "", ""), ("A2", "ana", "29.03.2026 02:30", "1", "", ""),
        ("A3", "ana", "2026-07-01", "1", "", ""),
    ])  # fmt: skip
    # then
    assert merger.query("SELECT action_key, happened_at::VARCHAR, amount FROM dat.action") == [
        ("A1", "2026-07-01 12:30:00", Decimal("1234.5"))
    ]
    assert outcome.problems == {"no_such_time": [3], "not_a_date_time": [4]}


def test_an_action_stays_with_its_profile_and_its_type(merger: KeyedMerger) -> None:
    # given
    merger.file(GOAL, [A1, B1])
    # when
    another = merger.file(GOAL, [("A1", "ben", "2026-11-01", "100", "", "")], name="b.csv")
    click = merger.file(GOAL, [("B1", "ben", "", "", "1", "")], name="c.csv", kind=DataType.CLICKS)
    named = replace(changes_goal(state=None), identifiers=(Identifier("state", "customer_id"),))
    kind = DataType.ACTION_MODIFICATIONS
    wrong = merger.file(named, [("A1", "1", "ben"), ("B1", "8", "ben")], columns=CHANGES, name="d.csv", kind=kind)
    # then
    assert [found.problems for found in (another, click, wrong)] == [{"action_of_another": [2]}] * 3
    assert merger.spent() == {"ana": Decimal(100), "ben": Decimal(8)}


def test_the_row_that_made_an_action_tells_it_again_without_undoing_what_changed_it(merger: KeyedMerger) -> None:
    # given
    merger.file(orders_goal(), [A1, A2, B1])
    merger.changes([("A1", "80", ""), ("A2", "", "void")])
    # when: the same rows in another file, then again because a mapping came
    assert merger.file(orders_goal(), [A1, A2, B1], name="b.csv").unchanged == 3
    count = Mapping("amount", "revenue", PropertyType.DECIMAL, Strategy.SUM)
    outcome = merger.file(orders_goal(SPENT, ITEMS, count), [A1, A2, B1])
    # then: new sums have the amounts of now
    assert outcome.applied == 3
    assert merger.spent() == merger.spent("revenue") == {"ana": Decimal(80), "ben": Decimal(7)}
    assert merger.spent("items") == {"ana": 2, "ben": None}
    assert len(merger.query("SELECT * FROM dat.action_step")) == 5
    # and: what was reversed comes back with what its row gave
    merger.changes([("A2", "", "approved")], name="back.csv")
    assert merger.spent("items") == {"ana": 3, "ben": None}
    assert merger.spent() == merger.spent("revenue") == {"ana": Decimal("110.5"), "ben": Decimal(7)}


def test_a_corrected_row_corrects_its_action_and_the_sums_of_other_goals_follow(merger: KeyedMerger) -> None:
    # given: two goals tell the actions of one source
    merger.file(orders_goal(), [A1])
    loyalty = orders_goal(Mapping("amount", "points", PropertyType.DECIMAL, Strategy.SUM), goal_id="loyalty")
    merger.file(loyalty, [A1], name="loyalty.csv")
    # when
    merger.file(orders_goal(), [("A1", "ana", "2026-11-05", "90", "", "")], name="b.csv")
    # then
    assert merger.spent() == merger.spent("points") == {"ana": Decimal(90)}
    assert merger.story("A1") == [("made", Decimal(100), ""), ("corrected", Decimal(90), "")]
    assert merger.query("SELECT happened_at::DATE::VARCHAR FROM dat.action") == [("2026-11-05",)]
    # and
    merger.file(orders_goal(), [("A1", "ana", "2026-11-05", "", "", "cancelled")], name="c.csv")
    assert merger.spent() == merger.spent("points") == {"ana": Decimal(0)}


def test_an_amount_with_places_is_rejected_where_a_sum_is_of_integers(merger: KeyedMerger) -> None:
    # given
    merger.file(orders_goal(replace(SPENT, property="whole", type=PropertyType.INTEGER)), [A1])
    # when
    outcome = merger.changes([("A1", "80.5", "")])
    # then
    assert outcome.problems == {"not_an_integer": [2]}
    assert merger.spent("whole") == {"ana": 100}


def test_a_run_that_is_taken_back_leaves_actions_as_they_were_before_it(merger: KeyedMerger) -> None:
    # given
    merger.file(GOAL, [A1, A2])
    made = merger.run_id
    before = merger.query("SELECT * EXCLUDE changed_at FROM dat.action ORDER BY ALL")
    merger.changes([("A1", "80", ""), ("A2", "", "void")])
    changed = merger.run_id
    # when, then
    with merger.database.write("dat") as cursor:
        assert merge_actions.later_steps(cursor, made) == 2
        assert merge_actions.later_steps(cursor, changed) == 0
        assert merge_actions.revert(cursor, changed) == 2
    assert merger.query("SELECT * EXCLUDE changed_at FROM dat.action ORDER BY ALL") == before
    with merger.database.write("dat") as cursor:
        assert merge_actions.revert(cursor, made) == 2
    assert merger.acts() == {}


OWNER = {f"A{number}": ("ana", "ben", "cid")[number % 3] for number in range(16)}
AMOUNT = st.sampled_from(["", "0", "5", "-2.5", "12.75"])
STATE = st.sampled_from(["", "paid", "Reversed", "void"])
ROWS = st.lists(st.tuples(st.sampled_from(sorted(OWNER)), AMOUNT, STATE), min_size=6, max_size=30)
FILES = st.lists(st.tuples(st.booleans(), st.booleans(), ROWS), min_size=3, max_size=4)
"""Files of many actions at once, because a merge costs the same for one: whether they change, and which mappings."""
REVERSING = {"reversed", "void"}


class Model:
    """What actions are by plain rules: the last row of a key in a file counts."""

    def __init__(self) -> None:
        self.actions: dict[str, dict[str, Any]] = {}

    def tell(self, key: str, amount: str, state: str, *, changes: bool) -> None:
        said = (Decimal(amount) if amount else None, state)
        there = self.actions.get(key)
        if there is None:
            if not changes:
                self.actions[key] = {"amount": said[0], "state": self._state(state), "made": said}
            return
        if (changes and not amount and not state) or (not changes and there["made"] == said):
            return
        is_live = there["state"] != "reversed"
        if state:
            there["state"] = self._state(state)
        elif amount and not is_live:
            there["state"] = ""
        if amount and there["state"] != "reversed":
            there["amount"] = said[0]
        if not changes:
            there["made"] = said

    @staticmethod
    def _state(state: str) -> str:
        return "reversed" if state.lower() in REVERSING else state

    def spent(self, person: str) -> Decimal:
        live = [one for key, one in self.actions.items() if OWNER[key] == person and one["state"] != "reversed"]
        return sum((one["amount"] or Decimal(0) for one in live), Decimal(0))


@settings(max_examples=4, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(FILES)
def test_a_profiles_sum_is_always_that_of_its_live_actions(
    merger: KeyedMerger, files: list[tuple[bool, bool, list[tuple[str, str, str]]]]
) -> None:
    # given
    merger.wipe()
    model, count = Model(), Mapping("amount", "revenue", PropertyType.DECIMAL, Strategy.SUM)
    for number, (changes, is_wide, rows) in enumerate(files):
        # when: a file of either kind comes, under one of two mappings; the last one twice
        for name in (f"{number}.csv", f"{number}-again.csv")[: 1 + (number == len(files) - 1)]:
            if changes:
                merger.changes(rows, name=name)
            else:
                goal = orders_goal(SPENT, count) if is_wide else orders_goal()
                merger.file(goal, [(key, OWNER[key], "", amount, "", state) for key, amount, state in rows], name=name)
        for key, (amount, state) in {key: (amount, state) for key, amount, state in rows}.items():
            model.tell(key, amount, state, changes=changes)
        # then
        assert merger.acts() == {key: (one["amount"], one["state"]) for key, one in model.actions.items()}
        for person, spent in merger.spent().items():
            assert (spent or Decimal(0)) == model.spent(person)


def test_the_steps_of_a_file_say_where_it_came_from(merger: KeyedMerger) -> None:
    # given
    merger.file(GOAL, [A1, A2])
    run_id = merger.run_id
    # then
    where = merger.query("SELECT DISTINCT run_id, goal_id, file_name FROM dat.action_step")
    assert where == [(run_id, "orders", "a.csv")]
    assert sorted(merger.query("SELECT action_key, line FROM dat.action_step")) == [("A1", 2), ("A2", 3)]
    assert len(ORDERS) == len(A1)


def test_sums_of_one_property_by_an_old_mapping_and_a_new_one_both_follow(merger: KeyedMerger) -> None:
    # given: the mapping of another goal of this source fills the same property
    merger.file(orders_goal(), [A1])
    other = orders_goal(replace(SPENT, type=PropertyType.INTEGER), ITEMS, goal_id="other")
    merger.file(other, [A1], name="other.csv")
    assert merger.spent() == {"ana": Decimal(200)}
    # when
    merger.file(orders_goal(), [("A1", "ana", "", "90", "", "")], name="b.csv")
    # then
    assert merger.spent() == {"ana": Decimal(180)}
    # and
    merger.changes([("A1", "", "void")])
    assert merger.spent() == {"ana": Decimal(0)}
    assert merger.spent("items") == {"ana": 0}
