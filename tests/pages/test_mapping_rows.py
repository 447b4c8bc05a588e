"""Tries the rows of the mapping editor without any page."""

import pytest

from pages.parts import mapping_rows
from pages.parts.mapping_rows import MappingRow, Surroundings
from storage.records.goals import FileFormat, Identifier, ImportGoal, Mapping, Property, PropertyType, Strategy

_COLUMNS = ("customer_id", "date", "cds", "tier")
_SPEND = Property("Spend", PropertyType.DECIMAL, is_unique=False)
_AROUND = Surroundings(_COLUMNS, ("customer_id", "customer_id"), {"spend": _SPEND}, {"spend": 3})


def _goal(*mappings: Mapping) -> ImportGoal:
    links = (Identifier("customer_id", "customer_id"),)
    return ImportGoal("g", "c", 1, "/out", "*.txt", FileFormat(), links, create_profiles=True, mappings=mappings)


def _set(field: str, name: str) -> Mapping:
    return Mapping(field, name, PropertyType.TEXT, Strategy.SET)


def test_every_field_has_a_row_and_a_field_mapped_twice_has_two() -> None:
    rows = mapping_rows.rows_of(_goal(_set("date", "last"), _set("date", "first")))

    shown = mapping_rows.with_fields(rows, _COLUMNS)

    assert [(row.field, row.property) for row in shown] == [
        ("customer_id", ""),
        ("date", "last"),
        ("date", "first"),
        ("cds", ""),
        ("tier", ""),
    ]


def test_a_mapped_field_that_the_file_lost_stays_and_is_marked() -> None:
    rows = mapping_rows.with_fields([MappingRow("old", "kept"), MappingRow("gone")], _COLUMNS)

    assert [row.field for row in rows] == [*_COLUMNS, "old"]
    assert mapping_rows.notes_of(rows[-1], _AROUND) == ["not in file", "new"]


@pytest.mark.parametrize(
    ("row", "note"),
    [
        (MappingRow("customer_id"), "identifier"),
        (MappingRow("tier"), "not mapped"),
        (MappingRow("tier", "tier"), "new"),
        (MappingRow("tier", "SPEND"), "exists"),
    ],
)
@pytest.mark.promise("M19")
def test_the_note_says_what_a_mapping_meets(row: MappingRow, note: str) -> None:
    assert mapping_rows.notes_of(row, _AROUND) == [note]


@pytest.mark.promise("M20")
@pytest.mark.promise("M21")
@pytest.mark.promise("M23")
def test_edits_are_folded_into_the_rows_they_belong_to() -> None:
    rows = mapping_rows.with_fields((), _COLUMNS)

    edits = {1: {"Profile property": "first", "Import as": "Set if empty"}, 2: {"Type": "integer", "Import as": "Sum"}}
    after = mapping_rows.fold(rows, edits, _AROUND)

    assert after[1] == MappingRow("date", "first", PropertyType.TEXT, Strategy.SET_IF_EMPTY)
    assert after[2] == MappingRow("cds", "", PropertyType.INTEGER, Strategy.SUM)
    assert (after[0], after[3]) == (rows[0], rows[3])


def test_a_known_property_brings_its_type_unless_the_type_is_edited_too() -> None:
    rows = mapping_rows.with_fields((), _COLUMNS)

    after = mapping_rows.fold(
        rows, {2: {"Profile property": "spend"}, 3: {"Profile property": "spend", "Type": "text"}}, _AROUND
    )

    assert (after[2].type, after[3].type) == (PropertyType.DECIMAL, PropertyType.TEXT)


def test_values_that_no_cell_offers_and_rows_that_are_not_there_change_nothing() -> None:
    rows = mapping_rows.with_fields((), _COLUMNS)

    after = mapping_rows.fold(rows, {0: {"Type": "list", "Import as": "Add"}, 99: {"Profile property": "x"}}, _AROUND)

    assert after == rows


def test_clearing_the_property_unmaps_the_field() -> None:
    rows = mapping_rows.with_fields([MappingRow("tier", "tier")], _COLUMNS)

    after = mapping_rows.fold(rows, {3: {"Profile property": None}}, _AROUND)

    assert mapping_rows.mappings_of(after) == ()


def test_choosing_its_own_property_for_the_identifier_maps_nothing() -> None:
    rows = mapping_rows.with_fields((), _COLUMNS)

    after = mapping_rows.fold(rows, {0: {"Profile property": "customer_id"}}, _AROUND)

    assert mapping_rows.mappings_of(after) == ()
    assert mapping_rows.cells_of(after[0], "00001", _AROUND)["Profile property"] == "customer_id"


def test_folding_twice_from_the_same_base_gives_the_same_rows() -> None:
    """The editor reports all its edits each time, so folding them again must not add up."""
    rows = mapping_rows.with_fields((), _COLUMNS)
    first = {2: {"Profile property": "spend"}}
    both = {2: {"Profile property": "spend", "Import as": "Sum"}}

    assert mapping_rows.fold(rows, both, _AROUND) == mapping_rows.fold(
        mapping_rows.fold(rows, first, _AROUND), both, _AROUND
    )


def test_the_editor_is_given_what_it_was_given_before_where_a_cell_was_edited() -> None:
    rows = mapping_rows.with_fields((), _COLUMNS)
    edits = {2: {"Profile property": "spend"}}

    line = mapping_rows.shown(rows, mapping_rows.fold(rows, edits, _AROUND), edits, {"cds": "2"}, _AROUND)[2]

    # the edited cell as before, what follows from it new
    assert line["Profile property"] is None
    assert (line["Type"], line["Note"], line["First value"]) == ("decimal", ["exists"], "2")


def test_one_more_mapping_takes_the_unmapped_row_or_stands_below_the_field() -> None:
    rows = mapping_rows.with_fields((), _COLUMNS)

    once = mapping_rows.put(rows, MappingRow("date", "last"))
    twice = mapping_rows.put(once, MappingRow("date", "first"))

    assert [row.property for row in once] == ["", "last", "", ""]
    assert [row.property for row in twice] == ["", "last", "first", "", ""]


def test_a_date_format_stays_with_dates_only() -> None:
    row = MappingRow("date", "d", PropertyType.DATE, Strategy.SET, "%Y%m%d")
    other = MappingRow("cds", "c", PropertyType.INTEGER, Strategy.SUM, "%Y%m%d")

    assert [item.format for item in mapping_rows.mappings_of([row, other])] == ["%Y%m%d", None]


@pytest.mark.parametrize(
    ("after", "count"),
    [
        (_goal(_set("date", "last")), 0),
        (_goal(_set("date", "first")), 1),
        (_goal(_set("date", "last"), _set("tier", "tier")), 1),
        (_goal(), 1),
    ],
)
def test_changes_are_counted_by_mapping(after: ImportGoal, count: int) -> None:
    assert mapping_rows.count_changes(_goal(_set("date", "last")), after) == count
