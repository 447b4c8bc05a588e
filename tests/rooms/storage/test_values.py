"""How texts become values in SQL: exactly, or not at all (faults rows 85 to 87)."""

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from storage.database import Database, open_database
from storage.records.goals import PropertyType, Strategy
from storage.records.merges import Fill
from storage.tables import previews, values


@pytest.fixture(scope="module")
def database(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Database]:
    folder = tmp_path_factory.mktemp("values")
    opened = open_database(Path(folder) / "values.duckdb", (folder,))
    yield opened
    opened.close()


def fill_of(kind: PropertyType, pattern: str | None = None) -> Fill:
    """Return a mapping of the first column."""
    return Fill(0, "field", "property", kind, Strategy.SET, pattern, fresh_rows_only=False)


def cast(database: Database, fill: Fill, text: str) -> Any:
    """Return what the import makes of a text; None where it does not fit."""
    with database.read() as cursor:
        row = cursor.execute(f"SELECT {values.cast(fill)} FROM (SELECT ?::VARCHAR AS c0)", [text]).fetchone()  # noqa: S608
        assert row is not None
        assert previews.fits(cursor, fill, [text]) == [row[0] is not None], "preview and import disagree"
    return row[0]


@pytest.mark.fault(85)
@pytest.mark.parametrize(
    "text",
    [
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
    ],
)
def test_text_is_kept_to_the_letter(database: Database, text: str) -> None:
    assert cast(database, fill_of(PropertyType.TEXT), text) == text


def test_an_empty_text_is_no_value(database: Database) -> None:
    assert cast(database, fill_of(PropertyType.TEXT), "") is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("12", 12),
        (" 12 ", 12),
        ("-7", -7),
        ("+7", 7),
        ("007", 7),
        ("9223372036854775807", 2**63 - 1),
        ("9223372036854775808", None),
        ("12345678901234567890", None),
        ("1.5", None),
        ("1.0", None),
        ("2.", None),
        ("1e5", None),
        ("0x10", None),
        ("0b1", None),
        ("1_000", None),
        ("1,000", None),
        ("1 000", None),
        ("nan", None),
        ("true", None),
        ("--1", None),
        ("-", None),
        ("\u0661\u0662", None),
        ("12\n", None),
    ],
)
@pytest.mark.fault(86)
def test_an_integer_is_digits_alone(database: Database, text: str, value: int | None) -> None:
    assert cast(database, fill_of(PropertyType.INTEGER), text) == value


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("2.50", Decimal("2.50")),
        ("  -0.1 ", Decimal("-0.1")),
        (".5", Decimal("0.5")),
        ("5.", Decimal(5)),
        ("+1", Decimal(1)),
        ("0.1234567891", Decimal("0.1234567891")),
        ("0.12345678912", None),
        ("1234567890123456789012345678.0123456789", Decimal("1234567890123456789012345678.0123456789")),
        ("12345678901234567890123456789", None),
        ("1e400", None),
        ("1e5", None),
        ("1,5", None),
        ("1.234,50", None),
        ("1,234.50", None),
        ("1'234.50", None),
        ("5-", None),
        ("(5)", None),
        ("nan", None),
        ("Infinity", None),
        ("0x10", None),
        ("1_000", None),
        (".", None),
        ("1.2.3", None),
    ],
)
@pytest.mark.fault(86)
def test_a_decimal_is_exact_or_refused_never_rounded(database: Database, text: str, value: Decimal | None) -> None:
    assert cast(database, fill_of(PropertyType.DECIMAL), text) == value


@pytest.mark.parametrize(
    ("text", "pattern", "value"),
    [
        ("19970131", "%Y%m%d", date(1997, 1, 31)),
        (" 19970131 ", "%Y%m%d", date(1997, 1, 31)),
        ("19970231", "%Y%m%d", None),
        ("1997121", "%Y%m%d", None),
        ("19970101x", "%Y%m%d", None),
        ("20000229", "%Y%m%d", date(2000, 2, 29)),
        ("19000229", "%Y%m%d", None),
        ("00000000", "%Y%m%d", None),
        ("1-2-2026", "%d-%m-%Y", date(2026, 2, 1)),
        ("01-02-2026", "%d-%m-%Y", date(2026, 2, 1)),
        ("31-04-2026", "%d-%m-%Y", None),
        ("01/02/2026", "%d-%m-%Y", None),
        ("01/02/2026", "%d/%m/%Y", date(2026, 2, 1)),
        ("01/02/2026", "%m/%d/%Y", date(2026, 1, 2)),
        ("13/02/2026", "%m/%d/%Y", None),
        ("1 FEBRUARY 2026", "%d %B %Y", date(2026, 2, 1)),
        ("2026-02-01 10:20:30", "%Y-%m-%d %H:%M:%S", date(2026, 2, 1)),
        ("2026-02-01", "%Y-%m-%d %H:%M:%S", None),
    ],
)
@pytest.mark.fault(87)
def test_a_date_is_what_its_format_says_or_refused(
    database: Database, text: str, pattern: str, value: date | None
) -> None:
    assert cast(database, fill_of(PropertyType.DATE, pattern), text) == value


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
