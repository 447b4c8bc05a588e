"""The demo's past in small: a few of its days, by the real import and real calls, each with what it is there for."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta
from pathlib import Path

import pytest

from engine.base import clock
from engine.base.settings import Settings
from engine.demo import history, world
from engine.demo.clock import FakedClock
from engine.demo.history import History
from engine.demo.server import SftpServer
from engine.demo.shop import Shop
from engine.demo.world import MAIN, SECOND, SharedFolder
from engine.flows.desk import Desk
from engine.partners.simulator import Simulator
from engine.service import Home
from engine.views import runs as run_views
from engine.views import told
from storage.records.deliveries import DeliveryCategory
from storage.records.people import Caller, Role
from storage.tables import configurations, deliveries

TODAY = date(2026, 6, 1)
ADMIN = Caller("tester", Role.ADMIN)


class Past:
    """A home with some days behind it."""

    def __init__(self, desk: Desk, simulator: Simulator, today: date) -> None:
        self.desk = desk
        self.simulator = simulator
        self.today = today

    def counts(self, configuration: str, days_ago: int) -> dict[DeliveryCategory, int]:
        """Return what became of one day's messages to one account."""
        with self.desk.database.read() as cursor:
            account = configurations.by_name(cursor, configuration)
            assert account is not None
            day = self.today - timedelta(days=days_ago)
            return {
                line.category: line.count for line in deliveries.day_counts(cursor, day, day, account.configuration_id)
            }


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "server"
    made.mkdir()
    return made


@pytest.fixture
def world_of(tmp_path: Path, folder: Path) -> Iterator[tuple[Home, SftpServer, Simulator]]:
    with SftpServer(folder) as server, Simulator() as simulator:
        home = Home(Settings(home=tmp_path / "home"))
        yield home, server, simulator
        home.close()
    clock.use_machine_time()


def past(world_of: tuple[Home, SftpServer, Simulator], folder: Path, *days_ago: int) -> Past:
    """Go through the opening and some days."""
    home, server, simulator = world_of
    start = datetime.combine(TODAY - timedelta(days=history.OPENING_DAYS_AGO + 1), datetime.min.time())
    with FakedClock(start + timedelta(hours=5)) as now:
        people, _ = world.settle_people(home.desk)
        world.configure(home.desk, people[Role.ADMIN], server, simulator, "2026-03-10")
        story = History(home.desk, people, SharedFolder(folder), simulator)
        days = (history.OPENING_DAYS_AGO, *days_ago)
        story.make(Shop(5), now, TODAY, lambda _done, _of: None, days)
    return Past(home.desk, simulator, TODAY)


def members(found: Past) -> dict[str, int]:
    return dict(told.audience_sizes(found.desk, ADMIN))


def test_37_are_refused_on_one_day_and_nobody_else_is_missing_at_the_partner(
    world_of: tuple[Home, SftpServer, Simulator], folder: Path
) -> None:
    # when
    found = past(world_of, folder, history.REFUSED_DAYS_AGO)
    # then
    counts = found.counts(MAIN, history.REFUSED_DAYS_AGO)
    assert counts[DeliveryCategory.PARTNER_CODE] == history.REFUSED == 37
    assert DeliveryCategory.SENT not in counts
    held = {name: len(found.simulator.audiences()[number]) for name, number in world.LISTS.items()}
    assert held == {MAIN: members(found)[world.BIG_SPENDERS] - 37, SECOND: members(found)[world.COLLECTORS]}


def test_what_was_late_is_sent_again_and_recovered(world_of: tuple[Home, SftpServer, Simulator], folder: Path) -> None:
    # when
    found = past(world_of, folder, history.LATE_DAYS_AGO, history.RESENT_DAYS_AGO)
    # then
    late = found.counts(MAIN, history.LATE_DAYS_AGO)[DeliveryCategory.TIMEOUT]
    assert late >= 20
    assert found.counts(MAIN, history.RESENT_DAYS_AGO) == {DeliveryCategory.SENT: late}


def test_an_expired_token_stops_the_account_until_it_is_mended(
    world_of: tuple[Home, SftpServer, Simulator], folder: Path
) -> None:
    # when
    found = past(world_of, folder, history.EXPIRED_DAYS_AGO, 44, history.MENDED_DAYS_AGO)
    # then
    assert set(found.counts(MAIN, history.EXPIRED_DAYS_AGO)) == {DeliveryCategory.INVALID_CREDENTIALS}
    assert found.counts(MAIN, 44) == {}
    assert found.counts(MAIN, history.MENDED_DAYS_AGO)[DeliveryCategory.SENT] > 0
    assert len(found.simulator.audiences()[world.LISTS[MAIN]]) == members(found)[world.BIG_SPENDERS]


def test_a_broken_file_fails_its_run_and_the_next_one_is_fine(
    world_of: tuple[Home, SftpServer, Simulator], folder: Path
) -> None:
    # when
    found = past(world_of, folder, history.BROKEN_FILE_DAYS_AGO)
    # then: and the account and the schedule are as the live part wants them
    states = [run.state.value for run in run_views.listed(found.desk, ADMIN, 0, 10).runs]
    with found.desk.database.read() as cursor:
        accounts = configurations.listed(cursor)
    assert states == ["completed", "failed", "completed"]
    assert [account.settings.get("timeout_s") for account in accounts] == [None, None]
