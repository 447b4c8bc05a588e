"""Says how large an audience was at the end of each of some days, from the changes of its size; pure."""

from collections.abc import Sequence
from datetime import date, timedelta

from storage.records.audiences import MemberCount


def by_day(changes: Sequence[MemberCount], members: int, today: date, days: int) -> tuple[int, ...]:
    """Return the members at the end of each day (UTC), the oldest first and today last.

    Args:
        changes: Those since the first of the days, oldest first; days without one keep the size before.
        members: How many there are now.
        today: UTC.
        days: How many, today counted.
    """
    size = changes[0].members - changes[0].entered + changes[0].left if changes else members
    ends = {change.at.date(): change.members for change in changes}
    found = []
    for back in range(days - 1, -1, -1):
        size = ends.get(today - timedelta(days=back), size)
        found.append(size)
    return tuple(found)


def moved(changes: Sequence[MemberCount], today: date) -> tuple[int, int]:
    """Return how many entered and left today (UTC); whoever came and went counts in both."""
    mine = [change for change in changes if change.at.date() == today]
    return sum(change.entered for change in mine), sum(change.left for change in mine)
