"""Lists, fetches, delivers and removes files over SFTP."""

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from contextlib import AbstractAsyncContextManager
from pathlib import Path
from typing import TypeVar

from engine.base import limits
from engine.base.errors import Category, HandoffError, TryAgain
from engine.transfer import sftp_delivering, sftp_fetching
from engine.transfer.fetching import Lost
from engine.transfer.names import shown
from engine.transfer.sftp_connection import Connector
from engine.transfer.sftp_delivering import Delivering
from engine.transfer.sftp_fetching import Fetching
from engine.transfer.sftp_session import Session, opened
from engine.transfer.transport import Delivered, Fetched, Letter, NotFetched, OnBytes, Outgoing, Place, Steps
from storage.records.connections import Secrets
from storage.records.files import HostKey, Listing, Stage

_Result = TypeVar("_Result")


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
        """Try resolve, connect, host key, sign in, list and write; stop at the first that fails."""
        steps = Steps()
        try:
            asyncio.run(self._test(folder, writes_to, steps))
        except HandoffError as error:
            steps.fail(str(error))
        return tuple(steps.stages)

    def list_folder(self, folder: str) -> Listing:
        """List all names of a folder; what is no regular file is among those not taken."""
        return asyncio.run(self._list_folder(folder))

    def fetch(
        self, folder: str, names: Sequence[str], target: Path, partial: Path, on_bytes: OnBytes
    ) -> tuple[Fetched | NotFetched, ...]:
        """Fetch files into target as 0.data, 1.data, ...; a cut connection is opened again and goes on."""
        return asyncio.run(self._fetch(Fetching(folder, names, target, partial, on_bytes)))

    def sample(self, folder: str, name: str, target: Path) -> Fetched:
        """Fetch the first SNIFF_BYTES of one file into target as 0.data."""
        return asyncio.run(self._sample(folder, name, target))

    def deliver(
        self, folder: str, files: Sequence[Outgoing], letter: Letter, on_bytes: OnBytes
    ) -> tuple[Delivered, ...]:
        """Bring files there under a temporary name, compare the size, rename."""
        del letter
        delivering = Delivering(self._place, folder, files, on_bytes)
        return asyncio.run(self._over_several(delivering.over, limits.DELIVER_WAIT_S_MAX))

    def remove(self, folder: str, names: Sequence[str]) -> tuple[str, ...]:
        """Remove files there and return the names that are gone now."""
        return asyncio.run(self._remove(folder, names))

    async def _test(self, folder: str, writes_to: str, steps: Steps) -> None:
        async with self._session(limits.LISTING_WAIT_S_MAX, steps) as session:
            if folder:
                listing = await session.names(folder)
                files = "1 file" if len(listing.files) == 1 else f"{len(listing.files):,} files"
                steps.end(f"{shown(folder)} holds {files}.")
            if writes_to:
                steps.begin("write")
                await sftp_delivering.probe(session, self._place, writes_to)
                steps.end(f"A file was written to {shown(writes_to)} and removed again.")

    async def _list_folder(self, folder: str) -> Listing:
        async with self._session(limits.LISTING_WAIT_S_MAX) as session:
            return await session.names(folder)

    async def _fetch(self, fetching: Fetching) -> tuple[Fetched | NotFetched, ...]:
        try:
            await self._over_several(fetching.over, limits.FETCH_WAIT_S_MAX)
        except TryAgain as error:
            return fetching.result(error)
        except OSError:  # the disk is full: what is partly here would keep it so
            fetching.drop_parts()
            raise
        return fetching.result()

    async def _sample(self, folder: str, name: str, target: Path) -> Fetched:
        async with self._session(limits.SAMPLE_WAIT_S_MAX) as session:
            return await sftp_fetching.sample(session, folder, name, target)

    async def _remove(self, folder: str, names: Sequence[str]) -> tuple[str, ...]:
        async with self._session(limits.REMOVE_WAIT_S_MAX) as session:
            return await sftp_delivering.remove(session, folder, names)

    async def _over_several(self, work: Callable[[Session], Awaitable[_Result]], wait_s: float) -> _Result:
        """Do the work over one connection after another while they are cut; a time that was over ends it.

        Raises:
            TryAgain: Not reached, cut too often, or too slow.
        """
        was_cut = False
        for wait_s_before_next in (*limits.RECONNECT_WAITS_S, None):
            try:
                async with self._session(wait_s) as session:
                    return await work(session)
            except TryAgain as error:
                is_passing = isinstance(error, Lost) or (was_cut and error.category is Category.NETWORK)
                if wait_s_before_next is None or not is_passing or error.category is Category.TIMEOUT:
                    raise
                was_cut = True
            await asyncio.sleep(wait_s_before_next)
        raise AssertionError  # the last round returned or raised

    def _session(self, wait_s: float, steps: Steps | None = None) -> AbstractAsyncContextManager[Session]:
        return opened(self._connector, steps or Steps(), wait_s)
