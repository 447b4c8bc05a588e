"""Makes the demo's past: deliveries over the last 90 days of a faked clock, by the real import and real calls.

Nothing is written into tables by hand: every count, reject and error comes of a file that was fetched and of a call
that the simulated partner answered, or did not.
"""

import random
from collections.abc import Callable, Collection, Iterator
from datetime import date, datetime, timedelta
from typing import Any

from engine.actions import configurations, connections, replays, runs
from engine.actions.configurations import Wanted
from engine.actions.desk import connection_named
from engine.base import clock, limits
from engine.demo import world
from engine.demo.clock import FakedClock
from engine.demo.shop import Shop
from engine.demo.world import MAIN, SECOND, SharedFolder
from engine.flows.desk import Desk
from engine.partners.simulator import Simulator
from engine.scheduling import dispatch, tick
from engine.scheduling.jobs import Worker
from storage.records.deliveries import DeliveryCategory
from storage.records.people import Caller, Role
from storage.tables import batches, deliveries
from storage.tables import configurations as configurations_table

DAYS = 90
OPENING_DAYS_AGO = 95
REFUSED = 37
"""So many are refused on one day, for people to find and send again."""
_OPENING_CUSTOMERS = 2_400
_DAILY_FROM_DAYS_AGO = 7
_MAKING_S = 60.0
"""On a busy machine ordinary days of the past are left out, so that people wait about as long as on any other."""
# Days ago on which something is special: of a delivery, or of what people do about an earlier one.
LATE_DAYS_AGO, RESENT_DAYS_AGO = 62, 61
EXPIRED_DAYS_AGO, MENDED_DAYS_AGO = 47, 43
DOWN_DAYS_AGO = 35
PARTIAL_DAYS_AGO = 26
BROKEN_FILE_DAYS_AGO = 17
REFUSED_DAYS_AGO = 5
_GONE = "Unsupported post request. Object with this ID does not exist."


