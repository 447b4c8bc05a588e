"""One login's tree as its client sees it: paths in, entries and open files out, nothing outside ever touched.

Paths are client paths ("/a/b"), split into names and walked by descriptors; they are never joined for the disk, and
no links are made or followed. What can go wrong is an OSError with its errno.
"""

import errno
import os
import time
from dataclasses import dataclass

from engine.endpoints import names, places, uploads
from engine.endpoints.box import Accepted, Box, Boxes, Origin, Path
from engine.endpoints.uploads import Place, Reading, Upload
from storage.records.boxes import Account, Landed, Mount


@dataclass(frozen=True)
class Entry:
    """One file or folder. changed_s: seconds since 1970. is_writable: the client may change or remove it."""

    name: str
    is_folder: bool
    size_bytes: int
    changed_s: float
    is_writable: bool


class Jail:
    """The tree of one session: the folder of each connection of the login; files that were accepted stay in sight."""

    def __init__(self, account: Account, boxes: Boxes, peer: str) -> None:
        """Belong to one session of this account; peer is the client's address."""
        self._mounts = {names.split(mount.path): mount for mount in account.mounts}
        self._boxes = boxes
        self._origin = Origin(account.credential_id, account.protocol, peer)
        self._began_s = time.time()

    def real(self, path: str) -> str:
        """Return the path without ".", ".." and doubled slashes."""
        return names.join(names.split(path))

    def look(self, path: str) -> Entry:
        """Return what is at a path.

        Raises:
            OSError: ENOENT.
        """
        split = names.split(path)
        if not split:
            return self._folder("/", self._mounts.get(()))
        place = self._place(split)
        if not place.path:
            return self._folder(split[-1], place.mount)
        found = _look(place)
        if found is None:
            raise places.fault(errno.ENOENT)
        return found

    def entries(self, path: str) -> list[Entry]:
        """Return what lies in a folder, by name.

        Raises:
            OSError: ENOENT, ENOTDIR.
        """
        split = names.split(path)
        found: dict[str, Entry] = {}
        if split or () in self._mounts:
            found = _list(self._place(split))
        if not split:
            for mounted, mount in self._mounts.items():
                if mounted:
                    found[mounted[0]] = self._folder(mounted[0], mount)
        return [found[name] for name in sorted(found)]

    def open_reading(self, path: str) -> Reading:
        """Open a file to read: one that is pending, was accepted, or waits for the client.

        Raises:
            OSError: ENOENT; EACCES where it is no ordinary file; EISDIR.
        """
        place = self._place(names.split(path))
        if not place.path:
            raise places.fault(errno.EISDIR)
        entry = _look(place)
        if entry is None:
            raise places.fault(errno.ENOENT)
        if entry.is_folder:
            raise places.fault(errno.EISDIR)
        box, name = place.box, place.path[-1]
        with box.lock:
            if place.mount.is_writable and _facts(box.incoming, place.path) is not None:
                with places.folder(box.incoming, place.path[:-1]) as parent:
                    return Reading(places.open_file(parent, name))
            accepted = box.accepted(place.path) if place.mount.is_writable else None
            if accepted is not None:
                return Reading(box.open_accepted(accepted))
        with places.folder(box.outgoing, place.path[:-1]) as parent:
            return Reading(places.open_file(parent, name))

    def open_upload(self, path: str, *, anew: bool, make: bool = True, exclusive: bool = False) -> Upload:
        """Open a file to write.

        Args:
            path: Its path.
            anew: Begin with an empty file; else go on with one's own pending file (an accepted one is never
                written again).
            make: Make it where nothing is there.
            exclusive: Fail with EEXIST where something is there.

        Raises:
            OSError: EACCES, EDQUOT, EEXIST, EISDIR, ENOENT.
        """
        place = self._writable(path)
        box, name = place.box, place.path[-1]
        with box.lock, places.folder(box.incoming, place.path[:-1]) as parent:
            pending = places.look(parent, name)
            entry = _seen(place, pending)
            if entry is not None and entry.is_folder:
                raise places.fault(errno.EISDIR)
            if exclusive and entry is not None:
                raise places.fault(errno.EEXIST)
            if pending is not None and not places.is_file(pending):
                raise places.fault(errno.EACCES)
            if pending is not None and not anew:
                descriptor = places.open_file(parent, name, os.O_RDWR)
                return Upload(place, self._origin, descriptor, is_fresh=False)
            if entry is not None and not anew:
                raise places.fault(errno.EACCES)
            if entry is None and not make:
                raise places.fault(errno.ENOENT)
            if pending is not None:
                self._unlink(place, parent, pending)
            box.grow(place.mount, 0, files=1)
            descriptor = places.open_file(parent, name, os.O_RDWR | os.O_CREAT | os.O_EXCL)
            return Upload(place, self._origin, descriptor, is_fresh=True)

    def remove(self, path: str) -> None:
        """Remove a pending file; one that was accepted is out of sight then, and stays ours.

        Raises:
            OSError: ENOENT, EACCES, EISDIR.
        """
        place = self._writable(path)
        with place.box.lock:
            entry = _look(place)
            if entry is None:
                raise places.fault(errno.ENOENT)
            if entry.is_folder:
                raise places.fault(errno.EISDIR)
            pending = _facts(place.box.incoming, place.path)
            if pending is not None:
                with places.folder(place.box.incoming, place.path[:-1]) as parent:
                    self._unlink(place, parent, pending)
            elif not entry.is_writable:
                raise places.fault(errno.EACCES)
            if place.box.accepted(place.path) is not None:
                place.box.hide(place.path)

    def make_folder(self, path: str) -> None:
        """Make a folder.

        Raises:
            OSError: EEXIST, EACCES, ENOENT, EDQUOT.
        """
        place = self._writable(path)
        with place.box.lock:
            if _look(place) is not None:
                raise places.fault(errno.EEXIST)
            place.box.grow(place.mount, 0, files=1)
            with places.folder(place.box.incoming, place.path[:-1]) as parent:
                os.mkdir(place.path[-1], mode=0o700, dir_fd=parent)

    def remove_folder(self, path: str) -> None:
        """Remove an empty folder.

        Raises:
            OSError: ENOTEMPTY, also where accepted files are shown in it; ENOENT, ENOTDIR, EACCES.
        """
        place = self._writable(path)
        with place.box.lock:
            entry = _look(place)
            if entry is None:
                raise places.fault(errno.ENOENT)
            if not entry.is_folder:
                raise places.fault(errno.ENOTDIR)
            if _facts(place.box.incoming, place.path) is None:
                raise places.fault(errno.EACCES)
            if place.box.has_accepted_below(place.path):
                raise places.fault(errno.ENOTEMPTY)
            with places.folder(place.box.incoming, place.path[:-1]) as parent:
                os.rmdir(place.path[-1], dir_fd=parent)
            place.box.shrink(0, files=1)

    def rename(self, old: str, new: str, *, replace: bool, proven: Upload | None = None) -> Landed | None:
        """Rename; return the note where that accepted a file.

        A pending file whose upload was closed well is accepted with its final name. An accepted file under a new
        name is the same content once more.

        Args:
            old: The path as it is.
            new: The path as it shall be.
            replace: Take the place of a file that has this name; an accepted one is only replaced in sight.
            proven: An upload of `old` that is open still and that this rename proves to be whole (FTP).

        Raises:
            OSError: EEXIST, ENOENT, EACCES, EXDEV (into another connection's folder), EBUSY, ENOTEMPTY.
        """
        source, target = self._writable(old), self._writable(new)
        if source.mount != target.mount:
            raise places.fault(errno.EXDEV)
        if source.path == target.path:
            return None
        with source.box.lock:
            entry, taken = _look(source), _look(target)
            if entry is None:
                raise places.fault(errno.ENOENT)
            if taken is not None and (taken.is_folder or not replace or not taken.is_writable):
                raise places.fault(errno.EEXIST)
            pending = _facts(source.box.incoming, source.path)
            if pending is None:
                if entry.is_folder or source.box.accepted(source.path) is None:
                    raise places.fault(errno.EACCES)
                with places.folder(source.box.incoming, target.path[:-1]):
                    landed = source.box.copy_accepted(source.mount, source.path, target.path, self._origin)
                self._drop_pending(target)
                return landed
            if entry.is_folder:
                _move_folder(source, target)
                return None
            return self._move_pending(source, target, pending, proven)

    def _move_pending(
        self, source: Place, target: Place, facts: os.stat_result, proven: Upload | None
    ) -> Landed | None:
        box = source.box
        with (
            places.folder(box.incoming, source.path[:-1]) as from_folder,
            places.folder(box.incoming, target.path[:-1]) as to_folder,
        ):
            self._drop_pending(target)
            os.rename(source.path[-1], target.path[-1], src_dir_fd=from_folder, dst_dir_fd=to_folder)
            holder = box.writers.get((facts.st_dev, facts.st_ino))
            if holder is not None:
                holder.move(target.path)
                return proven.close(is_proven=True) if proven is holder and proven is not None else None
            if uploads.is_closed_well(facts) and not names.is_temporary(target.path[-1]):
                return uploads.accept_renamed(target, self._origin, to_folder)
            return None

    def _drop_pending(self, place: Place) -> None:
        pending = _facts(place.box.incoming, place.path)
        if pending is not None:
            with places.folder(place.box.incoming, place.path[:-1]) as parent:
                self._unlink(place, parent, pending)

    def _unlink(self, place: Place, parent: int, facts: os.stat_result) -> None:
        os.unlink(place.path[-1], dir_fd=parent)
        holder = place.box.writers.get((facts.st_dev, facts.st_ino))
        if holder is not None:
            holder.let_go()
        place.box.shrink(facts.st_size, files=1)

    def _place(self, split: Path) -> Place:
        mount = self._mounts.get(split[:1]) if split else None
        if mount is not None:
            return Place(mount, self._boxes.of(mount.connection_id), split[1:])
        mount = self._mounts.get(())
        if mount is None:
            raise places.fault(errno.ENOENT)
        return Place(mount, self._boxes.of(mount.connection_id), split)

    def _writable(self, path: str) -> Place:
        place = self._place(names.split(path))
        if not place.path or not place.mount.is_writable:
            raise places.fault(errno.EACCES)
        return place

    def _folder(self, name: str, mount: Mount | None) -> Entry:
        is_writable = mount is not None and mount.is_writable
        return Entry(name, is_folder=True, size_bytes=0, changed_s=self._began_s, is_writable=is_writable)


