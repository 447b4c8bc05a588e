"""One FTP session: TLS before a name is said, a login, a jail, and only the commands that a partner needs."""

import contextlib
import os
import socket
import sys
from typing import Any, Protocol

from OpenSSL import SSL

from engine.base import limits, log
from engine.endpoints.ftp_data import PassivePort, Transfer, say_exception
from engine.endpoints.ftp_jail import Incoming, JailedFiles
from engine.endpoints.ftp_library import AgainLater, Control, WrongLogin
from engine.endpoints.ftp_waiting import Line, Waiting
from engine.endpoints.ground import Ground
from engine.endpoints.jail import Jail
from engine.endpoints.uploads import Upload
from storage.records.boxes import Account

PROTOCOL = "ftp"
# Modes and times of files are ours (row 45); a name that we make up helps nobody who waits for a receipt.
_NOT_OFFERED = ("MFMT", "SITE CHMOD", "SITE HELP", "STOU")
_TRANSFERS = ("APPE", "LIST", "MLSD", "NLST", "RETR", "STOR")
_TELNET = b"\xff\xf4\xf2"
_LOOK_INTERVAL_S = 1.0


class Endpoint(Protocol):
    """What a session needs of the endpoint that it belongs to."""

    ground: Ground
    waiting: Waiting


class _Anybody:
    """The authorizer: who signed in may do all; what may be done where, the jail decides."""

    def validate_authentication(self, username: str, password: str, session: "Session") -> None:
        """Let in, or raise; the same words and time for each kind of wrong."""
        ground = session.endpoint.ground
        account = ground.directory.login(PROTOCOL, username, password, session.remote_ip)
        if account is None or ground.guard.is_banned(session.remote_ip):
            raise WrongLogin("Wrong name or password.")
        session.account = account

    def has_perm(self, username: str, perm: str, path: str | None = None) -> bool:
        del username, perm, path
        return True

    def get_perms(self, username: str) -> str:
        del username
        return "elradfmw"

    def get_home_dir(self, username: str) -> str:
        del username
        return "/"

    def get_msg_login(self, username: str) -> str:
        del username
        return "Signed in."

    def get_msg_quit(self, username: str) -> str:
        del username
        return "Goodbye."

    def impersonate_user(self, username: str, password: str) -> None:
        """Stay who we are."""

    def terminate_impersonation(self, username: str) -> None:
        """Stay who we are."""


