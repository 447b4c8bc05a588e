"""The faked clock of the demo's history: it runs as clocks do, and can be set ahead."""

import threading
from datetime import datetime, timedelta
from typing import Self

from engine.base import clock


class FakedClock:
    """Runs from a time of its own; a context manager that lends itself to the whole process."""

    def __init__(self, start: datetime) -> None:
        """Begin at a time (UTC)."""
        self._guard = threading.Lock()
        self._start, self._since_s = start, clock.monotonic_s()

    def __enter__(self) -> Self:
        """Take the place of the machine's clock."""
        clock.set_source(self.now)
        return self

    def __exit__(self, *raised: object) -> None:
        """Give the machine's clock back."""
        clock.use_machine_time()

    def now(self) -> datetime:
        """Return the time (UTC)."""
        with self._guard:
            return self._start + timedelta(seconds=clock.monotonic_s() - self._since_s)

    def go_to(self, later: datetime) -> None:
        """Be at a later time (UTC); an earlier one changes nothing."""
        if later > self.now():
            with self._guard:
                self._start, self._since_s = later, clock.monotonic_s()
