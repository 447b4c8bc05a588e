"""What a rule finds among values of every type; a profile without a value is in no comparison."""

from datetime import datetime

import pytest

from storage.database import Database
from storage.records.audiences import Condition, Operator
from storage.records.goals import PropertyType
from storage.tables import conditions

PROFILES = """(VALUES
    (1, TIMESTAMP '2026-11-21 10:30:00', true, ['gold', 'fish']), (2, TIMESTAMP '2026-11-21 10:30:01', false, ['Gold']),
    (3, NULL, NULL, NULL)) profile(profile_id, seen_at, newsletter, tags)"""
AT = datetime(2026, 11, 21, 10, 30)
TIME, BOOLEAN, LIST = PropertyType.DATE_TIME, PropertyType.BOOLEAN, PropertyType.LIST


@pytest.mark.promise("M29")
@pytest.mark.parametrize(
    ("condition", "found"),
    [
        (Condition("seen_at", TIME, Operator.MORE, AT), [2]),
        (Condition("seen_at", TIME, Operator.AT_MOST, AT), [1]),
        (Condition("seen_at", TIME, Operator.NOT_EQUAL, AT), [2]),
        (Condition("newsletter", BOOLEAN, Operator.EQUAL, value=True), [1]),
        (Condition("newsletter", BOOLEAN, Operator.NOT_EQUAL, value=True), [2]),
        (Condition("tags", LIST, Operator.HAS, "gold"), [1]),
        (Condition("tags", LIST, Operator.HAS_NOT, "gold"), [2]),
        (Condition("tags", LIST, Operator.HAS_VALUE, None), [1, 2]),
        (Condition("tags", LIST, Operator.HAS_NO_VALUE, None), [3]),
    ],
    ids=lambda given: f"{given.property} {given.operator.value}" if isinstance(given, Condition) else "",
)
def test_a_rule_finds_whose_value_meets_it(database: Database, condition: Condition, found: list[int]) -> None:
    # when
    where, values = conditions.test(condition)
    with database.read() as cursor:
        rows = cursor.execute(
            f"SELECT profile_id FROM {PROFILES} WHERE {where} ORDER BY 1",  # noqa: S608 - the SQL under test
            values,
        ).fetchall()
    # then
    assert [profile_id for (profile_id,) in rows] == found
