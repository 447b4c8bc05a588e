"""The one source of time: UTC without zone for what is stored, and a monotonic count for waits."""

import time
from collections.abc import Callable
from datetime import UTC, datetime


def _machine_time() -> datetime:
    return datetime.now(UTC).replace(tzinfo=None)


_read: Callable[[], datetime] = _machine_time


def now() -> datetime:
    """Return the current time in UTC, without a zone, as the database stores it."""
    return _read()


def monotonic_s() -> float:
    """Return seconds on a clock that never jumps, for waits and durations."""
    return time.monotonic()


def set_source(read: Callable[[], datetime]) -> None:
    """Replace the clock; tests use it to stand still or jump."""
    global _read  # noqa: PLW0603 - the one place where time can be replaced
    _read = read


def use_machine_time() -> None:
    """Go back to the machine's clock."""
    set_source(_machine_time)
