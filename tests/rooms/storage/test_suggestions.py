"""What is said about a value that does not fit: the reason and a hint, for every kind of value."""

import pytest

from storage.database import Database
from storage.records.goals import PropertyType, ValueFormat
from storage.records.merges import Fill
from storage.tables import suggestions
from tests.rooms.storage.casting import casts, fill_for

POINT, COMMA = ValueFormat(), ValueFormat(decimal=",", thousands=".")
AMSTERDAM = ValueFormat(time_zone="Europe/Amsterdam")
IN_GROUPS = "digits in groups? choose what groups them in the goal"


@pytest.mark.parametrize(
    ("fill", "reason", "hints"),
    [
        (
            fill_for(PropertyType.INTEGER),
            "not_an_integer",
            {
                "n/a": "leave it empty",
                "-": "leave it empty",
                "1.5": "has places; map it as decimal",
                "12.3456": "has places; map it as decimal",
                "1,000": IN_GROUPS,
                "1 000 000": IN_GROUPS,
                "9223372036854775808": "larger than an integer holds",
                "5-": "minus after the number; write it before",
                "(5)": "write a minus instead of brackets",
                "1O": "letter O for zero?",
                "12 %": "take the % out",
                "seven": "write digits only",
            },
        ),
        (
            fill_for(PropertyType.DECIMAL),
            "not_a_decimal",
            {
                "NULL": "leave it empty",
                "11,70": "decimal comma; write a point",
                "1.234,5": "decimal comma; write a point",
                "1,234.50": IN_GROUPS,
                "1'234": IN_GROUPS,
                "0.12345678901": "more than 10 places",
                "1" * 29: "larger than a decimal holds",
                "1e400": "write it without an exponent",
                "€ 12.50": "take the currency out",
                "12.50 EUR": "take the currency out",
                "-12.50$": "take the currency out",
                "12.5O": "letter O for zero?",
                "many": "write a number with a decimal point",
            },
        ),
        (
            fill_for(PropertyType.DECIMAL, values=COMMA),
            "not_a_decimal",
            {
                "1.23,5": "groups have three digits",
                "11.70": "decimal point; write a comma",
                "1.234,56-": "minus after the number; write it before",
                "1.000,12345678901": "more than 10 places",
                "x": "write a number with a decimal comma",
            },
        ),
        (
            fill_for(PropertyType.DATE, "%d-%m-%Y"),
            "impossible_date",
            {
                "00-00-0000": "empty date written as zeros",
                "12-31-2026": "day and month swapped?",
                "31-02-2026": "no such day in the calendar",
                "2026-02-01": "write it as %d-%m-%Y",
            },
        ),
        (fill_for(PropertyType.DATE, "ISO 8601"), "impossible_date", {"1-2-2026": "write it as 2026-11-21"}),
        (
            fill_for(PropertyType.DATE_TIME, "%d-%m-%Y %H:%M", values=AMSTERDAM),
            "not_a_date_time",
            {
                "12-31-2026 10:00": "day and month swapped?",
                "31-02-2026 10:00": "no such day or time of day",
                "01-02-2026 24:00": "no such day or time of day",
                "01-02-2026": "write it as %d-%m-%Y %H:%M",
            },
        ),
        (
            fill_for(PropertyType.DATE_TIME, "%d-%m-%Y %H:%M", values=AMSTERDAM),
            "no_such_time",
            {"29-03-2026 02:30": "clocks in Europe/Amsterdam skip this time"},
        ),
        (
            fill_for(PropertyType.DATE_TIME, "%d-%m-%Y %H:%M %z"),
            "not_a_date_time",
            {"01-02-2026 10:00": "its offset from UTC is missing"},
        ),
        (
            fill_for(PropertyType.DATE_TIME, "ISO 8601"),
            "not_a_date_time",
            {"2026-02-01": "write it as 2026-11-21T10:30:00"},
        ),
        (fill_for(PropertyType.BOOLEAN), "not_a_boolean", {"ja": "write true or false", "none": "leave it empty"}),
    ],
    ids=lambda given: f"{given.type.value} {given.format or given.values.decimal}" if isinstance(given, Fill) else "",
)
def test_a_value_that_does_not_fit_is_told_why_and_what_to_write(
    database: Database, fill: Fill, reason: str, hints: dict[str, str]
) -> None:
    # given
    assert casts(database, fill, list(hints)) == [None] * len(hints)
    # when
    with database.read() as cursor:
        said = cursor.execute(
            f"SELECT c0, {suggestions.reason(fill, 'c0')}, {suggestions.suggestion(fill, 'c0')} "  # noqa: S608
            "FROM (SELECT unnest(?::VARCHAR[]) AS c0)",
            [list(hints)],
        ).fetchall()
    # then
    assert {text: (why, hint) for text, why, hint in said} == {text: (reason, hint) for text, hint in hints.items()}
