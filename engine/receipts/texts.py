"""What a receipt, a result and the mails with them say, in open formats that programs read; pure."""

import json
from datetime import datetime

from engine.base import limits
from storage.records.exchange import FileState, HandedFile
from storage.records.files import RejectReason
from storage.records.runs import RunCounts

_NEXT = "result_{name}.json follows once the file has been processed."
_STATUS = {
    FileState.COMPLETE: "complete",
    FileState.FAILED: "failed",
    FileState.IGNORED: "ignored",
    FileState.NOT_MATCHED: "not_matched",
    FileState.INCOMPLETE: "incomplete",
}
MESSAGES = {
    RejectReason.TOO_FEW_COLUMNS: "the record has too few columns",
    RejectReason.TOO_MANY_COLUMNS: "the record has too many columns",
    RejectReason.QUOTE_NOT_CLOSED: "a quote is opened and not closed",
    RejectReason.QUOTE_MISPLACED: "a quote stands where none may",
    RejectReason.NUL_CHARACTER: "the record has a NUL character",
    RejectReason.NOT_IN_ENCODING: "the record is damaged: bytes that are no text in the file's encoding",
    RejectReason.FIELD_TOO_LONG: "the record is too long",
    RejectReason.NOT_AN_INTEGER: "not a whole number",
    RejectReason.NOT_A_DECIMAL: "not a number",
    RejectReason.IMPOSSIBLE_DATE: "not a date",
    RejectReason.NOT_A_DATE_TIME: "not a date and time",
    RejectReason.NO_SUCH_TIME: "a time that clocks skip in its time zone",
    RejectReason.NOT_A_BOOLEAN: "neither yes nor no",
    RejectReason.IDENTIFIER_EMPTY: "the identifier is empty",
    RejectReason.IDENTIFIER_CONFLICT: "the identifiers are those of two profiles",
    RejectReason.ROW_KEY_EMPTY: "the row key is empty",
    RejectReason.ACTION_OF_ANOTHER: "the action is that of another profile",
    RejectReason.NOTHING_TO_CHANGE: "the row says neither a new amount nor a new state",
}
"""What stands in the column _message of an errors file, by the code in its column _reason."""


def utc(time: datetime) -> str:
    """Return a stored time as ISO 8601 in UTC."""
    return time.isoformat(timespec="milliseconds") + "Z"


def receipt(file: HandedFile, connection_name: str) -> str:
    """Return a receipt: one "key: value" a line, in the order in which people ask."""
    said = {
        "trace_id": file.trace_id,
        "file": file.name,
        "size_bytes": str(file.size_bytes),
        "sha256": file.sha256,
        "connection": connection_name,
        "taken_at": utc(file.first_seen_at),
        "next": _NEXT.format(name=file.name),
    }
    return "".join(f"{key}: {_one_line(value)}\n" for key, value in said.items())


def result(file: HandedFile, counts: RunCounts | None, errors_file: str | None, pages_address: str = "") -> str:
    """Return a result as JSON.

    Args:
        file: As it ended.
        counts: Of its import; None where nothing of it was imported.
        errors_file: The name of the file with its rejected rows, None where there are none.
        pages_address: Where the pages are reached from elsewhere, "" where that is not known.
    """
    rows: dict[str, object] = {"total": file.rows_total, "ok": file.rows_ok, "errors": file.rows_errors}
    profiles = None
    if counts is not None:
        rows |= {"applied": counts.applied, "unchanged": counts.unchanged, "skipped": dict(counts.skipped)}
        profiles = {"created": counts.created, "updated": counts.updated}
    said = {
        "trace_id": file.trace_id,
        "file": file.name,
        "sha256": file.sha256,
        "first_seen_at": utc(file.first_seen_at),
        "ended_at": utc(file.ended_at) if file.ended_at else None,
        "status": _STATUS.get(file.state, file.state.value),
        "rows": rows,
        "profiles": profiles,
        "errors_file": errors_file,
        "error": file.reason,
        "run_id": file.run_id,
        "link": f"{pages_address.rstrip('/')}/files?id={file.file_id}" if pages_address else None,
    }
    return json.dumps(said, ensure_ascii=False, indent=2) + "\n"


def subject(file_name: str, *, is_receipt: bool) -> str:
    """Return the subject of the mail that brings an answer."""
    return _one_line(f"Receipt for {file_name}" if is_receipt else f"Result of {file_name}")


def letter(file: HandedFile, connection_name: str, *, is_receipt: bool) -> str:
    """Return the text of the mail that brings an answer."""
    what = "was taken" if is_receipt else f"ended: {_STATUS.get(file.state, file.state.value)}"
    rows = "" if is_receipt else f"Rows: {file.rows_total:,} in all, {file.rows_errors:,} with errors.\n"
    reason = "" if is_receipt or not file.reason else f"{_one_line(file.reason)}\n"
    return (
        f"The file {_one_line(file.name)} of the connection {_one_line(connection_name)} {what}.\n{rows}{reason}"
        f"Trace: {file.trace_id}\n\nThe attachment says more. Nobody reads answers to this address.\n"
    )


def delivery(file: HandedFile, connection_name: str) -> str:
    """Return the text of the mail that delivers a file."""
    return (
        f"The file {_one_line(file.name)} comes with this mail ({_one_line(connection_name)}).\n"
        f"Size: {file.size_bytes} bytes\nSHA-256: {file.sha256}\nTrace: {file.trace_id}\n"
    )


def wait_s(tries: int) -> float:
    """Return how long to wait after this many tries that failed; it grows up to an hour."""
    return limits.ANSWER_WAITS_S[min(tries, len(limits.ANSWER_WAITS_S)) - 1]


def _one_line(text: str) -> str:
    return "".join(character if character.isprintable() else "_" for character in text)
