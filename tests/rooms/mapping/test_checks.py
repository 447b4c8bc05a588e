"""Every sentence with which a goal is refused before it is saved, and none for a good goal."""

from dataclasses import replace

import pytest

from engine.mapping import checks
from storage.records.goals import FileFormat, Identifier, ImportGoal, Mapping, Property, PropertyType, Strategy
from tests.fakes.merging import goal_of

TEXT, INTEGER, DECIMAL, DATE = PropertyType
SET, SET_IF_EMPTY, SUM = Strategy
GOOD = goal_of(Mapping("name", "name", TEXT, SET), Mapping("day", "first", DATE, SET_IF_EMPTY, "%d-%m-%Y"))
KNOWN = {
    "spend": Property("Spend", DECIMAL, is_unique=False),
    "card": Property("card", TEXT, is_unique=True),
    "age": Property("age", INTEGER, is_unique=True),
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
            replace(GOOD, identifiers=(Identifier("a", "a"), Identifier("b", "b"))),
            "Link one identifier: the field that says whose row it is.",
        ),
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
            mapped(Mapping("value", "Spend", INTEGER, SUM)),
            "Property Spend holds decimal; 'value' gives integer.",
        ),
        (
            mapped(Mapping("number", "card", TEXT, SET)),
            "Property card is an identifier; link 'number' as the identifier instead.",
        ),
    ],
)
def test_each_mistake_has_its_own_sentence(goal: ImportGoal, sentence: str) -> None:
    assert sentence in checks.problems(goal, KNOWN)


@pytest.mark.promise("M23")
@pytest.mark.parametrize("kind", [TEXT, DATE])
def test_sum_is_refused_for_what_is_no_number(kind: PropertyType) -> None:
    found = checks.problems(mapped(Mapping("word", "word", kind, SUM, "%Y%m%d")), KNOWN)
    assert found == [f"Sum needs a number; 'word' is {kind.value}."]


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


@pytest.mark.parametrize(
    "pattern", ["%Y%m%d", "%d-%m-%Y", "%-d/%-m/%Y", "%d %B %Y", "%Y-%j", "%Y-%m-%d %H:%M:%S", "100%% %d%m%Y"]
)
def test_usual_date_formats_pass(pattern: str) -> None:
    assert checks.mapping_problems(Mapping("day", "first", DATE, SET, pattern)) == []


@pytest.mark.promise("M19")
def test_a_property_that_holds_data_is_named_before_it_is_filled() -> None:
    assert checks.warnings(GOOD, {"first", "other"}) == ["first"]
    assert checks.warnings(GOOD, set()) == []


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
