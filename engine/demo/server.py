"""The demo's SFTP server: a real one, on a free port of this machine alone, with one user and one folder."""

import asyncio
import secrets
import threading
from collections.abc import Coroutine
from pathlib import Path
from typing import Any, Self

import asyncssh

_STOP_WAIT_S_MAX = 10.0


class SftpServer:
    """Serves a folder as "/" from a thread of this process; a context manager."""

    host = "127.0.0.1"
    username = "shop"

    def __init__(self, folder: Path) -> None:
        """Make key and password; nothing listens yet."""
        self._folder = folder
        self.password = secrets.token_urlsafe(18)
        self._key = asyncssh.generate_private_key("ssh-ed25519")
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="sftp", daemon=True)
        self._acceptor: asyncssh.SSHAcceptor | None = None
        self.port = 0

    @property
    def host_key(self) -> str:
        """The fingerprint of its key, as people confirm it."""
        return self._key.get_fingerprint("sha256")

    def __enter__(self) -> Self:
        """Listen; `port` is known from here on."""
        self._thread.start()
        self._acceptor = self._do(self._listen())
        self.port = self._acceptor.get_port()
        return self

    def __exit__(self, *raised: object) -> None:
        """Stop listening, cut connections and end the thread."""
        self._do(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=_STOP_WAIT_S_MAX)
        self._loop.close()

    def _do(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(timeout=_STOP_WAIT_S_MAX)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        def files_for(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
            return asyncssh.SFTPServer(channel, chroot=str(self._folder).encode())

        return await asyncssh.listen(
            self.host,
            0,
            server_factory=lambda: _Door(self.username, self.password),
            server_host_keys=[self._key],
            sftp_factory=files_for,
        )

    async def _stop(self) -> None:
        if self._acceptor is not None:
            self._acceptor.close()
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)


class _Door(asyncssh.SSHServer):
    """Lets the one user in."""

    def __init__(self, username: str, password: str) -> None:
        self._known = (username, password)

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def password_auth_supported(self) -> bool:
        return True

    def validate_password(self, username: str, password: str) -> bool:
        return (username, password) == self._known
