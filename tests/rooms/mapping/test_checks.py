"""Every sentence with which a goal is refused before it is saved, and none for a good goal."""

from dataclasses import replace

import pytest

from engine.mapping import checks
from engine.mapping.checks import Kind
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
from tests.fakes.merging import goal_of

TEXT, INTEGER, DECIMAL, DATE, DATE_TIME, BOOLEAN, LIST = PropertyType
SET, SET_IF_EMPTY, ADD, SUM = Strategy
GOOD = goal_of(Mapping("name", "name", TEXT, SET), Mapping("day", "first", DATE, SET_IF_EMPTY, "%d-%m-%Y"))
DIFFERENT_WAYS = (
    "'a' and 'b' fill same in different ways; give both the same type and strategy, or choose another property."
)
KNOWN = {
    "spend": Property("Spend", DECIMAL, is_unique=False),
    "card": Property("card", TEXT, is_unique=True),
    "age": Property("age", INTEGER, is_unique=True),
    "seen_at": Property("seen_at", DATE_TIME, is_unique=False),
    "notes": Property("notes", TEXT, is_unique=False),
    "tags": Property("tags", LIST, is_unique=False),
}


def mapped(*mappings: Mapping) -> ImportGoal:
    """Return the good goal with these mappings."""
    return replace(GOOD, mappings=mappings)


def test_a_good_goal_has_no_problem() -> None:
    assert checks.problems(GOOD, KNOWN) == []


