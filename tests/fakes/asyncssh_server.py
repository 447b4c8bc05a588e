"""An SFTP server made with asyncssh, for what OpenSSH never does: hanging, lying about sizes, being outdated."""

import asyncio
import threading
from collections.abc import AsyncIterator
from concurrent.futures import Future
from pathlib import Path
from typing import Any, Self

import asyncssh


class AsyncsshServer:
    """Serves a folder as "/" on 127.0.0.1 from a thread.

    Args:
        folder: What is served.
        sign_in_hangs: The password is never judged.
        sftp_class: How the files are served; one of the liars below.
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
        others = asyncio.all_tasks() - {asyncio.current_task()}
        for task in others:
            task.cancel()
        await asyncio.gather(*others, return_exceptions=True)
        await asyncio.sleep(0)


class _Door(asyncssh.SSHServer):
    def __init__(self, server: AsyncsshServer) -> None:
        self._server = server

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


class EndlessFiles(asyncssh.SFTPServer):
    """Every file goes on for ever, whatever size is told."""

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Give as much as is asked for."""
        del file_obj, offset
        return b"x" * size


class GenerousReads(asyncssh.SFTPServer):
    """Every answer holds more bytes than were asked for."""

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Give some more."""
        del file_obj, offset
        return b"x" * (size + 10)


class HugeSizes(asyncssh.SFTPServer):
    """Every file is said to have a terabyte."""

    def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """Tell the wrong size."""
        del path
        return asyncssh.SFTPAttrs(size=10**12, permissions=0o100644, mtime=1_700_000_000)


class ShortReads(asyncssh.SFTPServer):
    """Every answer holds at most 1,000 bytes, as servers may do."""

    def read(self, file_obj: Any, offset: int, size: int) -> bytes:
        """Give a part of what was asked for."""
        file_obj.seek(offset)
        data: bytes = file_obj.read(min(size, 1000))
        return data


class SilentListings(asyncssh.SFTPServer):
    """A folder is opened, and then nothing comes."""

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """Never give a name."""
        await asyncio.Event().wait()
        yield asyncssh.SFTPName(path)


class OddNames(asyncssh.SFTPServer):
    """A folder with a good name and names that no honest server sends."""

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """Give them all as files."""
        del path
        attributes = asyncssh.SFTPAttrs(size=1, permissions=0o100644, mtime=1_700_000_000)
        for name in (b".", b"..", b"good.csv", b"../../etc/passwd", b"", b"nul\0.csv", b"\xff\xfe.csv"):
            yield asyncssh.SFTPName(name, attrs=attributes)
