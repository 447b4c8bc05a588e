"""Outbound: what was handed over reaches the partner whole and in order, or says why not and waits or rests."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.actions import files as actions
from engine.base.errors import BadInput, GiveUp
from engine.flows.desk import Desk
from storage.records.connections import Connection, Method, SecretKind, Server
from storage.records.exchange import FileState, HandedFile
from storage.records.people import Caller, Role
from storage.records.runs import Run
from storage.tables import audit as audit_table
from storage.tables import connections, exchange, runs
from tests.fakes import exchange as given
from tests.fakes import mail_relay
from tests.fakes.asyncssh_server import AsyncsshServer
from tests.fakes.exchange import IN, OUT, PULL, PUSH
from tests.fakes.home import open_home
from tests.fakes.mail_relay import Relay
from tests.fakes.openssh import OpenSSH, sftp_server
from tests.fakes.sftp_liars import NoPosixRename

__all__ = ["sftp_server"]
ANALYST = Caller("Ana Vos", Role.ANALYST, "p1")
CLOSED = Server("127.0.0.1", 1, "shop", "SHA256:" + "a" * 43, SecretKind.PASSWORD)


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home without its engine."""
    with open_home(tmp_path) as opened:
        yield opened


@pytest.fixture
def partner(sftp_server: OpenSSH) -> OpenSSH:
    """The partner's server, into whose folder we may write."""
    sftp_server.folder.chmod(0o777)
    return sftp_server


@pytest.fixture
def relay(desk: Desk) -> Iterator[Relay]:
    """The mail server of the home's settings."""
    with mail_relay.running() as running:
        given.settings(desk, running.settings())
        yield running


def hand_over(desk: Desk, connection: Connection, name: str, content: bytes = b"id\n1\n") -> HandedFile:
    """Hand a file over, as an analyst does; return it as it stands."""
    file_id = actions.hand_over(desk, ANALYST, connection.connection_id, name, content)
    with desk.database.read() as cursor:
        found = exchange.by_id(cursor, file_id)
    assert found is not None
    return found


def newest_run(desk: Desk, connection: Connection) -> Run:
    """Return the connection's newest run."""
    with desk.database.read() as cursor:
        return runs.newest_by_connection(cursor)[connection.connection_id]


def run_once_more(desk: Desk, connection: Connection) -> Run:
    """Run the connection again, as its schedule does."""
    from engine.flows import queue  # noqa: PLC0415 - one use

    with desk.database.write("ctl") as cursor:
        queue.add_run(cursor, connection.connection_id, "schedule")
    given.work(desk)
    return newest_run(desk, connection)


@pytest.mark.parametrize("method", [Method.SFTP, Method.FTP])
def test_a_file_that_a_partner_fetches_lies_whole_in_its_folder(desk: Desk, method: Method) -> None:
    # given
    connection = given.connection(desk, "Ads", (OUT, method, PULL))
    # when
    first = hand_over(desk, connection, "members.csv", b"id\n1\n")
    hand_over(desk, connection, "members_2.csv", b"id\n2\n")
    given.work(desk)
    # then
    outgoing = desk.spool.outgoing(connection.connection_id)
    assert {path.name: path.read_bytes() for path in outgoing.iterdir()} == {
        "members.csv": b"id\n1\n",
        "members_2.csv": b"id\n2\n",
    }
    assert all(path.stat().st_nlink == 1 for path in outgoing.iterdir())
    assert given.now_is(desk, first).state is FileState.COMPLETE
    assert given.now_is(desk, first).ended_at is not None
    run = newest_run(desk, connection)
    assert (run.state.value, run.counts.files_taken, run.number) == ("completed", 2, 1)


def test_a_file_of_the_same_name_takes_the_place_of_the_older_one(desk: Desk) -> None:
    connection = given.connection(desk, "Ads", (OUT, Method.SFTP, PULL))
    for content in (b"id\n1\n", b"id\n2\n"):
        hand_over(desk, connection, "members.csv", content)
        given.work(desk)

    outgoing = desk.spool.outgoing(connection.connection_id)
    assert [(path.name, path.read_bytes()) for path in outgoing.iterdir()] == [("members.csv", b"id\n2\n")]


