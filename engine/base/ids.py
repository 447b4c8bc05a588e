"""Makes every id of the product: ULIDs for rows, 64-bit numbers for profiles, trace ids for people."""

import secrets
from datetime import UTC

from engine.base import clock

_EPOCH_2024_MS = 1_704_067_200_000
_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
_PAIRS = [first + second for first in _ALPHABET for second in _ALPHABET]


def _milliseconds() -> int:
    return int(clock.now().replace(tzinfo=UTC).timestamp() * 1000)


def ulid() -> str:
    """Return a new ULID: 26 characters, sortable by the time it was made, unique on every machine."""
    number = (_milliseconds() << 80) | secrets.randbits(80)
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
