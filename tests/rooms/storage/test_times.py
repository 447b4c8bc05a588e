"""How texts become dates and date-times in SQL: exactly, in UTC, or not at all (faults rows 87 and 88)."""

import zoneinfo
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest

from storage.database import Database
from storage.records.goals import PropertyType, ValueFormat
from storage.tables import times
from tests.rooms.storage.casting import cast, casts, fill_for

DATE, DATE_TIME = PropertyType.DATE, PropertyType.DATE_TIME
PLAIN = "%Y-%m-%d %H:%M:%S"
AMSTERDAM = ValueFormat(time_zone="Europe/Amsterdam")


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (
            "%Y%m%d",
            {
                "19970131": date(1997, 1, 31),
                " 19970131 ": date(1997, 1, 31),
                "19970231": None,
                "1997121": None,
                "19970101x": None,
                "20000229": date(2000, 2, 29),
                "19000229": None,
                "00000000": None,
            },
        ),
        (
            "%d-%m-%Y",
            {"1-2-2026": date(2026, 2, 1), "01-02-2026": date(2026, 2, 1), "31-04-2026": None, "01/02/2026": None},
        ),
        ("%d/%m/%Y", {"01/02/2026": date(2026, 2, 1)}),
        ("%m/%d/%Y", {"01/02/2026": date(2026, 1, 2), "13/02/2026": None}),
        ("%d %B %Y", {"1 FEBRUARY 2026": date(2026, 2, 1)}),
        ("%Y-%m-%d %H:%M:%S", {"2026-02-01 10:20:30": date(2026, 2, 1), "2026-02-01": None}),
        ("ISO 8601", {"2026-02-01": date(2026, 2, 1), "20260201": None}),
        ("ISO", {"2026-02-30": None}),
        ("%Y-%m-%dT%H:%M:%S.%f%z", {"2026-02-01T23:30:00.5-08:00": date(2026, 2, 1)}),
    ],
)
@pytest.mark.fault(87)
def test_a_date_is_what_its_format_says_or_refused(
    database: Database, pattern: str, expected: dict[str, date | None]
) -> None:
    made = casts(database, fill_for(DATE, pattern), list(expected))
    assert dict(zip(expected, made, strict=True)) == expected


def moment(*parts: int) -> datetime:
    """Return a time in UTC as it is stored."""
    return datetime(*parts)  # type: ignore[arg-type]


@pytest.mark.promise("M09")
@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        (
            PLAIN,
            {
                "2026-01-02 03:04:05": moment(2026, 1, 2, 3, 4, 5),
                " 2026-01-02 03:04:05 ": moment(2026, 1, 2, 3, 4, 5),
                "2026-01-02 03:04": None,
                "2026-01-02 24:00:00": None,
                "2026-01-02 23:59:60": None,
                "2026-02-30 03:04:05": None,
            },
        ),
        ("%Y%m%d%H%M%S", {"20260102030405": moment(2026, 1, 2, 3, 4, 5), "2026010203045": None}),
        (
            "%d-%m-%Y %I:%M %p",
            {
                "2-1-2026 3:04 PM": moment(2026, 1, 2, 15, 4),
                "2-1-2026 12:04 am": moment(2026, 1, 2, 0, 4),
                "2-1-2026 13:04 PM": None,
            },
        ),
        (
            f"{PLAIN}.%f",
            {
                "2026-01-02 03:04:05.5": moment(2026, 1, 2, 3, 4, 5, 500_000),
                "2026-01-02 03:04:05.123456789": moment(2026, 1, 2, 3, 4, 5, 123_456),
                "2026-01-02 03:04:05": None,
                "2026-01-02 03:04:05.": None,
            },
        ),
        ("100%% %Y-%m-%d %H", {"100% 2026-01-02 03": moment(2026, 1, 2, 3)}),
        (
            f"{PLAIN}%z",
            {
                "2026-01-02 03:04:05+02:00": moment(2026, 1, 2, 1, 4, 5),
                "2026-01-02 03:04:05Z": moment(2026, 1, 2, 3, 4, 5),
                "2026-01-02 03:04:05": None,
                "2026-01-02 03:04:05+25:00": None,
                "2026-01-02 03:04:05+2": None,
            },
        ),
        (f"{PLAIN} %z", {"2026-01-02 03:04:05 -0030": moment(2026, 1, 2, 3, 34, 5)}),
        ("[%d/%b/%Y:%H:%M:%S %z]", {"[2/Jan/2026:03:04:05 -0700]": moment(2026, 1, 2, 10, 4, 5)}),
        ("%a %b %d %H:%M:%S %z %Y", {"Fri Jan 02 03:04:05 +0000 2026": moment(2026, 1, 2, 3, 4, 5)}),
        (
            "ISO 8601",
            {
                "2026-01-02T03:04:05Z": moment(2026, 1, 2, 3, 4, 5),
                "2026-01-02 03:04": moment(2026, 1, 2, 3, 4),
                "2026-01-02T03:04:05.25+05:30": moment(2026, 1, 1, 21, 34, 5, 250_000),
                "2026-01-02T03:04:05-08": moment(2026, 1, 2, 11, 4, 5),
                "2026-01-02": None,
                "2026-1-2T03:04": None,
                "2026-01-02T24:00": None,
                "02/01/2026 03:04": None,
            },
        ),
    ],
)
def test_a_date_time_is_what_its_format_says_in_utc_or_refused(
    database: Database, pattern: str, expected: dict[str, datetime | None]
) -> None:
    made = casts(database, fill_for(DATE_TIME, pattern), list(expected))
    assert dict(zip(expected, made, strict=True)) == expected


