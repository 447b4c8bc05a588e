"""What the contract suite of the transports shares: a stand, and folders of the spool."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base import limits
from tests.contracts import stands_ftp, stands_mail  # noqa: F401 - their stands register themselves
from tests.contracts.stands import Stand


@pytest.fixture
def stand(request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Stand]:
    """Give the running stand that the test's mark names; a cut connection is opened again at once."""
    monkeypatch.setattr(limits, "RECONNECT_WAITS_S", (0.01,) * len(limits.RECONNECT_WAITS_S))
    kind: type[Stand] = request.param
    with kind.running(_made(tmp_path / "served")) as running:
        yield running


@pytest.fixture
def target(tmp_path: Path) -> Path:
    """Give an empty folder for what is fetched."""
    return _made(tmp_path / "target")


@pytest.fixture
def partial(tmp_path: Path) -> Path:
    """Give an empty folder for what cut fetches leave."""
    return _made(tmp_path / "partial")


def _made(folder: Path) -> Path:
    folder.mkdir()
    return folder
