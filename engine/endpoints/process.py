"""Holds the endpoints that somebody can use, and says every two seconds what listens; never opens the database."""

import importlib
import os
import threading
from datetime import UTC, datetime
from pathlib import Path

from engine.base import clock, limits, log
from engine.base.installation import Endpoints
from engine.endpoints import landing, tls
from engine.endpoints.accounts import Directory
from engine.endpoints.box import Boxes
from engine.endpoints.ground import Endpoint, EndpointFault, Ground
from engine.endpoints.guard import Guard
from storage.records.boxes import EndpointStatus, Listener
from storage.spool import Spool

# Loaded when somebody can use them: an installation with SFTP alone holds no FTP and no mail server in memory.
_KINDS = {
    "sftp": ("engine.endpoints.sftp", "SftpEndpoint"),
    "ftp": ("engine.endpoints.ftp", "FtpEndpoint"),
    "smtp": ("engine.endpoints.mail", "MailEndpoint"),
}


class Holder:
    """All endpoints of one home."""

    def __init__(self, home: Path, settings: Endpoints, expected: dict[str, str]) -> None:
        """Put what was cut into order, and read who may sign in; nothing listens yet."""
        folder, spool = home / "endpoints", Spool(home / "spool")
        landing.recover(spool)
        guard = Guard()
        directory = Directory(folder / "accounts.json", guard)
        self.ground = Ground(folder, settings, expected, directory, guard, Boxes(spool))
        self._running: dict[str, Endpoint] = {}
        self._faults: dict[str, str] = {}
        self._retry_s: dict[str, float] = {}
        self._changed = threading.Event()
        self._stopping = threading.Event()
        self._certificate = tls.seen(self.ground)

    def run(self) -> None:
        """Hold the endpoints until `stop`; the process ends earlier where its parent does."""
        self.ground.directory.on_change(self._changed.set)
        self.ground.directory.watch()
        while not self._stopping.is_set():
            self.settle()
            self._say()
            self._changed.wait(limits.ENDPOINT_STATUS_INTERVAL_S)
            self._changed.clear()
        for endpoint in self._running.values():
            endpoint.stop()

    def stop(self) -> None:
        """End `run`."""
        self._stopping.set()
        self._changed.set()

    def settle(self) -> None:
        """Let listen what somebody can use, and nothing else; with a certificate that was renewed, if it was."""
        self._renew()
        wanted = self.ground.directory.protocols()
        for protocol in _KINDS:
            if protocol in wanted and protocol not in self._running:
                self._start(protocol)
            elif protocol not in wanted:
                self._faults.pop(protocol, None)
                self._retry_s.pop(protocol, None)
                endpoint = self._running.pop(protocol, None)
                if endpoint is not None:
                    endpoint.stop()

    def status(self) -> EndpointStatus:
        """Return what listens, what cannot, and who is banned."""
        listeners = [
            Listener(
                protocol,
                self.ground.settings.host,
                endpoint.port,
                endpoint.fingerprint,
                self.ground.guard.sessions(protocol),
                "",
            )
            for protocol, endpoint in self._running.items()
        ]
        listeners += [
            Listener(protocol, self.ground.settings.host, 0, "", 0, fault) for protocol, fault in self._faults.items()
        ]
        banned = tuple((address, until.isoformat()) for address, until in self.ground.guard.banned())
        return EndpointStatus(os.getpid(), clock.now().isoformat(), tuple(listeners), banned)

    def _renew(self) -> None:
        seen = tls.seen(self.ground)
        if seen == self._certificate:
            return
        self._certificate = seen
        for protocol, endpoint in self._running.items():
            try:
                endpoint.renew()
            except Exception as error:  # noqa: BLE001 - read while it is written, or the key comes next: then again
                why = str(error) if isinstance(error, EndpointFault) else log.where(error)
                log.logger(__name__).error("%s shows its certificate of before: %s", protocol, why)

    def _start(self, protocol: str) -> None:
        if clock.monotonic_s() < self._retry_s.get(protocol, 0.0):
            return
        module, kind = _KINDS[protocol]
        try:
            endpoint: Endpoint = getattr(importlib.import_module(module), kind)(self.ground)
            endpoint.start()
        except EndpointFault as error:
            self._fail(protocol, str(error))
        except Exception as error:  # noqa: BLE001 - one endpoint that cannot start must not stop the others
            log.logger(__name__).error("%s cannot start: %s", protocol, log.where(error))
            self._fail(protocol, f"The {protocol.upper()} endpoint stopped on a fault of Handoff; its log says more.")
        else:
            self._faults.pop(protocol, None)
            self._running[protocol] = endpoint
            log.logger(__name__).info("%s listens on port %d", protocol, endpoint.port)

    def _fail(self, protocol: str, fault: str) -> None:
        if self._faults.get(protocol) != fault:
            log.logger(__name__).error("%s", fault)
        self._faults[protocol] = fault
        self._retry_s[protocol] = clock.monotonic_s() + limits.ENDPOINT_RETRY_S

    def _say(self) -> None:
        path = self.ground.folder / "status.json"
        fresh = path.with_name(f".{path.name}.new")
        try:
            fresh.write_text(self.status().to_json(), encoding="utf-8")
            fresh.replace(path)
        except OSError as error:
            # A full disk: who reads the old one sees that it is old.
            log.logger(__name__).error("the status cannot be written: %s", log.where(error))


def said_at(status: EndpointStatus) -> datetime:
    """Return when a status was written, in UTC with its zone."""
    return datetime.fromisoformat(status.at).replace(tzinfo=UTC)
