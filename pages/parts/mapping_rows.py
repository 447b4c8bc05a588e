"""The rows of the mapping editor: made from a goal and the fields of a file, changed by edits, turned back; pure."""

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

from storage.records.goals import ImportGoal, Mapping, Property, PropertyType, Strategy

FIELD, FIRST, TYPE, PROPERTY, IMPORT_AS, FORMAT, NOTE = (
    "File field",
    "First value",
    "Type",
    "Profile property",
    "Import as",
    "Date format",
    "Note",
)
EDITABLE = (TYPE, PROPERTY, IMPORT_AS, FORMAT)
STRATEGY_WORDS = {Strategy.SET: "Set", Strategy.SET_IF_EMPTY: "Set if empty", Strategy.SUM: "Sum"}
_STRATEGIES = {word: strategy for strategy, word in STRATEGY_WORDS.items()}
_TYPES = {kind.value: kind for kind in PropertyType}
IDENTIFIER, EXISTS, NEW, NOT_MAPPED, NOT_IN_FILE = "identifier", "exists", "new", "not mapped", "not in file"


@dataclass(frozen=True)
class MappingRow:
    """One line of the editor. property is empty where the field is not mapped; format is for dates alone."""

    field: str
    property: str = ""
    type: PropertyType = PropertyType.TEXT
    strategy: Strategy = Strategy.SET
    format: str = ""


@dataclass(frozen=True)
class Surroundings:
    """What the rows are seen against: the file's fields, the identifier, what profiles hold already.

    columns: empty where no file was seen. identifier: (field, property) or None. known: by lower-case name.
    filled: profiles with a value, by lower-case name.
    """

    columns: tuple[str, ...]
    identifier: tuple[str, str] | None
    known: MappingOf[str, Property]
    filled: MappingOf[str, int]


def rows_of(goal: ImportGoal) -> tuple[MappingRow, ...]:
    """Return a row for each mapping of a goal, in its order."""
    return tuple(
        MappingRow(item.field, item.property, item.type, item.strategy, item.format or "") for item in goal.mappings
    )


def with_fields(rows: Sequence[MappingRow], columns: Sequence[str]) -> tuple[MappingRow, ...]:
    """Return the rows in the order of the file's fields, one more for each field that has none.

    Mapped fields that the file does not have stay, at the end; unmapped ones of another file go.
    """
    found: list[MappingRow] = []
    for name in columns:
        found += [row for row in rows if row.field == name] or [MappingRow(name)]
    return (*found, *(row for row in rows if row.field not in columns and row.property))


def mappings_of(rows: Sequence[MappingRow]) -> tuple[Mapping, ...]:
    """Return the mappings that the rows say; a row without a property says none."""
    return tuple(
        Mapping(
            row.field,
            row.property,
            row.type,
            row.strategy,
            (row.format or None) if row.type is PropertyType.DATE else None,
        )
        for row in rows
        if row.property
    )


def fold(
    rows: Sequence[MappingRow], edited_rows: MappingOf[int, MappingOf[str, Any]], around: Surroundings
) -> tuple[MappingRow, ...]:
    """Return the rows as the editor's edits leave them; edits of rows that are not there are left out.

    A field that gets a property of a known type takes that type, unless the type was edited as well.
    """
    found = list(rows)
    for number, cells in edited_rows.items():
        if 0 <= int(number) < len(found):
            found[int(number)] = _edited(found[int(number)], cells, around)
    return tuple(found)


def _edited(row: MappingRow, cells: MappingOf[str, Any], around: Surroundings) -> MappingRow:
    changed = row
    if PROPERTY in cells:
        name = str(cells[PROPERTY] or "").strip()
        if around.identifier == (row.field, name):
            name = ""
        known = around.known.get(name.lower())
        changed = replace(changed, property=name, type=known.type if known else changed.type)
    if cells.get(TYPE) in _TYPES:
        changed = replace(changed, type=_TYPES[cells[TYPE]])
    if cells.get(IMPORT_AS) in _STRATEGIES:
        changed = replace(changed, strategy=_STRATEGIES[cells[IMPORT_AS]])
    if FORMAT in cells:
        changed = replace(changed, format=str(cells[FORMAT] or "").strip())
    return changed


def put(rows: Sequence[MappingRow], wanted: MappingRow) -> tuple[MappingRow, ...]:
    """Return the rows with one more mapping: in the field's unmapped row, or below the field's others."""
    found = list(rows)
    places = [number for number, row in enumerate(found) if row.field == wanted.field]
    for number in places:
        if not found[number].property:
            found[number] = wanted
            return tuple(found)
    found.insert(places[-1] + 1 if places else len(found), wanted)
    return tuple(found)


def cells_of(row: MappingRow, first: str, around: Surroundings) -> dict[str, Any]:
    """Return a row as the editor shows it."""
    is_identifier = around.identifier is not None and around.identifier[0] == row.field
    linked = around.identifier[1] if around.identifier and is_identifier else ""
    return {
        FIELD: row.field,
        FIRST: first,
        TYPE: row.type.value,
        PROPERTY: row.property or linked or None,
        IMPORT_AS: STRATEGY_WORDS[row.strategy],
        FORMAT: row.format if row.type is PropertyType.DATE else "",
        NOTE: notes_of(row, around),
    }


def notes_of(row: MappingRow, around: Surroundings) -> list[str]:
    """Return the badges of a row."""
    notes = []
    if around.columns and row.field not in around.columns:
        notes.append(NOT_IN_FILE)
    if row.property:
        known = row.property.lower() in around.known
        notes.append(EXISTS if known and around.filled.get(row.property.lower()) else NEW)
    elif around.identifier is not None and around.identifier[0] == row.field:
        notes.append(IDENTIFIER)
    else:
        notes.append(NOT_MAPPED)
    return notes


def shown(
    base: Sequence[MappingRow],
    now: Sequence[MappingRow],
    edited_rows: MappingOf[int, MappingOf[str, Any]],
    firsts: MappingOf[str, str],
    around: Surroundings,
) -> list[dict[str, Any]]:
    """Return what goes into the editor: what was edited stays as it was given, for the editor lays edits over it.

    Args:
        base: The rows as they were when this editor began.
        now: The rows as they are, edits folded in.
        edited_rows: The edits that this editor holds.
        firsts: The first value of each field.
        around: What the rows are seen against.
    """
    lines = []
    for number, (before, after) in enumerate(zip(base, now, strict=True)):
        line = cells_of(after, firsts.get(after.field, ""), around)
        given = cells_of(before, "", around)
        line.update({name: given[name] for name in edited_rows.get(number, {}) if name in EDITABLE})
        lines.append(line)
    return lines


def count_changes(before: ImportGoal, after: ImportGoal) -> int:
    """Return how many things of a goal differ: places, formats, the identifier, the box, and each mapping."""
    simple = [
        (before.folder, after.folder),
        (before.files, after.files),
        (before.files_kind, after.files_kind),
        (before.format.separator, after.format.separator),
        (before.format.header, after.format.header),
        (before.format.encoding, after.format.encoding),
        (before.identifiers, after.identifiers),
        (before.create_profiles, after.create_profiles),
    ]
    gone = set(before.mappings) - set(after.mappings)
    come = set(after.mappings) - set(before.mappings)
    # A changed mapping is one that went and one that came.
    return sum(left != right for left, right in simple) + max(len(gone), len(come))
