"""Keeps the process of the hosted endpoints running: from the first login on, again when it dies, never after us."""

import contextlib
import json
import subprocess
import sys
import threading
from dataclasses import asdict
from pathlib import Path

from engine.base import clock, errors, limits, log
from engine.flows import hosting
from engine.flows.desk import Desk

_ROOT = Path(__file__).resolve().parents[2]
_MODULE = "engine.endpoints"


class Supervisor:
    """Starts `python -m engine.endpoints` when there is somebody to let in; the child ends when our pipe closes."""

    def __init__(self, desk: Desk) -> None:
        """Belong to one home; nothing runs yet."""
        self._desk = desk
        self._stopping = threading.Event()
        self._thread = threading.Thread(target=self._keep, name="endpoints", daemon=True)
        self._process: subprocess.Popen[str] | None = None
        self._began_s = 0.0
        self._deaths = 0
        self._next_start_s = 0.0
        self._next_publish_s = 0.0

    def start(self) -> None:
        """Begin to look, in a thread of its own."""
        self._thread.start()

    def stop(self) -> None:
        """End the process and wait for its end, a bounded time."""
        self._stopping.set()
        if self._thread.is_alive():
            self._thread.join(timeout=limits.STOP_WAIT_S_MAX)
        self._end()

    def look(self) -> None:
        """Publish what the rows say, and start the process where it should run and does not."""
        if clock.monotonic_s() >= self._next_publish_s:
            # Whoever changes a login publishes it; this is for what a cut process left undone.
            self._next_publish_s = clock.monotonic_s() + limits.ENDPOINT_PUBLISH_INTERVAL_S
            hosting.publish(self._desk)
        if self._process is not None and self._process.poll() is not None:
            self._note_death(self._process.returncode)
        if self._process is None and clock.monotonic_s() >= self._next_start_s and hosting.has_logins(self._desk):
            self._begin()

    @property
    def pid(self) -> int | None:
        """The process's id, None where none runs."""
        return self._process.pid if self._process is not None else None

    def _keep(self) -> None:
        said = ""
        while not self._stopping.is_set():
            try:
                self.look()
                said = ""
            except errors.HandoffError as error:
                # settings.yaml, most likely: said once, and looked at again.
                if str(error) != said:
                    log.logger(__name__).error("the endpoints do not run: %s", error)
                said = str(error)
            except Exception as error:  # noqa: BLE001 - the edge of a thread: whatever it was, the next look goes on
                log.logger(__name__).error("the endpoints' supervisor stumbled: %s", log.where(error))
            self._stopping.wait(limits.ENDPOINT_LOOK_INTERVAL_S)

    def _begin(self) -> None:
        told = {
            "home": str(self._desk.settings.home.resolve()),
            "endpoints": asdict(self._desk.settings.installation.endpoints),
            "expected": hosting.ensure_identities(self._desk),
        }
        self._process = subprocess.Popen(  # noqa: S603 - our own interpreter and module, no shell
            [sys.executable, "-m", _MODULE],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            cwd=_ROOT,
            text=True,
            encoding="utf-8",
            # Ctrl-C in the service's terminal is for the service, which then ends its children in order.
            start_new_session=True,
        )
        assert self._process.stdin is not None  # noqa: S101 - for the type checker; PIPE was given
        self._began_s = clock.monotonic_s()
        with contextlib.suppress(BrokenPipeError):
            # Settings and fingerprints only; the pipe stays open, and its end is the child's.
            self._process.stdin.write(json.dumps(told) + "\n")
            self._process.stdin.flush()
        log.logger(__name__).info("the endpoints run as process %d", self._process.pid)

    def _note_death(self, code: int) -> None:
        lived_s = clock.monotonic_s() - self._began_s
        self._deaths = 0 if lived_s >= limits.ENDPOINT_STEADY_S else self._deaths
        waits = limits.ENDPOINT_RESTART_WAITS_S
        wait_s = waits[min(self._deaths, len(waits) - 1)]
        self._deaths += 1
        self._next_start_s = clock.monotonic_s() + wait_s
        self._end()
        log.logger(__name__).error("the endpoints ended with %s; they start again in %.1f s", code, wait_s)

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        assert process.stdin is not None  # noqa: S101 - for the type checker; PIPE was given
        with contextlib.suppress(OSError):
            process.stdin.close()
        try:
            process.wait(timeout=limits.WORKER_END_WAIT_S_MAX)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait(timeout=limits.WORKER_END_WAIT_S_MAX)
