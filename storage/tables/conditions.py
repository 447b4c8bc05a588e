"""Renders a condition over profiles, and a profile's identifier in a partner's form, to SQL."""

from typing import Any

from storage.database import name_literal
from storage.records.audiences import Condition, Operator
from storage.records.partners import IdentifierForm, Normalise
from storage.tables.values import SQL_TYPES

_STEPS = {Normalise.TRIM: "trim({})", Normalise.LOWER: "lower({})"}


def test(condition: Condition) -> tuple[str, list[Any]]:
    """Return SQL over dat.profile that is true for who is in, and its parameters."""
    column = name_literal(condition.property)
    if condition.operator is Operator.HAS_VALUE:
        return f"{column} IS NOT NULL", []
    if condition.operator is Operator.HAS_NO_VALUE:
        return f"{column} IS NULL", []
    return f"{column} {condition.operator.value} CAST(? AS {SQL_TYPES[condition.type]})", [condition.value]


def identifier(name: str, form: IdentifierForm) -> str:
    """Return SQL over dat.profile for what the partner is told; null where the profile has no value."""
    said = f"nullif({_normalised(name, form)}, '')"
    return f"sha256({said})" if form.is_hashed else said


def comparable(name: str, form: IdentifierForm) -> str:
    """Return SQL for the same, but "" may stand for no value: cheaper, for comparing all profiles."""
    return identifier(name, form) if form.is_hashed else _normalised(name, form)


def _normalised(name: str, form: IdentifierForm) -> str:
    said = f"CAST({name_literal(name)} AS VARCHAR)"
    for step in form.normalise:
        said = _STEPS[step].format(said)
    return said
