"""When a connection is due next: pure rules of the schedule kinds ("every X minutes" so far)."""

from datetime import datetime, timedelta


def next_due(due: datetime, every_minutes: int, now: datetime) -> datetime:
    """Return the next due time after now, on the same beat.

    What was missed while nothing ran is made up for once, not once for each time (requirement Y11).

    Args:
        due: The time that has come (UTC).
        every_minutes: The beat.
        now: UTC.
    """
    step = timedelta(minutes=every_minutes)
    missed = max(0, (now - due) // step)
    return due + (missed + 1) * step
