"""The real service as a process of its own, started and killed by tests, asked over its socket."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import psutil

from tests.fakes import preloaded
from tests.fakes.preloaded import Forked
from tests.fakes.shop import ask

_ROOT = Path(__file__).resolve().parents[2]
_START_S_MAX = 60.0


class ServiceProcess:
    """`python -m engine` on a home; `with` starts it and ends it well, `kill` ends it with -9.

    Its imports are done already, unless it is to be fresh.
    """

    def __init__(self, home: Path, *, is_fresh: bool = False) -> None:
        """Name the home; nothing runs yet."""
        self.home = home
        self._is_fresh = is_fresh
        self._process: subprocess.Popen[str] | Forked | None = None

    def __enter__(self) -> Self:
        """Start it."""
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """End it with SIGTERM, as a supervisor would."""
        if self._process is not None and self._process.poll() is None:
            self._process.terminate()
            self._reap()

    @property
    def pid(self) -> int:
        """The process's id."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> float:
        """Start it and return the seconds until it said that it is ready."""
        began_s = time.monotonic()
        environment = {**os.environ, "HANDOFF_HOME": str(self.home)}
        if self._is_fresh:
            command = [sys.executable, "-m", "engine"]
            self._process = subprocess.Popen(command, cwd=_ROOT, env=environment, stdout=subprocess.PIPE, text=True)
        else:
            self._process = preloaded.ENGINE.start([], environment)
        assert self._process.stdout is not None
        assert self._process.stdout.readline().startswith("Handoff's engine is running")
        return time.monotonic() - began_s

    def kill(self) -> list[psutil.Process]:
        """End it with -9 and return the children that it had at that moment."""
        children = psutil.Process(self.pid).children(recursive=True)
        os.kill(self.pid, signal.SIGKILL)
        self._reap()
        return children

    def _reap(self) -> None:
        assert self._process is not None
        assert self._process.stdout is not None
        self._process.wait(timeout=60)
        self._process.stdout.close()

    def ask(self, verb: str, **arguments: Any) -> Any:
        """Have it do a verb of the command line."""
        return ask(self.home, verb, **arguments)

    def wait_for_end(self, run: str, wait_s: float = 120.0) -> dict[str, Any]:
        """Wait until a run has ended and return it."""
        found: dict[str, Any] = {}

        def has_ended() -> bool:
            found.update(self.ask("run_state", run=run))
            return found["ended_at"] is not None

        wait_until(has_ended, wait_s)
        return found


def workers_of(pid: int) -> list[psutil.Process]:
    """Return the workers that are at work for a process: the children of its fork servers."""
    servers = [child for child in psutil.Process(pid).children() if "engine.base.fork_serving" in _command(child)]
    return [worker for server in servers for worker in _children(server)]


def _command(process: psutil.Process) -> list[str]:
    try:
        return process.cmdline()
    except psutil.Error:
        return []


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return process.children()
    except psutil.Error:
        return []


def wait_until(is_so: Callable[[], bool], wait_s: float, pause_s: float = 0.05) -> None:
    """Wait for a condition, and fail where it does not come true in time."""
    until_s = time.monotonic() + wait_s
    while not is_so():
        assert time.monotonic() < until_s, f"did not come true within {wait_s} s"
        time.sleep(pause_s)
