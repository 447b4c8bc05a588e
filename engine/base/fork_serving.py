"""The process that forks workers of one module: `python -m engine.base.fork_serving MODULE SOCKET NICENESS`.

It has the niceness that it is told, and so have its children, whoever's thread started it: workers give way to pages.
"""

import contextlib
import gc
import importlib
import os
import select
import signal
import socket
import sys
import time

from engine.base import limits, workers
from engine.base.fork_server import FORK, MESSAGE_BYTES_MAX

_LOOK_S = 0.01


def _serve(module: str, asked: socket.socket) -> None:
    """Fork children until the parent has ended or is idle."""
    loaded = importlib.import_module(module)
    if hasattr(loaded, "preload"):
        loaded.preload()
    # Children share what is loaded, instead of copying it when they first collect garbage.
    gc.collect()
    gc.freeze()
    children: set[int] = set()
    while select.select([asked], [], [], None if children else limits.FORK_SERVER_IDLE_S)[0]:
        message, files, _, _ = socket.recv_fds(asked, MESSAGE_BYTES_MAX, 3)
        if not message:
            return
        if message == FORK:
            pid = os.fork()
            if pid == 0:
                asked.close()
                _become_worker(loaded.work, files)
            for number in files:
                os.close(number)
            children.add(pid)
            asked.send(b"%d" % pid)
        else:
            _, pid_text, wait_s = message.split()
            children.discard(int(pid_text))
            asked.send(b"%d" % _ended(int(pid_text), float(wait_s)))


def _become_worker(work: workers.Work, files: list[int]) -> None:
    status = 1
    try:
        os.setsid()
        for place, number in enumerate(files):
            os.dup2(number, place)
            os.close(number)
        workers.serve(work)
        status = 0
    except SystemExit as end:
        status = end.code if isinstance(end.code, int) else 1
    finally:
        # Never back into the server's loop.
        with contextlib.suppress(OSError):
            sys.stdout.flush()
            sys.stderr.flush()
        os._exit(status)


def _ended(pid: int, wait_s: float) -> int:
    """Return a child's exit status, negative a signal's number."""
    until_s = time.monotonic() + wait_s
    while True:
        found, status = os.waitpid(pid, os.WNOHANG)
        if found:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > until_s:
            os.kill(pid, signal.SIGKILL)
            return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
        time.sleep(_LOOK_S)


if __name__ == "__main__":
    os.setpriority(os.PRIO_PROCESS, 0, int(sys.argv[3]))
    # A parent that is stopped by hand between its question and our answer has ended: so do we, without a word.
    with contextlib.suppress(ConnectionError):
        _serve(sys.argv[1], socket.socket(fileno=int(sys.argv[2])))
