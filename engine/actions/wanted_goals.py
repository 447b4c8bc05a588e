"""Reads the goals of the YAML that `apply` takes: where the files lie, how they are written, what fills what. Pure."""

from collections.abc import Callable
from typing import Any

from engine.actions.wanted_place import Place, boolean, each, integer, text, word
from engine.base import errors
from storage.records.goals import (
    BLANKS,
    ActionFields,
    FileFormat,
    Identifier,
    ImportGoal,
    Mapping,
    MatchRule,
    PatternKind,
    PropertyType,
    Strategy,
    ValueFormat,
)

_SEPARATORS = {"comma": ",", "semicolon": ";", "tab": "\t", "\\t": "\t", "bar": "|", "pipe": "|", BLANKS: BLANKS}
_PERCENT_MAX = 100.0


def goal(value: Any, where: str, *, has_folder: bool) -> ImportGoal:
    """Return one goal of the file; it has no ids.

    has_folder: the connection's way has one, so that the goal must name it.
    """
    outer = Place(value, where)
    place = outer.take("import", Place)
    outer.done()
    expression = place.take("files_regex", text, None)
    if expression is not None and place.take("files", text, None) is not None:
        raise errors.BadInput(f"{where}.import has files and files_regex; give one of them.")
    found = ImportGoal(
        goal_id="",
        connection_id="",
        version=0,
        folder=place.take("folder", text) if has_folder else "/",
        files=expression if expression is not None else place.take("files", text, *(() if has_folder else ("",))),
        format=place.take("format", _format, FileFormat()),
        identifiers=tuple(place.take("identifiers", each(_identifier))),
        create_profiles=place.take("create_profiles", boolean, default=False),
        mappings=tuple(place.take("mappings", each(_mapping), [])),
        files_kind=PatternKind.WILDCARD if expression is None else PatternKind.REGEX,
        values=place.take("values", _values, ValueFormat()),
        match=place.take("match", word(MatchRule), MatchRule.IN_ORDER),
        row_key=tuple(place.take("row_key", each(text), [])),
        action=place.take("action", _action, None),
        rejected_percent_max=place.take("rejected_percent_max", _or_none(_percent), None),
        shrink_percent_max=place.take("shrink_percent_max", _or_none(_percent), None),
        is_on=place.take("is_on", boolean, default=True),
    )
    place.done()
    return found


def _format(value: Any, where: str) -> FileFormat:
    place, usual = Place(value, where), FileFormat()
    separator = place.take("separator", _or_none(_as_text), None)
    found = FileFormat(
        separator=_SEPARATORS.get(separator, separator) if separator is not None else None,
        header=place.take("header", boolean, default=True),
        encoding=place.take("encoding", _or_none(text), None),
        quote=place.take("quote", _or_none(_any_text), usual.quote),
        escape=place.take("escape", _or_none(_any_text), usual.escape),
        preamble_lines=place.take("preamble_lines", _or_none(integer), usual.preamble_lines),
        header_lines=place.take("header_lines", integer, usual.header_lines),
    )
    place.done()
    return found


def _values(value: Any, where: str) -> ValueFormat:
    place, usual = Place(value, where), ValueFormat()
    found = ValueFormat(
        decimal=place.take("decimal", text, usual.decimal),
        thousands=place.take("thousands", _any_text, usual.thousands),
        multi_value=place.take("multi_value", _any_text, usual.multi_value),
        date=place.take("date", text, usual.date),
        date_time=place.take("date_time", text, usual.date_time),
        time_zone=place.take("time_zone", text, usual.time_zone),
    )
    place.done()
    return found


def _identifier(value: Any, where: str) -> Identifier:
    place = Place(value, where)
    found = Identifier(place.take("field", text), place.take("property", text))
    place.done()
    return found


def _mapping(value: Any, where: str) -> Mapping:
    place = Place(value, where)
    found = Mapping(
        field=place.take("field", text),
        property=place.take("property", text),
        type=place.take("type", word(PropertyType), PropertyType.TEXT),
        strategy=place.take("strategy", word(Strategy), Strategy.SET),
        format=place.take("format", text, None),
        clears=place.take("clears", boolean, default=False),
    )
    place.done()
    return found


def _action(value: Any, where: str) -> ActionFields:
    place = Place(value, where)
    found = ActionFields(
        source=place.take("source", text),
        key=place.take("key", text),
        time=place.take("time", text, None),
        time_format=place.take("time_format", text, None),
        amount=place.take("amount", text, None),
        state=place.take("state", text, None),
    )
    place.done()
    return found


def _or_none(check: Callable[[Any, str], Any]) -> Callable[[Any, str], Any]:
    """Return a check that lets null pass: find it out from the file, or no limit."""
    return lambda value, where: None if value is None else check(value, where)


def _as_text(value: Any, where: str) -> str:
    del where
    return str(value)


def _any_text(value: Any, where: str) -> str:
    if not isinstance(value, str):
        raise errors.BadInput(f'{where} should be text; "" is nothing.')
    return value


def _percent(value: Any, where: str) -> float:
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 <= value <= _PERCENT_MAX:
        raise errors.BadInput(f"{where} should be a number from 0 to 100, or null for no limit.")
    return float(value)
