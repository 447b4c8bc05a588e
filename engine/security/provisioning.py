"""Makes what partners sign in to us with: user names, passwords, key pairs, addresses; and checks what they show.

A provisioned password has 192 random bits, so a salted SHA-256 keeps it as safely as a slow hash would, and two
hundred sign-ins at once cost nothing (faults row 28). What a person chose is refused unless it is as long.
"""

import base64
import hashlib
import hmac
import re
import secrets

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from engine.base import limits
from engine.base.errors import BadInput

_PASSWORD_BYTES = 24
_ALPHABET = "abcdefghjkmnpqrstuvwxyz23456789"
_NAME_CHARACTERS = 10
_ADDRESS_CHARACTERS = 28
_FIELD = "public_key"
_KINDS = ("ssh-ed25519", "ssh-rsa", "ecdsa-sha2-nistp256", "ecdsa-sha2-nistp384", "ecdsa-sha2-nistp521")
_DUMMY = "sha256$c2FsdA$" + "0" * 64
PASSWORD_CHARACTERS_MIN = 22
"""What a person may give in a configuration file instead: 22 random letters and digits have 128 bits."""


def new_username(name: str) -> str:
    """Return a user name that nobody has: a few letters of what it is for, and random ones."""
    stem = re.sub(r"[^a-z0-9]+", "", name.lower())[:8] or "partner"
    return f"{stem}-{_random(_NAME_CHARACTERS)}"


def new_password() -> str:
    """Return a password of 192 random bits, 32 characters of letters, digits, - and _ (requirement W20)."""
    return secrets.token_urlsafe(_PASSWORD_BYTES)


def new_address() -> str:
    """Return the local part of an address that nobody can guess (138 bits)."""
    return f"in-{_random(_ADDRESS_CHARACTERS)}"


def hash_password(password: str) -> str:
    """Return what is kept of a provisioned password: "sha256$<salt>$<hex>".

    Raises:
        BadInput: Shorter than PASSWORD_CHARACTERS_MIN.
    """
    if len(password) < PASSWORD_CHARACTERS_MIN:
        raise BadInput(
            f"A password by which others sign in here has at least {PASSWORD_CHARACTERS_MIN} characters; "
            "leave it out, and Handoff makes one.",
            "password",
        )
    salt = base64.urlsafe_b64encode(secrets.token_bytes(12)).decode()
    return f"sha256${salt}${_digest(salt, password)}"


def is_password(password: str, stored: str) -> bool:
    """Say whether this is the password; an empty `stored` (no such user, or keys only) costs the same time."""
    _, salt, expected = (stored or _DUMMY).split("$", 2)
    found = _digest(salt, password)
    return hmac.compare_digest(found, expected) and bool(stored)


def new_pair(comment: str) -> tuple[str, str]:
    """Return an Ed25519 key pair: the private half as an OpenSSH file, the public one as its line."""
    key = ed25519.Ed25519PrivateKey.generate()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    public = key.public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    return private.decode(), f"{public.decode()} {re.sub(r'[^A-Za-z0-9._-]+', '-', comment)}"


def public_line(text: str) -> str:
    """Return a pasted public key as one OpenSSH line, "<kind> <base64>", without its comment (requirement W21).

    Takes OpenSSH lines and the PEM form of PKCS#8 ("-----BEGIN PUBLIC KEY-----").

    Raises:
        BadInput: A private key, no key at all, a kind that is not accepted, or RSA that is too short.
    """
    stripped = text.strip()
    if not stripped:
        raise BadInput("Paste the public key; it begins with ssh-.", _FIELD)
    if "PRIVATE KEY" in stripped or stripped.startswith("PuTTY-User-Key-File"):
        raise BadInput("This is a private key. Paste the public one, it begins with ssh-.", _FIELD)
    if len(stripped) > limits.PRIVATE_KEY_CHARACTERS_MAX:
        raise BadInput("This is too long for a public key; paste one line that begins with ssh-.", _FIELD)
    try:
        if stripped.startswith("-----BEGIN"):
            key = serialization.load_pem_public_key(stripped.encode())
        else:
            key = serialization.load_ssh_public_key(stripped.encode())
    except (ValueError, UnsupportedAlgorithm, TypeError):
        raise BadInput(
            "This is no public key that can be read; paste the whole line, from ssh- to the end.", _FIELD
        ) from None
    if isinstance(key, rsa.RSAPublicKey) and key.key_size < limits.RSA_KEY_BITS_MIN:
        raise BadInput(
            f"This RSA key has {key.key_size} bits; at least {limits.RSA_KEY_BITS_MIN} are needed, make a new one.",
            _FIELD,
        )
    if not isinstance(key, rsa.RSAPublicKey | ec.EllipticCurvePublicKey | ed25519.Ed25519PublicKey):
        raise BadInput("Keys of this kind are not accepted; use Ed25519, ECDSA or RSA.", _FIELD)
    try:
        line = key.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
    except (ValueError, UnsupportedAlgorithm):
        line = ""
    if line.partition(" ")[0] not in _KINDS:
        raise BadInput("Keys of this kind are not accepted; use Ed25519, ECDSA or RSA.", _FIELD)
    return line


def fingerprint(line: str) -> str:
    """Return "SHA256:..." of a public key's line, as ssh-keygen prints it."""
    blob = base64.b64decode(line.split(" ")[1])
    return "SHA256:" + base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")


def _random(characters: int) -> str:
    return "".join(secrets.choice(_ALPHABET) for _ in range(characters))


def _digest(salt: str, password: str) -> str:
    return hashlib.sha256(f"{salt}${password}".encode("utf-8", "surrogateescape")).hexdigest()
