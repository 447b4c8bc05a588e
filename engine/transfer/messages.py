"""What a raw mail holds and whether it is taken: its header, its attachments, the verdict of pattern and sender.

What counts as an attachment (requirement P09): a part that says so, or that has a name. What does not: the text
itself, images that the text shows, signatures and keys of the sender. A mail within the mail is not opened: it is one
attachment, so it has to match like any other.
"""

import binascii
import hashlib
import re
import unicodedata
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from email.message import Message as Header
from email.utils import parsedate_to_datetime

from engine.base import limits
from engine.transfer import mime, patterns
from engine.transfer.mime import Part, Raw, UnreadableError
from engine.transfer.names import shown
from storage.records.goals import PatternKind

NO_NAME = "unnamed"
IMAGE_OF_THE_TEXT = "an image of the text, not an attachment"
SIGNATURE = "a signature of the mail, not an attachment"

_SIGNATURES = (
    "application/pkcs7-signature",
    "application/x-pkcs7-signature",
    "application/pgp-signature",
    "application/pgp-keys",
)
_PLAIN = ("", "7bit", "8bit", "binary")
_WHITE = b" \t\r\n"
_KEY_CHARACTERS_MAX = 250
_QUOTED = re.compile(r'"(?:[^"\\]|\\.)*"')
_ADDRESS = re.compile(r'(?<![^\s<>(),:;"@])[^\s<>(),:;"@]+@[^\s<>(),:;"@]+')
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")


@dataclass(frozen=True)
class Attachment:
    """A part that is an attachment; its content lies encoded from start to end. name: as the sender gave it."""

    name: str
    encoding: str
    start: int
    end: int


@dataclass(frozen=True)
class Message:
    """A mail. Times are UTC.

    key: the Message-ID, or a digest of the mail where it has none; the same mail twice has the same key. senders:
    addresses of From, small letters. envelope_sender: of the first Return-Path, None where there is none. set_aside:
    names and reasons of parts that count as no attachments. fault: why it cannot be taken apart, one sentence.
    is_automatic: no person wrote it; is_reply: a machine answers with it, or returns what could not be delivered.
    """

    senders: tuple[str, ...]
    envelope_sender: str | None
    subject: str
    key: str
    sent_at: datetime | None
    attachments: tuple[Attachment, ...]
    set_aside: tuple[tuple[str, str], ...]
    fault: str | None
    is_automatic: bool = False
    is_reply: bool = False


@dataclass(frozen=True)
class Judgement:
    """What becomes of a mail. taken: each attachment with the name that it gets here, which differ from each other.

    ignored: names with reasons. why_ignored: why nothing of the mail is taken, one sentence, else None.
    is_quarantined: the sender is to blame; people are to see the mail, and nobody reads it.
    """

    taken: tuple[tuple[Attachment, str], ...]
    ignored: tuple[tuple[str, str], ...]
    why_ignored: str | None
    is_quarantined: bool


def explode(raw: Raw) -> Message:
    """Find the facts and the attachments of a mail; nothing is decoded yet. Mails that cannot be read say so."""
    fault, attachments, set_aside = None, [], []
    header = Header()
    try:
        header = mime.header_of(raw)
        for part in mime.parts(raw):
            name = _name(part.header)
            reason = _why_none(part, name)
            if reason:
                set_aside.append((name or part.header.get_content_type(), reason))
            elif _is_attachment(part, name):
                encoding = str(part.header.get("Content-Transfer-Encoding", "")).strip().casefold()
                attachments.append(Attachment(name or _stand_in(part), encoding, part.start, part.end))
    except UnreadableError as error:
        fault = f"The mail {error}, so nothing was taken; the sender should send it anew, or by SFTP."
        attachments, set_aside = [], []
    envelope_sender, submitted = _envelope_sender(header), str(header.get("Auto-Submitted", "no")).strip().casefold()
    return Message(
        senders=_addresses(header.get_all("From", [])),
        envelope_sender=envelope_sender,
        subject=shown(mime.decoded(str(header.get("Subject", "")))),
        key=_key(header, raw),
        sent_at=_time(str(header.get("Date", ""))),
        attachments=tuple(attachments),
        set_aside=tuple(set_aside),
        fault=fault,
        is_automatic=not submitted.startswith("no"),
        is_reply=submitted.startswith("auto-replied") or envelope_sender == "",
    )


