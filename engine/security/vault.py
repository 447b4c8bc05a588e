"""Seals secrets with AES-256-GCM, each bound to the row it belongs to, under one master key in the home folder."""

import base64
import binascii
import contextlib
import hashlib
import os
import secrets
import stat
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from engine.base.errors import Category, GiveUp, MendCredentials

_KEY_BYTES = 32
_NONCE_BYTES = 12
_VERSION = "v1"
_PARTS = 3
_OTHERS_MAY = stat.S_IRWXG | stat.S_IRWXO


class Vault:
    """Seals and opens with one master key. A sealed text is "v1:<key id>:<base64 of nonce and ciphertext>"."""

    def __init__(self, key: bytes) -> None:
        """Keep the key, 32 bytes; use `open_vault` to read it from the home folder."""
        self._cipher = AESGCM(key)
        self._key_id = hashlib.sha256(b"handoff key id:" + key).hexdigest()[:8]

    def __repr__(self) -> str:
        """Keep the key out of logs and tracebacks."""
        return f"Vault({self._key_id})"

    def seal(self, purpose: str, plaintext: str) -> str:
        """Seal a secret for one purpose, such as "connection:<id>:password"; it opens for that one alone."""
        nonce = secrets.token_bytes(_NONCE_BYTES)
        sealed = self._cipher.encrypt(nonce, plaintext.encode(), purpose.encode())
        return f"{_VERSION}:{self._key_id}:{base64.b64encode(nonce + sealed).decode()}"

    def open(self, purpose: str, sealed: str) -> str:
        """Open what `seal` made for the same purpose.

        Raises:
            MendCredentials: It was sealed under another master key, for another row, or was changed.
        """
        parts = sealed.split(":", _PARTS - 1)
        if len(parts) != _PARTS or parts[0] != _VERSION:
            raise MendCredentials(f"The stored secret of {purpose} is damaged; enter it again.")
        if parts[1] != self._key_id:
            raise MendCredentials(
                f"The stored secret of {purpose} was sealed under another master key; "
                "put that master.key back or enter the secret again."
            )
        try:
            mixed = base64.b64decode(parts[2], validate=True)
            opened = self._cipher.decrypt(mixed[:_NONCE_BYTES], mixed[_NONCE_BYTES:], purpose.encode())
        except (InvalidTag, binascii.Error, ValueError):
            raise MendCredentials(
                f"The stored secret of {purpose} was changed or belongs to another row; enter it again."
            ) from None
        return opened.decode()


def open_vault(key_path: Path, *, is_new_home: bool) -> Vault:
    """Open the vault of a home folder, and make its key where the home is new.

    Call it before the database is created: a home without a database is new.

    Args:
        key_path: The key file, readable by its owner alone.
        is_new_home: True where nothing can have been sealed yet.

    Raises:
        GiveUp: The key is missing though secrets may be sealed under it, is open to others, or is no key.
    """
    if is_new_home and not key_path.exists():
        _create(key_path)
    try:
        mode = key_path.stat().st_mode
        text = key_path.read_text("ascii").strip()
    except FileNotFoundError:
        raise GiveUp(
            f"The master key {key_path} is missing, and secrets are sealed under it; "
            "put it back from your backup and start again.",
            Category.STORAGE,
        ) from None
    except (OSError, UnicodeDecodeError) as error:
        raise GiveUp(f"The master key {key_path} cannot be read; restore it.", Category.STORAGE) from error
    if mode & _OTHERS_MAY:
        raise GiveUp(
            f"The master key {key_path} is open to other users; run chmod 600 on it and start again.",
            Category.STORAGE,
        )
    try:
        key = bytes.fromhex(text)
    except ValueError:
        key = b""
    if len(key) != _KEY_BYTES:
        raise GiveUp(f"The file {key_path} holds no master key; put the right one back.", Category.STORAGE)
    return Vault(key)


def _create(key_path: Path) -> None:
    # Written whole and synced under another name, then linked: a kill leaves a whole key or none, and of two
    # first starts at once the second keeps the first one's key.
    fresh = key_path.with_name(f"{key_path.name}.{os.getpid()}")
    handle = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    try:
        os.write(handle, secrets.token_bytes(_KEY_BYTES).hex().encode() + b"\n")
        os.fsync(handle)
    finally:
        os.close(handle)
    with contextlib.suppress(FileExistsError):
        os.link(fresh, key_path)
    fresh.unlink()
    folder = os.open(key_path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
