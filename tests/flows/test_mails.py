"""Mails that came: each attachment that matches is a file, or the whole mail is ignored, visibly, with why."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base import clock, errors
from engine.flows import intake
from engine.flows.desk import Desk
from engine.transfer import mailing
from storage.database import StorageFull
from storage.records.boxes import LandedState
from storage.records.connections import Method
from storage.records.exchange import FileState
from storage.tables import exchange
from tests.fakes import exchange as put
from tests.fakes.home import open_home
from tests.fakes.pushed import ANA, HEADER, Pushed, answers_of, letter

ROWS, MORE = HEADER + "1,Ana,5\n", HEADER + "2,Ben,7\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home without a service."""
    with open_home(tmp_path) as opened:
        yield opened


@pytest.fixture
def pushed(desk: Desk) -> Pushed:
    """A connection that takes mail."""
    return Pushed(desk, Method.EMAIL, address="x7", allowed_senders=(ANA,))


def said(pushed: Pushed) -> list[tuple[str, FileState]]:
    """Return the names and states of all files."""
    return [(file.name, file.state) for file in pushed.files()]


def test_each_attachment_of_a_mail_is_a_file_with_its_receipt_and_its_result(pushed: Pushed) -> None:
    # given
    landed_id = pushed.mail(letter(("a.csv", ROWS), ("b.csv", MORE)))
    # when
    run = pushed.run()
    # then
    assert said(pushed) == [("a.csv", FileState.COMPLETE), ("b.csv", FileState.COMPLETE)]
    first, second = pushed.files()
    assert (first.file_id, first.sender, first.message_id) == (landed_id, ANA, "<1@partner.example>")
    assert second.message_id == first.message_id
    assert (run.counts.files_taken, run.counts.applied) == (2, 2)
    for file in (first, second):
        assert set(answers_of(pushed.desk, file.file_id)) == {"receipt", "result"}
    # and the raw mail is not kept beside what was in it
    assert not (pushed.desk.spool.accepted(pushed.connection.connection_id) / f"{landed_id}.data").exists()


@pytest.mark.promise("P07")
@pytest.mark.promise("Z01")
@pytest.mark.fault(51)
def test_one_attachment_that_does_not_match_ignores_the_whole_mail_and_is_named(pushed: Pushed) -> None:
    # given
    landed_id = pushed.mail(letter(("a.csv", ROWS), ("notes.txt", "hello")))
    # when
    pushed.take_in()
    put.work(pushed.desk)
    # then
    [file] = pushed.files()
    assert (file.file_id, file.state, file.sender) == (landed_id, FileState.IGNORED, ANA)
    assert "notes.txt" in str(file.reason)
    assert pushed.sql("SELECT count(*) FROM dat.profile") == [(0,)]
    assert pushed.sql("SELECT count(*) FROM ctl.run") == [(0,)]
    # and whoever sent it is told
    result = answers_of(pushed.desk, landed_id)["result"]
    assert result["status"] == "ignored"
    assert "notes.txt" in result["error"]


@pytest.mark.promise("P08")
@pytest.mark.fault(52)
def test_reserved_names_are_set_aside_first_and_the_rest_is_taken(pushed: Pushed) -> None:
    # given
    pushed.mail(letter(("receipt_x.csv", ROWS), ("a.csv", ROWS), ("RESULT_a.csv", ROWS)))
    # when
    run = pushed.run()
    # then
    states = dict(said(pushed))
    assert states == {
        "a.csv": FileState.COMPLETE,
        "receipt_x.csv": FileState.IGNORED,
        "RESULT_a.csv": FileState.IGNORED,
    }
    assert (run.counts.files_taken, run.counts.read) == (1, 1)


