"""What every way to a partner's files can do: test itself, list, fetch with resume, deliver whole, remove."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from engine.base import clock
from engine.base.errors import HandoffError
from storage.records.files import HostKey, Listing, Stage

OnBytes = Callable[[int, int], None]
"""Called with the bytes that are here (or there) and the bytes of the whole."""


@dataclass(frozen=True)
class Place:
    """Where and as whom to sign in, and what may be reached at all.

    host_key: the confirmed "SHA256:..." (SFTP), or the one pinned certificate (FTP, e-mail); empty where there is
    none. is_plain: without TLS, chosen by a person. allow: networks that are not public and may be reached all the
    same. own: (address, port) of our own endpoints, never reached. may_be_old: an administrator lets this server be
    spoken to with outdated algorithms. authorities: a PEM file of further certificate authorities, or empty.
    security: of mail servers, "tls" where TLS comes first, "starttls" where it is asked for; empty: as is usual at
    the port.
    """

    host: str
    port: int
    username: str
    host_key: str
    is_plain: bool = False
    allow: tuple[str, ...] = ("127.0.0.1", "::1")
    own: tuple[tuple[str, int], ...] = ()
    may_be_old: bool = False
    authorities: str = ""
    security: str = ""


@dataclass(frozen=True)
class Fetched:
    """A file that lies whole in the target folder as `file_name`. changed_at is UTC, None if not told."""

    name: str
    size_bytes: int
    changed_at: datetime | None
    sha256: str
    file_name: str


@dataclass(frozen=True)
class NotFetched:
    """A file that could not be taken while others could: still written, endless, not allowed, gone."""

    name: str
    error: HandoffError


@dataclass(frozen=True)
class Outgoing:
    """A file to deliver: the name that it gets there, and where it lies here."""

    name: str
    path: Path


@dataclass(frozen=True)
class Letter:
    """What mail says beside its attachments; empty for the other ways."""

    sender: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    text: str = ""
    message_id: str = ""


@dataclass(frozen=True)
class Delivered:
    """A file that is there whole under its name. note: what is worth knowing ("replaced without posix-rename")."""

    name: str
    size_bytes: int
    note: str = ""


class Transport(Protocol):
    """One way to a partner's files; each call opens a connection of its own, within the limits' times.

    Every method raises the classes of engine.base.errors, and OSError where the local disk refuses. What a way
    cannot do (mail has no folder to write into, a mail server for sending lists nothing) raises GiveUp.
    """

    def host_key(self) -> HostKey:
        """Ask the server who it is, without signing in: its SSH host key, or its TLS certificate's digest."""
        ...

    def test(self, folder: str, writes_to: str = "") -> tuple[Stage, ...]:
        """Try each stage and stop at the first that fails; expected failures do not raise.

        Stages: resolve, connect, host key (or certificate), sign in, list (`folder`, where it is not empty), write
        (a probe that is removed again, where `writes_to` is not empty).
        """
        ...

    def list_folder(self, folder: str) -> Listing:
        """List all names of a folder; what is no regular file is among those not taken."""
        ...

    def fetch(
        self, folder: str, names: Sequence[str], target: Path, partial: Path, on_bytes: OnBytes
    ) -> tuple[Fetched | NotFetched, ...]:
        """Fetch files into target as 0.data, 1.data, ... in the order of the names; each is whole or not there.

        A cut connection is opened again and goes on where it stopped, a few times; what is still missing then
        rests in `partial`, a folder that outlives this call, and a later call goes on from there, unless the file
        at the server has changed: then it begins anew (faults rows 64, 65).
        """
        ...

    def sample(self, folder: str, name: str, target: Path) -> Fetched:
        """Fetch the first SNIFF_BYTES of one file into target as 0.data; size_bytes is that of the whole file."""
        ...

    def deliver(
        self, folder: str, files: Sequence[Outgoing], letter: Letter, on_bytes: OnBytes
    ) -> tuple[Delivered, ...]:
        """Bring files there: under a temporary name, compared in size, then renamed over what had the name.

        A reader sees the old file, none, or the whole new one. Cut in between, the temporary one is removed by the
        next delivery. Mail sends one message with all files as attachments.
        """
        ...

    def remove(self, folder: str, names: Sequence[str]) -> tuple[str, ...]:
        """Remove files there and return the names that are gone now; one that was gone already counts as gone."""
        ...


class Steps:
    """Notes which stage of a connection runs, what it said and how long it took."""

    def __init__(self) -> None:
        """Start with no stage."""
        self.stages: list[Stage] = []
        self._name = ""
        self._began_s = 0.0

    @property
    def running(self) -> str:
        """The stage that has begun and not ended, else empty."""
        return self._name

    def begin(self, name: str) -> None:
        """A stage starts."""
        self._name, self._began_s = name, clock.monotonic_s()

    def end(self, said: str, *, ok: bool = True) -> None:
        """The stage ends with one sentence; a stage that comes a second time is noted once."""
        if self._name and all(stage.name != self._name for stage in self.stages):
            took_ms = round((clock.monotonic_s() - self._began_s) * 1000)
            self.stages.append(Stage(name=self._name, ok=ok, said=said, took_ms=took_ms))
        self._name = ""

    def fail(self, said: str) -> None:
        """The running stage failed; an earlier pass of the same stage is overruled."""
        self.stages = [stage for stage in self.stages if stage.name != self._name]
        self.end(said, ok=False)
