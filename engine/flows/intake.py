"""Takes in what landed at the hosted endpoints: each note becomes a row, a matching file is queued, a run is started.

The note's id is the row's, so a kill at any line tells nothing twice. A note is removed last.
"""

import hashlib
import os
import stat
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from pathlib import Path

from engine.base import clock, errors, ids, limits, log
from engine.flows import answering, mails, places, queue, ticks
from engine.flows.desk import Desk
from engine.flows.rows import blank
from engine.mapping import goal_checks
from engine.transfer import patterns
from storage.database import Cursor, StorageFault
from storage.records.boxes import Landed, LandedState
from storage.records.connections import Connection, ConnectionState, Direction
from storage.records.exchange import MENDED_PREFIX, FileState, HandedFile
from storage.records.goals import ImportGoal
from storage.records.runs import RunState
from storage.tables import connections, exchange, goals, jobs, profiles, runs

MAIL_PROTOCOL = "smtp"
_STARTED_BY = "arrival"
_TOP = "/"
_WAITING = (FileState.QUEUED, FileState.IN_PROGRESS)
_TAKEN = (FileState.QUEUED, FileState.IN_PROGRESS, FileState.COMPLETE, FileState.FAILED)


def take_in(desk: Desk, is_stopping: Callable[[], bool] = lambda: False, *, mail: bool | None = None) -> int:
    """Take in what landed and return how many notes were done with.

    Args:
        desk: The open home.
        is_stopping: Asked before each note.
        mail: Only raw mails, which take a worker each; only files; None: both.
    """
    taken = 0
    for path, landed in _notes(desk):
        if is_stopping():
            return taken
        if mail is not None and (landed.protocol == MAIL_PROTOCOL) is not mail:
            continue
        try:
            _take_one(desk, landed, is_stopping)
        except errors.ServiceStopping:
            return taken
        except (errors.HandoffError, StorageFault, OSError) as error:
            # Its note stays for the next time; one that cannot be taken now holds up no other.
            log.logger(__name__).error("%s is not taken in yet: %s", landed.landed_id, log.where(error))
            continue
        path.unlink(missing_ok=True)
        taken += 1
    return taken


def _notes(desk: Desk) -> list[tuple[Path, Landed]]:
    """Return the notes in the order in which their files landed; one that cannot be read is put aside."""
    found = []
    for path in desk.spool.landed.glob("*.json"):
        try:
            landed = Landed.from_json(path.read_text(encoding="utf-8"))
            datetime.fromisoformat(landed.landed_at)
        except FileNotFoundError:
            continue
        except (OSError, ValueError, KeyError, TypeError) as error:
            log.logger(__name__).error("the note %s is put aside: %s", path.name, log.where(error))
            path.replace(path.with_suffix(".unreadable"))
            continue
        found.append((path, landed))
    return sorted(found, key=lambda item: (item[1].landed_at, item[1].landed_id))


def _take_one(desk: Desk, landed: Landed, is_stopping: Callable[[], bool]) -> None:
    key = f"boxes/{landed.connection_id}/accepted/{landed.landed_id}.data"
    with desk.database.read() as cursor:
        connection = connections.by_id(cursor, landed.connection_id)
        known = exchange.by_id(cursor, landed.landed_id)
        wanted = goals.of_connection(cursor, landed.connection_id)
    if known is not None:
        if known.state is FileState.IGNORED and landed.protocol != MAIL_PROTOCOL:
            answering.result(desk, known.file_id)
        if known.spool_key != key:
            # Of a mail only its attachments are kept.
            desk.spool.remove(key)
        return
    if connection is None or connection.direction is not Direction.INBOUND:
        # The connection was deleted while the file came: nobody wants it any more.
        log.logger(__name__).warning("%s landed for a connection that is not there any more", landed.landed_id)
        desk.spool.remove(key)
        return
    if not _is_plain_file(desk.spool.path(key)):
        log.logger(__name__).error("the content of %s is not there or no plain file; its note is dropped", key)
        return
    places.note_used(desk, connection)
    if landed.protocol == MAIL_PROTOCOL:
        _take_mail(desk, connection, wanted, landed, key, is_stopping)
        return
    with desk.database.write("ctl") as cursor:
        file = _judged(wanted, _row(landed, key))
        if landed.renamed_from:
            file = _renamed(desk, cursor, file, landed.renamed_from)
        exchange.insert_new(cursor, [file])
        if file.state is FileState.QUEUED:
            answering.receipt(desk, cursor, connection, file)
    if file.state is FileState.IGNORED:
        answering.result(desk, file.file_id)


def _is_plain_file(path: Path) -> bool:
    """Say whether it is a file of its own: no link, and with no other name (faults rows 4 and 5)."""
    try:
        found = os.lstat(path)
    except OSError:
        return False
    return stat.S_ISREG(found.st_mode) and found.st_nlink == 1


