"""Rows of one profile come together, and meet what it held, in SQL as the rule in Python says (rulings 9 and 10)."""

from datetime import datetime
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.mapping import strategies
from storage.database import Database
from storage.records.goals import PropertyType, Strategy
from storage.records.merges import Fill
from storage.tables import values

WORDS = st.sampled_from(["red", "green", "blue", "it's", "ü", "a;b"])
VALUES: dict[PropertyType, st.SearchStrategy[Any]] = {
    PropertyType.TEXT: WORDS,
    PropertyType.INTEGER: st.integers(-(10**6), 10**6),
    PropertyType.DECIMAL: st.decimals(-(10**6), 10**6, places=10),
    PropertyType.DATE_TIME: st.datetimes(datetime(1970, 1, 1), datetime(2100, 1, 1)),
    PropertyType.BOOLEAN: st.booleans(),
    PropertyType.LIST: st.lists(WORDS, min_size=1, max_size=4, unique=True),
}
WAYS = [
    (kind, strategy, clears)
    for kind in VALUES
    for strategy in strategies.allowed(kind)
    for clears in ((False, True) if strategy is Strategy.SET else (False,))
]


def together(database: Database, fill: Fill, present: Any, given_: list[Any]) -> Any:
    """Return what the SQL of the merge makes of the rows of one profile, which lie in any order, and what it held."""
    kind = values.SQL_TYPES[fill.kind]
    lines = list(range(len(given_)))
    shuffled = lines[1::2] + lines[::2]
    with database.read() as cursor:
        row = cursor.execute(
            f"""SELECT {values.combine(fill, "g.v0", "p.held")}
            FROM (SELECT CAST(? AS {kind}) AS held) p, (SELECT {values.fold(fill, "v0")} AS v0
                FROM (SELECT unnest(?::BIGINT[]) AS line, unnest(?::{kind}[]) AS v0)) g""",  # noqa: S608 - the SQL under test
            [present, shuffled, [given_[line] for line in shuffled]],
        ).fetchone()
    assert row is not None
    return row[0]


@pytest.mark.promise("M20")
@pytest.mark.promise("M21")
@pytest.mark.promise("M22")
@pytest.mark.promise("M25")
@pytest.mark.fault(98)
@pytest.mark.parametrize(("kind", "strategy", "clears"), WAYS)
def test_rows_of_one_profile_come_together_as_the_rule_says(
    database: Database, kind: PropertyType, strategy: Strategy, *, clears: bool
) -> None:
    fill = Fill(0, "field", "property", kind, strategy, None, fresh_rows_only=False, clears=clears)
    maybe = st.none() | VALUES[kind]

    @settings(max_examples=8)
    @given(maybe, st.lists(maybe, min_size=1, max_size=6))
    def every(present: Any, given_: list[Any]) -> None:
        assert together(database, fill, present, given_) == strategies.combine(
            strategy, present, tuple(given_), clears=clears
        )

    every()


@pytest.mark.promise("M22")
def test_thousands_of_rows_for_one_list_keep_each_value_once(database: Database) -> None:
    # given: more than are compared with each other one by one
    fill = Fill(0, "field", "property", PropertyType.LIST, Strategy.ADD, None, fresh_rows_only=False)
    rows = [[f"v{number * 7919 % 1_200}", "same"] for number in range(3_000)]
    # when
    made = together(database, fill, ["v7", "held"], rows)
    # then
    assert made == strategies.combine(Strategy.ADD, ["v7", "held"], tuple(rows))


@pytest.mark.promise("M24")
@pytest.mark.parametrize(
    ("strategy", "kind", "value"),
    [(Strategy.SUM, PropertyType.DECIMAL, Decimal(5)), (Strategy.ADD, PropertyType.LIST, ["a"])],
)
def test_a_row_that_is_known_gives_nothing_again_where_it_counts_once(
    database: Database, strategy: Strategy, kind: PropertyType, value: object
) -> None:
    # given
    fill = Fill(0, "field", "property", kind, strategy, None, fresh_rows_only=True)
    rows = "(SELECT unnest([1, 2]) AS line, unnest([true, true]) AS is_known, CAST(? AS {}) AS v0)"
    # when
    with database.read() as cursor:
        found = cursor.execute(
            f"SELECT {values.fold(fill, 'v0')} FROM {rows.format(values.SQL_TYPES[kind])}",  # noqa: S608
            [value],
        ).fetchone()
    # then
    assert found == (None,)
