"""The process that takes one mail apart, forked for mailing.explode."""

import dataclasses
import hashlib
import mmap
import os
from pathlib import Path
from typing import Any

from engine.base import limits, workers
from engine.transfer import messages
from engine.transfer.messages import Attachment, Message
from engine.transfer.mime import Raw, UnreadableError
from storage.records.goals import PatternKind


def work(arguments: dict[str, Any]) -> dict[str, Any]:
    """Take a mail apart, judge it, and write the attachments that are taken.

    Args:
        arguments: raw (path of the mail); target (an empty folder); pattern, kind, allowed_senders.

    Returns:
        message (facts of Message, without its attachments); files [{name, file_name, size_bytes, sha256}]; ignored
        [[name, reason], ...]; why_ignored (None where files were taken); is_quarantined; may_be_answered.

    Raises:
        BadInput: The pattern is no expression that can be used.
    """
    with workers.heartbeat("mail"), Path(arguments["raw"]).open("rb") as file:
        size_bytes = os.fstat(file.fileno()).st_size
        if 0 < size_bytes <= limits.MAIL_SIZE_BYTES_MAX:
            with mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as raw:
                return _taken_apart(raw, arguments)
        head = file.read(limits.MAIL_HEADER_BYTES_MAX) if size_bytes else b""
        why = "is empty" if not size_bytes else f"has {size_bytes:,} bytes, more than {limits.MAIL_SIZE_BYTES_MAX:,}"
        fault = f"The mail {why}, so nothing was taken; the sender should send it anew, or by SFTP."
        message = dataclasses.replace(messages.explode(head), attachments=(), set_aside=(), fault=fault)
        return _judged(message, head, arguments)


def _taken_apart(raw: Raw, arguments: dict[str, Any]) -> dict[str, Any]:
    message = messages.explode(raw)
    target = Path(arguments["target"])
    try:
        return _judged(message, raw, arguments)
    except UnreadableError as error:
        for left in target.glob("*.data"):
            left.unlink()
        fault = f"The mail {error}, so nothing was taken; the sender should send it anew, or by SFTP."
        return _judged(dataclasses.replace(message, fault=fault), raw, arguments)


def _judged(message: Message, raw: Raw, arguments: dict[str, Any]) -> dict[str, Any]:
    judgement = messages.judge(
        message, arguments["pattern"], PatternKind(arguments["kind"]), arguments["allowed_senders"]
    )
    target = Path(arguments["target"])
    files = [
        {"name": name, **_written(raw, attachment, target / f"{index}.data")}
        for index, (attachment, name) in enumerate(judgement.taken)
    ]
    facts = dataclasses.asdict(dataclasses.replace(message, attachments=()))
    return {
        "message": {**facts, "sent_at": message.sent_at.isoformat() if message.sent_at else None},
        "files": files,
        "ignored": judgement.ignored,
        "why_ignored": judgement.why_ignored,
        "is_quarantined": judgement.is_quarantined,
        "may_be_answered": messages.may_be_answered(message),
    }


def _written(raw: Raw, attachment: Attachment, path: Path) -> dict[str, Any]:
    digest = hashlib.sha256()
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW, 0o600), "wb") as out:
        for piece in messages.content(raw, attachment):
            out.write(piece)
            digest.update(piece)
        out.flush()
        os.fsync(out.fileno())
        size_bytes = out.tell()
    return {"file_name": path.name, "size_bytes": size_bytes, "sha256": digest.hexdigest()}
