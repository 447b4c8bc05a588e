"""Private keys that people upload: every form that servers take, and a sentence for each that they do not."""

import base64
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from engine.base.errors import BadInput
from engine.security.keys import check_private_key

PEM = serialization.Encoding.PEM
FORMS = {
    "openssh": serialization.PrivateFormat.OpenSSH,
    "pem": serialization.PrivateFormat.TraditionalOpenSSL,
    "pkcs8": serialization.PrivateFormat.PKCS8,
}
PASSPHRASE = "open sesame"
PrivateKey = rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey | dsa.DSAPrivateKey
RSA_2048 = rsa.generate_private_key(65537, 2048)
RSA_1024 = rsa.generate_private_key(65537, 1024)  # noqa: S505 - too short on purpose
DSA_1024 = dsa.generate_private_key(1024)  # noqa: S505 - too old on purpose
KINDS: dict[str, rsa.RSAPrivateKey | ec.EllipticCurvePrivateKey | ed25519.Ed25519PrivateKey] = {
    "ssh-rsa": RSA_2048,
    "ecdsa-sha2-nistp256": ec.generate_private_key(ec.SECP256R1()),
    "ssh-ed25519": ed25519.Ed25519PrivateKey.generate(),
}


def written(key: PrivateKey, form: str, passphrase: str = "") -> str:
    locked: serialization.KeySerializationEncryption = serialization.NoEncryption()
    if passphrase:
        locked = serialization.BestAvailableEncryption(passphrase.encode())
    return key.private_bytes(PEM, FORMS[form], locked).decode()


@pytest.mark.parametrize("passphrase", ["", PASSPHRASE])
@pytest.mark.parametrize(
    ("kind", "form"),
    [(kind, form) for kind in KINDS for form in FORMS if (kind, form) != ("ssh-ed25519", "pem")],
)
def test_every_kind_and_form_of_key_is_read_and_named(kind: str, form: str, passphrase: str) -> None:
    # when
    facts = check_private_key(written(KINDS[kind], form, passphrase), passphrase or None)
    # then
    public = KINDS[kind].public_key().public_bytes(serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
    assert facts.kind == kind
    assert facts.public_line == public.decode()


def test_the_fingerprint_is_the_one_that_ssh_keygen_prints(tmp_path: Path) -> None:
    # given
    path = tmp_path / "key"
    subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", str(path)], check=True)
    printed = subprocess.run(["ssh-keygen", "-l", "-f", str(path)], check=True, capture_output=True, text=True).stdout
    # when
    facts = check_private_key(path.read_text(), None)
    # then
    assert facts.fingerprint == printed.split()[1]
    assert facts.size_bits == 256


def test_a_passphrase_that_was_not_needed_does_no_harm() -> None:
    assert check_private_key(written(RSA_2048, "pkcs8"), PASSPHRASE).size_bits == 2048


REFUSED = {
    "wrong passphrase": (written(RSA_2048, "openssh", PASSPHRASE), "wrong", "does not open", "passphrase"),
    "passphrase missing": (written(RSA_2048, "openssh", PASSPHRASE), None, "locked by a passphrase", "passphrase"),
    "DSA": (written(DSA_1024, "pem"), None, "DSA", "private_key"),
    "PPK": ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", None, "PuTTY", "private_key"),
    "public": ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIBvu ana@home", None, "public key", "private_key"),
    "RSA 1024": (written(RSA_1024, "openssh"), None, "1024 bits", "private_key"),
    "garbage": ("-----BEGIN OPENSSH PRIVATE KEY-----\nAAAA\n-----END OPENSSH PRIVATE KEY-----", None, "no private", ""),
}


@pytest.mark.fault(61)
@pytest.mark.parametrize("case", REFUSED)
def test_each_unusable_key_has_its_own_sentence(case: str) -> None:
    text, passphrase, words, field = REFUSED[case]
    with pytest.raises(BadInput) as refusal:
        check_private_key(text, passphrase)
    assert words in str(refusal.value)
    assert refusal.value.field == (field or "private_key")


@pytest.mark.fault(61)
def test_no_two_of_these_sentences_are_alike() -> None:
    sentences = set()
    for text, passphrase, _, _ in REFUSED.values():
        with pytest.raises(BadInput) as refusal:
            check_private_key(text, passphrase)
        sentences.add(str(refusal.value))
    assert len(sentences) == len(REFUSED)


@pytest.mark.fault(61)
@pytest.mark.parametrize("form", ["pem", "pkcs8"])
def test_a_wrong_or_missing_passphrase_is_told_apart_in_every_form(form: str) -> None:
    text = written(RSA_2048, form, PASSPHRASE)
    with pytest.raises(BadInput, match="does not open"):
        check_private_key(text, "wrong")
    with pytest.raises(BadInput, match="locked by a passphrase"):
        check_private_key(text, "")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "hello",
        "-----BEGIN RSA PRIVATE KEY-----\n\n-----END RSA PRIVATE KEY-----",
        written(ec.generate_private_key(ec.SECP256K1()), "pem"),
        "x" * 70_000,
        "\x00\udcff",
    ],
)
def test_what_is_no_usable_key_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(BadInput, match="no private key that can be read"):
        check_private_key(text, None)


@pytest.mark.parametrize("form", ["openssh", "pkcs8"])
def test_a_dsa_key_is_named_in_its_other_forms_too(form: str) -> None:
    with pytest.raises(BadInput, match="DSA"):
        check_private_key(written(DSA_1024, form) if form == "pkcs8" else _openssh_dsa(), None)


def _openssh_dsa() -> str:
    # What ssh-keygen of old wrote: the magic, no cipher, and the name of the kind somewhere behind it.
    blob = b"openssh-key-v1\0\0\0\0\x04none\0\0\0\x04none\0\0\0\0\0\0\0\x01\0\0\0\x0b\0\0\0\x07ssh-dss"
    body = base64.b64encode(blob).decode()
    return f"-----BEGIN OPENSSH PRIVATE KEY-----\n{body}\n-----END OPENSSH PRIVATE KEY-----\n"
