"""Fetches files over one SFTP session after another, until all are here or the tries are over."""

import asyncio
from collections.abc import Coroutine, Sequence
from pathlib import Path
from typing import Any, TypeVar

from engine.base import limits
from engine.base.errors import HandoffError, TryAgain
from engine.transfer import fetching, sentences
from engine.transfer.fetching import Lost
from engine.transfer.partials import Partial, drop_small
from engine.transfer.sftp_session import Seen, Session, path_of
from engine.transfer.transport import Fetched, NotFetched, OnBytes

_Result = TypeVar("_Result")


class Fetching:
    """One fetch: which files are wanted, and what has become of each so far, over however many connections."""

    def __init__(self, folder: str, names: Sequence[str], target: Path, partial: Path, on_bytes: OnBytes) -> None:
        """Keep what is wanted; nothing is asked yet."""
        self._folder = folder
        self._names = names
        self._target = target
        self._partial = partial
        self._on_bytes = on_bytes
        self._outcomes: dict[int, Fetched | NotFetched] = {}
        self._here_bytes = self._total_bytes = 0
        self._small = asyncio.Semaphore(limits.SFTP_SMALL_FILES_AT_ONCE_MAX)
        self._large = asyncio.Semaphore(limits.SFTP_FILES_AT_ONCE_MAX)

    async def over(self, session: Session) -> None:
        """Fetch all that is missing, side by side.

        Raises:
            Lost: The connection is gone; what is here stays for the next one.
            OSError: Of the local disk.
        """
        missing = [index for index in range(len(self._names)) if index not in self._outcomes]
        seen = await together([self._look(session, index) for index in missing])
        whole = [outcome.size_bytes for outcome in self._outcomes.values() if isinstance(outcome, Fetched)]
        self._here_bytes = sum(whole)
        self._total_bytes = self._here_bytes + sum(before.size_bytes for before in seen if before)
        pairs = [(index, before) for index, before in zip(missing, seen, strict=True) if before]
        await together([self._one(session, index, before) for index, before in pairs])

    def result(self, lost: TryAgain | None = None) -> tuple[Fetched | NotFetched, ...]:
        """Return what has become of each file; those that are missing say why the last connection ended.

        Raises:
            TryAgain: The connection was lost before anything could be said of any file.
        """
        if lost:
            drop_small(self._partial)
        if lost and not self._outcomes:
            raise lost
        return tuple(
            self._outcomes.get(index) or NotFetched(name, lost or sentences.file_gone(name))
            for index, name in enumerate(self._names)
        )

    def drop_parts(self) -> None:
        """Leave nothing behind, not even what another fetch could go on from."""
        for left in (*self._target.glob("*.data"), *self._partial.glob("*.part")):
            left.unlink(missing_ok=True)

    async def _look(self, session: Session, index: int) -> Seen | None:
        try:
            return await session.look(path_of(self._folder, self._names[index]))
        except Lost:
            raise
        except HandoffError as error:
            self._outcomes[index] = NotFetched(self._names[index], error)
            return None

    async def _one(self, session: Session, index: int, before: Seen) -> None:
        name = self._names[index]
        is_small = before.size_bytes <= limits.SFTP_SAFE_BLOCK_BYTES
        async with self._small if is_small else self._large:
            part = await asyncio.to_thread(
                Partial, self._partial, self._folder, name, before.size_bytes, before.changed_at
            )
            try:
                digest = await self._copied(session, path_of(self._folder, name), before, part)
            except Lost:
                part.leave()
                raise
            except asyncio.CancelledError:  # another file's connection is this one's too
                part.leave()
                raise
            except HandoffError as error:
                part.remove()
                self._outcomes[index] = NotFetched(name, error)
                return
            except BaseException:
                part.remove()
                raise
            part.path.rename(self._target / f"{index}.data")
            self._outcomes[index] = Fetched(name, before.size_bytes, before.changed_at, digest, f"{index}.data")

    async def _copied(self, session: Session, path: bytes, before: Seen, part: Partial) -> str:
        """Copy, then look once more: a file that changed meanwhile or goes on is not taken."""
        self._count(part.size_bytes)
        remote = await session.open_to_read(path)
        beyond = asyncio.create_task(fetching.has_more(remote, before.size_bytes))
        try:
            await fetching.copy(remote, before.size_bytes, part, session.requests, self._count)
            goes_on = await beyond
        finally:
            beyond.cancel()
            await asyncio.gather(beyond, return_exceptions=True)
        after, _ = await asyncio.gather(session.look(path), remote.close())
        if after != before:
            raise sentences.still_written(remote.name)
        if goes_on:
            raise sentences.endless(remote.name, before.size_bytes)
        return await asyncio.to_thread(part.finish)

    def _count(self, size_bytes: int) -> None:
        self._here_bytes += size_bytes
        self._on_bytes(self._here_bytes, self._total_bytes)


async def sample(session: Session, folder: str, name: str, target: Path) -> Fetched:
    """Fetch the first SNIFF_BYTES of one file into target as 0.data."""
    path = path_of(folder, name)
    before = await session.look(path)
    size_bytes = min(before.size_bytes, limits.SNIFF_BYTES)
    part = Partial(target, folder, name, size_bytes, None)
    try:
        remote = await session.open_to_read(path)
        await fetching.copy(remote, size_bytes, part, session.requests, lambda _: None)
        digest = part.finish()
    except BaseException:
        part.remove()
        raise
    part.path.rename(target / "0.data")
    return Fetched(name, before.size_bytes, before.changed_at, digest, "0.data")


async def together(asking: Sequence[Coroutine[Any, Any, _Result]]) -> list[_Result]:
    """Await all of them; the first failure ends the others."""
    tasks = [asyncio.create_task(one) for one in asking]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
