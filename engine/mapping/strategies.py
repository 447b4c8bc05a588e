"""Which strategies fit which types, and how a strategy combines two values: the rule that SQL must equal."""

from datetime import date
from decimal import Decimal

from storage.records.goals import PropertyType, Strategy

NUMBERS = frozenset({PropertyType.INTEGER, PropertyType.DECIMAL})
ACCUMULATING = frozenset({Strategy.SUM})
"""Strategies for which applying a row twice does harm (ruling 15)."""
ONCE = frozenset({Strategy.SUM, Strategy.ADD})
"""Strategies that known rows run for again only where the mapping is new (ruling 15)."""
WIDER: dict[PropertyType, frozenset[PropertyType]] = {
    PropertyType.TEXT: frozenset({PropertyType.LIST}),
    PropertyType.INTEGER: frozenset({PropertyType.DECIMAL, PropertyType.TEXT}),
    PropertyType.DECIMAL: frozenset({PropertyType.TEXT}),
    PropertyType.DATE: frozenset({PropertyType.DATE_TIME, PropertyType.TEXT}),
    PropertyType.DATE_TIME: frozenset({PropertyType.TEXT}),
    PropertyType.BOOLEAN: frozenset({PropertyType.TEXT}),
    PropertyType.LIST: frozenset({PropertyType.TEXT}),
}
"""What a property may hold where a file gives a narrower type; nothing is lost by it."""

Value = str | int | Decimal | date | list[str] | None


def allowed(kind: PropertyType) -> tuple[Strategy, ...]:
    """Return the strategies that a property of a type can have: Sum for numbers, Add for lists (requirement M23)."""
    if kind in NUMBERS:
        return (Strategy.SET, Strategy.SET_IF_EMPTY, Strategy.SUM)
    if kind is PropertyType.LIST:
        return (Strategy.SET, Strategy.SET_IF_EMPTY, Strategy.ADD)
    return (Strategy.SET, Strategy.SET_IF_EMPTY)


def combine(strategy: Strategy, present: Value, values: tuple[Value, ...], *, clears: bool = False) -> Value:
    """Return what a property holds after the rows of one file, in file order, met what it held.

    Null never overwrites, unless the mapping clears: then the last row counts even where it says nothing (ruling 9).
    Set takes the last value, Set if empty the first, Add all of them, each once, Sum their total (ruling 10).
    """
    given = [value for value in values if value is not None]
    if strategy is Strategy.SET and clears and values:
        return values[-1]
    if not given:
        return present
    if strategy is Strategy.SET:
        return given[-1]
    if strategy is Strategy.SET_IF_EMPTY:
        return present if present is not None else given[0]
    if strategy is Strategy.ADD:
        lists = [value for value in (present, *given) if isinstance(value, list)]
        return list(dict.fromkeys(part for parts in lists for part in parts))
    total = present if isinstance(present, int | Decimal) else 0
    for value in given:
        if isinstance(value, int | Decimal):
            total += value
    return total
