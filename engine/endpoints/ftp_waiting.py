"""Uploads over FTP that came to an end, until they are known to be whole.

FTP ends a file by closing its data connection, and so does a client that dies. So a file is taken only after a quiet
time in which its control connection stayed open, or came to a good end (faults row 42); a rename is taken at once.
A good end is QUIT. Many clients just close, so that counts as well where they had heard that the file came: the system
of a client that died answers what it had not read with a reset. TLS changes nothing of this: its farewell on the data
connection is said by a client too that gives up in an orderly way (curl does, when its time is over).
"""

import errno
import fcntl
import heapq
import itertools
import socket
import struct
import termios
import threading
from collections.abc import Callable
from dataclasses import dataclass

from engine.base import clock, limits, log
from engine.endpoints.uploads import Upload


@dataclass
class _Item:
    owner: object
    path: str
    upload: Upload
    is_sure: bool
    is_left_well: bool = False
    is_gone: bool = False
    line: "Line | None" = None

    @property
    def is_line_well(self) -> bool:
        """Whether nothing speaks against its control connection, as far as it was closed."""
        return self.line is None or self.line.is_well()


class Line:
    """A control connection that the other side has closed, kept open on ours to see whether a reset follows."""

    def __init__(self, connection: socket.socket) -> None:
        """Hold the connection; it is closed with the last upload that asks."""
        self._connection = connection
        self._is_reset = False

    def is_well(self) -> bool:
        """Say whether all that we had said was read; a reset is heard of once, and remembered."""
        if self._is_reset:
            return False
        try:
            unheard = struct.unpack("i", fcntl.ioctl(self._connection.fileno(), termios.TIOCOUTQ, b"\0" * 4))[0]
            self._connection.recv(1, socket.MSG_DONTWAIT)
        except OSError:
            self._is_reset = True
            return False
        return bool(unheard == 0)

    def close(self) -> None:
        """Let it go."""
        self._connection.close()


class Waiting:
    """The uploads of all FTP sessions that wait; safe between threads, one more of which takes what is due."""

    def __init__(self, monotonic_s: Callable[[], float] = clock.monotonic_s) -> None:
        """Hold none yet; monotonic_s is a clock that never jumps."""
        self._monotonic_s = monotonic_s
        self._items: list[_Item] = []
        self._due: list[tuple[float, int, _Item]] = []
        self._numbers = itertools.count()
        self._changed = threading.Condition()
        self._is_stopping = False
        self._thread = threading.Thread(target=self._run, name="ftp-waiting", daemon=True)

    def start(self) -> None:
        """Take what is due from now on."""
        self._thread.start()

    def stop(self) -> None:
        """End; what is sure, or was left well, is taken now, and the rest stays pending."""
        with self._changed:
            self._is_stopping = True
            self._changed.notify()
        if self._thread.is_alive():
            self._thread.join()
        left, self._items = self._items, []
        for item in left:
            _end(item, is_proven=item.is_left_well or (item.is_sure and item.is_line_well))
        for item in left:
            _let_go(item, ())

    def add(self, owner: object, path: str, upload: Upload, *, is_sure: bool) -> None:
        """Let an upload wait.

        Args:
            owner: Its session.
            path: Its path, as the session knows it.
            upload: Held open meanwhile.
            is_sure: TLS said that the data came to its end; a connection that is cut cannot say that.
        """
        item = _Item(owner, path, upload, is_sure)
        with self._changed:
            if self._is_stopping:
                _end(item, is_proven=False)
                return
            self._items.append(item)
            heapq.heappush(self._due, (self._monotonic_s() + limits.FTP_QUIET_S, next(self._numbers), item))
            self._changed.notify()

    def pick(self, owner: object, path: str) -> Upload | None:
        """Hand out this session's upload at a path, for a rename that proves it; it waits no more."""
        with self._changed:
            found = [item for item in self._items if item.owner is owner and item.path == path]
            if not found:
                return None
            self._remove(found[-1])
            return found[-1].upload

    def moved(self, owner: object, old: str, new: str) -> None:
        """Know that a file, or a folder with what waits in it, has another name now."""
        with self._changed:
            for item in self._items:
                if item.owner is owner and (item.path == old or item.path.startswith(f"{old}/")):
                    item.path = new + item.path[len(old) :]

    def give_up(self, owner: object, upload: Upload) -> None:
        """Leave one upload pending: its client said that it was broken off."""
        with self._changed:
            for item in [item for item in self._items if item.owner is owner and item.upload is upload]:
                self._remove(item)
                _end(item, is_proven=False)

    def leave(self, owner: object, *, is_well: bool, is_ended_here: bool = False, line: Line | None = None) -> None:
        """A session is over.

        Args:
            owner: The session.
            is_well: It said QUIT.
            is_ended_here: We cut it, so that its end says nothing of its client.
            line: Where it only closed its connection: that connection.
        """
        with self._changed:
            left = [item for item in self._items if item.owner is owner]
            for item in left:
                item.is_left_well, item.line = is_well or (is_ended_here and item.is_sure), line
                if not (item.is_left_well or line):
                    self._remove(item)
                    _end(item, is_proven=False)
        if line is not None and not left:
            line.close()

    def take_due(self) -> float | None:
        """Take what has waited long enough; return the seconds until the next is due, None where none waits."""
        while True:
            with self._changed:
                while self._due and self._due[0][2].is_gone:
                    heapq.heappop(self._due)
                if not self._due:
                    return None
                wait_s = self._due[0][0] - self._monotonic_s()
                if wait_s > 0:
                    return wait_s
                item = heapq.heappop(self._due)[2]
                self._remove(item)
                others = tuple(self._items)
            # Outside: it waits for the disk.
            _end(item, is_proven=item.is_line_well)
            _let_go(item, others)

    def _remove(self, item: _Item) -> None:
        item.is_gone = True
        self._items.remove(item)

    def _run(self) -> None:
        while True:
            wait_s = self.take_due()
            with self._changed:
                if self._is_stopping:
                    return
                if wait_s is not None or not self._due:
                    self._changed.wait(wait_s)


def _let_go(item: _Item, others: tuple[_Item, ...]) -> None:
    """Close the connection of an item that no other needs."""
    if item.line is not None and all(other.line is not item.line for other in others):
        item.line.close()


def _end(item: _Item, *, is_proven: bool) -> None:
    try:
        item.upload.close(is_proven=is_proven)
    except OSError as error:
        # ESTALE: another upload took its name meanwhile, which is no news.
        if error.errno != errno.ESTALE:
            log.logger(__name__).warning("ftp: an upload could not be taken: %s", log.where(error))
