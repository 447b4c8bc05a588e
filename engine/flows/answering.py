"""Answers whoever gave a file: a receipt when it is taken, a result and its rejected rows when it is done.

Written down in the transaction that takes the file, brought by a job of its own: where an answer cannot be
delivered it is tried again, and no import ever fails for it.
"""

import dataclasses
from datetime import timedelta
from pathlib import Path
from typing import Any

from engine.base import clock, errors, ids, limits, log, workers
from engine.files import mending
from engine.flows import answer_ways, queue
from engine.flows.desk import Desk
from engine.flows.watch import Watch
from engine.receipts import names, texts
from storage.database import Cursor
from storage.records.connections import Connection, ConnectionState, Method
from storage.records.exchange import Answer, AnswerKind, AnswerState, HandedFile
from storage.records.goals import FileFormat
from storage.records.runs import RunCounts
from storage.tables import answers, connections, credentials, exchange, files_seen, goals, rejects


def receipt(desk: Desk, cursor: Cursor, connection: Connection, file: HandedFile) -> None:
    """Owe a receipt for a file that is being taken; the caller holds the ctl transaction that takes it.

    Where nobody wants it (no folder for results, no return address) it is kept for people to read.
    """
    if answers.of_kind(cursor, file.file_id, AnswerKind.RECEIPT) is not None:
        return
    content = texts.receipt(file, connection.name).encode()
    name = names.name(AnswerKind.RECEIPT, file.name)
    key = desk.spool.write_answer(file.file_id, name, content)
    _owe(cursor, connection, file, _Made(AnswerKind.RECEIPT, name, key, len(content)))


def result(desk: Desk, file_id: str) -> None:
    """Owe the result of a file that has ended, with its rejected rows where there are any; safe to call again."""
    with desk.database.read() as cursor:
        file = exchange.by_id(cursor, file_id)
        connection = connections.by_id(cursor, file.connection_id) if file else None
        done = answers.of_kind(cursor, file_id, AnswerKind.RESULT)
    if file is None or connection is None or file.ended_at is None:
        return
    if done is not None and done.made_at >= file.ended_at:
        return
    counts = _counts(desk, file)
    made: list[_Made] = []
    if counts is not None and counts.rejected:
        found = _errors_file(desk, file)
        made += [found] if found else []
    address = desk.settings.installation.pages.address
    content = texts.result(file, counts, made[0].name if made else None, address).encode()
    name = names.name(AnswerKind.RESULT, file.name)
    key = desk.spool.write_answer(file.file_id, name, content)
    made.insert(0, _Made(AnswerKind.RESULT, name, key, len(content)))
    with desk.database.write("ctl") as cursor:
        for item in made:
            _owe(cursor, connection, file, item)


def due(desk: Desk) -> int:
    """Queue the sending of answers whose time has come, one job a connection; return how many were queued."""
    with desk.database.read() as cursor:
        waiting = {answer.connection_id for answer in answers.due(cursor, clock.now())}
        waiting = {each for each in waiting if not queue.has_answers_open(cursor, each)}
    for connection_id in sorted(waiting):
        with desk.database.write("ctl") as cursor:
            queue.add_send_answers(cursor, connection_id)
    return len(waiting)


def send_answers(desk: Desk, arguments: dict[str, Any], watch: Watch) -> dict[str, Any]:
    """Bring a connection's answers that are due to its partner.

    Args:
        desk: The open home.
        arguments: {"connection_id"}.
        watch: Of this job.

    Returns:
        {"sent", "failed", "waiting"}: answers by what became of them.
    """
    connection_id = arguments["connection_id"]
    counted = {"sent": 0, "failed": 0, "waiting": 0}
    while True:
        with desk.database.read() as cursor:
            connection = connections.by_id(cursor, connection_id)
            found = answers.due_of_connection(cursor, connection_id, clock.now())
            files = {answer.file_id: exchange.by_id(cursor, answer.file_id) for answer in found}
        batch = answer_ways.first_batch(connection, found)
        if not batch:
            return counted
        tried = _bring(desk, connection, answer_ways.Owed(batch, files[batch[0].file_id]), watch)
        if len(batch) > 1 and _may_be_of_one(connection, tried[0][1]):
            # What the server refuses of one answer must not hold up the others.
            tried = _one_by_one(desk, connection, batch, watch)
        for answer, error in tried:
            counted[_record(desk, answer, error)] += 1


def postpone(desk: Desk, arguments: dict[str, Any], error: errors.HandoffError) -> None:
    """Let answers wait whose sending stopped on a fault, so that they are not tried again at once."""
    with desk.database.read() as cursor:
        found = answers.due_of_connection(cursor, arguments["connection_id"], clock.now())
    for answer in found:
        _record(desk, answer, error)


def _bring(
    desk: Desk, connection: Connection | None, owed: answer_ways.Owed, watch: Watch
) -> list[tuple[Answer, errors.HandoffError | None]]:
    """Try to bring some answers; return each with what went wrong, or None."""
    try:
        if connection is None:
            raise errors.GiveUp("Its connection is not there any more, so nobody can be told.")
        if connection.state is ConnectionState.PAUSED:
            raise errors.TryAgain(f"{connection.name} is paused; the answer goes out once it is on again.")
        answer_ways.bring(desk, connection, owed, watch.is_cancelled)
    except errors.ServiceStopping:
        raise
    except errors.HandoffError as error:
        return [(answer, error) for answer in owed.answers]
    except OSError as error:
        told = workers.as_storage_error(error)
        return [(answer, told) for answer in owed.answers]
    return [(answer, None) for answer in owed.answers]


