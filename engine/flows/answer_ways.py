"""The way of an answer back to its partner: the login's folder, the folder for results, or a mail."""

import dataclasses
import shutil
from collections.abc import Callable
from pathlib import Path

from engine.base import errors, ids, limits
from engine.flows import places
from engine.flows.desk import Desk
from engine.receipts import texts
from engine.transfer import client
from engine.transfer.transport import Letter, Outgoing
from storage.records.connections import Connection, Direction, Method
from storage.records.credentials import Credential
from storage.records.exchange import Answer, AnswerKind, HandedFile
from storage.tables import credentials


@dataclasses.dataclass(frozen=True)
class Owed:
    """Answers that go out together. file: the one they are about, where they are about one (mail)."""

    answers: list[Answer]
    file: HandedFile | None


def is_wanted(connection: Connection, credential: Credential | None) -> bool:
    """Say whether a partner has a place for answers: a login's folder, a folder for results, a return address."""
    if connection.direction is Direction.OUTBOUND:
        return False
    if connection.method is Method.EMAIL:
        return bool(credential and credential.return_email)
    return connection.is_hosted or bool(connection.details.result_folder)


def said(connection: Connection, credential: Credential | None) -> str:
    """Say where a connection's answers go, as the end of a sentence; "" where nobody wants them."""
    if not is_wanted(connection, credential):
        return ""
    if connection.method is Method.EMAIL:
        return credential.return_email if credential else ""
    folder = connection.details.result_folder
    if connection.is_hosted:
        return f"{folder.rstrip('/')}/ of the login" if folder else "the login's own folder"
    return f"{folder} at {connection.server.host}"


def first_batch(connection: Connection | None, due: list[Answer]) -> list[Answer]:
    """Return the answers that go first and together: one mail's, or as many files as one connection takes."""
    if not due or connection is None or connection.method is not Method.EMAIL:
        return due[: limits.ANSWERS_AT_ONCE_MAX]
    is_receipt = due[0].kind is AnswerKind.RECEIPT
    return [
        answer
        for answer in due
        if answer.file_id == due[0].file_id and (answer.kind is AnswerKind.RECEIPT) is is_receipt
    ]


def bring(desk: Desk, connection: Connection, owed: Owed, is_cancelled: Callable[[], bool]) -> None:
    """Bring answers to a partner; doing it twice does no harm.

    Raises:
        HandoffError: Not brought; the sentence says why.
        OSError: The disk of the spool refuses.
    """
    there = [answer for answer in owed.answers if desk.spool.path(answer.spool_key).is_file()]
    if connection.method is Method.EMAIL:
        _mail(desk, connection, Owed(there, owed.file), is_cancelled)
    elif connection.is_hosted:
        folder = hosted_folder(desk, connection)
        for answer in there:
            place(desk, desk.spool.path(answer.spool_key), folder / answer.name)
    else:
        remote = places.of_connection(desk, connection)
        outgoing = [Outgoing(answer.name, desk.spool.path(answer.spool_key)) for answer in there]
        client.deliver_files(remote, connection.details.result_folder, outgoing, Letter(), is_cancelled=is_cancelled)


def hosted_folder(desk: Desk, connection: Connection) -> Path:
    """Return where answers lie beside a login's files; the folder for results is below the login's own."""
    parts = [part for part in connection.details.result_folder.split("/") if part not in ("", ".")]
    if ".." in parts:
        raise errors.GiveUp(f"The folder for results of {connection.name} leads out of its own; change it.")
    return desk.spool.outgoing(connection.connection_id).joinpath(*parts)


def place(desk: Desk, source: Path, target: Path) -> None:
    """Put a copy of a file where a client fetches it: whole, at once, in the place of one of that name."""
    target.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    work = desk.spool.work_folder(f"place-{ids.ulid()}")
    try:
        # A copy, never a second link: clients are shown only files that have one name.
        fresh = work / "fresh"
        shutil.copyfile(source, fresh)
        fresh.chmod(0o600)
        fresh.replace(target)
    finally:
        desk.spool.discard(work)


def _mail(desk: Desk, connection: Connection, owed: Owed, is_cancelled: Callable[[], bool]) -> None:
    with desk.database.read() as cursor:
        credential = credentials.by_id(cursor, connection.credential_id) if connection.credential_id else None
    if credential is None or not credential.return_email:
        raise errors.GiveUp(f"{connection.name} has no return address any more, so nobody can be told.")
    if owed.file is None or not owed.answers:
        return
    is_receipt = owed.answers[0].kind is AnswerKind.RECEIPT
    remote = places.for_sending(desk)
    sender = desk.settings.installation.mail.sender
    letter = Letter(
        sender=sender,
        recipients=(credential.return_email,),
        subject=texts.subject(owed.file.name, is_receipt=is_receipt),
        text=texts.letter(owed.file, connection.name, is_receipt=is_receipt),
        message_id=message_id(owed.answers[0].answer_id, sender),
    )
    outgoing = [Outgoing(answer.name, desk.spool.path(answer.spool_key)) for answer in owed.answers]
    client.deliver_files(remote, "", outgoing, letter, is_cancelled=is_cancelled)


def message_id(stem: str, sender: str) -> str:
    """Return a mail's own id: the same at each try, so that a mail that came twice is known as one."""
    return f"<{stem.lower()}@{sender.rpartition('@')[2] or 'localhost'}>"
