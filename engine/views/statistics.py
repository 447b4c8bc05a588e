"""What the page of partner statistics shows: messages by day and category, totals, and errors by code."""

from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from engine.base import clock, errors
from engine.flows.desk import Desk
from engine.partners import catalog, meanings
from engine.partners.manifest import Manifest
from engine.security import audit, roles
from engine.security.audit import What
from engine.security.roles import Right
from engine.statistics import counting
from engine.statistics.counting import PARTNERS_OWN, PERIODS_DAYS, Bar, CodeLine, Totals
from storage.database import Cursor
from storage.records.deliveries import DayCount, DeliveryCategory
from storage.records.partners import Configuration
from storage.records.people import Caller
from storage.tables import batches, configurations, deliveries, failure_groups

__all__ = [
    "PERIODS_DAYS",
    "Bar",
    "Choice",
    "CodeRow",
    "CountRow",
    "StatisticsPage",
    "Totals",
    "has_connectors",
    "moment",
    "page",
]


@dataclass(frozen=True)
class Choice:
    """A configuration that can be looked at; deleted ones stay while they have a history."""

    configuration_id: str
    name: str
    is_deleted: bool


@dataclass(frozen=True)
class CodeRow:
    """Errors of one partner, category and code. reference: the partner's own list of its codes, "" for none.

    by_day: one number for each day of the page. last_at is UTC.
    """

    partner: str
    category: DeliveryCategory
    code: str
    meaning: str
    reference: str
    count: int
    recovered: int
    by_day: tuple[int, ...]
    last_at: datetime


@dataclass(frozen=True)
class CountRow:
    """One line of the numbers behind the charts, the configuration by its name."""

    day: date
    configuration: str
    category: DeliveryCategory
    code: str
    count: int
    recovered: int


@dataclass(frozen=True)
class StatisticsPage:
    """The page. days are UTC, each once, today the last; now is UTC.

    bars and error_rates: one for each day. before: the totals of as many days just before. waiting: messages without
    a final answer now, held ones included; going: those of them that are not held. p95_ms: within it 95 of 100 calls
    of the period were answered, None without any. last_day: the last day with any message, also before the period.
    may_open: the caller may see who failed.
    """

    choices: tuple[Choice, ...]
    configuration_id: str | None
    days: tuple[date, ...]
    bars: dict[DeliveryCategory, tuple[Bar, ...]]
    error_rates: tuple[float, ...]
    totals: Totals
    before: Totals
    waiting: int
    going: int
    p95_ms: int | None
    codes: tuple[CodeRow, ...]
    rows: tuple[CountRow, ...]
    last_day: date | None
    may_open: bool
    now: datetime

    @property
    def moment(self) -> tuple[int, int]:
        """What the function of this name returned when the page was made."""
        return self.going, sum(bars[-1].count for bars in self.bars.values())


def page(desk: Desk, caller: Caller, configuration_id: str | None = None, days: int = 30) -> StatisticsPage:
    """Return the statistics of one configuration, or of all; an unknown one is all.

    Raises:
        NotAllowed: The caller's role does not see statistics.
        BadInput: No such period.
    """
    audit.allow(desk.database, caller, Right.SEE_STATISTICS, What("statistics", configuration_id or ""))
    if days not in PERIODS_DAYS:
        raise errors.BadInput(f"There is no period of {days} days; choose 7, 30 or 90.", "days")
    now = clock.now()
    period = counting.days_until(now.date(), days)
    with desk.database.read() as cursor:
        known = {item.configuration_id: item for item in configurations.listed(cursor, with_deleted=True)}
        only = configuration_id if configuration_id in known else None
        lines = deliveries.day_counts(cursor, period[0] - timedelta(days=days), period[-1], only)
        shown = [line for line in lines if line.day >= period[0]]
        times = deliveries.answer_times_ms(cursor, datetime.combine(period[0], time.min), only)
        waiting = batches.waiting_by_configuration(cursor)
        bars = counting.by_day(shown, period)
        return StatisticsPage(
            choices=_choices(cursor, known),
            configuration_id=only,
            days=period,
            bars=bars,
            error_rates=counting.error_rates(bars),
            totals=counting.totals(shown),
            before=counting.totals(line for line in lines if line.day < period[0]),
            waiting=waiting.get(only, 0) if only else sum(waiting.values()),
            going=failure_groups.going(cursor, only),
            p95_ms=times[1] if times else None,
            codes=_codes(cursor, shown, period, known, only),
            rows=tuple(_row(line, known) for line in shown),
            last_day=deliveries.last_day(cursor, only),
            may_open=roles.may(caller.role, Right.SEE_FAILURES),
            now=now,
        )


def moment(desk: Desk, caller: Caller, configuration_id: str | None = None) -> tuple[int, int]:
    """Return how many messages are on their way now, and how many got their answer today, of one configuration or all.

    Raises:
        NotAllowed: The caller's role does not see statistics.
    """
    audit.allow(desk.database, caller, Right.SEE_STATISTICS, What("statistics", configuration_id or ""))
    today = clock.now().date()
    with desk.database.read() as cursor:
        answered = sum(line.count for line in deliveries.day_counts(cursor, today, today, configuration_id))
        return failure_groups.going(cursor, configuration_id), answered


def has_connectors(desk: Desk, caller: Caller) -> bool:
    """Say whether there is a connector, also a deleted one, so that the page can have something on it.

    Raises:
        NotAllowed: The caller's role does not see statistics.
    """
    audit.allow(desk.database, caller, Right.SEE_STATISTICS, What("statistics"))
    with desk.database.read() as cursor:
        return bool(configurations.listed(cursor, with_deleted=True))


def _choices(cursor: Cursor, known: dict[str, Configuration]) -> tuple[Choice, ...]:
    told = failure_groups.with_failures(cursor)
    return tuple(
        Choice(item.configuration_id, item.name, item.deleted_at is not None)
        for item in known.values()
        if item.deleted_at is None or item.configuration_id in told
    )


def _row(line: DayCount, known: dict[str, Configuration]) -> CountRow:
    configuration = known.get(line.configuration_id)
    name = configuration.name if configuration else line.configuration_id
    return CountRow(line.day, name, line.category, line.code, line.count, line.recovered)


def _codes(
    cursor: Cursor, lines: list[DayCount], days: tuple[date, ...], known: dict[str, Configuration], only: str | None
) -> tuple[CodeRow, ...]:
    partners = {configuration_id: item.partner for configuration_id, item in known.items()}
    last: dict[tuple[str, DeliveryCategory, str], datetime] = {}
    for (configuration_id, category, code), at in failure_groups.last_failed(cursor, days[0], days[-1], only).items():
        key = (partners.get(configuration_id, ""), category, code)
        last[key] = max(at, last.get(key, at))
    manifests = catalog.catalog()
    return tuple(
        _code(line, manifests.get(line.partner), last.get((line.partner, line.category, line.code)))
        for line in counting.by_code(lines, days, partners)
    )


def _code(line: CodeLine, manifest: Manifest | None, last_at: datetime | None) -> CodeRow:
    return CodeRow(
        partner=manifest.short_name if manifest else line.partner,
        category=line.category,
        code=line.code,
        meaning=meanings.meaning(manifest, line.category, line.code) if manifest else "",
        reference=manifest.error_reference if manifest and line.category in PARTNERS_OWN else "",
        count=line.count,
        recovered=line.recovered,
        by_day=line.by_day,
        last_at=last_at or datetime.combine(line.last_day, time.min),
    )
