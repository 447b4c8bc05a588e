"""What every way of fetching files can do: show its host key, test itself, list, fetch and sample."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Protocol

from engine.base import clock
from storage.records.files import HostKey, Listing, Stage

OnBytes = Callable[[int, int], None]
"""Called with the bytes that are here and the bytes of the whole."""


@dataclass(frozen=True)
class Place:
    """Where and as whom to sign in. host_key is the confirmed "SHA256:...", empty where none is confirmed."""

    host: str
    port: int
    username: str
    host_key: str


@dataclass(frozen=True)
class Fetched:
    """A file that lies whole in the target folder as `file_name`. changed_at is UTC, None if not told."""

    name: str
    size_bytes: int
    changed_at: datetime | None
    sha256: str
    file_name: str


class Transport(Protocol):
    """One way to a partner's files; each call opens a connection of its own, within the limits' times.

    Every method raises the classes of engine.base.errors, and OSError where the local disk refuses.
    """

    def host_key(self) -> HostKey:
        """Ask the server who it is, without signing in."""
        ...

    def test(self, folder: str) -> tuple[Stage, ...]:
        """Try each stage up to the listing and stop at the first that fails; expected failures do not raise."""
        ...

    def list_folder(self, folder: str) -> Listing:
        """List all names of a folder; what is no regular file is among those not taken."""
        ...

    def fetch(self, folder: str, names: Sequence[str], target: Path, on_bytes: OnBytes) -> tuple[Fetched, ...]:
        """Fetch files into target as 0.data, 1.data, ... in the order of the names: all of them, or none."""
        ...

    def sample(self, folder: str, name: str, target: Path) -> Fetched:
        """Fetch the first SNIFF_BYTES of one file into target as 0.data; size_bytes is that of the whole file."""
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
