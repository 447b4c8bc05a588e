"""Lists and fetches files over SFTP; asyncssh, kept here and in sftp_connection alone, shows no error beyond."""

import asyncio
import os
from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable, Coroutine, Iterator, Sequence
from contextlib import aclosing, asynccontextmanager, contextmanager, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar, cast

import asyncssh
from asyncssh import constants
from asyncssh.sftp import start_sftp_client

from engine.base import limits
from engine.base.errors import HandoffError
from engine.transfer import fetching, names, sentences
from engine.transfer.sftp_connection import Connector
from engine.transfer.transport import Fetched, OnBytes, Place, Steps
from storage.records.connections import Secrets
from storage.records.files import HostKey, Listing, RemoteFile, Stage

_Result = TypeVar("_Result")

_LOST = (asyncssh.SFTPConnectionLost, asyncssh.SFTPNoConnection, asyncssh.DisconnectError, OSError)
_NOT_THERE = (asyncssh.SFTPNoSuchFile, asyncssh.SFTPNoSuchPath)
_SFTP_VERSION = 3
_KINDS_NOT_TAKEN = {
    constants.FILEXFER_TYPE_SYMLINK: "a link, not a file",
    constants.FILEXFER_TYPE_DIRECTORY: "a folder",
}
_KINDS_TAKEN = (constants.FILEXFER_TYPE_REGULAR, constants.FILEXFER_TYPE_UNKNOWN)


class SftpTransport:
    """The Transport of SFTP servers."""

    def __init__(self, place: Place, secrets: Secrets) -> None:
        """Keep where and with what to sign in; nothing is opened yet."""
        self._place = place
        self._connector = Connector(place, secrets)

    def host_key(self) -> HostKey:
        """Ask the server for the key it prefers, without signing in."""
        return asyncio.run(self._connector.host_key())

    def test(self, folder: str, writes_to: str = "") -> tuple[Stage, ...]:
        """Try resolve, connect, host key, sign in and list; stop at the first that fails."""
        steps = Steps()
        del writes_to
        try:
            asyncio.run(self._list_folder(folder, steps))
        except HandoffError as error:
            steps.fail(str(error))
        return tuple(steps.stages)

    def list_folder(self, folder: str) -> Listing:
        """List all names of a folder; what is no regular file is among those not taken."""
        return asyncio.run(self._list_folder(folder, Steps()))

    def fetch(
        self, folder: str, names: Sequence[str], target: Path, partial: Path, on_bytes: OnBytes
    ) -> tuple[Fetched, ...]:
        """Fetch files into target as 0.data, 1.data, ...: all of them, or none."""
        del partial
        return asyncio.run(self._fetch(folder, names, target, on_bytes))

    def sample(self, folder: str, name: str, target: Path) -> Fetched:
        """Fetch the first SNIFF_BYTES of one file into target as 0.data."""
        return asyncio.run(self._sample(folder, name, target))

    async def _list_folder(self, folder: str, steps: Steps) -> Listing:
        async with self._session(steps, limits.LISTING_WAIT_S_MAX) as session:
            listing = await session.names(folder)
            files = "1 file" if len(listing.files) == 1 else f"{len(listing.files):,} files"
            steps.end(f"{names.shown(folder)} holds {files}.")
        return listing

    async def _fetch(self, folder: str, wanted: Sequence[str], target: Path, on_bytes: OnBytes) -> tuple[Fetched, ...]:
        async with self._session(Steps(), limits.FETCH_WAIT_S_MAX) as session:
            paths = [_path(folder, name) for name in wanted]
            before = await _together([session.look(path) for path in paths])
            total = sum(attributes.size or 0 for attributes in before)
            here = 0

            def count(size_bytes: int) -> None:
                nonlocal here
                here += size_bytes
                on_bytes(here, total)

            side_by_side = asyncio.Semaphore(limits.SFTP_FILES_AT_ONCE_MAX)

            async def one(index: int) -> Fetched:
                async with side_by_side:
                    part = target / f"{index}.data.part"
                    digest = await session.copy_whole(paths[index], before[index], part, count)
                    part.rename(target / f"{index}.data")
                size_bytes = before[index].size or 0
                return Fetched(wanted[index], size_bytes, _changed_at(before[index]), digest, f"{index}.data")

            with _all_or_none(target, len(wanted)):
                return tuple(await _together([one(index) for index in range(len(wanted))]))

    async def _sample(self, folder: str, name: str, target: Path) -> Fetched:
        async with self._session(Steps(), limits.FETCH_WAIT_S_MAX) as session:
            path = _path(folder, name)
            before = await session.look(path)
            with _all_or_none(target, 1):
                part = target / "0.data.part"
                digest = await session.copy_start(path, before, part)
                part.rename(target / "0.data")
            return Fetched(name, before.size or 0, _changed_at(before), digest, "0.data")

    @asynccontextmanager
    async def _session(self, steps: Steps, wait_s: float) -> AsyncIterator["_Session"]:
        """Sign in, start SFTP and close all of it again; after wait_s the whole is cut off."""
        connection = await self._connector.connect(steps)
        steps.begin("list")
        try:
            session = _Session(self._place, connection)
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


