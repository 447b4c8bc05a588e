"""Makes one-time and session tokens, and the digest that is stored in their place."""

import hashlib
import secrets

_TOKEN_BYTES = 32


def new_token() -> str:
    """Return 256 random bits that fit a cookie or an address."""
    return secrets.token_urlsafe(_TOKEN_BYTES)


def digest(token: str) -> str:
    """Return what the database keeps of a token: its SHA-256, from which nobody gets back to it."""
    return hashlib.sha256(token.encode("utf-8", errors="replace")).hexdigest()
