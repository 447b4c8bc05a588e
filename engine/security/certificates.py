"""Makes the certificate that the hosted FTPS and mail endpoints show, and judges one that an administrator brings."""

import base64
import binascii
import hashlib
import ipaddress
import re
import ssl
from datetime import timedelta
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

from engine.base import clock, limits

_BEGIN = "-----BEGIN CERTIFICATE-----"
_BLOCK = re.compile(_BEGIN + r"(.+?)-----END CERTIFICATE-----", re.DOTALL)
_COMMON_NAME_CHARACTERS_MAX = 64


def make(name: str, address: str) -> tuple[str, str]:
    """Return a certificate that signs itself and its private key, both PEM, for this name and this address.

    The key is RSA of 2048 bits: of all kinds it is the one that old FTPS clients know too.
    """
    key = rsa.generate_private_key(public_exponent=65537, key_size=limits.RSA_KEY_BITS_MIN)
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name[:_COMMON_NAME_CHARACTERS_MAX] or "handoff")])
    now = clock.now()
    builder = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        # A day back, for partners whose clock is late.
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=limits.CERTIFICATE_DAYS))
        .add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
        .add_extension(x509.SubjectKeyIdentifier.from_public_key(key.public_key()), critical=False)
        .add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH]), critical=False)
    )
    names = _general_names(name, address)
    if names:
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
    certificate = builder.sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    return certificate.public_bytes(serialization.Encoding.PEM).decode(), private.decode()


def fingerprint(pem: str) -> str:
    """Return "SHA256:<base64>" of the first certificate of a PEM text, the form that host keys have too; "" for none.

    `openssl x509 -outform DER | openssl dgst -sha256 -binary | base64` gives the same, with "=" at its end.
    """
    found = _BLOCK.search(pem)
    if found is None:
        return ""
    try:
        der = base64.b64decode("".join(found[1].split()), validate=True)
    except binascii.Error:
        return ""
    return "SHA256:" + base64.b64encode(hashlib.sha256(der).digest()).decode().rstrip("=")


def problem(certificate_path: Path, key_path: Path) -> str | None:
    """Say in one sentence why these two PEM files cannot serve TLS, None where they can."""
    texts = {}
    for path in (certificate_path, key_path):
        try:
            texts[path] = path.read_text(encoding="ascii", errors="replace")
        except OSError as error:
            return f"{path} cannot be read ({error.strerror}); correct its place or its permissions in settings.yaml."
    if not fingerprint(texts[certificate_path]):
        return f"{certificate_path} holds no certificate; it should begin with {_BEGIN}."
    try:
        certificate = x509.load_pem_x509_certificate(texts[certificate_path].encode())
    except (ValueError, UnsupportedAlgorithm):
        return f"{certificate_path} holds no certificate that can be read; bring the PEM file of your authority."
    wrong_key = _key_problem(key_path, texts[key_path], certificate)
    if wrong_key is not None:
        return wrong_key
    if certificate.not_valid_after_utc.replace(tzinfo=None) <= clock.now():
        return f"The certificate in {certificate_path} has expired; renew it."
    try:
        # The last word has OpenSSL: it refuses keys and signatures that no client of today takes.
        ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER).load_cert_chain(certificate_path, key_path)
    except (ssl.SSLError, OSError):
        return f"TLS cannot serve the certificate in {certificate_path}; bring one with RSA of 2048 bits and SHA-256."
    return None


def _key_problem(path: Path, text: str, certificate: x509.Certificate) -> str | None:
    try:
        key = serialization.load_pem_private_key(text.encode(), password=None)
    except TypeError:
        return f"The key in {path} is locked by a passphrase; give it without one."
    except (ValueError, UnsupportedAlgorithm):
        return f"{path} holds no private key that can be read; bring the PEM file that belongs to the certificate."
    form = (serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo)
    if key.public_key().public_bytes(*form) != certificate.public_key().public_bytes(*form):
        return f"The key in {path} does not belong to the certificate; bring the two that were made together."
    return None


def _general_names(name: str, address: str) -> list[x509.GeneralName]:
    found: list[x509.GeneralName] = []
    for text in dict.fromkeys((name, address)):
        try:
            found.append(x509.IPAddress(ipaddress.ip_address(text)))
        except ValueError:
            try:
                # What is no ASCII is said in its ACE form, as DNS does.
                found.append(x509.DNSName(text.encode("idna").decode()))
            except (UnicodeError, ValueError):
                continue
    return [item for item in found if item.value]