class _Session:
    """One SFTP session; each request is bounded, and its errors are told in sentences."""

    def __init__(self, place: Place, connection: asyncssh.SSHClientConnection) -> None:
        self._place = place
        self._connection = connection
        self._requests = asyncio.Semaphore(limits.SFTP_REQUESTS_MAX)
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
        return sentences.took_too_long(self._place, doing, self._cut_after_s)

    async def _ask(self, asking: Awaitable[_Result], doing: str, what: str, *, is_folder: bool = False) -> _Result:
        """Await one request and translate what can go wrong; `what` is the folder or file it is about."""
        try:
            with self.cut_after(limits.TRANSFER_SILENCE_S_MAX):
                return await asking
        except _NOT_THERE:
            raise (sentences.no_folder(what) if is_folder else sentences.file_gone(what)) from None
        except asyncssh.SFTPNotADirectory:
            raise sentences.not_a_folder(what) from None
        except asyncssh.SFTPPermissionDenied:
            refusal = sentences.may_not_list if is_folder else sentences.may_not_read
            raise refusal(self._place, what) from None
        except _LOST:
            raise self._timed_out(doing) or sentences.hung_up(self._place, f"when asked {doing}") from None
        except asyncssh.Error as error:
            raise sentences.refused(self._place, what, error.reason) from None

    async def names(self, folder: str) -> Listing:
        """List a folder; links, folders, devices and unusable names are named with their reason."""
        files: list[RemoteFile] = []
        not_taken: list[tuple[str, str]] = []
        path = os.fsencode(folder)
        doing = "to list its files"
        attributes = await self._ask(self._sftp.stat(path), doing, folder, is_folder=True)
        if attributes.type not in (constants.FILEXFER_TYPE_DIRECTORY, constants.FILEXFER_TYPE_UNKNOWN):
            raise sentences.not_a_folder(folder)
        scan = cast("AsyncGenerator[asyncssh.SFTPName, None]", self._sftp.scandir(path))
        async with aclosing(scan) as entries:
            while entry := await self._ask(anext(entries, None), doing, folder, is_folder=True):
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

    async def look(self, path: bytes) -> asyncssh.SFTPAttrs:
        """Return what the server says of a regular file that can be taken."""
        name = _name(path)
        async with self._requests:
            attributes = await self._ask(self._sftp.lstat(path), "to look at a file", name)
        if _why_not(attributes):
            raise sentences.not_a_file(name)
        if attributes.size is None:
            raise sentences.no_size(name)
        if attributes.size > limits.FILE_BYTES_MAX:
            raise sentences.too_large(name, attributes.size)
        return attributes

    async def copy_whole(
        self, path: bytes, before: asyncssh.SFTPAttrs, part: Path, count: Callable[[int], None]
    ) -> str:
        """Copy, then look once more: a file that changed meanwhile or goes on is not taken."""
        size_bytes = before.size or 0
        remote = await self._open(path)
        digest = await fetching.copy(remote, size_bytes, part, self._requests, count)
        goes_on = await fetching.has_more(remote, size_bytes)
        after = await self.look(path)
        if (after.size, after.mtime) != (before.size, before.mtime):
            raise sentences.still_written(remote.name)
        if goes_on:
            raise sentences.endless(remote.name, size_bytes)
        await self._ask(remote.file.close(), "to close a file", remote.name)
        return digest

    async def copy_start(self, path: bytes, before: asyncssh.SFTPAttrs, part: Path) -> str:
        """Copy the first bytes, for a preview."""
        remote = await self._open(path)
        size_bytes = min(before.size or 0, limits.SNIFF_BYTES)
        return await fetching.copy(remote, size_bytes, part, self._requests, lambda _: None)

    async def _open(self, path: bytes) -> "_OpenFile":
        told_bytes = max(self._sftp.limits.max_read_len, limits.SFTP_SAFE_BLOCK_BYTES)
        # block_size=0: asyncssh then asks for just what it is told to; the requests in flight are counted here
        file = await self._ask(self._sftp.open(path, "rb", block_size=0), "to open a file", _name(path))
        return _OpenFile(file, _name(path), min(told_bytes, limits.SFTP_BLOCK_BYTES), self._place)


class _OpenFile:
    """A remote file that is open for reading, as fetching.copy wants it."""

    def __init__(self, file: asyncssh.SFTPClientFile, name: str, block_bytes: int, place: Place) -> None:
        self.file = file
        self.name = name
        self.block_bytes = block_bytes
        self._place = place

    async def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there, fewer only at the end of the file; asks again where the server gives fewer."""
        found = b""
        try:
            while len(found) < size_bytes:
                asked = self.file.read(size_bytes - len(found), offset + len(found))
                more = cast("bytes", await asked)
                if not more:
                    break
                found = found + more if found else more
        except asyncssh.SFTPPermissionDenied:
            raise sentences.may_not_read(self._place, self.name) from None
        except _LOST as error:
            raise ConnectionError(str(error)) from None
        except asyncssh.Error as error:
            raise sentences.refused(self._place, self.name, error.reason) from None
        return found


def _why_not(attributes: asyncssh.SFTPAttrs) -> str | None:
    if attributes.type in _KINDS_TAKEN:
        return None
    return _KINDS_NOT_TAKEN.get(attributes.type, "a device, pipe or socket")


def _changed_at(attributes: asyncssh.SFTPAttrs) -> datetime | None:
    try:
        return None if attributes.mtime is None else datetime.fromtimestamp(attributes.mtime, UTC).replace(tzinfo=None)
    except (ValueError, OverflowError, OSError):
        return None  # a time that no calendar holds


def _path(folder: str, name: str) -> bytes:
    return os.fsencode(f"{folder.rstrip('/')}/{name}")


def _name(path: bytes) -> str:
    return os.fsdecode(path.rpartition(b"/")[2])


async def _together(asking: Sequence[Coroutine[Any, Any, _Result]]) -> list[_Result]:
    """Await all of them; the first failure ends the others."""
    tasks = [asyncio.create_task(one) for one in asking]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


@contextmanager
def _all_or_none(target: Path, count: int) -> Iterator[None]:
    """Leave no file of this fetch behind where one of them failed."""
    try:
        yield
    except BaseException:
        for index in range(count):
            for suffix in ("data", "data.part"):
                (target / f"{index}.{suffix}").unlink(missing_ok=True)
        raise
