"""What all tests share: the folder of real data, where there is one, and repeatable generated input."""

import os
from pathlib import Path

import pytest
from hypothesis import settings
from xdist.remote import Producer
from xdist.scheduler import LoadScopeScheduling, Scheduling

LEFT_OUT = "left out: $HANDOFF_DATA points to no folder"

# The same examples in every run, and no verdict by the clock of a busy machine.
settings.register_profile("handoff", derandomize=True, deadline=None, database=None)
settings.load_profile("handoff")

_JOURNEYS = "tests/journeys/"


class _ByFile(LoadScopeScheduling):  # type: ignore[misc]
    """Tests of a file run one after the other; so do all journeys, for two browsers at once disturb each other."""

    def _split_scope(self, nodeid: str) -> str:
        return _JOURNEYS if nodeid.startswith(_JOURNEYS) else nodeid.split("::", 1)[0]


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Producer) -> Scheduling:
    """Hand tests out to the processes of `-n` by our own rule."""
    return _ByFile(config, log)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the journeys begin first: they are the longest line."""
    items.sort(key=lambda item: not item.nodeid.startswith(_JOURNEYS))


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """The folder of real files that $HANDOFF_DATA names; without it the test is left out, and says so."""
    given = os.environ.get("HANDOFF_DATA", "")
    if not given or not Path(given).is_dir():
        pytest.skip(LEFT_OUT)
    return Path(given).resolve()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say at the end how many tests had no real data to run on."""
    skipped = terminalreporter.stats.get("skipped", [])
    count = sum(LEFT_OUT in str(report.longrepr) for report in skipped)
    if count:
        terminalreporter.write_line(f"{count} {'test was' if count == 1 else 'tests were'} {LEFT_OUT}")
