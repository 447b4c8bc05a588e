"""Fetches files over as many connections as it takes, one after the other; each is whole, or says why it is not."""

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol

from engine.base import clock, limits
from engine.base.errors import Category, HandoffError, TryAgain
from engine.transfer import sentences
from engine.transfer.partials import Partial, counted
from engine.transfer.transport import Fetched, NotFetched, OnBytes
from engine.transfer.wire import Wire
from storage.records.files import RemoteFile


class Source(Protocol):
    """A signed-in session that files are fetched from."""

    wire: Wire

    def enter(self, folder: str) -> object:
        """Open a folder."""
        ...

    def look(self, name: str) -> RemoteFile:
        """Return what the server says of a file that can be taken, or raise why it cannot."""
        ...

    def copy(self, name: str, size_bytes: int, part: Partial, count: Callable[[int], None]) -> bool:
        """Append what is missing, and say whether the server has more than it said.

        Raises:
            TryAgain: Category NETWORK: cut, so that another connection can go on; TIMEOUT: silent.
        """
        ...


class Fetching:
    """One fetch. What is whole waits in `partial` until the others are, so that no call brings a half of them."""

    def __init__(
        self,
        connect: Callable[[], AbstractContextManager[Source]],
        folder: str,
        names: Sequence[str],
        partial: Path,
        on_bytes: OnBytes,
    ) -> None:
        """Keep what is wanted; `connect` signs in anew each time."""
        self._connect = connect
        self._folder = folder
        self._names = names
        self._partial = partial
        self._on_bytes = on_bytes
        self._looks: list[RemoteFile | NotFetched] = []
        self._outcomes: list[tuple[Fetched, Path] | NotFetched] = []

    def run(self, target: Path) -> tuple[Fetched | NotFetched, ...]:
        """Fetch into target as 0.data, 1.data, ... in the order of the names.

        Raises:
            TryAgain: Not reached, cut too often, or too slow; what came rests in `partial`.
            MendCredentials, GiveUp: What no single file is to blame for.
        """
        until_s = clock.monotonic_s() + limits.FETCH_WAIT_S_MAX
        for tries_left in range(limits.TRANSFER_TRIES_MAX - 1, -1, -1):
            try:
                self._go_on(until_s - clock.monotonic_s())
                break
            except TryAgain as error:
                # Only a line that was cut on the way is worth another connection at once.
                if not tries_left or not self._looks or error.category is not Category.NETWORK:
                    raise
        return tuple(self._bring(outcome, target) for outcome in self._outcomes)

    def _bring(self, outcome: tuple[Fetched, Path] | NotFetched, target: Path) -> Fetched | NotFetched:
        if isinstance(outcome, NotFetched):
            return outcome
        fetched, path = outcome
        path.rename(target / fetched.file_name)
        return fetched

    def _go_on(self, wait_s: float) -> None:
        with self._connect() as source, source.wire.cut_after(max(wait_s, 0)):
            source.enter(self._folder)
            while len(self._looks) < len(self._names):
                self._looks.append(self._looked(source, self._names[len(self._looks)]))
            while len(self._outcomes) < len(self._names):
                self._outcomes.append(self._one(source, len(self._outcomes)))

    def _looked(self, source: Source, name: str) -> RemoteFile | NotFetched:
        try:
            return source.look(name)
        except HandoffError as error:
            if _is_lost(error):
                raise
            return NotFetched(name, error)

    def _one(self, source: Source, index: int) -> tuple[Fetched, Path] | NotFetched:
        before = self._looks[index]
        if isinstance(before, NotFetched):
            return before
        name, size_bytes = before.name, before.size_bytes
        part = Partial(self._partial, self._folder, name, size_bytes, before.changed_at)
        try:
            goes_on = self._copied(source, index, before, part)
            if source.look(name) != before:
                raise sentences.still_written(name)  # noqa: TRY301 - told as every other reason
            if goes_on:
                raise sentences.endless(name, size_bytes)  # noqa: TRY301 - the same
            digest = part.finish()
        except HandoffError as error:
            if _is_lost(error):
                part.leave()
                raise
            part.remove()
            return NotFetched(name, error)
        except BaseException:
            part.leave()
            raise
        return Fetched(name, part.size_bytes, before.changed_at, digest, f"{index}.data"), part.path

    def _copied(self, source: Source, index: int, before: RemoteFile, part: Partial) -> bool:
        if part.size_bytes and part.size_bytes == before.size_bytes:
            return False  # an earlier try brought all of it
        total = sum(look.size_bytes for look in self._looks if isinstance(look, RemoteFile))
        done = sum(look.size_bytes for look in self._looks[:index] if isinstance(look, RemoteFile))
        count = counted(self._on_bytes, total, done + part.size_bytes)
        return source.copy(before.name, before.size_bytes, part, count)


def _is_lost(error: HandoffError) -> bool:
    """Whether the connection is to blame, not the one file."""
    return isinstance(error, TryAgain) and error.category in (Category.NETWORK, Category.TIMEOUT)
