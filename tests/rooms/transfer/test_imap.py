"""The mailbox client beside the contract suite: folders, flags, removal, sign-in and TLS at a real Dovecot."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from imapclient import IMAPClient

from engine.base import limits
from engine.base.errors import Category, GiveUp, MendCredentials, TryAgain
from engine.transfer import imap
from engine.transfer.imap import ImapTransport
from engine.transfer.transport import Fetched, Letter, NotFetched, Outgoing, Place, Steps
from storage.records.connections import Secrets
from tests.fakes.authority import Authority
from tests.fakes.dovecot import Dovecot
from tests.fakes.lines import LineServer

MAIL = b"From: a@example.com\r\nSubject: x\r\n\r\n" + b"one line\r\n" * 60_000


def _ignore(done: int, total: int) -> None:
    del done, total


@pytest.fixture(scope="module")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority(tmp_path_factory.mktemp("authority"))


@pytest.fixture
def dovecot(authority: Authority) -> Iterator[Dovecot]:
    with Dovecot(authority.good().path) as server:
        yield server


@pytest.fixture
def target(tmp_path: Path) -> Path:
    return tmp_path


def _at(server: Any, authority: Authority | None, secrets: Secrets | None = None, **changes: Any) -> ImapTransport:
    right = {"host": "127.0.0.1", "port": server.port, "username": Dovecot.username, "host_key": ""}
    place = Place(**{**right, "authorities": str(authority.path) if authority else "", **changes})
    return ImapTransport(place, secrets or Secrets(password=Dovecot.password))


def test_fetching_marks_nothing_as_read_and_brings_what_lies_there(
    dovecot: Dovecot, authority: Authority, target: Path
) -> None:
    # given
    dovecot.put("one", MAIL, 1_700_000_000)
    transport = _at(dovecot, authority)
    # when
    [listed] = transport.list_folder("INBOX").files
    [fetched] = transport.fetch("INBOX", [listed.name], target, target, _ignore)
    # then
    assert (listed.size_bytes, str(listed.changed_at)) == (len(MAIL), "2023-11-14 22:13:20")
    assert isinstance(fetched, Fetched)
    assert (target / fetched.file_name).read_bytes() == MAIL
    assert dovecot.flags() == [""]
    assert transport.list_folder("INBOX").files == (listed,)


def test_tls_that_comes_first_is_spoken_at_its_port(
    dovecot: Dovecot, authority: Authority, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(imap, "TLS_FIRST_PORT", dovecot.tls_port)
    stages = _at(dovecot, authority, port=dovecot.tls_port).test("INBOX")
    assert [stage.name for stage in stages] == ["resolve", "connect", "certificate", "sign in", "list"]
    assert all(stage.ok for stage in stages)
    assert stages[-1].said == "INBOX holds 0 mails."


def test_a_user_name_is_quoted_where_only_login_is_known() -> None:
    def answer(line: str) -> str:
        tag, _, rest = line.partition(" ")
        if not line:
            return "* OK ready"
        return f"* CAPABILITY IMAP4REV1\r\n{tag} OK done" if rest == "CAPABILITY" else f"{tag} NO refused"

    with LineServer(answer) as server:
        failed = _at(server, None, username='a"b\\c d', is_plain=True).test("INBOX")[-1]
        assert [line.partition(" ")[2] for line in server.lines if "LOGIN" in line] == [
            'LOGIN "a\\"b\\\\c d" "correct-horse"'
        ]
    assert "refused the password" in failed.said


def test_only_the_mails_named_are_removed(dovecot: Dovecot, authority: Authority) -> None:
    # given
    for number in range(3):
        dovecot.put(str(number), MAIL)
    transport = _at(dovecot, authority)
    first, second, third = (file.name for file in transport.list_folder("INBOX").files)
    # a mail that somebody else has marked for removal stays
    somebody = transport._mailbox(Steps(), 10)
    with somebody as box:
        box.enter("INBOX", is_changing=True)
        box._client.add_flags([box._uid(third)], [b"\\Deleted"])
    # when
    gone = transport.remove("INBOX", [first])
    # then
    assert gone == (first,)
    assert dovecot.flags() == ["", "T"]
    assert [file.name for file in transport.list_folder("INBOX").files] == [second]


def test_a_mail_of_an_earlier_life_of_the_folder_is_never_taken_for_another(
    dovecot: Dovecot, authority: Authority, target: Path
) -> None:
    dovecot.put("one", MAIL)
    transport = _at(dovecot, authority)
    [listed] = transport.list_folder("INBOX").files
    other = f"{int(listed.name.partition('-')[0]) - 1}-1.eml"
    for name in (other, "../../etc/passwd", "1.eml"):
        [outcome] = transport.fetch("INBOX", [name], target, target, _ignore)
        assert isinstance(outcome, NotFetched)
        assert outcome.error.category is Category.FOLDER
    assert transport.remove("INBOX", [other]) == (other,)
    assert dovecot.flags() == [""]


@pytest.mark.promise("W13")
@pytest.mark.parametrize("folder", ["Inbox", "/", "Shop", "Größe.2023", "/Größe/2023"])
def test_mails_are_read_from_the_folder_that_is_named(
    dovecot: Dovecot, authority: Authority, target: Path, folder: str
) -> None:
    # given
    name = {"Inbox": "INBOX", "/": "INBOX", "Shop": "Shop"}.get(folder, "Größe.2023")
    with IMAPClient(dovecot.host, dovecot.port, ssl=False) as somebody:
        somebody.login(dovecot.username, dovecot.password)
        if name != "INBOX":
            somebody.create_folder(name)
        somebody.append(name, MAIL)
    # when
    transport = _at(dovecot, authority)
    [listed] = transport.list_folder(folder).files
    [fetched] = transport.fetch(folder, [listed.name], target, target, _ignore)
    # then
    assert isinstance(fetched, Fetched)
    assert (target / fetched.file_name).read_bytes() == MAIL


@pytest.mark.parametrize("folder", ["nowhere", "/INBOX/nowhere"])
def test_a_folder_that_is_missing_is_named(dovecot: Dovecot, authority: Authority, folder: str) -> None:
    with pytest.raises(GiveUp, match=f"The server has no folder {folder}") as caught:
        _at(dovecot, authority).list_folder(folder)
    assert caught.value.category is Category.FOLDER


def test_a_wrong_password_is_named(dovecot: Dovecot, authority: Authority) -> None:
    failed = _at(dovecot, authority, Secrets(password="wrong")).test("INBOX")[-1]
    assert (failed.name, failed.ok) == ("sign in", False)
    assert "refused the password of shop@example.com" in failed.said


def test_a_mail_that_is_too_large_is_left(
    dovecot: Dovecot, authority: Authority, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "MAIL_SIZE_BYTES_MAX", 100_000)
    dovecot.put("one", MAIL)
    transport = _at(dovecot, authority)
    [listed] = transport.list_folder("INBOX").files
    [outcome] = transport.fetch("INBOX", [listed.name], target, target, _ignore)
    assert isinstance(outcome, NotFetched)
    assert "more than the 100,000 that are taken" in str(outcome.error)


@pytest.mark.fault(62)
def test_a_certificate_that_is_not_trusted_ends_it_and_one_that_is_pinned_does_not(authority: Authority) -> None:
    alone = authority.self_signed()
    with Dovecot(alone.path) as server:
        with pytest.raises(MendCredentials, match="signed by itself"):
            _at(server, authority).list_folder("INBOX")
        pinned = _at(server, authority).host_key().fingerprint
        assert pinned == alone.fingerprint
        assert _at(server, None, host_key=pinned).list_folder("INBOX").files == ()


def test_without_tls_nothing_is_said_unless_a_person_chose_so() -> None:
    with Dovecot() as server:
        with pytest.raises(GiveUp, match="offers no TLS, and no credential was sent"):
            _at(server, None).list_folder("INBOX")
        assert _at(server, None, is_plain=True).list_folder("INBOX").files == ()


def test_a_mailbox_takes_no_files(dovecot: Dovecot, authority: Authority, tmp_path: Path) -> None:
    with pytest.raises(GiveUp, match="A mailbox takes no files"):
        _at(dovecot, authority).deliver("INBOX", [Outgoing("a", tmp_path)], Letter(), _ignore)


def test_another_kind_of_server_is_told() -> None:
    with LineServer(lambda _: "220 ready") as server, pytest.raises(GiveUp, match="not as an IMAP server"):
        _at(server, None, is_plain=True).list_folder("INBOX")


@pytest.mark.fault(63)
@pytest.mark.parametrize(
    ("greeting", "stage", "words"), [(None, "sign in", "to greet"), ("* OK ready", "sign in", "to greet")]
)
def test_a_server_that_falls_silent_is_left_in_time(
    monkeypatch: pytest.MonkeyPatch, greeting: str | None, stage: str, words: str
) -> None:
    monkeypatch.setattr(limits, "CONNECT_WAIT_S_MAX", 0.4)
    with LineServer(lambda line: None if line else greeting) as server:
        failed = _at(server, None, is_plain=True).test("INBOX")[-1]
    assert (failed.name, failed.ok) == (stage, False)
    assert f"took longer than 0.4 s {words}" in failed.said


def test_a_server_that_says_more_than_any_answer_takes_is_left(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "IMAP_ANSWER_BYTES_MAX", 1_000)
    with (
        LineServer(lambda line: "* OK " + "x" * (2_000 if line else 10)) as server,
        pytest.raises(TryAgain, match="ended the connection"),
    ):
        _at(server, None, is_plain=True).list_folder("INBOX")
