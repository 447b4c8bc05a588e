"""The composition root: opens a home, starts the engine on it, and stops it cleanly."""

import contextlib
import os
import sys
import time

from engine.base import clock, errors, limits, log
from engine.base.settings import Settings
from engine.control import ControlSocket
from engine.flows import adopting
from engine.flows import desk as desks
from engine.flows.desk import Desk
from engine.scheduling.dispatch import Dispatcher
from engine.scheduling.endpoints import Supervisor
from engine.scheduling.intake import Intake
from engine.scheduling.jobs import JobRunner
from engine.scheduling.tick import Ticker
from engine.security import vault
from storage.database import StorageFault, open_database
from storage.lease import HeldByAnother, Lease
from storage.migrate import migrate
from storage.spool import Spool

_SWITCH_INTERVAL_S = 0.0005


class HomeIsHeld(errors.GiveUp):
    """Another process owns the home; the sentence names its pid."""


class Home:
    """An open home: the lease is held and the database is open. The command line needs no more."""

    def __init__(self, settings: Settings) -> None:
        """Take the lease and open everything.

        Raises:
            HomeIsHeld: Held by another process.
            GiveUp: Not writable, damaged, or its key is missing.
        """
        self._lease = Lease(settings.lease)
        try:
            settings.home.mkdir(parents=True, exist_ok=True, mode=0o700)
            self._lease.take()
        except HeldByAnother as error:
            raise HomeIsHeld(str(error)) from error
        except OSError as error:
            raise errors.GiveUp(f"The home {settings.home} cannot be written: {error.strerror}.") from error
        try:
            self.desk = _open(settings)
        except OSError as error:
            self._lease.release()
            raise errors.GiveUp(f"The home {settings.home} cannot be written: {error.strerror}.") from error
        except BaseException:
            self._lease.release()
            raise
        desks.set_current(self.desk)

    def close(self) -> None:
        """Close the database and let the home go."""
        desks.set_current(None)
        self.desk.database.close()
        self._lease.release()


def wait_for_home(settings: Settings) -> Home:
    """Open a home; a command that holds it for a moment is waited for.

    Raises:
        HomeIsHeld: It is still held after LEASE_WAIT_S_MAX.
        GiveUp: As Home says.
    """
    until_s = clock.monotonic_s() + limits.LEASE_WAIT_S_MAX
    while True:
        try:
            return Home(settings)
        except HomeIsHeld:
            if clock.monotonic_s() > until_s:
                raise
        time.sleep(limits.ENGINE_TICK_S)


def _open(settings: Settings) -> Desk:
    log.open_log(settings.log)
    is_new = not settings.database.exists()
    spool = Spool(settings.spool)
    spool.prepare()
    sealed = vault.open_vault(settings.master_key, is_new_home=is_new)
    try:
        database = open_database(settings.database, (settings.spool,))
        try:
            migrate(database)
        except BaseException:
            database.close()
            raise
    except StorageFault as error:
        raise errors.GiveUp(str(error), errors.Category.STORAGE) from error
    desk = Desk(settings, database, spool, sealed)
    adopting.adopt(desk)
    return desk


class Service:
    """The engine with all its threads, on one home."""

    def __init__(self, settings: Settings) -> None:
        """Name the home; nothing is opened yet."""
        self._settings = settings
        self._closers = contextlib.ExitStack()
        self.desk: Desk

    def start(self) -> None:
        """Open the home, take up what was cut off, and begin to work.

        Raises:
            GiveUp: The home cannot be had; one sentence says why.
        """
        # Whatever the home's own rights: the database, its log of changes and the service's log are for its user alone.
        os.umask(0o077)
        # Pages and engine share the interpreter: shorter turns keep page reruns quick.
        sys.setswitchinterval(_SWITCH_INTERVAL_S)
        with contextlib.ExitStack() as opening:
            home = wait_for_home(self._settings)
            opening.callback(home.close)
            self.desk = home.desk
            runner = JobRunner(self.desk)
            opening.callback(runner.stop)
            runner.start()
            ticker = Ticker(self.desk)
            opening.callback(ticker.stop)
            ticker.start()
            dispatcher = Dispatcher(self.desk)
            opening.callback(dispatcher.stop)
            dispatcher.start()
            endpoints = Supervisor(self.desk)
            opening.callback(endpoints.stop)
            endpoints.start()
            intake = Intake(self.desk)
            opening.callback(intake.stop)
            intake.start()
            socket = ControlSocket(self.desk)
            opening.callback(socket.stop)
            socket.start()
            self._closers = opening.pop_all()
        log.logger(__name__).info("started on %s", self._settings.home)

    def stop(self) -> None:
        """Stop in the opposite order; work that does not end in time is taken up by the next start."""
        self._closers.close()
        log.logger(__name__).info("stopped")
