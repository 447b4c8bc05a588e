"""Sends one mail with files as attachments through a mail server, and says for each recipient what became of it."""

import smtplib
import ssl
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import UTC
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from pathlib import Path
from typing import TypeVar

from engine.base import clock, limits
from engine.base.errors import BadInput, Category, GiveUp, HandoffError, MendData, TryAgain, Unconfirmed
from engine.transfer import sentences, tls
from engine.transfer.names import shown
from engine.transfer.partials import counted
from engine.transfer.transport import Delivered, Fetched, Letter, NotFetched, OnBytes, Outgoing, Place, Steps
from engine.transfer.wire import Wire
from storage.records.connections import Secrets
from storage.records.files import HostKey, Listing, Stage

TLS_FIRST_PORT = 465
"""Where TLS comes first unless the place says otherwise; at every other port it is asked for with STARTTLS."""

_READY = 220
_DONE = 250
_TAKEN = (250, 251, 252)
_GO_ON = 354
_PASSING = range(400, 500)
_BLOCK_BYTES = 64 * 1024
_Result = TypeVar("_Result")


class SmtpTransport:
    """The Transport of mail that we send; a mail server has nothing to list or to fetch."""

    def __init__(self, place: Place, secrets: Secrets) -> None:
        """Keep where and with what to sign in; nothing is opened yet. Without a user name nobody signs in."""
        self._place = place
        self._secrets = secrets

    def host_key(self) -> HostKey:
        """Return the digest of the server's certificate, for a person to compare and pin."""
        if self._place.is_plain:
            raise tls.no_certificate(self._place)
        server = _Server(self._place, self._secrets, Steps())
        try:
            return server.certificate()
        finally:
            server.close()

    def test(self, folder: str, writes_to: str = "") -> tuple[Stage, ...]:
        """Try resolve, connect, certificate and sign in; no mail is sent."""
        del folder, writes_to
        steps = Steps()
        try:
            with self._server(steps):
                pass
        except HandoffError as error:
            steps.fail(str(error))
        return tuple(steps.stages)

    def list_folder(self, folder: str) -> Listing:
        """Nothing can be listed.

        Raises:
            GiveUp: Always.
        """
        del folder
        raise _sends_only(self._place)

    def fetch(
        self, folder: str, names: Sequence[str], target: Path, partial: Path, on_bytes: OnBytes
    ) -> tuple[Fetched | NotFetched, ...]:
        """Nothing can be fetched.

        Raises:
            GiveUp: Always.
        """
        del folder, names, target, partial, on_bytes
        raise _sends_only(self._place)

    def sample(self, folder: str, name: str, target: Path) -> Fetched:
        """Nothing can be fetched.

        Raises:
            GiveUp: Always.
        """
        del folder, name, target
        raise _sends_only(self._place)

    def remove(self, folder: str, names: Sequence[str]) -> tuple[str, ...]:
        """Nothing can be removed.

        Raises:
            GiveUp: Always.
        """
        del folder, names
        raise _sends_only(self._place)

    def deliver(
        self, folder: str, files: Sequence[Outgoing], letter: Letter, on_bytes: OnBytes
    ) -> tuple[Delivered, ...]:
        """Send one mail with all files to all recipients.

        Recipients that the server refuses are named in each file's note, as long as it takes one of them.

        Raises:
            BadInput: The letter has no recipient, or an address that cannot be one.
            MendData: The mail is larger than is sent, or than the server takes.
            MendCredentials: The sign-in or the certificate.
            GiveUp: Every recipient, the sender or the content was refused for good.
            TryAgain: Not reached or refused for now.
            Unconfirmed: The line was cut after the content, so that nobody knows whether the mail was taken: the same
                Message-ID then tells a second one apart.
        """
        del folder
        _check(letter)
        content = _composed(files, letter)
        with self._server(Steps()) as server, server.wire.cut_after(limits.MAIL_SEND_WAIT_S_MAX):
            refused = server.send(letter, content, counted(on_bytes, len(content)))
        note = "; ".join(f"not taken for {shown(address)}: {shown(said)}" for address, said in refused.items())
        return tuple(Delivered(file.name, file.path.stat().st_size, note) for file in files)

    @contextmanager
    def _server(self, steps: Steps) -> "Iterator[_Server]":
        server = _Server(self._place, self._secrets, steps)
        try:
            server.start()
            yield server
        finally:
            server.close()


