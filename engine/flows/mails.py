"""Takes a mail apart: each attachment that the goal reads becomes a file, or the mail as a whole is ignored, with why.

The rows of a mail are written in one transaction; the first of them has the id under which the mail came, and the
mail's key is noted with them, so that the same mail makes one import whatever is killed and however often it comes.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from pathlib import Path

from engine.base import clock, errors, ids
from engine.flows import answering
from engine.flows.desk import Desk
from engine.flows.rows import blank
from engine.transfer import mailing
from engine.transfer.mailing import Exploded
from storage.records.connections import Connection
from storage.records.exchange import FileState, HandedFile
from storage.records.goals import ImportGoal
from storage.tables import exchange, mail_seen


@dataclass(frozen=True)
class Raw:
    """A raw mail in the spool.

    folder: where it lay. sender: of its envelope, empty where it was fetched. key: where it is kept already, else it
    is moved there before its row is written: a mail that was fetched lies at its server still if that is cut off.
    """

    path: Path
    landed_id: str
    name: str
    folder: str
    size_bytes: int
    sha256: str
    seen_at: datetime
    sender: str = ""
    is_pulled: bool = False
    key: str | None = None


def place(folder: str, name: str) -> str:
    """Return where a mail lies in a mailbox, as files of it say it."""
    return f"{folder}/{name}"


def place_key(folder: str, name: str) -> str:
    """Return the key of a mail's place in a mailbox: it is not fetched again."""
    return f"at:{place(folder, name)}"


def _message_key(message: str) -> str:
    return f"id:{message}"


def take_in(
    desk: Desk, connection: Connection, goal: ImportGoal, raw: Raw, is_cancelled: Callable[[], bool]
) -> tuple[HandedFile, ...]:
    """Take one mail apart and write its rows; the raw mail is used up, unless it is ignored as a whole.

    Returns:
        Its rows: queued attachments, ignored ones, or one for the ignored mail.

    Raises:
        Cancelled: is_cancelled said so; nothing was written.
        TryAgain: Nothing was written either.
    """
    folder = desk.spool.work_folder(f"mail-{raw.landed_id}")
    try:
        try:
            found = mailing.explode(
                raw.path, folder, goal.files, goal.files_kind, connection.details.allowed_senders, is_cancelled
            )
        except (errors.MendData, errors.GiveUp, errors.BadInput) as error:
            return _write(desk, connection, raw, None, [_ignored(desk, connection, raw, str(error))])
        with desk.database.read() as cursor:
            is_twice = mail_seen.has(cursor, connection.connection_id, _message_key(found.key))
        if is_twice:
            rows = [_ignored(desk, connection, raw, f"The same mail ({found.key}) was taken before.")]
            # Its first coming was answered; a mailbox that was made anew shows every mail a second time.
            found = replace(found, may_be_answered=False)
        elif found.why_ignored is not None:
            rows = [_ignored(desk, connection, raw, found.why_ignored)]
        else:
            rows = _attachments(desk, connection, goal, raw, found, folder)
        return _write(desk, connection, raw, found, rows)
    finally:
        desk.spool.discard(folder)


def _attachments(
    desk: Desk, connection: Connection, goal: ImportGoal, raw: Raw, found: Exploded, folder: Path
) -> list[HandedFile]:
    rows = []
    for number, file in enumerate(found.files):
        file_id = raw.landed_id if not number else ids.ulid()
        rows.append(
            replace(
                blank(connection.connection_id, file_id),
                state=FileState.QUEUED,
                goal_id=goal.goal_id,
                name=file.name,
                folder=raw.folder,
                size_bytes=file.size_bytes,
                sha256=file.sha256,
                spool_key=desk.spool.keep(file_id, folder / file.spool_key),
                # A microsecond apart, because their order is that in the mail.
                first_seen_at=raw.seen_at + timedelta(microseconds=number),
            )
        )
    for name, why in found.ignored:
        ignored = replace(blank(connection.connection_id, ids.ulid()), name=name, folder=raw.folder)
        rows.append(_with_reason(replace(ignored, first_seen_at=raw.seen_at), why))
    return rows


def _ignored(desk: Desk, connection: Connection, raw: Raw, why: str) -> HandedFile:
    """Return the one row of a mail that is ignored as a whole; the mail is kept, for people to look at."""
    row = replace(
        blank(connection.connection_id, raw.landed_id),
        name=raw.name,
        folder=raw.folder,
        size_bytes=raw.size_bytes,
        sha256=raw.sha256,
        spool_key=raw.key or desk.spool.keep(raw.landed_id, raw.path),
        first_seen_at=raw.seen_at,
    )
    return _with_reason(row, why)


def _with_reason(row: HandedFile, why: str) -> HandedFile:
    return replace(row, state=FileState.IGNORED, reason=why, ended_at=max(clock.now(), row.first_seen_at))


def _write(
    desk: Desk, connection: Connection, raw: Raw, found: Exploded | None, rows: list[HandedFile]
) -> tuple[HandedFile, ...]:
    """Write the rows of a mail, what names it, and the receipts of its files; all or nothing."""
    sender = (found.sender if found else "") or raw.sender
    told = [replace(row, sender=sender or None, message_id=found.key if found else None) for row in rows]
    is_taken = any(row.state is FileState.QUEUED for row in told)
    # A mail that was not taken may come again, once its pattern or its sender is allowed.
    keys = [_message_key(found.key)] if found and is_taken else []
    keys += [f"at:{raw.folder}"] if raw.is_pulled else []
    with desk.database.write("ctl") as cursor:
        exchange.insert_new(cursor, told)
        mail_seen.add(cursor, connection.connection_id, keys, raw.seen_at)
        for row in told:
            if row.state is FileState.QUEUED:
                answering.receipt(desk, cursor, connection, row)
    if all(row.spool_key != raw.key for row in told):
        raw.path.unlink(missing_ok=True)
    if not is_taken and _may_be_answered(raw, found):
        answering.result(desk, told[0].file_id)
    return tuple(told)


def _may_be_answered(raw: Raw, found: Exploded | None) -> bool:
    """Say whether the sender of an ignored mail is told: not a stranger, not where a loop could form, not twice."""
    is_returned = not raw.is_pulled and not raw.sender
    if found is None or is_returned:
        return not is_returned
    return found.may_be_answered and not found.is_quarantined