def _row(landed: Landed, key: str) -> HandedFile:
    return replace(
        blank(landed.connection_id, landed.landed_id),
        name=landed.name,
        folder=landed.folder or _TOP,
        size_bytes=landed.size_bytes,
        sha256=landed.sha256,
        spool_key=key,
        sender=landed.sender or None,
        first_seen_at=datetime.fromisoformat(landed.landed_at).replace(tzinfo=None),
    )


def _judged(wanted: Sequence[ImportGoal], file: HandedFile) -> HandedFile:
    """Say what becomes of a file by its name and folder: the first goal that takes it has it, ticked ones first.

    Where only a goal that is not ticked takes it, it waits until that one is.
    """
    hint = patterns.hint(file.name)
    if hint is not None:
        return _ended(file, FileState.IGNORED, hint)
    if file.folder != _TOP:
        return _ended(file, FileState.NOT_MATCHED, f"lies in {file.folder}; only the top folder is read")
    for goal in ticks.ticked_first(wanted):
        verdict = patterns.explain(goal.files, file.name, goal.files_kind)
        if verdict.is_match:
            return replace(file, state=FileState.QUEUED, goal_id=goal.goal_id)
    why = patterns.explain(wanted[0].files, file.name, wanted[0].files_kind).reason if wanted else "no goal yet"
    return _ended(file, FileState.NOT_MATCHED, why)


def _renamed(desk: Desk, cursor: Cursor, file: HandedFile, renamed_from: str) -> HandedFile:
    """Ignore the same content under another name, unless the first name was none that is read.

    Raises:
        TryAgain: The first name waits to be taken in, because the clock was put back in between or it cannot be now.
    """
    first = exchange.by_id(cursor, renamed_from)
    if first is None and (desk.spool.landed / f"{renamed_from}.json").exists():
        raise errors.TryAgain(f"{file.name} is taken in after the file that it was before it was renamed.")
    if first is None or first.state not in _TAKEN:
        return file
    return _ended(
        replace(file, goal_id=None),
        FileState.IGNORED,
        f"It is {first.name} under another name, which was taken already.",
    )


def _ended(file: HandedFile, state: FileState, reason: str) -> HandedFile:
    # A moment after it came, because a result is owed for what has ended.
    return replace(file, state=state, reason=reason, ended_at=max(clock.now(), file.first_seen_at))


def _take_mail(
    desk: Desk,
    connection: Connection,
    wanted: Sequence[ImportGoal],
    landed: Landed,
    key: str,
    is_stopping: Callable[[], bool],
) -> None:
    row = _row(landed, key)
    if landed.state is LandedState.QUARANTINED or not wanted:
        reason = landed.reason if wanted else "This connection has no goal yet."
        with desk.database.write("ctl") as cursor:
            exchange.insert_new(cursor, [_ended(row, FileState.IGNORED, reason or "The sender is not allowed.")])
        return
    raw = mails.Raw(
        path=desk.spool.path(key),
        landed_id=landed.landed_id,
        name=landed.name,
        folder=_TOP,
        size_bytes=landed.size_bytes,
        sha256=landed.sha256,
        seen_at=row.first_seen_at,
        sender=landed.sender,
        key=key,
    )

    def is_cancelled() -> bool:
        if is_stopping():
            raise errors.ServiceStopping("The service is being stopped; the next start takes the mail in.")
        return False

    mails.take_in(desk, connection, ticks.ticked_first(wanted)[0], raw, is_cancelled)


def start_runs(desk: Desk) -> list[str]:
    """Queue a run for each connection that partners push to and whose files wait; return the run ids.

    Not while it is off, unmapped or running, nor for files whose goal is not ticked; not after a person cancelled,
    until something new comes; and not at once after a run that could do nothing with them, as when the disk is full.
    """
    started = []
    with desk.database.read() as cursor:
        found = exchange.waiting(cursor)
        known = profiles.properties(cursor) if found else {}
    for connection_id, has_untried, newest_at in found:
        with desk.database.write("ctl") as cursor:
            connection = connections.by_id(cursor, connection_id)
            if connection is None or not connection.is_hosted or connection.state is not ConnectionState.ON:
                continue
            present = goals.of_connection(cursor, connection_id)
            ticked = ticks.ticked(present)
            if not ticked or any(goal_checks.problems(goal, known, connection.data_type) for goal in ticked):
                continue
            if jobs.open_with_key(cursor, queue.run_key(connection_id)) is not None:
                continue
            is_due = _is_due(cursor, connection_id, newest_at, has_untried=has_untried)
            if len(ticked) < len(present):
                left = ticks.not_resting(exchange.in_state(cursor, connection_id, *_WAITING), present)
                is_new = any(file.run_id is None for file in left)
                is_due = bool(left) and _is_due(cursor, connection_id, left[-1].first_seen_at, has_untried=is_new)
            if is_due:
                started.append(queue.add_run(cursor, connection_id, _STARTED_BY))
    return started


