"""Which strategies fit which types, and how a strategy combines two values: the rule that SQL must equal."""

from decimal import Decimal

from storage.records.goals import PropertyType, Strategy

NUMBERS = frozenset({PropertyType.INTEGER, PropertyType.DECIMAL})
ACCUMULATING = frozenset({Strategy.SUM})
"""Strategies for which applying a row twice does harm (ruling 15)."""

Value = str | int | Decimal | None


def allowed(kind: PropertyType) -> tuple[Strategy, ...]:
    """Return the strategies a type can have; Sum is for numbers only (requirement M23)."""
    if kind in NUMBERS:
        return (Strategy.SET, Strategy.SET_IF_EMPTY, Strategy.SUM)
    return (Strategy.SET, Strategy.SET_IF_EMPTY)


def combine(strategy: Strategy, present: Value, values: tuple[Value, ...]) -> Value:
    """Return what a property holds after the rows of one file, in file order, met what it held.

    Null never overwrites (ruling 9). Set takes the last value, Set if empty the first, Sum adds all
    (ruling 10).
    """
    given = [value for value in values if value is not None]
    if not given:
        return present
    if strategy is Strategy.SET:
        return given[-1]
    if strategy is Strategy.SET_IF_EMPTY:
        return present if present is not None else given[0]
    total = present if isinstance(present, int | Decimal) else 0
    for value in given:
        if isinstance(value, int | Decimal):
            total += value
    return total
