"""How values are cast, combined and hashed in SQL: the twins of engine.mapping.strategies."""

from typing import Any

from engine.base import limits
from storage.database import name_literal, text_literal
from storage.records.goals import PropertyType, Strategy
from storage.records.merges import Fill
from storage.records.runs import RunCounts

SQL_TYPES = {
    PropertyType.TEXT: "VARCHAR",
    PropertyType.INTEGER: "BIGINT",
    PropertyType.DECIMAL: f"DECIMAL({limits.DECIMAL_DIGITS_MAX}, {limits.DECIMAL_PLACES_MAX})",
    PropertyType.DATE: "DATE",
}
_DECIMAL = f"[+-]?([0-9]+([.][0-9]{{0,{limits.DECIMAL_PLACES_MAX}}})?|[.][0-9]{{1,{limits.DECIMAL_PLACES_MAX}}})"
_INTEGER = "[+-]?[0-9]{1,19}"


def cast(fill: Fill) -> str:
    """Return SQL that casts the fill's column, null where the text does not fit its type exactly.

    TRY_CAST alone is too kind: it takes 1.5 for the integer 2 and 0x10 for 16, and rounds decimals.
    """
    text = f"c{fill.column}" if fill.type is PropertyType.TEXT else f"trim(c{fill.column})"
    if fill.type is PropertyType.TEXT:
        return f"nullif({text}, '')"
    if fill.type is PropertyType.DATE:
        return _cast_date(text, fill.format or "")
    pattern = _DECIMAL if fill.type is PropertyType.DECIMAL else _INTEGER
    return f"CASE WHEN regexp_full_match({text}, '{pattern}') THEN TRY_CAST({text} AS {SQL_TYPES[fill.type]}) END"


def _cast_date(text: str, pattern: str) -> str:
    # try_strptime takes 1997121 for 1 December under %Y%m%d, so the date must print as it was written;
    # a number without its leading zero (1-2-2026) is the same writing.
    form = text_literal(pattern)
    parsed = f"try_strptime({text}, {form})"
    bare = "regexp_replace({}, '(^|[^0-9])0+([0-9])', '\\1\\2', 'g')"
    printed = f"strftime({parsed}, {form})"
    same = f"{printed} = {text} OR lower({bare.format(printed)}) = lower({bare.format(text)})"
    return f"CASE WHEN {same} THEN CAST({parsed} AS DATE) END"


def is_given(fill: Fill) -> str:
    """Return SQL that is true where the file has a value for this fill."""
    return f"trim(c{fill.column}) <> ''"


def combine(fill: Fill, value: str, present: str) -> str:
    """Return SQL for what the property holds afterwards; null never overwrites (ruling 9)."""
    kind = SQL_TYPES[fill.type]
    if fill.strategy is Strategy.SET:
        return f"CAST(coalesce({value}, {present}) AS {kind})"
    if fill.strategy is Strategy.SET_IF_EMPTY:
        return f"CAST(coalesce({present}, {value}) AS {kind})"
    return f"CAST(CASE WHEN {value} IS NULL THEN {present} ELSE coalesce({present}, 0) + {value} END AS {kind})"


def row_hash(columns: tuple[int, ...] | None) -> str:
    """Return SQL for a row's 128-bit mark over these columns: MD5, the same in every DuckDB version.

    The values are joined by NUL, which no accepted row has: the reader rejects rows with one.
    """
    return f"md5_number(concat_ws(chr(0), {', '.join(f'c{column}' for column in columns or ())}))"


def counts_as_json(counts: RunCounts) -> dict[str, Any]:
    """Return counts as JSON values under the names of RunCounts."""
    return {name: getattr(counts, name) for name in RunCounts.__dataclass_fields__}


def column(name: str) -> str:
    """Return a property's column in dat.profile."""
    return name_literal(name)
