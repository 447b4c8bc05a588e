"""An open home with a connection, a clock that tests move, and kinds of job that tests make up."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.base import clock
from engine.flows.desk import Desk
from engine.flows.watch import Step
from storage.database import Cursor
from storage.records.connections import (
    Connection,
    ConnectionState,
    DataType,
    Direction,
    Method,
    Methodology,
    SecretKind,
    Server,
)
from storage.tables import connections, due
from tests.fakes.home import open_home

START = datetime(2026, 11, 21, 9, 42)


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = START

    def move(self, **step: float) -> None:
        """Go on, or back, by this much."""
        self.now += timedelta(**step)


@pytest.fixture
def time() -> Iterator[Clock]:
    standing = Clock()
    before = clock._read
    clock.set_source(lambda: standing.now)
    yield standing
    clock.set_source(before)


@pytest.fixture
def desk(tmp_path: Path, time: Clock) -> Iterator[Desk]:
    del time
    with open_home(tmp_path) as opened:
        yield opened


@pytest.fixture
def made_up_kinds(monkeypatch: pytest.MonkeyPatch) -> dict[str, Step]:
    """Kinds of job that exist in this test alone; put functions in."""
    made: dict[str, Step] = {}
    monkeypatch.setattr("engine.scheduling.jobs.KINDS", made)
    monkeypatch.setattr("engine.scheduling.jobs.LOST", {})
    return made


def scheduled(
    cursor: Cursor,
    every_minutes: int | None,
    state: ConnectionState = ConnectionState.ON,
    connection_id: str = "connection",
) -> str:
    """Store a connection that is due one beat after the start."""
    connection = Connection(
        connection_id=connection_id,
        name=f"shop {connection_id}",
        direction=Direction.INBOUND,
        data_type=DataType.AUDIENCES,
        method=Method.SFTP,
        methodology=Methodology.PULL,
        server=Server("127.0.0.1", 22, "shop", "SHA256:x", SecretKind.PASSWORD),
        state=state,
        paused_reason=None,
        every_minutes=every_minutes,
        created_at=START,
        changed_at=START,
    )
    connections.insert(cursor, connection)
    due.set_next(cursor, connection_id, START + timedelta(minutes=every_minutes or 0))
    return connection_id
