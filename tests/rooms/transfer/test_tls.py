"""Who a server is by TLS: each way in which a certificate is not trusted, and what is no TLS at all."""

import ssl
from collections.abc import Callable
from pathlib import Path

import pytest

from engine.base.errors import Category, GiveUp, MendCredentials
from engine.transfer.ftp import FtpTransport
from engine.transfer.tls import Context
from engine.transfer.transport import Place
from storage.records.connections import Secrets
from tests.fakes.authority import Authority, Certificate
from tests.fakes.ftp_server import FtpServer


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "served"
    made.mkdir()
    return made


def _at(server: FtpServer, authorities: str, host_key: str = "", host: str = FtpServer.host) -> FtpTransport:
    place = Place(host, server.port, server.username, host_key, authorities=authorities)
    return FtpTransport(place, Secrets(password=server.password))


@pytest.mark.fault(62)
@pytest.mark.parametrize(
    ("make", "words"),
    [
        (Authority.self_signed, "was signed by itself, not by an authority that is trusted here"),
        (Authority.expired, "has expired"),
        (Authority.not_yet_valid, "is not valid yet"),
        (Authority.for_another_name, "is for another name than 127.0.0.1"),
    ],
    ids=["self-signed", "expired", "early", "other name"],
)
def test_a_certificate_that_is_not_trusted_is_refused_before_any_password(
    authority: Authority, folder: Path, make: Callable[[Authority], Certificate], words: str
) -> None:
    certificate = make(authority)
    with FtpServer(folder, certificate.path) as server:
        # when
        failed = _at(server, str(authority.path)).test("/")[-1]
        # then
        assert (failed.name, failed.ok) == ("certificate", False)
        assert f"{words}, and no credential was sent" in failed.said
        with pytest.raises(MendCredentials) as caught:
            _at(server, str(authority.path)).list_folder("/")
        assert caught.value.category is Category.HOST_KEY
        assert "USER" not in server.commands
        # and it can be pinned
        assert _at(server, "", host_key=certificate.fingerprint).list_folder("/").files == ()


@pytest.mark.fault(62)
def test_an_authority_that_nobody_named_is_not_trusted(authority: Authority, folder: Path) -> None:
    with FtpServer(folder, authority.good().path) as server:
        with pytest.raises(MendCredentials, match="signed by an authority that is not trusted here"):
            _at(server, "").list_folder("/")
        other = Authority(folder.parent, "Another Authority")
        with pytest.raises(MendCredentials, match="signed by an authority that is not trusted here"):
            _at(server, str(other.path)).list_folder("/")
        assert _at(server, str(authority.path), host="localhost").list_folder("/").files == ()


def test_authorities_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    (tmp_path / "broken.pem").write_text("nothing")
    for name in ("broken.pem", "missing.pem"):
        place = Place("127.0.0.1", 1, "shop", "", authorities=str(tmp_path / name))
        with pytest.raises(GiveUp, match=rf"{name} cannot be read; correct network.authorities"):
            Context(place, lambda opened: opened)


def test_nothing_older_than_tls_1_2_is_spoken(tmp_path: Path) -> None:
    del tmp_path
    context = Context(Place("127.0.0.1", 1, "shop", ""), lambda opened: opened)
    assert context.minimum_version is ssl.TLSVersion.TLSv1_2
    assert (context.check_hostname, context.verify_mode) == (True, ssl.CERT_REQUIRED)
