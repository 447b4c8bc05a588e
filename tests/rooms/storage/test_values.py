"""How texts become values in SQL: exactly, or not at all (faults rows 85 and 86)."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.database import Database
from storage.records.goals import PropertyType, ValueFormat
from storage.records.merges import Fill
from storage.tables import values
from tests.rooms.storage.casting import cast, casts, fill_for


def fill_of(kind: PropertyType, **more: Any) -> Fill:
    """Return a mapping of the first column."""
    return fill_for(kind, values=ValueFormat(**more))


TEXTS = [
    "00501",
    "+31612345678",
    "12345678901234567890",
    "nan",
    "NaN",
    "inf",
    "1e5",
    "0x10",
    "1_000",
    " 12 ",
    "null",
    "true",
    "2026-01-01",
    "'; DROP TABLE dat.profile; --",
    "Zoë\u00a0\U0001f600",
]


@pytest.mark.fault(85)
def test_text_is_kept_to_the_letter(database: Database) -> None:
    assert casts(database, fill_of(PropertyType.TEXT), TEXTS) == TEXTS


def test_an_empty_text_is_no_value(database: Database) -> None:
    assert cast(database, fill_of(PropertyType.TEXT), "") is None


INTEGERS = {
    "12": 12,
    " 12 ": 12,
    "-7": -7,
    "+7": 7,
    "007": 7,
    "9223372036854775807": 2**63 - 1,
    "9223372036854775808": None,
    "12345678901234567890": None,
    "1.5": None,
    "1.0": None,
    "2.": None,
    "1e5": None,
    "0x10": None,
    "0b1": None,
    "1_000": None,
    "1,000": None,
    "1 000": None,
    "nan": None,
    "true": None,
    "--1": None,
    "-": None,
    "\u0661\u0662": None,
    "12\n": None,
}


@pytest.mark.fault(86)
def test_an_integer_is_digits_alone(database: Database) -> None:
    made = casts(database, fill_of(PropertyType.INTEGER), list(INTEGERS))
    assert dict(zip(INTEGERS, made, strict=True)) == INTEGERS


DECIMALS = {
    "2.50": Decimal("2.50"),
    "  -0.1 ": Decimal("-0.1"),
    ".5": Decimal("0.5"),
    "5.": Decimal(5),
    "+1": Decimal(1),
    "0.1234567891": Decimal("0.1234567891"),
    "0.12345678912": None,
    "1234567890123456789012345678.0123456789": Decimal("1234567890123456789012345678.0123456789"),
    "12345678901234567890123456789": None,
    "1e400": None,
    "1e5": None,
    "1,5": None,
    "1.234,50": None,
    "1,234.50": None,
    "1'234.50": None,
    "5-": None,
    "(5)": None,
    "nan": None,
    "Infinity": None,
    "0x10": None,
    "1_000": None,
    ".": None,
    "1.2.3": None,
}


@pytest.mark.fault(86)
def test_a_decimal_is_exact_or_refused_never_rounded(database: Database) -> None:
    made = casts(database, fill_of(PropertyType.DECIMAL), list(DECIMALS))
    assert dict(zip(DECIMALS, made, strict=True)) == DECIMALS


@pytest.mark.promise("M07")
@pytest.mark.fault(86)
@pytest.mark.parametrize(
    ("decimal", "thousands", "numbers"),
    [
        (
            ",",
            ".",
            {
                "1.234,56": "1234.56",
                "-1.234.567,5": "-1234567.5",
                "1234,56": "1234.56",
                "12.34,56": None,
                "1.2345,6": None,
                ".234,5": None,
                "1..234,5": None,
                "1.234.": None,
                "1.234": "1234",
                "1,234.56": None,
                "0,12345678901": None,
                "1.234,56-": None,
                "1e400": None,
            },
        ),
        (
            ",",
            "",
            {
                "1.234,56": None,
                "1,5": "1.5",
                "1.5": None,
                ",5": "0.5",
            },
        ),
        (
            ".",
            ",",
            {
                "1,234,567.89": "1234567.89",
                "12,34,567.89": None,
                "1,234,56": None,
            },
        ),
        (
            ".",
            " ",
            {
                "1 234.5": "1234.5",
                "1\u00a0234.5": "1234.5",
            },
        ),
        (
            ",",
            " ",
            {
                "1\u202f234\u2009567,5": "1234567.5",
                "1  234,5": None,
            },
        ),
        (
            ".",
            "'",
            {
                "1'234.50": "1234.5",
                "1\u2019234.50": "1234.5",
                "1'23.50": None,
            },
        ),
    ],
)
def test_digits_are_grouped_in_threes_or_the_number_is_refused(
    database: Database, decimal: str, thousands: str, numbers: dict[str, str | None]
) -> None:
    fill = fill_of(PropertyType.DECIMAL, decimal=decimal, thousands=thousands)
    made = casts(database, fill, list(numbers))
    expected = {text: Decimal(number) if number else None for text, number in numbers.items()}
    assert dict(zip(numbers, made, strict=True)) == expected


@pytest.mark.promise("M07")
@pytest.mark.parametrize("decimal", [".", ","])
@pytest.mark.parametrize("thousands", ["", ".", ",", " ", "'"])
def test_any_number_is_read_as_it_was_written(database: Database, decimal: str, thousands: str) -> None:
    if decimal == thousands:
        return
    decimals = st.decimals(-(10**28) + 1, 10**28 - 1, places=10, allow_nan=False)
    integers = st.integers(-(2**63), 2**63 - 1)

    def said(number: Decimal | int) -> str:
        swap = str.maketrans({",": thousands, ".": decimal})
        return f"{number:,f}".translate(swap) if isinstance(number, Decimal) else f"{number:,}".translate(swap)

    @settings(max_examples=2)
    @given(st.lists(decimals, min_size=20, max_size=40), st.lists(integers, min_size=20, max_size=40))
    def every(fractions: list[Decimal], wholes: list[int]) -> None:
        form = {"decimal": decimal, "thousands": thousands}
        assert casts(database, fill_of(PropertyType.DECIMAL, **form), [said(item) for item in fractions]) == fractions
        assert casts(database, fill_of(PropertyType.INTEGER, **form), [said(item) for item in wholes]) == wholes

    every()


@pytest.mark.promise("M29")
def test_a_boolean_is_one_of_ten_words_in_any_case(database: Database) -> None:
    # given
    fill = fill_of(PropertyType.BOOLEAN)
    # when, then
    assert casts(database, fill, ["true", "YES", "y", "T", " 1 "]) == [True] * 5
    assert casts(database, fill, ["False", "no", "N", "f", "0"]) == [False] * 5
    assert casts(database, fill, ["", "ja", "2", "on", "truee", "1.0", "null", "-"]) == [None] * 8


@pytest.mark.promise("M08")
@pytest.mark.parametrize(
    ("separator", "text", "parts"),
    [
        (";", "red; green ;blue", ["red", "green", "blue"]),
        (";", "red;;red; ;green;red", ["red", "green"]),
        (";", " one ", ["one"]),
        (";", ";", None),
        (";", " ; ;", None),
        (";", "", None),
        ("", "a;b", ["a;b"]),
        ("", "  ", None),
        ("|", "a|b.c|a", ["a", "b.c"]),
        ("||", "a||b|c", ["a", "b|c"]),
        ("'", "a'b", ["a", "b"]),
    ],
)
def test_a_list_holds_each_part_once_in_the_order_of_the_file(
    database: Database, separator: str, text: str, parts: list[str] | None
) -> None:
    # when
    fill = fill_of(PropertyType.LIST, multi_value=separator)
    with database.read() as cursor:
        given_ = cursor.execute(
            f"SELECT {values.is_given(fill)} FROM (SELECT ?::VARCHAR AS c0)",  # noqa: S608 - the SQL under test
            [text],
        ).fetchone()
    # then: separators alone are no value, and no reject
    assert cast(database, fill, text) == parts
    assert given_ == (parts is not None,)


@pytest.mark.promise("M22")
def test_lists_of_thousands_keep_each_value_once_too(database: Database) -> None:
    # given: as many as are sorted instead of compared with each other
    parts = [f"v{number * 7919 % 1_500}" for number in range(4_000)]
    # when, then
    assert cast(database, fill_of(PropertyType.LIST, multi_value=","), ",".join(parts)) == list(dict.fromkeys(parts))


@pytest.mark.promise("M29")
@pytest.mark.parametrize(
    ("kind", "holds", "text", "value"),
    [
        (PropertyType.INTEGER, PropertyType.DECIMAL, "1.234", Decimal(1234)),
        (PropertyType.INTEGER, PropertyType.TEXT, " 007 ", "7"),
        (PropertyType.INTEGER, PropertyType.TEXT, "x", None),
        (PropertyType.DECIMAL, PropertyType.TEXT, "1.200,50", "1200.5"),
        (PropertyType.DECIMAL, PropertyType.TEXT, "100", "100"),
        (PropertyType.DATE, PropertyType.TEXT, "2026-02-01", "2026-02-01"),
        (PropertyType.DATE_TIME, PropertyType.TEXT, "2026-02-01 10:00", "2026-02-01T10:00:00Z"),
        (PropertyType.BOOLEAN, PropertyType.TEXT, "YES", "true"),
        (PropertyType.LIST, PropertyType.TEXT, "a| b", "a|b"),
        (PropertyType.TEXT, PropertyType.LIST, " a|b ", ["a|b"]),
        (PropertyType.TEXT, PropertyType.LIST, " ", None),
    ],
)
def test_a_property_of_a_wider_type_takes_the_value_in_its_own_form(
    database: Database, kind: PropertyType, holds: PropertyType, text: str, value: object
) -> None:
    form = ValueFormat(decimal=",", thousands=".", multi_value="|")
    assert cast(database, fill_for(kind, "ISO 8601", values=form, holds=holds), text) == value


def test_values_of_two_columns_cannot_be_told_as_one(database: Database) -> None:
    # given: rows that look alike once their values are joined
    pairs = [("a", "b"), ("ab", ""), ("", "ab"), ("a\x1f", "b"), ("a", "\x1fb"), ("a\x1fb", "")]
    # when
    with database.read() as cursor:
        found = [
            cursor.execute(f"SELECT {values.row_hash((0, 1))} FROM (SELECT ? AS c0, ? AS c1)", list(pair)).fetchone()  # noqa: S608
            for pair in pairs
        ]
    # then
    assert len(set(found)) == len(pairs)
