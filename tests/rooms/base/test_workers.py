"""Worker processes that go wrong: what they knew is told to nobody, and how they ended becomes one sentence."""

import os
import signal
import socket
import subprocess
import sys
import textwrap
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psutil
import pytest

from engine.base import fork_server, quiet, workers
from engine.base.errors import GiveUp

WORKER = "tests.fakes.failing_worker"
ROOT = Path(__file__).resolve().parents[3]


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


def test_calls_share_what_is_loaded_and_give_way_to_the_pages() -> None:
    # when
    first, second = call(how="well"), call(how="well")
    # then
    assert first["server"] == second["server"]
    assert first["niceness"] == second["niceness"] == os.nice(0) + quiet.NICENESS


def test_many_calls_at_once_come_each_to_its_own_end() -> None:
    with ThreadPoolExecutor(8) as pool:
        found = list(pool.map(lambda _: call(how="well")["group"], range(24)))
    assert len(set(found)) == len(found)


def test_a_server_that_was_killed_between_two_calls_is_started_again() -> None:
    # given
    killed = call(how="well")["server"]
    os.kill(killed, signal.SIGKILL)
    # when, then
    assert call(how="well")["server"] != killed


def test_a_call_outlives_the_end_of_its_server() -> None:
    # when, then: its answer counts
    assert call(how="orphaned")["group"] != os.getpgid(0)
    # then: the next call has a new server
    assert call(how="well")["group"] != os.getpgid(0)


def test_a_module_that_cannot_be_loaded_is_one_sentence(capfd: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(GiveUp, match="cannot be started"):
        workers.call("tests.fakes.no_such_worker", {}, lambda _: None, lambda: False)
    assert "No module named" in capfd.readouterr().err


def test_no_file_of_the_parent_stays_open_after_its_calls() -> None:
    # given
    call(how="well")
    before = _open_files()
    # when
    for _ in range(5):
        call(how="well")
        with pytest.raises(GiveUp):
            call(how="half")
    # then
    assert _open_files() == before


def _open_files() -> int:
    return len(list(Path("/proc/self/fd").iterdir()))


@pytest.mark.fault(130)
def test_an_idle_server_ends_with_its_parent() -> None:
    # given
    program = textwrap.dedent(f"""
        from engine.base import fork_server, workers
        print(workers.call("{WORKER}", {{"how": "well"}}, lambda _: None, lambda: False)["server"], flush=True)
        input()
    """)
    with subprocess.Popen(
        [sys.executable, "-c", program], cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as parent:
        assert parent.stdout is not None
        server = psutil.Process(int(parent.stdout.readline()))
        # when
        parent.kill()
        # then
        _, alive = psutil.wait_procs([server], timeout=5.0)
        assert not alive


@pytest.mark.fault(130)
def test_a_server_whose_parent_stops_between_question_and_answer_ends_without_a_word() -> None:
    # given: a question is asked and the other end closed before the server has loaded its module
    ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
    with ours, theirs, Path(os.devnull).open("r+b") as nothing:
        socket.send_fds(ours, [fork_server.FORK], [nothing.fileno()] * 3)
        ours.close()
        # when
        ended = subprocess.run(
            [sys.executable, "-m", "engine.base.fork_serving", WORKER, str(theirs.fileno()), "10"],
            cwd=ROOT,
            pass_fds=[theirs.fileno()],
            capture_output=True,
            timeout=30,
            check=False,
        )
    # then
    assert (ended.returncode, ended.stderr) == (0, b"")


def test_a_call_that_is_stopped_by_hand_leaves_no_answer_for_the_next_one(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    stopped = call(how="well")["server"]
    # when: stopped after the question, before its answer
    with monkeypatch.context() as patched:
        patched.setattr(fork_server, "MESSAGE_BYTES_MAX", _StoppedByHand())
        with pytest.raises(KeyboardInterrupt):
            call(how="well")
    # then
    assert call(how="well")["server"] != stopped


class _StoppedByHand:
    """A number of bytes at which the reader is stopped."""

    def __index__(self) -> int:
        raise KeyboardInterrupt
