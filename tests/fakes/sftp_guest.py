"""A client of the hosted SFTP server: paramiko, from an address of one's own choice."""

import socket
from types import TracebackType
from typing import Any, Self

import paramiko

from tests.fakes.endpoints import PASSWORD

WAIT_S = 30.0


class Guest:
    """One connection; `with` signs in and opens SFTP."""

    def __init__(
        self,
        port: int,
        username: str,
        password: str = PASSWORD,
        *,
        source: str = "127.0.0.1",
        key: paramiko.PKey | None = None,
    ) -> None:
        """Connect and exchange keys; nobody is signed in yet."""
        self.username, self._password, self._key = username, password, key
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=WAIT_S, source_address=(source, 0))
        self.transport = paramiko.Transport(self.socket)
        self.transport.start_client(timeout=WAIT_S)
        self.sftp: paramiko.SFTPClient

    def __enter__(self) -> Self:
        """Sign in and open SFTP."""
        self.sign_in()
        sftp = paramiko.SFTPClient.from_transport(self.transport)
        assert sftp is not None
        self.sftp = sftp
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Go."""
        self.close()

    def sign_in(self) -> None:
        """Sign in with the key or the password."""
        if self._key is not None:
            self.transport.auth_publickey(self.username, self._key)
        else:
            self.transport.auth_password(self.username, self._password)

    def close(self) -> None:
        """Go."""
        self.transport.close()

    def vanish(self) -> None:
        """Cut the line in the midst of everything, without a word."""
        self.socket.shutdown(socket.SHUT_RDWR)
        self.close()

    def ask(self, kind: int, *values: Any) -> Any:
        """Send one request as it is, and return its answer; what paramiko's own calls would not let through."""
        sftp: Any = self.sftp
        return sftp._request(kind, *values)

    def put(self, path: str, content: bytes) -> None:
        """Upload a file whole."""
        with self.sftp.open(path, "wb") as file:
            file.write(content)

    def get(self, path: str) -> bytes:
        """Fetch a file whole."""
        with self.sftp.open(path, "rb") as file:
            return file.read()
