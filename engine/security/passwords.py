"""Hashes and checks people's passwords with argon2id, and says which new ones are too weak."""

import threading

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from engine.base import limits
from engine.base.errors import BadInput

_HASHER = PasswordHasher()
_SLOTS = threading.BoundedSemaphore(limits.PASSWORD_HASHES_AT_ONCE_MAX)
_DIFFERENT_CHARACTERS_MIN = 5
_TELLING_CHARACTERS_MIN = 4
_DUMMY_PASSWORD = "nobody has this password"  # noqa: S105 - hashed for people who do not exist
_dummy_lock = threading.Lock()
_dummy_hash: str | None = None


def hash_password(password: str) -> str:
    """Return the argon2id hash with its salt and cost in it."""
    with _SLOTS:
        return _HASHER.hash(_bytes(password))


def matches(stored_hash: str | None, password: str) -> bool:
    """Say whether the password belongs to the hash; as slow for None, so that nobody learns who exists."""
    known = stored_hash or _dummy()
    with _SLOTS:
        try:
            is_right = _HASHER.verify(known, _bytes(password))
        except (VerificationError, InvalidHashError):
            return False
    return is_right and bool(stored_hash)


def _bytes(password: str) -> bytes:
    # Halves of characters, as JSON can carry them, are only wrong passwords.
    return password.encode("utf-8", errors="surrogatepass")


def _dummy() -> str:
    global _dummy_hash  # noqa: PLW0603 - made once, with the cost that real hashes have today
    with _dummy_lock:
        if _dummy_hash is None:
            _dummy_hash = hash_password(_DUMMY_PASSWORD)
        return _dummy_hash


def check_new(password: str, *, name: str, email: str) -> None:
    """Refuse passwords that are too short, too long, too plain, or that tell who it is.

    Raises:
        BadInput: With the field "password" and a sentence that says what is missing.
    """
    if len(password) < limits.PASSWORD_CHARACTERS_MIN:
        raise BadInput(f"The password needs at least {limits.PASSWORD_CHARACTERS_MIN} characters.", "password")
    if len(password) > limits.PASSWORD_CHARACTERS_MAX:
        raise BadInput(f"The password can have at most {limits.PASSWORD_CHARACTERS_MAX} characters.", "password")
    if len(set(password)) < _DIFFERENT_CHARACTERS_MIN:
        raise BadInput(f"The password needs at least {_DIFFERENT_CHARACTERS_MIN} different characters.", "password")
    lowered = password.casefold()
    parts = [email.casefold(), email.casefold().split("@", 1)[0], *name.casefold().split()]
    if any(len(part) >= _TELLING_CHARACTERS_MIN and part in lowered for part in parts):
        raise BadInput("The password must not hold your name or e-mail address.", "password")
