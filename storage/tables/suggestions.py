"""What a person is told about a value that does not fit: why the row is rejected, and what to write instead."""

import re

from engine.base import limits
from storage.database import text_literal
from storage.records.files import RejectReason
from storage.records.formats import ISO_FORMATS, THOUSANDS
from storage.records.goals import PropertyType, ValueFormat
from storage.records.merges import Fill
from storage.tables import times

_REASONS = {
    PropertyType.INTEGER: RejectReason.NOT_AN_INTEGER,
    PropertyType.DECIMAL: RejectReason.NOT_A_DECIMAL,
    PropertyType.DATE: RejectReason.IMPOSSIBLE_DATE,
    PropertyType.DATE_TIME: RejectReason.NOT_A_DATE_TIME,
    PropertyType.BOOLEAN: RejectReason.NOT_A_BOOLEAN,
}
_NOTHING = "('n/a', '#n/a', 'na', 'null', '(null)', 'none', 'nil', 'nan', '-', '?')"
_WHOLE_DIGITS_MAX = limits.DECIMAL_DIGITS_MAX - limits.DECIMAL_PLACES_MAX
_ISO_EXAMPLES = {PropertyType.DATE: "2026-11-21", PropertyType.DATE_TIME: "2026-11-21T10:30:00"}
_MARKS = {".": "point", ",": "comma"}
Cases = list[tuple[str, str]]
"""A test in SQL and the words for values that it is true of, the first that is true counting."""


def reason(fill: Fill, column: str) -> str:
    """Return SQL for the RejectReason of a text (SQL `column`) that the fill cannot read."""
    usual = text_literal(_REASONS[fill.type].value)
    if fill.type is not PropertyType.DATE_TIME:
        return usual
    skipped = times.is_skipped(f"trim({column})", fill.format or "", fill.values.time_zone)
    return f"CASE WHEN {skipped} THEN {text_literal(RejectReason.NO_SUCH_TIME.value)} ELSE {usual} END"


def suggestion(fill: Fill, column: str) -> str:
    """Return SQL for a hint, a few words, about a text (SQL `column`) that the fill cannot read."""
    text = f"trim({column})"
    cases: Cases = [(f"lower({text}) IN {_NOTHING}", "leave it empty")]
    match fill.type:
        case PropertyType.INTEGER:
            cases += _of_integers(text, fill.values)
            rest = "write digits only"
        case PropertyType.DECIMAL:
            cases += _of_decimals(text, fill.values)
            rest = f"write a number with a decimal {_MARKS.get(fill.values.decimal, 'point')}"
        case PropertyType.BOOLEAN:
            rest = "write true or false"
        case _:
            cases += _of_times(text, fill)
            rest = f"write it as {_ISO_EXAMPLES[fill.type] if fill.format in ISO_FORMATS else fill.format}"
    when = " ".join(f"WHEN {test} THEN {text_literal(words)}" for test, words in cases)
    return f"CASE {when} ELSE {text_literal(rest)} END"


def _is_like(text: str, shape: str) -> str:
    return f"regexp_full_match({text}, {text_literal(shape)})"


def _of_numbers(text: str) -> Cases:
    return [
        (_is_like(text, "[0-9.,]*[oO][0-9.,oO]*"), "letter O for zero?"),
        (_is_like(text, "[0-9.,' ]+ ?-"), "minus after the number; write it before"),
        (_is_like(text, "[(][0-9.,' ]+[)]"), "write a minus instead of brackets"),
        (_is_like(text, "[+-]?[0-9.,' ]+ ?%"), "take the % out"),
        (
            _is_like(text, "(?:[^0-9.,+-]{1,3} ?[0-9.,' -]+|[0-9.,' -]+ ?(?:[^0-9.,]|[A-Z]{3}))"),
            "take the currency out",
        ),
        (_is_like(text, "[+-]?[0-9.,]+[eE][+-]?[0-9]+"), "write it without an exponent"),
    ]


