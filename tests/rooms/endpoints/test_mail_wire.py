"""The mail intake against clients that keep to no protocol: smuggling, injection, silence, endless data."""

import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base import limits
from engine.endpoints.box import Arrival
from engine.endpoints.mail import MailEndpoint
from tests.fakes.hosted import HostedGround, mailbox
from tests.fakes.service import wait_until

KNOWN = b"in-known@localhost"


@pytest.fixture
def hosted(tmp_path: Path) -> HostedGround:
    found = HostedGround(tmp_path)
    found.set(mailboxes=(mailbox(),))
    return found


@pytest.fixture
def intake(hosted: HostedGround) -> Iterator[MailEndpoint]:
    endpoint = MailEndpoint(hosted.ground)
    endpoint.start()
    yield endpoint
    endpoint.stop()


class Wire:
    """A raw connection that says exactly what a test says."""

    def __init__(self, intake: MailEndpoint) -> None:
        self._socket: socket.socket = socket.create_connection(("127.0.0.1", intake.port), timeout=30)
        self._held = b""
        self.answer()

    def say(self, data: bytes) -> bytes:
        self._socket.sendall(data)
        return self.answer()

    def answer(self) -> bytes:
        """Return the last line of the next answer; empty where the connection ended."""
        while True:
            while b"\n" not in self._held:
                more = self._socket.recv(65536)
                if not more:
                    return b""
                self._held += more
            line, _, self._held = self._held.partition(b"\n")
            if line[3:4] != b"-":
                return line.strip()

    def secure(self, hosted: HostedGround, behind: bytes = b"") -> None:
        self.say(b"EHLO client.example\r\n")
        assert self.say(b"STARTTLS\r\n" + behind).startswith(b"220")
        self._socket = hosted.tls().wrap_socket(self._socket, server_hostname="localhost")
        self._held = b""

    def close(self) -> None:
        self._socket.close()

    def up_to_data(self, hosted: HostedGround) -> None:
        self.secure(hosted)
        self.say(b"EHLO client.example\r\n")
        self.say(b"MAIL FROM:<a@b.example>\r\n")
        self.say(b"RCPT TO:<" + KNOWN + b">\r\n")
        assert self.say(b"DATA\r\n").startswith(b"354")


@pytest.mark.fault(57)
@pytest.mark.parametrize("end", [b"\n.\n", b"\r\n.\n", b"\n.\r\n", b"\r.\r", b"\r\n.\r", b"\r\n\x00.\r\n"])
def test_only_one_end_ends_a_mail_and_what_was_said_before_tls_counts_for_nothing(
    intake: MailEndpoint, hosted: HostedGround, end: bytes
) -> None:
    # given
    smuggled = b"MAIL FROM:<boss@shop.example>\r\nRCPT TO:<" + KNOWN + b">\r\nDATA\r\nevil\r\n"
    wire = Wire(intake)
    # when: commands ride behind STARTTLS in the same packet
    wire.secure(hosted, behind=b"EHLO x\r\nMAIL FROM:<injected@evil.example>\r\n")
    wire.say(b"EHLO client.example\r\n")
    # then: they were thrown away, or this would be a second sender
    assert wire.say(b"MAIL FROM:<a@b.example>\r\n").startswith(b"250")
    wire.say(b"RCPT TO:<" + KNOWN + b">\r\n")
    wire.say(b"DATA\r\n")
    # when: what only some servers take for an end stands in the mail
    answer = wire.say(b"Subject: one\r\n\r\nfirst" + end + smuggled + b"\r\n.\r\n")
    wire.close()
    # then: it is one mail
    assert answer.startswith(b"250")
    landed = hosted.landed()
    assert [item.sender for item in landed] == ["a@b.example"]
    assert b"boss@shop.example" in hosted.content(landed[0])


def test_commands_that_follow_a_mail_in_the_same_packet_are_heard(intake: MailEndpoint, hosted: HostedGround) -> None:
    # given
    wire = Wire(intake)
    wire.up_to_data(hosted)
    # when
    taken = wire.say(b".first line\r\n..\r\n\r\n.\r\nNOOP\r\nRSET\r\n")
    answers = [taken, wire.answer(), wire.answer()]
    wire.close()
    # then
    assert [answer[:3] for answer in answers] == [b"250", b"250", b"250"]
    assert [hosted.content(item) for item in hosted.landed()] == [b"first line\r\n.\r\n\r\n"]


def test_an_empty_mail_is_one(intake: MailEndpoint, hosted: HostedGround) -> None:
    # given
    wire = Wire(intake)
    wire.up_to_data(hosted)
    # when
    answer = wire.say(b".\r\n")
    wire.close()
    # then
    assert answer.startswith(b"250")
    assert [hosted.content(item) for item in hosted.landed()] == [b""]