def test_a_file_is_pushed_to_the_partners_server(desk: Desk, partner: OpenSSH) -> None:
    # given
    folder = partner.absolute_folder
    connection = given.connection(
        desk, "Ads", (OUT, Method.SFTP, PUSH),
        server=given.at(partner), password=partner.password, folder=folder,
    )  # fmt: skip
    # when
    file = hand_over(desk, connection, "members.csv", b"id\n1\n" * 1_000)
    given.work(desk)
    # then
    assert (partner.folder / "members.csv").read_bytes() == b"id\n1\n" * 1_000
    assert [path.name for path in partner.folder.iterdir()] == ["members.csv"]
    assert given.now_is(desk, file).state is FileState.COMPLETE
    assert given.now_is(desk, file).run_id == newest_run(desk, connection).run_id
    with desk.database.read() as cursor:
        (stage,) = runs.stages(cursor, newest_run(desk, connection).run_id)
    assert (stage.name, stage.done, stage.total) == ("Deliver", 5_000, 5_000)
    assert stage.summary.startswith("members.csv · 5.0 kB")


@pytest.mark.fault(67)
def test_a_file_that_could_not_be_replaced_in_one_step_is_noted_in_the_runs_history(desk: Desk, tmp_path: Path) -> None:
    # given: a server without posix-rename, which holds an older file of the name
    served = tmp_path / "served"
    served.mkdir()
    (served / "members.csv").write_bytes(b"old")
    with AsyncsshServer(served, sftp_class=NoPosixRename) as server:
        there = Server(server.host, server.port, server.username, server.fingerprint, SecretKind.PASSWORD)
        connection = given.connection(
            desk, "Ads", (OUT, Method.SFTP, PUSH), server=there, password=server.password, folder="/"
        )
        # when
        hand_over(desk, connection, "members.csv", b"id\n1\n")
        given.work(desk)
    # then
    assert (served / "members.csv").read_bytes() == b"id\n1\n"
    with desk.database.read() as cursor:
        (stage,) = runs.stages(cursor, newest_run(desk, connection).run_id)
    assert "without posix-rename" in stage.summary


def test_a_partner_that_is_not_reached_gets_its_file_by_the_next_run(desk: Desk, partner: OpenSSH) -> None:
    # given
    way = (OUT, Method.SFTP, PUSH)
    connection = given.connection(desk, "Ads", way, server=CLOSED, password=partner.password)
    file = hand_over(desk, connection, "members.csv")
    given.work(desk)
    # then: it waits, with the reason, and the run failed
    assert given.now_is(desk, file).state is FileState.QUEUED
    assert "127.0.0.1:1" in (given.now_is(desk, file).reason or "")
    assert newest_run(desk, connection).state.value == "failed"
    # when
    mended = given.moved(desk, connection, given.at(partner), partner.absolute_folder)
    run = run_once_more(desk, mended)
    # then
    assert (run.state.value, run.counts.files_taken) == ("completed", 1)
    assert given.now_is(desk, file).state is FileState.COMPLETE
    assert given.now_is(desk, file).reason is None


def test_a_file_whose_place_is_taken_waits_and_the_next_one_goes(desk: Desk, partner: OpenSSH) -> None:
    # given
    (partner.folder / "members.csv").mkdir()
    (partner.folder / "members.csv" / "inside").write_text("x")
    way, folder = (OUT, Method.SFTP, PUSH), partner.absolute_folder
    connection = given.connection(desk, "Ads", way, server=given.at(partner), password=partner.password, folder=folder)
    # when
    refused, fine = hand_over(desk, connection, "members.csv"), hand_over(desk, connection, "other.csv")
    given.work(desk)
    # then
    assert given.now_is(desk, refused).state is not FileState.COMPLETE
    assert given.now_is(desk, fine).state is FileState.COMPLETE
    run = newest_run(desk, connection)
    assert (run.state.value, run.counts.files_taken) == ("failed", 1)
    assert run.error == given.now_is(desk, refused).reason


def test_a_file_whose_content_is_gone_fails_and_the_next_one_goes(desk: Desk) -> None:
    # given
    connection = given.connection(desk, "Ads", (OUT, Method.SFTP, PULL))
    lost, fine = hand_over(desk, connection, "members.csv"), hand_over(desk, connection, "other.csv")
    desk.spool.remove(lost.spool_key or "")
    # when
    given.work(desk)
    # then
    assert given.now_is(desk, lost).state is FileState.FAILED
    assert given.now_is(desk, fine).state is FileState.COMPLETE
    run = newest_run(desk, connection)
    assert (run.state.value, run.counts.files_taken, run.error) == ("failed", 1, given.now_is(desk, lost).reason)


