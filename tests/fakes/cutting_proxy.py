"""A TCP proxy on 127.0.0.1 that cuts, falls silent or slows down what a server sends, or cuts what it is sent."""

import contextlib
import socket
import struct
import threading
import time
from typing import Self

_CHUNK_BYTES = 16 * 1024
_WAITING_BYTES = 64 * 1024


class CuttingProxy:
    """Stands before a server at 127.0.0.1; the counts are of each connection, and may be changed while it runs.

    Args:
        port: Of the server.
        cut_after_bytes: From the server; then both sides get a reset.
        silent_after_bytes: Then nothing comes any more, and the connection stays open.
        bytes_per_s: At most so many, each way.
        cut_sent_after_bytes: To the server; then both sides get a reset.
        silent_sent_after_bytes: To the server; then nothing is passed on any more.
        cuts: Only so many connections are cut; None cuts each.
    """

    host = "127.0.0.1"

    def __init__(
        self,
        port: int,
        cut_after_bytes: int | None = None,
        silent_after_bytes: int | None = None,
        bytes_per_s: int | None = None,
        cut_sent_after_bytes: int | None = None,
        silent_sent_after_bytes: int | None = None,
        cuts: int | None = None,
    ) -> None:
        """Take a free port; `with` starts and ends it."""
        self._server_port = port
        self.cut_after_bytes = cut_after_bytes
        self.silent_after_bytes = silent_after_bytes
        self.bytes_per_s = bytes_per_s
        self.cut_sent_after_bytes = cut_sent_after_bytes
        self.silent_sent_after_bytes = silent_sent_after_bytes
        self.cuts = cuts
        self.passed_bytes = 0
        self.connections = 0
        self._is_over = threading.Event()
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._threads: list[threading.Thread] = []

    def __enter__(self) -> Self:
        """Start to accept."""
        self._start(self._accept)
        return self

    def __exit__(self, *_: object) -> None:
        """Reset all connections and end all threads."""
        self._is_over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for one in list(self._open):
            _reset(one)
        for thread in list(self._threads):
            thread.join(timeout=10)

    def lead_to(self, port: int) -> None:
        """Let further connections go to another port of the server."""
        self._server_port = port

    def _start(self, work: "object", *given: object) -> None:
        thread = threading.Thread(target=work, args=given, daemon=True)  # type: ignore[arg-type]
        self._threads.append(thread)
        thread.start()

    def _accept(self) -> None:
        while not self._is_over.is_set():
            try:
                client, _ = self._listener.accept()
            except OSError:
                return
            try:
                server = socket.create_connection((self.host, self._server_port), timeout=10)
            except OSError:
                _reset(client)
                continue
            server.settimeout(None)
            # a reset throws away what waits to be sent: little may wait, so that a cut comes where it should
            client.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _WAITING_BYTES)
            self.connections += 1
            self._open += [client, server]
            self._start(self._to_server, client, server)
            self._start(self._to_client, server, client)

    def _to_server(self, client: socket.socket, server: socket.socket) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while chunk := client.recv(_CHUNK_BYTES):
                passed += len(chunk)
                if self.silent_sent_after_bytes is not None and passed > self.silent_sent_after_bytes:
                    self._is_over.wait()
                    return
                if self._cuts_now(self.cut_sent_after_bytes, passed):
                    _reset(client)
                    _reset(server)
                    return
                server.sendall(chunk)
                if self.bytes_per_s is not None:
                    time.sleep(len(chunk) / self.bytes_per_s)
            server.shutdown(socket.SHUT_WR)

    def _cuts_now(self, after_bytes: int | None, passed_bytes: int) -> bool:
        if after_bytes is None or passed_bytes <= after_bytes or self.cuts == 0:
            return False
        self.cuts = None if self.cuts is None else self.cuts - 1
        return True

    def _to_client(self, server: socket.socket, client: socket.socket) -> None:
        passed = 0
        with contextlib.suppress(OSError):
            while chunk := server.recv(_CHUNK_BYTES):
                if self.silent_after_bytes is not None and passed + len(chunk) > self.silent_after_bytes:
                    client.sendall(chunk[: self.silent_after_bytes - passed])
                    self._is_over.wait()
                    return
                if self._cuts_now(self.cut_after_bytes, passed + len(chunk)):
                    _reset(client)
                    _reset(server)
                    return
                client.sendall(chunk)
                passed += len(chunk)
                self.passed_bytes += len(chunk)
                if self.bytes_per_s is not None:
                    time.sleep(len(chunk) / self.bytes_per_s)
            client.shutdown(socket.SHUT_WR)


def _reset(one: socket.socket) -> None:
    with contextlib.suppress(OSError):
        one.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        one.shutdown(socket.SHUT_RD)  # wakes the thread that reads from it
    with contextlib.suppress(OSError):
        one.close()
