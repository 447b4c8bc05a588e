"""The mail intake on the wire: what it takes, what it refuses, and what it says."""

import smtplib
import socket
import ssl
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import pytest

from engine.base import limits
from engine.endpoints.mail import MailEndpoint
from storage.records.boxes import LandedState
from tests.fakes.hosted import HostedGround, mailbox
from tests.fakes.service import wait_until

_MAIL = b"From: data@shop.example\r\nSubject: x\r\n\r\nhello\r\n"
KNOWN = "in-known@localhost"


@pytest.fixture
def hosted(tmp_path: Path) -> HostedGround:
    found = HostedGround(tmp_path)
    found.set(mailboxes=(mailbox(), mailbox("in-second", connection_id="c2")))
    return found


@pytest.fixture
def intake(hosted: HostedGround) -> Iterator[MailEndpoint]:
    endpoint = MailEndpoint(hosted.ground)
    endpoint.start()
    yield endpoint
    endpoint.stop()


def signed_up(intake: MailEndpoint, hosted: HostedGround) -> smtplib.SMTP:
    """Return a client behind STARTTLS that verified the certificate."""
    client = smtplib.SMTP("localhost", intake.port, timeout=20)
    client.starttls(context=hosted.tls())
    client.ehlo("client.example")
    return client


def test_a_mail_for_a_known_address_lands_byte_for_byte(intake: MailEndpoint, hosted: HostedGround) -> None:
    # given
    body = (
        b"From: a@b.example\r\n\r\n.one\r\n..two\r\nthree\r\n.\r\n" + "ä€".encode() + b"\r\n" + b"x" * 5_000 + b"\r\n"
    )
    # when
    with signed_up(intake, hosted) as client:
        client.sendmail("data@shop.example", KNOWN, body, mail_options=["BODY=8BITMIME"])
    # then
    landed = hosted.landed()
    assert [hosted.content(item) for item in landed] == [body]
    assert landed[0].name == f"{landed[0].landed_id}.eml"
    assert (landed[0].protocol, landed[0].sender, landed[0].state) == ("smtp", "data@shop.example", LandedState.WHOLE)
    assert landed[0].size_bytes == len(body)
    assert hosted.leftovers() == []


@pytest.mark.promise("W24")
def test_a_mail_for_two_known_addresses_lands_with_both(intake: MailEndpoint, hosted: HostedGround) -> None:
    # when
    with signed_up(intake, hosted) as client:
        refused = client.sendmail("data@shop.example", [KNOWN, "in-second@localhost", "in-no@localhost"], _MAIL)
    # then
    assert list(refused) == ["in-no@localhost"]
    assert [hosted.content(item) for item in (*hosted.landed("c1"), *hosted.landed("c2"))] == [_MAIL, _MAIL]


@pytest.mark.fault(47)
def test_nothing_is_taken_before_starttls(intake: MailEndpoint, hosted: HostedGround) -> None:
    # given
    with smtplib.SMTP("localhost", intake.port, timeout=20) as client:
        client.ehlo("client.example")
        # when
        answers = [
            client.docmd("MAIL", "FROM:<a@b.example>"),
            client.docmd("RCPT", f"TO:<{KNOWN}>"),
            client.docmd("DATA"),
            client.docmd("AUTH", "PLAIN AGEAYg=="),
        ]
        offered = client.has_extn("auth")
    # then
    assert {code for code, _ in answers} == {530}
    assert not offered
    assert hosted.landed() == []


@pytest.mark.parametrize("version", [ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1])
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_tls_before_1_2_is_refused(intake: MailEndpoint, hosted: HostedGround, version: ssl.TLSVersion) -> None:
    # given
    context = hosted.tls()
    context.set_ciphers("ALL:@SECLEVEL=0")
    context.minimum_version = context.maximum_version = version
    client = smtplib.SMTP("localhost", intake.port, timeout=20)
    # when / then
    with pytest.raises((ssl.SSLError, ConnectionError)):
        client.starttls(context=context)
    client.close()


