"""imaplib's line to a mail server, over our own socket and with a bound on all that the server says."""

import imaplib
import socket
from collections.abc import Callable

from engine.base import limits

_PORT = 143


class Line(imaplib.IMAP4):
    """imaplib's connection; `dial` opens it, encrypted where TLS comes first."""

    def __init__(self, host: str, port: int, dial: Callable[[], socket.socket]) -> None:
        """Connect and read the greeting.

        Raises:
            imaplib.IMAP4.error: No mail server, or a sentence from `dial`.
        """
        self._dial = dial
        self._left_bytes = limits.IMAP_ANSWER_BYTES_MAX
        super().__init__(host, port)

    def open(self, host: str = "", port: int = _PORT, timeout: float | None = None) -> None:
        """Take the socket that was dialled, instead of resolving the name a second time."""
        del timeout
        self.host, self.port = host, port
        self.sock = self._dial()
        self.file = self.sock.makefile("rb")

    def allow_answer(self) -> None:
        """Let the server say IMAP_ANSWER_BYTES_MAX more; called before each request."""
        self._left_bytes = limits.IMAP_ANSWER_BYTES_MAX

    def read(self, size: int) -> bytes:
        """Read a literal, whose size the server names: never one that would fill the memory."""
        self._spend(size)
        return super().read(size)

    def readline(self) -> bytes:
        """Read a line."""
        line: bytes = self.file.readline(self._left_bytes + 1)  # type: ignore[assignment]  # it is opened as "rb"
        self._spend(len(line))
        return line

    def _spend(self, size_bytes: int) -> None:
        self._left_bytes -= size_bytes
        if self._left_bytes < 0:
            message = "more than any answer takes"
            raise self.abort(message)
