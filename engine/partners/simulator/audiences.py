"""What a simulated partner remembers: who is in its audiences, and what has arrived since when."""

from collections import Counter, deque
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from engine.base import clock
from engine.partners.simulator.faults import OPERATIONS

_LOGGED_REQUESTS = 50


@dataclass(frozen=True)
class Logged:
    """One call that arrived; at is UTC. profiles: how many it named; fault: what was done wrong to it."""

    at: datetime
    method: str
    path: str
    operation: str
    audience: str
    profiles: int
    status: int
    fault: str | None

    def shown(self) -> dict[str, Any]:
        """Return the call for JSON."""
        return {**self.__dict__, "at": self.at.isoformat()}


@dataclass
class Arrivals:
    """Counts of what arrived. by_operation: in calls that were applied, how often each identifier came."""

    since: datetime
    count: int = 0
    by_operation: dict[str, Counter[str]] = field(default_factory=lambda: {name: Counter() for name in OPERATIONS})
    last: deque[Logged] = field(default_factory=lambda: deque(maxlen=_LOGGED_REQUESTS))

    def shown(self) -> dict[str, Any]:
        """Return the counts for JSON; repeats: by operation, identifiers that came more than once, times too often."""
        return {
            "since": self.since.isoformat(),
            "count": self.count,
            "profiles": {name: counter.total() for name, counter in self.by_operation.items()},
            "repeats": {
                name: {identifier: times - 1 for identifier, times in counter.items() if times > 1}
                for name, counter in self.by_operation.items()
            },
            "last": [logged.shown() for logged in self.last],
        }


class Memory:
    """One partner's audiences and arrivals; an audience is there as soon as someone was added or removed."""

    def __init__(self) -> None:
        """Remember nothing yet."""
        self._audiences: dict[str, dict[str, None]] = {}
        self.arrivals = Arrivals(clock.now())

    def apply(self, operation: str, audience: str, identifiers: Sequence[str]) -> None:
        """Add or remove people; who is there already, or not there, changes nothing."""
        people = self._audiences.setdefault(audience, {})
        if operation == "add":
            people.update(dict.fromkeys(identifiers))
        else:
            for identifier in identifiers:
                people.pop(identifier, None)
        self.arrivals.by_operation[operation].update(identifiers)

    def note(self, logged: Logged) -> None:
        """Count a call that arrived, applied or not."""
        self.arrivals.count += 1
        self.arrivals.last.append(logged)

    def forget_arrivals(self) -> None:
        """Begin counting anew."""
        self.arrivals = Arrivals(clock.now())

    def shown(self) -> dict[str, list[str]]:
        """Return who is in each audience, in order of arrival."""
        return {name: list(people) for name, people in self._audiences.items()}
