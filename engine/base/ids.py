"""Makes every id of the product: ULIDs for rows, 64-bit numbers for profiles, trace ids for people."""

import secrets
import threading
from datetime import UTC

from engine.base import clock

_EPOCH_2024_MS = 1_704_067_200_000
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_one_at_a_time = threading.Lock()
_last = 0
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def _milliseconds() -> int:
    return int(clock.now().replace(tzinfo=UTC).timestamp() * 1000)


def ulid() -> str:
    """Return a new ULID: 26 characters, sortable by the time it was made, unique on every machine.

    Of several made in one millisecond the later one is the greater one too, where one process made them.
    """
    global _last  # noqa: PLW0603 - what the next one has to be greater than
    with _one_at_a_time:
        number = (_milliseconds() << 80) | secrets.randbits(80)
        if number >> 80 == _last >> 80:
            # Not by one: a process that was forked since goes on from the same number.
            number = _last + 1 + secrets.randbits(64)
        _last = number
    return "".join([_PAIRS[(number >> shift) & 1023] for shift in range(120, -1, -10)])


def profile_id_base() -> int:
    """Return the 64-bit number after which one import numbers its new profiles.

    22 bits are left below the milliseconds, so two imports that follow each other never meet: an import
    of N rows takes longer than N / 4,194,304 milliseconds.
    """
    return (_milliseconds() - _EPOCH_2024_MS) << 22


def trace() -> str:
    """Return a short random mark that joins a sentence on a page with a line in the log."""
    return secrets.token_hex(4)
