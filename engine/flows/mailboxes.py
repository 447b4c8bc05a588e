"""Looks into the newest mails of a mailbox that we read, for people who map its columns before anything was taken."""

from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.base import limits
from engine.flows import places
from engine.flows.desk import Desk
from engine.flows.watch import Watch
from engine.transfer import client, mailing
from storage.records.connections import Connection
from storage.records.files import FetchedFile
from storage.records.goals import PatternKind


@dataclass(frozen=True)
class Newest:
    """What the newest mails hold. taken: (attachment, time of its mail, where it lies now), newest first."""

    taken: tuple[tuple[FetchedFile, datetime | None, Path], ...]
    not_taken: tuple[tuple[str, str], ...]


def newest(
    desk: Desk, connection: Connection, folder: str, files: str, kind: PatternKind, work: Path, watch: Watch
) -> Newest:
    """Fetch and take apart the newest mails, SCANNED_MAILS_MAX of them; they stay in the mailbox as they are.

    Args:
        desk: The open home.
        connection: The one that reads the mailbox.
        folder: Of the mailbox.
        files: The pattern that all attachments have to match.
        kind: How it is written.
        work: An empty folder of the spool.
        watch: Of the question.

    Raises:
        HandoffError: The mailbox could not be read.
    """
    remote = places.of_connection(desk, connection)
    listing = client.list_folder(remote, folder, files, kind, watch.is_cancelled)
    latest = sorted(listing.files, key=lambda mail: (str(mail.changed_at), mail.name), reverse=True)
    mails, partial = work / "mails", work / "partial"
    mails.mkdir()
    partial.mkdir()
    names = [mail.name for mail in latest[: limits.SCANNED_MAILS_MAX]]
    outcomes = client.fetch_files(remote, folder, names, mails, partial, is_cancelled=watch.is_cancelled)
    taken: list[tuple[FetchedFile, datetime | None, Path]] = []
    not_taken: list[tuple[str, str]] = []
    for number, mail in enumerate(outcomes):
        if not isinstance(mail, FetchedFile):
            not_taken.append((mail.name, str(mail.error)))
            continue
        parts = work / f"parts-{number}"
        parts.mkdir()
        senders = connection.details.allowed_senders
        found = mailing.explode(mails / mail.spool_key, parts, files, kind, senders, watch.is_cancelled)
        at = found.sent_at or mail.changed_at
        taken += [(file, at, parts / file.spool_key) for file in found.files]
        not_taken += found.ignored
        if found.why_ignored is not None:
            not_taken.append((f"Mail from {found.sender}" if found.sender else "Mail", found.why_ignored))
    return Newest(tuple(taken), tuple(not_taken))
