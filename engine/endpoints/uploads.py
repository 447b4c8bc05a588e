"""One upload that goes on, and one reading: what a client holds open, whatever its protocol."""

import errno
import hashlib
import os
import stat
from dataclasses import dataclass, replace

from engine.base import limits
from engine.endpoints import landing, names, places
from engine.endpoints.box import Box, Origin, Path
from storage.records.boxes import Landed, Mount

_CLOSED = stat.S_IRGRP
"""Marks, on the disk, a pending file whose upload was closed well: its rename then accepts it, also after a restart.

The home is closed to everybody else, so that the bit lets nobody read it."""
_OURS = (errno.EDQUOT, errno.EFBIG, errno.ENOSPC)


@dataclass(frozen=True)
class Place:
    """Where something lies: in which connection's folder, at which names from its top."""

    mount: Mount
    box: Box
    path: Path


class Upload:
    """A pending file that is being written. Exactly one holds a file: whoever opens it anew takes it over."""

    def __init__(self, place: Place, origin: Origin, descriptor: int, *, is_fresh: bool) -> None:
        """Hold a file that was just opened; is_fresh: it was made empty."""
        self.place = place
        self._origin = origin
        self._descriptor = descriptor
        facts = os.fstat(descriptor)
        self._identity = (facts.st_dev, facts.st_ino)
        self._size = facts.st_size
        self._is_touched = is_fresh
        self._is_taken_over = False
        self._fault: OSError | None = None
        self._sha256 = hashlib.sha256()
        self._hashed: int | None = 0 if is_fresh else None
        if not is_fresh:
            os.fchmod(descriptor, stat.S_IMODE(facts.st_mode) & ~_CLOSED)
        with place.box.lock:
            earlier = place.box.writers.get(self._identity)
            if earlier is not None:
                earlier.let_go()
            place.box.writers[self._identity] = self

    @property
    def is_open(self) -> bool:
        """Whether close was not called yet."""
        return self._descriptor >= 0

    @property
    def size_bytes(self) -> int:
        """How far it was written."""
        return self._size

    @property
    def changed_s(self) -> float:
        """When it was written last, in seconds since 1970."""
        return os.fstat(self._descriptor).st_mtime

    @property
    def name(self) -> str:
        """The name that it has now."""
        return self.place.path[-1]

    def let_go(self) -> None:
        """Another session took the file, or its name: nothing more is written."""
        self._is_taken_over = True

    def move(self, path: Path) -> None:
        """Its name is another one now."""
        self.place = replace(self.place, path=path)

    def write(self, offset: int, data: bytes) -> None:
        """Write at an offset; gaps are zeros.

        Raises:
            OSError: EFBIG, EDQUOT, ENOSPC: no more fits, and the upload will not be accepted. ESTALE: another
                session took the file over.
        """
        if self._is_taken_over or not self.is_open:
            raise places.fault(errno.ESTALE)
        end = offset + len(data)
        try:
            if offset < 0 or end > self.place.mount.file_bytes_max:
                raise places.fault(errno.EFBIG)
            if end > self._size:
                self.place.box.grow(self.place.mount, end - self._size)
                self._size = end
            self._is_touched = True
            view, at = memoryview(data), offset
            while view:
                done = os.pwrite(self._descriptor, view, at)
                view, at = view[done:], at + done
        except OSError as error:
            self._fault = error
            raise
        if self._hashed == offset:
            self._sha256.update(data)
            self._hashed = end
        else:
            self._hashed = None

    def append(self, data: bytes) -> None:
        """Write at the end."""
        self.write(self._size, data)

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Read back; empty at the end."""
        if not self.is_open:
            raise places.fault(errno.EBADF)
        return os.pread(self._descriptor, min(size_bytes, limits.ENDPOINT_BLOCK_BYTES_MAX), max(0, offset))

    def close(self, *, is_proven: bool) -> Landed | None:
        """End the upload; return the note where it was accepted, None where it stays pending. Can be called again.

        Args:
            is_proven: The client said in its protocol that the file is whole. A file with a temporary name then
                waits for its rename; any other is accepted now.

        Raises:
            OSError: It is proven, but a write had failed (that error again; what was refused for want of space is
                removed), another upload took its name (ESTALE), or the disk is full.
        """
        if not self.is_open:
            return None
        try:
            return self._end(is_proven=is_proven)
        finally:
            with self.place.box.lock:
                if self.place.box.writers.get(self._identity) is self:
                    del self.place.box.writers[self._identity]
            os.close(self._descriptor)
            self._descriptor = -1

    def _end(self, *, is_proven: bool) -> Landed | None:
        if self._fault is not None:
            if self._fault.errno in _OURS:
                self._remove()
            if is_proven:
                raise places.fault(self._fault.errno or errno.EIO)
            return None
        if not is_proven:
            return None
        if self._is_taken_over:
            raise places.fault(errno.ESTALE)
        if not self._is_touched:
            return None
        sha256 = self._sha256.hexdigest() if self._hashed == self._size else landing.digest(self._descriptor)
        box = self.place.box
        with box.lock, places.folder(box.incoming, self.place.path[:-1]) as parent:
            facts = self._facts(parent)
            if names.is_temporary(self.name):
                os.fchmod(self._descriptor, stat.S_IMODE(facts.st_mode) | _CLOSED)
                return None
            return box.accept(self.place.path, self._origin, self._descriptor, facts.st_size, sha256, parent)

    def _facts(self, parent: int) -> os.stat_result:
        """Return what lies at its name, which must be itself."""
        found = places.look(parent, self.name)
        if found is None or not places.is_file(found) or (found.st_dev, found.st_ino) != self._identity:
            raise places.fault(errno.ESTALE)
        return found

    def _remove(self) -> None:
        box = self.place.box
        with box.lock:
            try:
                with places.folder(box.incoming, self.place.path[:-1]) as parent:
                    self._facts(parent)
                    os.unlink(self.name, dir_fd=parent)
            except OSError:
                return
            box.shrink(self._size, files=1)


class Reading:
    """A file that a client reads; it goes on where the name is taken by another meanwhile."""

    def __init__(self, descriptor: int) -> None:
        """Hold an open file."""
        self._descriptor = descriptor

    @property
    def size_bytes(self) -> int:
        """How large it is now."""
        return os.fstat(self._descriptor).st_size

    @property
    def changed_s(self) -> float:
        """When it was written last, in seconds since 1970."""
        return os.fstat(self._descriptor).st_mtime

    def read(self, offset: int, size_bytes: int) -> bytes:
        """Read; empty at the end."""
        if self._descriptor < 0 or offset < 0:
            raise places.fault(errno.EINVAL)
        return os.pread(self._descriptor, min(size_bytes, limits.ENDPOINT_BLOCK_BYTES_MAX), offset)

    def close(self) -> None:
        """Let it go. Can be called again."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def is_closed_well(facts: os.stat_result) -> bool:
    """Say whether the upload of a pending file was closed well, so that its rename accepts it."""
    return bool(facts.st_mode & _CLOSED)


def accept_renamed(place: Place, origin: Origin, parent: int) -> Landed:
    """Accept a pending file that was closed well and has its final name now."""
    descriptor = places.open_file(parent, place.path[-1])
    try:
        size_bytes = os.fstat(descriptor).st_size
        return place.box.accept(place.path, origin, descriptor, size_bytes, landing.digest(descriptor), parent)
    finally:
        os.close(descriptor)
