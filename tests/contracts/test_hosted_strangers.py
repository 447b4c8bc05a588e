"""Who has no account hears the same as who has one and a wrong password, over every protocol of the real process."""

import ftplib
import smtplib
import ssl
from pathlib import Path

import paramiko
import pytest

from tests.fakes.endpoints import PASSWORD, EndpointsProcess
from tests.fakes.hosted import mailbox


def by_sftp(server: EndpointsProcess, name: str) -> str:
    line = paramiko.Transport(("127.0.0.1", server.port("sftp")))
    try:
        line.start_client(timeout=30)
        with pytest.raises(paramiko.AuthenticationException) as refused:
            line.auth_password(name, "wrong")
        return f"{type(refused.value).__name__}: {refused.value}"
    finally:
        line.close()


def by_ftp(server: EndpointsProcess, name: str) -> str:
    client = ftplib.FTP_TLS(context=trusting(server))  # noqa: S321 - FTPS, to ourselves
    client.connect("localhost", server.port("ftp"), timeout=30)
    with client:
        client.auth()
        asked = client.sendcmd(f"USER {name}")
        with pytest.raises(ftplib.error_perm) as refused:
            client.sendcmd("PASS wrong")
    return f"{asked} {refused.value}"


def by_mail(server: EndpointsProcess, local_part: str) -> str:
    with smtplib.SMTP("localhost", server.port("smtp"), timeout=30) as client:
        client.starttls(context=trusting(server))
        client.ehlo("client.example")
        client.docmd("MAIL", "FROM:<a@b.example>")
        return str(client.docmd("RCPT", f"TO:<{local_part}@localhost>"))


def trusting(server: EndpointsProcess) -> ssl.SSLContext:
    return ssl.create_default_context(cafile=str(server.folder / "certificate.pem"))


@pytest.mark.fault(25)
def test_a_stranger_hears_the_same_as_a_partner_with_a_wrong_password(tmp_path: Path) -> None:
    # given
    server = EndpointsProcess(tmp_path / "home")
    logins = (server.add_login("sftp", "shop"), server.add_login("ftp", "shop-ftp"))
    server.let_in(*logins, mailboxes=(mailbox("in-known", connection_id="C-mail"),))
    with server:
        # when
        known = (by_sftp(server, "shop"), by_ftp(server, "shop-ftp"))
        unknown = (by_sftp(server, "nobody"), by_ftp(server, "nobody"))
        # An address has no password: whoever guesses hears the same of each that is not there.
        guessed = {by_mail(server, local_part) for local_part in ("in-guess", "postmaster", "shop")}
        right = by_mail(server, "in-known")
    # then
    assert known == unknown
    assert len(guessed) == 1
    assert guessed.pop().startswith("(550")
    assert right.startswith("(250")
    assert PASSWORD not in "".join(known)
