"""How values are cast, folded, combined and hashed in SQL: the twins of engine.mapping.strategies."""

import re
from typing import Any

from engine.base import limits
from storage.database import text_literal
from storage.records.formats import FALSE_WORDS, THOUSANDS, TRUE_WORDS
from storage.records.goals import PropertyType, Strategy, ValueFormat
from storage.records.merges import Fill
from storage.records.runs import RunCounts
from storage.tables import times

SQL_TYPES = {
    PropertyType.TEXT: "VARCHAR",
    PropertyType.INTEGER: "BIGINT",
    PropertyType.DECIMAL: f"DECIMAL({limits.DECIMAL_DIGITS_MAX}, {limits.DECIMAL_PLACES_MAX})",
    PropertyType.DATE: "DATE",
    PropertyType.DATE_TIME: "TIMESTAMP",
    PropertyType.BOOLEAN: "BOOLEAN",
    PropertyType.LIST: "VARCHAR[]",
}
_PLACES = limits.DECIMAL_PLACES_MAX
_INTEGER_DIGITS_MAX = 19
_SHORT_LIST = 64
"""Up to this length, comparing all values of a list with each other is faster than sorting it."""


def cast(fill: Fill) -> str:
    """Return SQL that casts the fill's column to the property's type, null where the text does not fit exactly.

    TRY_CAST alone is too kind: it takes 1.5 for the integer 2 and 0x10 for 16, and rounds decimals.
    """
    column = f"c{fill.column}"
    if fill.type is PropertyType.TEXT and fill.kind is PropertyType.LIST:
        return _list(f"trim({column})", "")
    return _widened(fill, of_text(fill, column))


def of_text(fill: Fill, column: str) -> str:
    """Return SQL that casts a text column to the fill's own type, null where the text is empty or does not fit."""
    text = f"trim({column})"
    match fill.type:
        case PropertyType.TEXT:
            return column if fill.is_full else f"nullif({column}, '')"
        case PropertyType.DATE:
            return times.date(text, fill.format or "")
        case PropertyType.DATE_TIME:
            return times.date_time(text, fill.format or "", fill.values.time_zone)
        case PropertyType.BOOLEAN:
            yes, no = _is_one_of(text, TRUE_WORDS), _is_one_of(text, FALSE_WORDS)
            return f"CASE WHEN {yes} THEN true WHEN {no} THEN false END"
        case PropertyType.LIST:
            return _list(text, fill.values.multi_value)
    pattern, plain = _number(text, fill.type, fill.values)
    fits = f"regexp_full_match({text}, {text_literal(pattern)})"
    return f"CASE WHEN {fits} THEN TRY_CAST({plain} AS {SQL_TYPES[fill.type]}) END"


def _number(text: str, kind: PropertyType, values: ValueFormat) -> tuple[str, str]:
    """Return what a number looks like, and SQL for it as a cast reads it; groups, if any, are of three digits."""
    integer = f"[0-9]{{1,{_INTEGER_DIGITS_MAX}}}" if kind is PropertyType.INTEGER else "[0-9]+"
    plain = text
    grouping = THOUSANDS.get(values.thousands, "")
    if grouping:
        sign = f"[{re.escape(grouping)}]"
        integer = f"(?:{integer}|[0-9]{{1,3}}(?:{sign}[0-9]{{3}})+)"
        plain = f"translate({plain}, {text_literal(grouping)}, '')"
    if kind is PropertyType.INTEGER:
        return f"[+-]?{integer}", plain
    mark = f"[{values.decimal}]"
    if values.decimal != ".":
        plain = f"replace({plain}, {text_literal(values.decimal)}, '.')"
    return f"[+-]?({integer}({mark}[0-9]{{0,{_PLACES}}})?|{mark}[0-9]{{1,{_PLACES}}})", plain


def _is_one_of(text: str, words: tuple[str, ...]) -> str:
    return f"lower({text}) IN ({', '.join(text_literal(word) for word in words)})"


def _list(text: str, separator: str) -> str:
    one = f"CASE WHEN {text} <> '' THEN [{text}] END"
    if not separator:
        return one
    parts = f"list_transform(string_split({text}, {text_literal(separator)}), lambda part: trim(part))"
    several = _each_once(f"list_filter({parts}, lambda part: part <> '')")
    return (
        f"CASE WHEN contains({text}, {text_literal(separator)}) THEN CASE WHEN {_has_parts(text, separator)} "
        f"THEN {several} END ELSE {one} END"
    )


def _has_parts(text: str, separator: str) -> str:
    return f"trim(replace({text}, {text_literal(separator)}, '')) <> ''"


