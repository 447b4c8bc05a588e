"""One connection's folder: what a client has pending, what was accepted of it, what it may fetch, and the quota."""

import contextlib
import errno
import os
import threading
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Protocol

from engine.base import clock, ids
from engine.endpoints import landing, names, places
from storage.records.boxes import Landed, LandedState, Mount
from storage.spool import Spool

Path = tuple[str, ...]
"""Names from the top of one connection's folder."""


class Writer(Protocol):
    """An upload that holds a pending file open."""

    def let_go(self) -> None:
        """Another session took the file, or its name: nothing more is written."""

    def move(self, path: Path) -> None:
        """Its name is another one now."""


@dataclass(frozen=True)
class Origin:
    """Whose session it is: what the note of a file says of its giver."""

    credential_id: str
    protocol: str
    peer: str


@dataclass(frozen=True)
class Accepted:
    """One accepted file as it is still shown to its giver."""

    landed_id: str
    size_bytes: int
    landed_s: float
    sha256: str


class Box:
    """The folder of one connection, shared by all its sessions; everything that names things holds `lock`."""

    def __init__(self, spool: Spool, connection_id: str, landed: landing.LandedFolder | None = None) -> None:
        """Make the folders where they are missing, and read what was accepted."""
        self.spool = spool
        self.connection_id = connection_id
        self.lock = threading.RLock()
        self.incoming = places.open_folder(spool.incoming(connection_id))
        self.accepted_folder = places.open_folder(spool.accepted(connection_id))
        self.outgoing = places.open_folder(spool.outgoing(connection_id))
        self.landed = landed or landing.LandedFolder(spool)
        self.writers: dict[tuple[int, int], Writer] = {}
        self._accepted: dict[Path, Accepted] = {}
        self._not_taken: dict[str, int] = {}
        self._not_taken_bytes = 0
        self._pending_bytes = 0
        self._pending_files = 0
        self._read_notes()
        self._count()

    @property
    def is_there(self) -> bool:
        """Whether the folder is still the one on the disk; that of a removed connection is not."""
        return os.fstat(self.incoming).st_nlink > 0

    def close(self) -> None:
        """Let the folders go."""
        for item in (self.incoming, self.accepted_folder, self.outgoing):
            with contextlib.suppress(OSError):
                os.close(item)

    # --- what was accepted ---------------------------------------------------------------------

    def accepted(self, path: Path) -> Accepted | None:
        """Return the newest accepted file of this name, where it is still shown and its data lies there."""
        with self.lock:
            found = self._accepted.get(path)
            if found is not None and places.look(self.accepted_folder, f"{found.landed_id}.data") is None:
                del self._accepted[path]
                return None
            return found

    def accepted_in(self, folder: Path) -> dict[str, Accepted]:
        """Return the accepted files of one folder by name."""
        with self.lock:
            here = [path for path in self._accepted if path[:-1] == folder]
            shown = ((path[-1], self.accepted(path)) for path in here)
            return {name: found for name, found in shown if found is not None}

    def has_accepted_below(self, folder: Path) -> bool:
        """Say whether any accepted file is shown in this folder or below it."""
        with self.lock:
            depth = len(folder)
            return any(path[:depth] == folder and self.accepted(path) for path in list(self._accepted))

    def hide(self, path: Path) -> None:
        """Show an accepted file, and older ones of its name, no more; the data stays."""
        with self.lock:
            found = self._accepted[path]
            marker = self.spool.accepted(self.connection_id) / f"{found.landed_id}{landing.HIDDEN}"
            marker.touch(mode=0o600)
            del self._accepted[path]

    def open_accepted(self, found: Accepted) -> int:
        """Return a descriptor of an accepted file, for reading."""
        return places.open_file(self.accepted_folder, f"{found.landed_id}.data")

    def accept(self, path: Path, origin: Origin, data: int, size_bytes: int, sha256: str, parent: int) -> Landed:
        """Take the pending file at this path, which lies in the folder `parent`, out of the client's reach."""
        landed = self._note(path, origin, size_bytes, sha256)
        landing.accept(self.landed, self.accepted_folder, landed, data, parent, path[-1])
        self._take_in(landed)
        self.shrink(size_bytes, files=1)
        return landed

    def copy_accepted(self, mount: Mount, source: Path, target: Path, origin: Origin) -> Landed:
        """Give an accepted file another name: the same content again, under an id of its own; the old name goes.

        Raises:
            OSError: EDQUOT: it is one more file, as if it had been sent again; the disk is full.
        """
        found = self._accepted[source]
        self.grow(mount, found.size_bytes, files=1)
        landed = replace(self._note(target, origin, found.size_bytes, found.sha256), renamed_from=found.landed_id)
        given = self.open_accepted(found)
        try:
            arrival = Arrival(self, landed)
            try:
                landing.copy(given, arrival.descriptor)
                arrival.accept()
            finally:
                arrival.close()
        finally:
            os.close(given)
            self.shrink(found.size_bytes, files=1)
        self.hide(source)
        return landed

    def arrival(self, origin: Origin, ending: str) -> "Arrival":
        """Begin a file that comes without a name, such as a raw mail; it is named after its id."""
        landed = self._note((f"{ids.ulid()}{ending}",), origin, 0, "")
        landed = replace(landed, name=f"{landed.landed_id}{ending}")
        return Arrival(self, landed)

    # --- the quota -----------------------------------------------------------------------------

    def grow(self, mount: Mount, size_bytes: int, files: int = 0) -> None:
        """Count in what a client is about to write.

        Raises:
            OSError: EDQUOT; nothing was counted.
        """
        with self.lock:
            if not self._fits(mount, size_bytes, files):
                self._count()  # the engine has taken some meanwhile
                if not self._fits(mount, size_bytes, files):
                    raise places.fault(errno.EDQUOT)
            self._pending_bytes += size_bytes
            self._pending_files += files

    def not_taken(self) -> tuple[int, int]:
        """Return (bytes, files) of what was accepted and the engine has not taken yet."""
        with self.lock:
            self._count()
            return self._not_taken_bytes, len(self._not_taken)

    def shrink(self, size_bytes: int, files: int = 0) -> None:
        """Count out what is pending no more."""
        with self.lock:
            self._pending_bytes = max(0, self._pending_bytes - size_bytes)
            self._pending_files = max(0, self._pending_files - files)

    def _fits(self, mount: Mount, size_bytes: int, files: int) -> bool:
        taken_bytes = self._pending_bytes + self._not_taken_bytes + size_bytes
        taken_files = self._pending_files + len(self._not_taken) + files
        return taken_bytes <= mount.bytes_max and taken_files <= mount.files_max

    def _count(self) -> None:
        for landed_id in list(self._not_taken):
            if not (self.spool.landed / f"{landed_id}.json").exists():
                self._not_taken_bytes -= self._not_taken.pop(landed_id)
        self._pending_bytes, self._pending_files = _tree_size(self.incoming)

    # --- notes ---------------------------------------------------------------------------------

    def _note(self, path: Path, origin: Origin, size_bytes: int, sha256: str) -> Landed:
        return Landed(
            landed_id=ids.ulid(),
            connection_id=self.connection_id,
            credential_id=origin.credential_id,
            protocol=origin.protocol,
            folder=names.join(path[:-1]),
            name=path[-1],
            size_bytes=size_bytes,
            sha256=sha256,
            landed_at=clock.now().isoformat(),
            peer=origin.peer,
        )

    def _take_in(self, landed: Landed) -> None:
        with self.lock:
            self._count_in(landed)
            if landed.protocol != "smtp":
                self._show(landed)

    def _count_in(self, landed: Landed) -> None:
        self._not_taken[landed.landed_id] = landed.size_bytes
        self._not_taken_bytes += landed.size_bytes

    def _show(self, landed: Landed) -> None:
        when = datetime.fromisoformat(landed.landed_at).replace(tzinfo=UTC).timestamp()
        path = (*names.split(landed.folder), landed.name)
        self._accepted[path] = Accepted(landed.landed_id, landed.size_bytes, when, landed.sha256)

    def _read_notes(self) -> None:
        hidden = {path.stem for path in self.spool.accepted(self.connection_id).glob(f"*{landing.HIDDEN}")}
        for landed in landing.notes(self.spool, self.connection_id):
            if (self.spool.landed / f"{landed.landed_id}.json").exists():
                self._count_in(landed)
            if landed.protocol == "smtp":
                continue
            self._show(landed)
            if landed.landed_id in hidden:
                del self._accepted[(*names.split(landed.folder), landed.name)]


