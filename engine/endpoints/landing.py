"""Takes a whole file out of every client's reach and leaves the note for the engine; a kill at any line harms nothing.

The order: the data is on the disk; the note lies hidden in landed/; the note lies beside the place of the data; the
data is moved there; the note in landed/ gets its name. Before the move the upload is pending as it was, after it the
file is whole: `recover` finishes or takes back what was cut in between.
"""

import contextlib
import ctypes
import hashlib
import os
import shutil
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from pathlib import Path

from engine.base import log
from storage.records.boxes import Landed
from storage.spool import Spool

HIDDEN = ".hidden"
"""The ending of the empty file that says: this one, and older ones of its name, are not shown any more."""
_FRESH = ".new"
_BLOCK_BYTES = 1024**2
_LANDED_ID_CHARACTERS = 26
_MANY = 4
# Linux's own; Python has none of it.
_LIBRARY = ctypes.CDLL(None, use_errno=True)
_CAN_SYNC_ALL = hasattr(_LIBRARY, "syncfs")


class _Turns:
    """One way of asking the disk: those who ask while it is busy share its next turn."""

    def __init__(self, ask: Callable[[], None]) -> None:
        self._ask = ask
        self._changed = threading.Condition()
        self._is_busy = False
        self._next: Future[None] = Future()

    def wait(self) -> None:
        """Return once a turn has ended well that began after this call."""
        with self._changed:
            turn = self._next
            while self._is_busy and not turn.done():
                self._changed.wait()
            is_mine = not turn.done()
            if is_mine:
                self._is_busy, self._next = True, Future()
        if is_mine:
            self._take(turn)
        turn.result()

    def _take(self, turn: Future[None]) -> None:
        error: OSError | None = None
        try:
            self._ask()
        except OSError as failed:
            error = failed
        with self._changed:
            self._is_busy = False
            if error is None:
                turn.set_result(None)
            else:
                # Linux tells a lost write once for a descriptor: those who wait already would hear that all is well.
                turn.set_exception(error)
                self._next.set_exception(error)
                self._next = Future()
            self._changed.notify_all()


