"""Mail that is sent: what arrives, what servers refuse, and an end that nobody can be sure of."""

import socket
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.base import limits
from engine.base.errors import (
    BadInput,
    Category,
    GiveUp,
    HandoffError,
    MendCredentials,
    MendData,
    TryAgain,
    Unconfirmed,
)
from engine.transfer.smtp import SmtpTransport
from engine.transfer.transport import Letter, Outgoing, Place
from storage.records.connections import Secrets
from tests.fakes.authority import Authority
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.mail_sink import MailSink

LETTER = Letter(
    sender="handoff@example.com",
    recipients=("a@example.com", "b@example.com"),
    subject="Result of ü.csv",
    text="The file was read.\n.\n",
    message_id="<01ARZ3NDEK@example.com>",
)


def _ignore(done: int, total: int) -> None:
    del done, total


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def sink(authority: Authority) -> Iterator[MailSink]:
    with MailSink(authority.good().path) as running:
        yield running


@pytest.fixture
def file(tmp_path: Path) -> Outgoing:
    path = tmp_path / "0.data"
    path.write_bytes(bytes(range(256)) * 100)
    return Outgoing("größe 1.csv", path)


def _to(sink: Any, authority: Authority, secrets: Secrets | None = None, **changes: Any) -> SmtpTransport:
    right = {"host": sink.host, "port": sink.port, "username": MailSink.username, "host_key": ""}
    place = Place(**{**right, "authorities": str(authority.path), **changes})
    return SmtpTransport(place, secrets or Secrets(password=MailSink.password))


def test_one_mail_carries_all_files_to_all_recipients(sink: MailSink, authority: Authority, file: Outgoing) -> None:
    # given
    reports: list[tuple[int, int]] = []
    other = Outgoing("result_a.json", file.path)
    # when
    delivered = _to(sink, authority).deliver("", [file, other], LETTER, lambda done, all_: reports.append((done, all_)))
    # then
    assert [(one.name, one.size_bytes, one.note) for one in delivered] == [
        ("größe 1.csv", 25_600, ""),
        ("result_a.json", 25_600, ""),
    ]
    [mail] = sink.mails
    assert sink.recipients == [["a@example.com", "b@example.com"]]
    assert sink.senders == ["handoff@example.com"]
    assert (mail["Message-ID"], mail["Subject"]) == (LETTER.message_id, LETTER.subject)
    assert mail["Auto-Submitted"] == "auto-generated"
    attached = {part.get_filename(): part.get_content() for part in mail.iter_attachments()}
    assert attached == {"größe 1.csv": file.path.read_bytes(), "result_a.json": file.path.read_bytes()}
    body = mail.get_body()
    assert body is not None
    assert body.get_content().splitlines() == ["The file was read.", "."]
    assert reports[-1][0] == reports[-1][1]
    assert b"filename*=" in sink.raw[0]  # RFC 2231


def test_the_connection_test_signs_in_and_sends_nothing(sink: MailSink, authority: Authority) -> None:
    stages = _to(sink, authority).test("")
    assert [(stage.name, stage.ok) for stage in stages] == [
        ("resolve", True),
        ("connect", True),
        ("certificate", True),
        ("sign in", True),
    ]
    assert sink.raw == []


def test_tls_that_comes_first_is_spoken_where_the_settings_say_so(authority: Authority, file: Outgoing) -> None:
    with MailSink(authority.good().path, is_tls_first=True) as sink:
        _to(sink, authority, security="tls").deliver("", [file], LETTER, _ignore)
        assert len(sink.raw) == 1


def test_a_wrong_password_is_named(sink: MailSink, authority: Authority) -> None:
    stages = _to(sink, authority, Secrets(password="wrong")).test("")
    assert (stages[-1].name, stages[-1].ok) == ("sign in", False)
    assert "refused the password of sender" in stages[-1].said


def test_a_server_without_tls_gets_no_password(authority: Authority, file: Outgoing) -> None:
    with MailSink() as sink:
        with pytest.raises(GiveUp, match="offers no TLS, and no credential was sent"):
            _to(sink, authority).deliver("", [file], LETTER, _ignore)
        with pytest.raises(GiveUp, match="without TLS, so it has no certificate"):
            _to(sink, authority, is_plain=True).host_key()


@pytest.mark.fault(62)
def test_a_certificate_that_is_not_trusted_ends_it_and_one_that_is_pinned_does_not(
    authority: Authority, file: Outgoing
) -> None:
    alone = authority.self_signed()
    with MailSink(alone.path) as sink:
        with pytest.raises(MendCredentials, match="signed by itself"):
            _to(sink, authority).deliver("", [file], LETTER, _ignore)
        pinned = _to(sink, authority).host_key().fingerprint
        assert pinned == alone.fingerprint
        _to(sink, authority, host_key=pinned).deliver("", [file], LETTER, _ignore)
        assert len(sink.raw) == 1