@pytest.mark.promise("P09")
def test_a_mail_without_attachments_and_what_is_none_is_shown_as_ignored(pushed: Pushed) -> None:
    # given: a mail of text alone, and one with a signature beside the table
    pushed.mail(letter(message_id="<text@x>"))
    signed = letter(("a.csv", ROWS), ("smime.p7s", "sig"), message_id="<signed@x>")
    signed = signed.replace(b'Content-Type: text/csv; charset="utf-8"', b"Content-Type: text/csv")
    head, _, tail = signed.rpartition(b"Content-Type: text/csv")
    pushed.mail(head + b"Content-Type: application/pkcs7-signature" + tail)
    # when
    pushed.run()
    # then
    empty, *others = pushed.files()
    assert empty.state is FileState.IGNORED
    assert "no attachment" in str(empty.reason)
    states = {file.name: (file.state, file.reason) for file in others}
    assert states["a.csv"][0] is FileState.COMPLETE
    assert states["smime.p7s"][0] is FileState.IGNORED
    assert "signature" in str(states["smime.p7s"][1])


@pytest.mark.promise("P10")
def test_names_are_decoded_before_they_are_judged_and_their_paths_are_dropped(pushed: Pushed) -> None:
    # given
    pushed.mail(letter(("Käufe März.csv", ROWS), message_id="<1@x>"))
    raw = letter(("x.csv", MORE), message_id="<2@x>")
    pushed.mail(raw.replace(b'filename="x.csv"', b'filename="../../etc/x.csv"'))
    # when
    pushed.run()
    # then
    assert said(pushed) == [("Käufe März.csv", FileState.COMPLETE), ("x.csv", FileState.COMPLETE)]


