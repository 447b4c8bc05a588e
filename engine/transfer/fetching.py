"""Copies one remote file to the disk: many requests in flight, in order, hashed on the way, within its bounds."""

import asyncio
from collections import deque
from collections.abc import Callable
from typing import Protocol

from engine.base import limits
from engine.base.errors import Category, GiveUp, TryAgain
from engine.transfer.names import shown
from engine.transfer.partials import Partial


class Lost(TryAgain):
    """The connection is gone; another may go on, unless the category is TIMEOUT: then a time was over."""


class RemoteFileHandle(Protocol):
    """An open remote file."""

    name: str
    block_bytes: int

    async def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there, fewer only at the end of the file.

        Raises:
            Lost: The connection is gone.
            HandoffError: The server refused.
        """
        ...


async def copy(
    remote: RemoteFileHandle,
    size_bytes: int,
    part: Partial,
    requests: asyncio.Semaphore,
    on_bytes: Callable[[int], None],
) -> None:
    """Append to `part` what it lacks of the first size_bytes of the remote file.

    Blocks are awaited in the order of the file, so that at most the requests in flight lie in memory, and so that
    what is here when the connection is lost is a whole beginning.

    Raises:
        Lost: Cut or silent.
        TryAgain: The file is shorter than it said.
        GiveUp: The server sent more than was asked for.
    """
    pending: deque[tuple[int, asyncio.Task[bytes]]] = deque()
    asked = done = part.size_bytes
    adding = _Adding(part)
    try:
        while done < size_bytes:
            while asked < size_bytes and not (pending and requests.locked()):
                await requests.acquire()
                want = min(remote.block_bytes, size_bytes - asked)
                pending.append((want, asyncio.create_task(remote.read_at(asked, want))))
                asked += want
            want, head = pending[0]
            block = await _arrived(head, remote.name, done, size_bytes)
            pending.popleft()
            requests.release()
            if len(block) > want:
                raise GiveUp(
                    f"The server sent more of {shown(remote.name)} than was asked for; tell whoever runs it.",
                    Category.NETWORK,
                )
            await adding.add(block)
            done += len(block)
            on_bytes(len(block))
            if len(block) < want:
                raise _short(remote.name, done, size_bytes)
    finally:
        await _drop(pending, requests)
        await adding.finish()


class _Adding:
    """Hashes and writes in a thread, beside the one that decrypts: both let go of the interpreter meanwhile."""

    def __init__(self, part: Partial) -> None:
        self._part = part
        self._waiting: list[bytes] = []
        self._waiting_bytes = 0
        self._running: asyncio.Future[None] | None = None
        self._written_s = asyncio.get_running_loop().time()

    async def add(self, block: bytes) -> None:
        """Take a block; wait where the one before is not written yet."""
        self._waiting.append(block)
        self._waiting_bytes += len(block)
        loop = asyncio.get_running_loop()
        # What comes slowly is written soon too: who is stopped goes on from there.
        if self._waiting_bytes >= limits.WRITE_BLOCK_BYTES or loop.time() - self._written_s >= limits.WRITE_INTERVAL_S:
            await self._settle()
            self._written_s = loop.time()
            self._running = loop.run_in_executor(None, self._add_all, self._taken())

    async def finish(self) -> None:
        """Let all be written; a little is written here and now."""
        await self._settle()
        self._add_all(self._taken())

    async def _settle(self) -> None:
        if self._running is not None:
            await asyncio.shield(self._running)  # a thread cannot be called back: whoever closes the file waits for it
            self._running = None

    def _taken(self) -> list[bytes]:
        taken, self._waiting, self._waiting_bytes = self._waiting, [], 0
        return taken

    def _add_all(self, blocks: list[bytes]) -> None:
        # In one piece: each piece costs two changes of the thread that runs.
        self._part.add(b"".join(blocks))


async def has_more(remote: RemoteFileHandle, size_bytes: int) -> bool:
    """Say whether the file goes on after the size that the server named."""
    return bool(await _arrived(asyncio.create_task(remote.read_at(size_bytes, 1)), remote.name, size_bytes, size_bytes))


async def _arrived(task: "asyncio.Task[bytes]", name: str, done: int, size_bytes: int) -> bytes:
    try:
        async with asyncio.timeout(limits.TRANSFER_SILENCE_S_MAX):
            return await task
    except TimeoutError:
        sentence = (
            f"The server sent nothing for {limits.TRANSFER_SILENCE_S_MAX:g} s while {shown(name)} was fetched "
            f"({done:,} of {size_bytes:,} bytes); nothing was changed and the next run goes on."
        )
        raise Lost(sentence, Category.TIMEOUT) from None
    except Lost as error:
        if error.category is Category.TIMEOUT:
            raise
        sentence = (
            f"The connection was lost after {done:,} of {size_bytes:,} bytes of {shown(name)}; "
            "nothing was changed and the next run goes on."
        )
        raise Lost(sentence) from None


def _short(name: str, done: int, size_bytes: int) -> TryAgain:
    return TryAgain(
        f"{shown(name)} ended after {done:,} of the {size_bytes:,} bytes that the server named; "
        "the next run fetches it again."
    )


async def _drop(pending: "deque[tuple[int, asyncio.Task[bytes]]]", requests: asyncio.Semaphore) -> None:
    for _, task in pending:
        task.cancel()
        requests.release()
    await asyncio.gather(*(task for _, task in pending), return_exceptions=True)
    pending.clear()
