"""Names of half-delivered files at a server, and which of them an earlier delivery that was cut has left there."""

import hashlib
import re
import secrets
from datetime import datetime, timedelta

from engine.base import limits

_NAME = re.compile(r"\.handoff-([0-9a-f]{8})-[0-9a-f]{8}\.part")


def fresh(name: str) -> str:
    """Return a temporary name for a file that will be called `name`; readers of the folder skip hidden names."""
    return f".handoff-{_mark(name)}-{secrets.token_hex(4)}.part"


def is_leftover(found: str, changed_at: datetime | None, name: str, now_there: datetime | None) -> bool:
    """Say whether `found` is left of an earlier delivery: of the same file, or of any if it is old.

    Younger ones of other files may belong to a delivery that goes on beside this one.

    Args:
        found: A name in the folder.
        changed_at: When that was last written, by the server's clock; None if not told.
        name: The file that is delivered now.
        now_there: The server's own time, None if not known.
    """
    fits = _NAME.fullmatch(found)
    if fits is None:
        return False
    is_old = (
        changed_at is not None
        and now_there is not None
        and now_there - changed_at > timedelta(hours=limits.LEFTOVER_HOURS_MAX)
    )
    return fits[1] == _mark(name) or is_old


def _mark(name: str) -> str:
    return hashlib.sha256(name.encode(errors="surrogateescape")).hexdigest()[:8]
