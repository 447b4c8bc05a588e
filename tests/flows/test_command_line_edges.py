"""The command line where it is pressed: long answers, a closed pipe, Ctrl-C, odd YAML, a fault underneath."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import cli, verbs
from engine.base import limits
from engine.base.settings import Settings
from storage.database import StorageFull
from tests.fakes.home import open_home
from tests.fakes.openssh import OpenSSH
from tests.fakes.pushed import Pushed
from tests.fakes.service import ServiceProcess, wait_until
from tests.fakes.shop import NAME, age
from tests.fakes.terminal import ROOT, Terminal

HEADER = "id,name,points\n"


@pytest.fixture
def terminal(tmp_path: Path, sftp_server: OpenSSH) -> Terminal:
    return Terminal(tmp_path, sftp_server)


def put(terminal: Terminal, rows: int, points: str) -> None:
    """Put a file of long rows on the server."""
    name = "x" * 1_900
    path = terminal.server.folder / "a.csv"
    path.write_text(HEADER + "".join(f"{number},{name},{points}\n" for number in range(rows)), encoding="utf-8")
    age(path).chmod(0o644)


def test_all_rejected_rows_come_however_long_the_answer_is(terminal: Terminal) -> None:
    # given: more of them than one question may bring, and more bytes than one request may have
    rows = limits.REJECTS_SHOWN_MAX + 1
    put(terminal, rows, "many")
    with ServiceProcess(terminal.home):
        terminal.apply()
        terminal.type("run", NAME, "--wait")
        # when
        said = terminal.type("rejects", "1", "--json")
    # then
    assert said.status == 0, said.err
    assert [item["line"] for item in said.json] == list(range(2, rows + 2))
    assert len(said.out) > limits.SOCKET_REQUEST_BYTES_MAX


def test_what_landed_before_the_service_ended_is_imported_without_it(terminal: Terminal) -> None:
    # given: a hosted connection, and a file that the engine had no time to look at
    terminal.home.mkdir()
    with open_home(terminal.home) as desk:
        pushed = Pushed(desk)
        pushed.land("a.csv", HEADER + "1,Ana,5\n")
    # when
    said = terminal.type("run", pushed.connection.name, "--wait", "--json")
    # then
    assert said.status == 0, said.err
    assert (said.json["state"], said.json["files"]["taken"]) == ("completed", 1)


def test_a_file_that_is_no_text_is_named(terminal: Terminal, tmp_path: Path) -> None:
    # given
    path = tmp_path / "wide.yaml"
    path.write_bytes("connections: []".encode("utf-16"))
    # when
    said = terminal.type("apply", str(path))
    # then
    assert (said.status, said.out) == (1, "")
    assert said.err == f"{path} is no text in UTF-8; save it as such and apply again.\n"


def test_a_reader_that_leaves_early_sees_no_traceback(terminal: Terminal) -> None:
    # given
    put(terminal, 300, "many")
    terminal.apply()
    terminal.type("run", NAME, "--wait")
    # when
    done = subprocess.run(
        ["/bin/sh", "-c", f"{sys.executable} -m engine rejects 1 --json | head -c 10"],
        cwd=ROOT,
        env=terminal.environment,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
    )
    # then
    assert (done.stdout, done.stderr) == ('[{"file": ', "")


@pytest.fixture
def heeds_ctrl_c() -> Iterator[None]:
    """Processes that are started heed Ctrl-C, also where a shell began these tests in the background."""
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


@pytest.mark.usefixtures("heeds_ctrl_c")
def test_ctrl_c_ends_a_waiting_command_with_one_sentence(terminal: Terminal) -> None:
    # given
    put(terminal, 150_000, "1")
    terminal.apply()
    with subprocess.Popen(
        [sys.executable, "-m", "engine", "run", NAME, "--wait"],
        cwd=ROOT,
        env=terminal.environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as waiting:
        working = terminal.home / "spool" / "working"
        wait_until(lambda: working.exists() and any(working.iterdir()), 60)
        # when
        os.kill(waiting.pid, signal.SIGINT)
        out, err = waiting.communicate(timeout=60)
    # then
    said = "Stopped by hand; a run that has begun goes on with the service, or with the next `run`.\n"
    assert (waiting.returncode, out, err) == (1, "", said)


def test_a_date_that_yaml_makes_of_a_name_is_named(terminal: Terminal) -> None:
    # given
    text = terminal.wanted()
    text["connections"][0]["name"] = "TO BE A DATE"
    path = terminal.write(json.dumps(text).replace('"TO BE A DATE"', "2026-11-21"))
    with ServiceProcess(terminal.home):
        # when
        said = terminal.type("apply", path)
    # then
    assert (said.status, said.err) == (1, "name is a date to YAML; write it in quotes.\n")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (StorageFull("The disk of the database is full; nothing was changed."), "The disk of the database is full"),
        (ValueError("ana@example.org"), "It stopped on a fault of Handoff; the log has trace "),
    ],
)
def test_a_fault_underneath_is_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], error: Exception, sentence: str
) -> None:
    # given
    def fail(*_: Any) -> None:
        raise error

    verb: Callable[..., Any] = fail
    monkeypatch.setitem(verbs.VERBS, "runs", verb)
    # when
    status = cli.main(["runs", "--json"], Settings(home=tmp_path / "home"))
    # then
    said = capsys.readouterr()
    assert (status, said.out) == (1, "")
    assert said.err.startswith(sentence)
    assert said.err.count("\n") == 1
