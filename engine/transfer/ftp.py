"""Lists, fetches, delivers and removes files over FTP and FTPS; ftputil, kept here, reads listings of old servers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ftputil.error
import ftputil.stat

from engine.base import clock, limits
from engine.base.errors import Category, HandoffError, TryAgain
from engine.transfer import sentences
from engine.transfer.ftp_listing import Entry
from engine.transfer.ftp_session import Session
from engine.transfer.ftp_talk import Talk
from engine.transfer.names import shown
from engine.transfer.partials import Partial, counted
from engine.transfer.transport import Delivered, Fetched, Letter, NotFetched, OnBytes, Outgoing, Place, Steps
from storage.records.connections import Secrets
from storage.records.files import HostKey, Listing, Stage

_PARSERS = (ftputil.stat.UnixParser(), ftputil.stat.MSParser())


class FtpTransport:
    """The Transport of FTP servers: explicit TLS, implicit at port 990, none where a person chose so."""

    def __init__(self, place: Place, secrets: Secrets) -> None:
        """Keep where and with what to sign in; nothing is opened yet."""
        self._place = place
        self._secrets = secrets

    def host_key(self) -> HostKey:
        """Return the digest of the server's certificate, for a person to compare and pin."""
        session = Session(self._place, self._secrets, Steps())
        try:
            return session.certificate()
        finally:
            session.close()

    def test(self, folder: str, writes_to: str = "") -> tuple[Stage, ...]:
        """Try resolve, connect, certificate, sign in, list and write; stop at the first that fails."""
        steps = Steps()
        try:
            with self.session(steps) as talk:
                if folder:
                    steps.begin("list")
                    found = len(talk.listing(folder).files)
                    steps.end(f"{shown(folder)} holds {'1 file' if found == 1 else f'{found:,} files'}.")
                if writes_to:
                    steps.begin("write")
                    talk.probe(writes_to)
                    steps.end(f"A file was written to {shown(writes_to)} and removed again.")
        except HandoffError as error:
            steps.fail(str(error))
        return tuple(steps.stages)

    def list_folder(self, folder: str) -> Listing:
        """List all names of a folder; what is no regular file is among those not taken."""
        with self.session(Steps()) as talk:
            return talk.listing(folder)

    def fetch(
        self, folder: str, names: Sequence[str], target: Path, partial: Path, on_bytes: OnBytes
    ) -> tuple[Fetched | NotFetched, ...]:
        """Fetch files into target as 0.data, 1.data, ...; a cut connection is opened again and goes on."""
        return _Fetching(self, folder, names, partial, on_bytes).run(target)

    def sample(self, folder: str, name: str, target: Path) -> Fetched:
        """Fetch the first SNIFF_BYTES of one file into target as 0.data."""
        with self.session(Steps()) as talk, talk.session.wire.cut_after(limits.SAMPLE_WAIT_S_MAX):
            talk.enter(folder)
            found = talk.look(name)
            size_bytes = min(found.size_bytes or 0, limits.SNIFF_BYTES)
            part = Partial(target, folder, name, size_bytes, None)
            try:
                talk.copy(name, size_bytes, part, lambda _: None)
                digest = part.finish()
            except BaseException:
                part.remove()
                raise
        part.path.rename(target / "0.data")
        return Fetched(name, found.size_bytes or 0, found.changed_at, digest, "0.data")

    def deliver(
        self, folder: str, files: Sequence[Outgoing], letter: Letter, on_bytes: OnBytes
    ) -> tuple[Delivered, ...]:
        """Bring files there, each under a temporary name that is compared in size and then renamed."""
        del letter
        count = counted(on_bytes, sum(file.path.stat().st_size for file in files))
        with self.session(Steps()) as talk, talk.session.wire.cut_after(limits.DELIVER_WAIT_S_MAX):
            talk.enter(folder)
            talk.remove_leftovers()
            return tuple(talk.deliver(file, count) for file in files)

    def remove(self, folder: str, names: Sequence[str]) -> tuple[str, ...]:
        """Remove files there and return the names that are gone now."""
        with self.session(Steps()) as talk, talk.session.wire.cut_after(limits.REMOVE_WAIT_S_MAX):
            talk.enter(folder)
            return tuple(name for name in names if talk.remove(name))

    @contextmanager
    def session(self, steps: Steps) -> Iterator[Talk]:
        """Sign in, and close all of it again."""
        session = Session(self._place, self._secrets, steps)
        try:
            session.start()
            yield Talk(session, self._place, _parse)
        finally:
            session.close()


