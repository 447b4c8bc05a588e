"""One FTP session over ftplib: TLS on both channels, passive only, each answer within its time and size."""

import ftplib
import re
import socket
import ssl
from collections.abc import Iterator
from contextlib import contextmanager, suppress

from engine.base import limits
from engine.base.errors import BadInput, Category, GiveUp, HandoffError, MendCredentials, TryAgain
from engine.transfer import sentences, tls
from engine.transfer.fetching import Lost
from engine.transfer.names import shown
from engine.transfer.transport import Place, Steps
from engine.transfer.wire import Wire
from storage.records.connections import Secrets
from storage.records.files import HostKey

IMPLICIT_TLS_PORT = 990
"""Where TLS begins with the first byte; at every other port it is asked for with AUTH TLS."""

_NOT_KNOWN_THERE = ("500", "501", "502", "504")
_CUT = ("421", "425", "426")
_BUSY = ("450", "451", "452")
_MISSING = "550"
_ANSWER_LINES_MAX = 1_000


class Session(ftplib.FTP_TLS):
    """ftplib's session, with our sockets, our certificate check and bounded answers."""

    def __init__(self, place: Place, secrets: Secrets, steps: Steps) -> None:
        """Keep where and with what to sign in; nothing is opened yet."""
        self.wire = Wire(place, steps)
        self._place = place
        self._secrets = secrets
        self._tls: tls.Context | None = None
        self.features: frozenset[str] = frozenset()
        super().__init__(context=None if place.is_plain else self._context(), timeout=limits.TRANSFER_SILENCE_S_MAX)

    def _context(self, *, is_asking: bool = False) -> tls.Context:
        self._tls = tls.Context(self._place, self.wire.keep, is_asking=is_asking)
        return self._tls

    def start(self) -> None:
        """Connect, prove who the server is, and sign in.

        Raises:
            MendCredentials: The certificate is not trusted, or the user name or password was refused.
            TryAgain, GiveUp: Not reached, too slow, no FTP server, no TLS.
        """
        steps = self.wire.steps
        self._greet()
        if self._tls:
            steps.end("The server shows a certificate that is trusted.")
        steps.begin("sign in")
        with self.wire.stage("to sign in", limits.CONNECT_WAIT_S_MAX):
            self._sign_in()
            self._settle()
        steps.end(f"Signed in as {shown(self._place.username)}.")

    def certificate(self) -> HostKey:
        """Return the digest of the certificate that the server shows, whoever signed it; nobody signs in."""
        if self._place.is_plain:
            raise tls.no_certificate(self._place)
        self._context(is_asking=True)
        self._greet()
        assert isinstance(self.sock, ssl.SSLSocket)  # noqa: S101 - for the type checker; _greet has wrapped it
        return tls.certificate(self.sock)

    def _greet(self) -> None:
        opened: socket.socket = self.wire.connect()
        self.wire.steps.begin("certificate" if self._tls else "sign in")
        doing = "to show its certificate" if self._tls else "to greet"
        with self.wire.stage(doing, limits.CONNECT_WAIT_S_MAX):
            self.host = self._place.host
            self.af = opened.family
            is_implicit = self._tls is not None and self._place.port == IMPLICIT_TLS_PORT
            self._talk_over(self._tls.wrap_socket(opened) if self._tls and is_implicit else opened)
            try:
                self.welcome = self.getresp()
            except ftplib.error_temp as error:
                raise refusal(self._place, error, "signing in") from None
            except ftplib.Error:
                raise _not_ftp(self._place) from None
            if self._tls and not is_implicit:
                try:
                    self.voidcmd("AUTH TLS")
                except ftplib.Error:
                    raise tls.no_tls(self._place) from None
                self._talk_over(self._tls.wrap_socket(opened))

    def _talk_over(self, opened: socket.socket) -> None:
        """Read answers from this socket from now on; what came before on another one is forgotten."""
        self.sock = opened
        self.file = opened.makefile("r", encoding=self.encoding, errors="surrogateescape")

    def _sign_in(self) -> None:
        password = self._secrets.password or ""
        if any(mark in self._place.username + password for mark in "\r\n\0"):
            raise BadInput("User name and password cannot hold a line break; enter them again.", "password")
        try:
            answer = self.sendcmd(f"USER {self._place.username}")
            if answer.startswith("3"):
                answer = self.sendcmd(f"PASS {password}")
        except ftplib.error_perm as error:
            if str(error)[:3] in ("530", "532", "535"):
                raise sentences.sign_in_refused(self._place, "password") from None
            if self._tls is None and re.search(r"\b(SSL|TLS)\b", str(error)):
                raise GiveUp(
                    f"{sentences.at(self._place)} lets nobody sign in without TLS; turn Plain FTP off.",
                    Category.NETWORK,
                ) from None
            raise refusal(self._place, error, "signing in") from None
        except ftplib.Error as error:
            raise refusal(self._place, error, "signing in") from None
        if not answer.startswith("2"):
            raise MendCredentials(
                f"{sentences.at(self._place)} asks {shown(self._place.username)} for more than a password, "
                "which Handoff cannot give; ask the partner for a plain account."
            )

    def _settle(self) -> None:
        """Encrypt the data connections, learn what the server can do, speak UTF-8 and bytes."""
        if self._tls:
            try:
                self.prot_p()
            except ftplib.Error:
                raise GiveUp(
                    f"{sentences.at(self._place)} does not encrypt its data connections; "
                    "ask whoever runs it to allow PROT P.",
                    Category.NETWORK,
                ) from None
        with suppress(ftplib.Error):
            lines = self.sendcmd("FEAT").splitlines()[1:]
            self.features = frozenset(line.strip().partition(" ")[0].upper() for line in lines)
        if "UTF8" in self.features:
            with suppress(ftplib.Error):
                self.sendcmd("OPTS UTF8 ON")
        with suppress(ftplib.Error):
            self.voidcmd("TYPE I")

    def getmultiline(self) -> str:
        """Read one answer, of a bounded number of lines."""
        line = self.getline()
        if not line[:3].isdecimal():  # "SSH-2.0-..." would look like the first of many lines
            raise ftplib.error_proto(line)  # noqa: S321 - an error of its
        lines = [line]
        if line[3:4] == "-":
            code = line[:3]
            while lines[-1][:3] != code or lines[-1][3:4] == "-":
                if len(lines) >= _ANSWER_LINES_MAX:
                    raise _not_ftp(self._place)
                lines.append(self.getline())
        return "\n".join(lines)

    def ntransfercmd(self, cmd: str, rest: int | str | None = None) -> tuple[socket.socket, int | None]:
        """Open a data connection to the address that was checked, and encrypt it as the session that is up."""
        _, port = self.makepasv()
        data = self.wire.connect_beside(port)
        try:
            if rest:
                self.sendcmd(f"REST {rest}")
            answer = self.sendcmd(cmd)
            if answer.startswith("2"):  # some servers say 200 first; ftplib forgives that too
                answer = self.getresp()
            if not answer.startswith("1"):
                raise ftplib.error_reply(answer)  # noqa: S321, TRY301 - an error of its, closed as any other failure
            if self._tls:
                control = self.sock
                session = control.session if isinstance(control, ssl.SSLSocket) else None
                data = self._tls.wrap_socket(data, session=session)
        except BaseException:
            data.close()
            raise
        return data, None

    def read_lines(self, command: str, lines_max: int, too_many: HandoffError) -> list[bytes]:
        """Return the lines of a listing; each a name's worth of bytes, as they came."""
        data = self.transfercmd(command)
        found: list[bytes] = []
        with data, data.makefile("rb") as lines:
            while line := lines.readline(limits.FTP_LINE_BYTES_MAX + 1):
                if len(line) > limits.FTP_LINE_BYTES_MAX or len(found) >= lines_max:
                    raise too_many
                found.append(line.rstrip(b"\r\n"))
        self.voidresp()
        return found

    def end_data(self, data: socket.socket) -> None:
        """Say the end of an upload, also to servers that want it said in TLS."""
        if isinstance(data, ssl.SSLSocket):
            data.settimeout(limits.CLOSE_WAIT_S_MAX)
            with suppress(OSError, ValueError):
                data.unwrap()
        data.close()

    def close(self) -> None:
        """End without waiting: whatever was worth an answer has had one."""
        with suppress(OSError, EOFError):
            super().close()
        self.wire.close()

    @contextmanager
    def asking(self, doing: str, what: str, wait_s: float | None = None) -> Iterator[None]:
        """Bound one exchange; a refusal becomes a sentence about `what`."""
        with self.wire.stage(doing, wait_s or limits.TRANSFER_SILENCE_S_MAX):
            try:
                yield
            except ftplib.Error as error:
                raise refusal(self._place, error, what) from None


