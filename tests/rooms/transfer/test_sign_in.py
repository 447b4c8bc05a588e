"""Signing in by password and by key, and what people read where a server refuses."""

from dataclasses import replace

import pytest
from cryptography.hazmat.primitives.asymmetric import dsa, rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from engine.base.errors import Category, GiveUp, MendCredentials
from storage.records.connections import Secrets
from tests.fakes.openssh import OpenSSH
from tests.rooms.transfer.conftest import Reach


@pytest.mark.promise("T05")
def test_wrong_password_is_tried_once_and_named(sftp_server: OpenSSH, reach: Reach) -> None:
    with pytest.raises(MendCredentials, match="refused the password of") as caught:
        reach(sftp_server, Secrets(password="wrong")).list_folder(sftp_server.absolute_folder)
    assert caught.value.category is Category.CREDENTIALS
    assert "wrong" not in str(caught.value)
    assert len([line for line in sftp_server.auth_attempts() if line.startswith("Failed password")]) == 1


def test_server_that_asks_by_keyboard_interactive_gets_the_password(reach: Reach) -> None:
    asks_itself = "KbdInteractiveAuthentication yes\nUsePAM yes\n"
    with OpenSSH(extra_config=asks_itself, accepts_passwords=False) as server:
        assert reach(server).list_folder(server.absolute_folder).files == ()


@pytest.mark.promise("T05")
@pytest.mark.parametrize(("kind", "bits"), [("ed25519", None), ("rsa", 2048), ("ecdsa", 256)])
def test_private_key_signs_in(sftp_server: OpenSSH, reach: Reach, kind: str, bits: int | None) -> None:
    secrets = Secrets(private_key=sftp_server.add_key(kind, bits))
    assert reach(sftp_server, secrets).list_folder(sftp_server.absolute_folder).files == ()


@pytest.mark.promise("T05")
def test_server_that_wants_the_key_and_the_password_gets_both(reach: Reach) -> None:
    with OpenSSH(extra_config="AuthenticationMethods publickey,password") as server:
        both = Secrets(password=server.password, private_key=server.private_key)
        assert reach(server, both).list_folder(server.absolute_folder).files == ()
        for lacking, said in (
            (replace(both, password=None), "refused the private key of"),
            (replace(both, private_key=None), "refused the password of"),
            (replace(both, password="wrong"), "refused the private key and password of"),
        ):
            with pytest.raises(MendCredentials, match=said):
                reach(server, lacking).list_folder(server.absolute_folder)


@pytest.mark.promise("T05")
@pytest.mark.fault(61)
def test_locked_key_opens_with_its_passphrase_alone(sftp_server: OpenSSH, reach: Reach) -> None:
    right = Secrets(private_key=sftp_server.add_key("ed25519", passphrase="open sesame"), passphrase="open sesame")
    assert reach(sftp_server, right).list_folder(sftp_server.absolute_folder).files == ()
    attempts = len(sftp_server.auth_attempts())
    for secrets, sentence in (
        (replace(right, passphrase="wrong"), "The passphrase does not open the private key"),
        (replace(right, passphrase=None), "The private key is locked with a passphrase"),
    ):
        with pytest.raises(MendCredentials, match=sentence) as caught:
            reach(sftp_server, secrets).list_folder(sftp_server.absolute_folder)
        assert caught.value.category is Category.CREDENTIALS
    assert len(sftp_server.auth_attempts()) == attempts


def _text(key: "rsa.RSAPrivateKey | dsa.DSAPrivateKey") -> str:
    return key.private_bytes(Encoding.PEM, PrivateFormat.TraditionalOpenSSL, NoEncryption()).decode()


@pytest.mark.fault(61)
@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAI shop@example", "the public half of a key"),
        ("PuTTY-User-Key-File-3: ssh-ed25519\nEncryption: none\n", "PuTTY's own format"),
        ("-----BEGIN OPENSSH PRIVATE KEY-----\nbm9uc2Vuc2U=\n-----END OPENSSH PRIVATE KEY-----", "cannot be read"),
        ("my password", "cannot be read"),
    ],
)
def test_text_that_is_no_private_key_is_named(sftp_server: OpenSSH, reach: Reach, text: str, sentence: str) -> None:
    with pytest.raises(MendCredentials, match=sentence):
        reach(sftp_server, Secrets(private_key=text)).list_folder(sftp_server.absolute_folder)


@pytest.mark.fault(61)
def test_weak_keys_are_refused_by_us(sftp_server: OpenSSH, reach: Reach) -> None:
    short = rsa.generate_private_key(public_exponent=65537, key_size=1024)  # noqa: S505 - weak on purpose
    dead = dsa.generate_private_key(key_size=1024)  # noqa: S505 - the same
    for key, kind in ((short, "RSA with 1,024 bits"), (dead, "DSA")):
        with pytest.raises(MendCredentials, match=f"Keys of the kind {kind} are no longer safe"):
            reach(sftp_server, Secrets(private_key=_text(key))).list_folder(sftp_server.absolute_folder)
    assert sftp_server.auth_attempts() == []


def test_key_that_the_server_does_not_know_is_named(sftp_server: OpenSSH, reach: Reach) -> None:
    with OpenSSH() as other, pytest.raises(MendCredentials, match="refused the private key of"):
        reach(sftp_server, Secrets(private_key=other.private_key)).list_folder(sftp_server.absolute_folder)


@pytest.mark.parametrize(
    ("folder", "sentence"),
    [
        ("/no/such/folder", "The server has no folder /no/such/folder"),
        ("/root", "may not list the folder /root"),
        ("/etc/hostname", "/etc/hostname on the server is a file, not a folder"),
    ],
)
def test_folder_that_cannot_be_listed_is_named(sftp_server: OpenSSH, reach: Reach, folder: str, sentence: str) -> None:
    with pytest.raises(GiveUp, match=sentence) as caught:
        reach(sftp_server).list_folder(folder)
    assert caught.value.category is Category.FOLDER


def test_server_without_sftp_is_named(reach: Reach) -> None:
    with OpenSSH(extra_config="ForceCommand /bin/false") as server, pytest.raises(GiveUp, match="offers no SFTP"):
        reach(server).list_folder(server.absolute_folder)
