"""The delivery: brings the files that were handed over to the partner of an outbound connection, in their order.

A file is delivered whole or not at all; a partner that looks while it goes sees the old file, none, or the new one.
"""

import dataclasses

from engine.base import clock, errors, workers
from engine.flows import answer_ways, places
from engine.flows.work import Work, sized
from engine.receipts import texts
from engine.transfer import client
from engine.transfer.transport import Letter, Outgoing
from storage.records.connections import Method
from storage.records.exchange import FileState, HandedFile
from storage.tables import exchange

_DELIVER = 1
_STOPS = (errors.Cancelled, errors.ServiceStopping, errors.MendCredentials, errors.OutOfSpace)
_STOPPING = (errors.Category.NETWORK, errors.Category.HOST_KEY, errors.Category.SERVER_TOO_OLD)
"""What would go wrong with the next file in the same way."""


def run(work: Work) -> None:
    """Deliver each file that waits on an outbound connection; the run counts those that were delivered.

    Raises:
        TryAgain: The partner could not be reached; what was not delivered waits for the next run.
        MendCredentials: The same, until a person has mended what we sign in with.
        GiveUp: One or more files could not be delivered; each says why.
        Cancelled: A person cancelled; what was not delivered waits for the next run.
    """
    with work.desk.database.read() as cursor:
        # In progress: a run that was killed had begun with it, and bringing it again does no harm.
        left = exchange.in_state(cursor, work.connection.connection_id, FileState.QUEUED, FileState.IN_PROGRESS)
    stages, whole = work.stages, sum(file.size_bytes for file in left)
    stages.begin(_DELIVER, "Deliver", "bytes", whole)
    done_bytes, notes, refused = 0, list[str](), list[errors.HandoffError]()
    for file in left:
        work.watch.stop_if_cancelled()
        stages.advance(done_bytes, whole)
        try:
            note = _one(work, file, done_bytes, whole)
        except errors.HandoffError as error:
            if isinstance(error, _STOPS) or error.category in _STOPPING:
                raise
            # The partner's server said no to this one file; the others are still brought.
            refused.append(error)
        else:
            work.counts = dataclasses.replace(work.counts, files_taken=work.counts.files_taken + 1)
            notes += [note] if note else []
        done_bytes += file.size_bytes
    if refused:
        raise refused[0] if len(refused) == 1 else _joined(refused)
    stages.finish(" · ".join([_said(left), *dict.fromkeys(notes)]))


def _joined(refused: list[errors.HandoffError]) -> errors.HandoffError:
    return errors.GiveUp(f"{len(refused)} files could not be delivered, the first: {refused[0]}", refused[0].category)


def _said(delivered: list[HandedFile]) -> str:
    if not delivered:
        return "Nothing waits to be delivered."
    shown = delivered[0].name if len(delivered) == 1 else f"{len(delivered):,} files"
    return f"{shown} · {sized(sum(file.size_bytes for file in delivered))}"


def _one(work: Work, file: HandedFile, done_bytes: int, whole: int) -> str:
    """Deliver one file and write down how that ended; return what is worth knowing of it."""
    desk = work.desk
    was_begun = file.state is FileState.IN_PROGRESS
    if was_begun and work.connection.method is Method.EMAIL:
        # The process was killed while the mail was on its way.
        error: errors.HandoffError = errors.GiveUp(_may_have_arrived(file))
        _end(work, file, error)
        raise error
    if not was_begun:
        with desk.database.write("ctl") as cursor:
            exchange.move(cursor, file.file_id, FileState.IN_PROGRESS, run_id=work.run.run_id)
    try:
        note = _bring(work, file, done_bytes, whole)
    except (errors.TryAgain, errors.MendCredentials, errors.Cancelled) as error:
        if work.connection.method is Method.EMAIL and _is_ambiguous(error):
            told = errors.GiveUp(_may_have_arrived(file), errors.Category.TIMEOUT)
            _end(work, file, told)
            if isinstance(error, errors.Cancelled | errors.ServiceStopping):
                raise
            raise told from error
        _wait(work, file, error)
        raise
    except errors.HandoffError as error:
        _end(work, file, error)
        raise
    except OSError as error:
        _wait(work, file, workers.as_storage_error(error))
        raise
    _end(work, file, None)
    return note


def _bring(work: Work, file: HandedFile, done_bytes: int, whole: int) -> str:
    desk, connection = work.desk, work.connection
    path = desk.spool.path(file.spool_key) if file.spool_key else None
    if path is None or not path.is_file():
        raise errors.GiveUp(f"The content of {file.name} is not there any more; hand it over again.")
    if connection.is_hosted:
        answer_ways.place(desk, path, desk.spool.outgoing(connection.connection_id) / file.name)
        return ""
    if connection.method is Method.EMAIL:
        remote, folder, letter = places.for_sending(desk), "", _letter(work, file)
    else:
        remote, folder, letter = places.of_connection(desk, connection), connection.details.folder, Letter()
    delivered = client.deliver_files(
        remote,
        folder,
        [Outgoing(file.name, path)],
        letter,
        lambda said: work.stages.advance(done_bytes + said["done"], whole),
        work.watch.is_cancelled,
    )
    return delivered[0].note if delivered else ""


def _letter(work: Work, file: HandedFile) -> Letter:
    sender, details = work.desk.settings.installation.mail.sender, work.connection.details
    return Letter(
        sender=sender,
        recipients=details.recipients,
        subject=details.subject or file.name,
        text=texts.delivery(file, work.connection.name),
        message_id=answer_ways.message_id(file.file_id, sender),
    )


def _is_ambiguous(error: errors.HandoffError) -> bool:
    """Say whether a mail may have left all the same: cut off before its end was confirmed, or stopped on its way."""
    return isinstance(error, errors.Unconfirmed | errors.Cancelled | errors.ServiceStopping)


def _may_have_arrived(file: HandedFile) -> str:
    return (
        f"The mail with {file.name} was cut off before its end was confirmed, so it may have arrived; "
        "ask the recipients, and hand it over again if it has not."
    )


def _wait(work: Work, file: HandedFile, error: errors.HandoffError) -> None:
    """Leave a file to the next run."""
    reason = None if isinstance(error, errors.Cancelled | errors.ServiceStopping) else str(error)
    with work.desk.database.write("ctl") as cursor:
        exchange.move(cursor, file.file_id, FileState.QUEUED, reason=reason)


def _end(work: Work, file: HandedFile, error: errors.HandoffError | None) -> None:
    state = FileState.COMPLETE if error is None else FileState.FAILED
    with work.desk.database.write("ctl") as cursor:
        exchange.move(
            cursor,
            file.file_id,
            state,
            run_id=work.run.run_id,
            reason=str(error) if error else None,
            ended_at=clock.now(),
        )
