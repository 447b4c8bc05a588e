"""What FTP sees of a login's tree: listings and open files, all of them by way of the jail and never by a path."""

import os
import time
from collections.abc import Callable, Iterator

from engine.endpoints.ftp_library import Files
from engine.endpoints.jail import Entry, Jail
from engine.endpoints.uploads import Reading, Upload

_MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
_HALF_A_YEAR_S = 180 * 24 * 3600
Finish = Callable[["Incoming"], None]


class Incoming:
    """A file that is being uploaded, as pyftpdlib writes it.

    is_whole: set before it is closed, where the data came to its end. announced_bytes: what ALLO said, 0 for nothing.
    """

    def __init__(self, upload: Upload, path: str, finish: Finish, *, at_end: bool) -> None:
        """Begin at the start, or where the pending file ends."""
        self.upload = upload
        self.name = path
        self.closed = False
        self.is_whole = False
        self.is_sure = False
        self.announced_bytes = 0
        self._finish = finish
        self._offset = upload.size_bytes if at_end else 0

    def seek(self, offset: int) -> None:
        """Go on from there (REST)."""
        self._offset = offset

    def write(self, data: bytes) -> None:
        """Write the next bytes; raises OSError as the jail does."""
        self.upload.write(self._offset, data)
        self._offset += len(data)

    def close(self) -> None:
        """Hand it on, once."""
        if not self.closed:
            self.closed = True
            self._finish(self)


class Outgoing:
    """A file that is being downloaded, as pyftpdlib reads it."""

    def __init__(self, reading: Reading, path: str) -> None:
        """Begin at the start."""
        self.name = path
        self.closed = False
        self._reading = reading
        self._offset = 0

    def seek(self, offset: int) -> None:
        """Go on from there (REST)."""
        self._offset = offset

    def read(self, size_bytes: int) -> bytes:
        """Read the next bytes."""
        data = self._reading.read(self._offset, size_bytes)
        self._offset += len(data)
        return data

    def close(self) -> None:
        """Let it go."""
        self.closed = True
        self._reading.close()


class JailedFiles(Files):  # type: ignore[misc]  # see ftp_library
    """pyftpdlib's file system over the jail; "real" paths are the client's own."""

    def __init__(self, jail: Jail, session: object, finish: Finish) -> None:
        """Stand at the top of the tree."""
        super().__init__("/", session)
        self._jail = jail
        self._finish = finish

    def ftp2fs(self, ftppath: str) -> str:
        """Return the path from the top."""
        return str(self.ftpnorm(ftppath))

    def fs2ftp(self, fspath: str) -> str:
        """Return the same path."""
        return fspath

    def validpath(self, path: str) -> bool:
        """Leave it to the jail, which looks at each step while it goes."""
        del path
        return True

    def realpath(self, path: str) -> str:
        """Return the same path: there are no links."""
        return path

    def open(self, filename: str, mode: str) -> Incoming | Outgoing:
        """Open to read ("rb"), to write anew ("wb"), at the end ("ab") or within ("r+b"); raises OSError."""
        if mode == "rb":
            return Outgoing(self._jail.open_reading(filename), filename)
        is_anew = mode == "wb"
        upload = self._jail.open_upload(filename, anew=is_anew, make=mode != "r+b")
        return Incoming(upload, filename, self._finish, at_end=mode == "ab")

    def chdir(self, path: str) -> None:
        """Go into a folder."""
        self._jail.entries(path)
        self.cwd = path

    def mkdir(self, path: str) -> None:
        """Make a folder."""
        self._jail.make_folder(path)

    def rmdir(self, path: str) -> None:
        """Remove an empty folder."""
        self._jail.remove_folder(path)

    def remove(self, path: str) -> None:
        """Remove a file from sight."""
        self._jail.remove(path)

    def move(self, old: str, new: str, proven: Upload | None) -> None:
        """Rename; proven: the upload of `old` that this rename proves to be whole."""
        self._jail.rename(old, new, replace=True, proven=proven)

    def listdir(self, path: str) -> list[str]:
        """Return the names in a folder."""
        return [entry.name for entry in self._jail.entries(path)]

    def lstat(self, path: str) -> Entry:
        """Return what is there."""
        return self._jail.look(path)

    def isfile(self, path: str) -> bool:
        """Say whether a file is there."""
        entry = self._seen(path)
        return entry is not None and not entry.is_folder

    def isdir(self, path: str) -> bool:
        """Say whether a folder is there."""
        entry = self._seen(path)
        return entry is not None and entry.is_folder

    def lexists(self, path: str) -> bool:
        """Say whether anything is there."""
        return self._seen(path) is not None

    def getsize(self, path: str) -> int:
        """Return a file's size."""
        return self._jail.look(path).size_bytes

    def getmtime(self, path: str) -> float:
        """Return when a file was changed, in seconds since 1970."""
        return self._jail.look(path).changed_s

    def format_list(self, basedir: str, listing: list[str], ignore_err: bool = True) -> Iterator[bytes]:  # noqa: FBT001, FBT002 - as pyftpdlib calls it
        """Give lines as `ls -l` writes them."""
        del ignore_err
        now_s = time.time()
        for entry in self._entries(basedir, listing):
            when = time.gmtime(entry.changed_s)
            is_old = now_s - entry.changed_s > _HALF_A_YEAR_S
            hour = f" {when.tm_year}" if is_old else f"{when.tm_hour:02}:{when.tm_min:02}"
            kind = "d" if entry.is_folder else "-"
            write, enter = "w" if entry.is_writable else "-", "x" if entry.is_folder else "-"
            line = f"{kind}r{write}{enter}------   1 partner  partner  {entry.size_bytes:>12} "
            yield f"{line}{_MONTHS[when.tm_mon - 1]} {when.tm_mday:02} {hour} {entry.name}\r\n".encode()

    def format_mlsx(
        self,
        basedir: str,
        listing: list[str],
        perms: str,
        facts: list[str],
        ignore_err: bool = True,  # noqa: FBT001, FBT002 - as pyftpdlib calls it
    ) -> Iterator[bytes]:
        """Give lines as MLSD and MLST write them (RFC 3659)."""
        del perms, ignore_err
        for entry in self._entries(basedir, listing):
            known = {
                "modify": time.strftime("%Y%m%d%H%M%S", time.gmtime(entry.changed_s)),
                "perm": _permissions(entry),
                "size": str(entry.size_bytes),
                "type": "dir" if entry.is_folder else "file",
            }
            said = "".join(f"{fact}={value};" for fact, value in known.items() if fact in facts)
            yield f"{said} {entry.name}\r\n".encode()

    def _entries(self, folder: str, wanted: list[str]) -> Iterator[Entry]:
        if len(wanted) == 1:
            yield self._jail.look(os.path.join(folder, wanted[0]))  # noqa: PTH118 - a client's path, for the jail
            return
        names = set(wanted)
        yield from (entry for entry in self._jail.entries(folder) if entry.name in names)

    def _seen(self, path: str) -> Entry | None:
        try:
            return self._jail.look(path)
        except OSError:
            return None


def _permissions(entry: Entry) -> str:
    if entry.is_folder:
        return "cdeflmp" if entry.is_writable else "el"
    return "adfrw" if entry.is_writable else "r"