class _Server:
    """One session with a mail server."""

    def __init__(self, place: Place, secrets: Secrets, steps: Steps) -> None:
        self.wire = Wire(place, steps)
        self._place = place
        self._secrets = secrets
        # A name of our own is given, because smtplib would look this machine's up in the name service.
        self._client = smtplib.SMTP(local_hostname="[127.0.0.1]", timeout=limits.TRANSFER_SILENCE_S_MAX)

    def start(self) -> None:
        """Connect, prove who the server is, and sign in where there is a user name."""
        steps = self.wire.steps
        self._greet(is_asking=False)
        if not self._place.is_plain:
            steps.end("The server shows a certificate that is trusted.")
        steps.begin("sign in")
        self._asked(self._sign_in, "to sign in", limits.CONNECT_WAIT_S_MAX)
        who = shown(self._place.username)
        steps.end(f"Signed in as {who}." if who else "The server takes mail without a sign-in.")

    def certificate(self) -> HostKey:
        """Return the certificate's digest, whoever signed it; nobody signs in."""
        self._greet(is_asking=True)
        assert isinstance(self._client.sock, ssl.SSLSocket)  # noqa: S101 - for the type checker; it was wrapped
        return tls.certificate(self._client.sock)

    def close(self) -> None:
        """End without waiting."""
        with suppress(OSError):
            self._client.close()
        self.wire.close()

    def _greet(self, *, is_asking: bool) -> None:
        place = self._place
        opened = self.wire.connect()
        self.wire.steps.begin("sign in" if place.is_plain else "certificate")
        context = None if place.is_plain else tls.Context(place, self.wire.keep, is_asking=is_asking)
        is_first = place.security == "tls" or (not place.security and place.port == TLS_FIRST_PORT)

        def greet() -> None:
            self._client.sock = context.wrap_socket(opened) if context and is_first else opened
            code, said = self._client.getreply()
            if code != _READY:
                raise _not_ready(place, code, said)
            self._client.ehlo_or_helo_if_needed()
            if context and not is_first:
                try:
                    self._client.starttls(context=context)
                except (smtplib.SMTPNotSupportedError, smtplib.SMTPResponseException):
                    raise tls.no_tls(place) from None
                self._client.ehlo_or_helo_if_needed()

        self._asked(greet, "to greet" if place.is_plain else "to show its certificate", limits.CONNECT_WAIT_S_MAX)

    def _sign_in(self) -> None:
        if not self._place.username:
            return
        try:
            self._client.login(self._place.username, self._secrets.password or "")
        except smtplib.SMTPAuthenticationError as error:
            if error.smtp_code in _PASSING:
                raise _refused(self._place, "the sign-in", error.smtp_code, error.smtp_error) from None
            raise sentences.sign_in_refused(self._place, "password") from None
        except (smtplib.SMTPNotSupportedError, UnicodeError):
            raise GiveUp(
                f"{sentences.at(self._place)} offers no way to sign in that is known here; "
                "ask whoever runs it to offer AUTH PLAIN or LOGIN.",
                Category.NETWORK,
            ) from None

    def send(self, letter: Letter, content: bytes, count: Callable[[int], None]) -> dict[str, str]:
        """Send one mail, and return the recipients that were refused with what the server said."""
        most = self._client.esmtp_features.get("size", "")
        if most.isdecimal() and 0 < int(most) < len(content):
            raise _too_large(len(content), int(most), sentences.at(self._place))
        options = [f"size={len(content)}"] if self._client.has_extn("size") else []
        code, said = self._asked(lambda: self._client.mail(letter.sender, options), "to take a sender")
        if code != _DONE:
            raise _refused(self._place, f"the sender {letter.sender}", code, said)
        refused: dict[str, tuple[int, bytes]] = {}
        for recipient in letter.recipients:
            code, said = self._asked(lambda to=recipient: self._client.rcpt(to), "to take a recipient")  # type: ignore[misc]
            if code not in _TAKEN:
                refused[recipient] = (code, said)
        if len(refused) == len(letter.recipients):
            address, (code, said) = next(iter(refused.items()))
            raise _refused(self._place, f"mail for {address}", code, said)
        code, said = self._asked(lambda: self._client.docmd("DATA"), "to take a mail")
        if code != _GO_ON:
            raise _refused(self._place, "the mail", code, said)
        code, said = self._poured(content, count)
        if code != _DONE:
            raise _refused(self._place, "the mail", code, said)
        return {address: said.decode("utf-8", "replace") for address, (_, said) in refused.items()}

    def _poured(self, content: bytes, count: Callable[[int], None]) -> tuple[int, bytes]:
        """Send the content, and wait for the word that it was taken."""
        assert self._client.sock is not None  # noqa: S101 - for the type checker; the session is up
        stuffed = content.replace(b"\r\n.", b"\r\n..")
        try:
            for start in range(0, len(stuffed), _BLOCK_BYTES):
                block = stuffed[start : start + _BLOCK_BYTES]
                self._client.sock.sendall(block)
                count(min(len(block), max(len(content) - start, 0)))
        except OSError as error:
            raise self.wire.told(error, "to take a mail") from None
        try:
            self._client.sock.settimeout(limits.MAIL_SEND_WAIT_S_MAX)  # a server may look for viruses first
            self._client.sock.sendall(b".\r\n")
            return self._client.getreply()
        except OSError:  # what smtplib raises where the server hangs up is one
            raise Unconfirmed(
                f"{sentences.at(self._place)} was gone before it said whether it took the mail, which may have "
                "arrived all the same; the next try has the same Message-ID."
            ) from None

    def _asked(self, ask: Callable[[], _Result], doing: str, wait_s: float | None = None) -> _Result:
        """Ask within a time; translate what the network and the server say."""
        with self.wire.stage(doing, wait_s or limits.TRANSFER_SILENCE_S_MAX):
            try:
                return ask()
            except smtplib.SMTPServerDisconnected as error:
                # smtplib says it also of its own time-out, which it keeps as the context
                raise self.wire.told(error.__context__ or error, doing) from None  # type: ignore[arg-type]
            except (smtplib.SMTPHeloError, smtplib.SMTPResponseException) as error:
                raise _refused(self._place, "the sign-in", error.smtp_code, error.smtp_error) from None
            except smtplib.SMTPException:
                raise self.wire.lost(doing) from None


