"""The words on screen for reason codes and failure categories: why rows were left out, what to do about a run."""

from engine.base.errors import Category
from storage.records.files import RejectReason
from storage.records.runs import SkipReason

_REJECTED = {
    RejectReason.TOO_FEW_COLUMNS: "Too few columns",
    RejectReason.TOO_MANY_COLUMNS: "Too many columns",
    RejectReason.QUOTE_NOT_CLOSED: "Quote not closed",
    RejectReason.QUOTE_MISPLACED: "Quote misplaced",
    RejectReason.NUL_CHARACTER: "Zero byte",
    RejectReason.NOT_IN_ENCODING: "Wrong encoding",
    RejectReason.FIELD_TOO_LONG: "Row too long",
    RejectReason.NOT_AN_INTEGER: "Not an integer",
    RejectReason.NOT_A_DECIMAL: "Not a number",
    RejectReason.IMPOSSIBLE_DATE: "Impossible date",
    RejectReason.NOT_A_DATE_TIME: "Not a date and time",
    RejectReason.NO_SUCH_TIME: "No such time",
    RejectReason.NOT_A_BOOLEAN: "Not yes or no",
    RejectReason.IDENTIFIER_EMPTY: "No identifier",
    RejectReason.IDENTIFIER_CONFLICT: "Two profiles",
    RejectReason.ROW_KEY_EMPTY: "No row key",
    RejectReason.ACTION_OF_ANOTHER: "Another's action",
    RejectReason.NOTHING_TO_CHANGE: "Nothing to change",
}
_SKIPPED = {
    SkipReason.NO_MATCH: "No match",
    SkipReason.SUPERSEDED: "Later row counts",
    SkipReason.NO_ACTION: "No such action",
}
_CATEGORY = {
    Category.CREDENTIALS: "Credentials",
    Category.HOST_KEY: "Host key",
    Category.SERVER_TOO_OLD: "Server too old",
    Category.FOLDER: "Folder",
    Category.NETWORK: "Network",
    Category.TIMEOUT: "Timeout",
    Category.FORMAT: "Format",
    Category.LEDGER: "Ledger",
    Category.LIMIT: "Limit",
    Category.STORAGE: "Storage",
    Category.CANCELLED: "Cancelled",
    Category.NOT_ALLOWED: "Not allowed",
    Category.INPUT: "Mapping",
    Category.OTHER: "Other",
}
_CONNECTION_FIRST = frozenset(
    {Category.CREDENTIALS, Category.HOST_KEY, Category.SERVER_TOO_OLD, Category.FOLDER, Category.INPUT}
)
REJECTED_WORDS = tuple(_REJECTED.values())


def rejected(code: str) -> str:
    """Return the words of a reject reason; a code that is not known is shown as it is."""
    return _REJECTED[RejectReason(code)] if code in set(RejectReason) else code.replace("_", " ").capitalize()


def skipped(code: str) -> str:
    """Return the words of the reason why good rows were not used."""
    return _SKIPPED[SkipReason(code)] if code in set(SkipReason) else code.replace("_", " ").capitalize()


def category(code: str | None) -> str:
    """Return the word of a failure's category."""
    return _CATEGORY[Category(code)] if code in set(Category) else _CATEGORY[Category.OTHER]


def next_step(code: str | None) -> str:
    """Return what a person does after a failure of this category, one sentence."""
    known = Category(code) if code in set(Category) else Category.OTHER
    if known is Category.CANCELLED:
        return "What was not merged by then is taken by the next run."
    if known in _CONNECTION_FIRST:
        return "Correct it on the connection's page, then run again."
    if known is Category.FORMAT:
        return "Correct the file or the mapping, then run again."
    if known in (Category.NETWORK, Category.TIMEOUT):
        return "It may pass by itself: run again."
    if known is Category.LIMIT:
        return "Look at the file: have it corrected and run again, or import it anyway."
    if known is Category.STORAGE:
        return "Make room on the disk, then run again."
    return "Run again; if it stays, send the trace to whoever looks after Handoff."
