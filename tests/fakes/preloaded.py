"""Starts the product's programs without waiting for their imports, which cost one to three seconds of CPU each time.

A keeper a program imports once what the program imports, and forks it for each start: a process of its own, with
arguments, environment and standard files of its own, run as `python -m` runs it. The keeper has one thread of Python,
so that no lock is copied; Arrow begins its own threads anew in a fork, as it does under engine.base.fork_serving.
Tests of the start itself run the plain program (tests/flows/test_first_start.py, "fresh").
"""

import atexit
import contextlib
import importlib
import json
import os
import runpy
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO, TextIO

ROOT = Path(__file__).resolve().parents[2]
_MESSAGE_BYTES_MAX = 128 * 1024
_POLL_S = 0.005


class Forked:
    """A process that a keeper forked; it is asked, waited for and ended as a subprocess.Popen is."""

    def __init__(self, keeper: "Keeper", pid: int, stdout: TextIO | None = None, stderr: TextIO | None = None) -> None:
        """Keep its id and our ends of its pipes."""
        self._keeper = keeper
        self.pid = pid
        self.stdout, self.stderr = stdout, stderr
        self.returncode: int | None = None

    def poll(self) -> int | None:
        """Return its exit status, negative a signal's number, or None while it runs."""
        if self.returncode is None:
            self.returncode = self._keeper.status(self.pid)
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """Wait for its end and return its exit status."""
        until_s = None if timeout is None else time.monotonic() + timeout
        while (status := self.poll()) is None:
            if until_s is not None and time.monotonic() > until_s:
                raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
            time.sleep(_POLL_S)
        return status

    def terminate(self) -> None:
        """Send SIGTERM, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGTERM)

    def kill(self) -> None:
        """Send SIGKILL, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, signal.SIGKILL)


@dataclass(frozen=True)
class Said:
    """How a program ended, and what it printed."""

    status: int
    out: str
    err: str


class Keeper:
    """The process that has a program's imports done; it starts with the first use and ends with this process."""

    def __init__(self, program: str, *imports: str) -> None:
        """Name the program as `python -m` takes it, and the modules that it imports sooner or later."""
        self._begins = [program, *imports]
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None

    def start(self, arguments: Sequence[str], environment: Mapping[str, str], *, stderr_too: bool = False) -> Forked:
        """Start the program; its output is a pipe, to which complaints go too, or to our own standard error."""
        ours, its_output = os.pipe()
        try:
            pid = self._fork(arguments, environment, its_output, its_output if stderr_too else 2)
        finally:
            os.close(its_output)
        return Forked(self, pid, os.fdopen(ours, encoding="utf-8"))

    def run(self, arguments: Sequence[str], environment: Mapping[str, str], timeout_s: float) -> Said:
        """Run the program to its end."""
        (ours, its_output), (our_errors, its_errors) = os.pipe(), os.pipe()
        try:
            pid = self._fork(arguments, environment, its_output, its_errors)
        finally:
            os.close(its_output)
            os.close(its_errors)
        forked = Forked(self, pid)
        said: dict[str, str] = {}
        pipes = {"out": os.fdopen(ours, encoding="utf-8"), "err": os.fdopen(our_errors, encoding="utf-8")}
        readers = [threading.Thread(target=_read, args=(said, *item), daemon=True) for item in pipes.items()]
        for reader in readers:
            reader.start()
        try:
            # Both pipes end with the last process that holds them: whatever the program leaves running holds neither.
            for reader in readers:
                reader.join(timeout_s)
            return Said(forked.wait(timeout_s), said["out"], said["err"])
        finally:
            forked.kill()

    def status(self, pid: int) -> int | None:
        """Return the exit status of a process that was forked here, None while it runs."""
        answer = self._ask(json.dumps({"pid": pid}).encode(), [])
        return int(answer) if answer != b"runs" else None

    def _fork(self, arguments: Sequence[str], environment: Mapping[str, str], stdout: int, stderr: int) -> int:
        message = json.dumps({"arguments": list(arguments), "environment": dict(environment)}).encode()
        assert len(message) < _MESSAGE_BYTES_MAX
        return int(self._ask(message, [stdout, stderr]))

    def _ask(self, message: bytes, files: list[int]) -> bytes:
        with self._lock:
            if self._socket is None:
                self._socket = self._started()
            socket.send_fds(self._socket, [message], files)
            answer = self._socket.recv(_MESSAGE_BYTES_MAX)
        assert answer, f"the keeper of {self._begins[0]} has ended"
        return answer

    def _started(self) -> socket.socket:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            process = subprocess.Popen(
                [sys.executable, "-m", __name__, str(theirs.fileno()), *self._begins],
                cwd=ROOT,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                pass_fds=[theirs.fileno()],
            )
        atexit.register(_end, ours, process)
        return ours


def _end(ours: socket.socket, process: "subprocess.Popen[bytes]") -> None:
    ours.close()
    process.wait()


def _read(said: dict[str, str], name: str, pipe: IO[str]) -> None:
    with pipe:
        said[name] = pipe.read()


ENGINE = Keeper("engine", "engine.cli", "engine.service", "engine.standalone")
DASHBOARD = Keeper("streamlit", "streamlit.web.cli", "streamlit.web.bootstrap", "engine.service", "pages.parts.guard")


def _serve(asked: socket.socket, program: str, imports: list[str]) -> Callable[[], object]:
    """Fork for whoever asks; return in the child alone, with what it is to run."""
    for name in imports:
        importlib.import_module(name)
    assert threading.active_count() == 1, "an import has started a thread, which a fork would lose"
    while True:
        message, files, _, _ = socket.recv_fds(asked, _MESSAGE_BYTES_MAX, 2)
        if not message:
            sys.exit()
        wanted = json.loads(message)
        if "pid" in wanted:
            pid, status = os.waitpid(wanted["pid"], os.WNOHANG)
            asked.send(b"%d" % os.waitstatus_to_exitcode(status) if pid else b"runs")
            continue
        pid = os.fork()
        if pid == 0:
            asked.close()
            return _become(program, wanted["arguments"], wanted["environment"], files)
        for number in files:
            os.close(number)
        asked.send(b"%d" % pid)


def _become(program: str, arguments: list[str], environment: dict[str, str], files: list[int]) -> Callable[[], object]:
    for place, number in enumerate(files, 1):
        os.dup2(number, place)
        os.close(number)
    os.environ.clear()
    os.environ.update(environment)
    if environment.get("PYTHONUNBUFFERED"):
        for stream in (sys.stdout, sys.stderr):
            assert hasattr(stream, "reconfigure")
            stream.reconfigure(write_through=True)
    sys.argv = [program, *arguments]
    return lambda: runpy.run_module(program, run_name="__main__", alter_sys=True)


if __name__ == "__main__":
    # Ctrl-C at the tests ends the keeper without a word; what it forked hears of it as any process does.
    with contextlib.suppress(KeyboardInterrupt):
        program_to_run = _serve(socket.socket(fileno=int(sys.argv[1])), sys.argv[2], sys.argv[3:])
    program_to_run()
