"""The SFTP protocol over one login's tree: requests in, answers out; only a CLOSE proves that an upload is whole."""

import contextlib
import errno
import functools
import os
import stat
import struct
from collections.abc import Callable
from typing import Any

import paramiko
from paramiko import sftp as wire
from paramiko.message import Message

from engine.base import limits, log
from engine.endpoints.jail import Entry, Jail
from engine.endpoints.sftp_stream import REQUEST_BYTES_MAX, Stream
from engine.endpoints.uploads import Reading, Upload

_LISTED_AT_ONCE = 100
_READ_BYTES_TOLD = 255 * 1024
_FOLDER_MODE, _FILE_MODE, _READ_ONLY = 0o755, 0o644, 0o555
_CODES = {
    errno.ENOENT: wire.SFTP_NO_SUCH_FILE,
    errno.ENOTDIR: wire.SFTP_NO_SUCH_FILE,
    errno.EACCES: wire.SFTP_PERMISSION_DENIED,
    errno.EPERM: wire.SFTP_PERMISSION_DENIED,
    errno.EXDEV: wire.SFTP_PERMISSION_DENIED,
}
_WORDS = {
    errno.EDQUOT: "No more fits: the quota of this folder is met",
    errno.EFBIG: "The file is larger than what is taken here",
    errno.ENOSPC: "The disk is full",
    errno.ESTALE: "Another upload took the place of this one",
    errno.EEXIST: "There is one of this name already",
    errno.ENOTEMPTY: "The folder is not empty",
    errno.EISDIR: "It is a folder",
    errno.EINVAL: "Such a name is not taken",
    errno.ENAMETOOLONG: "The name is too long",
    errno.EMFILE: "Too many open files in one session",
}


# What is known of paramiko's types ends at its public half; the protocol is built on the other one.
_Server: Any = paramiko.SFTPServer
_Handle: Any = paramiko.SFTPHandle


class _FileHandle(_Handle):  # type: ignore[misc]  # see _Handle
    """An open file: an upload or a reading."""

    def __init__(self, file: Upload | Reading, *, is_append: bool) -> None:
        super().__init__()
        self.file = file
        self._is_append = is_append

    def read(self, offset: int, length: int) -> bytes | int:
        try:
            return self.file.read(offset, length)
        except OSError as error:
            return _code(error)

    def write(self, offset: int, data: bytes) -> int:
        """Write, and raise what goes wrong: its words are told to the client."""
        if not isinstance(self.file, Upload):
            return wire.SFTP_PERMISSION_DENIED
        if self._is_append:
            self.file.append(data)
        else:
            self.file.write(offset, data)
        return wire.SFTP_OK

    def stat(self) -> paramiko.SFTPAttributes:
        is_upload = isinstance(self.file, Upload)
        return _attributes(
            Entry(
                "",
                is_folder=False,
                size_bytes=self.file.size_bytes,
                changed_s=self.file.changed_s,
                is_writable=is_upload,
            )
        )

    def chattr(self, attr: paramiko.SFTPAttributes) -> int:
        """Say yes and change nothing: mode and times are ours (faults row 10)."""
        del attr
        return wire.SFTP_OK

    def finish(self) -> None:
        """Close it, as the client asked: an upload is whole now.

        Raises:
            OSError: It could not be accepted.
        """
        if isinstance(self.file, Upload):
            self.file.close(is_proven=True)
        else:
            self.file.close()

    def close(self) -> None:
        """Let it go without a word of the client: an upload stays pending."""
        if isinstance(self.file, Upload):
            self.file.close(is_proven=False)
        else:
            self.file.close()


class _FolderHandle(_Handle):  # type: ignore[misc]  # see _Handle
    """An open folder, with what was in it when it was opened."""

    def __init__(self, listed: list[paramiko.SFTPAttributes]) -> None:
        super().__init__()
        self._left = iter(listed)

    def _get_next_files(self) -> list[paramiko.SFTPAttributes]:
        return [item for item, _ in zip(self._left, range(_LISTED_AT_ONCE), strict=False)]


