"""Runs row-by-row and network work in niced child processes, and ends them when the service ends.

The parent has a worker forked (engine.base.fork_server), writes one JSON line with the arguments to its standard
input and keeps that pipe open; the child writes JSON lines: {"progress": {...}} any number of times, then one
{"result": {...}} or {"error": {...}}. When the pipe closes, because the parent is done, cancelled or was
killed with -9, the child ends itself: no child outlives the service (faults row 130).
"""

import contextlib
import errno
import json
import os
import sys
import threading
from collections.abc import Callable, Iterator
from typing import Any

from engine.base import errors, limits, log
from engine.base.fork_server import Child, ForkServer

_ENDED_BY_PARENT = 3
Progress = dict[str, Any]
Work = Callable[[dict[str, Any]], dict[str, Any]]
_LOCK = threading.Lock()
_SERVERS: dict[str, ForkServer] = {}


def call(
    module: str,
    arguments: dict[str, Any],
    on_progress: Callable[[Progress], None],
    is_cancelled: Callable[[], bool],
) -> dict[str, Any]:
    """Run one worker process to its end and return its result.

    Args:
        module: A module with a function `work`, from the arguments to the result; and perhaps one `preload`, which
            imports what most calls need.
        arguments: JSON values; secrets may be in it, they travel by the pipe alone.
        on_progress: Called with each progress report, in this thread.
        is_cancelled: Asked after each report; the child reports at least every PROGRESS_INTERVAL_S.

    Raises:
        HandoffError: What the child reported, Cancelled where asked to stop, GiveUp where it died.
    """
    with _LOCK:
        server = _SERVERS.setdefault(module, ForkServer(module))
    child = server.fork()
    complaints: list[str] = []
    drain = threading.Thread(target=_collect, args=(child, complaints), daemon=True)
    drain.start()
    wait_s = 0.0
    try:
        said = _converse(child, arguments, on_progress, is_cancelled)
        wait_s = limits.WORKER_END_WAIT_S_MAX if said is None else 0.0
    finally:
        status = server.end(child, wait_s)
        drain.join(timeout=limits.WORKER_END_WAIT_S_MAX)
        child.stdout.close()
    if said is None:
        log.logger(__name__).error("worker ended with %s: %s", status, " | ".join(complaints[-12:]))
        raise errors.GiveUp("A worker process ended without an answer; the log says more. Run it again.")
    return said


def _collect(child: Child, complaints: list[str]) -> None:
    # A person's Ctrl-C can close the pipe under this thread: then there is nothing left to collect.
    with contextlib.suppress(ValueError, OSError), child.stderr as said:
        for line in said:
            complaints.append(line.rstrip())
            del complaints[:-50]


def _converse(
    child: Child, arguments: dict[str, Any], on_progress: Callable[[Progress], None], is_cancelled: Callable[[], bool]
) -> dict[str, Any] | None:
    """Return the result, None where the child ended without one."""
    with contextlib.suppress(BrokenPipeError):
        child.stdin.write(json.dumps(arguments) + "\n")
        child.stdin.flush()
    for line in child.stdout:
        if not line.endswith("\n"):
            break  # it died in mid-word
        message = json.loads(line)
        if "result" in message:
            result: dict[str, Any] = message["result"]
            return result
        if "error" in message:
            raise errors.from_json(message["error"])
        on_progress(message["progress"])
        if is_cancelled():
            raise errors.Cancelled("Cancelled by a person; nothing was changed.")
    return None


def report(progress: Progress) -> None:
    """In a worker: tell the parent how far the work is."""
    _say({"progress": progress})


@contextlib.contextmanager
def heartbeat(stage: str) -> Iterator[Callable[[int, int], None]]:
    """In a worker: report at least every PROGRESS_INTERVAL_S, also while nothing comes, so that a cancel is noticed.

    Gives a function that notes how many bytes are done, of how many in all.
    """
    here = {"stage": stage, "done": 0, "total": 0, "unit": "bytes"}
    is_over = threading.Event()

    def note(done: int, total: int) -> None:
        here.update(done=done, total=total)

    def beat() -> None:
        while not is_over.wait(limits.PROGRESS_INTERVAL_S):
            report(dict(here))

    beating = threading.Thread(target=beat, daemon=True)
    beating.start()
    try:
        yield note
    finally:
        is_over.set()
        beating.join()
    report(dict(here))


def serve(work: Work) -> None:
    """In a forked worker: read the arguments, do the work, answer, and end with the parent."""
    arguments = json.loads(sys.stdin.readline())
    threading.Thread(target=_end_with_parent, daemon=True).start()
    try:
        _say({"result": work(arguments)})
    except errors.HandoffError as error:
        _say({"error": errors.to_json(error)})
    except OSError as error:
        _say({"error": errors.to_json(as_storage_error(error))})
    except Exception as error:  # noqa: BLE001 - the edge of a process: the service logs what it says, so no values
        sys.stderr.write(log.where(error) + "\n")
        sys.exit(1)


def as_storage_error(error: OSError) -> errors.HandoffError:
    """Say what the operating system refused: a full disk in its own words, the rest as it came."""
    if error.errno in (errno.ENOSPC, errno.EDQUOT):
        return errors.OutOfSpace("The disk of the spool is full; nothing was changed. Free some space and run again.")
    return errors.GiveUp(f"The system refused: {error.strerror or error}.", errors.Category.STORAGE)


def _say(message: dict[str, Any]) -> None:
    sys.stdout.write(json.dumps(message, default=str) + "\n")
    sys.stdout.flush()


def _end_with_parent() -> None:
    while sys.stdin.readline():
        pass
    os._exit(_ENDED_BY_PARENT)
