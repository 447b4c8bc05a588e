"""Brings files to an SFTP server whole, and removes files there."""

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from pathlib import Path

from engine.base import limits
from engine.base.errors import Category, HandoffError, TryAgain
from engine.transfer import names, sentences, temporary
from engine.transfer.fetching import Lost
from engine.transfer.names import shown
from engine.transfer.sftp_fetching import together
from engine.transfer.sftp_session import NotSaidError, OpenFile, Session, path_of
from engine.transfer.transport import Delivered, OnBytes, Outgoing, Place

_PROBE = "handoff-probe.txt"
_PROBE_CONTENT = b"Handoff looks whether it may write here; this file is removed at once.\n"


class Delivering:
    """One delivery: the files in their order, over however many connections."""

    def __init__(self, place: Place, folder: str, files: Sequence[Outgoing], on_bytes: OnBytes) -> None:
        """Keep what goes where.

        Raises:
            BadInput: A name that no server can have.
        """
        for file in files:
            check_name(file.name)
        self._place = place
        self._folder = folder
        self._files = files
        self._on_bytes = on_bytes
        self._sizes_bytes = [file.path.stat().st_size for file in files]
        self._done: list[Delivered] = []
        self._renaming: bytes | None = None
        """The temporary name whose renaming was asked for and not answered."""

    async def over(self, session: Session) -> tuple[Delivered, ...]:
        """Deliver all that is missing.

        Raises:
            Lost: The connection is gone; the next one begins the file anew.
        """
        while len(self._done) < len(self._files):
            index = len(self._done)
            file = self._files[index]
            delivered = await self._if_renamed(session, file, index) or await self._one(session, file, index)
            self._done.append(delivered)
        return tuple(self._done)

    async def _if_renamed(self, session: Session, file: Outgoing, index: int) -> Delivered | None:
        """Find out whether the last connection was cut after the server had renamed: then the file is there."""
        temporary_path, self._renaming = self._renaming, None
        if temporary_path is None:
            return None
        try:
            if await session.seen(temporary_path) is not None:
                return None
        except NotSaidError:
            return None
        return Delivered(file.name, self._sizes_bytes[index], "The connection was cut just after it was renamed.")

    async def _one(self, session: Session, file: Outgoing, index: int) -> Delivered:
        temporary_name = temporary.fresh(file.name)
        path, final = path_of(self._folder, temporary_name), path_of(self._folder, file.name)
        before_bytes = sum(self._sizes_bytes[:index])
        total_bytes = sum(self._sizes_bytes)

        def count(done: int) -> None:
            self._on_bytes(before_bytes + done, total_bytes)

        remote = await session.open_to_write(path, self._folder)
        try:
            await _write(remote, file.path, self._sizes_bytes[index], session.requests, count)
            await remote.close(for_good=True)
            notes = [await self._compared(session, path, file, index)]
            await self._remove_leftovers(session, file.name, temporary_name)
            self._renaming = path
            notes.append(await session.rename(path, final, self._folder))
            self._renaming = None
        except Lost:
            raise
        except HandoffError:
            self._renaming = None
            await session.remove(path)
            raise
        return Delivered(file.name, self._sizes_bytes[index], " ".join(note for note in notes if note))

    async def _compared(self, session: Session, path: bytes, file: Outgoing, index: int) -> str:
        try:
            there = await session.seen(path)
        except NotSaidError:
            return "The server does not tell the size, so it was not compared."
        size_bytes = self._sizes_bytes[index]
        if there is None:
            raise sentences.taken_too_early(file.name)
        if there.size_bytes != size_bytes:
            raise sentences.kept_short(self._place, file.name, there.size_bytes, size_bytes)
        return ""

    async def _remove_leftovers(self, session: Session, name: str, own: str) -> None:
        now_there: datetime | None = None
        with suppress(NotSaidError):
            just_written = await session.seen(path_of(self._folder, own))
            now_there = just_written.changed_at if just_written else None

        def is_left(found: str, changed_at: datetime | None) -> bool:
            return found != own and temporary.is_leftover(found, changed_at, name, now_there)

        for left in await session.chosen(self._folder, is_left):
            await session.remove(path_of(self._folder, left))


async def probe(session: Session, place: Place, folder: str) -> None:
    """Write a small file and remove it again.

    Raises:
        HandoffError: What of it is not allowed.
    """
    path = path_of(folder, temporary.fresh(_PROBE))
    remote = await session.open_to_write(path, folder)
    await remote.write_at(0, _PROBE_CONTENT)
    await remote.close()
    if not await session.remove(path):
        raise sentences.may_not_remove(place, folder)


async def remove(session: Session, folder: str, wanted: Sequence[str]) -> tuple[str, ...]:
    """Remove files side by side and return the names that are gone now."""
    for name in wanted:
        check_name(name)
    gone = await together([session.remove(path_of(folder, name)) for name in wanted])
    return tuple(name for name, is_gone in zip(wanted, gone, strict=True) if is_gone)


def check_name(name: str) -> None:
    """Refuse what is no base name.

    Raises:
        BadInput: It is empty, a path, or holds control characters.
    """
    _, reason = names.read(name.encode("utf-8", "surrogateescape"))
    if reason or name in (".", ".."):
        raise sentences.name_not_allowed(name)


async def _write(
    remote: OpenFile, source: Path, size_bytes: int, requests: asyncio.Semaphore, count: Callable[[int], None]
) -> None:
    """Write a file in blocks of which many are on their way at once."""
    pending: deque[tuple[int, asyncio.Task[None]]] = deque()
    done = sent = 0
    with source.open("rb") as file:
        try:
            while done < size_bytes:
                while sent < size_bytes and not (pending and requests.locked()):
                    await requests.acquire()
                    block = file.read(min(remote.block_bytes, size_bytes - sent))
                    pending.append((len(block), asyncio.create_task(remote.write_at(sent, block))))
                    if not block:
                        raise TryAgain(f"{shown(source.name)} became shorter while it was delivered; run again.")
                    sent += len(block)
                length, head = pending[0]
                await _answered(head, done, size_bytes)
                pending.popleft()
                requests.release()
                done += length
                count(done)
        finally:
            for _, task in pending:
                task.cancel()
                requests.release()
            await asyncio.gather(*(task for _, task in pending), return_exceptions=True)


async def _answered(task: "asyncio.Task[None]", done: int, size_bytes: int) -> None:
    try:
        async with asyncio.timeout(limits.TRANSFER_SILENCE_S_MAX):
            await task
    except TimeoutError:
        raise Lost(
            f"The server took nothing for {limits.TRANSFER_SILENCE_S_MAX:g} s ({done:,} of {size_bytes:,} bytes were "
            "delivered); nothing was changed there and the next run begins anew.",
            Category.TIMEOUT,
        ) from None
