"""The service is killed with -9 at any moment of an import: nothing is lost, half-applied or counted twice."""

import json
import random
import time
from decimal import Decimal
from pathlib import Path

import psutil
import pytest

from storage.database import open_database
from tests.fakes.openssh import OpenSSH
from tests.fakes.service import ServiceProcess, wait_until, workers_of
from tests.fakes.shop import NAME, age, balanced, cdnow_wanted
from tests.fakes.tables import CdnowTotals, cdnow_like
from tests.fakes.terminal import Terminal

CHILDREN_END_S_MAX = 5.0


class World:
    """A shop that sends a file a round, and the service that imports them."""

    def __init__(self, folder: Path, server: OpenSSH) -> None:
        self.home = folder / "home"
        self.server = server
        self.service = ServiceProcess(self.home)
        self.sent: list[CdnowTotals] = []

    def send(self, customers: int) -> CdnowTotals:
        """Put the next file on the server."""
        path = self.server.folder / f"CDNOW_{len(self.sent):02d}.txt"
        totals = cdnow_like(path, customers, seed=len(self.sent))
        age(path).chmod(0o644)
        self.sent.append(totals)
        return totals

    def apply(self) -> None:
        """Have the running service take up the connection."""
        self.service.ask("apply", wanted=cdnow_wanted(self.server))

    def run(self) -> str:
        """Start a run and return its id."""
        return str(self.service.ask("run", name=NAME)["id"])

    def held(self) -> tuple[int, Decimal, int]:
        """Return profiles, sum of spend and sum of cds; the service must not be running."""
        database = open_database(self.home / "handoff.duckdb", (self.home / "spool",))
        with database.read() as cursor:
            [found] = cursor.execute("SELECT count(*), sum(spend), sum(cds)::BIGINT FROM dat.profile").fetchall()
        database.close()
        return found

    def files(self) -> list[tuple[str, str, int]]:
        """Return name, state and rows of every file; the service must not be running."""
        database = open_database(self.home / "handoff.duckdb", (self.home / "spool",))
        with database.read() as cursor:
            found = cursor.execute("SELECT name, state, rows_ok FROM ctl.file ORDER BY name").fetchall()
        database.close()
        return found

    def expected(self) -> tuple[int, Decimal, int]:
        """Return what all files sent so far come to."""
        return (
            max(totals.customers for totals in self.sent),
            sum((totals.spend for totals in self.sent), Decimal(0)),
            sum(totals.cds for totals in self.sent),
        )


@pytest.mark.promise("D10")
@pytest.mark.promise("M24")
@pytest.mark.fault(97)
@pytest.mark.fault(130)
@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    ("kills", "customers"), [(4, 4_000), (3, 36_000), pytest.param(10, 23_570, marks=pytest.mark.soak)]
)
def test_killed_at_random_moments_every_import_balances_and_no_child_survives(
    tmp_path: Path, sftp_server: OpenSSH, kills: int, customers: int
) -> None:
    # given: how long an import takes undisturbed, from start to end
    world = World(tmp_path, sftp_server)
    world.send(customers)
    with world.service:
        world.apply()
        began_s = time.monotonic()
        world.service.wait_for_end(world.run())
        whole_s = time.monotonic() - began_s
    chance = random.Random(20261121)
    for kill in range(kills):
        totals = world.send(customers)
        world.service.start()
        run = world.run()
        # when: the moments are spread over the import, at random within their part
        time.sleep(whole_s * (kill + chance.random()) / kills)
        children = world.service.kill()
        # then
        _, alive = psutil.wait_procs(children, timeout=CHILDREN_END_S_MAX)
        assert not alive
        # and when it starts again, the run that was cut off goes on by itself
        with world.service:
            ended = world.service.wait_for_end(run)
        assert ended["state"] == "completed", ended
        assert balanced(ended)
        assert ended["rows"]["applied"] == ended["rows"]["read"] == totals.rows
        assert ended["files"] == {"taken": 1, "unchanged": len(world.sent) - 1}
        assert world.held() == world.expected()
        assert world.files() == [
            (f"CDNOW_{number:02d}.txt", "complete", sent.rows) for number, sent in enumerate(world.sent)
        ]


def test_a_command_that_waits_outlives_a_kill_of_the_service_and_leaves_the_home_to_its_next_start(
    tmp_path: Path, sftp_server: OpenSSH
) -> None:
    # given: a command that waits for a run
    world = World(tmp_path, sftp_server)
    totals = world.send(20_000)
    world.service.start()
    world.apply()
    waiting = Terminal(tmp_path, sftp_server).begin("run", NAME, "--wait", "--json")
    wait_until(lambda: bool(workers_of(world.service.pid)), 30)
    # when
    world.service.kill()
    with world.service:
        out, _ = waiting.communicate(timeout=120)
    # then
    said = json.loads(out)
    assert waiting.returncode == 0
    assert (said["state"], said["rows"]["applied"]) == ("completed", totals.rows)


@pytest.mark.fault(130)
def test_a_killed_service_leaves_no_worker_and_the_next_start_works(tmp_path: Path, sftp_server: OpenSSH) -> None:
    # given: a service whose worker is at work
    world = World(tmp_path, sftp_server)
    world.send(20_000)
    world.service.start()
    world.apply()
    run = world.run()
    wait_until(lambda: bool(workers_of(world.service.pid)), 30)
    # when
    children = world.service.kill()
    # then
    assert children
    _, alive = psutil.wait_procs(children, timeout=CHILDREN_END_S_MAX)
    assert not alive
    with world.service:
        assert world.service.wait_for_end(run)["state"] == "completed"


def test_a_service_that_is_stopped_in_mid_run_goes_on_after_the_next_start(
    tmp_path: Path, sftp_server: OpenSSH
) -> None:
    # given
    world = World(tmp_path, sftp_server)
    totals = world.send(20_000)
    with world.service:
        world.apply()
        run = world.run()
        wait_until(lambda: bool(workers_of(world.service.pid)), 30)
    # when: it was stopped by SIGTERM while a worker was at work
    with world.service:
        ended = world.service.wait_for_end(run)
    # then
    assert ended["rows"]["applied"] == totals.rows
    assert world.held() == world.expected()