def test_a_recipient_who_is_refused_is_named_beside_those_who_are_not(authority: Authority, file: Outgoing) -> None:
    with MailSink(authority.good().path, answers={"b@example.com": "550 no such user"}) as sink:
        [delivered] = _to(sink, authority).deliver("", [file], LETTER, _ignore)
        assert sink.recipients == [["a@example.com"]]
    assert delivered.note == "not taken for b@example.com: no such user"


@pytest.mark.parametrize(
    ("answers", "error", "words"),
    [
        ({"a@example.com": "550 gone", "b@example.com": "550 gone"}, GiveUp, "refused mail for a@example.com"),
        ({"a@example.com": "450 later", "b@example.com": "450 later"}, TryAgain, "not take mail for a@example.com now"),
        ({".": "554 looks like spam"}, GiveUp, "refused the mail and says: 554 looks like spam"),
        ({".": "451 come back"}, TryAgain, "does not take the mail now and says: 451 come back"),
    ],
)
def test_what_is_refused_is_told_in_the_servers_words(
    authority: Authority, file: Outgoing, answers: dict[str, str], error: type[HandoffError], words: str
) -> None:
    with MailSink(authority.good().path, answers=answers) as sink:
        with pytest.raises(error, match=words):
            _to(sink, authority).deliver("", [file], LETTER, _ignore)
        assert sink.raw == []


def test_a_mail_that_is_too_large_is_not_sent(authority: Authority, file: Outgoing, tmp_path: Path) -> None:
    large = tmp_path / "large.data"
    large.write_bytes(bytes(300_000))
    with MailSink(authority.good().path, size_bytes=200_000) as sink:
        with pytest.raises(MendData, match="more than the 200,000 that"):
            _to(sink, authority).deliver("", [Outgoing("large.csv", large)], LETTER, _ignore)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(limits, "MAIL_SIZE_BYTES_MAX", 10_000)
            with pytest.raises(MendData, match="more than the 10,000 that Handoff takes"):
                _to(sink, authority).deliver("", [file], LETTER, _ignore)
        assert sink.raw == []


def test_a_line_that_is_cut_after_the_content_leaves_the_end_unknown(authority: Authority, file: Outgoing) -> None:
    with MailSink(authority.good().path) as sink, CuttingProxy(sink.port) as proxy:

        def cut() -> None:
            proxy.cut_after_bytes = 0

        sink.on_content = cut
        with pytest.raises(Unconfirmed, match="may have arrived all the same"):
            _to(sink, authority, port=proxy.port).deliver("", [file], LETTER, _ignore)
        assert len(sink.raw) == 1


def test_a_line_that_is_cut_before_the_end_may_be_tried_again(
    authority: Authority, sink: MailSink, tmp_path: Path
) -> None:
    large = tmp_path / "large.data"
    large.write_bytes(bytes(3_000_000))
    with (
        CuttingProxy(sink.port, cut_sent_after_bytes=200_000) as proxy,
        pytest.raises(TryAgain) as caught,
    ):
        _to(sink, authority, port=proxy.port).deliver("", [Outgoing("a.csv", large)], LETTER, _ignore)
    assert caught.value.category is Category.NETWORK
    assert sink.raw == []


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"recipients": ()}, "Enter at least one recipient"),
        ({"recipients": ("no address",)}, "no address is no e-mail address"),
        ({"recipients": ("a@example.com\r\nBcc: x@example.com",)}, "is no e-mail address"),
        ({"subject": "one\r\nBcc: x@example.com"}, "has to be one line"),
    ],
)
def test_a_letter_that_would_say_more_than_it_should_is_refused(
    sink: MailSink, authority: Authority, file: Outgoing, changes: dict[str, Any], words: str
) -> None:
    letter = Letter(**{**LETTER.__dict__, **changes})
    with pytest.raises(BadInput, match=words):
        _to(sink, authority).deliver("", [file], letter, _ignore)
    assert sink.raw == []


def test_mail_has_no_folder(sink: MailSink, authority: Authority, tmp_path: Path) -> None:
    transport = _to(sink, authority)
    for ask in (
        lambda: transport.list_folder("/"),
        lambda: transport.sample("/", "a", tmp_path),
        lambda: transport.remove("/", ["a"]),
        lambda: transport.fetch("/", ["a"], tmp_path, tmp_path, _ignore),
    ):
        with pytest.raises(GiveUp, match="is used to send mail"):
            ask()


def test_something_else_that_answers_is_no_mail_server() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        place = Place("127.0.0.1", listening.getsockname()[1], "", "", is_plain=True)
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(limits, "CONNECT_WAIT_S_MAX", 0.3)
            stages = SmtpTransport(place, Secrets()).test("")
    assert (stages[-1].name, stages[-1].ok) == ("sign in", False)
    assert "took longer than 0.3 s to greet" in stages[-1].said
