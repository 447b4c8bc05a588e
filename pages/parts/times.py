"""Says times the way people do: today, yesterday, a day of this year, or a full date; pure."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

UNKNOWN = "–"  # noqa: RUF001 - the dash that stands for what is not known

_DAYS_BY_NAME = 6


def zone(name: str | None) -> ZoneInfo:
    """Return the browser's time zone, UTC where it names none that we know."""
    try:
        return ZoneInfo(name or "UTC")
    except (ZoneInfoNotFoundError, ValueError):
        return ZoneInfo("UTC")


def said(moment: datetime | None, now: datetime, where: ZoneInfo) -> str:
    """Return "today 09:12", "yesterday 21:30", "2 Oct" or "2 Oct 2025"; moment and now are UTC without zone."""
    if moment is None:
        return UNKNOWN
    there, today = _local(moment, where), _local(now, where)
    if there.date() == today.date():
        return f"today {there:%H:%M}"
    if there.date() == today.date() - timedelta(days=1):
        return f"yesterday {there:%H:%M}"
    return f"{there.day} {there:%b}" + ("" if there.year == today.year else f" {there.year}")


def ahead(moment: datetime, now: datetime, where: ZoneInfo) -> str:
    """Return when something will be: "today 13:30", "Sun 05:30" within six days, or "2 Oct 05:30"; UTC without zone."""
    there, today = _local(moment, where), _local(now, where)
    days = (there.date() - today.date()).days
    day = "today" if days == 0 else f"{there:%a}" if days <= _DAYS_BY_NAME else f"{there.day} {there:%b}"
    return f"{day} {there:%H:%M}"


def said_day(day: date, today: date) -> str:
    """Return "19 Nov", with the year where it is another than today's."""
    return f"{day.day} {day:%b}" + ("" if day.year == today.year else f" {day.year}")


def _local(moment: datetime, where: ZoneInfo) -> datetime:
    return moment.replace(tzinfo=UTC).astimezone(where)