@pytest.mark.parametrize(
    ("goal", "sentence"),
    [
        (replace(GOOD, format=FileFormat(separator=";;")), "The field separator is one character, or blanks."),
        (replace(GOOD, format=FileFormat(separator='"')), "The field separator cannot be a quote or a line end."),
        (replace(GOOD, format=FileFormat(separator="\n")), "The field separator cannot be a quote or a line end."),
        (replace(GOOD, identifiers=()), "Link one identifier: the field that says whose row it is."),
        (
            replace(GOOD, identifiers=tuple(Identifier(f"f{number}", f"p{number}") for number in range(9))),
            "A goal has at most 8 identifiers; take out the others.",
        ),
        (
            replace(GOOD, identifiers=(Identifier("a", "a"), Identifier("a", "b"))),
            "'a' is linked twice; link another field or take one out.",
        ),
        (
            replace(GOOD, identifiers=(Identifier("a", "a"), Identifier("b", "A"))),
            "A is linked twice; choose another property or take one out.",
        ),
        (replace(GOOD, identifiers=(Identifier("", "card"),)), "Choose the field that holds card."),
        (replace(GOOD, identifiers=(Identifier("id", "AGE"),)), "Identifier AGE is integer; identifiers are text."),
        (mapped(Mapping("name", " ", TEXT, SET)), "Choose a property for every mapped field."),
        (
            mapped(Mapping("name", "Profile_ID", TEXT, SET)),
            "Profile_ID is a name that Handoff keeps for itself; choose another.",
        ),
        (mapped(Mapping("name", "_rev", TEXT, SET)), "_rev is a name that Handoff keeps for itself; choose another."),
        (mapped(Mapping("name", "n" * 121, TEXT, SET)), "A property name has at most 120 printable characters."),
        (mapped(Mapping("name", "a\nb", TEXT, SET)), "A property name has at most 120 printable characters."),
        (
            mapped(Mapping("a", "same", TEXT, SET), Mapping("b", "SAME", TEXT, SET)),
            "Two fields fill SAME; choose another property for b.",
        ),
        (
            mapped(Mapping("a", "Customer_Id", TEXT, SET)),
            "Two fields fill Customer_Id; choose another property for a.",
        ),
        (
            mapped(Mapping("value", "spend", DECIMAL, SUM)),
            "A property Spend exists; write spend in the same way or choose another.",
        ),
        (
            mapped(Mapping("value", "Spend", TEXT, SET)),
            "Property Spend holds decimal; 'value' gives text.",
        ),
        (
            mapped(Mapping("number", "card", TEXT, SET)),
            "Property card is an identifier; link 'number' as the identifier instead.",
        ),
        (
            mapped(Mapping("count", "notes", INTEGER, SUM)),
            "Sum needs a number; property notes is text.",
        ),
        (
            mapped(Mapping("seen", "seen_at", DATE_TIME, ADD, "ISO 8601")),
            "Add to list needs a list; 'seen' is date-time.",
        ),
        (
            mapped(Mapping("word", "word", TEXT, SET_IF_EMPTY, clears=True)),
            "Only Set lets an empty value clear word; choose Set for 'word'.",
        ),
        (
            mapped(Mapping("a", "same", TEXT, SET), Mapping("b", "same", INTEGER, SET)),
            DIFFERENT_WAYS,
        ),
        (
            mapped(Mapping("a", "same", TEXT, SET), Mapping("b", "same", TEXT, SET_IF_EMPTY)),
            DIFFERENT_WAYS,
        ),
        (
            mapped(Mapping("a", "same", TEXT, SET), Mapping("b", "same", TEXT, SET, clears=True)),
            "'a' and 'b' fill same, so an empty value of one cannot clear it; choose another property or untick it.",
        ),
        (
            mapped(Mapping("a", "same", INTEGER, SUM), Mapping("a", "same", INTEGER, SUM)),
            "'a' fills same twice; take one of the two out.",
        ),
        (replace(GOOD, row_key=("id", "")), "Choose a field for every part of the row key."),
        (replace(GOOD, row_key=("id", "id")), "The row key names a field twice; take one of the two out."),
        (
            replace(GOOD, action=ActionFields("shop", "id", time="at", time_format="%d.%m.")),
            "The date format of 'at' names no year; use %d, %m and %Y.",
        ),
        (
            replace(GOOD, rejected_percent_max=101),
            "The share of rejected rows that stops a file lies between 0 and 100 percent.",
        ),
        (
            replace(GOOD, shrink_percent_max=-1),
            "The share of an audience that may leave lies between 0 and 100 percent.",
        ),
        (
            replace(GOOD, format=FileFormat(quote="''")),
            "The quote is one character, or nothing where no field stands in quotes.",
        ),
        (
            replace(GOOD, format=FileFormat(separator="'", quote="'")),
            "The field separator cannot be a quote or a line end.",
        ),
        (
            replace(GOOD, format=FileFormat(escape="")),
            "The escape is one character: the quote itself, or what stands before it.",
        ),
        (replace(GOOD, format=FileFormat(preamble_lines=-1)), "Lines before the header are a number from 0 to 1,000."),
        (replace(GOOD, format=FileFormat(header_lines=0)), "Header lines are a number from 1 to 1,000."),
    ],
)
def test_each_mistake_has_its_own_sentence(goal: ImportGoal, sentence: str) -> None:
    assert sentence in checks.problems(goal, KNOWN)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        (ValueFormat(decimal=";"), "The decimal separator is a point or a comma."),
        (ValueFormat(decimal=""), "The decimal separator is a point or a comma."),
        (
            ValueFormat(thousands="x"),
            "Thousands stand apart by a point, a comma, a blank, an apostrophe, or nothing.",
        ),
        (
            ValueFormat(decimal=",", thousands=","),
            "The decimal separator also groups thousands; choose another for one of them.",
        ),
        (ValueFormat(multi_value="\n"), "The multi-value separator has at most 10 characters and no line end."),
        (ValueFormat(multi_value="-" * 11), "The multi-value separator has at most 10 characters and no line end."),
        (ValueFormat(date="%d-%m"), "The date format of this goal names no year; use %d, %m and %Y."),
        (
            ValueFormat(date_time="%d-%m-%Y"),
            "The date and time format of this goal names no hour; use %H, or %I with %p.",
        ),
        (ValueFormat(time_zone=""), "“” is not a time zone; choose one like Europe/Amsterdam."),
        (ValueFormat(time_zone="Mars/Base"), "“Mars/Base” is not a time zone; choose one like Europe/Amsterdam."),
        (
            ValueFormat(time_zone="posix/Europe/Amsterdam"),
            "“posix/Europe/Amsterdam” is not a time zone; choose one like Europe/Amsterdam.",
        ),
    ],
)
def test_each_mistake_in_how_values_are_written_has_its_own_sentence(values: ValueFormat, sentence: str) -> None:
    assert checks.problems(replace(GOOD, values=values), KNOWN) == [sentence]


