"""The process of the endpoints: what it lets listen, what it says of what cannot, and that it ends with its parent."""

import ftplib
import resource
import smtplib
import socket
import ssl
from dataclasses import replace
from pathlib import Path

import pytest

from engine.base import limits
from engine.security import certificates
from storage.records.boxes import Mailbox
from tests.fakes.endpoints import FREE_PORTS, EndpointsProcess, write_keys
from tests.fakes.service import wait_until
from tests.fakes.sftp_guest import Guest

_WAIT_S = 30.0


def test_nothing_listens_until_somebody_may_sign_in_and_nothing_after_the_last_one_left(tmp_path: Path) -> None:
    # given a process without logins
    with EndpointsProcess(tmp_path) as server:
        status = server.status()
        assert status is not None
        assert status.listeners == ()

        # when one comes; then its protocol listens, alone
        server.add_login()
        port = server.port()
        status = server.status()
        assert status is not None
        assert [item.protocol for item in status.listeners] == ["sftp"]
        with Guest(port, "acme") as guest:
            assert guest.sftp.listdir() == []

        # when it goes; then the port is closed
        server.let_in()
        wait_until(lambda: not (server.status() or status).listeners, _WAIT_S)
        with pytest.raises(ConnectionRefusedError):
            socket.create_connection(("127.0.0.1", port), timeout=5)


@pytest.mark.fault(39)
@pytest.mark.parametrize("loss", ["lost", "changed", "damaged"])
def test_a_host_key_that_is_lost_or_changed_keeps_sftp_closed_and_the_others_go_on(tmp_path: Path, loss: str) -> None:
    # given a home whose host key is not the one that partners know, with a login and a mailbox
    server = EndpointsProcess(tmp_path)
    key = server.folder / "ssh_host_ed25519_key"
    if loss == "lost":
        key.unlink()
    elif loss == "damaged":
        key.write_text("-----BEGIN OPENSSH PRIVATE KEY-----\n")
    else:
        server.expected["sftp_host_key"] = "SHA256:another"
    server.add_login()
    server.let_in(*server.accounts, mailboxes=(Mailbox("C-mail", "in-abc", (), 10**6),))

    # when it starts
    with server:
        listener = server.listener("sftp")

        # then SFTP says why it stays closed, no new key is made, and mail is taken
        assert listener.port == 0
        assert str(key) in listener.fault
        assert listener.fault.endswith(("put it back from a backup.", "put that one back from a backup."))
        assert key.exists() is (loss != "lost")
        assert server.port("smtp") > 0

        # when it is put back; then SFTP opens by itself
        if loss == "lost":
            write_keys(server.folder)
            with Guest(server.port(), "acme") as guest:
                assert guest.sftp.listdir() == []


def test_a_port_that_is_taken_is_said_and_taken_up_when_it_is_free(tmp_path: Path) -> None:
    # given a port that another program has
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        server = EndpointsProcess(tmp_path, replace(FREE_PORTS, sftp_port=port))
        server.add_login()
        server.start()
        listener = server.listener("sftp")

        # when it is looked at; then it is said in one sentence
        assert listener.port == 0
        assert f"SFTP cannot listen on 127.0.0.1 port {port}" in listener.fault

    # when the other program ends; then SFTP listens
    try:
        assert server.port() == port
    finally:
        server.stop()


def test_a_certificate_that_an_administrator_renews_is_shown_without_a_new_start(tmp_path: Path) -> None:
    # given endpoints with an administrator's own certificate
    own, key = tmp_path / "own.pem", tmp_path / "own_key.pem"
    own_text, key_text = certificates.make("localhost", "127.0.0.1")
    own.write_text(own_text)
    key.write_text(key_text)
    settings = replace(FREE_PORTS, certificate=str(own), certificate_key=str(key))
    server = EndpointsProcess(tmp_path / "home", settings)
    server.let_in(mailboxes=(Mailbox("C-mail", "in-known", (), 1_000_000),))
    server.add_login("ftp")
    with server:
        ftp, smtp = server.port("ftp"), server.port("smtp")
        assert _certificate_of_ftp(ftp) == _certificate_of_mail(smtp) == certificates.fingerprint(own_text)

        # when it is renewed, the certificate a moment before its key; then the new one is shown, and said to be
        own_text, key_text = certificates.make("localhost", "127.0.0.1")
        own.write_text(own_text)
        said = server.folder / "endpoints.log"
        wait_until(lambda: "smtp shows its certificate of before" in said.read_text(), _WAIT_S)
        assert _certificate_of_ftp(ftp) == server.listener("ftp").fingerprint != certificates.fingerprint(own_text)
        key.write_text(key_text)
        wait_until(lambda: server.listener("smtp").fingerprint == certificates.fingerprint(own_text), _WAIT_S)
        assert _certificate_of_ftp(ftp) == _certificate_of_mail(smtp) == certificates.fingerprint(own_text)


def _certificate_of_ftp(port: int) -> str:
    with ftplib.FTP_TLS(context=_anybody()) as client:  # noqa: S321 - FTPS, to ourselves
        client.connect("localhost", port, timeout=_WAIT_S)
        client.auth()
        assert isinstance(client.sock, ssl.SSLSocket)
        return _fingerprint(client.sock)


def _certificate_of_mail(port: int) -> str:
    with smtplib.SMTP("localhost", port, timeout=_WAIT_S) as client:
        client.starttls(context=_anybody())
        assert isinstance(client.sock, ssl.SSLSocket)
        return _fingerprint(client.sock)


def _anybody() -> ssl.SSLContext:
    found = ssl.create_default_context()
    found.check_hostname = False
    found.verify_mode = ssl.CERT_NONE
    return found


def _fingerprint(line: ssl.SSLSocket) -> str:
    return certificates.fingerprint(ssl.DER_cert_to_PEM_cert(line.getpeercert(binary_form=True) or b""))


def test_the_status_is_written_again_and_again(tmp_path: Path) -> None:
    # given a process
    with EndpointsProcess(tmp_path) as server:
        first = server.status()
        assert first is not None
        assert server.process is not None
        assert first.pid == server.process.pid

        # when time passes; then it says so
        wait_until(lambda: (server.status() or first).at > first.at, _WAIT_S)


def test_the_process_takes_the_descriptors_that_the_system_allows(tmp_path: Path) -> None:
    # given a shell whose programs may open few files at first
    least, most = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(1024, least), most))
    try:
        # when the process starts
        with EndpointsProcess(tmp_path) as endpoints:
            assert endpoints.process is not None
            found = resource.prlimit(endpoints.process.pid, resource.RLIMIT_NOFILE)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (least, most))

    # then it has what sessions with many files need
    assert found[0] == min(limits.ENDPOINT_DESCRIPTORS_MAX, most)
