"""An SFTP server made with asyncssh, for what OpenSSH never does: hanging, lying about sizes, being outdated."""

import asyncio
import threading
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

import asyncssh


class AsyncsshServer:
    """Serves a folder as "/" on 127.0.0.1 from a thread.

    Args:
        folder: What is served.
        sign_in_hangs: The password is never judged.
        sftp_class: How the files are served; one of tests.fakes.sftp_liars.
        key_kind: Of the host key, as asyncssh names it.
        options: Further ones of asyncssh.listen.
    """

    host = "127.0.0.1"
    username = "shop"
    password = "correct horse"
    absolute_folder = "/"

    def __init__(
        self,
        folder: Path,
        *,
        sign_in_hangs: bool = False,
        sftp_class: type[asyncssh.SFTPServer] = asyncssh.SFTPServer,
        key_kind: str = "ssh-ed25519",
        **options: Any,
    ) -> None:
        """Make the keys; `with` starts and stops the server."""
        self.folder = folder
        self.sign_in_hangs = sign_in_hangs
        self.passwords_seen: list[str] = []
        self.connections: list[asyncssh.SSHServerConnection] = []
        self.port = 0
        self._sftp_class = sftp_class
        self._options = options
        self._key = asyncssh.generate_private_key(key_kind)
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._acceptor: asyncssh.SSHAcceptor | None = None

    @property
    def fingerprint(self) -> str:
        """The SHA-256 of the host key."""
        return self._key.get_fingerprint("sha256")

    def __enter__(self) -> Self:
        """Listen on a free port."""
        self._thread.start()
        self._acceptor = self._run(self._listen())
        self.port = self._acceptor.get_port()
        return self

    def __exit__(self, *_: object) -> None:
        """Stop to listen, cut all connections and end the thread."""
        self._run(self._stop())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join(timeout=10)
        self._loop.close()

    def _run(self, work: Any) -> Any:
        waiting: Future[Any] = asyncio.run_coroutine_threadsafe(work, self._loop)
        return waiting.result(timeout=20)

    async def _listen(self) -> asyncssh.SSHAcceptor:
        def serve_files(channel: asyncssh.SSHServerChannel[bytes]) -> asyncssh.SFTPServer:
            return self._sftp_class(channel, chroot=str(self.folder).encode())

        return await asyncssh.listen(
            self.host,
            0,
            server_factory=lambda: _Door(self),
            server_host_keys=[self._key],
            sftp_factory=serve_files,
            login_timeout=0,
            **self._options,
        )

    async def _stop(self) -> None:
        assert self._acceptor is not None
        self._acceptor.close()
        # Connections that end close the files of theirs; tasks that are cancelled leave them open.
        for connection in self.connections:
            connection.abort()
        await asyncio.gather(*(connection.wait_closed() for connection in self.connections))
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)


class _Door(asyncssh.SSHServer):
    def __init__(self, server: AsyncsshServer) -> None:
        self._server = server

    def connection_made(self, conn: asyncssh.SSHServerConnection) -> None:
        self._server.connections.append(conn)

    def begin_auth(self, username: str) -> bool:
        del username
        return True

    def password_auth_supported(self) -> bool:
        return True

    async def validate_password(self, username: str, password: str) -> bool:
        self._server.passwords_seen.append(password)
        if self._server.sign_in_hangs:
            await asyncio.Event().wait()
        return (username, password) == (self._server.username, self._server.password)