class Session(Control):  # type: ignore[misc]  # see ftp_library
    """One control connection, served by a thread of its own; `endpoint` stands on a subclass of it."""

    endpoint: Endpoint
    # TLS 1.2 for data: a server of TLS 1.3 sends tickets that a client which only uploads never reads, and whose
    # connection then ends in a reset, with the last bytes lost (rclone's does).
    data_context: SSL.Context
    authorizer = _Anybody()
    passive_dtp = PassivePort
    dtp_handler = Transfer
    banner = "Ready."
    timeout = limits.FTP_IDLE_S_MAX
    auth_failed_timeout = 1
    max_login_attempts = limits.ENDPOINT_LOGIN_TRIES_MAX
    unicode_errors = "strict"
    use_sendfile = False
    proto_cmds = {name: facts for name, facts in Control.proto_cmds.items() if name not in _NOT_OFFERED}  # noqa: RUF012 - pyftpdlib reads it here

    def __init__(self, conn: Any, server: Any, ioloop: Any) -> None:
        """Greet nobody yet; look from time to time whether they may stay."""
        # Before the other side is looked at: a connection that is gone already is closed within.
        self.account: Account | None = None
        self.key = object()
        self._has_spoken = False
        self._has_quit = False
        self._has_heard_end = False
        self._is_ended_here = False
        self._announced_bytes = 0
        self._last_received: Upload | None = None
        self._rnfr: str | None = None
        self._in_buffer: list[bytes] = []
        super().__init__(conn, server, ioloop=ioloop)
        if not self.connected:
            return
        self._current_type = "i"
        self._current_facts = ["type", "perm", "size", "modify"]
        self._available_facts = list(self._current_facts)
        self.masquerade_address = self._shown_address()
        self.call_later(limits.ENDPOINT_LOGIN_WAIT_S_MAX, self._end_if_silent)
        self.call_later(limits.ENDPOINT_SIGN_IN_WAIT_S_MAX, self._end_if_stranger)
        self._tasks.append(ioloop.call_every(_LOOK_INTERVAL_S, self._end_if_revoked, _errback=self.handle_error))

    @property
    def is_over(self) -> bool:
        """Whether the control connection was closed."""
        return bool(self._closed)

    # --- who may stay --------------------------------------------------------------------------

    def _end_if_silent(self) -> None:
        if not self._has_spoken or self._ssl_accepting:
            self.close()

    def _end_if_stranger(self) -> None:
        if not self.authenticated:
            self.close()

    def _end_if_revoked(self) -> None:
        ground = self.endpoint.ground
        if self.authenticated and (self.account is None or not ground.directory.is_current(self.account)):
            log.logger(__name__).info("ftp: a session from %s was ended, its login is gone", self.remote_ip)
            self._is_ended_here = True
            self.close()

    def _shown_address(self) -> str | None:
        """Return the address that PASV tells: the public one, unless they come from this machine itself."""
        public = self.endpoint.ground.settings.public_address
        is_near = self.remote_ip.startswith("127.") or public.startswith("127.") or ":" in public
        return None if is_near else public

    # --- commands ------------------------------------------------------------------------------

    def decode(self, data: bytes) -> str:
        """Return a command's text; the signs by which Telnet interrupts stand before some ABORs."""
        return data.lstrip(_TELNET).decode("utf-8")

    def found_terminator(self) -> None:
        """Hear a line; of one that is no UTF-8, pyftpdlib would keep the bytes and choke on each that follows."""
        try:
            self.decode(b"".join(self._in_buffer))
        except UnicodeDecodeError:
            self._in_buffer, self._in_buffer_len = [], 0
            self.respond("501 Names are UTF-8 here.")
            return
        super().found_terminator()

    def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
        """Hear a command; anything but ABOR says that the last upload went well on their side."""
        self._has_spoken = True
        if cmd != "ABOR":
            self._last_received = None
        super().pre_process_command(line, cmd, arg)

    def process_command(self, cmd: str, *args: Any, **more: Any) -> None:
        """Do it, unless a transfer goes on that it would get mixed up with."""
        is_busy = self._in_dtp_queue is not None or self._out_dtp_queue is not None
        channel = self.data_channel
        if cmd in _TRANSFERS and (is_busy or (channel is not None and channel._initialized)):  # noqa: SLF001 - pyftpdlib's
            self.respond("425 A transfer is going on; wait for its end.")
            return
        super().process_command(cmd, *args, **more)

    def ftp_AUTH(self, line: str) -> None:  # noqa: N802 - named by pyftpdlib
        """Begin TLS; what came behind the command in the clear counts for nothing."""
        super().ftp_AUTH(line)
        self.ac_in_buffer = b""

    def ftp_PROT(self, line: str) -> None:  # noqa: N802 - named by pyftpdlib
        """Choose TLS for data; where it is required there is no choice."""
        if line.upper() == "C" and self.tls_data_required:
            self.respond("534 TLS is required on the data connection.")
            return
        super().ftp_PROT(line)

    def ftp_TYPE(self, line: str) -> None:  # noqa: N802 - named by pyftpdlib
        """Accept both types; files go as they are in either, because a file that is changed on its way is another."""
        if line.upper().split(" ")[0] in ("A", "I", "L8", "L7", "L"):
            self.respond("200 Type set; files go as they are.")
        else:
            self.respond("504 Only A and I are known.")

    def ftp_ALLO(self, line: str) -> None:  # noqa: N802 - named by pyftpdlib
        """Remember how large the next file is going to be: a shorter one was cut."""
        said = line.split(" ", maxsplit=1)[0]
        self._announced_bytes = int(said) if said.isascii() and said.isdigit() else 0
        self.respond("202 Noted.")

    def ftp_NOOP(self, line: str) -> None:  # noqa: N802 - named by pyftpdlib
        """Do nothing."""
        del line
        self.respond("200 Ok.")

    def ftp_STOR(self, file: str, mode: str = "w") -> str | None:  # noqa: N802 - named by pyftpdlib
        """Take a file."""
        stored: str | None = super().ftp_STOR(file, mode)
        incoming = self._in_dtp_queue[0] if self._in_dtp_queue else getattr(self.data_channel, "file_obj", None)
        if stored is not None and isinstance(incoming, Incoming):
            incoming.announced_bytes = self._announced_bytes
        self._announced_bytes = 0
        return stored

    def ftp_RNTO(self, path: str) -> None:  # noqa: N802 - named by pyftpdlib
        """Rename; a file that has come to its end before is whole by that, and taken at once."""
        old, self._rnfr = self._rnfr, None
        if not old:
            self.respond("503 Say RNFR first.")
            return
        proven = self.endpoint.waiting.pick(self.key, old)
        try:
            self.fs.move(old, path, proven)
        except OSError as error:
            if proven is not None and proven.is_open:
                self.endpoint.waiting.add(self.key, old, proven, is_sure=False)
            self.respond(f"550 {error.strerror}.")
            return
        if proven is not None:
            # Of what has still a temporary name, the rename was not the last one.
            with contextlib.suppress(OSError):
                proven.close(is_proven=True)
        self.endpoint.waiting.moved(self.key, old, path)
        self.respond("250 Renamed.")

    def ftp_ABOR(self, line: str) -> None:  # noqa: N802 - named by pyftpdlib
        """Break off; also the upload that seemed to have come to its end just before."""
        if self._last_received is not None:
            self.endpoint.waiting.give_up(self.key, self._last_received)
            self._last_received = None
        super().ftp_ABOR(line)

    def ftp_QUIT(self, line: str) -> None:  # noqa: N802 - named by pyftpdlib
        """End well; of a transfer that still goes on this says nothing."""
        self._has_quit = self.data_channel is None or self.data_channel.is_at_end
        super().ftp_QUIT(line)

    def _make_epasv(self, extmode: bool = False) -> None:  # noqa: FBT001, FBT002 - as pyftpdlib calls it
        try:
            super()._make_epasv(extmode)
        except OSError:
            self._dtp_acceptor = None
            self.respond("425 No passive port is free now; try again in a moment.")

    # --- its life ------------------------------------------------------------------------------

    def handle_auth_success(self, home: str, password: str, msg_login: str) -> None:
        """Give them their tree; the password is forgotten."""
        del password
        super().handle_auth_success(home, "", msg_login)
        self.log(f"signed in as {self.account.credential_id if self.account else ''}")

    def abstracted_fs(self, home: str, session: object) -> JailedFiles:
        """Return the jail of who signed in; called by pyftpdlib."""
        del home
        assert self.account is not None  # noqa: S101 - it has just signed in
        jail = Jail(self.account, self.endpoint.ground.boxes, self.remote_ip)
        return JailedFiles(jail, session, self._finish)

    def flush_account(self) -> None:
        """Forget who it was."""
        super().flush_account()
        self.account = None
        self._current_type = "i"

    def close(self) -> None:
        """End the session, once, and with it or without it what waits."""
        is_first = not self._closed
        line = self._line() if is_first and self._has_heard_end and not self._has_quit else None
        super().close()
        if is_first:
            self.endpoint.waiting.leave(self.key, is_well=self._has_quit, is_ended_here=self._is_ended_here, line=line)

    def recv(self, buffer_size: int) -> bytes:
        """Return what came; note where they closed the connection, which is not the same as to lose it."""
        block: bytes
        if not isinstance(self.socket, SSL.Connection):
            with contextlib.suppress(OSError):
                self._has_heard_end = not self.socket.recv(1, socket.MSG_PEEK)
            block = super().recv(buffer_size)
            return block
        try:
            block = self.socket.recv(buffer_size)
        except SSL.WantReadError:
            self._ssl_want_read = True
            raise AgainLater from None
        except SSL.WantWriteError:
            self._ssl_want_write = True
            raise AgainLater from None
        except SSL.ZeroReturnError:
            self._has_heard_end = True
        except SSL.SysCallError as error:
            # An end without TLS's farewell; anything else is a broken connection.
            self._has_heard_end = error.args[1:] == ("Unexpected EOF",)
        else:
            return block
        # No farewell of ours: the other side would answer it with a reset, as if it had not read what came before.
        self._error = True
        self.handle_close()
        return b""

    def _line(self) -> Line | None:
        try:
            return Line(socket.socket(fileno=os.dup(self.socket.fileno())))
        except OSError:
            return None

    def handle_error(self) -> None:
        """End the session on a fault of ours."""
        self.log_exception(self)
        self._error = True
        self.close()

    def log_exception(self, instance: object) -> None:
        """Log the kind and place of the error that is being handled."""
        del instance
        error = sys.exc_info()[1]
        if not isinstance(error, OSError | SSL.Error):
            say_exception(error)

    def log(self, msg: str, logfun: object = None) -> None:
        """Say nothing: what pyftpdlib logs holds names as clients send them."""
        del msg, logfun

    def _finish(self, incoming: Incoming) -> None:
        """Let an upload wait that came to its end; any other stays pending."""
        if incoming.is_whole and not self._closed:
            self._last_received = incoming.upload
            self.endpoint.waiting.add(self.key, incoming.name, incoming.upload, is_sure=incoming.is_sure)
            return
        with contextlib.suppress(OSError):
            incoming.upload.close(is_proven=False)
