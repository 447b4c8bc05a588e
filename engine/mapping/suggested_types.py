"""Suggests the type of a field from its values, for fields that are added together; pure.

A suggestion is what every value fits without loss: leading zeros, plus signs and long digits stay text, and what
looks like a date is one only by the format that the goal names (faults rows 85 and 87).
"""

import re
from collections.abc import Callable, Sequence
from datetime import datetime

from storage.records.formats import ISO_FORMATS
from storage.records.goals import PropertyType, ValueFormat

_ISO_DAY = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}")
_DAY_IN_DIGITS = re.compile(r"(19|20)[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|[12][0-9]|3[01])")
_INTEGER = re.compile(r"-?(0|[1-9][0-9]{0,14})")
_ID_WORDS = frozenset(
    {"id", "ids", "no", "nr", "number", "key", "code", "zip", "postcode", "phone", "mobile", "ean", "sku"}
)
_FIRST_ID_WORDS = _ID_WORDS - {"no", "nr", "number", "key", "code"}
_BOOLEANS = frozenset({"true", "false", "yes", "no"})


def of(field: str, texts: Sequence[str], written: ValueFormat) -> PropertyType:
    """Return the narrowest type that all values of a sample fit, text where there are none."""
    given = [text.strip() for text in texts if text.strip()]
    if not given:
        return PropertyType.TEXT
    if written.multi_value and any(written.multi_value in text for text in given):
        return PropertyType.LIST
    for kind, pattern in ((PropertyType.DATE_TIME, written.date_time), (PropertyType.DATE, written.date)):
        if pattern and all(_is_date(text, pattern) for text in given):
            return kind
    if all(text.lower() in _BOOLEANS for text in given):
        return PropertyType.BOOLEAN
    if _is_name_of_ids(field) or all(_DAY_IN_DIGITS.fullmatch(text) for text in given):
        # A day without a format stays what it is until somebody gives one.
        return PropertyType.TEXT
    if all(_INTEGER.fullmatch(text) for text in given):
        return PropertyType.INTEGER
    fits = _decimal(written)
    return PropertyType.DECIMAL if all(fits(text) for text in given) else PropertyType.TEXT


def _is_date(text: str, pattern: str) -> bool:
    if pattern in ISO_FORMATS:
        return bool(_ISO_DAY.match(text))
    try:
        datetime.strptime(text, pattern.replace("%-", "%"))  # noqa: DTZ007 - only whether it fits is asked
    except ValueError:
        return False
    return True


def _is_name_of_ids(field: str) -> bool:
    # order_number is one, number_of_orders is none.
    parts = [part.lower() for part in re.findall(r"[A-Za-z][a-z]*", field)]
    return bool(parts) and (parts[0] in _FIRST_ID_WORDS or parts[-1] in _ID_WORDS)


def _decimal(written: ValueFormat) -> Callable[[str], bool]:
    point, group = re.escape(written.decimal), re.escape(written.thousands)
    whole = rf"(0|[1-9][0-9]{{0,14}}|[1-9][0-9]{{0,2}}({group}[0-9]{{3}})+)" if group else r"(0|[1-9][0-9]{0,14})"
    pattern = re.compile(rf"-?{whole}({point}[0-9]{{1,10}})?")
    return lambda text: pattern.fullmatch(text) is not None
