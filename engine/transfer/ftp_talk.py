"""What one signed-in FTP session is asked: to list, look, copy, deliver, remove; refusals are told in sentences."""

import ftplib
import socket
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

from engine.base import limits
from engine.base.errors import BadInput, Category, GiveUp, HandoffError, TryAgain
from engine.transfer import ftp_listing, sentences
from engine.transfer import temporary as temporaries
from engine.transfer.ftp_listing import Entry
from engine.transfer.ftp_session import Session, is_missing, is_unknown_command, refusal, says_no_permission
from engine.transfer.names import shown
from engine.transfer.partials import Partial
from engine.transfer.transport import Delivered, Outgoing, Place
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
        self._place = place
        self._parse = parse

    def enter(self, folder: str) -> None:
        """Go into a folder, so that names alone are said afterwards."""
        try:
            self._say(f"CWD {_sayable(folder)}", "to open a folder")
        except ftplib.Error as error:
            if not is_missing(error):
                raise refusal(self._place, error, folder) from None
            if "not a dir" in str(error).casefold():
                raise sentences.not_a_folder(folder) from None
            if says_no_permission(error):
                raise sentences.may_not_list(self._place, folder) from None
            raise sentences.no_folder(folder) from None

    def listing(self, folder: str) -> Listing:
        """List a folder; links, folders, devices and unusable names are named with their reason."""
        return ftp_listing.listing(self.entries(folder))

    def entries(self, folder: str) -> list[Entry]:
        """Go into a folder and return all that it holds."""
        self.enter(folder)
        return self._entries(folder)

    def look(self, name: str) -> RemoteFile:
        """Return what the server says of a regular file of the folder entered."""
        found = self._asked(name)
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
            TryAgain: Category NETWORK: cut, or ended early; another connection can go on. TIMEOUT: silent.
            GiveUp: The file may not be read.
        """
        data = self._reading(name, part)
        goes_on = False
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
                if not goes_on and part.size_bytes == size_bytes:
                    raise _lost(name, part.size_bytes, size_bytes) from None
        if part.size_bytes < size_bytes:
            raise _lost(name, part.size_bytes, size_bytes)
        return goes_on

    def deliver(self, file: Outgoing, listed: Sequence[Entry], count: Callable[[int], None]) -> Delivered:
        """Bring a file there under a temporary name, compare its size, rename it.

        Args:
            file: What to bring.
            listed: What the folder held before; leftovers of deliveries that were cut are removed.
            count: Gets the bytes that went.
        """
        temporary = temporaries.fresh(file.name)
        try:
            size_bytes = self._store(file, temporary, count)
            there = self._asked(temporary)
            self._remove_leftovers(file.name, listed, there.changed_at)
            if there.size_bytes != size_bytes:
                raise GiveUp(
                    f"{sentences.at(self._place)} kept {there.size_bytes or 0:,} of the {size_bytes:,} bytes of "
                    f"{shown(file.name)}, so it was not delivered; tell whoever runs the server.",
                    Category.NETWORK,
                )
            note = self._rename(temporary, file.name)
        except HandoffError:
            with suppress(HandoffError, ftplib.Error):
                self._say(f"DELE {temporary}", "to remove a temporary file")
            raise
        return Delivered(file.name, size_bytes, note)

    def probe(self, folder: str) -> None:
        """Write a few bytes into a folder and remove them again."""
        self.enter(folder)
        name = temporaries.fresh("probe")
        data = self._writing(name, folder)
        try:
            data.sendall(b"Handoff tests whether it may write here.\n")
        except OSError as error:
            raise self.wire.told(error, "to write a file") from None
        self._written(data, folder)
        try:
            self._say(f"DELE {name}", "to remove a file")
        except ftplib.Error as error:
            raise GiveUp(
                f"{shown(self._place.username)} may write to {shown(folder)} but not remove there "
                f"({shown(str(error))}); ask the partner for the right to remove and rename.",
                Category.FOLDER,
            ) from None

    def remove(self, name: str) -> bool:
        """Remove a file, and say whether it is gone."""
        try:
            self._say(f"DELE {_sayable(name)}", "to remove a file")
        except ftplib.Error as error:
            if not is_missing(error):
                raise refusal(self._place, error, name) from None
            try:
                self._asked(name)
            except TryAgain as gone:
                return gone.category is Category.FOLDER
            return False
        return True

    def _remove_leftovers(self, name: str, listed: Sequence[Entry], now_there: datetime | None) -> None:
        for entry in listed:
            found = entry.raw_name.decode("utf-8", "replace")
            if temporaries.is_leftover(found, entry.changed_at, name, now_there):
                self.remove(found)

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
                raise sentences.may_not_list(self._place, folder) from None
            raise refusal(self._place, error, folder) from None
        read = ftp_listing.from_facts if has_facts else self._from_list
        entries = [entry for line in lines if (entry := read(line))]
        if len(entries) > most:
            raise too_many
        return entries

    def _from_list(self, line: bytes) -> Entry | None:
        return ftp_listing.from_list(line, self._parse)

    def _asked(self, name: str) -> Entry:
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
                raise refusal(self._place, error, name) from None
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
        return sentences.may_not_read(self._place, name) if is_missing(error) else refusal(self._place, error, name)

    def _received(self, data: socket.socket, name: str, part: Partial, size_bytes: int) -> bytes:
        try:
            return data.recv(_BLOCK_BYTES)
        except TimeoutError:
            raise TryAgain(
                f"The server sent nothing for {limits.TRANSFER_SILENCE_S_MAX:g} s while {shown(name)} was fetched "
                f"({part.size_bytes:,} of {size_bytes:,} bytes); nothing was changed and the next run "
                "fetches it again.",
                Category.TIMEOUT,
            ) from None
        except OSError:
            if self.wire.is_cut:
                raise self.wire.lost(f"for {shown(name)}") from None
            raise _lost(name, part.size_bytes, size_bytes) from None

    def _store(self, file: Outgoing, temporary: str, count: Callable[[int], None]) -> int:
        data = self._writing(temporary, file.name)
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
                f"{sentences.at(self._place)} has no room for {shown(what)}; ask whoever runs it to make some.",
                Category.STORAGE,
            )
        if is_missing(error) or str(error)[:3] in ("532", "553"):
            return GiveUp(
                f"{shown(self._place.username)} may not write {shown(what)} there; "
                "ask the partner for the right to write.",
                Category.FOLDER,
            )
        return refusal(self._place, error, what)

    def _rename(self, temporary: str, name: str) -> str:
        """Give the file its name; where the server renames over nothing, remove the old one first and say so."""
        said = _sayable(name)
        try:
            self._rename_to(temporary, said)
        except ftplib.error_perm:
            try:
                self._say(f"DELE {said}", "to remove the old file")
                self._rename_to(temporary, said)
            except ftplib.Error as error:
                raise self._no_writing(error, name) from None
            return "the old file was removed first, because the server renames over no file"
        except ftplib.Error as error:
            raise refusal(self._place, error, name) from None
        return ""

    def _rename_to(self, temporary: str, name: str) -> None:
        with self.wire.stage("to rename a file", limits.TRANSFER_SILENCE_S_MAX):
            self.session.rename(temporary, name)


def _sayable(text: str) -> str:
    """Return a name or folder that can stand in a command: what holds a line break would be a second command."""
    if any(mark in text for mark in "\r\n\0"):
        raise BadInput(f"{shown(text)} holds a line break, which FTP cannot say; rename it.")
    return text


def _lost(name: str, done: int, size_bytes: int) -> TryAgain:
    return TryAgain(
        f"The connection was lost after {done:,} of {size_bytes:,} bytes of {shown(name)}; "
        "nothing was changed and the next run fetches it again."
    )