def _facts(root: int, path: Path) -> os.stat_result | None:
    """Return what lies at a path below root, where it is a file or a folder that may be touched."""
    try:
        with places.folder(root, path[:-1]) as parent:
            found = places.look(parent, path[-1])
    except OSError:
        return None
    return found if _may_be_touched(found) else None


def _may_be_touched(found: os.stat_result | None) -> bool:
    return found is not None and (places.is_file(found) or places.is_folder(found))


def _look(place: Place) -> Entry | None:
    """Return what a client sees at a path: a pending file before an accepted one before one that waits."""
    return _seen(place, _facts(place.box.incoming, place.path) if place.mount.is_writable else None)


def _seen(place: Place, pending: os.stat_result | None) -> Entry | None:
    """Return what a client sees at a path where this is pending."""
    name, is_writable = place.path[-1], place.mount.is_writable
    if pending is not None and _may_be_touched(pending):
        return _entry(name, pending, is_writable=True)
    accepted = place.box.accepted(place.path) if is_writable else None
    if accepted is not None:
        return _accepted_entry(name, accepted)
    found = None if name.startswith(".") else _facts(place.box.outgoing, place.path)
    return None if found is None else _entry(name, found, is_writable=False)


def _list(place: Place) -> dict[str, Entry]:
    waiting = _lying(place.box.outgoing, place.path, is_writable=False)
    pending = _lying(place.box.incoming, place.path, is_writable=True) if place.mount.is_writable else None
    if waiting is None and pending is None:
        raise places.fault(errno.ENOENT if _look(place) is None else errno.ENOTDIR)
    found = dict(waiting or {})
    if place.mount.is_writable:
        found |= {name: _accepted_entry(name, item) for name, item in place.box.accepted_in(place.path).items()}
    return found | (pending or {})


