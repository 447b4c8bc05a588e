"""Counts of messages by day, category and code, with totals, rates and the change to before; pure.

Each message counts once, on the day (UTC) of its final answer (ruling 16): a day is a bucket of its own even where
nothing was sent, and what a replay delivered later stays an error of its old day, marked as recovered.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from storage.records.deliveries import ERRORS, DayCount, DeliveryCategory

PERIODS_DAYS = (7, 30, 90)
"""The periods that people choose from (requirement Q01)."""
COUNTED = (DeliveryCategory.SENT, DeliveryCategory.REMOVED, *ERRORS)
"""The categories that a day is made of; waiting messages have no day yet."""

PARTNERS_OWN = (DeliveryCategory.PARTNER_CODE, DeliveryCategory.INVALID_CREDENTIALS)
"""The categories whose codes are the partner's; others say what went wrong on the way ("HTTP 500")."""


@dataclass(frozen=True)
class Bar:
    """Messages of one category on one day; recovered: of these, those that a replay delivered later."""

    count: int = 0
    recovered: int = 0


@dataclass(frozen=True)
class Totals:
    """Messages of a period; recovered: of the errors, those that a replay delivered later."""

    sent: int = 0
    removed: int = 0
    errors: int = 0
    recovered: int = 0

    @property
    def messages(self) -> int:
        """All that got a final answer."""
        return self.sent + self.removed + self.errors

    @property
    def error_rate(self) -> float | None:
        """Errors of all messages, 0 to 1; None without any message."""
        return self.errors / self.messages if self.messages else None


@dataclass(frozen=True)
class CodeLine:
    """Errors of one partner, category and code over a period; by_day: as many as the period has days."""

    partner: str
    category: DeliveryCategory
    code: str
    count: int
    recovered: int
    by_day: tuple[int, ...]
    last_day: date


def days_until(last: date, number: int) -> tuple[date, ...]:
    """Return so many days, the last one at the end, each once."""
    return tuple(last - timedelta(days=back) for back in range(number - 1, -1, -1))


def by_day(lines: Iterable[DayCount], days: Sequence[date]) -> dict[DeliveryCategory, tuple[Bar, ...]]:
    """Return, by category, one bar for each of the days; those without a message are zero."""
    sums = {category: dict.fromkeys(days, (0, 0)) for category in COUNTED}
    for line in lines:
        bars = sums.get(line.category, {})
        if line.day in bars:
            count, recovered = bars[line.day]
            bars[line.day] = (count + line.count, recovered + line.recovered)
    return {category: tuple(Bar(*bars[day]) for day in days) for category, bars in sums.items()}


def totals(lines: Iterable[DayCount]) -> Totals:
    """Return the sums of a period's lines."""
    counts = dict.fromkeys(COUNTED, 0)
    recovered = 0
    for line in lines:
        if line.category in counts:
            counts[line.category] += line.count
        if line.category in ERRORS:
            recovered += line.recovered
    errors = sum(counts[category] for category in ERRORS)
    return Totals(counts[DeliveryCategory.SENT], counts[DeliveryCategory.REMOVED], errors, recovered)


def change(now: int, before: int) -> float | None:
    """Return by how much a number changed, 0.062 for 6.2 % more; None where there was nothing before."""
    return (now - before) / before if before else None


def error_rates(bars: Mapping[DeliveryCategory, Sequence[Bar]]) -> tuple[float, ...]:
    """Return the error rate of each day, 0 to 1; 0 on a day without messages."""
    rates = []
    for parts in zip(*(bars[category] for category in COUNTED), strict=True):
        counts = dict(zip(COUNTED, (part.count for part in parts), strict=True))
        messages = sum(counts.values())
        rates.append(sum(counts[category] for category in ERRORS) / messages if messages else 0.0)
    return tuple(rates)


def by_code(lines: Iterable[DayCount], days: Sequence[date], partners: Mapping[str, str]) -> list[CodeLine]:
    """Return the errors of a period by partner, category and code, most first.

    Args:
        lines: Of these days and maybe others, which do not count.
        days: The period.
        partners: The partner by configuration id; equal codes of two partners are two lines.
    """
    places = {day: place for place, day in enumerate(days)}
    counts: dict[tuple[str, DeliveryCategory, str], list[int]] = {}
    recovered: dict[tuple[str, DeliveryCategory, str], int] = {}
    for line in lines:
        if line.category not in ERRORS or line.day not in places:
            continue
        key = (partners.get(line.configuration_id, ""), line.category, line.code)
        counts.setdefault(key, [0] * len(days))[places[line.day]] += line.count
        recovered[key] = recovered.get(key, 0) + line.recovered
    found = [
        CodeLine(*key, sum(each), recovered[key], tuple(each), max(day for day in days if each[places[day]]))
        for key, each in counts.items()
        if any(each)
    ]
    return sorted(found, key=lambda line: (-line.count, ERRORS.index(line.category), line.code, line.partner))