def _one_by_one(
    desk: Desk, connection: Connection | None, batch: list[Answer], watch: Watch
) -> list[tuple[Answer, errors.HandoffError | None]]:
    """Try to bring answers each by itself; where none of the first ones gets through, none is expected to."""
    tried: list[tuple[Answer, errors.HandoffError | None]] = []
    for answer in batch:
        if len(tried) >= limits.REFUSED_ANSWERS_MAX and all(error for _, error in tried):
            tried.append((answer, tried[-1][1]))
        else:
            tried += _bring(desk, connection, answer_ways.Owed([answer], None), watch)
    return tried


def _may_be_of_one(connection: Connection | None, error: errors.HandoffError | None) -> bool:
    """Say whether a fault may lie in one of several files; a mail goes as a whole, and the way is everybody's."""
    if connection is None or connection.method is Method.EMAIL or connection.state is ConnectionState.PAUSED:
        return False
    return error is not None and error.category not in _OF_THE_WAY


_OF_THE_WAY = (
    errors.Category.CREDENTIALS,
    errors.Category.HOST_KEY,
    errors.Category.SERVER_TOO_OLD,
    errors.Category.NETWORK,
    errors.Category.TIMEOUT,
)


def _record(desk: Desk, answer: Answer, error: errors.HandoffError | None) -> str:
    """Write what a try came to; return the word for it."""
    now, tries = clock.now(), answer.tries + 1
    with desk.database.write("ctl") as cursor:
        if error is None:
            answers.set_state(cursor, answer.answer_id, AnswerState.SENT, tries=tries, sent_at=now)
            return "sent"
        log.logger(__name__).info("answer %s: %s", answer.answer_id, error.category.value)
        _pause_where_strange(cursor, answer.connection_id, error)
        is_over = now >= answer.made_at + timedelta(hours=limits.ANSWER_TRIES_HOURS_MAX)
        if is_over or connections.by_id(cursor, answer.connection_id) is None:
            answers.set_state(cursor, answer.answer_id, AnswerState.FAILED, tries=tries, error=str(error))
            return "failed"
        following = now + timedelta(seconds=texts.wait_s(tries))
        answers.set_state(
            cursor, answer.answer_id, AnswerState.WAITING, tries=tries, next_try_at=following, error=str(error)
        )
    return "waiting"


def _pause_where_strange(cursor: Cursor, connection_id: str, error: errors.HandoffError) -> None:
    connection = connections.by_id(cursor, connection_id)
    is_on = connection is not None and connection.state is ConnectionState.ON
    if is_on and error.category is errors.Category.HOST_KEY:
        # Nothing is tried again by itself at a server that may be somebody else's (faults row 59).
        connections.set_state(cursor, connection_id, ConnectionState.PAUSED, str(error), clock.now())


@dataclasses.dataclass(frozen=True)
class _Made:
    """An answer whose content lies in the spool."""

    kind: AnswerKind
    name: str
    key: str
    size_bytes: int


def _owe(cursor: Cursor, connection: Connection, file: HandedFile, made: _Made) -> None:
    # Only mails are answered to an address of the credential.
    asks = connection.method is Method.EMAIL and connection.credential_id
    is_wanted = answer_ways.is_wanted(connection, credentials.by_id(cursor, asks) if asks else None)
    answers.insert(
        cursor,
        Answer(
            answer_id=ids.ulid(),
            file_id=file.file_id,
            connection_id=file.connection_id,
            kind=made.kind,
            name=made.name,
            spool_key=made.key,
            size_bytes=made.size_bytes,
            state=AnswerState.WAITING if is_wanted else AnswerState.KEPT,
            tries=0,
            next_try_at=None,
            error=None,
            made_at=clock.now(),
            sent_at=None,
        ),
    )
    if is_wanted:
        queue.add_send_answers(cursor, connection.connection_id)


def _counts(desk: Desk, file: HandedFile) -> RunCounts | None:
    """Return what the import of a file came to; None where nothing of it was merged."""
    if file.run_id is None or file.goal_id is None:
        return None
    with desk.database.read() as cursor:
        return files_seen.counts_of_run(cursor, file.run_id).get((file.goal_id, file.read_as))


def _errors_file(desk: Desk, file: HandedFile) -> _Made | None:
    """Write the rejected rows with the columns they came with; None where the content is gone already."""
    if file.spool_key is None or file.run_id is None or file.goal_id is None:
        return None
    with desk.database.read() as cursor:
        goal = goals.by_id(cursor, file.goal_id)
    name = names.name(AnswerKind.ERRORS, file.name)
    work = desk.spool.work_folder(f"answer-{file.file_id}")
    try:
        lines, target = work / "rejects.json", work / "errors.csv.gz"
        with desk.database.read() as cursor:
            rejects.write_lines(cursor, file.run_id, file.read_as, str(lines))
        mending.write_in_worker(
            desk.spool.path(file.spool_key),
            target,
            goal.format if goal else FileFormat(None),
            mending.Told(lines, _messages(), file.trace_id),
        )
        size_bytes = target.stat().st_size
        return _Made(AnswerKind.ERRORS, name, desk.spool.keep_answer(file.file_id, name, target), size_bytes)
    except (errors.HandoffError, OSError) as error:
        # The result still goes out; the run's page has the rejected rows.
        log.logger(__name__).error("no errors file for %s: %s", file.file_id, log.where(error))
        return None
    finally:
        desk.spool.discard(work)


def _messages() -> dict[str, str]:
    return {reason.value: text for reason, text in texts.MESSAGES.items()}


def content(desk: Desk, answer: Answer) -> Path | None:
    """Return where an answer's content lies, None once it was removed."""
    path = desk.spool.path(answer.spool_key)
    return path if path.is_file() else None
