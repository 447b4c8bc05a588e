"""A file that came or went (ctl.file), and what we answer to whoever gave it (ctl.answer)."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from storage.records.connections import Direction

RECEIPT_PREFIX = "receipt_"
RESULT_PREFIX = "result_"
MENDED_PREFIX = "mended_"
ERRORS_ENDING = "_errors.csv.gz"
RESERVED_PREFIXES = (RECEIPT_PREFIX, RESULT_PREFIX)
"""Our own answers; compared without regard to case, because a server may change it and a loop must never form."""
TRACE_COLUMN = "_trace"
ERRORS_COLUMNS = ("_line", "_reason", "_message", "_suggestion", "_raw", TRACE_COLUMN)
"""What an errors file has after the columns of the file whose rejected rows it holds; the trace is the last one."""


class FileState(StrEnum):
    """queued -> in_progress -> complete | failed (requirement R05); in_progress -> queued again after a crash.

    ignored, not_matched and incomplete are said at first sight and stay: with the reason, and never read.
    incomplete: an upload that was broken off; a later whole one is a file of its own.
    """

    QUEUED = "queued"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"
    FAILED = "failed"
    IGNORED = "ignored"
    NOT_MATCHED = "not_matched"
    INCOMPLETE = "incomplete"


FOLLOWS: dict[FileState, frozenset[FileState]] = {
    FileState.QUEUED: frozenset({FileState.IN_PROGRESS, FileState.FAILED}),
    FileState.IN_PROGRESS: frozenset({FileState.COMPLETE, FileState.FAILED, FileState.QUEUED}),
    FileState.COMPLETE: frozenset(),
    FileState.FAILED: frozenset({FileState.QUEUED}),  # "Import again", by a person
    FileState.IGNORED: frozenset(),
    FileState.NOT_MATCHED: frozenset({FileState.QUEUED}),  # the pattern was changed and a person imports it
    FileState.INCOMPLETE: frozenset(),
}
"""Which state may follow which; anything else is refused by storage.tables.exchange."""


@dataclass(frozen=True)
class HandedFile:
    """One row of ctl.file. Times are UTC.

    folder: where it lay, "/" for the top. spool_key: relative to the spool, None once the content was removed.
    trace_id: stands in receipt, result and rejects. mends_run_id: the run whose rejects this file mends.
    rows_*: of its import; 0 for what was not read. sender: of a mail. run_id: the run that took it.
    is_stopped_by_limit: it failed because a limit of its goal was met, and waits for a person; limits_waived_by: who
    said that it is imported all the same.
    """

    file_id: str
    connection_id: str
    goal_id: str | None
    direction: Direction
    name: str
    folder: str
    size_bytes: int
    sha256: str
    state: FileState
    reason: str | None
    trace_id: str
    spool_key: str | None
    run_id: str | None
    mends_run_id: str | None
    sender: str | None
    message_id: str | None
    rows_total: int
    rows_ok: int
    rows_errors: int
    first_seen_at: datetime
    ended_at: datetime | None
    content_removed_at: datetime | None
    limits_waived_by: str | None = None
    is_stopped_by_limit: bool = False

    @property
    def read_as(self) -> str:
        """The name by which imports remember its rows: those mended for another run are others, called alike or not."""
        return f"{self.name} ({self.mends_run_id[-8:]})" if self.mends_run_id else self.name


class AnswerKind(StrEnum):
    """What an answer is: the file was taken; what became of it; its rejected rows."""

    RECEIPT = "receipt"
    RESULT = "result"
    ERRORS = "errors"


class AnswerState(StrEnum):
    """waiting -> sent | failed; waiting stays while it is tried again. kept: nobody wants it sent, it can be read."""

    WAITING = "waiting"
    SENT = "sent"
    FAILED = "failed"
    KEPT = "kept"


@dataclass(frozen=True)
class Answer:
    """One row of ctl.answer. Times are UTC; error is the last sentence that a try gave, or None."""

    answer_id: str
    file_id: str
    connection_id: str
    kind: AnswerKind
    name: str
    spool_key: str
    size_bytes: int
    state: AnswerState
    tries: int
    next_try_at: datetime | None
    error: str | None
    made_at: datetime
    sent_at: datetime | None
