"""A home with profiles, audiences and accounts at a partner, all by the real ways, and a clock that tests move."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from engine.actions import audiences, configurations
from engine.base import clock
from engine.flows.desk import Desk
from engine.scheduling import dispatch
from engine.scheduling.jobs import Worker
from storage.records.deliveries import BatchState, DeliveryCategory, Failure
from storage.records.goals import Property, PropertyType
from storage.records.people import Caller, Role
from storage.tables import batches, deliveries, profiles
from tests.fakes.partner import PARTNER, given

CALLER = Caller("Ana Vos", Role.ADMIN)
START = datetime(2026, 11, 21, 12)
TURNS_MAX = 200


class Clock:
    """Stands still until it is moved."""

    def __init__(self) -> None:
        self.now = START

    def move(self, **step: float) -> None:
        """Go on, or back, by this much."""
        self.now += timedelta(**step)


@contextmanager
def standing_clock() -> Iterator[Clock]:
    """Let the product read a clock that stands still."""
    standing, before = Clock(), clock._read
    clock.set_source(lambda: standing.now)
    try:
        yield standing
    finally:
        clock.set_source(before)


@dataclass(frozen=True)
class Person:
    """One profile."""

    number: int
    spend: int
    email: str | None = None
    has_id: bool = True

    @property
    def customer_id(self) -> str | None:
        """What the partner is told, where that is the identifier."""
        return f"C{self.number:05d}" if self.has_id else None


class Sender:
    """One home and what is done in it; `at` is the base address of a partner."""

    def __init__(self, desk: Desk, at: str = "http://127.0.0.1:9/meta", time: Clock | None = None) -> None:
        self.desk = desk
        self.at = at
        self.time = time
        self.put_properties()

    def put_properties(self) -> None:
        """Let profiles hold what a person has; those that an import made stay as they are."""
        wanted = [
            Property("customer_id", PropertyType.TEXT, is_unique=True),
            Property("email", PropertyType.TEXT, is_unique=False),
            Property("spend", PropertyType.DECIMAL, is_unique=False),
        ]
        profiles.add_properties(self.desk.database, wanted, START)

    def put(self, *people: Person) -> None:
        """Write profiles, in place of those of the same number."""
        with self.desk.database.write("dat") as cursor:
            for person in people:
                cursor.execute("DELETE FROM dat.profile WHERE profile_id = ?", [person.number])
                cursor.execute(
                    "INSERT INTO dat.profile (profile_id, _rev, customer_id, email, spend) VALUES (?, 1, ?, ?, ?)",
                    [person.number, person.customer_id, person.email, person.spend],
                )

    def put_many(self, count: int, first: int = 1, spend: int = 900) -> None:
        """Write that many new profiles, all alike."""
        with self.desk.database.write("dat") as cursor:
            cursor.execute(
                "INSERT INTO dat.profile (profile_id, _rev, customer_id, spend) "
                "SELECT n, 1, 'C' || lpad(n::VARCHAR, 5, '0'), ? FROM range(?, ?) AS numbers(n)",
                [spend, first, first + count],
            )

    def configure(self, name: str = "Meta demo account", **settings: str) -> str:
        """Set up an account and return its id."""
        wanted = configurations.Wanted(name, PARTNER, given(**{"base_url": self.at, **settings}))
        return configurations.save(self.desk, CALLER, None, wanted).configuration_id

    def audience(self, rule: str = "spend >= 500", name: str = "Big spenders") -> str:
        """Make an audience and return its id."""
        return audiences.save(self.desk, CALLER, None, name, rule).audience_id

    def change_rule(self, audience_id: str, rule: str, name: str = "Big spenders") -> None:
        """Change who is in, and recompute."""
        audiences.save(self.desk, CALLER, audience_id, name, rule)
        self.work()

    def link(
        self, audience_id: str, configuration_id: str, by: str = "customer_id", *, sends_current: bool = True
    ) -> str:
        """Link, recompute, and return the activation's id."""
        made = audiences.link(self.desk, CALLER, audience_id, configuration_id, by, sends_current=sends_current)
        self.work()
        return made.activation_id

    def unlink(self, activation_id: str, *, sends_removes: bool) -> None:
        """Unlink, and recompute."""
        audiences.unlink(self.desk, CALLER, activation_id, sends_removes=sends_removes)
        self.work()

    def linked(self, **settings: str) -> tuple[str, str]:
        """Make an audience and an account that takes it; return both ids."""
        audience_id, configuration_id = self.audience(), self.configure(**settings)
        self.link(audience_id, configuration_id)
        return audience_id, configuration_id

    def deactivate(self, configuration_id: str) -> int:
        """Deactivate; return how many messages are held."""
        return configurations.deactivate(self.desk, CALLER, configuration_id)

    def activate(self, configuration_id: str) -> None:
        """Activate, and do what follows."""
        configurations.activate(self.desk, CALLER, configuration_id)
        self.work()

    def work(self) -> None:
        """Do all that is queued."""
        worker = Worker(self.desk)
        while (job := worker.do_next()) is not None:
            with self.desk.database.read() as cursor:
                [found] = cursor.execute("SELECT state, error FROM ctl.job WHERE job_id = ?", [job.job_id]).fetchall()
            assert found == ("done", None), (job.kind, found)

    def send(self) -> None:
        """Send what is due now."""
        dispatch.send_due(self.desk)

    def finish(self) -> None:
        """Send all, going on from try to try, until nothing waits any more."""
        assert self.time is not None
        for _ in range(TURNS_MAX):
            self.send()
            with self.desk.database.read() as cursor:
                at = batches.next_try(cursor)
            if at is None:
                return
            self.time.now = max(at, self.time.now)
        raise AssertionError(f"still waiting after {TURNS_MAX} turns")

    def counts(self, configuration_id: str | None = None) -> dict[str, int]:
        """Return the messages by category over all days, those that wait among them; zeros are left out."""
        with self.desk.database.read() as cursor:
            lines = deliveries.day_counts(cursor, datetime(2000, 1, 1).date(), datetime(2100, 1, 1).date())
            waiting = batches.waiting_by_configuration(cursor)
        found: dict[str, int] = {}
        for line in lines:
            if configuration_id in {None, line.configuration_id}:
                found[line.category.value] = found.get(line.category.value, 0) + line.count
        held = sum(n for owner, n in waiting.items() if configuration_id in {None, owner})
        return {**found, **({DeliveryCategory.WAITING.value: held} if held else {})}

    def recovered(self) -> int:
        """Return how many failed messages the statistics say a replay has delivered."""
        return int(self.sql("SELECT coalesce(sum(recovered), 0)::BIGINT FROM ctl.delivery_stat")[0][0])

    def failures(self) -> list[Failure]:
        """Return all failures, newest first."""
        with self.desk.database.read() as cursor:
            return deliveries.failures(cursor)

    def batch_states(self) -> dict[str, int]:
        """Return how many batches are in which state."""
        return dict(self.sql("SELECT state, count(*) FROM ctl.batch GROUP BY 1"))

    def held(self) -> int:
        """Return how many messages are held."""
        [[found]] = self.sql(
            f"SELECT coalesce(sum(size), 0)::BIGINT FROM ctl.batch WHERE state = '{BatchState.HELD.value}'"  # noqa: S608
        )
        return int(found)

    def told(self) -> set[str]:
        """Return whom partners were told to have."""
        return {row[0] for row in self.sql("SELECT identifier FROM dat.told WHERE is_sent")}

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database directly."""
        with self.desk.database.read() as cursor:
            return cursor.execute(query).fetchall()


def ids_of(numbers: Iterable[int]) -> set[str]:
    """Return the customer ids of profiles."""
    return {f"C{number:05d}" for number in numbers}
