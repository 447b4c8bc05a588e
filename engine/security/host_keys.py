"""Makes the keys by which the hosted SFTP server proves who it is."""

from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa

_RSA_BITS = 3072
FILES = {"sftp_host_key": "ssh_host_ed25519_key", "sftp_host_key_rsa": "ssh_host_rsa_key"}
"""Files of the keys by the names under which ctl.identity holds their fingerprints; the first is shown to people."""


def make_ed25519() -> tuple[str, str]:
    """Return a key as the text of an OpenSSH file, and its public line; every client of today takes it."""
    return _texts(ed25519.Ed25519PrivateKey.generate())


def make_rsa() -> tuple[str, str]:
    """Return an RSA key of 3072 bits likewise, for clients that know no other kind."""
    return _texts(rsa.generate_private_key(public_exponent=65537, key_size=_RSA_BITS))


def public_line(private: str) -> str:
    """Return the public line of such a file.

    Raises:
        ValueError: It is no such key.
    """
    return _line(serialization.load_ssh_private_key(private.encode(), None))


def _texts(key: ed25519.Ed25519PrivateKey | rsa.RSAPrivateKey) -> tuple[str, str]:
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.OpenSSH, serialization.NoEncryption()
    )
    return private.decode(), _line(key)


def _line(key: serialization.SSHPrivateKeyTypes) -> str:
    public = key.public_key()
    return public.public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH).decode()
