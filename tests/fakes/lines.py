"""A server that answers lines as a test says, for what no real server does."""

import contextlib
import socket
import threading
import time
from collections.abc import Callable
from typing import Self


class LineServer:
    """Listens on 127.0.0.1; to each line of a client it says what `answer` returns.

    Args:
        answer: Is given "" for the greeting, then each line; None: the server says nothing more, for ever.
        drip_s: So long it waits between two bytes.
    """

    host = "127.0.0.1"

    def __init__(self, answer: Callable[[str], str | None], drip_s: float = 0) -> None:
        """Take a free port; `with` starts and ends it."""
        self._answer = answer
        self._drip_s = drip_s
        self._is_over = threading.Event()
        self._listener = socket.create_server((self.host, 0))
        self.port: int = self._listener.getsockname()[1]
        self.lines: list[str] = []

    def __enter__(self) -> Self:
        """Start to accept."""
        threading.Thread(target=self._accept, daemon=True).start()
        return self

    def __exit__(self, *_: object) -> None:
        """End all."""
        self._is_over.set()
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def _accept(self) -> None:
        while not self._is_over.is_set():
            try:
                opened, _ = self._listener.accept()
            except OSError:
                return
            threading.Thread(target=self._serve, args=(opened,), daemon=True).start()

    def _serve(self, opened: socket.socket) -> None:
        with opened, contextlib.suppress(OSError):
            lines = opened.makefile("r", encoding="utf-8", newline="\r\n")
            line = ""
            while True:
                said = self._answer(line)
                if said is None:
                    self._is_over.wait()
                    return
                self._say(opened, said + "\r\n")
                line = lines.readline().rstrip("\r\n")
                if not line:
                    return
                self.lines.append(line)

    def _say(self, opened: socket.socket, said: str) -> None:
        if not self._drip_s:
            opened.sendall(said.encode())
            return
        for byte in said.encode():
            opened.sendall(bytes([byte]))
            time.sleep(self._drip_s)
