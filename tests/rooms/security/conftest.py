"""An open home for the tests of this folder, and a clock that they move."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from engine.base import clock
from engine.flows.desk import Desk
from engine.security import passwords
from tests.fakes.home import CHEAP_HASHER, open_home


class Clock:
    """A clock that stands still until a test moves it."""

    def __init__(self) -> None:
        self.now = datetime(2026, 11, 21, 9, 42)

    def pass_s(self, seconds: float) -> None:
        self.now += timedelta(seconds=seconds)


@pytest.fixture
def time() -> Iterator[Clock]:
    standing = Clock()
    before = clock._read
    clock.set_source(lambda: standing.now)
    yield standing
    clock.set_source(before)


@pytest.fixture
def desk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    monkeypatch.setattr(passwords, "_HASHER", CHEAP_HASHER)
    monkeypatch.setattr(passwords, "_dummy_hash", None)
    with open_home(tmp_path) as opened:
        yield opened
