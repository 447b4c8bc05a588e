"""Hosted FTPS on the wire: who is let in, what is offered, and where a session ends."""

import contextlib
import ftplib
import socket
import ssl
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base import limits
from engine.endpoints.ftp import FtpEndpoint
from tests.fakes.ftp_client import answer, got, put, signed_in
from tests.fakes.hosted import PASSWORD, HostedGround, account
from tests.fakes.service import wait_until


@pytest.fixture
def hosted(tmp_path: Path) -> HostedGround:
    found = HostedGround(tmp_path)
    found.set(account())
    return found


@pytest.fixture
def endpoint(hosted: HostedGround) -> Iterator[FtpEndpoint]:
    found = FtpEndpoint(hosted.ground)
    found.start()
    yield found
    found.stop()


def connected(endpoint: FtpEndpoint) -> ftplib.FTP:
    client = ftplib.FTP()  # noqa: S321 - to ourselves
    client.connect("127.0.0.1", endpoint.port, timeout=20)
    return client


def greeting(endpoint: FtpEndpoint, source: str = "127.0.0.1") -> bytes:
    """Return what a new connection hears first."""
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=20, source_address=(source, 0)) as wire:
        return wire.recv(100)


def secured(endpoint: FtpEndpoint, hosted: HostedGround) -> ftplib.FTP_TLS:
    """Return a client behind TLS that has not signed in."""
    client = ftplib.FTP_TLS(context=hosted.tls())  # noqa: S321 - FTPS, to ourselves
    client.connect("localhost", endpoint.port, timeout=20)
    client.auth()
    return client


@pytest.mark.fault(40)
def test_without_tls_nobody_is_asked_for_a_password(endpoint: FtpEndpoint, hosted: HostedGround) -> None:
    # given
    with connected(endpoint) as client:
        # when
        codes = [answer(client, command) for command in ("USER shop", f"PASS {PASSWORD}", "PASV", "LIST", "STAT /")]
    with secured(endpoint, hosted) as client:
        client.login("shop", PASSWORD)
        data = [answer(client, command) for command in ("PASV", "EPSV", "PORT 127,0,0,1,200,1", "PBSZ 0", "PROT C")]
    # then
    assert codes == ["550", "550", "530", "530", "530"]
    assert data == ["550", "550", "550", "200", "534"]


def test_plain_ftp_is_served_where_an_administrator_allows_it(tmp_path: Path) -> None:
    # given
    hosted = HostedGround(tmp_path, allow_plain_ftp=True)
    hosted.set(account())
    endpoint = FtpEndpoint(hosted.ground)
    endpoint.start()
    # when
    try:
        with signed_in(endpoint, hosted, is_secured=False) as client:
            put(client, "a.csv", b"plain\n")
            plain = got(client, "a.csv")
        with signed_in(endpoint, hosted) as client:
            over_tls = got(client, "a.csv")
    finally:
        endpoint.stop()
    # then
    assert plain == over_tls == b"plain\n"


@pytest.mark.fault(41)
@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_before_1_2_is_refused(endpoint: FtpEndpoint, hosted: HostedGround, version: ssl.TLSVersion) -> None:
    # given
    context = hosted.tls()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    client = ftplib.FTP_TLS(context=context)  # noqa: S321 - FTPS, to ourselves
    client.connect("localhost", endpoint.port, timeout=20)
    # when / then
    wire = client.sock
    with pytest.raises((ssl.SSLError, OSError, EOFError)):
        client.auth()
    client.close()
    assert wire is not None
    wire.close()


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3])
def test_tls_1_2_and_1_3_are_served(endpoint: FtpEndpoint, hosted: HostedGround, version: ssl.TLSVersion) -> None:
    # given
    context = hosted.tls()
    context.minimum_version = version
    client = ftplib.FTP_TLS(context=context)  # noqa: S321 - FTPS, to ourselves
    client.connect("localhost", endpoint.port, timeout=20)
    # when
    with client:
        said = client.login("shop", PASSWORD)
    # then
    assert said.startswith("230")


def test_what_was_said_in_the_clear_before_tls_counts_for_nothing(endpoint: FtpEndpoint, hosted: HostedGround) -> None:
    # given
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=20) as wire:
        wire.recv(100)
        # when
        wire.sendall(b"AUTH TLS\r\nUSER shop\r\nNOOP\r\n")
        assert wire.recv(1000).startswith(b"234")
        with hosted.tls().wrap_socket(wire, server_hostname="localhost") as inside:
            inside.sendall(b"PWD\r\n")
            first = inside.recv(1000)
    # then
    assert first.startswith(b"530")


