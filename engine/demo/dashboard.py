"""The demo's dashboard: the real server as a child process that never outlives the demo."""

import ctypes
import http.client
import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from typing import Self

from engine.base import clock, errors

HOST = "127.0.0.1"
_ROOT = Path(__file__).resolve().parents[2]
_START_WAIT_S_MAX = 60.0
_STOP_WAIT_S_MAX = 20.0
_POLL_S = 0.1
_PR_SET_PDEATHSIG = 1


def free_port(wanted: int) -> int:
    """Return the port to serve on: the wanted one, or any free one for 0.

    Raises:
        GiveUp: The wanted port is in use, or no port.
    """
    try:
        with socket.socket() as tried:
            # As servers do: what a closed connection left behind is no reason to refuse.
            tried.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            tried.bind((HOST, wanted))
            return int(tried.getsockname()[1])
    except (OSError, OverflowError) as error:
        raise errors.GiveUp(f"Port {wanted} is in use; name another one: make demo PORT=8600.") from error


class Dashboard:
    """`streamlit run app.py` on a home; a context manager that returns when it answers."""

    def __init__(self, home: Path, port: int) -> None:
        """Name home and port; nothing runs yet."""
        self._home = home
        self.port = port
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Where people find it."""
        return f"http://{HOST}:{self.port}"

    def __enter__(self) -> Self:
        """Start it and wait until it answers.

        Raises:
            GiveUp: It ended, or does not answer in time.
        """
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-m", "engine.demo.dashboard", str(os.getpid()), str(self.port)],
            cwd=_ROOT,
            env={**os.environ, "HANDOFF_HOME": str(self._home)},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            # Ctrl-C in the terminal is for the demo, which then ends its dashboard in order.
            start_new_session=True,
        )
        try:
            self._wait_until_it_answers()
        except BaseException:
            self.stop()
            raise
        return self

    def __exit__(self, *raised: object) -> None:
        """End it."""
        self.stop()

    @property
    def is_running(self) -> bool:
        """It has not ended."""
        return self._process is not None and self._process.poll() is None

    def stop(self) -> None:
        """End it as an operator would, at last by force."""
        if self._process is None:
            return
        self._process.terminate()
        try:
            self._process.wait(timeout=_STOP_WAIT_S_MAX)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()

    def _wait_until_it_answers(self) -> None:
        until_s = clock.monotonic_s() + _START_WAIT_S_MAX
        while not self._answers():
            if not self.is_running:
                raise errors.GiveUp("The dashboard ended at its start; what it said stands above.")
            if clock.monotonic_s() > until_s:
                raise errors.GiveUp(f"The dashboard did not answer within {_START_WAIT_S_MAX:.0f} s.")
            time.sleep(_POLL_S)

    def _answers(self) -> bool:
        connection = http.client.HTTPConnection(HOST, self.port, timeout=_START_WAIT_S_MAX)
        try:
            connection.request("GET", "/healthz")
            return connection.getresponse().status == http.HTTPStatus.OK
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()


def become_server(parent: int, port: int) -> None:
    """In the child: end with the demo, however that ends, and become the server."""
    # The kernel tells us when the demo is gone, kill -9 too; it holds across exec.
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
    if os.getppid() != parent:
        sys.exit(1)
    words = ["-m", "streamlit", "run", "app.py", "--server.address", HOST, "--server.port", str(port)]
    os.execv(sys.executable, [sys.executable, *words])  # noqa: S606 - our own interpreter, no shell


if __name__ == "__main__":
    become_server(int(sys.argv[1]), int(sys.argv[2]))
