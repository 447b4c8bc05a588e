"""Formats of dates and date-times that files usually have: tried on a sample, offered, never chosen (faults row 87)."""

from storage.records.goals import PropertyType

_DATES = (
    "%Y-%m-%d",
    "%Y%m%d",
    "%d-%m-%Y",
    "%m-%d-%Y",
    "%d/%m/%Y",
    "%m/%d/%Y",
    "%d.%m.%Y",
    "%Y/%m/%d",
    "%Y.%m.%d",
    "%d-%m-%y",
    "%m-%d-%y",
    "%m/%d/%y",
    "%d/%m/%y",
    "%d.%m.%y",
    "%d %b %Y",
    "%d %B %Y",
    "%b %d, %Y",
    "%d-%b-%Y",
)
_TIMES = ("%H:%M:%S", "%H:%M", "%H:%M:%S.%f", "%I:%M %p", "%I:%M:%S %p")
_DATED_FIRST = 8
"""Dates that are written with a time of day; the others are not."""
USUAL: dict[PropertyType, tuple[str, ...]] = {
    PropertyType.DATE: _DATES,
    PropertyType.DATE_TIME: (
        "ISO 8601",
        *(f"{day} {time}" for time in _TIMES for day in _DATES[:_DATED_FIRST]),
        "%Y%m%d%H%M%S",
        "%Y%m%d %H%M%S",
    ),
}
"""By type, those that are seen most often first."""
SUGGESTED_MAX = 4
"""Formats that are offered; more fit only where the sample says nothing."""