@pytest.mark.parametrize(
    "goal",
    [
        replace(GOOD, identifiers=(Identifier("id", "customer_id"), Identifier("card", "card"))),
        replace(GOOD, values=ValueFormat(",", ".", " ", "ISO 8601", "%d-%m-%Y %I:%M %p", "America/Argentina/Ushuaia")),
        replace(GOOD, values=ValueFormat(".", "'", "||", time_zone="UTC")),
        replace(
            mapped(Mapping("a", "day", DATE, SET), Mapping("b", "at", DATE_TIME, SET)),
            values=ValueFormat(date="%Y%m%d", date_time="%Y-%m-%dT%H:%M:%S%z"),
        ),
        mapped(Mapping("a", "Spend", INTEGER, SUM), Mapping("b", "Spend", INTEGER, SUM)),
        mapped(Mapping("a", "tags", TEXT, ADD), Mapping("b", "seen_at", DATE, SET, "%Y%m%d", clears=True)),
        mapped(Mapping("a", "notes", LIST, SET_IF_EMPTY), Mapping("b", "notes", LIST, SET_IF_EMPTY)),
        replace(GOOD, row_key=("id", "day"), rejected_percent_max=0, shrink_percent_max=None),
        replace(GOOD, action=ActionFields("shop", "id", time="at", time_format="%Y%m%d")),
        replace(GOOD, format=FileFormat(None, quote="", escape="\\", preamble_lines=None, header_lines=2)),
    ],
)
def test_what_can_be_imported_has_no_problem(goal: ImportGoal) -> None:
    assert checks.problems(goal, KNOWN) == []


def test_rows_that_find_their_profile_by_an_action_need_no_identifier() -> None:
    assert checks.problems(replace(GOOD, identifiers=()), KNOWN, needs_identifiers=False) == []


@pytest.mark.promise("M23")
@pytest.mark.parametrize("kind", [TEXT, DATE, DATE_TIME, BOOLEAN, LIST])
def test_sum_is_refused_for_what_is_no_number(kind: PropertyType) -> None:
    found = checks.problems(mapped(Mapping("word", "word", kind, SUM, "%Y%m%d %H")), KNOWN)
    assert found == [f"Sum needs a number; 'word' is {kind.value}."]


@pytest.mark.promise("M22")
@pytest.mark.parametrize("kind", [TEXT, INTEGER, DECIMAL, BOOLEAN])
def test_add_is_refused_for_what_is_no_list(kind: PropertyType) -> None:
    found = checks.problems(mapped(Mapping("word", "word", kind, ADD)), KNOWN)
    assert found == [f"Add to list needs a list; 'word' is {kind.value}."]


@pytest.mark.fault(87)
@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        (None, "Give the date format of 'day', e.g. %Y%m%d or %d-%m-%Y."),
        ("", "Give the date format of 'day', e.g. %Y%m%d or %d-%m-%Y."),
        ("%Y-%m", "The date format of 'day' names no day; use %d, %m and %Y."),
        ("%%d", "The date format of 'day' names no day; use %d, %m and %Y."),
        ("%d", "The date format of 'day' names no month; use %d, %m and %Y."),
        ("%d.%m.", "The date format of 'day' names no year; use %d, %m and %Y."),
        ("%Y-%m-%d%", "The date format of 'day' has %, which is not known."),
        ("%-Y-%m-%d", "The date format of 'day' has %-Y, which is not known."),
        ("%d-%m-%Q", "The date format of 'day' has %Q, which is not known."),
    ],
)
def test_a_date_is_never_guessed(pattern: str | None, sentence: str) -> None:
    # given: 01/02/2026 is one of two days
    mapping = Mapping("day", "first", DATE, SET, pattern)
    # when, then
    assert checks.mapping_problems(mapping) == [sentence]


