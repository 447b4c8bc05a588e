"""A stand of the mailbox client: Dovecot, with a mail for each file."""

import base64
import imaplib
import re
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.transfer.imap import ImapTransport
from engine.transfer.transport import Place, Transport
from storage.records.connections import Secrets
from tests.contracts.stands import Can, Stand, stand
from tests.fakes.authority import Authority
from tests.fakes.dovecot import Dovecot


@stand("dovecot", Can.LIST | Can.FETCH | Can.REMOVE | Can.CUT_FETCH)
class DovecotStand(Stand):
    """Dovecot with STARTTLS; a file is a mail, and its name is the number that IMAP gives it."""

    def __init__(self, server: Dovecot, folder: Path, authorities: str) -> None:
        """Keep the server."""
        self._server = server
        self._authorities = authorities
        self._mails: dict[str, bytes] = {}
        self.folder, self.absolute_folder = folder, "INBOX"
        self._line = imaplib.IMAP4(server.host, server.port)
        self._line.login(f'"{server.username}"', server.password)

    @classmethod
    @contextmanager
    def running(cls, folder: Path) -> Iterator[Stand]:
        """Start it; it brings a folder of its own."""
        authority = Authority(folder.parent)
        with Dovecot(authority.good().path) as server:
            running = cls(server, folder, str(authority.path))
            try:
                yield running
            finally:
                running._line.logout()

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._server.port

    def transport(self, port: int | None = None) -> Transport:
        """Sign in by password."""
        server = self._server
        place = Place(server.host, port or server.port, server.username, "", authorities=self._authorities)
        return ImapTransport(place, Secrets(password=server.password))

    def put(self, name: str, content: bytes, changed_s: int | None = None) -> str:
        """Let a mail with this attachment lie there; its name is the one that IMAP gives."""
        assert changed_s is None
        header = f"From: a@example.com\r\nSubject: {name.encode('ascii', 'replace').decode()}\r\n"
        header += "MIME-Version: 1.0\r\nContent-Transfer-Encoding: base64\r\n\r\n"
        raw = header.encode() + base64.encodebytes(content).replace(b"\n", b"\r\n")
        _, said = self._line.append("INBOX", "", "", raw)
        numbers = re.search(rb"APPENDUID (\d+) (\d+)", said[0])
        assert numbers is not None
        listed = f"{int(numbers[1])}-{int(numbers[2])}.eml"
        self._mails[listed] = raw
        return listed

    def read(self, name: str) -> bytes | None:
        """Return the raw mail."""
        return self._mails.get(name)

    def holds(self, name: str, content: bytes) -> bool:
        """Say whether the mail carries this content."""
        return base64.b64decode(self._mails[name].partition(b"\r\n\r\n")[2]) == content
