"""Checks of how the files of a goal are written: separators, numbers, dates, the time zone; pure."""

import functools
import re
import zoneinfo

from engine.base import limits
from storage.records.formats import ISO_FORMATS, THOUSANDS
from storage.records.goals import BLANKS, FileFormat, PropertyType, ValueFormat

_DATE_PARTS = {"day": {"%d", "%j"}, "month": {"%m", "%b", "%B", "%j"}, "year": {"%Y", "%y"}}
_DIRECTIVES = {f"%{letter}" for letter in "aAbBdmyYjHIMSpfz%"} | {f"%-{letter}" for letter in "dmyjHIMS"}
"""What DuckDB reads and writes alike; with a dash, without leading zeros, numbers only. %z is an offset or Z."""
_NAMES = {PropertyType.DATE: "date format", PropertyType.DATE_TIME: "date and time format"}
_EXAMPLES = {
    PropertyType.DATE: "%Y%m%d or %d-%m-%Y",
    PropertyType.DATE_TIME: "%d-%m-%Y %H:%M:%S or ISO 8601",
}
_NO_ZONES = frozenset({"localtime", "Factory"})
_LINE_ENDS = frozenset("\r\n\0")


def file_problems(form: FileFormat) -> list[str]:
    """Return what is wrong with how a goal reads files, each one sentence."""
    found = []
    quote = '"' if form.quote is None else form.quote
    if form.separator is not None and form.separator != BLANKS:
        if len(form.separator) != 1:
            found.append("The field separator is one character, or blanks.")
        elif form.separator in _LINE_ENDS | {quote}:
            found.append("The field separator cannot be a quote or a line end.")
    if len(quote) > 1 or quote in _LINE_ENDS:
        found.append("The quote is one character, or nothing where no field stands in quotes.")
    if form.escape is not None and (len(form.escape) != 1 or form.escape in _LINE_ENDS):
        found.append("The escape is one character: the quote itself, or what stands before it.")
    if not 0 <= (form.preamble_lines or 0) <= limits.HEAD_LINES_MAX:
        found.append(f"Lines before the header are a number from 0 to {limits.HEAD_LINES_MAX:,}.")
    if not 1 <= form.header_lines <= limits.HEAD_LINES_MAX:
        found.append(f"Header lines are a number from 1 to {limits.HEAD_LINES_MAX:,}.")
    return found


def value_problems(values: ValueFormat) -> list[str]:
    """Return what is wrong with how a goal reads values, each one sentence."""
    found = []
    if values.decimal not in {".", ","}:
        found.append("The decimal separator is a point or a comma.")
    elif values.thousands == values.decimal:
        found.append("The decimal separator also groups thousands; choose another for one of them.")
    if values.thousands not in THOUSANDS:
        found.append("Thousands stand apart by a point, a comma, a blank, an apostrophe, or nothing.")
    parts = values.multi_value
    if len(parts) > limits.LIST_SEPARATOR_CHARACTERS_MAX or _LINE_ENDS & set(parts):
        found.append(
            f"The multi-value separator has at most {limits.LIST_SEPARATOR_CHARACTERS_MAX} characters and no line end."
        )
    for kind, pattern in ((PropertyType.DATE, values.date), (PropertyType.DATE_TIME, values.date_time)):
        if pattern:
            found += pattern_problems("this goal", kind, pattern)
    if values.time_zone not in _zones():
        found.append(f"“{values.time_zone}” is not a time zone; choose one like Europe/Amsterdam.")
    return found


def pattern_problems(whose: str, kind: PropertyType, pattern: str | None) -> list[str]:
    """Return what is wrong with a pattern of dates or date-times: at most one sentence.

    whose: as the sentence names it, e.g. "'day'" for a field.
    """
    name = _NAMES[kind]
    if not pattern:
        # 01/02/2026 is one of two days; nothing is guessed (faults row 87).
        return [f"Give the {name} of {whose}, e.g. {_EXAMPLES[kind]}."]
    if pattern in ISO_FORMATS:
        return []
    said = re.findall(r"%-?.?", pattern)
    unknown = set(said) - _DIRECTIVES
    if unknown:
        return [f"The {name} of {whose} has {min(unknown)}, which is not known."]
    for directive in ("%f", "%z"):
        if said.count(directive) > 1:
            return [f"The {name} of {whose} has {directive} more than once."]
    present = {directive.replace("-", "") for directive in said}
    for part, wanted in _DATE_PARTS.items():
        if not wanted & present:
            return [f"The {name} of {whose} names no {part}; use %d, %m and %Y."]
    if kind is PropertyType.DATE_TIME and "%H" not in present and not {"%I", "%p"} <= present:
        return [f"The {name} of {whose} names no hour; use %H, or %I with %p."]
    return []


@functools.cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones()) - _NO_ZONES