@pytest.mark.promise("M09")
@pytest.mark.parametrize(
    ("pattern", "sentence"),
    [
        (None, "Give the date and time format of 'at', e.g. %d-%m-%Y %H:%M:%S or ISO 8601."),
        ("%d-%m-%Y", "The date and time format of 'at' names no hour; use %H, or %I with %p."),
        ("%d-%m-%Y %I:%M", "The date and time format of 'at' names no hour; use %H, or %I with %p."),
        ("%H:%M", "The date and time format of 'at' names no day; use %d, %m and %Y."),
        ("%Y-%m-%d %H:%M %Z", "The date and time format of 'at' has %Z, which is not known."),
        ("%Y-%m-%d %H:%M %z%z", "The date and time format of 'at' has %z more than once."),
    ],
)
def test_a_time_is_never_guessed(pattern: str | None, sentence: str) -> None:
    assert checks.mapping_problems(Mapping("at", "at", DATE_TIME, SET, pattern)) == [sentence]


@pytest.mark.parametrize(
    "pattern",
    ["ISO 8601", "%Y%m%d", "%d-%m-%Y", "%-d/%-m/%Y", "%d %B %Y", "%Y-%j", "%Y-%m-%d %H:%M:%S", "100%% %d%m%Y"],
)
def test_usual_date_formats_pass(pattern: str) -> None:
    assert checks.mapping_problems(Mapping("day", "first", DATE, SET, pattern)) == []


@pytest.mark.promise("M19")
def test_a_property_that_holds_data_is_named_before_it_is_filled() -> None:
    assert checks.warnings(GOOD, {"first", "other"}) == ["first"]
    assert checks.warnings(GOOD, set()) == []


def test_what_mappings_meet_is_said_a_property_at_a_time() -> None:
    # given: two sums into a property that holds decimals already, and one into a new one
    goal = mapped(
        Mapping("online", "Spend", INTEGER, SUM),
        Mapping("name", "name", TEXT, SET),
        Mapping("shop", "Spend", INTEGER, SUM),
    )
    # when
    found = checks.findings(goal, KNOWN, {"spend"})
    # then
    assert [(item.kind, item.property, item.fields) for item in found] == [
        (kind, "Spend", ("online", "shop")) for kind in (Kind.EXISTS, Kind.NARROWS, Kind.TWO_FIELDS)
    ]
    assert [item.said for item in found] == [
        "Spend holds data already; 'online' and 'shop' would change it.",
        "Spend holds decimal; 'online' and 'shop', read as integer, is kept as that.",
        "'online' and 'shop' fill Spend; the values of all are summed.",
    ]
    assert checks.warnings(goal, {"spend"}) == ["Spend"]


@pytest.mark.fault(80)
@pytest.mark.parametrize(
    ("columns", "missing"),
    [
        (("id", "name", "day"), []),
        (("day", "more", "name", "id"), []),
        (("id", "day"), ["name"]),
        (("ID", "name", "day"), ["id"]),
        ((), ["id", "name", "day"]),
    ],
)
def test_missing_columns_are_named_whatever_the_order(columns: tuple[str, ...], missing: list[str]) -> None:
    assert checks.missing_columns(GOOD, columns) == missing


@pytest.mark.fault(80)
def test_fields_of_a_row_key_and_of_an_action_are_needed_too() -> None:
    # given
    goal = replace(GOOD, row_key=("order", "id"), action=ActionFields("shop", "order", time="at", amount="value"))
    # when, then
    assert checks.missing_columns(goal, ("id", "name", "day")) == ["order", "at", "value"]