class _Fetching:
    """One fetch over as many connections as it takes; what is whole waits in `partial` until the others are."""

    def __init__(
        self, transport: FtpTransport, folder: str, names: Sequence[str], partial: Path, on_bytes: OnBytes
    ) -> None:
        self._transport = transport
        self._folder = folder
        self._names = names
        self._partial = partial
        self._on_bytes = on_bytes
        self._looks: list[Entry | NotFetched] = []
        self._outcomes: list[tuple[Fetched, Path] | NotFetched] = []

    def run(self, target: Path) -> tuple[Fetched | NotFetched, ...]:
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

    def _bring(self, outcome: "tuple[Fetched, Path] | NotFetched", target: Path) -> Fetched | NotFetched:
        if isinstance(outcome, NotFetched):
            return outcome
        fetched, path = outcome
        path.rename(target / fetched.file_name)
        return fetched

    def _go_on(self, wait_s: float) -> None:
        with self._transport.session(Steps()) as talk, talk.session.wire.cut_after(max(wait_s, 0)):
            talk.enter(self._folder)
            while len(self._looks) < len(self._names):
                self._looks.append(self._looked(talk, self._names[len(self._looks)]))
            sizes = [look.size_bytes or 0 for look in self._looks if isinstance(look, Entry)]
            while len(self._outcomes) < len(self._names):
                self._outcomes.append(self._one(talk, len(self._outcomes), sum(sizes)))

    def _looked(self, talk: Talk, name: str) -> Entry | NotFetched:
        try:
            return talk.look(name)
        except HandoffError as error:
            return NotFetched(name, _unless_lost(error))

    def _one(self, talk: Talk, index: int, total: int) -> tuple[Fetched, Path] | NotFetched:
        name, before = self._names[index], self._looks[index]
        if isinstance(before, NotFetched):
            return before
        size_bytes = before.size_bytes or 0
        done = sum(fetched[0].size_bytes for fetched in self._outcomes if not isinstance(fetched, NotFetched))
        part = Partial(self._partial, self._folder, name, size_bytes, before.changed_at)
        count = counted(self._on_bytes, total, done + part.size_bytes)
        try:
            goes_on = (part.size_bytes < size_bytes or not size_bytes) and talk.copy(name, size_bytes, part, count)
            after = talk.look(name)
            if (after.size_bytes, after.changed_at) != (size_bytes, before.changed_at):
                raise sentences.still_written(name)  # noqa: TRY301 - told as every other reason
            if goes_on:
                raise sentences.endless(name, size_bytes)  # noqa: TRY301 - the same
            digest = part.finish()
        except HandoffError as error:
            if error.category in (Category.NETWORK, Category.TIMEOUT) and isinstance(error, TryAgain):
                part.leave()
                raise
            part.remove()
            return NotFetched(name, error)
        except BaseException:
            part.leave()
            raise
        return Fetched(name, size_bytes, before.changed_at, digest, f"{index}.data"), part.path


def _unless_lost(error: HandoffError) -> HandoffError:
    """Return a reason why one file is not taken; raise what ends the whole connection."""
    if isinstance(error, TryAgain) and error.category in (Category.NETWORK, Category.TIMEOUT):
        raise error
    return error


def _parse(line: str) -> Any | None:
    for parser in _PARSERS:
        with suppress(ftputil.error.ParserError, ValueError):
            return parser.parse_line(line)
    return None
