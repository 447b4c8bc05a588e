"""Checks of an import goal before it is saved or run: pure, every finding one sentence for people."""

from collections.abc import Mapping as ReadOnly
from dataclasses import dataclass
from enum import StrEnum

from engine.base import limits
from engine.mapping import strategies, written
from storage.records.goals import ImportGoal, Mapping, Property, PropertyType, Strategy

_RESERVED = frozenset({"profile_id"})
_NEEDS = {Strategy.SUM: "Sum needs a number", Strategy.ADD: "Add to list needs a list"}
_PERCENT_MAX = 100.0


class Kind(StrEnum):
    """What a mapping meets: data that is there already, a property of a wider type, another field."""

    EXISTS = "exists"
    NARROWS = "narrows"
    TWO_FIELDS = "two_fields"


@dataclass(frozen=True)
class Finding:
    """What to know before a goal is saved; it keeps nobody from saving. said is one sentence."""

    kind: Kind
    property: str
    fields: tuple[str, ...]
    said: str


def problems(goal: ImportGoal, properties: dict[str, Property], *, needs_identifiers: bool = True) -> list[str]:
    """Return what keeps this goal from being saved, in order of the editor; empty where nothing does.

    Folder and pattern are not looked at: what they may be depends on the way of the connection.

    Args:
        goal: The goal as a person left it.
        properties: What profiles hold already, by lower-case name.
        needs_identifiers: Whether rows must name their profile; changes of actions find theirs by the action.
    """
    found = written.file_problems(goal.format) + written.value_problems(goal.values)
    found += _identifiers(goal, properties, is_needed=needs_identifiers)
    for mapping in goal.mappings:
        found += _mapping(mapping, properties, _pattern(goal, mapping))
    return found + _together(goal) + _rows(goal)


def mapping_problems(mapping: Mapping) -> list[str]:
    """Return what is wrong with one mapping by itself, whatever profiles hold already."""
    return _mapping(mapping, {}, mapping.format)


def warnings(goal: ImportGoal, filled: set[str]) -> list[str]:
    """Return the property names, in mapping order, that hold data already (requirement M19).

    Args:
        goal: The goal.
        filled: Lower-case names of properties with at least one value.
    """
    named = {mapping.property.lower(): mapping.property for mapping in reversed(goal.mappings)}
    in_order = dict.fromkeys(mapping.property.lower() for mapping in goal.mappings)
    return [named[name] for name in in_order if name in filled]


def findings(goal: ImportGoal, properties: ReadOnly[str, Property], filled: set[str]) -> tuple[Finding, ...]:
    """Return what the goal's mappings meet, a property at a time, in mapping order (requirement M19).

    Args:
        goal: One without `problems`.
        properties: What profiles hold already, by lower-case name.
        filled: Lower-case names of properties with at least one value.
    """
    by_property: dict[str, list[Mapping]] = {}
    for mapping in goal.mappings:
        by_property.setdefault(mapping.property.lower(), []).append(mapping)
    found = []
    for name, mappings in by_property.items():
        fields, first = tuple(mapping.field for mapping in mappings), mappings[0]
        by = " and ".join(f"'{field}'" for field in fields)
        if name in filled:
            said = f"{first.property} holds data already; {by} would change it."
            found.append(Finding(Kind.EXISTS, first.property, fields, said))
        present = properties.get(name)
        if present is not None and present.type is not first.type:
            said = f"{present.name} holds {present.type.value}; {by}, read as {first.type.value}, is kept as that."
            found.append(Finding(Kind.NARROWS, first.property, fields, said))
        if len(fields) > 1:
            said = f"{by} fill {first.property}; {_OF_TWO[first.strategy]}."
            found.append(Finding(Kind.TWO_FIELDS, first.property, fields, said))
    return tuple(found)


_OF_TWO = {
    Strategy.SET: "where several have a value, the last counts",
    Strategy.SET_IF_EMPTY: "where several have a value, the first counts",
    Strategy.ADD: "the values of all are added",
    Strategy.SUM: "the values of all are summed",
}


def missing_columns(goal: ImportGoal, columns: tuple[str, ...]) -> list[str]:
    """Return the fields the goal needs that a file's header lacks; exact names, any order (faults 79, 80)."""
    needed = [identifier.field for identifier in goal.identifiers] + [mapping.field for mapping in goal.mappings]
    needed += goal.row_key
    if goal.action is not None:
        of_action = (goal.action.key, goal.action.time, goal.action.amount, goal.action.state)
        needed += [field for field in of_action if field]
    return [field for field in dict.fromkeys(needed) if field not in columns]


def _pattern(goal: ImportGoal, mapping: Mapping) -> str | None:
    """Return the pattern that a mapping reads dates by: its own, or the goal's, which is looked at by itself."""
    usual = {PropertyType.DATE: goal.values.date, PropertyType.DATE_TIME: goal.values.date_time}
    return mapping.format or usual.get(mapping.type)


