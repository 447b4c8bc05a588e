"""Checks of an import goal before it is saved or run: pure, every finding one sentence for people."""

import re

from engine.base import limits
from engine.mapping import strategies
from storage.records.goals import BLANKS, ImportGoal, Mapping, Property, PropertyType

_RESERVED = frozenset({"profile_id"})
_DATE_PARTS = {"day": {"%d", "%j"}, "month": {"%m", "%b", "%B", "%j"}, "year": {"%Y", "%y"}}
_DATE_DIRECTIVES = {f"%{letter}" for letter in "aAbBdmyYjHIMSpf%"} | {f"%-{letter}" for letter in "dmyjHIMS"}
"""What DuckDB reads and writes alike; with a dash, without leading zeros, numbers only."""


def problems(goal: ImportGoal, properties: dict[str, Property]) -> list[str]:
    """Return what keeps this goal from being saved, in order of the editor; empty where nothing does.

    Folder and pattern are not looked at: what they may be depends on the way of the connection.

    Args:
        goal: The goal as a person left it.
        properties: What profiles hold already, by lower-case name.
    """
    found = _format(goal)
    if len(goal.identifiers) != 1:
        found.append("Link one identifier: the field that says whose row it is.")
    for identifier in goal.identifiers:
        found += _name(identifier.property)
        present = properties.get(identifier.property.lower())
        found += _spelling(identifier.property, present)
        if present is not None and present.type is not PropertyType.TEXT:
            found.append(f"Identifier {identifier.property} is {present.type.value}; identifiers are text.")
    taken: set[str] = {identifier.property.lower() for identifier in goal.identifiers}
    for mapping in goal.mappings:
        found += _mapping(mapping, properties)
        if mapping.property.lower() in taken:
            found.append(f"Two fields fill {mapping.property}; choose another property for {mapping.field}.")
        taken.add(mapping.property.lower())
    return found


def warnings(goal: ImportGoal, filled: set[str]) -> list[str]:
    """Return the property names, in mapping order, that hold data already (requirement M19).

    Args:
        goal: The goal.
        filled: Lower-case names of properties with at least one value.
    """
    return [mapping.property for mapping in goal.mappings if mapping.property.lower() in filled]


def missing_columns(goal: ImportGoal, columns: tuple[str, ...]) -> list[str]:
    """Return the fields the goal needs that a file's header lacks; exact names, any order (faults 79, 80)."""
    needed = [identifier.field for identifier in goal.identifiers] + [mapping.field for mapping in goal.mappings]
    return [field for field in dict.fromkeys(needed) if field not in columns]


def _format(goal: ImportGoal) -> list[str]:
    separator = goal.format.separator
    if separator is not None and separator != BLANKS and len(separator) != 1:
        return ["The field separator is one character, or blanks."]
    if separator in {'"', "\r", "\n"}:
        return ["The field separator cannot be a quote or a line end."]
    return []


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


def mapping_problems(mapping: Mapping) -> list[str]:
    """Return what is wrong with one mapping by itself, whatever profiles hold already."""
    return _mapping(mapping, {})


def _mapping(mapping: Mapping, properties: dict[str, Property]) -> list[str]:
    found = _name(mapping.property)
    if mapping.strategy not in strategies.allowed(mapping.type):
        found.append(f"Sum needs a number; '{mapping.field}' is {mapping.type.value}.")
    if mapping.type is PropertyType.DATE:
        found += _date_format(mapping)
    present = properties.get(mapping.property.lower())
    found += _spelling(mapping.property, present)
    if present is None:
        return found
    if present.type is not mapping.type:
        found.append(
            f"Property {present.name} holds {present.type.value}; '{mapping.field}' gives {mapping.type.value}."
        )
    if present.is_unique:
        found.append(f"Property {present.name} is an identifier; link '{mapping.field}' as the identifier instead.")
    return found


def _date_format(mapping: Mapping) -> list[str]:
    if not mapping.format:
        # 01/02/2026 is one of two days; nothing is guessed (faults row 87).
        return [f"Give the date format of '{mapping.field}', e.g. %Y%m%d or %d-%m-%Y."]
    directives = set(re.findall(r"%-?.?", mapping.format))
    unknown = directives - _DATE_DIRECTIVES
    if unknown:
        return [f"The date format of '{mapping.field}' has {min(unknown)}, which is not known."]
    for part, wanted in _DATE_PARTS.items():
        if not wanted & {directive.replace("-", "") for directive in directives}:
            return [f"The date format of '{mapping.field}' names no {part}; use %d, %m and %Y."]
    return []
