"""One process owns a home: who comes second is told who does, and a dead one's lease is free (D04)."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from storage.lease import HeldByAnother, Lease

ROOT = Path(__file__).resolve().parents[3]


@pytest.fixture
def holder(tmp_path: Path) -> Iterator["subprocess.Popen[str]"]:
    """Another process that holds the lease until it is ended."""
    code = (
        "from pathlib import Path\nfrom storage.lease import Lease\n"
        f"lease = Lease(Path({str(tmp_path / 'engine.lease')!r}))\nlease.take()\nprint('taken', flush=True)\ninput()"
    )
    with subprocess.Popen(
        [sys.executable, "-c", code], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "taken\n"
        yield process
        process.kill()


@pytest.mark.promise("D04")
@pytest.mark.fault(114)
def test_the_second_process_learns_the_pid_of_the_first(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    with pytest.raises(HeldByAnother) as caught:
        Lease(tmp_path / "engine.lease").take()
    assert str(caught.value) == (
        f"Handoff already runs on this home (pid {holder.pid}); stop that one or set HANDOFF_HOME."
    )


@pytest.mark.fault(130)
def test_a_holder_killed_with_9_lets_go(tmp_path: Path, holder: "subprocess.Popen[str]") -> None:
    # given
    os.kill(holder.pid, signal.SIGKILL)
    holder.wait(10)
    lease = Lease(tmp_path / "engine.lease")
    # when
    lease.take()
    # then
    assert (tmp_path / "engine.lease").read_text() == f"{os.getpid()}\n"
    lease.release()


def test_a_released_lease_can_be_taken_again_and_names_nobody(tmp_path: Path) -> None:
    # given
    path = tmp_path / "engine.lease"
    first, second = Lease(path), Lease(path)
    first.take()
    with pytest.raises(HeldByAnother):
        second.take()
    # when
    first.release()
    # then
    assert path.read_text() == ""
    second.take()
    second.release()


def test_others_cannot_read_the_lease(tmp_path: Path) -> None:
    lease = Lease(tmp_path / "engine.lease")
    lease.take()
    assert (tmp_path / "engine.lease").stat().st_mode & 0o077 == 0
    lease.release()
