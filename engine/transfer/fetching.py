"""Copies one remote file to the disk: many requests in flight, in order, hashed on the way, within its bounds."""

import asyncio
import hashlib
import os
from collections import deque
from collections.abc import Callable
from pathlib import Path
from typing import Protocol

from engine.base import limits
from engine.base.errors import Category, GiveUp, TryAgain
from engine.transfer.names import shown


class RemoteFileHandle(Protocol):
    """An open remote file."""

    name: str
    block_bytes: int

    async def read_at(self, offset: int, size_bytes: int) -> bytes:
        """Return the bytes there, fewer only at the end of the file.

        Raises:
            ConnectionError: The connection is gone.
            HandoffError: The server refused.
        """
        ...


async def copy(
    remote: RemoteFileHandle,
    size_bytes: int,
    part: Path,
    requests: asyncio.Semaphore,
    on_bytes: Callable[[int], None],
) -> str:
    """Write exactly size_bytes of the remote file to `part`, on the disk for good, and return their SHA-256.

    Blocks are awaited in the order of the file, so that at most the requests in flight lie in memory.

    Raises:
        TryAgain: Cut, silent, or shorter than it said.
        GiveUp: The server sent more than was asked for.
    """
    digest = hashlib.sha256()
    pending: deque[tuple[int, asyncio.Task[bytes]]] = deque()
    asked = done = 0
    with os.fdopen(os.open(part, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_NOFOLLOW, 0o600), "wb") as out:
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
                out.write(block)
                digest.update(block)
                done += len(block)
                on_bytes(len(block))
                if len(block) < want:
                    raise _short(remote.name, done, size_bytes)
        finally:
            await _drop(pending, requests)
        out.flush()
        await asyncio.to_thread(os.fsync, out.fileno())
    return digest.hexdigest()


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
            f"({done:,} of {size_bytes:,} bytes); nothing was changed and the next run fetches it again."
        )
        raise TryAgain(sentence, Category.TIMEOUT) from None
    except ConnectionError:
        sentence = (
            f"The connection was lost after {done:,} of {size_bytes:,} bytes of {shown(name)}; "
            "nothing was changed and the next run fetches it again."
        )
        raise TryAgain(sentence) from None


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
