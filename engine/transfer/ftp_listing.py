"""Reads what FTP servers say of files: MLSD's facts, and lines of LIST by a parser that is given."""

import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from stat import S_ISDIR, S_ISLNK, S_ISREG
from typing import Any

from engine.transfer import names
from storage.records.files import Listing, RemoteFile

LINK = "a link, not a file"
FOLDER = "a folder"
DEVICE = "a device, pipe or socket"
UNREADABLE = "a line of the listing that cannot be read"


@dataclass(frozen=True)
class Entry:
    """One name: its bytes as they came, why it is not taken (None: a file), its size, its time in UTC."""

    raw_name: bytes
    why_not: str | None
    size_bytes: int | None
    changed_at: datetime | None


def from_facts(line: bytes) -> Entry | None:
    """Read one line of MLSD or MLST: `type=file;size=5;modify=20231114221320; a.csv`; None for . and .. themselves."""
    said, separator, raw_name = line.lstrip(b" ").partition(b" ")
    if not separator:
        return Entry(line, UNREADABLE, None, None)
    facts = {}
    for fact in said.decode("ascii", "replace").split(";"):
        name, _, value = fact.partition("=")
        facts[name.casefold()] = value
    kind = facts.get("type", "").casefold()
    if kind in ("cdir", "pdir") or raw_name in (b".", b".."):
        return None
    size = facts.get("size", "")
    size_bytes = int(size) if size.isascii() and size.isdecimal() else None
    return Entry(raw_name, _why_not(kind), size_bytes, read_time(facts.get("modify", "")))


def _why_not(kind: str) -> str | None:
    if kind == "file":
        return None
    if kind == "dir":
        return FOLDER
    return LINK if "link" in kind else DEVICE


def from_list(line: bytes, parse: Callable[[str], Any | None]) -> Entry | None:
    """Read one line of LIST; `parse` gives ftputil's reading of it, or None."""
    text = line.decode("utf-8", "surrogateescape")
    if not text.strip() or text.startswith("total "):
        return None
    found = parse(text)
    if found is None:
        return Entry(line, UNREADABLE, None, None)
    if found._st_name in (".", ".."):  # noqa: SLF001 - ftputil's own word for what a parser gives
        return None
    mode = found.st_mode
    why_not = None
    if S_ISLNK(mode):
        why_not = LINK
    elif not S_ISREG(mode):
        why_not = FOLDER if S_ISDIR(mode) else DEVICE
    changed_at = datetime.fromtimestamp(found.st_mtime, UTC).replace(tzinfo=None) if found.st_mtime else None
    return Entry(os.fsencode(found._st_name), why_not, found.st_size, changed_at)  # noqa: SLF001 - the same


def read_time(text: str) -> datetime | None:
    """Read YYYYMMDDHHMMSS with or without a fraction, UTC as the standard says; None where it is no time."""
    try:
        return datetime.strptime(text.partition(".")[0], "%Y%m%d%H%M%S").replace(tzinfo=None)  # noqa: DTZ007 - UTC
    except ValueError:
        return None


def listing(entries: Iterable[Entry]) -> Listing:
    """Sort entries into files that can be taken and names that cannot, with their reasons."""
    files: list[RemoteFile] = []
    not_taken: list[tuple[str, str]] = []
    for entry in entries:
        name, reason = names.read(entry.raw_name)
        reason = reason or entry.why_not
        if reason is None and entry.size_bytes is None:
            reason = "the server names no size"
        if reason:
            not_taken.append((names.shown(name), reason))
        else:
            files.append(RemoteFile(name, entry.size_bytes or 0, entry.changed_at))
    return Listing(files=tuple(files), not_taken=tuple(not_taken))