@pytest.mark.fault(48)
@pytest.mark.parametrize("is_announced", [True, False])
def test_a_mail_that_is_too_large_is_refused_and_nothing_stored(tmp_path: Path, is_announced: bool) -> None:  # noqa: FBT001 - a case
    # given
    hosted = HostedGround(tmp_path)
    hosted.set(mailboxes=(mailbox(bytes_max=100_000),))
    endpoint = MailEndpoint(hosted.ground)
    endpoint.start()
    large = b"x" * 70 + b"\r\n"
    try:
        with signed_up(endpoint, hosted) as client:
            announced = limits.MAIL_SIZE_BYTES_MAX + 1 if is_announced else 0
            # when
            codes = [
                client.docmd("MAIL", f"FROM:<a@b.example> SIZE={announced}" if announced else "FROM:<a@b.example>")
            ]
            if not is_announced:
                codes.append(client.docmd("RCPT", f"TO:<{KNOWN}>"))
                codes.append(client.data(large * 5_000))
            # then
            assert codes[-1][0] == 552
            # and the connection serves on
            client.rset()
            client.sendmail("a@b.example", KNOWN, _MAIL)
    finally:
        endpoint.stop()
    assert [hosted.content(item) for item in hosted.landed()] == [_MAIL]
    assert hosted.leftovers() == []


def test_an_announced_size_is_held_against_the_mailbox_too(tmp_path: Path) -> None:
    # given
    hosted = HostedGround(tmp_path)
    hosted.set(mailboxes=(mailbox(bytes_max=1_000),))
    endpoint = MailEndpoint(hosted.ground)
    endpoint.start()
    # when
    try:
        with signed_up(endpoint, hosted) as client:
            client.docmd("MAIL", "FROM:<a@b.example> SIZE=2000")
            answer = client.docmd("RCPT", f"TO:<{KNOWN}>")
    finally:
        endpoint.stop()
    # then
    assert answer[0] == 552


def test_an_address_that_nobody_has_is_refused_in_the_same_words_as_any_other(
    intake: MailEndpoint, hosted: HostedGround
) -> None:
    # given
    guesses = ["in-unknown@localhost", "postmaster@localhost", "in-known@elsewhere.example", "root@localhost"]
    # when
    with signed_up(intake, hosted) as client:
        client.docmd("MAIL", "FROM:<a@b.example>")
        answers = {client.docmd("RCPT", f"TO:<{guess}>") for guess in guesses}
        known = client.docmd("RCPT", "TO:<IN-Known@LOCALHOST>")
    # then
    assert len(answers) == 1
    assert answers.pop()[0] == 550
    assert known[0] == 250


