"""Pulls by IMAP and FTP, and pushes to the real endpoints of a real service: fetched or landed, imported, told."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path

import paramiko
import pytest

from engine.actions import questions
from engine.base import limits
from engine.flows import queue, sources
from engine.flows.desk import Desk
from engine.security import provisioning
from engine.views import questions as view
from storage.records.boxes import EndpointStatus
from storage.records.connections import Connection, Method, SecretKind, Server
from storage.records.goals import FileFormat
from storage.records.people import Caller, Role
from storage.records.runs import Run, RunState
from storage.tables import credentials, runs
from tests.fakes import exchange as put
from tests.fakes.authority import Authority
from tests.fakes.dovecot import Dovecot
from tests.fakes.ftp_server import FtpServer
from tests.fakes.home import open_home
from tests.fakes.pushed import HEADER, goal_for, letter
from tests.fakes.service import ServiceProcess, wait_until

ANALYST = Caller("Ana Vos", Role.ANALYST, "p1")
LANDED_S_MAX = 60.0
"""Five seconds on a quiet machine; tests share theirs."""
NO_PORTS = "endpoints: {sftp_port: 0, ftp_port: 0, smtp_port: 0}\n"


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home without a service."""
    with open_home(tmp_path) as opened:
        yield opened


def run(desk: Desk, owner: Connection) -> Run:
    """Run a connection to its end."""
    with desk.database.write("ctl") as cursor:
        run_id = queue.add_run(cursor, owner.connection_id, "tests")
    put.work(desk)
    with desk.database.read() as cursor:
        found = runs.by_id(cursor, run_id)
    assert found is not None
    return found


def files(desk: Desk) -> list[tuple[str, str]]:
    """Return name and state of all files."""
    with desk.database.read() as cursor:
        return cursor.execute("SELECT name, state FROM ctl.file ORDER BY first_seen_at, file_id").fetchall()


@pytest.mark.fault(56)
@pytest.mark.promise("W30")
def test_a_mailbox_is_read_mail_by_mail_once_and_cleaned_after_the_import(desk: Desk, tmp_path: Path) -> None:
    # given: two mails, one of which has a stranger among its attachments
    authority = Authority(tmp_path)
    put.settings(desk, f"network: {{authorities: {authority.path}}}\n")
    with Dovecot(authority.good().path) as server:
        place = Server(server.host, server.port, server.username, "", SecretKind.PASSWORD)
        box = put.connection(desk, "Mailbox", (put.IN, Method.EMAIL, put.PULL), server=place, password=server.password)
        goal_for(desk, box, "*.csv", "INBOX")
        server.put("1", letter(("a.csv", HEADER + "1,Ana,5\n"), message_id="<1@x>"))
        server.put("2", letter(("b.csv", HEADER), ("b.txt", "x"), message_id="<2@x>"))
        # when
        first, second = run(desk, box), run(desk, box)
        # then
        assert (first.state, first.counts.files_taken) == (RunState.COMPLETED, 1)
        assert (second.state, second.counts.files_taken) == (RunState.COMPLETED, 0)
        assert [state for _, state in files(desk)] == ["complete", "ignored"]
        assert "S" not in "".join(server.flags())
        # and when the same mail comes again, and what was imported is to be removed
        server.put("3", letter(("a.csv", HEADER + "1,Ana,5\n"), message_id="<1@x>"))
        with desk.database.write("ctl") as cursor:
            cursor.execute("""UPDATE ctl.connection SET details = '{"delete_after_pull": true}'""")
        third = run(desk, box)
        # then: the one that was taken is gone, the others stay
        assert (third.state, third.counts.files_taken) == (RunState.COMPLETED, 0)
        assert len(server.flags()) == 2
        with desk.database.read() as cursor:
            assert cursor.execute("SELECT points FROM dat.profile").fetchall() == [(5,)]


