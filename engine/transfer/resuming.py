"""Work that goes on over as many connections as it takes, for the ways that are used one request after the other."""

import time
from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Protocol, TypeVar

from engine.base import limits
from engine.base.errors import Category, HandoffError, TryAgain
from engine.transfer import sentences
from engine.transfer.fetching import Lost
from engine.transfer.partials import Partial, counted, drop_small
from engine.transfer.transport import Fetched, NotFetched, OnBytes
from storage.records.files import RemoteFile

_Session = TypeVar("_Session")
_Result = TypeVar("_Result")


class Source(Protocol):
    """A signed-in session that files are fetched from."""

    def enter(self, folder: str) -> object:
        """Open a folder."""
        ...

    def look(self, name: str) -> RemoteFile:
        """Return what the server says of a file that can be taken, or raise why it cannot."""
        ...

    def copy(self, name: str, size_bytes: int, part: Partial, count: Callable[[int], None]) -> bool:
        """Append what is missing, and say whether the server has more than it said.

        Raises:
            Lost: Cut or silent.
        """
        ...


def over_several(
    connect: Callable[[], AbstractContextManager[_Session]], work: Callable[[_Session], _Result]
) -> _Result:
    """Do the work over one connection after another while they are cut; a time that was over ends it.

    Raises:
        TryAgain: Not reached, cut too often, or too slow.
    """
    was_cut = False
    for wait_s in (*limits.RECONNECT_WAITS_S, None):
        try:
            with connect() as session:
                return work(session)
        except TryAgain as error:
            is_passing = isinstance(error, Lost) or (was_cut and error.category is Category.NETWORK)
            if wait_s is None or not is_passing or error.category is Category.TIMEOUT:
                raise
            was_cut = True
        time.sleep(wait_s)
    raise AssertionError  # the last round returned or raised


class Fetching:
    """One fetch: which files are wanted, and what has become of each so far, over however many connections."""

    def __init__(self, folder: str, names: Sequence[str], target: Path, partial: Path, on_bytes: OnBytes) -> None:
        """Keep what is wanted; nothing is asked yet."""
        self._folder = folder
        self._names = names
        self._target = target
        self._partial = partial
        self._on_bytes = on_bytes
        self._looks: list[RemoteFile | NotFetched] = []
        self._outcomes: list[Fetched | NotFetched] = []

    def run(self, connect: Callable[[], AbstractContextManager[Source]]) -> tuple[Fetched | NotFetched, ...]:
        """Fetch into the target as 0.data, 1.data, ...; files that the last connection did not bring say why.

        Raises:
            TryAgain: The connection was lost before anything could be said of any file.
            MendCredentials, GiveUp: What no single file is to blame for.
            OSError: Of the local disk; nothing is kept then, because that would keep it full.
        """
        try:
            over_several(connect, self._over)
        except TryAgain as error:
            drop_small(self._partial)
            if not self._outcomes:
                raise
            self._outcomes += [NotFetched(name, error) for name in self._names[len(self._outcomes) :]]
        except OSError:
            for left in (*self._target.glob("*.data"), *self._partial.glob("*.part")):
                left.unlink(missing_ok=True)
            raise
        return tuple(self._outcomes)

    def _over(self, source: Source) -> None:
        if self._names:
            source.enter(self._folder)
        while len(self._looks) < len(self._names):
            self._looks.append(self._looked(source, self._names[len(self._looks)]))
        while len(self._outcomes) < len(self._names):
            self._outcomes.append(self._one(source, len(self._outcomes)))

    def _looked(self, source: Source, name: str) -> RemoteFile | NotFetched:
        try:
            return source.look(name)
        except Lost:
            raise
        except HandoffError as error:
            return NotFetched(name, error)

    def _one(self, source: Source, index: int) -> Fetched | NotFetched:
        before = self._looks[index]
        if isinstance(before, NotFetched):
            return before
        part = Partial(self._partial, self._folder, before.name, before.size_bytes, before.changed_at)
        try:
            digest = self._copied(source, index, before, part)
        except Lost:
            part.leave()
            raise
        except HandoffError as error:
            part.remove()
            return NotFetched(before.name, error)
        except BaseException:
            part.remove()
            raise
        part.path.rename(self._target / f"{index}.data")
        return Fetched(before.name, part.size_bytes, before.changed_at, digest, f"{index}.data")

    def _copied(self, source: Source, index: int, before: RemoteFile, part: Partial) -> str:
        """Copy, then look once more: a file that changed meanwhile or goes on is not taken."""
        total = sum(look.size_bytes for look in self._looks if isinstance(look, RemoteFile))
        done = sum(look.size_bytes for look in self._looks[:index] if isinstance(look, RemoteFile))
        count = counted(self._on_bytes, total, done + part.size_bytes)
        goes_on = False
        if not part.size_bytes or part.size_bytes < before.size_bytes:  # else an earlier try brought all of it
            goes_on = source.copy(before.name, before.size_bytes, part, count)
        if source.look(before.name) != before:
            raise sentences.still_written(before.name)
        if goes_on:
            raise sentences.endless(before.name, before.size_bytes)
        return part.finish()