def is_unknown_command(error: ftplib.Error) -> bool:
    """Whether the server does not know what it was asked."""
    return str(error)[:3] in _NOT_KNOWN_THERE


def is_missing(error: ftplib.Error) -> bool:
    """Whether the server says that there is no such file, or that it may not be used: FTP has one code for both."""
    return str(error)[:3] == _MISSING


def says_no_permission(error: ftplib.Error) -> bool:
    """Whether the words of a 550 speak of permission."""
    return re.search(r"permi|denied|not allowed|privilege", str(error), re.IGNORECASE) is not None


def refusal(place: Place, error: ftplib.Error, what: str) -> HandoffError:
    """Any other answer, in the server's own words."""
    said = shown(re.sub(r"\s+", " ", str(error)).strip()).rstrip(".")
    if said[:3] in _CUT:
        return Lost(f"{sentences.at(place)} cut the connection and says: {said}; the next run tries again.")
    if isinstance(error, ftplib.error_temp) or said[:3] in _BUSY:
        return TryAgain(
            f"{sentences.at(place)} is not ready for {shown(what)}: {said}; the next run tries again.",
            Category.OTHER,
        )
    return sentences.refused(place, what, said)


def _not_ftp(place: Place) -> GiveUp:
    return GiveUp(f"{sentences.at(place)} answers, but not as an FTP server; check the port.", Category.NETWORK)