def may_be_answered(message: Message) -> bool:
    """Say whether the sender of an ignored mail may be told of it.

    Nobody answers an answer, ours least of all, or two machines never stop (RFC 3834): not what replies by itself,
    not what holds our answers alone, not what holds nothing and was written by no person.
    """
    if message.is_reply:
        return False
    if not message.attachments:
        return not message.is_automatic
    return any(not patterns.is_reserved(attachment.name) for attachment in message.attachments)


def judge(message: Message, pattern: str, kind: PatternKind, allowed_senders: Sequence[str]) -> Judgement:
    """Decide what is taken: the sender first, then reserved names, then all attachments or none (P07, P08).

    Args:
        message: The mail.
        pattern: Of the attachments' names; "" takes all.
        kind: How the pattern is written.
        allowed_senders: Addresses or "@domain"; empty for anybody. From and, where the mail tells it, the sender of
            the envelope have to be allowed both (faults row 50).

    Raises:
        BadInput: The expression cannot be used.
    """
    stranger = _stranger(message, allowed_senders)
    if stranger is not None:
        why = (
            f"The sender {shown(stranger) or '(none)'} is not among those allowed, so the mail was put aside unread; "
            "add the sender to the connection if this is right."
        )
        return Judgement((), message.set_aside, why, is_quarantined=True)
    if message.fault:
        return Judgement((), message.set_aside, message.fault, is_quarantined=False)
    verdict = patterns.mail_verdict(pattern, kind, [attachment.name for attachment in message.attachments])
    ignored = message.set_aside + verdict.ignored
    names = set(verdict.taken)
    taken = [attachment for attachment in message.attachments if attachment.name in names]
    told_apart = _told_apart([attachment.name for attachment in taken])
    return Judgement(tuple(zip(taken, told_apart, strict=True)), ignored, verdict.why_not, is_quarantined=False)


def content(raw: Raw, attachment: Attachment) -> Iterator[bytes]:
    """Decode an attachment, piece by piece.

    Raises:
        UnreadableError: The content is damaged, or encoded in a way that is not known.
    """
    if attachment.encoding == "base64":
        yield from _from_base64(raw, attachment)
    elif attachment.encoding == "quoted-printable":
        yield binascii.a2b_qp(raw[attachment.start : attachment.end])
    elif attachment.encoding in _PLAIN:
        for start in range(attachment.start, attachment.end, limits.IMAP_CHUNK_BYTES):
            yield raw[start : min(start + limits.IMAP_CHUNK_BYTES, attachment.end)]
    else:
        message = f"has the attachment {shown(attachment.name)} in the encoding {shown(attachment.encoding)}"
        raise UnreadableError(message)


