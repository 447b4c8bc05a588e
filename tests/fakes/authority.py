"""Certificates for servers of tests: good, self-signed, expired, for another name, and of an authority nobody knows."""

import base64
import hashlib
import ipaddress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

_DAYS_PAST = timedelta(days=30)
_DAYS_AHEAD = timedelta(days=300)


@dataclass(frozen=True)
class Certificate:
    """A certificate with its key: one PEM file for both, and the digest as we write it."""

    path: Path
    fingerprint: str


class Authority:
    """A certificate authority that lives for a test; `path` is its own certificate, for those who trust it."""

    def __init__(self, folder: Path, name: str = "Test Authority") -> None:
        """Make it; its files lie in the folder."""
        self._folder = folder
        self._name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        self._key = ec.generate_private_key(ec.SECP256R1())
        self.path = folder / f"{name.replace(' ', '-')}.pem"
        made = (
            _begun(self._name, self._name, self._key, (-_DAYS_PAST, _DAYS_AHEAD))
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(self._key, hashes.SHA256())
        )
        self.path.write_bytes(made.public_bytes(serialization.Encoding.PEM))

    def good(self) -> Certificate:
        """Make one for 127.0.0.1 and localhost that is valid now."""
        return self._signed("good", "127.0.0.1", "localhost")

    def expired(self) -> Certificate:
        """Make one that was valid until yesterday."""
        return self._signed("expired", "127.0.0.1", days=(-_DAYS_PAST, -timedelta(days=1)))

    def not_yet_valid(self) -> Certificate:
        """Make one that is valid from tomorrow on."""
        return self._signed("early", "127.0.0.1", days=(timedelta(days=1), _DAYS_AHEAD))

    def for_another_name(self) -> Certificate:
        """Make one for a server of another name."""
        return self._signed("other", "files.example.com")

    def self_signed(self) -> Certificate:
        """Make one for the right name that nobody but itself signed."""
        key = ec.generate_private_key(ec.SECP256R1())
        name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "alone")])
        begun = _begun(name, name, key, (-_DAYS_PAST, _DAYS_AHEAD))
        return self._written("alone", _for(begun, ("127.0.0.1",)).sign(key, hashes.SHA256()), key)

    def _signed(
        self, file: str, *names: str, days: tuple[timedelta, timedelta] = (-_DAYS_PAST, _DAYS_AHEAD)
    ) -> Certificate:
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, file)])
        made = _for(_begun(subject, self._name, key, days), names).sign(self._key, hashes.SHA256())
        return self._written(file, made, key)

    def _written(self, file: str, made: x509.Certificate, key: ec.EllipticCurvePrivateKey) -> Certificate:
        path = self._folder / f"{file}.pem"
        secret = key.private_bytes(
            serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
        )
        path.write_bytes(secret + made.public_bytes(serialization.Encoding.PEM))
        path.chmod(0o600)
        digest = hashlib.sha256(made.public_bytes(serialization.Encoding.DER)).digest()
        return Certificate(path, "SHA256:" + base64.b64encode(digest).decode().rstrip("="))


def _begun(
    subject: x509.Name, issuer: x509.Name, key: ec.EllipticCurvePrivateKey, days: tuple[timedelta, timedelta]
) -> x509.CertificateBuilder:
    now = datetime.now(UTC)
    return (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(issuer)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now + days[0])
        .not_valid_after(now + days[1])
    )


def _for(begun: x509.CertificateBuilder, names: tuple[str, ...]) -> x509.CertificateBuilder:
    said = [x509.IPAddress(ipaddress.ip_address(name)) if name[0].isdigit() else x509.DNSName(name) for name in names]
    return begun.add_extension(x509.SubjectAlternativeName(said), critical=False)