class Tree(paramiko.SFTPServerInterface):
    """Answers of one session's tree; errors are raised as OSError, and the server below says them."""

    def __init__(self, server: Any, jail: Jail) -> None:
        """Belong to one session."""
        super().__init__(server)
        self._jail = jail

    def list_folder(self, path: str) -> list[paramiko.SFTPAttributes]:
        """Return what lies in a folder."""
        return [_attributes(entry) for entry in self._jail.entries(path)]

    def stat(self, path: str) -> paramiko.SFTPAttributes:
        """Return what is at a path."""
        return _attributes(self._jail.look(path))

    lstat = stat

    def open(self, path: str, flags: int, attr: paramiko.SFTPAttributes | None = None) -> _FileHandle:
        """Open a file; the wanted mode and times have no effect."""
        del attr
        if flags & os.O_ACCMODE == os.O_RDONLY:
            return _FileHandle(self._jail.open_reading(path), is_append=False)
        upload = self._jail.open_upload(
            path,
            anew=bool(flags & os.O_TRUNC),
            make=bool(flags & os.O_CREAT),
            exclusive=bool(flags & os.O_CREAT and flags & os.O_EXCL),
        )
        return _FileHandle(upload, is_append=bool(flags & os.O_APPEND))

    def remove(self, path: str) -> int:
        """Remove a file."""
        self._jail.remove(path)
        return wire.SFTP_OK

    def rename(self, oldpath: str, newpath: str) -> int:
        """Rename where the new name is free."""
        self._jail.rename(oldpath, newpath, replace=False)
        return wire.SFTP_OK

    def posix_rename(self, oldpath: str, newpath: str) -> int:
        """Rename in the place of another."""
        self._jail.rename(oldpath, newpath, replace=True)
        return wire.SFTP_OK

    def mkdir(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        """Make a folder."""
        del attr
        self._jail.make_folder(path)
        return wire.SFTP_OK

    def rmdir(self, path: str) -> int:
        """Remove an empty folder."""
        self._jail.remove_folder(path)
        return wire.SFTP_OK

    def chattr(self, path: str, attr: paramiko.SFTPAttributes) -> int:
        """Say yes where something is there, and change nothing."""
        del attr
        self._jail.look(path)
        return wire.SFTP_OK

    def canonicalize(self, path: str) -> str:
        """Return the path without detours."""
        return self._jail.real(path)

    def readlink(self, path: str) -> int:
        """There are no links."""
        del path
        return wire.SFTP_PERMISSION_DENIED

    def symlink(self, target_path: str, path: str) -> int:
        """No links are made."""
        del target_path, path
        return wire.SFTP_PERMISSION_DENIED


class SftpServer(_Server):  # type: ignore[misc]  # see _Server
    """One SFTP channel: paramiko's table of requests, with our stream, our errors and our CLOSE.

    paramiko would run it in a thread of its own; that thread is never started.
    """

    file_table: dict[bytes, Any]
    folder_table: dict[bytes, Any]

    def __init__(
        self,
        channel: paramiko.Channel,
        name: str,
        server: Any,
        jail: Jail,
        note_alive: Callable[[], None],
        is_ended: Callable[[], bool],
    ) -> None:
        """Belong to one channel; is_ended: nothing that was sent may have an effect any more."""
        super().__init__(channel, name, server, Tree, jail)
        self.sock = channel
        self.stream = Stream(channel, self._take, self._finish)
        self._has_begun = False
        self._session = server
        self._note_alive = note_alive
        self._is_ended = is_ended
        self._own: dict[int, Callable[[int, Message], None]] = {
            wire.CMD_OPEN: self._do_open,
            wire.CMD_CLOSE: self._do_close,
            wire.CMD_WRITE: self._do_write,
            wire.CMD_FSETSTAT: self._do_fsetstat,
            wire.CMD_EXTENDED: self._do_extended,
        }

    @property
    def open_files(self) -> int:
        """How many files and folders are open in this channel."""
        return len(self.file_table) + len(self.folder_table)

    def _take(self, kind: int, data: bytes) -> None:
        """Answer one request.

        Raises:
            EOFError, OSError, SFTPError: The channel has to end.
        """
        self._note_alive()
        if self._is_ended():
            raise EOFError
        if self._has_begun:
            self._answer(kind, Message(data))
        else:
            self._begin(kind)

    def _finish(self) -> None:
        """Let go of what is open, not proven whole; then say goodbye as scp expects it, with an exit status."""
        for handle in self.file_table.values():
            with contextlib.suppress(OSError):
                handle.close()
        self.file_table = {}
        self.folder_table = {}
        with contextlib.suppress(Exception):  # the connection may be gone in many ways
            if not self._is_ended():
                self.sock.send_exit_status(0)
        with contextlib.suppress(Exception):  # the same
            self.sock.close()

    def _answer(self, kind: int, request: Message) -> None:
        number = request.get_int()
        try:
            own = self._own.get(kind)
            if own is not None:
                own(number, request)
            else:
                self._process(kind, number, request)
        except OSError as error:
            if isinstance(error, EOFError) or self.sock.closed:
                raise
            self._send_status(number, _code(error), _WORDS.get(error.errno or 0))
        except (EOFError, UnicodeDecodeError, struct.error, KeyError) as error:
            if self.sock.closed:
                raise EOFError from error
            self._send_status(number, wire.SFTP_BAD_MESSAGE)
        except Exception as error:  # noqa: BLE001 - the edge of a session: it must not end others', and we hear of it
            log.logger(__name__).error("a request of SFTP stumbled: %s", log.where(error))
            self._send_status(number, wire.SFTP_FAILURE)

    def _do_open(self, number: int, request: Message) -> None:
        self._check_open_files()
        path, flags = request.get_text(), self._convert_pflags(request.get_int())
        # The wanted mode and times behind them have no effect.
        self._send_handle_response(number, self.server.open(path, flags))

    def _do_write(self, number: int, request: Message) -> None:
        file = self.file_table.get(request.get_binary())
        offset, data = request.get_int64(), request.get_binary()
        if file is None:
            self._send_status(number, wire.SFTP_BAD_MESSAGE, "Invalid handle")
        else:
            self._send_status(number, file.write(offset, data))

    def _open_folder(self, request_number: int, path: str) -> None:
        self._check_open_files()
        self._send_handle_response(request_number, _FolderHandle(self.server.list_folder(path)), True)  # noqa: FBT003

    def _check_open_files(self) -> None:
        # Of the whole session: descriptors are few, and others need some too.
        if self._session.open_files() >= limits.ENDPOINT_OPEN_FILES_MAX:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE))

    def _do_close(self, number: int, request: Message) -> None:
        handle = request.get_binary()
        if self.folder_table.pop(handle, None) is None:
            file = self.file_table.pop(handle, None)
            if file is None:
                self._send_status(number, wire.SFTP_BAD_MESSAGE, "Invalid handle")
                return
            file.finish()
        self._send_status(number, wire.SFTP_OK)

    def _do_fsetstat(self, number: int, request: Message) -> None:
        is_open = request.get_binary() in self.file_table
        self._send_status(number, wire.SFTP_OK if is_open else wire.SFTP_BAD_MESSAGE)

    def _do_extended(self, number: int, request: Message) -> None:
        tag = request.get_text()
        if tag == "posix-rename@openssh.com":
            self._send_status(number, self.server.posix_rename(request.get_text(), request.get_text()))
        elif tag == "limits@openssh.com":
            handles = limits.ENDPOINT_OPEN_FILES_MAX
            told = (REQUEST_BYTES_MAX, _READ_BYTES_TOLD, _READ_BYTES_TOLD, handles)
            answer = Message()
            answer.add_int(number)
            for value in told:
                answer.add_int64(value)
            self._send_packet(wire.CMD_EXTENDED_REPLY, answer)
        else:
            self._send_status(number, wire.SFTP_OP_UNSUPPORTED)

    def _begin(self, kind: int) -> None:
        if kind != wire.CMD_INIT:
            raise wire.SFTPError("Incompatible sftp protocol")
        answer = Message()
        answer.add_int(3)
        for name in ("posix-rename@openssh.com", "limits@openssh.com"):
            answer.add_string(name)
            answer.add_string("1")
        self._send_packet(wire.CMD_VERSION, answer)
        self._has_begun = True

    def _send_status(self, request_number: int, code: int, desc: str | None = None) -> None:
        self.stream.put(wire.CMD_STATUS, request_number.to_bytes(4, "big") + _status(code, desc))

    def _send_packet(self, kind: int, packet: Message) -> None:
        self.stream.put(kind, packet.asbytes())

    def _log(self, level: int, msg: Any) -> None:
        """Say nothing: names of clients stay out of logs, and saying it costs a third of a request."""


@functools.cache
def _status(code: int, words: str | None) -> bytes:
    """Return an answer's code, its words and their language, which nobody names; ours and paramiko's are few."""
    said = Message()
    said.add_int(code)
    said.add_string(wire.SFTP_DESC[code] if words is None else words)
    said.add_string("")
    return said.asbytes()


def _code(error: OSError) -> int:
    return _CODES.get(error.errno or 0, wire.SFTP_FAILURE)


def _attributes(entry: Entry) -> paramiko.SFTPAttributes:
    """Say an entry as SFTP does; owner and group are nobody's names."""
    found = paramiko.SFTPAttributes()
    found.filename = entry.name
    if entry.is_folder:
        found.st_mode = stat.S_IFDIR | (_FOLDER_MODE if entry.is_writable else _READ_ONLY)
    else:
        found.st_mode = stat.S_IFREG | (_FILE_MODE if entry.is_writable else _FILE_MODE & _READ_ONLY)
    found.st_size = entry.size_bytes
    found.st_uid = found.st_gid = 0
    found.st_atime = found.st_mtime = int(entry.changed_s)
    return found