def _each_once(values: str) -> str:
    """Return SQL for a list with each value once, where it came first; the list is not null."""
    short = "list_filter(l, lambda value, place: list_position(l, value) = place)"
    # Sorted with their places, equal values stand side by side, the first of them in front.
    placed = "list_sort(list_zip(l, range(len(l))))"
    firsts = "list_filter(list_zip(s, list_concat([NULL], s[:-2])), lambda p: p[2] IS NULL OR p[1][1] <> p[2][1])"
    long = (
        f"list_transform([{placed}], lambda s: list_transform(list_sort(list_transform({firsts}, "
        "lambda p: (p[1][2], p[1][1]))), lambda q: q[2]))[1]"
    )
    return f"list_transform([{values}], lambda l: CASE WHEN len(l) <= {_SHORT_LIST} THEN {short} ELSE {long} END)[1]"


def _widened(fill: Fill, value: str) -> str:
    """Return SQL for a value of the fill's type as one of the property's, which is as wide or wider."""
    if fill.kind is fill.type:
        return value
    if fill.kind is PropertyType.DATE_TIME:
        return times.day_start(value, fill.values.time_zone)
    if fill.kind is not PropertyType.TEXT:
        return f"CAST({value} AS {SQL_TYPES[fill.kind]})"
    said = f"CAST({value} AS VARCHAR)"
    match fill.type:
        case PropertyType.DECIMAL:
            return f"rtrim(rtrim({said}, '0'), '.')"
        case PropertyType.DATE_TIME:
            return f"replace({said}, ' ', 'T') || 'Z'"
        case PropertyType.LIST:
            return f"array_to_string({value}, {text_literal(fill.values.multi_value or ', ')})"
    return said


def is_given(fill: Fill) -> str:
    """Return SQL that is true where the file has a value for this fill; a list of separators alone has none."""
    text = f"trim(c{fill.column})"
    if fill.type is PropertyType.LIST and fill.values.multi_value:
        return _has_parts(text, fill.values.multi_value)
    return f"{text} <> ''"


def share(fill: Fill, value: str) -> str:
    """Return SQL for what a row gives; a known row's sum is in the profile already (ruling 15)."""
    return f"CASE WHEN is_known THEN NULL ELSE {value} END" if fill.fresh_rows_only else value


def fold(fill: Fill, value: str, order_by: str = "line") -> str:
    """Return SQL for an aggregate that brings several rows of one profile together as ruling 10 says.

    Set takes the last value, or with `clears` what the last row says, be it nothing; Set if empty the first; Add all in
    the order of the file, each once; Sum adds them. Null where no row gives anything.
    """
    given = f"FILTER ({value} IS NOT NULL)"
    match fill.strategy:
        case Strategy.SET:
            return f"arg_max_null({value}, {order_by})" if fill.clears else f"arg_max({value}, {order_by}) {given}"
        case Strategy.SET_IF_EMPTY:
            return f"arg_min({value}, {order_by}) {given}"
        case Strategy.ADD:
            shared = share(fill, value)
            all_values = f"flatten(list({shared} ORDER BY {order_by}) FILTER ({shared} IS NOT NULL))"
            return (
                f"CASE WHEN count({shared}) > 1 THEN {_each_once(f'coalesce({all_values}, [])')} ELSE {all_values} END"
            )
    return f"sum({share(fill, value)})"


def combine(fill: Fill, value: str, present: str) -> str:
    """Return SQL for what the property holds afterwards.

    Null never overwrites (ruling 9), unless the mapping clears: then null says that the file's value is empty.
    """
    kind = SQL_TYPES[fill.kind]
    match fill.strategy:
        case Strategy.SET:
            return f"CAST({value} AS {kind})" if fill.clears else f"CAST(coalesce({value}, {present}) AS {kind})"
        case Strategy.SET_IF_EMPTY:
            return f"CAST(coalesce({present}, {value}) AS {kind})"
        case Strategy.ADD:
            both = _each_once(f"list_concat(coalesce({present}, []), {value})")
            return (
                f"CAST(CASE WHEN {value} IS NULL THEN {present} WHEN {present} IS NULL THEN {value} "
                f"ELSE {both} END AS {kind})"
            )
    return f"CAST(CASE WHEN {value} IS NULL THEN {present} ELSE coalesce({present}, 0) + {value} END AS {kind})"


def row_hash(columns: tuple[int, ...] | None) -> str:
    """Return SQL for a row's 128-bit mark over these columns: MD5, the same in every DuckDB version.

    The values are joined by NUL, which no accepted row has: the reader rejects rows with one.
    """
    return f"md5_number(concat_ws(chr(0), {', '.join(f'c{column}' for column in columns or ())}))"


def counts_as_json(counts: RunCounts) -> dict[str, Any]:
    """Return counts as JSON values under the names of RunCounts."""
    return {name: getattr(counts, name) for name in RunCounts.__dataclass_fields__}
