"""How a property meets the values of a file's rows (rulings 9 and 10)."""

from decimal import Decimal

import pytest

from engine.mapping.strategies import Value, allowed, combine
from storage.records.goals import PropertyType, Strategy


@pytest.mark.promise("M20")
@pytest.mark.promise("M21")
@pytest.mark.promise("M22")
@pytest.mark.promise("M23")
@pytest.mark.fault(98)
@pytest.mark.parametrize(
    ("strategy", "present", "values", "expected"),
    [
        (Strategy.SET, "old", ("a", "b"), "b"),
        (Strategy.SET, None, ("a",), "a"),
        (Strategy.SET_IF_EMPTY, "old", ("a", "b"), "old"),
        (Strategy.SET_IF_EMPTY, None, ("a", "b"), "a"),
        (Strategy.SET_IF_EMPTY, 0, (1,), 0),
        (Strategy.SUM, None, (1, 2), 3),
        (Strategy.SUM, Decimal("0.1"), (Decimal("0.2"),), Decimal("0.3")),
        (Strategy.SUM, 5, (-5,), 0),
        (Strategy.ADD, None, (["b", "a"], ["c", "b"]), ["b", "a", "c"]),
        (Strategy.ADD, ["c"], (["a"], None, ["c", "b"]), ["c", "a", "b"]),
    ],
)
def test_two_rows_for_one_profile_meet_as_ruled(
    strategy: Strategy, present: Value, values: tuple[Value, ...], expected: Value
) -> None:
    assert combine(strategy, present, values) == expected


@pytest.mark.promise("M25")
@pytest.mark.parametrize("strategy", list(Strategy))
def test_an_empty_value_never_overwrites(strategy: Strategy) -> None:
    # given
    held, given_ = (["a"], ["b"]) if strategy is Strategy.ADD else (7, 4)
    # when, then: nothing given leaves what is there; something given beside nothing counts
    assert combine(strategy, held, (None, None)) == held
    assert combine(strategy, None, (None,)) is None
    assert combine(strategy, None, (given_, None)) == given_
    assert combine(strategy, None, (None, given_)) == given_


@pytest.mark.promise("M25")
def test_where_empty_clears_the_last_row_counts_whatever_it_says() -> None:
    assert combine(Strategy.SET, 7, (4, None), clears=True) is None
    assert combine(Strategy.SET, 7, (None, 4), clears=True) == 4
    assert combine(Strategy.SET, 7, (), clears=True) == 7


@pytest.mark.promise("M23")
@pytest.mark.parametrize("kind", list(PropertyType))
def test_sum_is_for_numbers_alone_and_add_for_lists(kind: PropertyType) -> None:
    is_number = kind in {PropertyType.INTEGER, PropertyType.DECIMAL}
    assert (Strategy.SUM in allowed(kind)) == is_number
    assert (Strategy.ADD in allowed(kind)) == (kind is PropertyType.LIST)
    assert {Strategy.SET, Strategy.SET_IF_EMPTY} <= set(allowed(kind))
