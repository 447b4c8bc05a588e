"""The data connections of FTP, which tell a file that came to its end from one whose sender died."""

import contextlib
import errno
import os
from typing import Any

from OpenSSL import SSL

from engine.base import limits, log
from engine.endpoints.ftp_jail import Incoming
from engine.endpoints.ftp_library import AgainLater, Data, Passive, Secured

_NO_ROOM = {errno.EDQUOT: 552, errno.EFBIG: 552, errno.ENOSPC: 452}


class _Receiving(Data):  # type: ignore[misc]  # see ftp_library
    """Takes bytes into a file; whatever ends it but a proper end is said with a code that no client takes for well."""

    timeout = limits.FTP_DATA_SILENCE_S_MAX

    def handle_read(self) -> None:
        """Write what came."""
        try:
            block = self.recv(self.ac_in_buffer_size)
        except AgainLater:
            return
        if not block:
            return
        self.tot_bytes_received += len(block)
        try:
            self.file_obj.write(block)
        except OSError as error:
            code = _NO_ROOM.get(error.errno or 0, 451)
            self.break_off(f"{code} {os.strerror(error.errno or errno.EIO)}; the file is not taken.")

    handle_read_event = handle_read


class Transfer(Secured, _Receiving):  # type: ignore[misc]  # see ftp_library
    """One data connection, with TLS where the session asked for it."""

    def __init__(self, sock: Any, cmd_channel: Any) -> None:
        """Begin the handshake."""
        self._is_at_end = False
        super().__init__(sock, cmd_channel)
        if cmd_channel._prot:  # noqa: SLF001 - where pyftpdlib keeps it
            self.secure_connection(cmd_channel.data_context)

    def recv(self, buffer_size: int) -> bytes:
        """Return what came; note how it ended.

        A reset, or with TLS an end without its farewell, is no end: pyftpdlib takes each of them for one.
        """
        try:
            block: bytes = self.socket.recv(buffer_size)
        except SSL.WantReadError:
            self._ssl_want_read = True
            raise AgainLater from None
        except SSL.WantWriteError:
            self._ssl_want_write = True
            raise AgainLater from None
        except BlockingIOError:
            raise AgainLater from None
        except SSL.ZeroReturnError:
            self._is_at_end = True
            self.handle_close()
            return b""
        except (SSL.Error, OSError):
            self.break_off("426 The data connection broke; the file is not taken.")
            return b""
        if not block:
            self._is_at_end = not self._ssl_requested
            self.handle_close()
        return block

    def initiate_send(self) -> None:
        """Send, once the handshake is over."""
        if not self._ssl_accepting:
            super().initiate_send()

    def send(self, data: bytes) -> int:
        """Send; of nothing, as an empty listing has it, TLS would make an error."""
        return super().send(data) if data else 0

    @property
    def is_at_end(self) -> bool:
        """Whether the other side said that this was all."""
        return self._is_at_end

    def handle_close(self) -> None:
        """Say whether the file came whole, as far as can be known."""
        if self._closed or not self.receive:
            super().handle_close()
            return
        incoming = self.file_obj
        if not self._is_at_end:
            self.break_off("426 The data connection broke; the file is not taken.")
        elif isinstance(incoming, Incoming) and incoming.upload.size_bytes < incoming.announced_bytes:
            self.break_off("426 Fewer bytes came than ALLO announced; the file is not taken.")
        else:
            self._hold()

    def modify_ioloop_events(self, events: int, logdebug: bool = False) -> None:  # noqa: FBT001, FBT002 - as pyftpdlib has it
        """Ask for other events; while the end is held, for none."""
        if not self._is_at_end:
            super().modify_ioloop_events(events, logdebug)

    def _hold(self) -> None:
        """Wait a moment with the answer: a client that gave up ends both connections at once, with or without TLS.

        Its session is closed by then, and this connection with it, as one that had no end.
        """
        # What has ended is readable for ever.
        self.del_channel()
        if isinstance(self.socket, SSL.Connection):
            # Our farewell at once: who waits for it before giving up shall not take the answer for it.
            with contextlib.suppress(SSL.Error):
                self.socket.shutdown()
        self.cmd_channel.call_later(limits.FTP_ANSWER_WAIT_S, self._end_well)

    def _end_well(self) -> None:
        if self._closed:
            return
        if isinstance(self.file_obj, Incoming):
            self.file_obj.is_whole, self.file_obj.is_sure = True, self._ssl_requested
        super().handle_close()

    def break_off(self, answer: str) -> None:
        """End without an end: the file stays pending."""
        if self._closed:
            return
        self.transfer_finished = False
        # No farewell of TLS to a connection that is broken: it would wait for an answer.
        self._error = True
        self._resp = (answer, _quiet)
        self.close()

    def handle_error(self) -> None:
        """Say to our log what happened, and to the client only that something did."""
        self.log_exception(self)
        self.break_off("451 The file could not be stored; try again later.")

    def handle_failed_ssl_handshake(self) -> None:
        """Answer on the control connection (RFC 4217, 10.2)."""
        self.break_off("522 The data connection's TLS failed.")

    def use_sendfile(self) -> bool:
        """Never: files are read by way of the jail."""
        return False


class PassivePort(Passive):  # type: ignore[misc]  # see ftp_library
    """A port that waits for one data connection."""

    timeout = limits.FTP_PASSIVE_WAIT_S_MAX

    def __init__(self, cmd_channel: Any, extmode: bool = False) -> None:  # noqa: FBT001, FBT002 - as pyftpdlib calls it
        """Open it; OSError where none of the range is free."""
        try:
            super().__init__(cmd_channel, extmode)
        except OSError:
            self.close()
            raise

    def bind(self, address: tuple[str, int]) -> None:
        """Bind; pyftpdlib takes any port where the range is used up, which a firewall would not let through."""
        if address[1] == 0 and self.cmd_channel.passive_ports is not None:
            raise OSError(errno.EADDRINUSE, "No passive port is free")
        super().bind(address)

    def handle_error(self) -> None:
        """Say it to our log."""
        self.cmd_channel.log_exception(self)
        self.close()


def _quiet(_: str) -> None:
    """Log nothing: an answer to a client is no event of its own."""


def say_exception(error: BaseException | None) -> None:
    """Log an unexpected error by its kind and place, never by its words."""
    if error is not None:
        log.logger(__name__).warning("ftp: %s", log.where(error))
