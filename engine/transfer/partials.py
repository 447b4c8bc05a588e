"""What a cut fetch has of a file, kept under its name, size and time, so that a changed file begins anew."""

import hashlib
import os
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

from engine.base import limits

_BLOCK_BYTES = 1024**2


class Partial:
    """A file that grows over several tries, hashed as it grows."""

    def __init__(self, folder: Path, where: str, name: str, size_bytes: int, changed_at: datetime | None) -> None:
        """Take up what an earlier try left of just this file; what it left of an older version is removed.

        Args:
            folder: Where the parts lie.
            where: The folder at the server.
            name: The file there.
            size_bytes: As the server says now.
            changed_at: As the server says now; None: nobody can tell whether the file is still the same one, so it
                begins anew.
        """
        file = hashlib.sha256(f"{where}\0{name}".encode(errors="surrogateescape")).hexdigest()[:32]
        version = hashlib.sha256(f"{size_bytes}\0{changed_at}\0{_boot()}".encode()).hexdigest()[:16]
        self.path = folder / f"{file}-{version}.part"
        for other in folder.glob(f"{file}-*.part"):
            if other != self.path or changed_at is None:
                other.unlink(missing_ok=True)
        self._digest = hashlib.sha256()
        self.size_bytes = self._begun_bytes = 0
        flags = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW
        self._file = os.fdopen(os.open(self.path, flags, 0o600), "r+b")
        if self.path.stat().st_size > size_bytes:
            self.begin_anew()
        while block := self._file.read(_BLOCK_BYTES):
            self._digest.update(block)
            self.size_bytes += len(block)

    def begin_anew(self) -> None:
        """Forget what is here."""
        self._file.seek(0)
        self._file.truncate()
        self._digest = hashlib.sha256()
        self.size_bytes = self._begun_bytes = 0

    def add(self, block: bytes) -> None:
        """Append what came."""
        self._file.write(block)
        self._digest.update(block)
        self.size_bytes += len(block)
        if self.size_bytes - self._begun_bytes >= limits.WRITE_BACK_BYTES:
            self._begin_to_write_back()

    def _begin_to_write_back(self) -> None:
        """Have what came lately written to the disk meanwhile; `finish` waits for it all."""
        self._file.flush()
        # "Not needed" makes Linux begin to write dirty pages, and keeps them, for they are dirty still.
        if hasattr(os, "posix_fadvise"):
            length_bytes = self.size_bytes - self._begun_bytes
            os.posix_fadvise(self._file.fileno(), self._begun_bytes, length_bytes, os.POSIX_FADV_DONTNEED)
        self._begun_bytes = self.size_bytes

    def leave(self) -> None:
        """Keep it for the next try."""
        self._file.close()

    def remove(self) -> None:
        """Throw it away: it is no part of the file."""
        self._file.close()
        self.path.unlink(missing_ok=True)

    def finish(self) -> str:
        """Bring it onto the disk for good and return the SHA-256 of the whole."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return self._digest.hexdigest()


def _boot() -> str:
    """Return what is new at each start of the machine: a part was not brought onto the disk when the power went."""
    try:
        return Path("/proc/sys/kernel/random/boot_id").read_text(encoding="ascii").strip()
    except OSError:
        return ""  # not Linux: a part of the last start is trusted


def drop_small(folder: Path) -> None:
    """Remove what is not worth keeping until a later call; between the tries of one call all of it is."""
    for part in folder.glob("*.part"):
        if part.stat().st_size < limits.PARTIAL_BYTES_MIN:
            part.unlink()


def counted(on_bytes: Callable[[int, int], None], total: int, here: int = 0) -> Callable[[int], None]:
    """Return a function that adds bytes up for on_bytes; `here` are there already."""

    def count(size_bytes: int) -> None:
        nonlocal here
        here += size_bytes
        on_bytes(here, total)

    return count
