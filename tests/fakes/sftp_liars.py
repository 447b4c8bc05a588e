"""SFTP servers that hang, lie, or lack what others have; each is the sftp_class of an AsyncsshServer."""

import asyncio
import os
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, ClassVar

import asyncssh
from asyncssh import constants


class EndlessFiles(asyncssh.SFTPServer):
    """Every file goes on for ever, whatever size is told."""

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Give as much as is asked for."""
        del file_obj, offset
        return b"x" * size


class GenerousReads(asyncssh.SFTPServer):
    """Every answer holds more bytes than were asked for."""

    def read(self, file_obj: object, offset: int, size: int) -> bytes:
        """Give some more."""
        del file_obj, offset
        return b"x" * (size + 10)


class HugeSizes(asyncssh.SFTPServer):
    """Every file is said to have a terabyte."""

    def lstat(self, path: bytes) -> asyncssh.SFTPAttrs:
        """Tell the wrong size."""
        del path
        return asyncssh.SFTPAttrs(size=10**12, permissions=0o100644, mtime=1_700_000_000)


class ShortReads(asyncssh.SFTPServer):
    """Every answer holds at most 1,000 bytes, as servers may do."""

    def read(self, file_obj: Any, offset: int, size: int) -> bytes:
        """Give a part of what was asked for."""
        file_obj.seek(offset)
        data: bytes = file_obj.read(min(size, 1000))
        return data


class SilentListings(asyncssh.SFTPServer):
    """A folder is opened, and then nothing comes."""

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """Never give a name."""
        await asyncio.Event().wait()
        yield asyncssh.SFTPName(path)


class OddNames(asyncssh.SFTPServer):
    """A folder with a good name and names that no honest server sends."""

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """Give them all as files."""
        del path
        attributes = asyncssh.SFTPAttrs(size=1, permissions=0o100644, mtime=1_700_000_000)
        for name in (b".", b"..", b"good.csv", b"../../etc/passwd", b"", b"nul\0.csv", b"\xff\xfe.csv"):
            yield asyncssh.SFTPName(name, attrs=attributes)


class ClosedFiles(asyncssh.SFTPServer):
    """Files whose names begin with "closed" may not be read."""

    def open(self, path: bytes, pflags: int, attrs: asyncssh.SFTPAttrs) -> object:
        """Refuse those."""
        if path.startswith(b"/closed"):
            raise asyncssh.SFTPPermissionDenied("not for you")
        return super().open(path, pflags, attrs)


class NoTimes(asyncssh.SFTPServer):
    """Nobody learns when a file was changed."""

    def lstat(self, path: bytes) -> Any:
        """Leave the times out."""
        return _without_times(super().lstat(path))

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """Leave the times out here too."""
        async for entry in super().scandir(path):
            entry.attrs = _without_times(entry.attrs)
            yield entry


def _without_times(found: Any) -> asyncssh.SFTPAttrs:
    if isinstance(found, os.stat_result):
        return asyncssh.SFTPAttrs(size=found.st_size, permissions=found.st_mode)
    return asyncssh.SFTPAttrs(size=found.size, permissions=found.permissions)


class NoPosixRename(asyncssh.SFTPServer):
    """An old server: it renames only to names that are free."""

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Not known here."""
        del oldpath, newpath
        raise asyncssh.SFTPOpUnsupported("not known here")


class ForgetfulWrites(asyncssh.SFTPServer):
    """Every second byte is lost."""

    def write(self, file_obj: Any, offset: int, data: bytes) -> int:
        """Keep half of it, and say that all is well."""
        super().write(file_obj, offset, data[: len(data) // 2])
        return len(data)


class RenamesAndDies(asyncssh.SFTPServer):
    """The partner takes the renamed file away at once, and the connection ends before the answer."""

    taken: ClassVar[list[bytes]] = []

    def posix_rename(self, oldpath: bytes, newpath: bytes) -> None:
        """Rename, take, die."""
        super().posix_rename(oldpath, newpath)
        there = Path(os.fsdecode(self.map_path(newpath)))
        self.taken.append(there.read_bytes())
        there.unlink()
        self.connection.abort()


class WriteOnly(asyncssh.SFTPServer):
    """A folder into which files can be put, and nothing else."""

    def lstat(self, path: bytes) -> Any:
        """Refuse."""
        del path
        raise asyncssh.SFTPPermissionDenied("write only")

    async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
        """Refuse."""
        raise asyncssh.SFTPPermissionDenied("write only")
        yield asyncssh.SFTPName(path)


def many_names(count: int) -> type[asyncssh.SFTPServer]:
    """Return a server of a folder with so many names, half of them links that lead in a circle."""

    class ManyNames(asyncssh.SFTPServer):
        async def scandir(self, path: bytes) -> AsyncIterator[asyncssh.SFTPName]:
            del path
            file = asyncssh.SFTPAttrs(size=1, permissions=0o100644, mtime=1_700_000_000)
            link = asyncssh.SFTPAttrs(size=1, permissions=0o120777, type=constants.FILEXFER_TYPE_SYMLINK)
            for number in range(count):
                yield asyncssh.SFTPName(b"%06d.csv" % number, attrs=link if number % 2 else file)

    return ManyNames
