"""Lists, fetches, delivers and removes files over FTP and FTPS; ftputil, kept here, reads listings of old servers."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import ftputil.error
import ftputil.stat

from engine.base import limits
from engine.base.errors import HandoffError
from engine.transfer.ftp_session import Session
from engine.transfer.ftp_talk import Talk
from engine.transfer.names import shown
from engine.transfer.partials import Partial, counted
from engine.transfer.resuming import Fetching
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
            with self._session(steps) as talk:
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
        with self._session(Steps()) as talk:
            return talk.listing(folder)

    def fetch(
        self, folder: str, names: Sequence[str], target: Path, partial: Path, on_bytes: OnBytes
    ) -> tuple[Fetched | NotFetched, ...]:
        """Fetch files into target as 0.data, 1.data, ...; a cut connection is opened again and goes on."""
        return Fetching(lambda: self._session(Steps()), folder, names, partial, on_bytes).run(target)

    def sample(self, folder: str, name: str, target: Path) -> Fetched:
        """Fetch the first SNIFF_BYTES of one file into target as 0.data."""
        with self._session(Steps()) as talk, talk.wire.cut_after(limits.SAMPLE_WAIT_S_MAX):
            talk.enter(folder)
            found = talk.look(name)
            size_bytes = min(found.size_bytes, limits.SNIFF_BYTES)
            part = Partial(target, folder, name, size_bytes, None)
            try:
                talk.copy(name, size_bytes, part, lambda _: None)
                digest = part.finish()
            except BaseException:
                part.remove()
                raise
        part.path.rename(target / "0.data")
        return Fetched(name, found.size_bytes, found.changed_at, digest, "0.data")

    def deliver(
        self, folder: str, files: Sequence[Outgoing], letter: Letter, on_bytes: OnBytes
    ) -> tuple[Delivered, ...]:
        """Bring files there, each under a temporary name that is compared in size and then renamed."""
        del letter
        count = counted(on_bytes, sum(file.path.stat().st_size for file in files))
        with self._session(Steps()) as talk, talk.wire.cut_after(limits.DELIVER_WAIT_S_MAX):
            listed = talk.entries(folder)
            return tuple(talk.deliver(file, listed, count) for file in files)

    def remove(self, folder: str, names: Sequence[str]) -> tuple[str, ...]:
        """Remove files there and return the names that are gone now."""
        with self._session(Steps()) as talk, talk.wire.cut_after(limits.REMOVE_WAIT_S_MAX):
            talk.enter(folder)
            return tuple(name for name in names if talk.remove(name))

    @contextmanager
    def _session(self, steps: Steps) -> Iterator[Talk]:
        """Sign in, and close all of it again."""
        session = Session(self._place, self._secrets, steps)
        try:
            session.start()
            yield Talk(session, self._place, _parse)
        finally:
            session.close()


def _parse(line: str) -> Any | None:
    for parser in _PARSERS:
        with suppress(ftputil.error.ParserError, ValueError):
            return parser.parse_line(line)
    return None