class History:
    """The 90 days; `make` goes through them."""

    def __init__(self, desk: Desk, people: dict[Role, Caller], folder: SharedFolder, simulator: Simulator) -> None:
        """Begin with nothing; the clock is the machine's until `make`."""
        self._desk = desk
        self._people = people
        self._folder = folder
        self._simulator = simulator
        self._worker = Worker(desk)
        self._chance = random.Random(4711)  # noqa: S311 - made-up data wants a repeatable generator

    def make(
        self,
        shop: Shop,
        now: FakedClock,
        today: date,
        tell: Callable[[int, int], None],
        days_ago: Collection[int] | None = None,
    ) -> None:
        """Go through the days up to yesterday.

        Args:
            shop: Whose files are handed over.
            now: The process's clock, set ahead delivery by delivery.
            today: UTC.
            tell: Called with how many of the days are behind us, and how many there are.
            days_ago: Only these days; None for all. The first is always OPENING_DAYS_AGO.
        """
        self._now = now
        days = sorted(days_ago or {*_delivery_days_ago(), *_PEOPLE}, reverse=True)
        began_s = clock.monotonic_s()
        for number, ago in enumerate(days, 1):
            is_late = clock.monotonic_s() - began_s > _MAKING_S * number / len(days)
            if is_late and days_ago is None and _is_ordinary(ago):
                continue
            day = today - timedelta(days=ago)
            now.go_to(datetime.combine(day, datetime.min.time()) + timedelta(minutes=self._chance.randint(330, 960)))
            if ago in _PEOPLE:
                _PEOPLE[ago](self)
            else:
                self._simulator.set_faults(_FAULTS.get(ago, []))
                if ago == BROKEN_FILE_DAYS_AGO:
                    self._deliver_broken(shop, day)
                self._deliver(self._content(shop, day, ago))
                self._simulator.set_faults([])
            tell(number, len(days))
        self._hurry()

    def _content(self, shop: Shop, day: date, days_ago: int) -> bytes:
        if days_ago == OPENING_DAYS_AGO:
            return shop.opening(day, _OPENING_CUSTOMERS)
        chance = self._chance
        if days_ago == REFUSED_DAYS_AGO:
            return shop.delivery(day, REFUSED, 6, 70, are_loyal=True)
        if days_ago in (LATE_DAYS_AGO, EXPIRED_DAYS_AGO):
            return shop.delivery(day, chance.randint(20, 30), 0, 60)
        damaged = chance.choice((0, 0, 0, 1, 2, 4))
        return shop.delivery(day, chance.randint(9, 34), chance.randint(3, 19), chance.randint(50, 110), damaged)

    def _deliver(self, content: bytes) -> None:
        """Hand a file over, import it by the schedule, and send what follows, with as many tries as it takes."""
        self._folder.put(self._now.now(), content)
        if not tick.start_due(self._desk):
            # The beat of this day is spent: somebody presses Run now.
            runs.run_now(self._desk, self._people[Role.ANALYST], self._connection_id())
        self._send()

    def _deliver_broken(self, shop: Shop, day: date) -> None:
        """Hand over a file without its column of amounts; the run fails, and the shop takes the file away."""
        broken = shop.delivery(day, 0, 0, 0).replace(b"dollar_value", b"dollars")
        path = self._folder.put(self._now.now(), broken)
        tick.start_due(self._desk)
        self._work()
        path.unlink()
        self._now.go_to(self._now.now() + timedelta(hours=2))

    def _connection_id(self) -> str:
        with self._desk.database.read() as cursor:
            return connection_named(cursor, world.CONNECTION).connection_id

    def _send(self) -> None:
        for _ in range(len(limits.RETRY_WAITS_S) + 3):
            self._work()
            dispatch.send_due(self._desk)
            with self._desk.database.read() as cursor:
                again_at = batches.next_try(cursor)
            if again_at is None:
                return
            self._now.go_to(again_at)

    def _work(self) -> None:
        while self._worker.do_next() is not None:
            pass

    def replay(self, category: DeliveryCategory) -> None:
        """Have support send again what failed in this way."""
        with self._desk.database.read() as cursor:
            failed = deliveries.failures(cursor, category=category, only_open=True)
        replays.replay(self._desk, self._people[Role.SUPPORT], [failure.failure_id for failure in failed])
        self._send()

    def mend(self, name: str) -> None:
        """Have the analyst enter a new token and activate the account again."""
        wanted = Wanted(
            name, world.PARTNER, world.settings_of(self._simulator, name, timeout_s=world.HISTORY_TIMEOUT_S)
        )
        configuration_id = self._save(wanted)
        configurations.activate(self._desk, self._people[Role.ANALYST], configuration_id)
        self._send()

    def _hurry(self) -> None:
        """Look for files each minute from now on, and give the partner the usual time to answer."""
        connections.set_schedule(self._desk, self._people[Role.ADMIN], self._connection_id(), 1)
        for name in world.LISTS:
            settings = world.settings_of(self._simulator, name)
            del settings["access_token"]
            self._save(Wanted(name, world.PARTNER, settings))

    def _save(self, wanted: Wanted) -> str:
        with self._desk.database.read() as cursor:
            before = configurations_table.by_name(cursor, wanted.name)
        saved = configurations.save(
            self._desk, self._people[Role.ANALYST], before.configuration_id if before else None, wanted
        )
        return saved.configuration_id


def _is_ordinary(days_ago: int) -> bool:
    """Say whether a day could be missing without anybody missing it."""
    return _DAILY_FROM_DAYS_AGO < days_ago < OPENING_DAYS_AGO and days_ago not in {
        *_FAULTS,
        *_PEOPLE,
        BROKEN_FILE_DAYS_AGO,
    }


def _delivery_days_ago() -> Iterator[int]:
    yield OPENING_DAYS_AGO
    yield from range(DAYS - 1, _DAILY_FROM_DAYS_AGO, -3)
    yield from range(_DAILY_FROM_DAYS_AGO, 0, -1)


def _fault(name: str, kind: str, **options: Any) -> list[dict[str, Any]]:
    return [{"kind": kind, "audience": world.LISTS[name], **options}]


_FAULTS = {
    LATE_DAYS_AGO: _fault(MAIN, "slow", delay_s=0.8, operation="add"),
    EXPIRED_DAYS_AGO: _fault(MAIN, "error", code=190, subcode=463, status=401, message="Session has expired."),
    DOWN_DAYS_AGO: _fault(SECOND, "html"),
    PARTIAL_DAYS_AGO: _fault(MAIN, "partial", count=4, calls=1, operation="add"),
    REFUSED_DAYS_AGO: _fault(MAIN, "error", code=100, subcode=33, operation="add", message=_GONE),
}
_PEOPLE: dict[int, Callable[[History], None]] = {
    RESENT_DAYS_AGO: lambda history: history.replay(DeliveryCategory.TIMEOUT),
    MENDED_DAYS_AGO: lambda history: history.mend(MAIN),
}
