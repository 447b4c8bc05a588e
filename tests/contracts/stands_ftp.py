"""Stands of the FTP client: pyftpdlib with TLS, without, and as an old server that lists as `ls -l` does."""

import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, ClassVar

from engine.transfer.ftp import FtpTransport
from engine.transfer.transport import Place, Transport
from storage.records.connections import Secrets
from tests.contracts.stands import Can, Stand, stand
from tests.fakes.authority import Authority
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.ftp_server import FtpServer

_FTP = Can.LIST | Can.FETCH | Can.REMOVE | Can.DELIVER | Can.CHANGE | Can.CUT_FETCH | Can.CUT_DELIVERY


class _FtpStand(Stand):
    """A running server; what a proxy does, it does to the data connections."""

    has_tls: ClassVar[bool]
    unknown: ClassVar[Sequence[str]] = ()

    def __init__(self, server: FtpServer, authorities: str) -> None:
        """Keep the server."""
        self._server = server
        self._authorities = authorities
        self.folder, self.absolute_folder = server.folder, server.absolute_folder

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Stand]:
        """Start it on the folder."""
        authority = Authority(folder.parent)
        certificate = authority.good().path if cls.has_tls else None
        with FtpServer(folder, certificate, unknown=cls.unknown) as server:
            yield cls(server, str(authority.path) if cls.has_tls else "")

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def transport(self, port: int | None = None) -> Transport:
        """Sign in by password."""
        server = self._server
        place = Place(
            server.host,
            port or server.port,
            server.username,
            "",
            is_plain=not self.has_tls,
            authorities=self._authorities,
        )
        return FtpTransport(place, Secrets(password=server.password))

    @contextmanager
    def behind(self, **faults: Any) -> Iterator[tuple[Transport, CuttingProxy]]:
        """Let the proxy stand before each data connection; the control connection is whole."""
        with CuttingProxy(self.port, **faults) as proxy:

            def announce(port: int) -> int:
                proxy.lead_to(port)
                return proxy.port

            self._server.announce = announce
            try:
                yield self.transport(), proxy
            finally:
                self._server.announce = lambda port: port


@stand("ftps", _FTP | Can.TIMES)
class FtpsStand(_FtpStand):
    """Explicit TLS on both channels, as it should be."""

    has_tls = True


@stand("ftp", _FTP | Can.TIMES)
class FtpStand(_FtpStand):
    """No TLS, chosen by a person."""

    has_tls = False


@stand("old-ftp", _FTP & ~Can.CUT_FETCH)
class OldFtpStand(_FtpStand):
    """A server of the nineties: no MLSD, no SIZE, no times but those of its listing, no REST."""

    has_tls = False
    unknown = ("MLST", "MLSD", "SIZE", "MDTM", "REST", "FEAT", "OPTS")

    def put(self, name: str, content: bytes, changed_s: int | None = None) -> str:
        """Keep to a minute, as the listing does."""
        super().put(name, content, changed_s)
        changed_s = changed_s if changed_s is not None else int((self.folder / name).stat().st_mtime)
        os.utime(self.folder / name, (changed_s // 60 * 60, changed_s // 60 * 60))
        return name
