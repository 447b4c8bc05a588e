"""Opens what lies below a folder without ever following a link: each step by a descriptor of the folder before it."""

import contextlib
import errno
import os
import stat
from collections.abc import Iterator
from pathlib import Path

_FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW | os.O_CLOEXEC
_FILE = os.O_NOFOLLOW | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY


def fault(number: int) -> OSError:
    """Return the error of this errno, in the system's words."""
    return OSError(number, os.strerror(number))


@contextlib.contextmanager
def folder(root: int, names: tuple[str, ...]) -> Iterator[int]:
    """Give a descriptor of the folder at these names below root.

    Raises:
        OSError: A name is missing (ENOENT), or is a link or no folder (ENOTDIR).
    """
    if not names:
        yield root
        return
    current = os.open(".", _FOLDER, dir_fd=root)
    try:
        for name in names:
            try:
                following = os.open(name, _FOLDER, dir_fd=current)
            except OSError as error:
                raise fault(errno.ENOENT if error.errno == errno.ENOENT else errno.ENOTDIR) from None
            os.close(current)
            current = following
        yield current
    finally:
        os.close(current)


def open_folder(path: Path) -> int:
    """Make a folder of our own where it is missing, and return its descriptor."""
    path.mkdir(mode=0o700, parents=True, exist_ok=True)
    return os.open(path, _FOLDER)


def look(parent: int, name: str) -> os.stat_result | None:
    """Return what lies there itself, no link followed; None where there is nothing."""
    try:
        return os.stat(name, dir_fd=parent, follow_symlinks=False)
    except OSError as error:
        if error.errno in (errno.ENOENT, errno.ENOTDIR):
            return None
        raise


def is_file(found: os.stat_result) -> bool:
    """Say whether it is a file that only this name leads to; hard links, pipes and devices are none (row 5, 7)."""
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def is_folder(found: os.stat_result) -> bool:
    """Say whether it is a folder, not a link to one."""
    return stat.S_ISDIR(found.st_mode)


def open_file(parent: int, name: str, flags: int = os.O_RDONLY) -> int:
    """Open a file that is there, or with O_CREAT and O_EXCL one that is not, and return its descriptor.

    Raises:
        OSError: ENOENT where nothing is there; EACCES where it is a link, a pipe, a device or has other names.
    """
    try:
        descriptor = os.open(name, flags | _FILE, mode=0o600, dir_fd=parent)
    except OSError as error:
        if error.errno in (errno.ELOOP, errno.ENXIO, errno.EISDIR, errno.EMLINK):
            raise fault(errno.EACCES) from None
        raise
    # What was made just now, and was not there before, is a file of its own.
    if not flags & os.O_EXCL and not is_file(os.fstat(descriptor)):
        os.close(descriptor)
        raise fault(errno.EACCES)
    return descriptor


def entries(directory: int) -> Iterator[tuple[str, os.stat_result]]:
    """Give files and folders with what they are; whatever else lies there, or has an odd name, is not given."""
    # Opened anew: two listings at once would share the position of one descriptor.
    own = os.open(".", _FOLDER, dir_fd=directory)
    try:
        with os.scandir(own) as found:
            for item in found:
                try:
                    item.name.encode("utf-8")
                    facts = item.stat(follow_symlinks=False)
                except (UnicodeEncodeError, OSError):
                    continue
                if is_file(facts) or is_folder(facts):
                    yield item.name, facts
    finally:
        os.close(own)


def same(one: os.stat_result, other: os.stat_result) -> bool:
    """Say whether two looks are at one and the same file."""
    return (one.st_dev, one.st_ino) == (other.st_dev, other.st_ino)