def test_a_mailbox_is_mapped_before_anything_was_taken(desk: Desk, tmp_path: Path) -> None:
    # given: a mailbox whose columns nobody has mapped, so that nothing runs
    authority = Authority(tmp_path)
    put.settings(desk, f"network: {{authorities: {authority.path}}}\n")
    with Dovecot(authority.good().path) as server:
        place = Server(server.host, server.port, server.username, "", SecretKind.PASSWORD)
        box = put.connection(desk, "Mailbox", (put.IN, Method.EMAIL, put.PULL), server=place, password=server.password)
        goal = goal_for(desk, box, "*.csv", "INBOX")
        server.put("1", letter(("a.csv", HEADER + "1,Ana,5\n"), message_id="<1@x>"), 1_700_000_000)
        server.put("2", letter(("b.csv", HEADER), ("b.txt", "x"), message_id="<2@x>"), 1_700_000_100)
        # when
        job_id = questions.ask_scan(desk, ANALYST, goal.goal_id, "INBOX", "*.csv", FileFormat(separator=None))
        put.work(desk)
        job = view.state(desk, ANALYST, job_id)
        # then
        assert job.error is None
        assert job.result is not None
        assert [file["name"] for file in job.result["files"]] == ["a.csv"]
        assert job.result["preview"]["columns"] == ["id", "name", "points"]
        assert "b.txt" in dict(job.result["not_taken"])
        assert "S" not in "".join(server.flags())
        assert files(desk) == []
        # when no mail is taken
        job_id = questions.ask_scan(desk, ANALYST, goal.goal_id, "INBOX", "*.xml", FileFormat(separator=None))
        put.work(desk)
        # then
        job = view.state(desk, ANALYST, job_id)
        assert job.result is not None
        assert (job.result["files"], job.result["preview"]) == ([], None)


@pytest.mark.promise("T06")
def test_files_are_pulled_by_ftps(desk: Desk, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(sources, "_wait", lambda *_: None)
    authority = Authority(tmp_path)
    put.settings(desk, f"network: {{authorities: {authority.path}}}\n")
    folder = tmp_path / "shop"
    folder.mkdir()
    (folder / "a.csv").write_text(HEADER + "1,Ana,5\n")
    (folder / "b.csv.part").write_text(HEADER + "2,Ben,5\n")
    with FtpServer(folder, authority.good().path) as server:
        place = Server(server.host, server.port, server.username, "", SecretKind.PASSWORD)
        pulled = put.connection(
            desk,
            "FTPS",
            (put.IN, Method.FTP, put.PULL),
            server=place,
            password=server.password,
            delete_after_pull=True,
        )
        goal_for(desk, pulled, "*")
        # when
        done = run(desk, pulled)
    # then
    assert (done.state, done.error, done.counts.files_taken) == (RunState.COMPLETED, None, 1)
    assert files(desk) == [("a.csv", "complete")]
    assert [path.name for path in folder.iterdir()] == ["b.csv.part"]


@pytest.mark.promise("T13")
def test_a_file_that_is_put_to_a_running_service_is_imported_and_one_that_landed_before_a_kill_is_too(
    tmp_path: Path,
) -> None:
    # given: a login, and a service with its endpoints
    home = tmp_path / "home"
    home.mkdir()
    password = "correct-horse-battery-staple-192"
    with open_home(home) as desk:
        put.settings(desk, NO_PORTS)
        pushed = put.connection(desk, "Pushed", (put.IN, Method.SFTP, put.PUSH))
        with desk.database.write("ctl") as cursor:
            credential = credentials.by_id(cursor, pushed.credential_id or "")
            assert credential is not None
            made = dataclasses.replace(credential, password_hash=provisioning.hash_password(password))
            credentials.put(cursor, made, None)
        goal_for(desk, pushed, "*.csv")
    service = ServiceProcess(home)
    with service:
        # when
        _put_file(home, made.username, password, "a.csv", HEADER + "1,Ana,5\n")
        wait_until(lambda: _state(service, "a.csv") == "complete", LANDED_S_MAX)
        # and when the service is killed right after a second one landed
        _put_file(home, made.username, password, "b.csv", HEADER + "2,Ben,7\n")
        service.kill()
        service.start()
        # then
        wait_until(lambda: _state(service, "b.csv") == "complete", LANDED_S_MAX)
        assert service.ask("profiles_count")["profiles"] == 2
    assert limits.INTAKE_TICK_S + limits.ENGINE_TICK_S < 1.0


def _put_file(home: Path, username: str, password: str, name: str, text: str) -> None:
    """Sign in to the SFTP endpoint and put a file."""
    status = home / "endpoints" / "status.json"
    found: list[int] = []

    def listens() -> bool:
        if status.exists():
            told = EndpointStatus.from_json(status.read_text()).listeners
            found[:] = [item.port for item in told if item.protocol == "sftp" and item.port]
        return bool(found)

    wait_until(listens, LANDED_S_MAX)
    transport = paramiko.Transport(("127.0.0.1", found[0]))
    try:
        transport.connect(username=username, password=password)
        client = paramiko.SFTPClient.from_transport(transport)
        assert client is not None
        with client.open(name, "w") as file:
            file.write(text.encode())
    finally:
        transport.close()


def _state(service: ServiceProcess, name: str) -> str | None:
    """Return how a file stands."""
    listed = service.ask("files")
    rows = listed if isinstance(listed, list) else listed["files"]
    return next((row["state"] for row in rows if row["name"] == name), None)