@pytest.mark.fault(49)
def test_a_thousand_guesses_of_one_address_end_in_a_ban_and_cost_next_to_nothing(
    intake: MailEndpoint, hosted: HostedGround
) -> None:
    # given
    answered, cut = 0, 0
    # when
    for _ in range(1_000 // limits.MAIL_UNKNOWN_RECIPIENTS_MAX):
        try:
            with signed_up(intake, hosted) as client:
                client.docmd("MAIL", "FROM:<a@b.example>")
                for number in range(limits.MAIL_UNKNOWN_RECIPIENTS_MAX):
                    code, _ = client.docmd("RCPT", f"TO:<in-guess{number}@localhost>")
                    answered += 1
                    assert code in (550, 421)
        except (smtplib.SMTPException, OSError):
            cut += 1
    # then
    assert hosted.guard.is_banned("127.0.0.1")
    assert answered <= limits.ENDPOINT_WRONG_LOGINS_MAX
    assert cut >= 1_000 // limits.MAIL_UNKNOWN_RECIPIENTS_MAX - 1
    assert hosted.landed() == []


def test_a_mail_of_a_sender_who_is_not_allowed_is_kept_apart(tmp_path: Path) -> None:
    # given
    hosted = HostedGround(tmp_path)
    hosted.set(mailboxes=(mailbox("in-known", "data@shop.example", "@trusted.example"),))
    endpoint = MailEndpoint(hosted.ground)
    endpoint.start()
    # when
    try:
        with signed_up(endpoint, hosted) as client:
            client.sendmail("spoof@evil.example", KNOWN, _MAIL)
            client.sendmail("DATA@shop.example", KNOWN, _MAIL)
    finally:
        endpoint.stop()
    # then
    spoofed, honest = hosted.landed()
    assert (spoofed.state, honest.state) == (LandedState.QUARANTINED, LandedState.WHOLE)
    assert "spoof@evil.example" in spoofed.reason


@pytest.mark.parametrize("command", ["VRFY in-known@localhost", "EXPN list", "HELP", "AUTH LOGIN", "XYZZY", "TURN"])
def test_nothing_is_told_and_nothing_else_offered(intake: MailEndpoint, hosted: HostedGround, command: str) -> None:
    # when
    with signed_up(intake, hosted) as client:
        code, text = client.docmd(command)
    # then
    assert code in (500, 502)
    assert b"in-known" not in text


def test_the_greeting_names_no_program(intake: MailEndpoint) -> None:
    # when
    with socket.create_connection(("127.0.0.1", intake.port), timeout=20) as wire:
        greeting = wire.recv(200)
    # then
    assert greeting == b"220 localhost ESMTP\r\n"


def test_a_mailbox_that_was_taken_away_takes_nothing_any_more(intake: MailEndpoint, hosted: HostedGround) -> None:
    # given
    with signed_up(intake, hosted) as client:
        client.docmd("MAIL", "FROM:<a@b.example>")
        client.docmd("RCPT", f"TO:<{KNOWN}>")
        # when
        hosted.set(mailboxes=(mailbox("in-second", connection_id="c2"),))
        code, _ = client.data(_MAIL)
    # then
    assert code == 550
    assert hosted.landed() == []
    assert hosted.leftovers() == []


def test_a_sender_who_is_cut_off_leaves_nothing(intake: MailEndpoint, hosted: HostedGround) -> None:
    # given
    client = signed_up(intake, hosted)
    client.docmd("MAIL", "FROM:<a@b.example>")
    client.docmd("RCPT", f"TO:<{KNOWN}>")
    client.docmd("DATA")
    client.send(b"Subject: half\r\n\r\n" + b"x" * 70_000 + b"\r\n")
    wait_until(lambda: hosted.leftovers() != [], 10)
    # when
    client.close()
    # then
    wait_until(lambda: hosted.leftovers() == [], 10)
    assert hosted.landed() == []
    wait_until(lambda: hosted.guard.sessions("smtp") == 0, 10)


def test_a_mail_with_many_parts_is_not_even_looked_at(intake: MailEndpoint, hosted: HostedGround) -> None:
    # given
    nested = EmailMessage()
    nested.set_content("x")
    parts = b"".join(
        b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (number, number) for number in range(1_500)
    )
    # when
    with signed_up(intake, hosted) as client:
        client.sendmail("a@b.example", KNOWN, b"MIME-Version: 1.0\r\n" + parts + b"\r\n")
    # then
    assert len(hosted.landed()) == 1


def test_more_room_than_there_is_is_said_for_now_only(tmp_path: Path) -> None:
    # given
    hosted = HostedGround(tmp_path, folder_files_max=1)
    hosted.set(mailboxes=(mailbox(),))
    endpoint = MailEndpoint(hosted.ground)
    endpoint.start()
    # when
    try:
        with signed_up(endpoint, hosted) as client:
            client.sendmail("a@b.example", KNOWN, _MAIL)
            client.docmd("MAIL", "FROM:<a@b.example>")
            client.docmd("RCPT", f"TO:<{KNOWN}>")
            answer = client.docmd("DATA")
            # and once the engine has taken it
            for note in hosted.spool.landed.glob("*.json"):
                note.unlink()
            client.rset()
            client.sendmail("a@b.example", KNOWN, _MAIL)
    finally:
        endpoint.stop()
    # then
    assert answer[0] == 452
    assert len(hosted.landed()) == 1
