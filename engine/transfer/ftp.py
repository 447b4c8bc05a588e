"""Lists, fetches, delivers and removes files over FTP and FTPS; ftputil, kept here, reads listings of old servers."""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from engine.base import limits
from engine.base.errors import HandoffError
from engine.transfer.ftp_delivering import Delivering
from engine.transfer.ftp_session import Session
from engine.transfer.ftp_talk import Talk, check_name
from engine.transfer.names import shown
from engine.transfer.partials import Partial
from engine.transfer.resuming import Fetching, over_several
from engine.transfer.transport import Delivered, Fetched, Letter, NotFetched, OnBytes, Outgoing, Place, Steps
from storage.records.connections import Secrets
from storage.records.files import HostKey, Listing, Stage

with warnings.catch_warnings():
    # On import ftputil announces its next major version to whoever imports it; the pin decides when that comes.
    warnings.simplefilter("ignore", DeprecationWarning)
    import ftputil.error
    import ftputil.stat

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
            with self._session(steps, limits.LISTING_WAIT_S_MAX) as talk:
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
        with self._session(Steps(), limits.LISTING_WAIT_S_MAX) as talk:
            return talk.listing(folder)

    def fetch(
        self, folder: str, names: Sequence[str], target: Path, partial: Path, on_bytes: OnBytes
    ) -> tuple[Fetched | NotFetched, ...]:
        """Fetch files into target as 0.data, 1.data, ...; a cut connection is opened again and goes on."""
        return Fetching(folder, names, target, partial, on_bytes).run(
            lambda: self._session(Steps(), limits.FETCH_WAIT_S_MAX)
        )

    def sample(self, folder: str, name: str, target: Path) -> Fetched:
        """Fetch the first SNIFF_BYTES of one file into target as 0.data."""
        with self._session(Steps(), limits.SAMPLE_WAIT_S_MAX) as talk:
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
        delivering = Delivering(folder, files, on_bytes)
        return over_several(lambda: self._session(Steps(), limits.DELIVER_WAIT_S_MAX), delivering.over)

    def remove(self, folder: str, names: Sequence[str]) -> tuple[str, ...]:
        """Remove files there and return the names that are gone now."""
        for name in names:
            check_name(name)
        with self._session(Steps(), limits.REMOVE_WAIT_S_MAX) as talk:
            talk.enter(folder)
            return tuple(name for name in names if talk.remove(name))

    @contextmanager
    def _session(self, steps: Steps, wait_s: float) -> Iterator[Talk]:
        """Sign in, and close all of it again."""
        session = Session(self._place, self._secrets, steps)
        try:
            session.start()
            with session.wire.cut_after(wait_s):
                yield Talk(session, self._place, _parse)
        finally:
            session.close()


def _parse(line: str) -> Any | None:
    for parser in _PARSERS:
        with suppress(ftputil.error.ParserError, ValueError):
            return parser.parse_line(line)
    return None
