"""The threads that take in what landed at the endpoints, start its runs, and keep order in what came."""

import threading

from engine.base import clock, limits, log
from engine.flows import intake, keeping, remembering
from engine.flows.desk import Desk


class Intake:
    """Takes files and mails in until it is stopped; mails have a thread of their own, for each takes a worker."""

    def __init__(self, desk: Desk) -> None:
        """Belong to one home; nothing is taken in yet."""
        self._desk = desk
        self._stopping = threading.Event()
        self._threads: list[threading.Thread] = []

    def start(self) -> None:
        """Begin, with what landed while no service ran."""
        for name, mail in (("intake-files", False), ("intake-mails", True)):
            thread = threading.Thread(target=self._take_in, args=(mail,), name=name, daemon=True)
            thread.start()
            self._threads.append(thread)
        thread = threading.Thread(target=self._keep, name="keeping", daemon=True)
        thread.start()
        self._threads.append(thread)

    def stop(self) -> None:
        """Ask the threads to end and wait a bounded time; what has landed stays for the next start."""
        self._stopping.set()
        until_s = clock.monotonic_s() + limits.STOP_WAIT_S_MAX
        for thread in self._threads:
            thread.join(timeout=max(0.0, until_s - clock.monotonic_s()))

    def _take_in(self, mail: bool) -> None:  # noqa: FBT001 - threads take arguments by their places
        looked_s = -limits.STARTS_INTERVAL_S
        while not self._stopping.wait(limits.INTAKE_TICK_S):
            try:
                taken = intake.take_in(self._desk, self._stopping.is_set, mail=mail)
                if taken or clock.monotonic_s() - looked_s >= limits.STARTS_INTERVAL_S:
                    looked_s = clock.monotonic_s()
                    intake.start_runs(self._desk)
            except Exception as error:  # noqa: BLE001 - the edge of a thread: whatever it was, the next tick goes on
                log.logger(__name__).error("the intake stumbled: %s", log.where(error))
                self._stopping.wait(limits.STARTS_INTERVAL_S)

    def _keep(self) -> None:
        swept_s = -limits.KEEPING_INTERVAL_S
        while not self._stopping.is_set():
            try:
                keeping.look_for_broken_off(self._desk)
                if clock.monotonic_s() - swept_s >= limits.KEEPING_INTERVAL_S:
                    swept_s = clock.monotonic_s()
                    removed = keeping.remove_old(self._desk)
                    # A job that failed, for want of room or so, is tried again; nothing else would.
                    with self._desk.database.write("ctl") as cursor:
                        remembering.queue_what_is_left(self._desk, cursor, "keeping")
                    if removed:
                        log.logger(__name__).info("the content of %d old files was removed", removed)
            except Exception as error:  # noqa: BLE001 - the same: the next time tries again
                log.logger(__name__).error("keeping stumbled: %s", log.where(error))
            self._stopping.wait(limits.BROKEN_OFF_INTERVAL_S)
