"""The mail endpoint: an SMTP server that takes raw mails for known addresses and lays them down; keeper of aiosmtpd.

Nothing of a mail is parsed here, so that hostile ones cost nothing (faults row 55): it is streamed to the disk as it
comes, and the engine reads it in a worker.
"""

import asyncio
import collections
import contextlib
import logging
import ssl
import threading
from collections.abc import AsyncIterator
from typing import Any, cast

from aiosmtpd.smtp import SMTP, Envelope, Session

from engine.base import limits, log
from engine.endpoints import mail_rules, tls
from engine.endpoints.box import Arrival
from engine.endpoints.ground import EndpointFault, Ground
from engine.endpoints.mail_store import PROTOCOL, MailStore
from storage.records.boxes import Mailbox

_UNKNOWN = "550 5.1.1 No such address here"
_TOO_LARGE = "552 5.3.4 The mail is too large"
_LATER = "421 4.3.2 Too many connections, come back later"
_FULL = "452 4.3.1 No room for this mail now, send it again later"
_FAILED = "451 4.3.0 The mail could not be stored, send it again later"
_REFUSED = "502 5.5.1 Not offered here"
_END = b"\r\n.\r\n"
_CALLS_MAX = {"*": 50, "MAIL": 1_000, "RCPT": 5_000, "DATA": 1_000, "RSET": 1_000}
"""Commands of one kind on one connection: mail programs send many mails over one, and none asks for help so often."""


class MailEndpoint:
    """The listening SMTP server, run by a thread of its own."""

    def __init__(self, ground: Ground) -> None:
        """Keep what sessions need; `start` listens."""
        self.port = 0
        self.fingerprint = ""
        self.ground = ground
        self.name = ground.settings.mail_domain
        self.store = MailStore(ground)
        self.loop = asyncio.new_event_loop()
        self.tls: ssl.SSLContext | None = None
        self._server: asyncio.AbstractServer | None = None
        self._sessions: set[_Conversation] = set()
        self._thread = threading.Thread(target=self._run, name=PROTOCOL, daemon=True)

    def start(self) -> None:
        """Listen, in a thread of its own.

        Raises:
            EndpointFault: The port is taken, or the certificate cannot serve.
        """
        # Its log holds what strangers say, word for word.
        logging.getLogger("mail.log").setLevel(logging.CRITICAL + 1)
        self.renew()
        host, port = self.ground.settings.host, self.ground.settings.smtp_port
        self._thread.start()
        try:
            self.port = asyncio.run_coroutine_threadsafe(self._listen(host, port), self.loop).result()
        except OSError as error:
            self.stop()
            raise EndpointFault(
                f"Mail cannot be taken at {host}, port {port} ({error.strerror}); "
                "set endpoints.smtp_port in settings.yaml to a free port."
            ) from None

    def renew(self) -> None:
        """Show the certificate that lies there now to whoever comes from now on.

        Raises:
            EndpointFault: It cannot serve; the one of before is shown still.
        """
        fingerprint = tls.checked(self.ground)
        self.tls, self.fingerprint = tls.context(self.ground), fingerprint

    def stop(self) -> None:
        """Listen no more, cut every connection and end the thread; what is half sent is thrown away."""
        if not self._thread.is_alive():
            return
        with contextlib.suppress(TimeoutError):
            asyncio.run_coroutine_threadsafe(self._close(), self.loop).result(limits.CLOSE_WAIT_S_MAX)
        self.loop.call_soon_threadsafe(self.loop.stop)
        self._thread.join(limits.CLOSE_WAIT_S_MAX)

    def admit(self, conversation: "_Conversation", address: str) -> bool:
        """Count a connection in, where it may be."""
        if not self.ground.guard.admit(PROTOCOL, address):
            return False
        self._sessions.add(conversation)
        return True

    def leave(self, conversation: "_Conversation", address: str) -> None:
        """Count a connection out, once."""
        if conversation in self._sessions:
            self._sessions.remove(conversation)
            self.ground.guard.leave(PROTOCOL, address)

    def _run(self) -> None:
        asyncio.set_event_loop(self.loop)
        # What a broken connection leaves behind in asyncio is no news: the log of the product says what matters.
        self.loop.set_exception_handler(_say_unexpected)
        try:
            self.loop.run_forever()
        finally:
            self.loop.run_until_complete(self.loop.shutdown_default_executor())
            self.loop.close()

    async def _listen(self, host: str, port: int) -> int:
        self._server = await self.loop.create_server(
            lambda: _Conversation(self), host, port, backlog=limits.ENDPOINT_SESSIONS_MAX
        )
        return int(self._server.sockets[0].getsockname()[1])

    async def _close(self) -> None:
        if self._server is not None:
            self._server.close()
        for conversation in tuple(self._sessions):
            conversation.cut()
        others = [task for task in asyncio.all_tasks() if task is not asyncio.current_task()]
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class _Rules:
    """What is answered where aiosmtpd asks: handle_<COMMAND> is called by name."""

    def __init__(self, endpoint: MailEndpoint) -> None:
        self._endpoint = endpoint

    async def handle_EHLO(  # noqa: N802 - named by aiosmtpd
        self, server: "_Conversation", session: Session, envelope: Envelope, hostname: str, responses: list[str]
    ) -> list[str]:
        """Offer what is really there: no AUTH, no HELP."""
        del server, envelope
        session.host_name = hostname
        kept = [line[4:] for line in responses if not line[4:].startswith(("AUTH", "HELP"))]
        return [f"250-{line}" for line in kept[:-1]] + [f"250 {kept[-1]}"]

    async def handle_RCPT(  # noqa: N802 - named by aiosmtpd
        self, server: "_Conversation", session: Session, envelope: Envelope, address: str, options: list[str]
    ) -> str:
        """Take an address that is known; who guesses is counted, slowed and cut (faults row 49)."""
        del session, options
        mailbox = self._endpoint.store.mailbox_of(address)
        if mailbox is None:
            return await server.refuse_unknown()
        if len(server.boxes) >= limits.MAIL_RECIPIENTS_MAX:
            return "452 4.5.3 Too many addresses in one mail"
        if server.announced_bytes(envelope) > mailbox.bytes_max:
            return _TOO_LARGE
        envelope.rcpt_tos.append(address)
        server.boxes.setdefault(mailbox.connection_id, mailbox)
        return "250 2.1.5 Known"

    async def handle_exception(self, error: Exception) -> str:
        """Say what went wrong here to the log, and to the other side only that it did."""
        log.logger(__name__).warning("smtp: %s", log.where(error))
        return _FAILED


