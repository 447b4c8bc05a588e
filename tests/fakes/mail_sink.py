"""A mail server made with aiosmtpd that keeps what it is sent: STARTTLS, a login, and refusals that tests choose."""

import asyncio
import socket
import ssl
from collections.abc import Callable
from email import message_from_bytes, policy
from email.message import EmailMessage
from pathlib import Path
from typing import Any, Self

from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult, LoginPassword


class MailSink:
    """Takes mail on 127.0.0.1.

    Args:
        certificate: A PEM file with certificate and key; None: no TLS at all.
        is_tls_first: TLS comes with the first byte, instead of STARTTLS.
        answers: What is said to RCPT of an address or to the end of the content ("."), instead of 250.
        size_bytes: The largest mail it announces to take.
    """

    host = "127.0.0.1"
    username = "sender"
    password = "correct horse"

    def __init__(
        self,
        certificate: Path | None = None,
        *,
        is_tls_first: bool = False,
        answers: dict[str, str] | None = None,
        size_bytes: int = 30 * 1024**2,
    ) -> None:
        """Make it; `with` starts and stops it."""
        self.answers = answers or {}
        self.raw: list[bytes] = []
        self.recipients: list[list[str]] = []
        self.senders: list[str] = []
        self.on_content: Callable[[], None] = lambda: None
        """Called when a mail is there, before the server says so."""
        context = None
        if certificate:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(certificate)
        self._controller = _Controller(
            self,
            hostname=self.host,
            port=0,
            ssl_context=context if is_tls_first else None,
            tls_context=None if is_tls_first else context,
            require_starttls=bool(certificate) and not is_tls_first,
            auth_required=bool(certificate) and not is_tls_first,
            # A TLS connection is not known as one where TLS comes first.
            auth_require_tls=bool(certificate) and not is_tls_first,
            authenticator=self._judge,
            data_size_limit=size_bytes,
        )

    @property
    def port(self) -> int:
        """Where it listens."""
        return self._controller.listening_port()

    @property
    def mails(self) -> list[EmailMessage]:
        """What came, read."""
        found = [message_from_bytes(raw, policy=policy.default) for raw in self.raw]
        assert all(isinstance(mail, EmailMessage) for mail in found)
        return [mail for mail in found if isinstance(mail, EmailMessage)]

    def __enter__(self) -> Self:
        """Start to serve."""
        self._controller.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop it."""
        self._controller.stop(no_assert=True)

    def _judge(self, server: Any, session: Any, envelope: Any, mechanism: str, given: Any) -> AuthResult:
        del server, session, envelope, mechanism
        is_right = isinstance(given, LoginPassword) and (given.login, given.password) == (
            self.username.encode(),
            self.password.encode(),
        )
        return AuthResult(success=is_right, handled=is_right)

    async def handle_RCPT(  # noqa: N802 - aiosmtpd's own name and signature
        self, server: Any, session: Any, envelope: Any, address: str, options: list[str]
    ) -> str:
        """Say what the test chose."""
        del server, session, options
        if address in self.answers:
            return self.answers[address]
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - the same
        """Keep the mail."""
        del server, session
        self.on_content()
        if "." in self.answers:
            return self.answers["."]
        self.raw.append(envelope.content)
        self.senders.append(envelope.mail_from)
        self.recipients.append(list(envelope.rcpt_tos))
        return "250 OK"


class _Controller(Controller):
    """aiosmtpd's controller asks its own port whether it is up, which it does not know where it is a free one."""

    def listening_port(self) -> int:
        assert isinstance(self.server, asyncio.Server)
        port: int = self.server.sockets[0].getsockname()[1]
        return port

    def _trigger_server(self) -> None:
        socket.create_connection((self.hostname, self.listening_port()), 5).close()