def _identifiers(goal: ImportGoal, properties: ReadOnly[str, Property], *, is_needed: bool) -> list[str]:
    found = []
    if is_needed and not goal.identifiers:
        found.append("Link one identifier: the field that says whose row it is.")
    if len(goal.identifiers) > limits.IDENTIFIER_FIELDS_MAX:
        found.append(f"A goal has at most {limits.IDENTIFIER_FIELDS_MAX} identifiers; take out the others.")
    fields: set[str] = set()
    names: set[str] = set()
    for link in goal.identifiers:
        found += _name(link.property)
        present = properties.get(link.property.lower())
        found += _spelling(link.property, present)
        if present is not None and present.type is not PropertyType.TEXT:
            found.append(f"Identifier {link.property} is {present.type.value}; identifiers are text.")
        if not link.field:
            found.append(f"Choose the field that holds {link.property}.")
        elif link.field in fields:
            found.append(f"'{link.field}' is linked twice; link another field or take one out.")
        if link.property.lower() in names:
            found.append(f"{link.property} is linked twice; choose another property or take one out.")
        fields.add(link.field)
        names.add(link.property.lower())
    return found


def _name(name: str) -> list[str]:
    if not name.strip():
        return ["Choose a property for every mapped field."]
    if name.lower() in _RESERVED or name.startswith("_"):
        return [f"{name} is a name that Handoff keeps for itself; choose another."]
    if len(name) > limits.PROPERTY_NAME_CHARACTERS_MAX or not name.isprintable():
        return [f"A property name has at most {limits.PROPERTY_NAME_CHARACTERS_MAX} printable characters."]
    return []


def _spelling(name: str, present: Property | None) -> list[str]:
    # Databases fold capitals differently (DuckDB only those of ASCII), so one property has one spelling.
    if present is None or present.name == name:
        return []
    return [f"A property {present.name} exists; write {name} in the same way or choose another."]


def _mapping(mapping: Mapping, properties: ReadOnly[str, Property], pattern: str | None) -> list[str]:
    found = _name(mapping.property)
    present = properties.get(mapping.property.lower())
    fits = present is None or present.type is mapping.type or present.type in strategies.WIDER[mapping.type]
    held = present.type if present is not None and fits else mapping.type
    if mapping.strategy not in strategies.allowed(held):
        what = f"'{mapping.field}'" if held is mapping.type else f"property {mapping.property}"
        found.append(f"{_NEEDS[mapping.strategy]}; {what} is {held.value}.")
    if mapping.clears and mapping.strategy is not Strategy.SET:
        found.append(f"Only Set lets an empty value clear {mapping.property}; choose Set for '{mapping.field}'.")
    if mapping.type in {PropertyType.DATE, PropertyType.DATE_TIME} and (mapping.format or not pattern):
        found += written.pattern_problems(f"'{mapping.field}'", mapping.type, mapping.format)
    found += _spelling(mapping.property, present)
    if present is None:
        return found
    if not fits:
        found.append(
            f"Property {present.name} holds {present.type.value}; '{mapping.field}' gives {mapping.type.value}."
        )
    if present.is_unique:
        found.append(f"Property {present.name} is an identifier; link '{mapping.field}' as the identifier instead.")
    return found


def _together(goal: ImportGoal) -> list[str]:
    """Return what is wrong with mappings into one property: each must bring its values in the same way."""
    found = []
    linked = {link.property.lower() for link in goal.identifiers}
    firsts: dict[str, Mapping] = {}
    seen: set[tuple[str, str]] = set()
    for mapping in goal.mappings:
        name = mapping.property.lower()
        first = firsts.setdefault(name, mapping)
        if name in linked or first.property != mapping.property:
            found.append(f"Two fields fill {mapping.property}; choose another property for {mapping.field}.")
        elif (mapping.field, name) in seen:
            found.append(f"'{mapping.field}' fills {mapping.property} twice; take one of the two out.")
        elif first is not mapping and (first.type, first.strategy) != (mapping.type, mapping.strategy):
            found.append(
                f"'{first.field}' and '{mapping.field}' fill {mapping.property} in different ways; give both the same "
                "type and strategy, or choose another property."
            )
        elif first is not mapping and (first.clears or mapping.clears):
            found.append(
                f"'{first.field}' and '{mapping.field}' fill {mapping.property}, so an empty value of one cannot clear "
                "it; choose another property or untick it."
            )
        seen.add((mapping.field, name))
    return found


def _rows(goal: ImportGoal) -> list[str]:
    """Return what is wrong with how rows are known, with the times of actions, and with the limits."""
    found = []
    if any(not field for field in goal.row_key):
        found.append("Choose a field for every part of the row key.")
    elif len(set(goal.row_key)) < len(goal.row_key):
        found.append("The row key names a field twice; take one of the two out.")
    if goal.action is not None and goal.action.time and goal.action.time_format:
        found += written.pattern_problems(f"'{goal.action.time}'", PropertyType.DATE, goal.action.time_format)
    for name, percent in (
        ("rejected rows that stops a file", goal.rejected_percent_max),
        ("an audience that may leave", goal.shrink_percent_max),
    ):
        if percent is not None and not 0 <= percent <= _PERCENT_MAX:
            found.append(f"The share of {name} lies between 0 and 100 percent.")
    return found
