"""What the tests of the transfer room share: a real server, and how to reach one."""

from collections.abc import Callable
from typing import Any

import pytest

from engine.transfer.sftp import SftpTransport
from engine.transfer.transport import Place
from storage.records.connections import Secrets
from tests.fakes.openssh import OpenSSH, sftp_server

__all__ = ["sftp_server"]

Reach = Callable[..., SftpTransport]


@pytest.fixture
def reach() -> Reach:
    """Give a function that makes a transport to a fake server; keywords replace what is right."""

    def to(server: Any, secrets: Secrets | None = None, **changes: Any) -> SftpTransport:
        right = {
            "host": server.host,
            "port": server.port,
            "username": getattr(server, "username", ""),
            "host_key": getattr(server, "fingerprint", ""),
        }
        return SftpTransport(Place(**{**right, **changes}), secrets or Secrets(password=server.password))

    return to


@pytest.fixture
def two_key_server() -> Any:
    """Give a running OpenSSH server that shows an Ed25519 key first and has an RSA key too."""
    with OpenSSH(("ed25519", "rsa")) as server:
        yield server
