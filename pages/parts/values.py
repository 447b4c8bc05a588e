"""Says the value of a profile's property the way every page does; pure."""

from datetime import date, datetime
from decimal import Decimal

from pages.parts import words


def said(value: str | int | Decimal | date | list[str] | None) -> str:
    """Return a value as people read it: decimals without padding, dates with the month's name, times in UTC."""
    if value is None:
        return words.UNKNOWN
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, Decimal):
        return f"{value.normalize():,f}"
    if isinstance(value, int):
        return f"{value:,}"
    if isinstance(value, datetime):
        return f"{value.day} {value:%b %Y %H:%M:%S} UTC"
    if isinstance(value, list):
        return ", ".join(value) or words.UNKNOWN
    if isinstance(value, date):
        return f"{value.day} {value:%b %Y}"
    return value
