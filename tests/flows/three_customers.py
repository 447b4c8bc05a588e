"""A home with three customers, for tests of audiences: 00001 and 00002 spent 900 each, 00003 spent 10."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.flows.desk import Desk
from engine.scheduling.jobs import Worker
from storage.records.people import Caller, Role
from storage.tables import jobs
from tests.fakes import home
from tests.pages import sending
from tests.pages import shop as shops


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """The open home."""
    with home.open_home(tmp_path) as opened:
        caller = Caller("cli:tester", Role.ADMIN)
        shop = shops.open_shop(opened, caller)
        shops.map_columns(opened, caller, shop)
        work = tmp_path / "work"
        work.mkdir()
        shops.run_file(opened, shop, work, (*sending.lines(2), *sending.lines(1, 3, "10.00")[1:]))
        with opened.database.write("ctl") as cursor:
            cursor.execute("DELETE FROM ctl.job")
        yield opened


@pytest.fixture
def caller() -> Caller:
    """Whoever asks."""
    return Caller("Ana Vos", Role.ANALYST, "p1")


def work(desk: Desk) -> list[str]:
    """Do all that is queued; return the states in which it ended."""
    worker, done = Worker(desk), []
    while (job := worker.do_next()) is not None:
        with desk.database.read() as cursor:
            ended = jobs.by_id(cursor, job.job_id)
        assert ended is not None
        done.append(ended.state.value)
    return done
