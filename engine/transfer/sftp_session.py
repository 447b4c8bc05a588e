"""One SFTP session of asyncssh: each request is bounded, and its errors are told in sentences."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Iterator
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TypeVar, cast

import asyncssh
from asyncssh import constants
from asyncssh.sftp import start_sftp_client

from engine.base import limits
from engine.base.errors import Category, HandoffError
from engine.transfer import names, sentences
from engine.transfer.fetching import Lost
from engine.transfer.sftp_connection import Connector
from engine.transfer.transport import Place, Steps
from storage.records.files import Listing, RemoteFile

_Result = TypeVar("_Result")

_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, OSError)
_NOT_THERE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_SFTP_VERSION = 3
_KINDS_NOT_TAKEN = {
    constants.FILEXFER_TYPE_SYMLINK: "a link, not a file",
    constants.FILEXFER_TYPE_DIRECTORY: "a folder",
}
_KINDS_TAKEN = (constants.FILEXFER_TYPE_REGULAR, constants.FILEXFER_TYPE_UNKNOWN)


@dataclass(frozen=True)
class Seen:
    """What a server says of a file. changed_at is UTC, None if not told."""

    size_bytes: int
    changed_at: datetime | None


@dataclass(frozen=True)
class _About:
    """What a request is about, and what people read where it is not there or not allowed."""

    what: str
    not_there: Callable[[str], HandoffError]
    not_allowed: Callable[[Place, str], HandoffError]


def _folder(name: str) -> _About:
    return _About(name, sentences.no_folder, sentences.may_not_list)


def _file(name: str) -> _About:
    return _About(name, sentences.file_gone, sentences.may_not_read)


def _written(name: str) -> _About:
    return _About(name, sentences.no_folder, sentences.may_not_write)


@asynccontextmanager
async def opened(connector: Connector, steps: Steps, wait_s: float) -> AsyncIterator["Session"]:
    """Sign in, start SFTP and close all of it again; after wait_s the whole is cut off."""
    connection = await connector.connect(steps)
    steps.begin("list")
    try:
        session = Session(connector.place, connection)
        await session.start()
        with session.cut_after(wait_s):
            yield session
        connection.close()
        with suppress(TimeoutError, asyncssh.Error, OSError):
            async with asyncio.timeout(limits.CLOSE_WAIT_S_MAX):
                await connection.wait_closed()
    finally:
        connection.abort()
        await connection.wait_closed()


class Session:
    """One SFTP session; paths are bytes as the server has them."""

    def __init__(self, place: Place, connection: asyncssh.SSHClientConnection) -> None:
        """Keep the connection; `start` opens the channel."""
        self.requests = asyncio.Semaphore(limits.SFTP_REQUESTS_MAX)
        self._place = place
        self._connection = connection
        self._cut_after_s: float | None = None
        self._sftp: asyncssh.SFTPClient

    async def start(self) -> None:
        """Open the channel with the window that makes fetching fast."""
        try:
            with self.cut_after(limits.CONNECT_WAIT_S_MAX):
                writer, reader, _ = await self._connection.open_session(
                    subsystem="sftp",
                    encoding=None,
                    window=limits.SFTP_WINDOW_BYTES,
                    max_pktsize=limits.SFTP_PACKET_BYTES,
                )
                loop = asyncio.get_running_loop()
                self._sftp = await start_sftp_client(
                    self._connection, loop, "replace", reader, writer, None, "strict", _SFTP_VERSION
                )
                self.requests = asyncio.Semaphore(
                    min(limits.SFTP_REQUESTS_MAX, limits.SFTP_IN_FLIGHT_BYTES // self._block_bytes())
                )
        except (asyncssh.Error, OSError):
            raise self._timed_out("to start SFTP") or sentences.no_sftp(self._place) from None

    @contextmanager
    def cut_after(self, wait_s: float) -> Iterator[None]:
        """Cut the connection when the time is over; whoever waits for an answer then fails at once.

        Cancelling would not do: asyncssh closes a folder it was reading, and waits for that answer too.
        """

        def cut() -> None:
            self._cut_after_s = wait_s
            self._connection.abort()

        timer = asyncio.get_running_loop().call_later(wait_s, cut)
        try:
            yield
        finally:
            timer.cancel()

    def _timed_out(self, doing: str) -> HandoffError | None:
        if self._cut_after_s is None:
            return None
        return Lost(str(sentences.took_too_long(self._place, doing, self._cut_after_s)), Category.TIMEOUT)

    async def _ask(self, asking: Awaitable[_Result], doing: str, about: _About) -> _Result:
        """Await one request and translate what can go wrong."""
        try:
            return await self.bounded(asking, doing)
        except asyncssh.Error as error:
            raise self.told(error, about) from None

    async def bounded(self, asking: Awaitable[_Result], doing: str) -> _Result:
        """Await one request; what the server answers is left as it is."""
        try:
            with self.cut_after(limits.TRANSFER_SILENCE_S_MAX):
                return await asking
        except _LOST:
            raise self.lost(doing) from None

    def told(self, error: asyncssh.Error, about: _About) -> HandoffError:
        """Say what the server answered."""
        if isinstance(error, _NOT_THERE):
            return about.not_there(about.what)
        if isinstance(error, asyncssh.SFTPNotADirectory):
            return sentences.not_a_folder(about.what)
        if isinstance(error, asyncssh.SFTPPermissionDenied):
            return about.not_allowed(self._place, about.what)
        return sentences.refused(self._place, about.what, error.reason)

    def lost(self, doing: str) -> HandoffError:
        """Say that the connection is gone."""
        return self._timed_out(doing) or Lost(str(sentences.hung_up(self._place, f"when asked {doing}")))

    async def names(self, folder: str) -> Listing:
        """List a folder; links, folders, devices and unusable names are named with their reason."""
        files: list[RemoteFile] = []
        not_taken: list[tuple[str, str]] = []
        doing, about = "to list its files", _folder(folder)
        path = os.fsencode(folder)
        attributes = await self._ask(self._sftp.stat(path), doing, about)
        if attributes.type not in (constants.FILEXFER_TYPE_DIRECTORY, constants.FILEXFER_TYPE_UNKNOWN):
            raise sentences.not_a_folder(folder)
        scan = cast("AsyncGenerator[asyncssh.SFTPName, None]", self._sftp.scandir(path))
        async with aclosing(scan) as entries:
            while entry := await self._ask(anext(entries, None), doing, about):
                if entry.filename in (b".", b".."):
                    continue
                if len(files) + len(not_taken) >= limits.LISTED_FILES_MAX:
                    raise sentences.too_many_names(folder)
                name, reason = names.read(cast("bytes", entry.filename))
                reason = reason or _why_not(entry.attrs)
                if reason:
                    not_taken.append((name, reason))
                else:
                    files.append(RemoteFile(name, entry.attrs.size or 0, _changed_at(entry.attrs)))
        return Listing(files=tuple(files), not_taken=tuple(not_taken))

    async def look(self, path: bytes) -> Seen:
        """Return what the server says of a regular file that can be taken."""
        name = name_of(path)
        async with self.requests:
            attributes = await self._ask(self._sftp.lstat(path), "to look at a file", _file(name))
        if _why_not(attributes):
            raise sentences.not_a_file(name)
        if attributes.size is None:
            raise sentences.no_size(name)
        if attributes.size > limits.FILE_BYTES_MAX:
            raise sentences.too_large(name, attributes.size)
        return Seen(attributes.size, _changed_at(attributes))

    async def seen(self, path: bytes) -> Seen | None:
        """Return what the server says of a file that we write, None where it is not there.

        Raises:
            NotSaidError: The server does not tell; there are folders for writing alone.
        """
        try:
            attributes = await self.bounded(self._sftp.lstat(path), "to look at a file")
        except _NOT_THERE:
            return None
        except asyncssh.SFTPError:
            raise NotSaidError from None
        if attributes.size is None:
            raise NotSaidError
        return Seen(attributes.size, _changed_at(attributes))

    async def open_to_read(self, path: bytes) -> "OpenFile":
        """Open a file."""
        return await self._open(path, "rb", self._block_bytes(), _file(name_of(path)))

    def _block_bytes(self) -> int:
        told_bytes = max(self._sftp.limits.max_read_len, limits.SFTP_SAFE_BLOCK_BYTES)
        return min(told_bytes, limits.SFTP_BLOCK_BYTES)

    async def open_to_write(self, path: bytes, folder: str) -> "OpenFile":
        """Make a file that is not there yet."""
        told_bytes = max(self._sftp.limits.max_write_len, limits.SFTP_SAFE_BLOCK_BYTES)
        return await self._open(path, "xb", told_bytes, _written(folder))

    async def _open(self, path: bytes, mode: str, told_bytes: int, about: _About) -> "OpenFile":
        # block_size=0: asyncssh then asks for just what it is told to; the requests in flight are counted by us
        file = await self._ask(self._sftp.open(path, mode, block_size=0), "to open a file", about)
        return OpenFile(self, file, about, min(told_bytes, limits.SFTP_BLOCK_BYTES))

    async def rename(self, old: bytes, new: bytes, folder: str) -> str:
        """Rename over what has the name; return a note where the server cannot do so in one step."""
        doing, about = "to rename a file", _written(folder)
        try:
            await self.bounded(self._sftp.posix_rename(old, new), doing)
        except asyncssh.SFTPOpUnsupported:
            pass
        except asyncssh.Error as error:
            raise self.told(error, about) from None
        else:
            return ""
        try:
            await self.bounded(self._sftp.rename(old, new), doing)
        except asyncssh.SFTPError as error:
            with suppress(NotSaidError):
                if await self.seen(new) is None:
                    raise self.told(error, about) from None
            await self.remove(new)
            await self._ask(self._sftp.rename(old, new), doing, about)
            return "Replaced without posix-rename: for a moment there was no file of this name."
        return ""

    async def remove(self, path: bytes) -> bool:
        """Remove a file and say whether it is gone; one that was not there is."""
        async with self.requests:
            try:
                await self.bounded(self._sftp.remove(path), "to remove a file")
            except _NOT_THERE:
                return True
            except asyncssh.SFTPError:
                return False
        return True

    async def chosen(self, folder: str, is_wanted: Callable[[str, datetime | None], bool]) -> list[str]:
        """Return names of a folder by a rule over name and time; none where the folder may not be listed."""
        found: list[str] = []
        scan = cast("AsyncGenerator[asyncssh.SFTPName, None]", self._sftp.scandir(os.fsencode(folder)))
        async with aclosing(scan) as entries:
            with suppress(asyncssh.SFTPError):
                for _ in range(limits.LISTED_FILES_MAX):
                    entry = await self.bounded(anext(entries, None), "to list its files")
                    if entry is None:
                        break
                    name, _reason = names.read(cast("bytes", entry.filename))
                    if is_wanted(name, _changed_at(entry.attrs)):
                        found.append(name)
        return found


class NotSaidError(Exception):
    """The server does not tell what was asked."""


class OpenFile:
    """A remote file that is open, as fetching.copy and the delivery want it."""

    def __init__(self, session: Session, file: asyncssh.SFTPClientFile, about: _About, block_bytes: int) -> None:
        """Keep what asyncssh opened."""
        self.name = about.what
        self.block_bytes = block_bytes
        self._about = about
        self._session = session
        self._file = file

    async def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there, fewer only at the end of the file; asks again where the server gives fewer."""
        found = b""
        try:
            while len(found) < size_bytes:
                asked = self._file.read(size_bytes - len(found), offset + len(found))
                more = cast("bytes", await asked)
                if not more:
                    break
                found = found + more if found else more
        except _LOST:
            raise self._session.lost("to read a file") from None
        except asyncssh.Error as error:
            raise self._session.told(error, self._about) from None
        return found

    async def write_at(self, offset: int, block: bytes) -> None:
        """Write one block."""
        try:
            await self._file.write(block, offset)
        except _LOST:
            raise self._session.lost("to write a file") from None
        except asyncssh.Error as error:
            raise self._session.told(error, self._about) from None

    async def close(self, *, for_good: bool = False) -> None:
        """Close it; for_good: on the server's disk first, where the server can do that."""
        if for_good:
            with suppress(asyncssh.SFTPError):
                await self._session.bounded(self._file.fsync(), "to keep a file")
        try:
            await self._session.bounded(self._file.close(), "to close a file")
        except asyncssh.Error as error:
            raise self._session.told(error, self._about) from None


def path_of(folder: str, name: str) -> bytes:
    """Return the path of a file in a folder."""
    return os.fsencode(f"{folder.rstrip('/')}/{name}")


def name_of(path: bytes) -> str:
    """Return the last part of a path."""
    return os.fsdecode(path.rpartition(b"/")[2])


def _why_not(attributes: asyncssh.SFTPAttrs) -> str | None:
    if attributes.type in _KINDS_TAKEN:
        return None
    return _KINDS_NOT_TAKEN.get(attributes.type, "a device, pipe or socket")


def _changed_at(attributes: asyncssh.SFTPAttrs) -> datetime | None:
    try:
        return None if attributes.mtime is None else datetime.fromtimestamp(attributes.mtime, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None  # a time that no calendar holds
