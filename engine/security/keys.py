"""Checks a private key that a person uploads and names its public half; the only keeper of paramiko."""

import base64
import hashlib
import io
from dataclasses import dataclass

import paramiko
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from engine.base import limits
from engine.base.errors import BadInput

_FIELD = "private_key"
_PASSPHRASE = "passphrase"  # noqa: S105 - the name of a field, no secret
_DSA = "This is a DSA key, which servers no longer accept; use an Ed25519 key or an RSA key of at least 2048 bits."
_PPK = "This is a PuTTY key (.ppk); export it in PuTTYgen with Conversions > Export OpenSSH key and use that file."
_PUBLIC = "This is a public key; paste the private one, which begins with -----BEGIN."
_GARBAGE = "This is no private key that can be read; paste the whole file, from -----BEGIN to the last dash."
_LOCKED = "This private key is locked by a passphrase; enter the passphrase too."
_NOT_OPENED = "The passphrase does not open this private key; enter the right one."
_PUBLIC_BEGINNINGS = (
    "ssh-",
    "ecdsa-sha2-",
    "sk-",
    "-----BEGIN PUBLIC KEY",
    "-----BEGIN RSA PUBLIC KEY",
    "---- BEGIN SSH2 PUBLIC KEY",
)
_PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey


@dataclass(frozen=True)
class KeyFacts:
    """What may be shown of a private key: its kind, its size and the fingerprint of its public half."""

    kind: str
    size_bits: int
    fingerprint: str
    public_line: str


def check_private_key(text: str, passphrase: str | None) -> KeyFacts:
    """Read a private key (OpenSSH, PEM or PKCS#8) as a server would need it; nothing is stored.

    Args:
        text: The file's content.
        passphrase: None or empty where the key has none; ignored where the key is not locked.

    Returns:
        Its kind and size, "SHA256:..." as ssh-keygen prints it, and the line for authorized_keys.

    Raises:
        BadInput: One of seven sentences, each says what to do instead; field is private_key or passphrase.
    """
    stripped = text.strip()
    if len(stripped) > limits.PRIVATE_KEY_CHARACTERS_MAX:
        raise BadInput(_GARBAGE, _FIELD)
    if stripped.startswith("PuTTY-User-Key-File"):
        raise BadInput(_PPK, _FIELD)
    if stripped.startswith(_PUBLIC_BEGINNINGS):
        raise BadInput(_PUBLIC, _FIELD)
    if "BEGIN DSA PRIVATE KEY" in stripped:
        raise BadInput(_DSA, _FIELD)
    key = _load((stripped + "\n").encode("utf-8", errors="replace"), passphrase or None)
    if isinstance(key, rsa.RSAPrivateKey) and key.key_size < limits.RSA_KEY_BITS_MIN:
        raise BadInput(
            f"This RSA key has {key.key_size} bits; servers want at least {limits.RSA_KEY_BITS_MIN}, make a new one.",
            _FIELD,
        )
    return _facts(key)


def _load(data: bytes, passphrase: str | None) -> _PrivateKey:
    secret = passphrase.encode() if passphrase else None
    is_openssh = b"BEGIN OPENSSH PRIVATE KEY" in data
    load = serialization.load_ssh_private_key if is_openssh else serialization.load_pem_private_key
    try:
        key = load(data, password=secret)
    except TypeError:
        # cryptography's word for both "locked, none given" and "given, but not locked".
        if secret is None:
            raise BadInput(_LOCKED, _PASSPHRASE) from None
        return _load(data, None)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _refusal(data, secret, error) from None
    if isinstance(key, dsa.DSAPrivateKey):
        raise BadInput(_DSA, _FIELD)
    if not isinstance(key, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey):
        raise BadInput(_GARBAGE, _FIELD)
    return key


def _refusal(data: bytes, secret: bytes | None, error: Exception) -> BadInput:
    if b"ssh-dss" in _decoded(data):
        return BadInput(_DSA, _FIELD)
    if _is_locked(data):
        if secret is None:
            return BadInput(_LOCKED, _PASSPHRASE)
        if not isinstance(error, UnsupportedAlgorithm):
            return BadInput(_NOT_OPENED, _PASSPHRASE)
    return BadInput(_GARBAGE, _FIELD)


def _is_locked(data: bytes) -> bool:
    if b"BEGIN ENCRYPTED PRIVATE KEY" in data or b"Proc-Type: 4,ENCRYPTED" in data:
        return True
    # "openssh-key-v1", a zero byte, then the name of the cipher with its length before it.
    decoded = _decoded(data)
    return decoded.startswith(b"openssh-key-v1\0") and not decoded[15:].startswith(b"\0\0\0\x04none")


def _decoded(data: bytes) -> bytes:
    body = b"".join(line for line in data.splitlines() if not line.startswith(b"-----"))
    try:
        return base64.b64decode(body)
    except ValueError:
        return b""


def _facts(key: _PrivateKey) -> KeyFacts:
    paramiko_key = _as_paramiko(key)
    blob = paramiko_key.asbytes()
    fingerprint = base64.b64encode(hashlib.sha256(blob).digest()).decode().rstrip("=")
    return KeyFacts(
        kind=paramiko_key.get_name(),
        size_bits=paramiko_key.get_bits(),
        fingerprint=f"SHA256:{fingerprint}",
        public_line=f"{paramiko_key.get_name()} {paramiko_key.get_base64()}",
    )


def _as_paramiko(key: _PrivateKey) -> paramiko.PKey:
    kinds: dict[type, type[paramiko.PKey]] = {
        rsa.RSAPrivateKey: paramiko.RSAKey,
        ec.EllipticCurvePrivateKey: paramiko.ECDSAKey,
        ed25519.Ed25519PrivateKey: paramiko.Ed25519Key,
    }
    reader = next(reader for kind, reader in kinds.items() if isinstance(key, kind))
    try:
        # Said again in OpenSSH's form, in memory: paramiko does not read PKCS#8. Curves that SSH does not
        # know fail here.
        plain = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
        )
        return reader.from_private_key(io.StringIO(plain.decode()))
    except (paramiko.SSHException, ValueError):
        raise BadInput(_GARBAGE, _FIELD) from None
