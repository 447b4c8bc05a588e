"""The stands of the contract suite: each a running server written by others, with a transport of ours before it.

A further stand is a class that registers itself with `@stand("name", Can....)`; its module is imported by
test_transports.py. What a stand cannot do it leaves out of its `Can`, and those tests do not ask it.
"""

import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager
from enum import Flag, auto
from pathlib import Path
from typing import Any, ClassVar, TypeVar

import pytest

from engine.transfer.sftp import SftpTransport
from engine.transfer.transport import Place, Transport
from storage.records.connections import Secrets
from tests.fakes.asyncssh_server import AsyncsshServer
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.openssh import OpenSSH


class Can(Flag):
    """What a stand's transport does, and what its server lets a test do."""

    LIST = auto()
    FETCH = auto()
    REMOVE = auto()
    DELIVER = auto()
    KINDS = auto()
    """Links, pipes, folders and odd names can lie in the folder."""
    CHANGE = auto()
    """A file can be changed while it is fetched; a mail cannot."""
    TIMES = auto()
    """The server tells to the second when a file changed."""
    CUT_FETCH = auto()
    """`behind` can cut, silence and slow down what is fetched."""
    CUT_DELIVERY = auto()
    """`behind` can cut what is delivered."""


class Stand(ABC):
    """A running server. `folder` is what it serves, on this disk; `absolute_folder` is how a client names it."""

    can: ClassVar[Can]
    folder: Path
    absolute_folder: str

    @classmethod
    @abstractmethod
    def running(cls, folder: Path) -> AbstractContextManager["Stand"]:
        """Start the server, with `folder` free for its use, and stop it again."""

    @abstractmethod
    def transport(self, port: int | None = None) -> Transport:
        """Return a transport that signs in; another port is that of a proxy before the server."""

    @property
    @abstractmethod
    def port(self) -> int:
        """Where the server listens on 127.0.0.1."""

    @contextmanager
    def behind(self, **faults: Any) -> Iterator[tuple[Transport, CuttingProxy]]:
        """Give a transport behind a proxy with these faults, and the proxy, whose faults can be changed."""
        with CuttingProxy(self.port, **faults) as proxy:
            yield self.transport(proxy.port), proxy

    def put(self, name: str, content: bytes, changed_s: int | None = None) -> str:
        """Let a file lie there, readable to the client; return the name under which it is listed."""
        path = self.folder / name
        path.write_bytes(content)
        path.chmod(0o644)
        if changed_s is not None:
            os.utime(path, (changed_s, changed_s))
        return name

    def names(self) -> list[str]:
        """Return what lies there now, in order."""
        return sorted(path.name for path in self.folder.iterdir())

    def read(self, name: str) -> bytes | None:
        """Return what a reader of the server finds under a name now, None for nothing."""
        try:
            return (self.folder / name).read_bytes()
        except FileNotFoundError:
            return None

    def holds(self, name: str, content: bytes) -> bool:
        """Say whether what lies there under a name carries this content; a mail has a header too."""
        return self.read(name) == content


_REGISTERED: dict[str, type[Stand]] = {}
_Kind = TypeVar("_Kind", bound=type[Stand])


def stand(name: str, can: Can) -> Callable[[_Kind], _Kind]:
    """Register a stand under a name, which the tests show."""

    def register(kind: _Kind) -> _Kind:
        kind.can = can
        _REGISTERED[name] = kind
        return kind

    return register


def that(can: Can) -> pytest.MarkDecorator:
    """Have a test run on each stand that can all of this; the test takes `stand`."""
    able = [pytest.param(kind, id=name) for name, kind in _REGISTERED.items() if can in kind.can]
    return pytest.mark.parametrize("stand", able, indirect=True)


_FILES = Can.LIST | Can.FETCH | Can.REMOVE | Can.DELIVER | Can.KINDS | Can.CHANGE | Can.TIMES
_EVERYTHING = _FILES | Can.CUT_FETCH | Can.CUT_DELIVERY


def _sftp(server: OpenSSH | AsyncsshServer, port: int | None) -> Transport:
    place = Place(server.host, port or server.port, server.username, server.fingerprint)
    return SftpTransport(place, Secrets(password=server.password))


@stand("openssh", _EVERYTHING)
class OpenSSHStand(Stand):
    """The SFTP server of OpenSSH."""

    def __init__(self, server: OpenSSH) -> None:
        """Keep the server; its user may write into the folder."""
        self._server = server
        self.folder, self.absolute_folder = server.folder, server.absolute_folder
        self.folder.chmod(0o777)

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Stand]:
        """Start it; it brings a folder of its own, which its user may see."""
        del folder
        with OpenSSH() as server:
            yield cls(server)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def transport(self, port: int | None = None) -> Transport:
        """Sign in by password."""
        return _sftp(self._server, port)


@stand("asyncssh", _EVERYTHING)
class AsyncsshStand(Stand):
    """The SFTP server of asyncssh."""

    def __init__(self, server: AsyncsshServer) -> None:
        """Keep the server."""
        self._server = server
        self.folder, self.absolute_folder = server.folder, server.absolute_folder

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Stand]:
        """Start it on the folder."""
        with AsyncsshServer(folder) as server:
            yield cls(server)

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def transport(self, port: int | None = None) -> Transport:
        """Sign in by password."""
        return _sftp(self._server, port)
