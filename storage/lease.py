"""The lease on a home folder: one process owns it, and whoever comes second learns who does."""

import contextlib
import fcntl
import os
from pathlib import Path


class HeldByAnother(Exception):
    """Another live process owns this home; str(error) is one sentence that names its pid."""


class Lease:
    """A lock that the operating system lets go of when its holder dies, however it dies."""

    def __init__(self, path: Path) -> None:
        """Name the lock's file; nothing is taken yet."""
        self._path = path
        self._handle: int | None = None

    def take(self) -> None:
        """Take the lease, or say who holds it.

        Raises:
            HeldByAnother: It is held.
        """
        handle = os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            holder = os.read(handle, 32).decode(errors="replace").strip() or "unknown"
            os.close(handle)
            message = f"Handoff already runs on this home (pid {holder}); stop that one or set HANDOFF_HOME."
            raise HeldByAnother(message) from None
        os.ftruncate(handle, 0)
        os.pwrite(handle, f"{os.getpid()}\n".encode(), 0)
        self._handle = handle

    def release(self) -> None:
        """Let go; the file stays, so that two processes never lock two files of one name."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 0)
            os.close(self._handle)
            self._handle = None