def _is_due(cursor: Cursor, connection_id: str, newest_at: datetime, *, has_untried: bool) -> bool:
    [last, *_] = [*runs.listed(cursor, connection_id, 0, 1), None]
    if last is None or last.ended_at is None or newest_at > last.ended_at:
        return True
    if last.state is RunState.CANCELLED:
        return False
    return has_untried or clock.now() - last.ended_at >= timedelta(seconds=limits.QUEUED_AGAIN_S)


def again(desk: Desk, cursor: Cursor, file_id: str) -> None:
    """Queue a file again from what was kept of it; the caller holds the ctl transaction and queues the run.

    Raises:
        WrongStateError: It did not fail, and its name was matched.
        GiveUp: Its content was removed, or its goal is not ticked.
        BadInput: Its name does not match the goal now either.
    """
    file = exchange.by_id(cursor, file_id)
    if file is None:
        raise exchange.WrongStateError(f"{file_id} is gone")
    is_again = file.state in (FileState.FAILED, FileState.NOT_MATCHED)
    if is_again and (file.spool_key is None or not desk.spool.path(file.spool_key).is_file()):
        raise errors.GiveUp(f"The content of {file.name} was not kept or is removed; have it sent again.")
    goal = goals.by_id(cursor, file.goal_id) if file.goal_id else None
    if file.state is FileState.NOT_MATCHED:
        goal = _goal_for(cursor, file.connection_id, file.name)
        exchange.set_goal(cursor, file_id, goal.goal_id)
    if is_again and goal is not None and not goal.is_on:
        raise errors.GiveUp(f"The goal that takes {file.name} is not ticked; tick it on its connection's page first.")
    exchange.move(cursor, file_id, FileState.QUEUED)
    connection = connections.by_id(cursor, file.connection_id)
    if connection is not None:
        answering.receipt(desk, cursor, connection, file)


def _goal_for(cursor: Cursor, connection_id: str, name: str) -> ImportGoal:
    wanted = goals.of_connection(cursor, connection_id)
    for goal in ticks.ticked_first(wanted):
        if patterns.matches(goal.files, name, goal.files_kind):
            return goal
    shown = " or ".join(goal.files or "every file" for goal in wanted) or "no goal"
    raise errors.BadInput(f"{name} does not match {shown}; rename it or change the goal.", "name")


def hand_in(desk: Desk, connection_id: str, name: str, content: Path, mends_run_id: str | None) -> str:
    """Take in a file that a person hands in, as if it had come by the connection; queue a run; return the file's id.

    Args:
        desk: The open home.
        connection_id: An inbound connection.
        name: What the file is called; where it mends a run and does not match, it is named after that run's file.
        content: Where it lies in the spool; it is moved.
        mends_run_id: The run whose rejects it mends, or None.

    Raises:
        GiveUp: There is no such connection.
        BadInput: The name matches no goal of it, or is one of our answers'.
    """
    with desk.database.read() as cursor:
        name, goal = _name_and_goal(cursor, connection_id, name, mends_run_id)
    with content.open("rb") as handle:
        sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    size_bytes = content.stat().st_size
    file_id = ids.ulid()
    key = desk.spool.keep(file_id, content)
    file = replace(
        blank(connection_id, file_id),
        state=FileState.QUEUED,
        goal_id=goal.goal_id,
        name=name,
        size_bytes=size_bytes,
        sha256=sha256,
        spool_key=key,
        mends_run_id=mends_run_id,
    )
    with desk.database.write("ctl") as cursor:
        connection = connections.by_id(cursor, connection_id)
        if connection is None:
            desk.spool.remove(key)
            raise errors.GiveUp("This connection is not there any more; go back to the list.")
        exchange.insert_new(cursor, [file])
        answering.receipt(desk, cursor, connection, file)
        is_on = connection.state is not ConnectionState.OFF
        if is_on and goal.is_on and not jobs.has_queued(cursor, queue.run_key(connection_id)):
            queue.add_run(cursor, connection_id, _STARTED_BY)
    return file_id


def _name_and_goal(cursor: Cursor, connection_id: str, name: str, mends_run_id: str | None) -> tuple[str, ImportGoal]:
    hint = patterns.hint(name)
    if hint is not None:
        raise errors.BadInput(hint, "name")
    try:
        return name, _goal_for(cursor, connection_id, name)
    except errors.BadInput:
        mended = exchange.of_run(cursor, mends_run_id) if mends_run_id else []
        if len(mended) != 1:
            raise
        first = patterns.unmended(mended[0].name)
        return f"{MENDED_PREFIX}{first}", _goal_for(cursor, connection_id, first)