class _Conversation(SMTP):
    """One connection."""

    line_length_limit = limits.MAIL_LINE_BYTES_MAX

    def __init__(self, endpoint: MailEndpoint) -> None:
        # aiosmtpd keeps this one on the class, where each EHLO of anybody makes it larger for all.
        self.command_size_limits = collections.defaultdict(lambda: SMTP.command_size_limit)
        super().__init__(
            _Rules(endpoint),
            data_size_limit=limits.MAIL_SIZE_BYTES_MAX,
            hostname=endpoint.name,
            ident="ESMTP",
            tls_context=endpoint.tls,
            require_starttls=True,
            timeout=limits.ENDPOINT_LOGIN_WAIT_S_MAX,
            command_call_limit=_CALLS_MAX,
            loop=endpoint.loop,
        )
        self.boxes: dict[str, Mailbox] = {}
        self._endpoint = endpoint
        self._address = ""
        self._is_refused = False
        self._takes_data = False
        self._unknown = 0
        self._deadline: asyncio.TimerHandle | None = None
        self._wire: asyncio.Transport | None = None

    def connection_made(self, transport: Any) -> None:
        """Let them in, unless there are too many; called again once TLS stands."""
        if self.transport is not None:
            # Whoever got this far may take the time of a mail program between commands.
            self._timeout_duration = limits.MAIL_IDLE_S_MAX
            super().connection_made(transport)
            return
        peer = transport.get_extra_info("peername")
        self._address = str(peer[0]) if peer else ""
        if not self._endpoint.admit(self, self._address):
            self._is_refused = True
            transport.write(f"{_LATER}\r\n".encode())
            transport.close()
            return
        self._wire = transport
        self._deadline = self.loop.call_later(limits.MAIL_SESSION_S_MAX, self.cut)
        super().connection_made(transport)
        assert self._handler_coroutine is not None  # noqa: S101 - aiosmtpd has just made it
        self._handler_coroutine.add_done_callback(self._end)

    def connection_lost(self, error: Exception | None) -> None:
        """Stop serving them."""
        if not self._is_refused:
            super().connection_lost(error)

    def eof_received(self) -> bool | None:
        """Stop where they stop."""
        return False if self._is_refused else super().eof_received()

    def data_received(self, data: bytes) -> None:
        """Take bytes; while a mail comes, each of them is a sign of life."""
        if self._is_refused:
            return
        if self._takes_data:
            self._reset_timeout()
        super().data_received(data)

    def cut(self) -> None:
        """End the connection now, below TLS too: who is silent would let its farewell wait."""
        if self._wire is not None:
            self._wire.abort()
        if self._handler_coroutine is not None:
            # In the middle of a handshake nobody else would tell it.
            self._handler_coroutine.cancel()

    def _timeout_cb(self) -> None:
        self.cut()

    def _end(self, task: "asyncio.Task[None]") -> None:
        """Count the connection out once nobody serves it any more, whatever ended it."""
        if not task.cancelled() and task.exception() is not None:
            log.logger(__name__).info("smtp: %s", log.where(cast("BaseException", task.exception())))
        self._endpoint.leave(self, self._address)
        if self._deadline is not None:
            self._deadline.cancel()
        if self._timeout_handle is not None:
            self._timeout_handle.cancel()
        if self._wire is not None and not self._wire.is_closing():
            self._wire.close()

    def announced_bytes(self, envelope: Envelope) -> int:
        """Return the SIZE that came with MAIL, 0 where none did."""
        said = [option.partition("=")[2] for option in envelope.mail_options if option.upper().startswith("SIZE=")]
        return int(said[0]) if said and said[0].isdigit() else 0

    async def refuse_unknown(self) -> str:
        """Count a guess; after a few of them the connection ends, after more the address is banned."""
        self._unknown += 1
        self._endpoint.ground.guard.note_wrong(self._address)
        if self._unknown >= limits.MAIL_UNKNOWN_RECIPIENTS_MAX or self._endpoint.ground.guard.is_banned(self._address):
            log.logger(__name__).info("smtp: %s guessed %d addresses and was cut", self._address, self._unknown)
            self.loop.call_soon(self._close_softly)
            return "421 4.7.0 Too many unknown addresses"
        return _UNKNOWN

    async def smtp_AUTH(self, arg: str) -> None:  # noqa: N802 - named by aiosmtpd
        """Nobody signs in: the address is the secret."""
        del arg
        await self.push(_REFUSED)

    async def smtp_VRFY(self, arg: str) -> None:  # noqa: N802 - named by aiosmtpd
        """Addresses are told to nobody."""
        del arg
        await self.push(_REFUSED)

    async def smtp_EXPN(self, arg: str) -> None:  # noqa: N802 - named by aiosmtpd
        """The same."""
        del arg
        await self.push(_REFUSED)

    async def smtp_HELP(self, arg: str) -> None:  # noqa: N802 - named by aiosmtpd
        """No word about what runs here."""
        del arg
        await self.push(_REFUSED)

    async def smtp_DATA(self, arg: str | None) -> None:  # noqa: N802 - named by aiosmtpd
        """Stream one mail to the disk; aiosmtpd itself would hold it in memory, line by line."""
        if await self.check_helo_needed():
            return
        if not self.boxes or self.envelope is None:
            await self.push("503 5.5.1 Say RCPT first")
            return
        if arg:
            await self.push("501 5.5.4 DATA takes nothing behind it")
            return
        sender, boxes = self.envelope.mail_from or "", list(self.boxes.values())
        answer = await self._taken(sender, boxes)
        self._set_post_data_state()
        await self.push(answer)

    def _set_post_data_state(self) -> None:
        super()._set_post_data_state()  # type: ignore[no-untyped-call]  # aiosmtpd says no types here
        self.boxes = {}

    async def _taken(self, sender: str, boxes: list[Mailbox]) -> str:
        mail: Arrival | None
        try:
            mail = self._endpoint.store.begin(boxes[0], self._address)
        except OSError:
            return _FULL
        try:
            await self.push("354 End data with <CR><LF>.<CR><LF>")
            answer = await self._written(mail, min(limits.MAIL_SIZE_BYTES_MAX, *(box.bytes_max for box in boxes)))
            if answer is not None:
                return answer
            boxes = [box for box in boxes if self._endpoint.store.is_there(box)]
            if not boxes:
                return _UNKNOWN
            # Safe on the disk before it is said to be (250): the sender forgets it then. A connection that ends
            # meanwhile stops nothing; the sender brings the mail again, and it is told by its Message-ID.
            whole, mail = mail, None
            taken = asyncio.to_thread(self._endpoint.store.take, whole, boxes, sender, self._address)
            return f"250 2.0.0 Taken as {await asyncio.shield(taken)}"
        except OSError as error:
            log.logger(__name__).warning("smtp: a mail could not be stored: %s", log.where(error))
            return _FULL
        finally:
            if mail is not None:
                mail.close()

    async def _written(self, mail: Arrival, size_bytes_max: int) -> str | None:
        """Write what comes; return the answer where it is not to be kept."""
        size_bytes, fault = 0, None
        self._takes_data = True
        try:
            async for block in self._message():
                size_bytes += len(block)
                if size_bytes > limits.MAIL_DRAINED_BYTES_MAX:
                    self.cut()
                    return _TOO_LARGE
                if size_bytes > size_bytes_max:
                    # The answer waits for the end, where the sender reads it; what comes till then is dropped.
                    fault = fault or _TOO_LARGE
                    mail.close()
                elif fault is None:
                    try:
                        mail.write(block)
                    except OSError:
                        fault = _FULL
                        mail.close()
        finally:
            self._takes_data = False
        return fault

    async def _message(self) -> AsyncIterator[bytes]:
        """Yield a mail's bytes up to the dot that stands alone between two CRLF: no other line ends it (row 57)."""
        # A dot may stand on the very first line, so the line before it is put back for the search.
        buffer: bytearray = self._reader._buffer  # type: ignore[attr-defined]  # noqa: SLF001 - as aiosmtpd does
        buffer[:0] = b"\r\n"
        dots = mail_rules.Dots()
        while True:
            try:
                block = await self._reader.readuntil(_END)
            except asyncio.LimitOverrunError as error:
                yield dots.undone(await self._reader.read(error.consumed))
                continue
            yield dots.undone(block[:-3])
            yield dots.rest()
            return

    def _close_softly(self) -> None:
        if self.transport is not None:
            self.transport.close()


def _say_unexpected(loop: asyncio.AbstractEventLoop, context: dict[str, Any]) -> None:
    del loop
    error = context.get("exception")
    if error is not None and not isinstance(error, OSError):
        log.logger(__name__).info("smtp: %s", log.where(error))