@pytest.mark.promise("M10")
@pytest.mark.fault(88)
@pytest.mark.parametrize("pattern", [PLAIN, "ISO 8601"])
def test_a_time_that_clocks_skip_is_refused_and_of_two_the_first_is_taken(database: Database, pattern: str) -> None:
    # given: Amsterdam skips 02:00 to 03:00 in March and has them twice in October
    expected = {
        "2026-03-29 01:59:59": moment(2026, 3, 29, 0, 59, 59),
        "2026-03-29 02:00:00": None,
        "2026-03-29 02:59:59": None,
        "2026-03-29 03:00:00": moment(2026, 3, 29, 1),
        "2026-10-25 01:59:59": moment(2026, 10, 24, 23, 59, 59),
        "2026-10-25 02:00:00": moment(2026, 10, 25, 0),
        "2026-10-25 02:59:59": moment(2026, 10, 25, 0, 59, 59),
        "2026-10-25 03:00:00": moment(2026, 10, 25, 2),
        "2026-10-26 02:30:00": moment(2026, 10, 26, 1, 30),
        "2026-03-32 02:30:00": None,
    }
    # when
    made = casts(database, fill_for(DATE_TIME, pattern, values=AMSTERDAM), list(expected))
    with database.read() as cursor:
        skipped = cursor.execute(
            f"SELECT c0 FROM (SELECT unnest(?::VARCHAR[]) AS c0) "  # noqa: S608 - the SQL under test
            f"WHERE {times.is_skipped('c0', pattern, AMSTERDAM.time_zone)} ORDER BY 1",
            [list(expected)],
        ).fetchall()
    # then: a day that does not exist is no time that clocks skip
    assert dict(zip(expected, made, strict=True)) == expected
    assert skipped == [("2026-03-29 02:00:00",), ("2026-03-29 02:59:59",)]


@pytest.mark.fault(88)
def test_an_offset_in_the_text_counts_more_than_the_zone(database: Database) -> None:
    # given: both of the two times of one clock, and one that no clock of the zone shows
    texts = ["2026-10-25T02:30:00+02:00", "2026-10-25T02:30:00+01:00", "2026-03-29T02:30:00+01:00"]
    expected = [moment(2026, 10, 25, 0, 30), moment(2026, 10, 25, 1, 30), moment(2026, 3, 29, 1, 30)]
    # when, then
    for pattern in ("%Y-%m-%dT%H:%M:%S%z", "ISO 8601"):
        assert casts(database, fill_for(DATE_TIME, pattern, values=AMSTERDAM), texts) == expected


def in_utc(local: datetime, zone: zoneinfo.ZoneInfo) -> datetime | None:
    """Return a local time in UTC by the standard library: the first of two, None where clocks skip it."""
    told = local.replace(tzinfo=zone, fold=0).astimezone(UTC)
    return told.replace(tzinfo=None) if told.astimezone(zone).replace(tzinfo=None) == local else None


@pytest.mark.promise("M10")
@pytest.mark.fault(88)
@pytest.mark.parametrize(
    "name",
    [
        "Europe/Amsterdam",
        "America/New_York",
        "America/Sao_Paulo",  # skips midnight
        "Australia/Lord_Howe",  # by half an hour
        "Antarctica/Troll",  # by two hours
        "Pacific/Apia",  # left out a whole day
        "Asia/Kathmandu",
        "Etc/GMT-14",
    ],
)
def test_every_change_of_the_clocks_is_told_as_the_standard_library_does(database: Database, name: str) -> None:
    # given: each quarter of an hour around every change of some years
    zone = zoneinfo.ZoneInfo(name)
    days = [datetime(2008, 1, 1) + timedelta(days=day) for day in range(365 * 8)]
    changes = [
        day
        for day in days
        if day.replace(tzinfo=zone).utcoffset() != (day + timedelta(1)).replace(tzinfo=zone).utcoffset()
    ]
    locals_ = [day + timedelta(minutes=15 * step) for day in changes or days[:1] for step in range(-8, 4 * 24 + 8)]
    # when
    made = casts(
        database, fill_for(DATE_TIME, PLAIN, values=ValueFormat(time_zone=name)), [f"{time}" for time in locals_]
    )
    # then
    assert made == [in_utc(time, zone) for time in locals_]
    assert (None in made) == bool(changes)


@pytest.mark.promise("M29")
@pytest.mark.parametrize(
    ("zone", "day", "start"),
    [
        ("UTC", "2026-03-29", moment(2026, 3, 29)),
        ("Europe/Amsterdam", "2026-03-29", moment(2026, 3, 28, 23)),
        ("America/Sao_Paulo", "2018-11-04", moment(2018, 11, 4, 3)),
        ("Europe/Amsterdam", "2026-02-29", None),
    ],
)
def test_a_date_becomes_the_first_moment_of_its_day(
    database: Database, zone: str, day: str, start: datetime | None
) -> None:
    # given: a file of dates fills a property of date-times; clocks in Sao Paulo skipped a midnight
    fill = fill_for(DATE, "%Y-%m-%d", values=ValueFormat(time_zone=zone), holds=DATE_TIME)
    # when, then
    assert cast(database, fill, day) == start


def test_every_zone_of_this_machine_is_known_to_the_database(database: Database) -> None:
    # given: names that the goal's check lets pass
    names = sorted(zoneinfo.available_timezones() - {"localtime", "Factory"})
    # when
    with database.read() as cursor:
        known: set[Any] = {name for (name,) in cursor.execute("SELECT name FROM pg_timezone_names()").fetchall()}
    # then
    assert [name for name in names if name not in known] == []
