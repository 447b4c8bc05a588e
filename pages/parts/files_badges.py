"""The badges of a file's states and the words for its direction; only drawing."""

from pages.parts.badges import Badge
from storage.records.connections import Direction
from storage.records.exchange import FileState

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


def of(state: FileState) -> Badge:
    """Return the badge of a file's state."""
    return _OF[state]
