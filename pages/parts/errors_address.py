"""The address of the page of errors: what leads there writes it, and the page reads it; pure but for the reading.

Stable words only: configuration (an id), category, code ("-" for none), day (2026-11-19), days, show=all.
"""

from collections.abc import Mapping
from datetime import date

from engine.views.failures import PERIODS_DAYS, Asked
from storage.records.deliveries import ERRORS, DeliveryCategory

NO_CODE = "-"
USUAL_DAYS = PERIODS_DAYS[-1]
ALL, OPEN = "all", "open"


def query(
    configuration_id: str | None,
    category: DeliveryCategory,
    *,
    code: str | None = None,
    day: date | None = None,
    days: int = USUAL_DAYS,
) -> dict[str, str]:
    """Return what leads to the failures of a day, or to all of so many days, settled ones too."""
    asked = {
        "configuration": configuration_id or "",
        "category": category.value,
        "code": "" if code is None else code or NO_CODE,
        "day": day.isoformat() if day else "",
        "days": "" if day or days == USUAL_DAYS else str(days),
        "show": "" if day else ALL,
    }
    return {name: word for name, word in asked.items() if word}


def read(given: Mapping[str, str]) -> Asked:
    """Return what an address asks for; what it has that nobody wrote is left out."""
    category = next((item for item in ERRORS if item.value == given.get("category")), None)
    days = next((number for number in PERIODS_DAYS if str(number) == given.get("days")), USUAL_DAYS)
    code = given.get("code")
    return Asked(
        configuration_id=given.get("configuration") or None,
        category=category,
        code="" if code == NO_CODE else code or None,
        day=_day(given.get("day", "")),
        days=days,
        only_open=given.get("show") != ALL,
    )


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text)
    except ValueError:
        return None
