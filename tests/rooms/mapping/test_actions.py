"""Which goals hold actions, what they need before they are saved, and the plan of them."""

from dataclasses import replace
from typing import Any

import pytest

from engine.mapping import actions, goal_checks
from storage.records.connections import DataType
from storage.records.goals import ActionFields, ImportGoal, Mapping, PropertyType, Strategy, ValueFormat
from tests.fakes.merging import goal_of

SPENT = Mapping("amount", "spent", PropertyType.DECIMAL, Strategy.SUM)
SAID = ActionFields("webshop", "order", time="day", time_format="%Y-%m-%d", amount="amount", state="state")
GOAL = replace(goal_of(SPENT), action=SAID)
CHANGES = replace(goal_of(), identifiers=(), action=replace(SAID, time=None, time_format=None))


def with_said(**said: Any) -> ImportGoal:
    return replace(GOAL, action=replace(SAID, **said))


def test_complete_goals_of_conversions_and_of_modifications_have_no_problem() -> None:
    assert goal_checks.problems(GOAL, {}, DataType.CONVERSIONS) == []
    assert goal_checks.problems(CHANGES, {}, DataType.ACTION_MODIFICATIONS) == []


@pytest.mark.parametrize(
    ("goal", "kind", "part"),
    [
        (goal_of(SPENT), DataType.CONVERSIONS, "tells actions apart"),
        (with_said(key=""), DataType.CLICKS, "tells actions apart"),
        (GOAL, DataType.AUDIENCES, "hold no actions"),
        (with_said(source=" "), DataType.CONVERSIONS, "Name the source"),
        (with_said(source="a\nb"), DataType.CONVERSIONS, "printable"),
        (with_said(time_format=None), DataType.CONVERSIONS, "format of the time in 'day'"),
        (replace(GOAL, row_key=("order",)), DataType.CONVERSIONS, "leave the row key empty"),
        (replace(CHANGES, mappings=(SPENT,)), DataType.ACTION_MODIFICATIONS, "follow a modification by themselves"),
        (replace(GOAL, identifiers=()), DataType.CONVERSIONS, "identifier"),
    ],
)
def test_what_a_goal_of_actions_lacks_is_said_in_a_sentence(goal: ImportGoal, kind: DataType, part: str) -> None:
    # when
    found = goal_checks.problems(goal, {}, kind)
    # then
    assert len(found) == 1
    assert part in found[0]


def test_the_plan_names_columns_by_number_and_reads_times_as_the_goal_does() -> None:
    # given
    number = {"state": 0, "order": 1, "id": 2, "amount": 3, "day": 4}
    goal = replace(with_said(time_format=None), values=ValueFormat(decimal=",", date_time="%d.%m.%Y %H:%M"))
    # when
    plan = actions.plan(goal, DataType.CLICKS, number)
    # then
    assert plan is not None
    assert (plan.key, plan.time, plan.amount, plan.state, plan.changes) == (1, 4, 3, 0, False)
    assert (plan.type, plan.time_format, plan.values.decimal) == ("clicks", "%d.%m.%Y %H:%M", ",")
    assert actions.plan(goal, DataType.AUDIENCES, number) is None