def test_a_line_without_end_is_stored_within_the_size_and_no_more(
    intake: MailEndpoint, hosted: HostedGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(limits, "MAIL_SIZE_BYTES_MAX", 1_000_000)
    monkeypatch.setattr(limits, "MAIL_DRAINED_BYTES_MAX", 3_000_000)
    wire = Wire(intake)
    wire.up_to_data(hosted)
    # when
    kept = wire.say(b"x" * 900_000 + b"\r\n.\r\n")
    wire.say(b"MAIL FROM:<a@b.example>\r\n")
    wire.say(b"RCPT TO:<" + KNOWN + b">\r\n")
    wire.say(b"DATA\r\n")
    refused = wire.say(b"x" * 2_000_000 + b"\r\n.\r\n")
    wire.say(b"MAIL FROM:<a@b.example>\r\n")
    wire.say(b"RCPT TO:<" + KNOWN + b">\r\n")
    wire.say(b"DATA\r\n")
    with pytest.raises(OSError):  # noqa: PT011 - cut, in whatever words: endless data is not read for ever
        wire._socket.sendall(b"x" * 100_000_000)
    wire.close()
    # then
    assert (kept[:3], refused[:3]) == (b"250", b"552")
    assert [item.size_bytes for item in hosted.landed()] == [900_002]
    wait_until(lambda: hosted.leftovers() == [], 10)


@pytest.mark.parametrize(
    "said", [b"", b"EHLO", b"EHLO x\r\n", b"EHLO x\r\nSTARTTLS\r\n", b"EHLO x\r\nSTARTTLS\r\n\x16\x03\x01"]
)
def test_who_falls_silent_is_dropped(hosted: HostedGround, said: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(limits, "ENDPOINT_LOGIN_WAIT_S_MAX", 0.3)
    endpoint = MailEndpoint(hosted.ground)
    endpoint.start()
    # when
    try:
        with socket.create_connection(("127.0.0.1", endpoint.port), timeout=20) as wire:
            wire.sendall(said)
            began_s = time.monotonic()
            while wire.recv(1000):
                pass
            # then
            assert time.monotonic() - began_s < 10
        wait_until(lambda: hosted.guard.sessions("smtp") == 0, 10)
    finally:
        endpoint.stop()


def test_silence_in_the_middle_of_a_mail_ends_it(hosted: HostedGround, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(limits, "MAIL_IDLE_S_MAX", 0.5)
    endpoint = MailEndpoint(hosted.ground)
    endpoint.start()
    try:
        wire = Wire(endpoint)
        wire.up_to_data(hosted)
        # when
        end = wire.say(b"half a mail\r\n")
        wire.close()
        # then
        assert end == b""
        wait_until(lambda: hosted.leftovers() == [], 10)
    finally:
        endpoint.stop()
    assert hosted.landed() == []


def test_the_twenty_first_connection_of_one_address_is_told_to_come_later(
    intake: MailEndpoint, hosted: HostedGround
) -> None:
    # given
    wires = [
        socket.create_connection(("127.0.0.1", intake.port), timeout=20)
        for _ in range(limits.ENDPOINT_SESSIONS_PER_ADDRESS_MAX)
    ]
    greetings = [wire.recv(100) for wire in wires]
    # when
    with socket.create_connection(("127.0.0.1", intake.port), timeout=20) as wire:
        refused = wire.recv(100)
    # and another address
    with socket.create_connection(("127.0.0.1", intake.port), timeout=20, source_address=("127.0.0.2", 0)) as wire:
        other = wire.recv(100)
    for wire in wires:
        wire.close()
    # then
    assert {greeting[:3] for greeting in greetings} == {b"220"}
    assert refused.startswith(b"421")
    assert other.startswith(b"220")
    wait_until(lambda: hosted.guard.sessions("smtp") == 0, 10)
    with socket.create_connection(("127.0.0.1", intake.port), timeout=20) as wire:
        assert wire.recv(100).startswith(b"220")


def test_many_commands_and_long_ones_end(intake: MailEndpoint, hosted: HostedGround) -> None:
    # given
    wire = Wire(intake)
    wire.secure(hosted)
    # when
    long = wire.say(b"EHLO " + b"x" * 3_000 + b"\r\n")
    wire.say(b"EHLO x\r\n")
    answers: list[bytes] = []
    while not answers or (answers[-1] and len(answers) < 200):
        answers.append(wire.say(b"NOOP\r\n"))
    wire.close()
    # then
    assert long.startswith(b"500")
    assert answers[-2].startswith(b"421")
    assert len(answers) < 100


def test_what_strangers_say_stands_in_no_log(
    intake: MailEndpoint, hosted: HostedGround, caplog: pytest.LogCaptureFixture
) -> None:
    # when
    wire = Wire(intake)
    wire.secure(hosted)
    wire.say(b"EHLO canary.example\r\n")
    for line in (
        b"CANARY",
        b"MAIL FROM:<canary@b.example> CANARY=1",
        b"RCPT TO:<canary@localhost>",
        b"\xffcanary",
    ):
        wire.say(line + b"\r\n")
    wire.close()
    wait_until(lambda: hosted.guard.sessions("smtp") == 0, 10)
    # then
    assert "canary" not in caplog.text.lower()


def test_a_disk_that_is_full_is_said_and_the_intake_goes_on(
    intake: MailEndpoint, hosted: HostedGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    def full(self: object, data: bytes) -> None:
        del self, data
        raise OSError(28, "No space left on device")

    wire = Wire(intake)
    wire.up_to_data(hosted)
    # when
    with monkeypatch.context() as here:
        here.setattr(Arrival, "write", full)
        answer = wire.say(b"Subject: x\r\n\r\n\r\n.\r\n")
    wire.say(b"MAIL FROM:<a@b.example>\r\n")
    wire.say(b"RCPT TO:<" + KNOWN + b">\r\n")
    wire.say(b"DATA\r\n")
    after = wire.say(b"Subject: x\r\n\r\n\r\n.\r\n")
    wire.close()
    # then
    assert (answer[:3], after[:3]) == (b"452", b"250")
    assert len(hosted.landed()) == 1
    assert hosted.leftovers() == []


def test_what_is_no_handshake_leaves_no_session_behind(intake: MailEndpoint, hosted: HostedGround) -> None:
    # given
    wire = Wire(intake)
    wire.say(b"EHLO x\r\n")
    wire.say(b"STARTTLS\r\n")
    # when
    wire._socket.sendall(b"this is no handshake\r\n" * 10)
    # then
    wait_until(lambda: hosted.guard.sessions("smtp") == 0, 10)
    wire.close()