def _composed(files: Sequence[Outgoing], letter: Letter) -> bytes:
    """Return the mail as it goes over the line; names beyond ASCII are written as RFC 2231 says."""
    total = sum(file.path.stat().st_size for file in files) * 4 // 3
    if total > limits.MAIL_SIZE_BYTES_MAX:
        raise _too_large(total, limits.MAIL_SIZE_BYTES_MAX, "Handoff")
    mail = EmailMessage(policy=SMTP)
    mail["From"] = letter.sender
    mail["To"] = ", ".join(letter.recipients)
    mail["Subject"] = letter.subject
    mail["Date"] = format_datetime(clock.now().replace(tzinfo=UTC))
    mail["Message-ID"] = letter.message_id
    mail["Auto-Submitted"] = "auto-generated"  # so that nobody's out-of-office answers it (RFC 3834)
    mail.set_content(letter.text or "The files are attached.\n")
    for file in files:
        mail.add_attachment(file.path.read_bytes(), maintype="application", subtype="octet-stream", filename=file.name)
    content = mail.as_bytes()
    return content if content.endswith(b"\r\n") else content + b"\r\n"


def _check(letter: Letter) -> None:
    if not letter.recipients:
        raise BadInput("Enter at least one recipient.", "recipients")
    for address in (letter.sender, *letter.recipients):
        if address.count("@") != 1 or not address.isascii() or any(mark in address for mark in "\r\n\0<> ,"):
            raise BadInput(f"{shown(address)} is no e-mail address that mail can be sent to; correct it.", "recipients")
    if any(mark in letter.subject + letter.message_id for mark in "\r\n\0"):
        raise BadInput("The subject has to be one line; correct it.", "subject")
    if not letter.message_id:
        raise GiveUp("A mail without a Message-ID cannot be told from a second one; this is a fault of Handoff.")


def _refused(place: Place, what: str, code: int, said: bytes | str) -> HandoffError:
    words = said.decode("utf-8", "replace") if isinstance(said, bytes) else said
    at = sentences.at(place)
    if code in _PASSING or code < 0:
        return TryAgain(
            f"{at} does not take {shown(what)} now and says: {shown(f'{code} {words}')}; it is tried again later.",
            Category.OTHER,
        )
    return GiveUp(
        f"{at} refused {shown(what)} and says: {shown(f'{code} {words}')}; correct it and send again.", Category.OTHER
    )


def _not_ready(place: Place, code: int, said: bytes) -> HandoffError:
    if code in _PASSING or code // 100 == 5:  # noqa: PLR2004 - the first digit of a refusal
        return _refused(place, "our connection", code, said)
    return GiveUp(f"{sentences.at(place)} answers, but not as a mail server; check the port.", Category.NETWORK)


def _too_large(size_bytes: int, most_bytes: int, who: str) -> MendData:
    return MendData(
        f"The mail would have {size_bytes:,} bytes, more than the {most_bytes:,} that {who} takes; "
        "send the files by SFTP, or in parts."
    )


def _sends_only(place: Place) -> GiveUp:
    return GiveUp(f"{sentences.at(place)} is used to send mail, and has no folder to look into.", Category.INPUT)
