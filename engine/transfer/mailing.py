"""What flows call for mail that came: one raw mail, taken apart and judged in a worker process of its own."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.base import clock, limits, workers
from engine.base.errors import Category, GiveUp
from storage.records.files import FetchedFile
from storage.records.goals import PatternKind

_WORKER = "engine.transfer.messages_worker"


@dataclass(frozen=True)
class Exploded:
    """A mail that was taken apart. Times are UTC.

    sender: of From, "" where nobody or more than one is named; envelope_sender: of Return-Path, None where there is
    none. key: the same mail twice has the same (faults row 56). files: what was taken, spool_key being relative to
    the target and changed_at the time of the mail. ignored: names with reasons. why_ignored: why nothing was taken,
    one sentence, else None. is_quarantined: the sender is to blame. may_be_answered: telling the sender starts no loop.
    """

    sender: str
    envelope_sender: str | None
    subject: str
    key: str
    sent_at: datetime | None
    files: tuple[FetchedFile, ...]
    ignored: tuple[tuple[str, str], ...]
    why_ignored: str | None
    is_quarantined: bool
    may_be_answered: bool = True


def explode(
    raw: Path,
    target: Path,
    pattern: str,
    kind: PatternKind,
    allowed_senders: Sequence[str],
    is_cancelled: Callable[[], bool] = lambda: False,
) -> Exploded:
    """Take a raw mail apart into target, as 0.data, 1.data, ...: all its attachments, or none.

    Args:
        raw: The mail as it came.
        target: An empty folder of the spool.
        pattern: Of the attachments' names; "" takes all.
        kind: How the pattern is written.
        allowed_senders: Addresses or "@domain"; empty for anybody.
        is_cancelled: Asked four times a second.

    Raises:
        BadInput: The pattern is no expression that can be used.
        GiveUp: The mail takes too long to read; nothing else about a mail raises, whatever it holds.
        OutOfSpace: The disk of the spool is full.
        Cancelled: A person cancelled.
    """
    until_s = clock.monotonic_s() + limits.MAIL_EXPLODE_WAIT_S_MAX

    def watched(_: workers.Progress) -> None:
        if clock.monotonic_s() > until_s:
            raise GiveUp(
                f"A mail took longer than {limits.MAIL_EXPLODE_WAIT_S_MAX:g} s to be read, so nothing was taken; "
                "the sender should send it anew, or by SFTP.",
                Category.TIMEOUT,
            )

    asked = {
        "raw": str(raw),
        "target": str(target),
        "pattern": pattern,
        "kind": kind.value,
        "allowed_senders": list(allowed_senders),
    }
    try:
        said = workers.call(_WORKER, asked, watched, is_cancelled)
    except BaseException:
        for left in target.glob("*.data"):  # the worker may have been killed
            left.unlink(missing_ok=True)
        raise
    message = said["message"]
    sent_at = datetime.fromisoformat(message["sent_at"]) if message["sent_at"] else None
    return Exploded(
        sender=message["senders"][0] if len(message["senders"]) == 1 else "",
        envelope_sender=message["envelope_sender"],
        subject=message["subject"],
        key=message["key"],
        sent_at=sent_at,
        files=tuple(
            FetchedFile(file["name"], file["size_bytes"], sent_at, file["sha256"], file["file_name"])
            for file in said["files"]
        ),
        ignored=tuple((name, reason) for name, reason in said["ignored"]),
        why_ignored=said["why_ignored"],
        is_quarantined=said["is_quarantined"],
        may_be_answered=said["may_be_answered"],
    )
