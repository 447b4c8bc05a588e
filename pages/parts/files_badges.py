"""A file in words: the badge of its state, its direction, its name and its size; only drawing."""

import re

from pages.parts import words
from pages.parts.badges import Badge
from pages.parts.plain import visible
from storage.records.connections import Direction
from storage.records.exchange import FileState, HandedFile

WAYS = {Direction.INBOUND: "→ In", Direction.OUTBOUND: "← Out"}
_OF = {
    FileState.QUEUED: Badge("Queued", "gray", "schedule"),
    FileState.IN_PROGRESS: Badge("In progress", "blue", "progress_activity"),
    FileState.COMPLETE: Badge("Complete", "green", "check_circle"),
    FileState.FAILED: Badge("Failed", "red", "cancel"),
    FileState.IGNORED: Badge("Ignored", "gray", "block"),
    FileState.NOT_MATCHED: Badge("Not matched", "orange", "filter_alt_off"),
    FileState.INCOMPLETE: Badge("Incomplete", "orange", "hourglass_disabled"),
}
ALL = tuple(_OF.values())
_WHOLE_MAIL = re.compile(r"(?:[0-9A-HJKMNP-TV-Z]{26}|\d+-\d+)\.eml")


def of(state: FileState) -> Badge:
    """Return the badge of a file's state."""
    return _OF[state]


def name(file: HandedFile) -> str:
    """Return what a file is called on a page: its name, or whose mail it is where a mail is kept as a whole."""
    if _WHOLE_MAIL.fullmatch(file.name):
        return f"Mail from {visible(file.sender)}" if file.sender else "Mail"
    return visible(file.name)


def size(file: HandedFile) -> str:
    """Return a file's size; a dash for what was only listed."""
    return words.size(file.size_bytes) if file.size_bytes or file.sha256 else words.UNKNOWN
