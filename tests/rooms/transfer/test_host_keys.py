"""Whom we talk to is proved before anything secret is sent."""

from pathlib import Path
from typing import Any

import pytest

from engine.base.errors import Category, GiveUp, MendCredentials, TryAgain
from storage.records.files import HostKey
from tests.fakes.asyncssh_server import AsyncsshServer
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.openssh import OpenSSH
from tests.rooms.transfer.conftest import Reach

# some servers know nothing newer, and cryptography says so
pytestmark = pytest.mark.filterwarnings("ignore:Diffie-Hellman over finite fields")


@pytest.mark.promise("T14")
def test_host_key_is_shown_as_ssh_keygen_prints_it(sftp_server: OpenSSH, reach: Reach) -> None:
    assert reach(sftp_server, host_key="").host_key() == HostKey("ssh-ed25519", sftp_server.fingerprint)
    assert sftp_server.auth_attempts() == []


@pytest.mark.promise("T14")
@pytest.mark.fault(59)
def test_changed_host_key_stops_before_any_credential_is_sent(two_key_server: OpenSSH, reach: Reach) -> None:
    # given
    server = two_key_server
    confirmed = server.fingerprint
    reach(server).list_folder(server.absolute_folder)
    server.change_host_key()
    before = len(server.auth_attempts())
    # when
    with pytest.raises(MendCredentials) as caught:
        reach(server, host_key=confirmed).list_folder(server.absolute_folder)
    # then
    assert caught.value.category is Category.HOST_KEY
    assert confirmed in str(caught.value)
    assert server.fingerprint in str(caught.value)
    reach(server).list_folder(server.absolute_folder)  # an honest sign-in, so that the log is known to be written
    assert [line.split(" for ")[0] for line in server.auth_attempts()[before:]] == ["Accepted password"]


@pytest.mark.fault(59)
def test_impostor_never_hears_the_password(tmp_path: Path, reach: Reach) -> None:
    with AsyncsshServer(tmp_path) as impostor:
        with pytest.raises(MendCredentials, match="has changed"):
            reach(impostor, host_key="SHA256:of-the-true-server").list_folder("/")
        assert impostor.passwords_seen == []
        reach(impostor).list_folder("/")
        assert impostor.passwords_seen == [impostor.password]


@pytest.mark.fault(58)
def test_host_key_that_nobody_confirmed_stops_and_is_shown(sftp_server: OpenSSH, reach: Reach) -> None:
    with pytest.raises(MendCredentials, match="Host key not confirmed") as caught:
        reach(sftp_server, host_key="").list_folder(sftp_server.absolute_folder)
    assert caught.value.category is Category.HOST_KEY
    assert sftp_server.fingerprint in str(caught.value)
    assert sftp_server.auth_attempts() == []


@pytest.mark.promise("T14")
def test_confirmed_key_of_another_kind_than_the_preferred_one_is_found(two_key_server: OpenSSH, reach: Reach) -> None:
    server = two_key_server
    listing = reach(server, host_key=server.fingerprint_of("rsa")).list_folder(server.absolute_folder)
    assert listing.files == ()


def test_what_is_trusted_in_the_home_folder_counts_for_nothing(
    sftp_server: OpenSSH, reach: Reach, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setenv("HOME", str(tmp_path))
    (tmp_path / ".ssh").mkdir()
    public_key = sftp_server.public_host_key("ed25519")
    trusted = tmp_path / ".ssh" / "known_hosts"
    trusted.write_text(f"[127.0.0.1]:{sftp_server.port} {public_key}\n127.0.0.1 {public_key}\n* {public_key}\n")
    # when, then
    with pytest.raises(MendCredentials, match="has changed"):
        reach(sftp_server, host_key="SHA256:other").list_folder(sftp_server.absolute_folder)
    assert sftp_server.auth_attempts() == []


_OUTDATED = pytest.mark.parametrize(
    "outdated",
    [
        {"kex_algs": ["diffie-hellman-group14-sha1"]},
        {"mac_algs": ["hmac-sha1"], "encryption_algs": ["aes128-cbc"]},
    ],
    ids=["key exchange", "cipher"],
)


@pytest.mark.fault(60)
@_OUTDATED
def test_server_with_outdated_algorithms_is_too_old(tmp_path: Path, reach: Reach, outdated: dict[str, Any]) -> None:
    with AsyncsshServer(tmp_path, key_kind="ssh-rsa", **outdated) as server:
        with pytest.raises(GiveUp, match="only outdated encryption") as caught:
            reach(server).list_folder("/")
        assert caught.value.category is Category.SERVER_TOO_OLD
        assert "network.old_sftp_servers" in str(caught.value)
        with pytest.raises(GiveUp, match="only outdated encryption"):
            reach(server).host_key()
        assert server.passwords_seen == []


@pytest.mark.fault(60)
@_OUTDATED
def test_outdated_server_is_spoken_to_where_an_administrator_lets_it(
    tmp_path: Path, reach: Reach, outdated: dict[str, Any]
) -> None:
    with AsyncsshServer(tmp_path, key_kind="ssh-rsa", **outdated) as server:
        old = reach(server, may_be_old=True)
        assert old.host_key().fingerprint == server.fingerprint
        assert old.list_folder("/").files == ()
        with pytest.raises(MendCredentials, match="has changed"):
            reach(server, may_be_old=True, host_key="SHA256:other").list_folder("/")


@pytest.mark.fault(60)
def test_openssh_that_signs_with_sha_1_alone_is_spoken_to_where_an_administrator_lets_it(reach: Reach) -> None:
    with OpenSSH(("rsa",), extra_config="HostKeyAlgorithms ssh-rsa") as server:
        assert reach(server, may_be_old=True).list_folder(server.absolute_folder).files == ()


@pytest.mark.fault(60)
def test_openssh_that_signs_with_sha_1_alone_is_too_old(reach: Reach) -> None:
    with OpenSSH(("rsa",), extra_config="HostKeyAlgorithms ssh-rsa") as server:
        with pytest.raises(GiveUp, match="only outdated encryption") as caught:
            reach(server).list_folder(server.absolute_folder)
        assert caught.value.category is Category.SERVER_TOO_OLD
        assert server.auth_attempts() == []


def test_server_that_hangs_up_is_not_called_too_old(sftp_server: OpenSSH, reach: Reach) -> None:
    with (
        CuttingProxy(sftp_server.port, cut_after_bytes=300) as proxy,
        pytest.raises(TryAgain, match="ended the connection before showing its host key"),
    ):
        reach(sftp_server, port=proxy.port).list_folder(sftp_server.absolute_folder)