@pytest.mark.parametrize("name", ["shop", "nobody", "anonymous", "root", "a" * 500])
def test_a_wrong_password_gets_the_same_answer_whoever_it_is_for(
    endpoint: FtpEndpoint, hosted: HostedGround, name: str
) -> None:
    # given
    with secured(endpoint, hosted) as client:
        # when
        asked = client.sendcmd(f"USER {name}")
        with pytest.raises(ftplib.error_perm) as refused:
            client.sendcmd("PASS wrong")
    # then
    assert asked == "331 Username ok, send password."
    assert str(refused.value) == "530 Wrong name or password."


def test_wrong_passwords_end_the_connection_and_then_ban_the_address(
    endpoint: FtpEndpoint, hosted: HostedGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(limits, "ENDPOINT_WRONG_LOGINS_MAX", limits.ENDPOINT_LOGIN_TRIES_MAX)
    with secured(endpoint, hosted) as client:
        # when
        said = []
        for _ in range(limits.ENDPOINT_LOGIN_TRIES_MAX):
            client.sendcmd("USER shop")
            with pytest.raises(ftplib.error_perm) as refused:
                client.sendcmd("PASS wrong")
            said.append(str(refused.value))
        with pytest.raises((EOFError, OSError)):
            client.sendcmd("NOOP")
    # then
    assert said[-1].endswith("Disconnecting.")
    assert hosted.guard.is_banned("127.0.0.1")
    assert greeting(endpoint).startswith(b"421")


@pytest.mark.fault(43)
@pytest.mark.parametrize(
    "command",
    [
        "PORT 127,0,0,1,0,22",
        "PORT 127,0,0,1,3,255",
        "PORT 10,0,0,1,200,1",
        "PORT 127,0,0,2,200,1",
        "PORT 169,254,169,254,200,1",
        "EPRT |1|127.0.0.1|22|",
        "EPRT |1|10.0.0.1|50000|",
        "EPRT |1|127.0.0.2|50000|",
        "EPRT |2|::1|50000|",
        "PORT 127,0,0,1,999,999",
        "PORT garbage",
        "EPRT garbage",
    ],
)
def test_a_data_connection_to_foreign_addresses_and_to_ports_of_services_is_refused(
    endpoint: FtpEndpoint, hosted: HostedGround, command: str
) -> None:
    # given
    with signed_in(endpoint, hosted) as client:
        # when
        code = answer(client, command)
        # then
        assert code in ("501", "522")
        assert answer(client, "NOOP") == "200"


@pytest.mark.fault(45)
@pytest.mark.parametrize(
    "command",
    [
        "SITE CHMOD 777 a.csv",
        "SITE EXEC /bin/sh",
        "SITE SYMLINK a b",
        "SITE UTIME 20200101000000 a.csv",
        "MFMT 20200101000000 a.csv",
        "STOU",
        "SITE HELP",
        "SMNT /",
        "XSHA a.csv",
    ],
)
def test_nothing_but_files_can_be_changed(endpoint: FtpEndpoint, hosted: HostedGround, command: str) -> None:
    # given
    with signed_in(endpoint, hosted) as client:
        put(client, "a.csv", b"x\n")
        before = client.sendcmd("MDTM a.csv")
        # when
        code = answer(client, command)
        # then
        assert code == "500"
        assert client.sendcmd("MDTM a.csv") == before


@pytest.mark.fault(46)
def test_passive_ports_that_are_used_up_are_said_and_come_back(tmp_path: Path) -> None:
    # given
    with socket.create_server(("127.0.0.1", 0)) as free:
        first = free.getsockname()[1]
    hosted = HostedGround(tmp_path, passive_ports=f"{first}-{first + 2}")
    hosted.set(account())
    endpoint = FtpEndpoint(hosted.ground)
    endpoint.start()
    try:
        clients = [signed_in(endpoint, hosted) for _ in range(5)]
        # when
        codes = [answer(client, "PASV") for _ in range(80) for client in clients]
        for client in clients:
            client.close()
        wait_until(lambda: hosted.guard.sessions("ftp") == 0, 10)
        # then
        assert set(codes) == {"227", "425"}
        with signed_in(endpoint, hosted) as client:
            put(client, "a.csv", b"x\n")
            assert got(client, "a.csv") == b"x\n"
    finally:
        endpoint.stop()


def test_a_passive_port_that_nobody_comes_to_is_closed(
    endpoint: FtpEndpoint, hosted: HostedGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr("engine.endpoints.ftp_data.PassivePort.timeout", 0.2)
    with signed_in(endpoint, hosted) as client:
        host, port = ftplib.parse227(client.sendcmd("PASV"))  # noqa: S321 - reads an answer
        # when
        late = client.getline()
    # then
    assert late.startswith("421")
    with pytest.raises(OSError):  # noqa: PT011 - refused, in the system's words
        socket.create_connection((host, port), timeout=5)


def test_a_login_that_is_taken_away_ends_its_session_and_a_new_password_too(
    endpoint: FtpEndpoint, hosted: HostedGround
) -> None:
    # given
    hosted.set(account(), account("other", credential_id="k2"))
    client = signed_in(endpoint, hosted)
    kept = signed_in(endpoint, hosted, user="other")
    wire = client.transfercmd("STOR a.csv")
    wire.sendall(b"x" * 10_000)
    # when
    hosted.set(account(version=2), account("other", credential_id="k2"))
    # then
    wait_until(lambda: hosted.guard.sessions("ftp") == 1, 5)
    assert answer(kept, "NOOP") == "200"
    hosted.set(account("other", credential_id="k2"))
    with secured(endpoint, hosted) as again, pytest.raises(ftplib.error_perm, match="530"):
        again.login("shop", PASSWORD)
    for connection in (wire, client, kept):
        connection.close()
    assert hosted.landed() == []


@pytest.mark.parametrize("said", [b"", b"AUTH T", b"AUTH TLS\r\n", b"AUTH TLS\r\n\x16\x03\x01"])
def test_who_falls_silent_before_signing_in_is_dropped(
    endpoint: FtpEndpoint, hosted: HostedGround, said: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(limits, "ENDPOINT_LOGIN_WAIT_S_MAX", 0.3)
    # when
    with socket.create_connection(("127.0.0.1", endpoint.port), timeout=20) as wire:
        wire.sendall(said)
        while wire.recv(1000):
            pass
    # then
    wait_until(lambda: hosted.guard.sessions("ftp") == 0, 10)


def test_who_only_talks_and_never_signs_in_is_dropped(
    endpoint: FtpEndpoint, hosted: HostedGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(limits, "ENDPOINT_SIGN_IN_WAIT_S_MAX", 0.5)
    with connected(endpoint) as client, contextlib.suppress(EOFError, OSError):
        # when
        while True:
            client.sendcmd("NOOP")
    # then
    wait_until(lambda: hosted.guard.sessions("ftp") == 0, 10)


def test_the_twenty_first_connection_of_one_address_is_told_to_come_later(
    endpoint: FtpEndpoint, hosted: HostedGround
) -> None:
    # given
    clients = [connected(endpoint) for _ in range(limits.ENDPOINT_SESSIONS_PER_ADDRESS_MAX)]
    # when
    refused, other = greeting(endpoint), greeting(endpoint, "127.0.0.2")
    for client in clients:
        client.close()
    # then
    assert refused.startswith(b"421")
    assert other == b"220 Ready.\r\n"
    wait_until(lambda: hosted.guard.sessions("ftp") == 0, 10)
    assert greeting(endpoint) == b"220 Ready.\r\n"


def test_a_command_in_the_middle_of_a_transfer_does_not_mix_the_two(
    endpoint: FtpEndpoint, hosted: HostedGround
) -> None:
    # given
    with signed_in(endpoint, hosted) as client:
        wire = client.transfercmd("STOR a.csv")
        wire.sendall(b"a" * 1_000)
        # when
        client.putcmd("STOR b.csv")
        refused = client.getline()
        wire.sendall(b"a" * 1_000)
        wire.unwrap()  # type: ignore[attr-defined]  # TLS's farewell
        wire.close()
        client.voidresp()
        # then
        assert refused.startswith("425")
        assert client.nlst() == ["a.csv"]
        assert client.size("a.csv") == 2_000


def test_a_port_that_is_taken_is_one_sentence(endpoint: FtpEndpoint, tmp_path: Path) -> None:
    # given
    other = HostedGround(tmp_path / "other", ftp_port=endpoint.port)
    # when / then
    with pytest.raises(Exception, match=rf"FTP cannot listen at 127\.0\.0\.1, port {endpoint.port} \("):
        FtpEndpoint(other.ground).start()


def test_another_certificate_than_was_made_known_is_not_shown(hosted: HostedGround) -> None:
    # given
    hosted.ground.expected["certificate"] = "SHA256:another"
    # when / then
    with pytest.raises(Exception, match="not the one that partners were told of"):
        FtpEndpoint(hosted.ground).start()
