"""The rows of the mapping editor: made from a goal and the fields of a file, changed by edits, turned back; pure."""

from collections.abc import Mapping as MappingOf
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from pages.parts.plain import visible
from storage.records.goals import ImportGoal, Mapping, Property, PropertyType, Strategy

FIELD, FIRST, TYPE, PROPERTY, IMPORT_AS, CLEAR, FORMAT, NOTE = (
    "File field",
    "First value",
    "Type",
    "Profile property",
    "Import as",
    "Clear",
    "Format",
    "Note",
)
EDITABLE = (TYPE, PROPERTY, IMPORT_AS, CLEAR, FORMAT)
STRATEGY_WORDS = {
    Strategy.SET: "Set",
    Strategy.SET_IF_EMPTY: "Set if empty",
    Strategy.ADD: "Add to list",
    Strategy.SUM: "Sum",
}
_STRATEGIES = {word: strategy for strategy, word in STRATEGY_WORDS.items()}
_TYPES = {kind.value: kind for kind in PropertyType}
DATES = (PropertyType.DATE, PropertyType.DATE_TIME)
IDENTIFIER, ROW_KEY, EXISTS, NEW, NARROWS, TWICE = "identifier", "row key", "exists", "new", "narrows", "twice"
FINDING_NOTES = {"exists": EXISTS, "narrows": NARROWS, "two_fields": TWICE}
"""The badge of each kind of finding."""
NOT_MAPPED, NOT_IN_FILE = "not mapped", "not in file"
WARNINGS = frozenset({EXISTS, NARROWS, TWICE, NOT_IN_FILE})


@dataclass(frozen=True)
class MappingRow:
    """One line of the editor. property is empty where the field is not mapped; format is for dates alone."""

    field: str
    property: str = ""
    type: PropertyType = PropertyType.TEXT
    strategy: Strategy = Strategy.SET
    format: str = ""
    clears: bool = False


@dataclass(frozen=True)
class Surroundings:
    """What the rows are seen against: the file's fields, what says whose row it is, what profiles hold already.

    columns: empty where no file was seen. links: the property of each field that is an identifier. row_key: its
    fields. known: by lower-case name. findings: what a mapping meets (EXISTS, NARROWS, TWICE), by its field and
    its property's lower-case name.
    """

    columns: tuple[str, ...]
    links: MappingOf[str, str]
    known: MappingOf[str, Property]
    row_key: frozenset[str] = frozenset()
    findings: MappingOf[tuple[str, str], tuple[str, ...]] = field(default_factory=dict)


def rows_of(goal: ImportGoal) -> tuple[MappingRow, ...]:
    """Return a row for each mapping of a goal, in its order."""
    return tuple(
        MappingRow(item.field, item.property, item.type, item.strategy, item.format or "", item.clears)
        for item in goal.mappings
    )


def with_fields(rows: Sequence[MappingRow], columns: Sequence[str]) -> tuple[MappingRow, ...]:
    """Return the rows in the order of the file's fields, one more for each field that has none.

    Mapped fields that the file does not have stay, at the end; unmapped ones of another file go.
    """
    present: dict[str, list[MappingRow]] = {}
    for row in rows:
        present.setdefault(row.field, []).append(row)
    found = [row for name in columns for row in present.get(name) or [MappingRow(name)]]
    known = frozenset(columns)
    return (*found, *(row for row in rows if row.field not in known and row.property))


def mappings_of(rows: Sequence[MappingRow]) -> tuple[Mapping, ...]:
    """Return the mappings that the rows say; a row without a property says none."""
    return tuple(
        Mapping(
            row.field,
            row.property,
            row.type,
            row.strategy,
            (row.format or None) if row.type in DATES else None,
            row.clears,
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
        if around.links.get(row.field) == name:
            name = ""
        known = around.known.get(name.lower())
        changed = replace(changed, property=name, type=known.type if known else changed.type)
    if cells.get(TYPE) in _TYPES:
        changed = replace(changed, type=_TYPES[cells[TYPE]])
    if cells.get(IMPORT_AS) in _STRATEGIES:
        changed = replace(changed, strategy=_STRATEGIES[cells[IMPORT_AS]])
    if CLEAR in cells:
        changed = replace(changed, clears=bool(cells[CLEAR]))
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


def addable(rows: Sequence[MappingRow], around: Surroundings) -> tuple[str, ...]:
    """Return the detected fields that fill nothing and are no identifier: what `add_all` would map."""
    columns = frozenset(around.columns)
    return tuple(
        row.field for row in rows if not row.property and row.field in columns and row.field not in around.links
    )


def add_all(
    rows: Sequence[MappingRow], prefix: str, suggested: MappingOf[str, PropertyType], around: Surroundings
) -> tuple[MappingRow, ...]:
    """Return the rows with every addable field mapped to the property prefix + field (requirements M17 and M18).

    A property that is there already keeps its spelling and its type; others take the suggested type, or text.
    """
    wanted = frozenset(addable(rows, around))
    found = []
    for row in rows:
        if row.property or row.field not in wanted:
            found.append(row)
            continue
        known = around.known.get(f"{prefix}{row.field}".lower())
        kind = known.type if known else suggested.get(row.field, PropertyType.TEXT)
        found.append(replace(row, property=known.name if known else f"{prefix}{row.field}", type=kind))
    return tuple(found)


def cells_of(row: MappingRow, first: str, around: Surroundings) -> dict[str, Any]:
    """Return a row as the editor shows it."""
    return {
        FIELD: visible(row.field),
        FIRST: visible(first),
        TYPE: row.type.value,
        PROPERTY: row.property or around.links.get(row.field) or None,
        IMPORT_AS: STRATEGY_WORDS[row.strategy],
        CLEAR: row.clears,
        FORMAT: row.format if row.type in DATES else "",
        NOTE: notes_of(row, around),
    }


def notes_of(row: MappingRow, around: Surroundings) -> list[str]:
    """Return the badges of a row."""
    notes = []
    if around.columns and row.field not in around.columns:
        notes.append(NOT_IN_FILE)
    if row.property:
        found = around.findings.get((row.field, row.property.lower()), ())
        notes += found
        if EXISTS not in found and NARROWS not in found:
            notes.append(NEW)
    elif row.field in around.links:
        notes.append(IDENTIFIER)
    if row.field in around.row_key:
        notes.append(ROW_KEY)
    if not row.property and row.field not in around.links:
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
        edited = edited_rows.get(number, {})
        if edited:
            given = cells_of(before, "", around)
            line.update({name: given[name] for name in edited if name in EDITABLE})
        lines.append(line)
    return lines
