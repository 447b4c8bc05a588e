"""What partners sign in to us with: how random it is, which public keys are taken, and what is kept of a password."""

import math

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, rsa

from engine.base.errors import BadInput
from engine.security import provisioning

OPENSSH = (serialization.Encoding.OpenSSH, serialization.PublicFormat.OpenSSH)
PKCS8 = (serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
KEYS: dict[str, rsa.RSAPrivateKey | ed25519.Ed25519PrivateKey | ec.EllipticCurvePrivateKey] = {
    "ssh-rsa": rsa.generate_private_key(65_537, 2048),
    "ssh-ed25519": ed25519.Ed25519PrivateKey.generate(),
    "ecdsa-sha2-nistp256": ec.generate_private_key(ec.SECP256R1()),
}


@pytest.mark.promise("W20")
def test_a_password_has_at_least_128_random_bits() -> None:
    # when
    made = {provisioning.new_password() for _ in range(1_000)}
    # then: no two alike, and 32 characters of 64 kinds
    assert len(made) == 1_000
    assert {len(password) for password in made} == {32}
    alphabet = set("".join(made))
    assert len(alphabet) == 64
    assert 32 * math.log2(len(alphabet)) >= 128


@pytest.mark.promise("W24")
def test_addresses_and_user_names_are_never_alike() -> None:
    assert len({provisioning.new_address() for _ in range(1_000)}) == 1_000
    assert len({provisioning.new_username("Shop") for _ in range(1_000)}) == 1_000
    assert provisioning.new_username("Ünits: NL").startswith("nitsnl-")
    assert provisioning.new_username("大口").startswith("partner-")


@pytest.mark.promise("W21")
@pytest.mark.parametrize("form", [OPENSSH, PKCS8])
@pytest.mark.parametrize("kind", list(KEYS))
def test_three_kinds_of_public_key_are_taken_in_both_forms(
    kind: str, form: tuple[serialization.Encoding, serialization.PublicFormat]
) -> None:
    # given
    text = KEYS[kind].public_key().public_bytes(*form).decode()
    line = KEYS[kind].public_key().public_bytes(*OPENSSH).decode()
    # then: its comment is not kept
    assert provisioning.public_line(text) == line
    assert line.split(" ")[0] == kind
    assert provisioning.public_line(f"{line} ana@laptop\n") == line


@pytest.mark.promise("W21")
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("", "Paste the public key; it begins with ssh-."),
        (provisioning.new_pair("x")[0], "This is a private key. Paste the public one, it begins with ssh-."),
        ("PuTTY-User-Key-File-3: ssh-ed25519", "This is a private key. Paste the public one, it begins with ssh-."),
        ("ssh-ed25519 AAAA", "This is no public key that can be read; paste the whole line, from ssh- to the end."),
        ("x" * 100_000, "This is too long for a public key; paste one line that begins with ssh-."),
    ],
)
def test_what_is_no_public_key_is_refused_with_a_sentence_that_helps(text: str, sentence: str) -> None:
    with pytest.raises(BadInput) as refusal:
        provisioning.public_line(text)
    assert str(refusal.value) == sentence
    assert refusal.value.field == "public_key"


@pytest.mark.parametrize(
    "key",
    [
        rsa.generate_private_key(65_537, 1024),  # noqa: S505 - refused below
        dsa.generate_private_key(2048),
        ec.generate_private_key(ec.SECP256K1()),
    ],
)
def test_keys_that_are_too_short_or_of_another_kind_are_refused(
    key: rsa.RSAPrivateKey | dsa.DSAPrivateKey | ec.EllipticCurvePrivateKey,
) -> None:
    with pytest.raises(BadInput):
        provisioning.public_line(key.public_key().public_bytes(*PKCS8).decode())


@pytest.mark.promise("W27")
def test_of_a_password_only_a_salted_hash_is_kept() -> None:
    # given
    password = provisioning.new_password()
    first, second = provisioning.hash_password(password), provisioning.hash_password(password)
    # then
    assert password not in first
    assert first != second
    assert provisioning.is_password(password, first)
    assert provisioning.is_password(password, second)
    assert not provisioning.is_password(password + "x", first)
    assert not provisioning.is_password(password, "")
    with pytest.raises(BadInput, match="at least 22 characters"):
        provisioning.hash_password("a" * 21)


def test_a_pair_made_here_fits_together() -> None:
    # when
    private, public = provisioning.new_pair("Drop box: NL")
    # then
    key = serialization.load_ssh_private_key(private.encode(), None)
    line = key.public_key().public_bytes(*OPENSSH).decode()
    assert provisioning.public_line(public) == line
    assert public.endswith(" Drop-box-NL")
    assert provisioning.fingerprint(line).startswith("SHA256:")
