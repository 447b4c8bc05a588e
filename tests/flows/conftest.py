"""Fixtures of the flow tests: a shop on a real SFTP server and an open home."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base.settings import Settings
from engine.service import Home
from tests.fakes import databases
from tests.fakes.openssh import OpenSSH, sftp_server
from tests.fakes.shop import Shop

__all__ = ["sftp_server"]


@pytest.fixture
def shop(tmp_path: Path, sftp_server: OpenSSH) -> Iterator[Shop]:
    """A shop whose home is open in this process; runs are done one by one, when the test says so."""
    databases.place_home(tmp_path / "home")
    home = Home(Settings(home=tmp_path / "home"))
    yield Shop(home.desk, sftp_server)
    home.close()
