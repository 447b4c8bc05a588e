"""Lists, fetches and removes the mails of a mailbox over IMAP; IMAPClient is kept here."""

import contextlib
import imaplib
import re
import socket
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

import imapclient
from imapclient.exceptions import CapabilityError, IMAPClientError, LoginError

from engine.base import limits
from engine.base.errors import BadInput, Category, GiveUp, HandoffError, MendData, TryAgain
from engine.transfer import sentences, tls
from engine.transfer.imap_session import Line
from engine.transfer.names import shown
from engine.transfer.partials import Partial
from engine.transfer.resuming import Fetching
from engine.transfer.transport import Delivered, Fetched, Letter, NotFetched, OnBytes, Outgoing, Place, Steps
from engine.transfer.wire import Wire
from storage.records.connections import Secrets
from storage.records.files import HostKey, Listing, RemoteFile, Stage

TLS_FIRST_PORT = 993
"""Where TLS comes first; at every other port it is asked for with STARTTLS."""

_INBOX = "INBOX"
_NAME = re.compile(r"([1-9]\d{0,9})-([1-9]\d{0,9})\.eml")
_Result = TypeVar("_Result")


class ImapTransport:
    """The Transport of mailboxes: each mail is a file, named by what IMAP promises never to give twice.

    Nothing is marked as read, and what is listed does not depend on it.
    """

    def __init__(self, place: Place, secrets: Secrets) -> None:
        """Keep where and with what to sign in; nothing is opened yet."""
        self._place = place
        self._secrets = secrets

    def host_key(self) -> HostKey:
        """Return the digest of the server's certificate, for a person to compare and pin."""
        if self._place.is_plain:
            raise tls.no_certificate(self._place)
        box = _Mailbox(self._place, self._secrets, Steps())
        try:
            return box.certificate()
        finally:
            box.close()

    def test(self, folder: str, writes_to: str = "") -> tuple[Stage, ...]:
        """Try resolve, connect, certificate, sign in and list; answers to mail go by mail, so nothing is written."""
        del writes_to
        steps = Steps()
        try:
            with self._mailbox(steps, limits.LISTING_WAIT_S_MAX) as box:
                if folder:
                    steps.begin("list")
                    count = box.enter(folder)
                    steps.end(f"{shown(folder)} holds {'1 mail' if count == 1 else f'{count:,} mails'}.")
        except HandoffError as error:
            steps.fail(str(error))
        return tuple(steps.stages)

    def list_folder(self, folder: str) -> Listing:
        """List the mails of a mailbox folder as "<uidvalidity>-<uid>.eml", with size and time of arrival."""
        with self._mailbox(Steps(), limits.LISTING_WAIT_S_MAX) as box:
            box.enter(folder)
            return Listing(files=tuple(box.messages()), not_taken=())

    def fetch(
        self, folder: str, names: Sequence[str], target: Path, partial: Path, on_bytes: OnBytes
    ) -> tuple[Fetched | NotFetched, ...]:
        """Fetch raw mails into target as 0.data, 1.data, ...; a cut connection is opened again and goes on."""
        return Fetching(folder, names, target, partial, on_bytes).run(
            lambda: self._mailbox(Steps(), limits.FETCH_WAIT_S_MAX)
        )

    def sample(self, folder: str, name: str, target: Path) -> Fetched:
        """Fetch the first SNIFF_BYTES of one mail into target as 0.data."""
        with self._mailbox(Steps(), limits.SAMPLE_WAIT_S_MAX) as box:
            box.enter(folder)
            found = box.look(name)
            part = Partial(target, folder, name, limits.SNIFF_BYTES, None)
            try:
                part.add(box.chunk(name, 0, limits.SNIFF_BYTES))
                digest = part.finish()
            except BaseException:
                part.remove()
                raise
        part.path.rename(target / "0.data")
        return Fetched(name, found.size_bytes, found.changed_at, digest, "0.data")

    def deliver(
        self, folder: str, files: Sequence[Outgoing], letter: Letter, on_bytes: OnBytes
    ) -> tuple[Delivered, ...]:
        """Nothing is delivered into a mailbox.

        Raises:
            GiveUp: Always.
        """
        del folder, files, letter, on_bytes
        raise GiveUp("A mailbox takes no files; set a return e-mail address for answers.", Category.INPUT)

    def remove(self, folder: str, names: Sequence[str]) -> tuple[str, ...]:
        """Remove mails, and no others that somebody may have marked for removal; return those that are gone now."""
        with self._mailbox(Steps(), limits.REMOVE_WAIT_S_MAX) as box:
            box.enter(folder, is_changing=True)
            return box.remove(names)

    @contextmanager
    def _mailbox(self, steps: Steps, wait_s: float) -> "Iterator[_Mailbox]":
        box = _Mailbox(self._place, self._secrets, steps)
        try:
            box.start()
            with box.wire.cut_after(wait_s):
                yield box
        finally:
            box.close()