def _lying(root: int, path: Path, *, is_writable: bool) -> dict[str, Entry] | None:
    """Return what lies in a folder on the disk, None where there is none; what waits under a hidden name is ours."""
    try:
        with places.folder(root, path) as here:
            return {
                name: _entry(name, facts, is_writable=is_writable)
                for name, facts in places.entries(here)
                if is_writable or not name.startswith(".")
            }
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise


def _move_folder(source: Place, target: Place) -> None:
    box: Box = source.box
    if box.has_accepted_below(source.path):
        raise places.fault(errno.ENOTEMPTY)
    if box.writers:
        raise places.fault(errno.EBUSY)
    with (
        places.folder(box.incoming, source.path[:-1]) as from_folder,
        places.folder(box.incoming, target.path[:-1]) as to_folder,
    ):
        os.rename(source.path[-1], target.path[-1], src_dir_fd=from_folder, dst_dir_fd=to_folder)


def _entry(name: str, facts: os.stat_result, *, is_writable: bool) -> Entry:
    is_folder = places.is_folder(facts)
    size_bytes = 0 if is_folder else facts.st_size
    return Entry(name, is_folder=is_folder, size_bytes=size_bytes, changed_s=facts.st_mtime, is_writable=is_writable)


def _accepted_entry(name: str, found: Accepted) -> Entry:
    return Entry(name, is_folder=False, size_bytes=found.size_bytes, changed_s=found.landed_s, is_writable=True)
