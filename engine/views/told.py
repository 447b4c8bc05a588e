"""What the command line tells of audiences and of messages to partners: plain lists of numbers."""

from collections import Counter
from dataclasses import dataclass
from datetime import date, timedelta

from engine.base import clock, errors, limits
from engine.flows.desk import Desk
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.deliveries import DeliveryCategory
from storage.records.people import Caller
from storage.tables import audiences, batches, configurations, deliveries, members


@dataclass(frozen=True)
class MessageLine:
    """Messages of one day (UTC), configuration (by its name), category and code; count is above zero."""

    day: date
    configuration: str
    category: DeliveryCategory
    code: str
    count: int


def audience_sizes(desk: Desk, caller: Caller) -> list[tuple[str, int]]:
    """Return each audience's name and how many profiles are in it, by name."""
    audit.allow(desk.database, caller, Right.SEE_AUDIENCES, What("audience"))
    with desk.database.read() as cursor:
        return [(item.name, members.count(cursor, item.audience_id)) for item in audiences.listed(cursor)]


def messages(desk: Desk, caller: Caller, days: int) -> list[MessageLine]:
    """Return what became of messages in the last days, today included, oldest day first.

    What has no final answer yet is "waiting", today. A name that was used again after its configuration was
    deleted stands for both.

    Raises:
        BadInput: Out of bounds.
    """
    audit.allow(desk.database, caller, Right.SEE_STATISTICS, What("statistics"))
    if not 1 <= days <= limits.STATISTICS_DAYS_MAX:
        raise errors.BadInput(f"Ask for 1 to {limits.STATISTICS_DAYS_MAX} days; {days} is outside.", "days")
    today = clock.now().date()
    found: Counter[tuple[date, str, DeliveryCategory, str]] = Counter()
    with desk.database.read() as cursor:
        names = {item.configuration_id: item.name for item in configurations.listed(cursor, with_deleted=True)}
        for line in deliveries.day_counts(cursor, today - timedelta(days=days - 1), today):
            found[line.day, names[line.configuration_id], line.category, line.code] += line.count
        for configuration_id, count in batches.waiting_by_configuration(cursor).items():
            found[today, names[configuration_id], DeliveryCategory.WAITING, ""] += count
    return [MessageLine(*key, count) for key, count in sorted(found.items()) if count > 0]
