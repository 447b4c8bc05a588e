"""A mail server by which this installation sends: keeps every mail that it takes, and can hang up at the very end."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email import message_from_bytes, policy
from email.message import EmailMessage
from typing import Any

from aiosmtpd.controller import Controller

SENDER = "handoff@sender.example"


@dataclass
class Relay:
    """Where it listens, and what it took. hangs_up: it takes a mail and is gone before it says so."""

    port: int = 0
    mails: list[EmailMessage] = field(default_factory=list)
    recipients: list[list[str]] = field(default_factory=list)
    hangs_up: bool = False

    def settings(self) -> str:
        """Return the home's settings.yaml that names it."""
        return (
            "mail:\n  host: 127.0.0.1\n"
            f"  port: {self.port}\n  security: none\n  sender: {SENDER}\n"
            "endpoints:\n  sftp_port: 0\n  ftp_port: 0\n  smtp_port: 0\n"
        )

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802 - aiosmtpd's name
        """Take a mail."""
        del session
        self.mails.append(message_from_bytes(envelope.content, policy=policy.default))
        self.recipients.append(list(envelope.rcpt_tos))
        if self.hangs_up:
            server.transport.abort()
            await asyncio.sleep(0)
        return "250 taken"


class _Controller(Controller):
    """aiosmtpd's own, whose trial connection asks at the port that was taken."""

    def _trigger_server(self) -> None:
        listening: Any = self.server
        self.port = listening.sockets[0].getsockname()[1]
        super()._trigger_server()  # type: ignore[no-untyped-call]  # aiosmtpd has no types there


@contextmanager
def running() -> Iterator[Relay]:
    """Run one on a free port of 127.0.0.1."""
    relay = Relay()
    controller = _Controller(relay, hostname="127.0.0.1", port=0, decode_data=False)
    controller.start()
    try:
        relay.port = controller.port
        yield relay
    finally:
        controller.stop(no_assert=True)


def attachments(mail: EmailMessage) -> dict[str, bytes]:
    """Return a mail's attachments by name."""
    return {str(part.get_filename()): bytes(part.get_content()) if not isinstance(part.get_content(), str)
            else str(part.get_content()).encode() for part in mail.iter_attachments()}  # fmt: skip
