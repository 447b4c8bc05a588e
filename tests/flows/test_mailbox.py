"""A mailbox that is read: numbered anew, or with a mail that could be used in part; nothing twice, nothing lost."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.flows import queue
from engine.flows.desk import Desk
from storage.records.connections import Connection, Method, SecretKind, Server
from storage.records.runs import Run, RunState
from storage.tables import runs
from tests.fakes import exchange as put
from tests.fakes.authority import Authority
from tests.fakes.dovecot import Dovecot
from tests.fakes.home import open_home
from tests.fakes.pushed import HEADER, goal_for, letter

ROWS = HEADER + "1,Ana,5\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home without a service."""
    with open_home(tmp_path) as opened:
        yield opened


@pytest.fixture
def server(desk: Desk, tmp_path: Path) -> Iterator[Dovecot]:
    """A mailbox whose certificate the home trusts."""
    authority = Authority(tmp_path)
    put.settings(desk, f"network: {{authorities: {authority.path}}}\n")
    with Dovecot(authority.good().path) as running:
        yield running


@pytest.fixture
def box(desk: Desk, server: Dovecot) -> Connection:
    """A connection that reads the mailbox, and removes what it imported."""
    place = Server(server.host, server.port, server.username, "", SecretKind.PASSWORD)
    way = (put.IN, Method.EMAIL, put.PULL)
    made = put.connection(desk, "Mailbox", way, server=place, password=server.password, delete_after_pull=True)
    goal_for(desk, made, "*.csv", "INBOX")
    return made


def run(desk: Desk, owner: Connection) -> Run:
    """Run a connection to its end."""
    with desk.database.write("ctl") as cursor:
        run_id = queue.add_run(cursor, owner.connection_id, "tests")
    put.work(desk)
    with desk.database.read() as cursor:
        found = runs.by_id(cursor, run_id)
    assert found is not None
    return found


def asked(desk: Desk, query: str) -> list[tuple[object, ...]]:
    """Ask the database directly."""
    with desk.database.read() as cursor:
        return cursor.execute(query).fetchall()


def number_anew(server: Dovecot) -> None:
    """Let the server forget the numbers of its mails, as when a mailbox is restored (another UIDVALIDITY)."""
    for left in server.folder.glob("dovecot*"):
        left.unlink()


def test_a_mailbox_that_is_numbered_anew_is_read_again_and_nothing_is_imported_or_answered_twice(
    desk: Desk, server: Dovecot, box: Connection
) -> None:
    # given: a mail that was taken and stays, and one without a name of its own
    with desk.database.write("ctl") as cursor:
        cursor.execute("UPDATE ctl.connection SET details = '{}'")
    server.put("1", letter(("a.csv", ROWS), message_id="<1@x>"))
    server.put("2", letter(("b.csv", HEADER + "2,Ben,7\n"), message_id="<2@x>").replace(b"Message-ID: <2@x>\n", b""))
    first = run(desk, box)
    folders = asked(desk, "SELECT DISTINCT folder FROM ctl.file")
    answers = asked(desk, "SELECT count(*) FROM ctl.answer")
    # when
    number_anew(server)
    second, third = run(desk, box), run(desk, box)
    # then
    assert (first.counts.files_taken, second.counts.files_taken, third.counts.files_taken) == (2, 0, 0)
    assert [done.state for done in (first, second, third)] == [RunState.COMPLETED] * 3
    assert len(asked(desk, "SELECT DISTINCT folder FROM ctl.file")) == 2 * len(folders)
    assert asked(desk, "SELECT count(*) FROM ctl.answer") == answers
    assert asked(desk, "SELECT sum(points) FROM dat.profile") == [(12,)]


@pytest.mark.promise("W30")
def test_a_mail_of_which_a_part_failed_stays_at_the_server_until_all_of_it_was_imported(
    desk: Desk, server: Dovecot, box: Connection
) -> None:
    # given
    server.put("1", letter(("a.csv", ROWS), ("b.csv", "id\n1\n"), message_id="<1@x>"))
    server.put("2", letter(("c.csv", HEADER + "3,Cas,1\n"), message_id="<2@x>"))
    # when
    done = run(desk, box)
    # then
    assert (done.state, done.counts.files_taken) == (RunState.FAILED, 2)
    assert asked(desk, "SELECT name, state FROM ctl.file ORDER BY name") == [
        ("a.csv", "complete"),
        ("b.csv", "failed"),
        ("c.csv", "complete"),
    ]
    assert [b"a.csv" in path.read_bytes() for path in server.folder.glob("cur/*")] == [True]
