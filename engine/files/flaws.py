"""Names what is wrong with a record: its columns, its bytes, its length; and how a rejected one is shown."""

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from engine.base import limits
from engine.files import encoding
from storage.records.files import CUT, RejectReason

Flaw = tuple[RejectReason, str]
_NUL_SHOWN = "\N{SYMBOL FOR NULL}"
_CHARACTER_BYTES_MAX = 4


class Reject(NamedTuple):
    """One rejected record: its 1-based physical line, why in a code and in words, and its text as shown."""

    line: int
    reason: RejectReason
    detail: str
    raw: str


class NotUtf8Error(Exception):
    """The file was taken for UTF-8 and is not; how it is encoded has to be judged anew."""


@lru_cache
def of_columns(count: int, wanted: int) -> Flaw:
    """The record has another number of columns than the header."""
    reason = RejectReason.TOO_FEW_COLUMNS if count < wanted else RejectReason.TOO_MANY_COLUMNS
    return reason, f"has {count} column{'' if count == 1 else 's'}, the header has {wanted}"


def of_bytes(record: bytes, *, may_be_damaged: bool) -> Flaw | None:
    """NUL characters, and bytes that are no text in the file's encoding.

    Raises:
        NotUtf8Error: Such bytes, in a file whose encoding nobody has told yet.
    """
    if b"\0" in record:
        return RejectReason.NUL_CHARACTER, "has a NUL character in it"
    if record.isascii():
        return None
    try:
        record.decode("utf-8")
    except UnicodeDecodeError:
        if not may_be_damaged:
            raise NotUtf8Error from None
        return RejectReason.NOT_IN_ENCODING, "has bytes that are no text in the encoding of the file"
    return None


def places(data: bytes, text: NDArray[np.uint8], end: int, *, may_be_damaged: bool) -> NDArray[np.int64]:
    """Places before end whose records need `of_bytes`, ascending; none of the others has such a flaw.

    Raises:
        NotUtf8Error: As in of_bytes.
    """
    odd = text[:end] == 0 if b"\0" in data else None
    if not data.isascii() and not is_utf_8(data, end):
        if not may_be_damaged:
            raise NotUtf8Error
        beyond = text[:end] >= 0x80  # noqa: PLR2004 - the first byte beyond ASCII
        odd = beyond if odd is None else odd | beyond
    return np.empty(0, np.int64) if odd is None else np.flatnonzero(odd)


def is_utf_8(data: bytes, end: int) -> bool:
    """Whether the text before end is whole characters."""
    try:
        str(memoryview(data)[:end], "utf-8")
    except UnicodeDecodeError:
        return False
    return True


def too_long() -> str:
    """The detail of a record beyond the limit."""
    return f"is longer than {limits.RECORD_BYTES_MAX:,} bytes"


def shown(data: bytes, start: int, end: int) -> str:
    """A rejected record as text without its line end, cut where it is long."""
    most = limits.REJECT_RAW_CHARACTERS_MAX
    part = data[start : min(end, start + most * _CHARACTER_BYTES_MAX + _CHARACTER_BYTES_MAX)].rstrip(b"\r\n")
    if not part.isascii():
        part = part.replace(encoding.MARK_BYTES, "\ufffd".encode())
    text = part.decode("utf-8", "replace").replace("\0", _NUL_SHOWN)
    return text if len(text) <= most else text[: most - len(CUT)] + CUT
