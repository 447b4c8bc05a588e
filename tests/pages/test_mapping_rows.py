"""Tries the rows of the mapping editor without any page."""

from dataclasses import replace

import pytest

from pages.parts import goal_changes, mapping_filter, mapping_rows
from pages.parts.mapping_filter import Show
from pages.parts.mapping_rows import MappingRow, Surroundings
from storage.records.goals import (
    ActionFields,
    FileFormat,
    Identifier,
    ImportGoal,
    Mapping,
    Property,
    PropertyType,
    Strategy,
    ValueFormat,
)

_COLUMNS = ("customer_id", "date", "cds", "tier")
_SPEND = Property("Spend", PropertyType.DECIMAL, is_unique=False)
_AROUND = Surroundings(
    _COLUMNS,
    {"customer_id": "customer_id"},
    {"spend": _SPEND},
    frozenset({"date"}),
    {("tier", "spend"): ("exists", "narrows"), ("cds", "spend"): ("exists",)},
)


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
    ("row", "notes"),
    [
        (MappingRow("customer_id"), ["identifier"]),
        (MappingRow("tier"), ["not mapped"]),
        (MappingRow("tier", "tier"), ["new"]),
        (MappingRow("tier", "SPEND"), ["exists", "narrows"]),
        (MappingRow("cds", "spend"), ["exists"]),
        (MappingRow("date", "day"), ["new", "row key"]),
        (MappingRow("date"), ["row key", "not mapped"]),
    ],
)
@pytest.mark.promise("M19")
def test_the_note_says_what_a_mapping_meets(row: MappingRow, notes: list[str]) -> None:
    assert mapping_rows.notes_of(row, _AROUND) == notes


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

    after = mapping_rows.fold(rows, {0: {"Type": "money", "Import as": "Add"}, 99: {"Profile property": "x"}}, _AROUND)

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
    assert goal_changes.count(_goal(_set("date", "last")), after) == count


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (_goal(_set("date", "last")), _goal(_set("date", "first")), ["last: to first"]),
        (_goal(), _goal(_set("a", "x"), _set("b", "y")), ["x added", "y added"]),
        (_goal(_set("a", "x")), _goal(), ["x removed"]),
        (
            _goal(Mapping("a", "x", PropertyType.TEXT, Strategy.SET)),
            _goal(Mapping("a", "x", PropertyType.INTEGER, Strategy.SUM)),
            ["x: integer, Sum"],
        ),
        (_goal(), replace(_goal(), is_on=False), ["not ticked"]),
        (
            _goal(),
            replace(
                _goal(),
                row_key=("a",),
                format=FileFormat(quote="'"),
                values=ValueFormat(time_zone="Asia/Tokyo"),
                action=ActionFields("shop", "a"),
                shrink_percent_max=7.0,
            ),
            ["row key", "limit of leaving profiles", "quote", "time zone", "source of actions", "key of actions"],
        ),
    ],
)
def test_each_change_of_a_goal_is_said_in_a_few_words(before: ImportGoal, after: ImportGoal, said: list[str]) -> None:
    assert goal_changes.between(before, after) == said


@pytest.mark.promise("M17")
@pytest.mark.promise("M18")
def test_all_detected_fields_are_added_at_once_with_the_prefix() -> None:
    # given 200 fields, of which one is the identifier, one is mapped, one leads to a property that is there
    columns = ("customer_id", "kept", "spend", *(f"field_{number}" for number in range(197)))
    around = Surroundings(columns, {"customer_id": "customer_id"}, {"loy_spend": replace(_SPEND, name="Loy_Spend")})
    rows = mapping_rows.with_fields([MappingRow("kept", "mine"), MappingRow("gone", "old")], columns)
    # when
    after = mapping_rows.add_all(rows, "loy_", {"field_0": PropertyType.INTEGER}, around)
    # then
    made = {item.field: (item.property, item.type) for item in mapping_rows.mappings_of(after)}
    assert len(mapping_rows.addable(rows, around)) == 198
    assert len(made) == 200  # all but the identifier, and the one that the file lost
    assert made["field_0"] == ("loy_field_0", PropertyType.INTEGER)
    assert made["field_1"] == ("loy_field_1", PropertyType.TEXT)
    assert made["spend"] == ("Loy_Spend", PropertyType.DECIMAL)
    assert made["kept"][0] == "mine"
    assert mapping_rows.addable(after, around) == ()


def test_pills_and_search_choose_rows_and_pages_take_a_hundred() -> None:
    # given
    columns = ("customer_id", *(f"field_{number}" for number in range(249)))
    around = Surroundings(
        columns, {"customer_id": "customer_id"}, {}, findings={("field_1", "spend"): (mapping_rows.EXISTS,)}
    )
    rows = mapping_rows.with_fields([MappingRow("field_1", "Spend"), MappingRow("lost", "old")], columns)
    # then
    assert mapping_filter.counts(rows, around) == {
        Show.ALL: 251,
        Show.MAPPED: 3,
        Show.NOT_MAPPED: 248,
        Show.WARNINGS: 2,
    }
    assert mapping_filter.chosen(rows, "SPEND", Show.ALL, around) == (2,)
    assert mapping_filter.chosen(rows, "field_2", Show.MAPPED, around) == ()
    assert mapping_filter.chosen(rows, "", Show.WARNINGS, around) == (2, 250)
    every = mapping_filter.chosen(rows, "", Show.ALL, around)
    assert [len(mapping_filter.page_of(every, page)) for page in (1, 2, 3, 9)] == [100, 100, 51, 51]


def test_an_empty_value_clears_only_where_it_was_ticked() -> None:
    rows = mapping_rows.fold([MappingRow("tier", "tier"), MappingRow("cds", "cds")], {0: {"Clear": True}}, _AROUND)

    assert [item.clears for item in mapping_rows.mappings_of(rows)] == [True, False]
