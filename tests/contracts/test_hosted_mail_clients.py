"""Real mail programs on the real process of the hosted endpoints: 20 MB arrive the same to the byte."""

import random
import smtplib
import ssl
import subprocess
from collections.abc import Iterator
from email import message_from_bytes
from email.message import EmailMessage
from pathlib import Path

import pytest

from storage.records.boxes import Landed
from tests.fakes.endpoints import EndpointsProcess
from tests.fakes.hosted import mailbox
from tests.fakes.programs import require
from tests.fakes.service import wait_until

SIZE_BYTES = 20 * 1024**2
_BOXES = ("in-smtplib", "in-swaks", "in-curl", "in-refuses")


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointsProcess]:
    endpoints = EndpointsProcess(tmp_path_factory.mktemp("hosted") / "home")
    boxes = tuple(mailbox(name, connection_id=f"C-{name}") for name in _BOXES)
    boxes = (*boxes, mailbox("in-small", connection_id="C-in-small", bytes_max=1_000_000))
    endpoints.let_in(mailboxes=boxes)
    with endpoints:
        endpoints.port("smtp")
        yield endpoints


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sent") / "customers.bin"
    path.write_bytes(random.Random(25).randbytes(SIZE_BYTES))
    return path


def send(server: EndpointsProcess, address: str, mail: bytes) -> None:
    """Send a mail with smtplib, the certificate verified."""
    context = ssl.create_default_context(cafile=str(server.folder / "certificate.pem"))
    with smtplib.SMTP("localhost", server.port("smtp"), timeout=60) as client:
        client.starttls(context=context)
        client.sendmail("data@shop.example", [address], mail)


def landed(server: EndpointsProcess, box: str) -> list[Landed]:
    return [item for item in server.landed() if item.connection_id == f"C-{box}"]


def attached(server: EndpointsProcess, item: Landed) -> bytes:
    """Return the content of the only attachment."""
    (part,) = [part for part in message_from_bytes(server.content(item)).walk() if part.get_filename()]
    content = part.get_payload(decode=True)
    assert isinstance(content, bytes)
    return content


def test_smtplib_delivers_20_mb(server: EndpointsProcess, file: Path) -> None:
    # given
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "data@shop.example", "in-smtplib@localhost", "Customers"
    mail.add_attachment(file.read_bytes(), "application", "octet-stream", filename="customers.bin")
    sent = mail.as_bytes().replace(b"\n", b"\r\n")
    # when
    send(server, "in-smtplib@localhost", sent)
    # then
    (found,) = landed(server, "in-smtplib")
    assert server.content(found) == sent
    assert attached(server, found) == file.read_bytes()


def test_swaks_delivers_20_mb(server: EndpointsProcess, file: Path) -> None:
    # when
    done = swaks(server, "in-swaks@localhost", "--tls", "--attach", f"@{file}")
    # then
    assert done.returncode == 0, done.stdout[-1_000:]
    (found,) = landed(server, "in-swaks")
    assert attached(server, found) == file.read_bytes()
    assert found.sender == "data@shop.example"


def test_curl_delivers_20_mb(server: EndpointsProcess, file: Path) -> None:
    # when
    done = curl(
        server, "in-curl@localhost", "-H", "Subject: Customers", "-F", "=hello", "-F", f"=@{file};encoder=base64"
    )
    # then
    assert done.returncode == 0, done.stderr
    (found,) = landed(server, "in-curl")
    assert attached(server, found) == file.read_bytes()


def test_swaks_without_tls_and_for_an_unknown_address_is_refused(server: EndpointsProcess) -> None:
    # when
    plain = swaks(server, "in-refuses@localhost")
    unknown = swaks(server, "in-nobody@localhost", "--tls")
    # then
    assert "530" in plain.stdout and plain.returncode != 0
    assert "550" in unknown.stdout and unknown.returncode != 0
    assert landed(server, "in-refuses") == []


@pytest.mark.fault(48)
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_mail_that_is_too_large_is_refused_and_nothing_stored(
    server: EndpointsProcess,
    tmp_path: Path,
    is_announced: bool,  # noqa: FBT001 - a case
) -> None:
    # given: curl says SIZE with MAIL, swaks says nothing
    large = tmp_path / "large.bin"
    large.write_bytes((b"x" * 70 + b"\r\n") * 20_000)
    before = len(server.landed())
    # when
    if is_announced:
        done = curl(server, "in-small@localhost", "-v", "-T", str(large))
    else:
        done = swaks(server, "in-small@localhost", "--tls", "--data", f"@{large}")
    # then
    assert done.returncode != 0
    assert "552" in done.stdout + done.stderr
    assert ("354" not in done.stdout + done.stderr) is is_announced
    assert len(server.landed()) == before
    wait_until(lambda: not list(server.spool.accepted("C-in-small").glob("*")), 20)


def curl(server: EndpointsProcess, address: str, *more: str) -> "subprocess.CompletedProcess[str]":
    usual = ["-sS", "--ssl-reqd", "--cacert", str(server.folder / "certificate.pem")]
    ends = ["--mail-from", "data@shop.example", "--mail-rcpt", address, f"smtp://localhost:{server.port('smtp')}"]
    return subprocess.run(
        [require("curl"), *usual, *more, *ends], capture_output=True, text=True, check=False, timeout=120
    )


def swaks(server: EndpointsProcess, address: str, *more: str) -> "subprocess.CompletedProcess[str]":
    usual = [
        "--server",
        "localhost",
        "--port",
        str(server.port("smtp")),
        "--from",
        "data@shop.example",
        "--to",
        address,
    ]
    return subprocess.run(
        [require("swaks"), *usual, "--timeout", "60", *more], capture_output=True, text=True, check=False, timeout=120
    )