@pytest.mark.fault(50)
def test_a_sender_that_is_not_allowed_is_quarantined_and_never_read(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: a wrong From inside a right envelope, and an envelope that the endpoint refused
    spoofed = pushed.mail(letter(("a.csv", ROWS), sender="eve@elsewhere.example"))
    pushed.take_in()
    monkeypatch.setattr(mailing, "explode", None)
    refused = pushed.mail(
        letter(("a.csv", ROWS)),
        "eve@elsewhere.example",
        LandedState.QUARANTINED,
        "eve@elsewhere.example may not.",
    )
    # when
    pushed.take_in()
    put.work(pushed.desk)
    # then: both can be seen, with why; nobody was answered
    for landed_id in (spoofed, refused):
        file = pushed.file(landed_id)
        assert file.state is FileState.IGNORED
        assert "eve@elsewhere.example" in str(file.reason)
        assert file.spool_key is not None
        assert answers_of(pushed.desk, landed_id) == {}
    assert pushed.sql("SELECT count(*) FROM dat.profile") == [(0,)]


@pytest.mark.fault(56)
def test_the_same_mail_twice_is_one_import(pushed: Pushed) -> None:
    # given
    pushed.mail(letter(("a.csv", ROWS)))
    pushed.run()
    # when
    second = pushed.mail(letter(("a.csv", ROWS)))
    pushed.take_in()
    put.work(pushed.desk)
    # then
    assert said(pushed)[0] == ("a.csv", FileState.COMPLETE)
    file = pushed.file(second)
    assert file.state is FileState.IGNORED
    assert "<1@partner.example>" in str(file.reason)
    assert pushed.sql("SELECT points FROM dat.profile") == [(5,)]
    # and its sender, who was told of the first, is not told again
    assert answers_of(pushed.desk, second) == {}


@pytest.mark.parametrize(
    ("attachments", "header", "is_told"),
    [
        ([("notes.txt", "x")], "", True),
        ([], "", True),
        ([("result_a.csv.json", "{}")], "", False),
        ([("mended_receipt_a.csv.txt", "x")], "", False),
        ([], "Auto-Submitted: auto-generated\n", False),
        ([("notes.txt", "x")], "Auto-Submitted: auto-generated\n", True),
        ([("notes.txt", "x")], "Auto-Submitted: auto-replied (vacation)\n", False),
        ([("notes.txt", "x")], "Return-Path: <>\n", False),
        ([("notes.txt", "x")], "Auto-Submitted: no\n", True),
    ],
)
def test_nobody_answers_an_answer_so_no_two_machines_write_to_each_other_for_ever(
    pushed: Pushed, attachments: list[tuple[str, str]], header: str, *, is_told: bool
) -> None:
    # given: what is ignored, of people and of machines
    landed_id = pushed.mail(header.encode() + letter(*attachments))
    # when
    pushed.take_in()
    # then
    assert pushed.file(landed_id).state is FileState.IGNORED
    assert (answers_of(pushed.desk, landed_id) != {}) is is_told


def test_what_comes_back_as_undeliverable_is_not_answered(pushed: Pushed) -> None:
    # given: the envelope of such a mail names no sender
    pushed.save(files="*")
    landed_id = pushed.mail(letter(), sender="")
    # when
    pushed.take_in()
    # then
    assert pushed.file(landed_id).state is FileState.IGNORED
    assert answers_of(pushed.desk, landed_id) == {}


def test_an_ignored_mail_is_not_lost_when_its_row_cannot_be_written_at_once(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: the disk is full just when the row is to be written
    landed_id = pushed.mail(letter(("notes.txt", "hello")))

    def full(*_: object) -> None:
        raise StorageFull("The disk is full.")

    with monkeypatch.context() as patched:
        patched.setattr(exchange, "insert_new", full)
        pushed.take_in()
    assert pushed.files() == []
    # when
    pushed.take_in()
    # then: it can be seen, with what it held
    file = pushed.file(landed_id)
    assert "notes.txt" in str(file.reason)
    assert b"notes.txt" in pushed.desk.spool.path(file.spool_key or "").read_bytes()


def test_a_mail_that_was_ignored_is_taken_when_it_comes_again_after_the_goal_was_mended(pushed: Pushed) -> None:
    # given
    pushed.mail(letter(("a.txt", ROWS)))
    pushed.take_in()
    pushed.save(files="*.txt")
    # when
    pushed.mail(letter(("a.txt", ROWS)))
    run = pushed.run()
    # then
    assert run.counts.files_taken == 1


def test_a_kill_between_the_rows_of_a_mail_and_the_end_of_its_note_tells_nothing_twice(pushed: Pushed) -> None:
    # given
    landed_id = pushed.mail(letter(("a.csv", ROWS), ("b.csv", MORE)))
    note = pushed.desk.spool.landed / f"{landed_id}.json"
    text = note.read_text()
    pushed.take_in()
    note.write_text(text)
    raw = pushed.desk.spool.accepted(pushed.connection.connection_id) / f"{landed_id}.data"
    raw.write_bytes(b"the mail, which the kill left")
    # when
    pushed.run()
    # then
    assert said(pushed) == [("a.csv", FileState.COMPLETE), ("b.csv", FileState.COMPLETE)]
    assert not raw.exists()


def test_a_mail_that_cannot_be_taken_apart_now_stays_and_holds_up_no_other(
    pushed: Pushed, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    whole = mailing.explode

    def explode(raw: Path, *others: object) -> mailing.Exploded:
        if b"<full@x>" in raw.read_bytes():
            raise errors.OutOfSpace("The disk is full.")
        return whole(raw, *others)  # type: ignore[arg-type]

    stays = pushed.mail(letter(("a.csv", ROWS), message_id="<full@x>"))
    with monkeypatch.context() as patched:
        patched.setattr(mailing, "explode", explode)
        other = pushed.mail(letter(("b.csv", MORE), message_id="<fine@x>"))
        # when
        intake.take_in(pushed.desk)
    # then
    assert [file.file_id for file in pushed.files()] == [other]
    # and when there is room again
    pushed.run()
    assert pushed.file(stays).state is FileState.COMPLETE
    assert clock.now() >= pushed.file(stays).first_seen_at
