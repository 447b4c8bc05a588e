"""Renders a condition over profiles, and a profile's identifier in a partner's form, to SQL."""

from typing import Any

from storage.database import name_literal, text_literal
from storage.records.audiences import Condition, Operator
from storage.records.partners import IdentifierForm, Normalise
from storage.tables.values import SQL_TYPES

_BLANKS = text_literal("".join(letter for letter in map(chr, range(0x3001)) if letter.isspace()))
# SQL's own trim is fast and leaves tabs and line ends; with a list of letters it takes ten times as long.
_TRIM = f"CASE WHEN regexp_matches({{0}}, '[\\x00-\\x1f]') THEN trim({{0}}, {_BLANKS}) ELSE trim({{0}}) END"
_STEPS = {Normalise.TRIM: _TRIM, Normalise.LOWER: "lower({0})"}


def test(condition: Condition) -> tuple[str, list[Any]]:
    """Return SQL over dat.profile that is true for who is in, and its parameters."""
    column = name_literal(condition.property)
    if condition.operator is Operator.HAS_VALUE:
        return f"{column} IS NOT NULL", []
    if condition.operator is Operator.HAS_NO_VALUE:
        return f"{column} IS NULL", []
    if condition.operator in (Operator.HAS, Operator.HAS_NOT):
        has = f"list_contains({column}, CAST(? AS VARCHAR))"
        return has if condition.operator is Operator.HAS else f"NOT {has}", [condition.value]
    return f"{column} {condition.operator.value} CAST(? AS {SQL_TYPES[condition.type]})", [condition.value]


def identifier(name: str, form: IdentifierForm) -> str:
    """Return SQL over dat.profile for what the partner is told; null where the profile has no value."""
    column = name_literal(name)
    said = f"CAST({column} AS VARCHAR)"
    # 42 is known as 42, not with the zeros of its column; which of the two it is costs nothing a row.
    said = f"CASE WHEN typeof({column}) LIKE 'DECIMAL%' THEN rtrim(rtrim({said}, '0'), '.') ELSE {said} END"
    for step in form.normalise:
        said = _STEPS[step].format(said)
    said = f"nullif({said}, '')"
    return f"sha256({said})" if form.is_hashed else said
