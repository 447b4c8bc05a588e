"""What one signed-in FTP session is asked: to list, look, copy, deliver, remove; refusals are told in sentences."""

import ftplib
import socket
from collections.abc import Callable
from contextlib import suppress
from typing import Any

from engine.base import limits
from engine.base.errors import BadInput, Category, HandoffError, TryAgain
from engine.transfer import ftp_listing, names, sentences, temporary
from engine.transfer.fetching import Lost
from engine.transfer.ftp_listing import Entry
from engine.transfer.ftp_session import Session, is_missing, is_unknown_command, refusal, says_no_permission
from engine.transfer.names import shown
from engine.transfer.partials import Partial
from engine.transfer.transport import Outgoing, Place
from storage.records.files import Listing, RemoteFile

_BLOCK_BYTES = 256 * 1024
_NO_ROOM = ("452", "552")
_LINES_BESIDE_FILES = 3
"""".", ".." and a line of totals."""

Parse = Callable[[str], Any | None]


class Talk:
    """One session and the folder that it has entered."""

    def __init__(self, session: Session, place: Place, parse: Parse) -> None:
        """Keep them.

        Args:
            session: Signed in.
            place: For sentences.
            parse: Reads a line of LIST, for servers without MLSD.
        """
        self.session = session
        self.wire = session.wire
        self.place = place
        self._parse = parse
        self._folder = ""

    def enter(self, folder: str) -> None:
        """Go into a folder, so that names alone are said afterwards."""
        try:
            self._say(f"CWD {_sayable(folder)}", "to open a folder")
        except ftplib.Error as error:
            if not is_missing(error):
                raise refusal(self.place, error, folder) from None
            if "not a dir" in str(error).casefold():
                raise sentences.not_a_folder(folder) from None
            if says_no_permission(error):
                raise sentences.may_not_list(self.place, folder) from None
            raise sentences.no_folder(folder) from None
        self._folder = folder

    def listing(self, folder: str) -> Listing:
        """List a folder; links, folders, devices and unusable names are named with their reason."""
        return ftp_listing.listing(self.entries(folder))

    def entries(self, folder: str) -> list[Entry]:
        """Go into a folder and return all that it holds."""
        self.enter(folder)
        return self._entries(folder)

    def look(self, name: str) -> RemoteFile:
        """Return what the server says of a regular file of the folder entered."""
        found = self.seen(name)
        if found.why_not:
            raise sentences.not_a_file(name)
        if found.size_bytes is None:
            raise sentences.no_size(name)
        if found.size_bytes > limits.FILE_BYTES_MAX:
            raise sentences.too_large(name, found.size_bytes)
        return RemoteFile(name, found.size_bytes, found.changed_at)

    def copy(self, name: str, size_bytes: int, part: Partial, count: Callable[[int], None]) -> bool:
        """Append what is missing up to size_bytes, and say whether the server has more than that.

        Raises:
            Lost: Cut or silent; another connection can go on.
            TryAgain: The file is shorter than it said.
            GiveUp: The file may not be read.
        """
        data = self._reading(name, part)
        goes_on, before_bytes = False, part.size_bytes
        try:
            while not goes_on and (block := self._received(data, name, part, size_bytes)):
                room = size_bytes - part.size_bytes
                goes_on = len(block) > room
                part.add(block[:room])
                count(min(len(block), room))
        finally:
            data.close()
        with self.wire.stage(f"to end {shown(name)}", limits.TRANSFER_SILENCE_S_MAX):
            try:
                self.session.getresp()
            except ftplib.Error:
                if not goes_on:  # a transfer that we end early is one that failed for the server
                    raise _lost(name, part.size_bytes, size_bytes) from None
        if part.size_bytes < size_bytes:
            raise self._short(name, part.size_bytes, size_bytes, came_bytes=part.size_bytes - before_bytes)
        return goes_on

    def _short(self, name: str, done: int, size_bytes: int, *, came_bytes: int) -> TryAgain:
        """Tell a data connection that was cut, which looks like the end of the file, from a file that is shorter."""
        if came_bytes and self.seen(name).size_bytes == size_bytes:
            return _lost(name, done, size_bytes)
        return TryAgain(
            f"{shown(name)} ended after {done:,} of the {size_bytes:,} bytes that the server named; "
            "the next run fetches it again.",
            Category.FOLDER,
        )

    def probe(self, folder: str) -> None:
        """Write a few bytes into a folder and remove them again."""
        self.enter(folder)
        name = temporary.fresh("probe")
        data = self._writing(name, folder)
        try:
            data.sendall(b"Handoff tests whether it may write here.\n")
        except OSError as error:
            raise self.wire.told(error, "to write a file") from None
        self._written(data, folder)
        try:
            self._say(f"DELE {name}", "to remove a file")
        except ftplib.Error:
            raise sentences.may_not_remove(self.place, folder) from None

    def remove(self, name: str) -> bool:
        """Remove a file, and say whether it is gone."""
        try:
            self._say(f"DELE {_sayable(name)}", "to remove a file")
        except ftplib.Error as error:
            if not is_missing(error):
                raise refusal(self.place, error, name) from None
            try:
                self.seen(name)
            except TryAgain as gone:
                return gone.category is Category.FOLDER
            return False
        return True

    def _say(self, command: str, doing: str) -> str:
        with self.wire.stage(doing, limits.TRANSFER_SILENCE_S_MAX):
            return self.session.voidcmd(command)

    def _entries(self, folder: str) -> list[Entry]:
        has_facts = "MLST" in self.session.features or "MLSD" in self.session.features
        most = limits.LISTED_FILES_MAX
        try:
            with self.wire.stage("to list its files", limits.LISTING_WAIT_S_MAX):
                too_many = sentences.too_many_names(folder)
                lines = self.session.read_lines("MLSD" if has_facts else "LIST", most + _LINES_BESIDE_FILES, too_many)
        except ftplib.Error as error:
            if is_missing(error):
                raise sentences.may_not_list(self.place, folder) from None
            raise refusal(self.place, error, folder) from None
        read = ftp_listing.from_facts if has_facts else self._from_list
        entries = [entry for line in lines if (entry := read(line))]
        if len(entries) > most:
            raise too_many
        return entries

    def _from_list(self, line: bytes) -> Entry | None:
        return ftp_listing.from_list(line, self._parse)

    def seen(self, name: str) -> Entry:
        """Return what the server says of a name of the folder entered.

        Raises:
            TryAgain: Category FOLDER: there is nothing of that name.
        """
        said = _sayable(name)
        try:
            with self.wire.stage("to look at a file", limits.TRANSFER_SILENCE_S_MAX):
                if "MLST" in self.session.features:
                    answer = self.session.sendcmd(f"MLST {said}").splitlines()
                    found = ftp_listing.from_facts("".join(answer[1:2]).encode(errors="surrogateescape"))
                    return found or Entry(b"", ftp_listing.FOLDER, None, None)
                size = self.session.sendcmd(f"SIZE {said}").partition(" ")[2].strip()
                changed_at = None
                with suppress(ftplib.Error):
                    changed_at = ftp_listing.read_time(self.session.sendcmd(f"MDTM {said}").partition(" ")[2].strip())
                return Entry(said.encode(), None, int(size) if size.isdecimal() else None, changed_at)
        except ftplib.Error as error:
            if is_missing(error):
                raise sentences.file_gone(name) from None
            if not is_unknown_command(error):
                raise refusal(self.place, error, name) from None
        for entry in self._entries("."):
            if entry.raw_name == said.encode():
                return entry
        raise sentences.file_gone(name)

    def _reading(self, name: str, part: Partial) -> socket.socket:
        command = f"RETR {_sayable(name)}"
        with self.wire.stage(f"for {shown(name)}", limits.TRANSFER_SILENCE_S_MAX):
            try:
                return self.session.transfercmd(command, part.size_bytes or None)
            except ftplib.Error as error:
                if not (part.size_bytes and is_unknown_command(error)):
                    raise self._no_reading(error, name) from None
            part.begin_anew()  # a server that cannot go on in the middle of a file
            try:
                return self.session.transfercmd(command)
            except ftplib.Error as error:
                raise self._no_reading(error, name) from None

    def _no_reading(self, error: ftplib.Error, name: str) -> HandoffError:
        if is_missing(error) and not says_no_permission(error) and "no such" in str(error).casefold():
            return sentences.file_gone(name)
        return sentences.may_not_read(self.place, name) if is_missing(error) else refusal(self.place, error, name)

    def _received(self, data: socket.socket, name: str, part: Partial, size_bytes: int) -> bytes:
        try:
            return data.recv(_BLOCK_BYTES)
        except TimeoutError:
            raise Lost(
                f"The server sent nothing for {limits.TRANSFER_SILENCE_S_MAX:g} s while {shown(name)} was fetched "
                f"({part.size_bytes:,} of {size_bytes:,} bytes); nothing was changed and the next run goes on.",
                Category.TIMEOUT,
            ) from None
        except OSError:
            if self.wire.is_cut:
                raise self.wire.lost(f"for {shown(name)}") from None
            raise _lost(name, part.size_bytes, size_bytes) from None

    def store(self, file: Outgoing, name: str, count: Callable[[int], None]) -> int:
        """Write a file under another name, and return how many bytes went."""
        data = self._writing(name, file.name)
        sent = 0
        with file.path.open("rb") as content:
            while block := content.read(_BLOCK_BYTES):
                try:
                    data.sendall(block)
                except OSError as error:
                    data.close()
                    raise self.wire.told(error, f"to take {shown(file.name)}") from None
                sent += len(block)
                count(len(block))
        self._written(data, file.name)
        return sent

    def _writing(self, name: str, what: str) -> socket.socket:
        with self.wire.stage(f"to take {shown(what)}", limits.TRANSFER_SILENCE_S_MAX):
            try:
                return self.session.transfercmd(f"STOR {name}")
            except ftplib.Error as error:
                raise self._no_writing(error, what) from None

    def _written(self, data: socket.socket, what: str) -> None:
        with self.wire.stage(f"to take {shown(what)}", limits.TRANSFER_SILENCE_S_MAX):
            self.session.end_data(data)
            try:
                self.session.voidresp()
            except ftplib.Error as error:
                raise self._no_writing(error, what) from None

    def _no_writing(self, error: ftplib.Error, what: str) -> HandoffError:
        if str(error)[:3] in _NO_ROOM:
            return TryAgain(
                f"{sentences.at(self.place)} has no room for {shown(what)}; ask whoever runs it to make some.",
                Category.STORAGE,
            )
        if is_missing(error) or str(error)[:3] in ("532", "553"):
            return sentences.may_not_write(self.place, self._folder)
        return refusal(self.place, error, what)

    def rename(self, before: str, name: str) -> str:
        """Give a file its name; where the server renames over no file, remove the old one first and say so."""
        said = _sayable(name)
        try:
            self._rename_to(before, said)
        except ftplib.error_perm:
            try:
                self._say(f"DELE {said}", "to remove the old file")
                self._rename_to(before, said)
            except ftplib.Error as error:
                raise self._no_writing(error, name) from None
            return "The old file was removed first, because the server renames over no file."
        except ftplib.Error as error:
            raise refusal(self.place, error, name) from None
        return ""

    def _rename_to(self, before: str, name: str) -> None:
        with self.wire.stage("to rename a file", limits.TRANSFER_SILENCE_S_MAX):
            self.session.rename(before, name)


def _sayable(text: str) -> str:
    """Return a name or folder that can stand in a command: what holds a line break would be a second command."""
    if any(mark in text for mark in "\r\n\0"):
        raise BadInput(f"{shown(text)} holds a line break, which FTP cannot say; rename it.")
    return text


def check_name(name: str) -> None:
    """Refuse what is no base name.

    Raises:
        BadInput: It is empty, a path, or holds control characters.
    """
    _, reason = names.read(name.encode("utf-8", "surrogateescape"))
    if reason or name in (".", ".."):
        raise sentences.name_not_allowed(name)


def _lost(name: str, done: int, size_bytes: int) -> Lost:
    return Lost(
        f"The connection was lost after {done:,} of {size_bytes:,} bytes of {shown(name)}; "
        "nothing was changed and the next run goes on."
    )
