"""Reads a rule as people type it ("spend >= 500") into a condition over profiles, and says it back; pure."""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime, time
from decimal import Decimal, InvalidOperation

from engine.base import errors, limits
from storage.records.audiences import Condition, Operator
from storage.records.formats import FALSE_WORDS, TRUE_WORDS
from storage.records.goals import Property, PropertyType

_SIGNS = {
    "=": Operator.EQUAL,
    "==": Operator.EQUAL,
    "!=": Operator.NOT_EQUAL,
    "<>": Operator.NOT_EQUAL,
    "≠": Operator.NOT_EQUAL,
    "<": Operator.LESS,
    "<=": Operator.AT_MOST,
    "≤": Operator.AT_MOST,
    ">": Operator.MORE,
    ">=": Operator.AT_LEAST,
    "≥": Operator.AT_LEAST,
}
_WORDS = {"has a value": Operator.HAS_VALUE, "has no value": Operator.HAS_NO_VALUE}
_PLAIN = r'[^\s"=<>!≠≤≥]+'
_SHAPE = re.compile(
    rf"""(?:"(?P<quoted>(?:[^"]|"")+)"|(?P<plain>{_PLAIN}))\s*
    (?:(?<=[\s"])(?P<words>has\s+a\s+value|has\s+no\s+value)|(?P<sign><=|>=|<>|!=|==|[=<>≠≤≥])(?P<value>.*)
    |(?<=[\s"])(?P<has>has\s+not|has)(?:\s+|(?="))(?P<part>.*))""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_SECOND = re.compile(r"\s(?:and|or|&&|\|\|)\s.*(?:[=<>≠≤≥]|\shas\s+(?:a|no)\s+value)", re.IGNORECASE | re.DOTALL)
"""What looks like another comparison behind the first: as part of a text it would mean nothing, silently."""
_SECOND_OF_LISTS = re.compile(r"\s(?:and|or|&&|\|\|)\s.*\shas\s", re.IGNORECASE | re.DOTALL)
_IN_LISTS = (Operator.HAS, Operator.HAS_NOT)
_INTEGER_MIN, _INTEGER_MAX = -(2**63), 2**63 - 1
_EXAMPLE = "spend >= 500"
_NAMES_SHOWN_MAX = 10


def parse(text: str, known: Mapping[str, Property]) -> Condition:
    """Return what a rule means.

    Args:
        text: One comparison: a property, one of = != < <= > >=, and a value; or "... has a value"; for lists "... has
            gold" and "... has not gold". A property with blanks stands in double quotes, and so may a text value; a
            double quote in it is doubled. Times are UTC, unless they tell their offset.
        known: The properties there are, by lower-case name.

    Raises:
        BadInput: Not a rule, no such property, or a value that does not fit its type; the sentence says which.
    """
    text = text.strip()
    if not text:
        raise errors.BadInput(f"Everyone would be in: write a rule, like {_EXAMPLE}.", "rule")
    if len(text) > limits.RULE_CHARACTERS_MAX:
        raise errors.BadInput(
            f"This rule has {len(text):,} characters; shorten it to {limits.RULE_CHARACTERS_MAX:,}.", "rule"
        )
    found = _SHAPE.fullmatch(text)
    if found is None:
        raise errors.BadInput(f"{_shown(text)} is not a rule; write it like {_EXAMPLE}.", "rule")
    name = (found["quoted"] or "").replace('""', '"') or found["plain"]
    held = known.get(name.lower())
    if held is None:
        names = ", ".join(item.name for item in list(known.values())[:_NAMES_SHOWN_MAX])
        offered = f"there is: {names}" if names else "none yet, so map a file first"
        raise errors.BadInput(f"There is no property {_shown(name)}; {offered}.", "rule")
    if found["words"]:
        return Condition(held.name, held.type, _WORDS[" ".join(found["words"].lower().split())], None)
    if found["has"]:
        if held.type is not PropertyType.LIST:
            raise errors.BadInput(f"{_shown(text)} is not a rule; write it like {_EXAMPLE}.", "rule")
        operator = Operator(" ".join(found["has"].lower().split()))
        return Condition(held.name, held.type, operator, _value(held, operator, found["part"].strip()))
    operator = _SIGNS[found["sign"]]
    return Condition(held.name, held.type, operator, _value(held, operator, found["value"].strip()))


def write(name: str, operator: Operator, value: str, known: Mapping[str, Property]) -> str:
    """Return the text of a rule from its three parts as people enter them; its value may not fit its type yet."""
    held = known.get(name.lower())
    return _joined(held.name if held else name, held.type if held else None, operator, value.strip())


def say(condition: Condition) -> str:
    """Return the rule's text; parsing it again gives the same condition."""
    return _joined(condition.property, condition.type, condition.operator, say_value(condition))


def say_value(condition: Condition) -> str:
    """Return what the property is compared with, as people enter it; empty for the operators that need none."""
    value = condition.value
    if isinstance(value, Decimal):
        return f"{value:f}"
    if isinstance(value, bool):
        return "true" if value else "false"
    return "" if value is None else str(value)


def _joined(name: str, kind: PropertyType | None, operator: Operator, value: str) -> str:
    if operator in _WORDS.values():
        return f"{_said_name(name)} {operator.value}"
    said = _quoted(value) if kind in (PropertyType.TEXT, PropertyType.LIST) and value else value
    return f"{_said_name(name)} {operator.value} {said}".rstrip()


def _said_name(name: str) -> str:
    return name if re.fullmatch(_PLAIN, name) else _quoted(name)


def _quoted(text: str) -> str:
    return '"' + text.replace('"', '""') + '"'


def _is_bare(value: str) -> bool:
    """Say whether a text value means the same without quotes."""
    return not (re.search(r'^[=<>≠≤≥\']|"', value) or _SECOND.search(value))


def _value(held: Property, operator: Operator, text: str) -> str | int | Decimal | date:
    if not text or (operator is Operator.HAS and text.lower() == "not"):
        raise errors.BadInput(f"{_shown(held.name)} is compared with nothing; write it like {_EXAMPLE}.", "rule")
    _refuse_others(held, operator)
    second = _SECOND.search(text) or (held.type is PropertyType.LIST and _SECOND_OF_LISTS.search(text))
    if not text.startswith('"') and second:
        raise errors.BadInput(
            f"{_shown(text)} is more than one value: a rule holds one comparison, and a text that is meant so "
            "stands in double quotes.",
            "rule",
        )
    if held.type in (PropertyType.TEXT, PropertyType.LIST):
        return _text(held, text)
    plain = text[1:-1].strip() if len(text) > 1 and text[0] == text[-1] and text[0] in "\"'" else text
    try:
        match held.type:
            case PropertyType.DATE:
                return date.fromisoformat(plain)
            case PropertyType.DATE_TIME:
                return _moment(operator, plain)
            case PropertyType.BOOLEAN:
                return _truth(plain)
        return _number(held, plain)
    except (ValueError, InvalidOperation, OverflowError):
        wanted = {
            PropertyType.DATE: "a date, like 2026-11-21",
            PropertyType.DATE_TIME: "a date and a time in UTC, like 2026-11-21 10:30",
            PropertyType.BOOLEAN: "true or false",
            PropertyType.INTEGER: "a whole number below 2^63",
            PropertyType.DECIMAL: f"a number, like 499.95, with at most {limits.DECIMAL_PLACES_MAX} places",
        }[held.type]
        raise errors.BadInput(f"{held.name} is compared with {_shown(plain)}; it needs {wanted}.", "rule") from None


def _refuse_others(held: Property, operator: Operator) -> None:
    """Refuse comparisons that mean nothing for the property's type."""
    name = _said_name(held.name)
    if held.type is PropertyType.LIST and operator not in _IN_LISTS:
        raise errors.BadInput(f"{held.name} is a list; write {name} has gold, or {name} has not gold.", "rule")
    if held.type is PropertyType.BOOLEAN and operator not in (Operator.EQUAL, Operator.NOT_EQUAL):
        raise errors.BadInput(f"{held.name} is true or false and has no order; write {name} = true.", "rule")


def _moment(operator: Operator, text: str) -> datetime:
    """Return a time in UTC. A day alone is its first moment, and only where that is what it says: from, or before."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        told = datetime.fromisoformat(text)
        return told.astimezone(UTC).replace(tzinfo=None) if told.tzinfo else told
    if operator not in (Operator.AT_LEAST, Operator.LESS):
        raise ValueError
    return datetime.combine(day, time())


def _truth(text: str) -> bool:
    if text.lower() not in TRUE_WORDS + FALSE_WORDS:
        raise ValueError
    return text.lower() in TRUE_WORDS


def _text(held: Property, text: str) -> str:
    if text.startswith('"'):
        inner = text[1:-1] if len(text) > 1 and text.endswith('"') else None
        if inner is None or '"' in inner.replace('""', ""):
            raise errors.BadInput(
                f"The quotes of {_shown(text)} do not match; double a quote inside the value.", "rule"
            )
        if not inner:
            raise errors.BadInput(f"Nobody has an empty {held.name}; write {held.name} has no value.", "rule")
        return inner.replace('""', '"')
    if not _is_bare(text):
        # Single quotes as in SQL, a sign typed twice: as part of the text they would match nobody, silently.
        raise errors.BadInput(
            f"{_shown(text)} begins with a sign or holds a quote; put the value into double quotes.", "rule"
        )
    return text


def _number(held: Property, text: str) -> int | Decimal:
    if not re.fullmatch(r"[+-]?(\d+(\.\d*)?|\.\d+)", text, re.ASCII):
        raise ValueError
    value = Decimal(text)
    if held.type is PropertyType.INTEGER:
        # A bound between two whole numbers is the same rule with another sign; nobody means it.
        if value != value.to_integral_value() or not _INTEGER_MIN <= value <= _INTEGER_MAX:
            raise ValueError
        return int(value)
    _, digits, exponent = value.as_tuple()
    places = max(0, -int(exponent))
    if (
        places > limits.DECIMAL_PLACES_MAX
        or len(digits) - places > limits.DECIMAL_DIGITS_MAX - limits.DECIMAL_PLACES_MAX
    ):
        raise ValueError
    return value


def _shown(text: str) -> str:
    shown = " ".join(text.split())
    return f"“{shown if len(shown) <= limits.NAME_CHARACTERS_MAX else shown[: limits.NAME_CHARACTERS_MAX] + '…'}”"
