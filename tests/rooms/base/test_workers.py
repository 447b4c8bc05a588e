"""Worker processes that go wrong: what they knew is told to nobody, and how they ended becomes one sentence."""

import os
from typing import Any

import pytest

from engine.base import workers
from engine.base.errors import GiveUp

WORKER = "tests.fakes.failing_worker"


def call(**arguments: Any) -> dict[str, Any]:
    return workers.call(WORKER, arguments, lambda _: None, lambda: False)


@pytest.mark.promise("D11")
def test_a_fault_in_a_worker_leaves_its_place_in_the_log_and_none_of_its_values(
    caplog: pytest.LogCaptureFixture,
) -> None:
    # when
    with pytest.raises(GiveUp, match="ended without an answer"):
        call(how="fault", value="ana@example.org")
    # then
    assert "ValueError at" in caplog.text
    assert "ana@example.org" not in caplog.text


def test_a_worker_that_dies_in_the_middle_of_its_answer_has_given_none() -> None:
    with pytest.raises(GiveUp, match="ended without an answer"):
        call(how="half")


@pytest.mark.fault(130)
def test_a_signal_to_the_services_terminal_does_not_reach_its_workers() -> None:
    """Else Ctrl-C would kill them first, and their runs would count as failed instead of going on at the next start."""
    assert call(how="well")["group"] != os.getpgid(0)