def test_a_mail_brings_the_file_to_all_recipients(desk: Desk, relay: Relay) -> None:
    # given
    recipients = ("ops@partner.example", "ben@partner.example")
    way = (OUT, Method.EMAIL, PUSH)
    connection = given.connection(desk, "Ads", way, recipients=recipients, subject="Members of today")
    # when
    file = hand_over(desk, connection, "members.csv", b"id\n1\n")
    given.work(desk)
    # then
    assert given.now_is(desk, file).reason is None
    (mail,) = relay.mails
    assert relay.recipients == [list(recipients)]
    assert mail_relay.attachments(mail) == {"members.csv": b"id\n1\n"}
    assert (mail["Subject"], mail["From"]) == ("Members of today", mail_relay.SENDER)
    assert mail["Message-ID"] == f"<{file.file_id.lower()}@sender.example>"
    assert given.now_is(desk, file).state is FileState.COMPLETE


def test_a_mail_whose_end_nobody_knows_is_never_sent_again_by_itself(desk: Desk, relay: Relay) -> None:
    # given
    relay.hangs_up = True
    connection = given.connection(desk, "Ads", (OUT, Method.EMAIL, PUSH), recipients=("ops@partner.example",))
    # when
    file = hand_over(desk, connection, "members.csv")
    given.work(desk)
    run_once_more(desk, connection)
    # then
    assert len(relay.mails) == 1
    assert given.now_is(desk, file).state is FileState.FAILED
    assert "may have arrived" in (given.now_is(desk, file).reason or "")
    # when: a person hands it over again
    relay.hangs_up = False
    actions.import_again(desk, ANALYST, file.file_id)
    given.work(desk)
    # then
    assert len(relay.mails) == 2
    assert given.now_is(desk, file).state is FileState.COMPLETE


def test_a_mail_that_was_on_its_way_when_the_service_was_killed_is_not_sent_again(desk: Desk, relay: Relay) -> None:
    connection = given.connection(desk, "Ads", (OUT, Method.EMAIL, PUSH), recipients=("ops@partner.example",))
    file = given.file(desk, connection, "members.csv", state=FileState.IN_PROGRESS)

    run_once_more(desk, connection)

    assert relay.mails == []
    assert given.now_is(desk, file).state is FileState.FAILED
    assert "may have arrived" in (given.now_is(desk, file).reason or "")


def test_a_file_that_was_on_its_way_when_the_service_was_killed_is_brought_again(desk: Desk) -> None:
    connection = given.connection(desk, "Ads", (OUT, Method.SFTP, PULL))
    file = given.file(desk, connection, "members.csv", state=FileState.IN_PROGRESS)

    run_once_more(desk, connection)

    assert given.now_is(desk, file).state is FileState.COMPLETE
    assert (desk.spool.outgoing(connection.connection_id) / "members.csv").exists()


@pytest.mark.parametrize(
    "name", ["", "a/b.csv", "..", ".hidden", "a\nb.csv", "a\\b.csv", "x" * 201, "Receipt_a.csv", "result_a.csv"]
)
def test_what_cannot_be_a_files_name_is_refused(desk: Desk, name: str) -> None:
    connection = given.connection(desk, "Ads", (OUT, Method.SFTP, PULL))

    with pytest.raises(BadInput):
        hand_over(desk, connection, name)


def test_an_empty_file_and_a_connection_the_other_way_are_refused(desk: Desk) -> None:
    out, into = (
        given.connection(desk, way[0].value, way) for way in ((OUT, Method.SFTP, PULL), (IN, Method.SFTP, PUSH))
    )

    with pytest.raises(BadInput, match="empty"):
        hand_over(desk, out, "a.csv", b"")
    with pytest.raises(GiveUp, match="sends none"):
        hand_over(desk, into, "a.csv")


def test_who_handed_a_file_over_is_recorded(desk: Desk) -> None:
    connection = given.connection(desk, "Ads", (OUT, Method.SFTP, PULL))

    hand_over(desk, connection, "members.csv")

    with desk.database.read() as cursor:
        entries = [(entry.who, entry.did, entry.what_name) for entry in audit_table.all_entries(cursor)]
    assert entries == [("Ana Vos", "handed over", "members.csv")]
    with desk.database.read() as cursor:
        assert connections.by_id(cursor, connection.connection_id) is not None
