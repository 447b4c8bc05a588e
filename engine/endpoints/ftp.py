"""The hosted FTPS server: listens, lets in whom the guard lets, and gives each session a thread of its own."""

import contextlib
import socket
import threading
from typing import Any

from OpenSSL import SSL

from engine.base import limits, log
from engine.endpoints import tls
from engine.endpoints.ftp_data import say_exception
from engine.endpoints.ftp_library import Loop
from engine.endpoints.ftp_session import PROTOCOL, Session
from engine.endpoints.ftp_waiting import Waiting
from engine.endpoints.ground import EndpointFault, Ground

_BACKLOG = 256
_ACCEPT_WAIT_S = 0.5
_TURN_S = 0.5
_IGNORE_UNEXPECTED_EOF = 1 << 7
"""Of OpenSSL, without a name in pyOpenSSL. Else it answers a control connection that just closes with an alert, and
the other side that with a reset, as if it had not read what came before. Never for data, where the farewell counts."""
_LATER = b"421 Too many connections, come back later.\r\n"


class _Server:
    """What pyftpdlib's sessions ask of their server."""

    def __init__(self, listening: socket.socket) -> None:
        self.socket = listening
        self.backlog = 5
        self.ip_map: list[str] = []

    def _accept_new_cons(self) -> bool:
        """Leave counting to the guard."""
        return True


class FtpEndpoint:
    """The listening server and its sessions."""

    def __init__(self, ground: Ground) -> None:
        """Keep what sessions need; `start` listens."""
        self.port = 0
        self.fingerprint = ""
        self.ground = ground
        self.waiting = Waiting()
        self._listening: socket.socket | None = None
        self._stopping = threading.Event()
        self._threads: set[threading.Thread] = set()
        self._accepting = threading.Thread(target=self._accept, name=PROTOCOL, daemon=True)
        self._kind: Any = None
        self._server: _Server | None = None

    def start(self) -> None:
        """Listen, in threads of its own.

        Raises:
            EndpointFault: The port is taken, or the certificate cannot serve.
        """
        settings = self.ground.settings
        self._kind = type(
            "Session",
            (Session,),
            {
                "endpoint": self,
                "tls_control_required": not settings.allow_plain_ftp,
                "tls_data_required": not settings.allow_plain_ftp,
                "passive_ports": _passive_ports(settings.passive_ports),
            },
        )
        self.renew()
        family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
        try:
            self._listening = socket.create_server((settings.host, settings.ftp_port), family=family, backlog=_BACKLOG)
        except OSError as error:
            raise EndpointFault(
                f"FTP cannot listen at {settings.host}, port {settings.ftp_port} ({error.strerror}); "
                "set endpoints.ftp_port in settings.yaml to a free port."
            ) from None
        self._listening.settimeout(_ACCEPT_WAIT_S)
        self._server = _Server(self._listening)
        self.port = int(self._listening.getsockname()[1])
        self.waiting.start()
        self._accepting.start()

    def renew(self) -> None:
        """Show the certificate that lies there now to whoever comes from now on.

        Raises:
            EndpointFault: It cannot serve; the one of before is shown still.
        """
        fingerprint = tls.checked(self.ground)
        control = _context(self.ground, options=_IGNORE_UNEXPECTED_EOF)
        self._kind.data_context = _context(self.ground, newest=SSL.TLS1_2_VERSION)
        self._kind.ssl_context, self.fingerprint = control, fingerprint

    def stop(self) -> None:
        """Listen no more and end all sessions; what they were uploading stays pending."""
        # First, while their sessions still stand: what is known to be whole is taken.
        self.waiting.stop()
        self._stopping.set()
        if self._listening is None:
            return
        self._accepting.join()
        self._listening.close()
        for thread in tuple(self._threads):
            thread.join(limits.CLOSE_WAIT_S_MAX)

    def _accept(self) -> None:
        assert self._listening is not None  # noqa: S101 - start made it
        while not self._stopping.is_set():
            try:
                connection, address = self._listening.accept()
            except TimeoutError:
                continue
            except OSError as error:
                # No descriptor is left, or the other side is gone already: the next one may do better.
                say_exception(error)
                self._stopping.wait(_ACCEPT_WAIT_S)
                continue
            if self.ground.guard.admit(PROTOCOL, address[0]):
                self._begin(connection, address[0])
            else:
                with contextlib.suppress(OSError):
                    connection.settimeout(0)
                    connection.send(_LATER)
                connection.close()

    def _begin(self, connection: socket.socket, address: str) -> None:
        thread = threading.Thread(target=self._serve, args=(connection, address), name=PROTOCOL, daemon=True)
        self._threads.add(thread)
        try:
            thread.start()
        except RuntimeError:
            log.logger(__name__).warning("ftp: no thread is left for a connection")
            self._threads.discard(thread)
            self.ground.guard.leave(PROTOCOL, address)
            connection.close()

    def _serve(self, connection: socket.socket, address: str) -> None:
        loop = Loop()
        try:
            session = self._kind(connection, self._server, loop)
            if not session.is_over:
                session.handle()
            wait_s = 0.0
            # Without a socket it may still be there: after a wrong password it is not heard for a moment.
            while (loop.socket_map or not session.is_over) and not self._stopping.is_set():
                loop.poll(wait_s)
                due_s = loop.sched.poll()
                wait_s = _TURN_S if due_s is None else min(due_s, _TURN_S)
        except Exception as error:  # noqa: BLE001 - one session that stumbles must not end the others
            say_exception(error)
        finally:
            with contextlib.suppress(Exception):
                loop.close()
            connection.close()
            self.ground.guard.leave(PROTOCOL, address)
            self._threads.discard(threading.current_thread())


def _context(ground: Ground, newest: int = 0, options: int = 0) -> SSL.Context:
    """Return a context for TLS 1.2 up to `newest`, 0 for the newest there is, with further options of OpenSSL."""
    context = SSL.Context(SSL.TLS_SERVER_METHOD)
    context.set_min_proto_version(SSL.TLS1_2_VERSION)
    context.set_max_proto_version(newest)
    context.set_options(SSL.OP_NO_COMPRESSION | SSL.OP_NO_RENEGOTIATION | SSL.OP_CIPHER_SERVER_PREFERENCE | options)
    context.use_certificate_chain_file(str(ground.certificate))
    context.use_privatekey_file(str(ground.certificate_key))
    return context


def _passive_ports(said: str) -> list[int] | None:
    if not said:
        return None
    first, _, last = said.partition("-")
    return list(range(int(first), int(last) + 1))
