"""Brings files to an FTP server whole: each under a temporary name, compared in size, then renamed."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime

from engine.base.errors import HandoffError, TryAgain
from engine.transfer import sentences, temporary
from engine.transfer.fetching import Lost
from engine.transfer.ftp_listing import Entry
from engine.transfer.ftp_talk import Talk, check_name
from engine.transfer.partials import counted
from engine.transfer.transport import Delivered, OnBytes, Outgoing


class Delivering:
    """One delivery: the files in their order, over however many connections."""

    def __init__(self, folder: str, files: Sequence[Outgoing], on_bytes: OnBytes) -> None:
        """Keep what goes where.

        Raises:
            BadInput: A name that no server can have.
        """
        for file in files:
            check_name(file.name)
        self._folder = folder
        self._files = files
        self._on_bytes = on_bytes
        self._sizes_bytes = [file.path.stat().st_size for file in files]
        self._done: list[Delivered] = []
        self._renaming = ""
        """The temporary name whose renaming was asked for and not answered."""

    def over(self, talk: Talk) -> tuple[Delivered, ...]:
        """Deliver all that is missing.

        Raises:
            Lost: The connection is gone; the next one begins the file anew.
        """
        listed = talk.entries(self._folder)
        while len(self._done) < len(self._files):
            index = len(self._done)
            is_there = self._renaming and not _is_there(talk, self._renaming)
            self._renaming = ""
            if is_there:
                note = "The connection was cut just after it was renamed."
                self._done.append(Delivered(self._files[index].name, self._sizes_bytes[index], note))
            else:
                self._done.append(self._one(talk, listed, index))
        return tuple(self._done)

    def _one(self, talk: Talk, listed: Sequence[Entry], index: int) -> Delivered:
        file, size_bytes = self._files[index], self._sizes_bytes[index]
        name = temporary.fresh(file.name)
        count: Callable[[int], None] = counted(self._on_bytes, sum(self._sizes_bytes), sum(self._sizes_bytes[:index]))
        try:
            if talk.store(file, name, count) != size_bytes:
                raise TryAgain(f"{file.path.name} changed its size while it was delivered; run again.")
            there = talk.seen(name)
            _compare(talk, file.name, there.size_bytes or 0, size_bytes)
            _remove_leftovers(talk, file.name, listed, there.changed_at)
            self._renaming = name
            note = talk.rename(name, file.name)
            self._renaming = ""
        except HandoffError as error:
            if isinstance(error, Lost) and self._renaming:
                raise  # the next connection looks whether it has been renamed
            self._renaming = ""
            with suppress(HandoffError):
                talk.remove(name)
            raise
        return Delivered(file.name, size_bytes, note)


def _compare(talk: Talk, name: str, there_bytes: int, size_bytes: int) -> None:
    """Refuse what is not whole. Where it is short, the data connection was cut, which FTP servers take for its end."""
    if there_bytes == size_bytes:
        return
    error = sentences.kept_short(talk.place, name, there_bytes, size_bytes)
    raise Lost(str(error), error.category) if there_bytes < size_bytes else error


def _is_there(talk: Talk, name: str) -> bool:
    try:
        talk.seen(name)
    except Lost:
        raise
    except TryAgain:
        return False
    return True


def _remove_leftovers(talk: Talk, name: str, listed: Sequence[Entry], now_there: datetime | None) -> None:
    for entry in listed:
        found = entry.raw_name.decode("utf-8", "replace")
        if temporary.is_leftover(found, entry.changed_at, name, now_there):
            with suppress(TryAgain):  # somebody else removed it, or may not be asked now
                talk.remove(found)
