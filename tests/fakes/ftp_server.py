"""An FTP server made with pyftpdlib, with and without TLS, that can be old, strict or unable to do things."""

import logging
import threading
import warnings
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Self

with warnings.catch_warnings():
    # It brings asyncore along, which Python 3.11 announces the end of.
    warnings.simplefilter("ignore", DeprecationWarning)
    from pyftpdlib.authorizers import DummyAuthorizer
    from pyftpdlib.handlers import DTPHandler, FTPHandler, TLS_DTPHandler, TLS_FTPHandler
    from pyftpdlib.ioloop import IOLoop
    from pyftpdlib.servers import FTPServer

_TURN_S = 0.05
_PORT_SHIFT = 256


class FtpServer:
    """Serves a folder as "/" on 127.0.0.1 from a thread.

    Args:
        folder: What is served.
        certificate: A PEM file with certificate and key; None: no TLS at all.
        unknown: Commands that the server does not know, in capitals.
        rights: Of the user, in pyftpdlib's letters.
        lies_by_bytes: Added to every size that the server tells.
        is_implicit: TLS comes with the first byte.
        renames_over: Whether a file may be renamed over another.
    """

    host = "127.0.0.1"
    username = "shop"
    password = "correct horse"
    absolute_folder = "/"

    def __init__(
        self,
        folder: Path,
        certificate: Path | None = None,
        *,
        unknown: Sequence[str] = (),
        rights: str = "elradfmwMT",
        lies_by_bytes: int = 0,
        is_implicit: bool = False,
        renames_over: bool = True,
    ) -> None:
        """Make it; `with` starts and stops it."""
        self.folder = folder
        self.commands: list[str] = []
        """What clients said, without what they said beside it: ["USER", "PASS", ...]."""
        self.announce: Callable[[int], int] = lambda port: port
        """Is given the port of each data connection, and returns the one that clients are told."""
        self._loop = IOLoop()
        users = DummyAuthorizer()
        users.add_user(self.username, self.password, str(folder), perm=rights)
        handler = _handler(
            self, certificate, unknown, lies_by_bytes, is_implicit=is_implicit, renames_over=renames_over
        )
        handler.authorizer = users
        logging.getLogger("pyftpdlib").setLevel(logging.ERROR)
        self._server = FTPServer((self.host, 0), handler, ioloop=self._loop)
        self.port: int = self._server.socket.getsockname()[1]
        self._is_over = threading.Event()
        self._thread = threading.Thread(target=self._serve, daemon=True)

    def __enter__(self) -> Self:
        """Start to serve."""
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        """Cut all connections and end the thread."""
        self._is_over.set()
        self._thread.join(timeout=10)

    def _serve(self) -> None:
        while not self._is_over.is_set():
            self._loop.loop(_TURN_S, blocking=False)
        self._server.close_all()


def _handler(  # noqa: C901 - one small method a fault
    server: FtpServer,
    certificate: Path | None,
    unknown: Sequence[str],
    lies_by_bytes: int,
    *,
    is_implicit: bool,
    renames_over: bool,
) -> Any:
    """Make a class of its own, because pyftpdlib keeps its settings in classes."""
    base: Any = TLS_FTPHandler if certificate else FTPHandler
    data: Any = TLS_DTPHandler if certificate else DTPHandler

    class Data(data):  # type: ignore[misc]
        def __init__(self, sock: Any, cmd_channel: Any) -> None:
            super().__init__(sock, cmd_channel)
            if not self.connected:  # cut before it was taken up; pyftpdlib says nothing then, for ever
                cmd_channel.respond("426 Connection closed; transfer aborted.")

    class Handler(base):  # type: ignore[misc]
        dtp_handler = Data
        proto_cmds = {name: said for name, said in base.proto_cmds.items() if name not in unknown}  # noqa: RUF012
        certfile = str(certificate) if certificate else None
        ssl_context = None
        tls_control_required = tls_data_required = certificate is not None
        auth_failed_timeout = 0

        def handle(self) -> None:
            if is_implicit:
                self.secure_connection(self.ssl_context)
            super().handle()

        def pre_process_command(self, line: str, cmd: str, arg: str) -> None:
            server.commands.append(cmd)
            super().pre_process_command(line, cmd, arg)

        def respond(self, resp: str, *given: Any, **more: Any) -> None:
            if resp.startswith("227 ") and "(" in resp:
                numbers = resp.partition("(")[2].partition(")")[0].split(",")
                port = server.announce(int(numbers[4]) * _PORT_SHIFT + int(numbers[5]))
                # the address is a lie on purpose: no client may believe it
                resp = f"227 Entering passive mode (192,0,2,7,{port // _PORT_SHIFT},{port % _PORT_SHIFT})."
            if resp.startswith("213 ") and lies_by_bytes and self._last_command == "SIZE":
                resp = f"213 {int(resp[4:]) + lies_by_bytes}"
            super().respond(resp, *given, **more)

        def ftp_SIZE(self, path: str) -> None:  # noqa: N802 - pyftpdlib's own name
            self._last_command = "SIZE"
            super().ftp_SIZE(path)
            self._last_command = ""

        _last_command = ""

        def ftp_RNTO(self, path: str) -> None:  # noqa: N802 - the same
            if not renames_over and Path(path).exists():
                self._rnfr = None
                self.respond("553 File exists.")
                return
            super().ftp_RNTO(path)

    return Handler
