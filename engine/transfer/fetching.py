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
    asked = part.size_bytes
    try:
        while part.size_bytes < size_bytes:
            while asked < size_bytes and not (pending and requests.locked()):
                await requests.acquire()
                want = min(remote.block_bytes, size_bytes - asked)
                pending.append((want, asyncio.create_task(remote.read_at(asked, want))))
                asked += want
            want, head = pending[0]
            block = await _arrived(head, remote.name, part.size_bytes, size_bytes)
            pending.popleft()
            requests.release()
            if len(block) > want:
                raise GiveUp(
                    f"The server sent more of {shown(remote.name)} than was asked for; tell whoever runs it.",
                    Category.NETWORK,
                )
            part.add(block)
            on_bytes(len(block))
            if len(block) < want:
                raise _short(remote.name, part.size_bytes, size_bytes)
    finally:
        await _drop(pending, requests)


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