class _Client(imapclient.IMAPClient):  # type: ignore[misc]  # it comes without types
    """IMAPClient over a line of ours."""

    def __init__(self, place: Place, dial: Callable[[], socket.socket]) -> None:
        self._dial = dial
        super().__init__(place.host, place.port, ssl=False, timeout=limits.TRANSFER_SILENCE_S_MAX)
        self.normalise_times = False

    def _create_IMAP4(self) -> Line:  # noqa: N802 - IMAPClient's own name
        self.line = Line(self.host, self.port, self._dial)
        return self.line


class _Mailbox:
    """One signed-in session; each refusal is told in a sentence."""

    def __init__(self, place: Place, secrets: Secrets, steps: Steps) -> None:
        self.wire = Wire(place, steps)
        self._place = place
        self._secrets = secrets
        self._client: Any = None
        self._validity = 0

    def start(self) -> None:
        """Connect, prove who the server is, and sign in."""
        steps = self.wire.steps
        self._greet(is_asking=False)
        if not self._place.is_plain:
            steps.end("The server shows a certificate that is trusted.")
        steps.begin("sign in")
        self._asked(self._sign_in, "to sign in", limits.CONNECT_WAIT_S_MAX)
        steps.end(f"Signed in as {shown(self._place.username)}.")

    def certificate(self) -> HostKey:
        """Return the certificate's digest, whoever signed it; nobody signs in."""
        self._greet(is_asking=True)
        return tls.certificate(self._client.socket())

    def close(self) -> None:
        """End without waiting."""
        if self._client is not None:
            with contextlib.suppress(OSError, IMAPClientError, imaplib.IMAP4.error):
                self._client.shutdown()
        self.wire.close()

    def _greet(self, *, is_asking: bool) -> None:
        opened = self.wire.connect()
        self.wire.steps.begin("sign in" if self._place.is_plain else "certificate")
        doing = "to greet" if self._place.is_plain else "to show its certificate"
        context = None if self._place.is_plain else tls.Context(self._place, self.wire.keep, is_asking=is_asking)

        def dial() -> socket.socket:
            is_first = context is not None and self._place.port == TLS_FIRST_PORT
            return context.wrap_socket(opened) if context and is_first else opened

        def greet() -> None:
            try:
                self._client = _Client(self._place, dial)
            except imaplib.IMAP4.abort as error:
                if not str(error).startswith("unexpected response"):
                    raise
                raise _not_imap(self._place) from None
            except imaplib.IMAP4.error:
                raise _not_imap(self._place) from None
            if context and self._place.port != TLS_FIRST_PORT:
                try:
                    self._client.starttls(context)
                except (CapabilityError, imaplib.IMAP4.error):
                    raise tls.no_tls(self._place) from None

        self._asked(greet, doing, limits.CONNECT_WAIT_S_MAX)

    def _sign_in(self) -> None:
        username, password = self._place.username, self._secrets.password or ""
        if any(mark in username + password for mark in "\r\n\0"):
            raise BadInput("User name and password cannot hold a line break; enter them again.", "password")
        try:
            if self._client.has_capability("AUTH=PLAIN"):
                self._client.plain_login(username, password)
            elif self._client.has_capability("LOGINDISABLED"):
                raise GiveUp(
                    f"{sentences.at(self._place)} takes no passwords over this connection; use TLS.",
                    Category.NETWORK,
                )
            else:
                self._client.login(_quoted(username), password)
        except LoginError as error:
            if isinstance(error.__context__, imaplib.IMAP4.abort):
                raise self.wire.lost("to sign in") from None
            if re.search(r"\[(UNAVAILABLE|INUSE|LIMIT)\]", str(error)):
                raise TryAgain(
                    f"{sentences.at(self._place)} is not ready to sign anybody in; the next run tries again.",
                    Category.OTHER,
                ) from None
            raise sentences.sign_in_refused(self._place, "password") from None

    def enter(self, folder: str, *, is_changing: bool = False) -> int:
        """Open a folder, to look only unless something is to be changed, and return how many mails it holds."""

        def select() -> dict[bytes, Any]:
            try:
                chosen: dict[bytes, Any] = self._client.select_folder(self._there(folder), readonly=not is_changing)
            except (imaplib.IMAP4.abort, imaplib.IMAP4.readonly):
                raise
            except imaplib.IMAP4.error as error:
                raise self._no_folder(folder, str(error)) from None
            return chosen

        said = self._asked(select, "to open a folder")
        self._validity = int(said.get(b"UIDVALIDITY", 0))
        if not self._validity:
            raise GiveUp(
                f"{sentences.at(self._place)} gives its mails no lasting numbers, so they cannot be told apart; "
                "ask whoever runs it for UIDVALIDITY.",
                Category.FOLDER,
            )
        return int(said.get(b"EXISTS", 0))

    def _there(self, folder: str) -> str:
        """Write a folder as the server does: a person writes / between its parts whatever the server uses."""
        parts = [part for part in folder.split("/") if part] or [_INBOX]
        if len(parts) == 1:
            return parts[0]
        [(_, delimiter, _), *_] = self._client.list_folders("", "") or [((), b"/", "")]
        return (delimiter or b"/").decode("ascii", "replace").join(parts)

    def _no_folder(self, folder: str, said: str) -> HandoffError:
        if re.search(r"permission|NOPERM|denied", said, re.IGNORECASE):
            return sentences.may_not_list(self._place, folder)
        return sentences.no_folder(folder)

    def messages(self) -> Iterator[RemoteFile]:
        """Give the mails of the folder entered that nobody has marked for removal, the oldest first."""
        uids = sorted(self._asked(lambda: self._client.search(["UNDELETED"]), "to list its mails"))
        if len(uids) > limits.LISTED_FILES_MAX:
            raise sentences.too_many_names(_INBOX)
        for start in range(0, len(uids), limits.IMAP_MESSAGES_AT_ONCE_MAX):
            some = uids[start : start + limits.IMAP_MESSAGES_AT_ONCE_MAX]
            said = self._facts(some)
            for uid in some:
                if uid in said:  # else it was removed meanwhile
                    yield _file(f"{self._validity}-{uid}.eml", said[uid])

    def look(self, name: str) -> RemoteFile:
        """Return what the server says of one mail of the folder entered."""
        uid = self._uid(name)
        said = self._facts([uid]).get(uid) if uid else None
        if said is None:
            raise sentences.file_gone(name)
        found = _file(name, said)
        if found.size_bytes > limits.MAIL_SIZE_BYTES_MAX:
            raise too_large(name, found.size_bytes)
        return found

    def _facts(self, uids: Sequence[int]) -> dict[int, dict[bytes, Any]]:
        found: dict[int, dict[bytes, Any]] = self._asked(
            lambda: self._client.fetch(uids, ["RFC822.SIZE", "INTERNALDATE"]), "to list its mails"
        )
        return {uid: said for uid, said in found.items() if b"RFC822.SIZE" in said}

    def _uid(self, name: str) -> int | None:
        """Return a mail's number; None where the folder has been made anew since, so that the number means nothing."""
        fits = _NAME.fullmatch(name)
        return int(fits[2]) if fits and int(fits[1]) == self._validity else None

    def copy(self, name: str, size_bytes: int, part: Partial, count: Callable[[int], None]) -> bool:
        """Append what is missing.

        Where the mail ends is told by the server's last part, which is asked for: the size that servers name is
        off with some of them (line ends counted otherwise), and a mail is small enough for that.
        """
        while True:
            block = self.chunk(name, part.size_bytes, limits.IMAP_CHUNK_BYTES)
            part.add(block)
            count(len(block))
            if part.size_bytes > limits.MAIL_SIZE_BYTES_MAX:
                raise too_large(name, part.size_bytes)
            is_end = len(block) < limits.IMAP_CHUNK_BYTES
            if is_end and (part.size_bytes == size_bytes or not block):
                return False

    def chunk(self, name: str, offset: int, size_bytes: int) -> bytes:
        """Return a part of a raw mail, fewer bytes only at its end; it is not marked as read."""
        uid = self._uid(name)
        if uid is None:
            raise sentences.file_gone(name)
        said = self._asked(
            lambda: self._client.fetch([uid], [f"BODY.PEEK[]<{offset}.{size_bytes}>"]), f"for {shown(name)}"
        )
        if uid not in said:
            raise sentences.file_gone(name)
        for key, value in said[uid].items():
            if key.startswith(b"BODY[]"):
                return bytes(value or b"")
        raise sentences.refused(self._place, name, "no such part")

    def remove(self, names: Sequence[str]) -> tuple[str, ...]:
        """Mark mails as deleted, and expunge just them where the server can; else they stay, marked and unlisted."""
        uids = [uid for name in names if (uid := self._uid(name))]
        for start in range(0, len(uids), limits.IMAP_MESSAGES_AT_ONCE_MAX):
            self._remove(uids[start : start + limits.IMAP_MESSAGES_AT_ONCE_MAX])
        return tuple(names)

    def _remove(self, uids: Sequence[int]) -> None:
        self._asked(lambda: self._client.delete_messages(uids, silent=True), "to remove mails")
        with contextlib.suppress(CapabilityError):
            self._asked(lambda: self._client.uid_expunge(uids), "to remove mails")

    def _asked(self, ask: Callable[[], _Result], doing: str, wait_s: float | None = None) -> _Result:
        """Ask within a time; translate what the network and the server say."""
        if self._client is not None:
            self._client.line.allow_answer()
        with self.wire.stage(doing, wait_s or limits.TRANSFER_SILENCE_S_MAX):
            try:
                return ask()
            except CapabilityError:
                raise
            except imaplib.IMAP4.readonly:
                raise GiveUp(
                    f"{shown(self._place.username)} may not change the mailbox; ask the partner for the right to.",
                    Category.FOLDER,
                ) from None
            except imaplib.IMAP4.abort:
                raise self.wire.lost(doing) from None
            except imaplib.IMAP4.error as error:
                raise sentences.refused(self._place, doing, str(error)) from None


def _file(name: str, said: dict[bytes, Any]) -> RemoteFile:
    came_at = said.get(b"INTERNALDATE")
    is_time = isinstance(came_at, datetime) and came_at.tzinfo is not None
    changed_at = came_at.astimezone(UTC).replace(tzinfo=None) if came_at is not None and is_time else None
    return RemoteFile(name, int(said[b"RFC822.SIZE"]), changed_at)


def _quoted(text: str) -> str:
    """Return a user name as IMAP wants it; imaplib quotes passwords alone."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def too_large(name: str, size_bytes: int) -> MendData:
    """Say that a mail is beyond the limit."""
    return MendData(
        f"The mail {shown(name)} has {size_bytes:,} bytes, more than the {limits.MAIL_SIZE_BYTES_MAX:,} "
        "that are taken; ask the sender to split it or to use SFTP."
    )


def _not_imap(place: Place) -> GiveUp:
    return GiveUp(f"{sentences.at(place)} answers, but not as an IMAP server; check the port.", Category.NETWORK)