class Arrival:
    """A file that is being received without a place in the client's tree; `accept` or `close` ends it."""

    def __init__(self, box: Box, landed: Landed) -> None:
        """Make its empty file."""
        self._box = box
        self._landed = landed
        self._name: str | None
        self.descriptor, self._name = landing.fresh_data(box.spool, box.connection_id, landed.landed_id)

    def write(self, data: bytes) -> None:
        """Add to it.

        Raises:
            OSError: The disk is full.
        """
        view = memoryview(data)
        while view:
            view = view[os.write(self.descriptor, view) :]

    def accept(self, *, sender: str = "", state: LandedState = LandedState.WHOLE, reason: str = "") -> Landed:
        """It is whole: when this returns, it survives the loss of power.

        Raises:
            OSError: The disk is full or fails; nothing was accepted.
        """
        assert self._name is not None  # noqa: S101 - accepted once
        size = os.fstat(self.descriptor).st_size
        sha256 = landing.digest(self.descriptor)
        landed = replace(self._landed, size_bytes=size, sha256=sha256, sender=sender, state=state, reason=reason)
        folder = self._box.accepted_folder
        landing.accept(self._box.landed, folder, landed, self.descriptor, folder, self._name)
        self._name = None
        self._box._take_in(landed)  # noqa: SLF001 - both are the box
        return landed

    def close(self) -> None:
        """Let it go; what was not accepted is removed. Can be called again."""
        if self.descriptor < 0:
            return
        if self._name is not None:
            with contextlib.suppress(OSError):
                os.unlink(self._name, dir_fd=self._box.accepted_folder)
        os.close(self.descriptor)
        self.descriptor = -1


class Boxes:
    """The boxes of all connections, each opened once."""

    def __init__(self, spool: Spool) -> None:
        """Open none yet."""
        self._spool = spool
        self._landed = landing.LandedFolder(spool)
        self._lock = threading.Lock()
        self._boxes: dict[str, Box] = {}

    def of(self, connection_id: str) -> Box:
        """Return a connection's box."""
        # Asked before each request: whoever asks the disk while holding the lock makes all sessions wait in line.
        box = self._boxes.get(connection_id)
        if box is not None and box.is_there:
            return box
        with self._lock:
            box = self._boxes.get(connection_id)
            if box is None or not box.is_there:
                box = self._boxes[connection_id] = Box(self._spool, connection_id, self._landed)
            return box


def _tree_size(root: int) -> tuple[int, int]:
    """Return bytes and number of what lies below a folder; a folder counts as one."""
    size, count = 0, 0
    with places.folder(root, ()) as here:
        found = list(places.entries(here))
    for name, facts in found:
        count += 1
        if places.is_folder(facts):
            with contextlib.suppress(OSError), places.folder(root, (name,)) as below:
                more, further = _tree_size(below)
                size, count = size + more, count + further
        else:
            size += facts.st_size
    return size, count
