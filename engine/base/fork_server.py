"""Starts worker processes quickly: a server a module, which has it imported, forks one child for each call.

What the workers import takes half a second of CPU; a fork takes milliseconds. The server has a single thread, so
that a fork copies no lock that somebody holds. It speaks over a socket of which only the parent has the other end:
"fork", with the child's three standard files, is answered by its pid; "end PID WAIT_S" by its exit status. It ends
with the parent, for then the socket ends, and after FORK_SERVER_IDLE_S without a call; the next call starts another.
"""

import contextlib
import os
import socket
import subprocess
import sys
import threading
from dataclasses import dataclass
from pathlib import Path
from typing import TextIO

from engine.base import errors, quiet

_ROOT = Path(__file__).resolve().parents[2]
_MODULE = "engine.base.fork_serving"
MESSAGE_BYTES_MAX = 64
FORK = b"fork"


@dataclass(frozen=True)
class Child:
    """A worker that was started: its process, and the parent's ends of its standard files."""

    pid: int
    stdin: TextIO
    stdout: TextIO
    stderr: TextIO


class ForkServer:
    """The parent's side of the server of one module; safe in any thread. The server starts with the first call."""

    def __init__(self, module: str) -> None:
        """Name the module, which has a function `work`, and perhaps one `preload`."""
        self._module = module
        self._lock = threading.Lock()
        self._socket: socket.socket | None = None
        self._process: subprocess.Popen[bytes] | None = None

    def fork(self) -> Child:
        """Start a worker.

        Raises:
            GiveUp: The server does not start.
        """
        (its_input, stdin), (stdout, its_output), (stderr, its_errors) = (os.pipe() for _ in range(3))
        theirs = [its_input, its_output, its_errors]
        try:
            pid = self._forked(theirs)
        except BaseException:
            for number in (stdin, stdout, stderr):
                os.close(number)
            raise
        finally:
            for number in theirs:
                os.close(number)
        return Child(
            pid,
            os.fdopen(stdin, "w", encoding="utf-8"),
            os.fdopen(stdout, encoding="utf-8"),
            os.fdopen(stderr, encoding="utf-8"),
        )

    def end(self, child: Child, wait_s: float) -> int | None:
        """Wait for a child's end, kill it when the time is over, and return its exit status, None where it is lost."""
        # Where the server is gone, the end of its standard input tells the child.
        with contextlib.suppress(OSError):
            child.stdin.close()
        with self._lock, contextlib.suppress(OSError):
            return int(self._asked(b"end %d %f" % (child.pid, wait_s), []))
        return None

    def _forked(self, files: list[int]) -> int:
        with self._lock:
            for _ in range(2):
                # One that was idle may have ended just now; the second time it is a new one.
                with contextlib.suppress(OSError):
                    if self._socket is None:
                        self._start()
                    return int(self._asked(FORK, files))
        raise errors.GiveUp("A worker process cannot be started; the log says more. Run it again.")

    def _asked(self, message: bytes, files: list[int]) -> bytes:
        """Send one message and return its answer; an end of the server is an OSError."""
        if self._socket is None:
            raise BrokenPipeError
        answer = b""
        try:
            socket.send_fds(self._socket, [message], files)
            answer = self._socket.recv(MESSAGE_BYTES_MAX)
        finally:
            # Not after a stop by hand either: the next question must not be given this one's answer.
            if not answer:
                self._forget()
        if not answer:
            raise BrokenPipeError
        return answer

    def _start(self) -> None:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
                [sys.executable, "-m", _MODULE, self._module, str(theirs.fileno()), str(quiet.niceness())],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                cwd=_ROOT,
                pass_fds=[theirs.fileno()],
                # Ctrl-C in the service's terminal is for the service, which then stops its workers in order.
                start_new_session=True,
            )
        self._socket = ours

    def _forget(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.wait()
        self._socket = self._process = None