def _of_groups(text: str, values: ValueFormat, places: str) -> Cases:
    """Return what is said of digits in groups: nobody chose what groups them, or the groups are not of three."""
    if not values.thousands:
        others = "".join(letters for mark, letters in THOUSANDS.items() if mark != values.decimal)
        grouped = f"[+-]?[0-9]{{1,3}}(?:[{re.escape(others)}][0-9]{{3}})+{places}"
        return [(_is_like(text, grouped), "digits in groups? choose what groups them in the goal")]
    sign = f"[{re.escape(THOUSANDS.get(values.thousands, values.thousands))}]"
    return [(_is_like(text, f"[+-]?[0-9]*(?:{sign}[0-9]*)+{places}"), "groups have three digits")]


def _of_integers(text: str, values: ValueFormat) -> Cases:
    return [
        (_is_like(text, "[+-]?[0-9]+"), "larger than an integer holds"),
        (_is_like(text, "[+-]?[0-9]+[.,][0-9]{1,2}"), "has places; map it as decimal"),
        *_of_groups(text, values, ""),
        (_is_like(text, "[+-]?[0-9]+[.,][0-9]+"), "has places; map it as decimal"),
        *_of_numbers(text),
    ]


def _of_decimals(text: str, values: ValueFormat) -> Cases:
    mark, other = values.decimal, "," if values.decimal == "." else "."
    exact = f"[+-]?[0-9{re.escape(THOUSANDS.get(values.thousands, ''))}]*"
    return [
        (_is_like(text, f"{exact}[{mark}][0-9]{{{limits.DECIMAL_PLACES_MAX + 1},}}"), "more than 10 places"),
        (_is_like(text, f"[+-]?[0-9]{{{_WHOLE_DIGITS_MAX + 1},}}(?:[{mark}][0-9]*)?"), "larger than a decimal holds"),
        (
            _is_like(text, f"[+-]?[0-9{mark}]*[{other}][0-9]{{1,2}}"),
            f"decimal {_MARKS[other]}; write a {_MARKS.get(mark, 'point')}",
        ),
        *_of_groups(text, values, f"(?:[{mark}][0-9]*)?"),
        (
            _is_like(text, f"[+-]?[0-9{mark}]*[{other}][0-9]+"),
            f"decimal {_MARKS[other]}; write a {_MARKS.get(mark, 'point')}",
        ),
        *_of_numbers(text),
    ]


def _of_times(text: str, fill: Fill) -> Cases:
    cases: Cases = [(_is_like(text, "[0 ./:T-]+"), "empty date written as zeros")]
    pattern = fill.format or ""
    if fill.type is PropertyType.DATE_TIME:
        zone = fill.values.time_zone
        cases.append((times.is_skipped(text, pattern, zone), f"clocks in {zone} skip this time"))
    if pattern in ISO_FORMATS:
        return cases
    if "%z" in pattern:
        bare = pattern.replace("%z", "")
        cases.append(
            (f"try_strptime({text}, {text_literal(bare.rstrip())}) IS NOT NULL", "its offset from UTC is missing")
        )
    # A value of the format's own shape is written well, and names a day that does not exist.
    shape = "regexp_replace({}, '[0-9]', '9', 'g')"
    probe = f"strftime(TIMESTAMP '2026-11-21 10:30:00', {text_literal(pattern)})"
    no_such = "no such day in the calendar" if fill.type is PropertyType.DATE else "no such day or time of day"
    return [
        *cases,
        (f"try_strptime({text}, {text_literal(_swapped(pattern))}) IS NOT NULL", "day and month swapped?"),
        (f"{shape.format(text)} = {shape.format(probe)}", no_such),
    ]


def _swapped(pattern: str) -> str:
    return pattern.replace("%d", "%\0").replace("%m", "%d").replace("%\0", "%m")