class LandedFolder:
    """The folder landed/, shared by all sessions, and their turns at the disk.

    One who is alone has the disk write what is his. When several accept at once, one asks for the whole file system
    on behalf of all: the disk has far less to do then. It may have to write what others of the machine left as
    well, which one who is alone is spared.
    """

    def __init__(self, spool: Spool) -> None:
        """Make it where it is missing, and open it for good."""
        spool.landed.mkdir(parents=True, exist_ok=True, mode=0o700)
        self.descriptor = os.open(spool.landed, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
        self._names = _Turns(lambda: os.fsync(self.descriptor))
        self._everything = _Turns(lambda: _sync_file_system(self.descriptor))
        self._counting = threading.Lock()
        self._accepting = 0

    @contextlib.contextmanager
    def accepting(self) -> Iterator[bool]:
        """Count an acceptance; give whether there are many now, so that they ask for everything together."""
        with self._counting:
            self._accepting += 1
            is_many = _CAN_SYNC_ALL and self._accepting >= _MANY
        try:
            yield is_many
        finally:
            with self._counting:
                self._accepting -= 1

    def sync(self) -> None:
        """Return once the names that the caller made in it survive the loss of power.

        Raises:
            OSError: The disk fails.
        """
        self._names.wait()

    def sync_all(self) -> None:
        """Return once everything that the caller wrote and named on this file system survives the loss of power.

        Raises:
            OSError: The disk fails.
        """
        self._everything.wait()


def accept(notes_folder: LandedFolder, accepted: int, landed: Landed, data: int, parent: int, name: str) -> None:
    """Move the file `name` in the folder `parent` to those that are accepted, under the id of its note.

    When it returns, the file survives the loss of power.

    Args:
        notes_folder: Where the note goes.
        accepted: A descriptor of where the connection's accepted files go.
        landed: Its note, with size and SHA-256 of what was written.
        data: A descriptor of the file.
        parent: A descriptor of the folder that it lies in.
        name: Its name there.

    Raises:
        OSError: The disk is full or fails; the file lies where it lay.
    """
    hidden, note = f".{landed.landed_id}{_FRESH}", f"{landed.landed_id}.json"
    with notes_folder.accepting() as is_many:
        # Data first and whole on the disk; only then anything speaks of it.
        if not is_many:
            os.fdatasync(data)
        try:
            _write(notes_folder.descriptor, hidden, landed.to_json(), is_synced=not is_many)
            if is_many:
                notes_folder.sync_all()
            os.link(hidden, note, src_dir_fd=notes_folder.descriptor, dst_dir_fd=accepted)
            os.rename(name, f"{landed.landed_id}.data", src_dir_fd=parent, dst_dir_fd=accepted)
        except OSError:
            for folder, left in ((accepted, note), (notes_folder.descriptor, hidden)):
                with contextlib.suppress(FileNotFoundError):
                    os.unlink(left, dir_fd=folder)
            raise
        os.replace(hidden, note, src_dir_fd=notes_folder.descriptor, dst_dir_fd=notes_folder.descriptor)
        if is_many:
            notes_folder.sync_all()
        else:
            os.fsync(accepted)
            notes_folder.sync()


def recover(spool: Spool) -> None:
    """After a kill: finish what was accepted, take back what was not; the uploads of then are pending still."""
    spool.landed.mkdir(parents=True, exist_ok=True, mode=0o700)
    for hidden in spool.landed.glob(f".*{_FRESH}"):
        landed_id = hidden.name[1 : 1 + _LANDED_ID_CHARACTERS]
        found = _box_of(spool, landed_id)
        if found is not None and (found / f"{landed_id}.data").exists():
            hidden.replace(spool.landed / f"{landed_id}.json")
            continue
        if found is not None:
            (found / f"{landed_id}.json").unlink(missing_ok=True)
        hidden.unlink(missing_ok=True)
    for left in (spool.root / "boxes").glob(f"*/accepted/.*{_FRESH}"):
        left.unlink(missing_ok=True)


def copy(source: int, target: int) -> None:
    """Copy a whole file between two descriptors, in the kernel where it can."""
    size = os.fstat(source).st_size
    done = 0
    while done < size:
        try:
            step = os.copy_file_range(source, target, _BLOCK_BYTES * 64, done, done)
        except OSError:
            _copy_by_hand(source, target)
            return
        if step == 0:
            return
        done += step


def digest(data: int) -> str:
    """Return the SHA-256 of a file, in hex."""
    found = hashlib.sha256()
    offset = 0
    while block := os.pread(data, _BLOCK_BYTES, offset):
        found.update(block)
        offset += len(block)
    return found.hexdigest()


def notes(spool: Spool, connection_id: str) -> list[Landed]:
    """Return the notes of a connection's accepted files that still lie there, oldest first."""
    accepted = spool.accepted(connection_id)
    found = []
    for path in sorted(accepted.glob("*.json")):
        with contextlib.suppress(OSError):
            if not (accepted / f"{path.stem}.data").exists():
                continue
            try:
                found.append(Landed.from_json(path.read_text(encoding="utf-8")))
            except (ValueError, KeyError, TypeError) as error:
                log.logger(__name__).error("the note %s cannot be read: %s", path.name, log.where(error))
    return found


def fresh_data(spool: Spool, connection_id: str, landed_id: str) -> tuple[int, str]:
    """Make an empty file beside the accepted ones, for data that comes with no name of its own; (descriptor, name)."""
    accepted = spool.accepted(connection_id)
    accepted.mkdir(parents=True, exist_ok=True, mode=0o700)
    name = f".{landed_id}.data{_FRESH}"
    return os.open(accepted / name, os.O_RDWR | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600), name


def _box_of(spool: Spool, landed_id: str) -> Path | None:
    for beside in (spool.root / "boxes").glob(f"*/accepted/{landed_id}.*"):
        return beside.parent
    return None


def _write(folder: int, name: str, text: str, *, is_synced: bool) -> None:
    descriptor = os.open(name, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600, dir_fd=folder)
    try:
        left = memoryview(text.encode())
        while left:
            left = left[os.write(descriptor, left) :]
        if is_synced:
            os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _copy_by_hand(source: int, target: int) -> None:
    os.lseek(source, 0, os.SEEK_SET)
    os.ftruncate(target, 0)
    os.lseek(target, 0, os.SEEK_SET)
    with os.fdopen(os.dup(source), "rb") as given, os.fdopen(os.dup(target), "wb") as taken:
        shutil.copyfileobj(given, taken, _BLOCK_BYTES)


def _sync_file_system(descriptor: int) -> None:
    """Have all of the file system of this descriptor on the disk."""
    if _LIBRARY.syncfs(descriptor) != 0:
        number = ctypes.get_errno()
        raise OSError(number, os.strerror(number))