def _from_base64(raw: Raw, attachment: Attachment) -> Iterator[bytes]:
    """Decode strictly: a letter too few or too many would shift or drop what stands in the file."""
    kept = b""
    for start in range(attachment.start, attachment.end, limits.IMAP_CHUNK_BYTES):
        piece = raw[start : min(start + limits.IMAP_CHUNK_BYTES, attachment.end)]
        if _NOT_BASE64.search(piece):
            raise _damaged(attachment)
        kept += piece.translate(None, _WHITE)
        # The last four letters wait: only at the end of all there may be padding.
        whole = max((len(kept) - 1) // 4 * 4, 0)
        if b"=" in kept[:whole]:
            raise _damaged(attachment)
        yield _letters(kept[:whole], attachment)
        kept = kept[whole:]
    yield _letters(kept + b"=" * (-len(kept) % 4), attachment)


def _letters(text: bytes, attachment: Attachment) -> bytes:
    try:
        return binascii.a2b_base64(text, strict_mode=True)
    except binascii.Error:
        raise _damaged(attachment) from None


def _damaged(attachment: Attachment) -> UnreadableError:
    return UnreadableError(f"has the attachment {shown(attachment.name)} damaged on its way (its base64 is not whole)")


def _disposition(header: Header) -> str:
    return (header.get_content_disposition() or "").casefold()


def _why_none(part: Part, name: str) -> str | None:
    kind = part.header.get_content_type()
    if kind in _SIGNATURES:
        return SIGNATURE
    is_shown = _disposition(part.header) != "attachment" or part.around == "related"
    if kind.startswith("image/") and part.header.get("Content-ID") and is_shown:
        return IMAGE_OF_THE_TEXT
    del name
    return None


def _is_attachment(part: Part, name: str) -> bool:
    return bool(name) or _disposition(part.header) == "attachment" or part.header.get_content_type() == "message/rfc822"


def _stand_in(part: Part) -> str:
    return "forwarded.eml" if part.header.get_content_type() == "message/rfc822" else NO_NAME


def _name(header: Header) -> str:
    """Return the name of a part, decoded (RFC 2231 and 2047) and without any path; "" where it has none."""
    try:
        said = header.get_filename() or ""
    except (ValueError, TypeError, LookupError):  # parameters that contradict themselves
        said = ""
    return clean(mime.decoded(said))


def clean(name: str) -> str:
    """Return a name that is one: its last part, without control characters, of bounded length; "" for none."""
    last = name.replace("\\", "/").rpartition("/")[2]
    kept = "".join(letter for letter in last if unicodedata.category(letter) not in ("Cc", "Cs")).strip()
    if kept.strip(".") == "":
        return ""
    stem, dot, ending = kept.rpartition(".")
    if not stem or len(ending) > 16:  # noqa: PLR2004 - no ending of a file is longer
        stem, dot, ending = kept, "", ""
    room = limits.ATTACHMENT_NAME_BYTES_MAX - len((dot + ending).encode())
    return stem.encode()[: max(room, 1)].decode(errors="ignore") + dot + ending


def _told_apart(names: Sequence[str]) -> list[str]:
    """Number names that come twice: a.csv, a_2.csv."""
    left = Counter(names)
    taken = set(names)
    given: list[str] = []
    seen: Counter[str] = Counter()
    for name in names:
        seen[name] += 1
        if seen[name] == 1:
            given.append(name)
            continue
        stem, dot, ending = name.rpartition(".")
        number = seen[name]
        while (other := f"{stem}_{number}.{ending}" if dot and stem else f"{name}_{number}") in taken:
            number += left[name]
        taken.add(other)
        given.append(other)
    return given


def _addresses(fields: Sequence[str]) -> tuple[str, ...]:
    """Return everything that looks like an address outside quotes: each has to be allowed, so none can hide another.

    The standard library's reader of addresses recurses into comments, and before 3.12 can be led to the wrong one.
    """
    texts = [_QUOTED.sub(" ", str(field)) for field in fields]
    return tuple(dict.fromkeys(shown(found.casefold()) for text in texts for found in _ADDRESS.findall(text)))


def _envelope_sender(header: Header) -> str | None:
    said = header.get("Return-Path")
    if said is None:
        return None
    found = _addresses([said])
    return found[0] if found else ""


def _stranger(message: Message, allowed: Sequence[str]) -> str | None:
    """Return the first sender who is not allowed, "" where nobody is named, None where all are."""
    if not allowed:
        return None
    senders = message.senders or ("",)
    if message.envelope_sender is not None:
        senders += (message.envelope_sender,)
    known = [entry.casefold() for entry in allowed]
    for sender in senders:
        if not any(sender == entry or (entry.startswith("@") and sender.endswith(entry)) for entry in known):
            return sender
    return None


def _key(header: Header, raw: Raw) -> str:
    said = re.sub(r"\s+", "", str(header.get("Message-ID", "")))
    if said.strip("<>") and said.isprintable() and len(said) <= _KEY_CHARACTERS_MAX:
        return said
    return "sha256:" + hashlib.sha256(said.encode(errors="replace") if said.strip("<>") else raw).hexdigest()


def _time(text: str) -> datetime | None:
    try:
        said = parsedate_to_datetime(text)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    try:
        return said.astimezone(UTC).replace(tzinfo=None) if said.tzinfo else said
    except (ValueError, OverflowError):
        return None
