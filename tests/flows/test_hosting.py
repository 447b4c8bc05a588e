"""Who may sign in is published from the rows; identities are made once; the endpoints live with the service."""

import contextlib
import json
import os
import signal
import socket
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from pathlib import Path

import psutil
import pytest

from engine.base import clock, limits
from engine.flows import hosting
from engine.flows.desk import Desk
from engine.scheduling.endpoints import Supervisor
from engine.security import provisioning
from storage.records.boxes import Accounts, EndpointStatus
from storage.records.connections import (
    Connection,
    ConnectionState,
    DataType,
    Details,
    Direction,
    Method,
    Methodology,
    SecretKind,
    Server,
)
from storage.records.credentials import Credential, CredentialKind, Origin
from storage.tables import connections, credentials, identities
from tests.fakes.dashboard import FREE_PORTS
from tests.fakes.home import open_home
from tests.fakes.service import ServiceProcess, wait_until
from tests.fakes.sftp_guest import Guest

PASSWORD = "a-password-of-many-characters-192"
_HASH = provisioning.hash_password(PASSWORD)
_WAIT_S = 60.0


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home whose endpoints take free ports."""
    (tmp_path / "settings.yaml").write_text(FREE_PORTS)
    with open_home(tmp_path) as opened:
        yield opened


def _credential(name: str, method: Method = Method.SFTP) -> Credential:
    return Credential(
        credential_id=f"K-{name}",
        name=name,
        method=method,
        origin=Origin.PROVISIONED,
        kind=CredentialKind.PASSWORD,
        username=name,
        host="",
        port=0,
        public_keys=(),
        password_hash=_HASH,
        return_email="",
        version=1,
        owner_id=None,
        shown_at=None,
        last_used_at=None,
        created_at=clock.now(),
        changed_at=clock.now(),
    )


def _connection(name: str, credential_id: str | None, **changes: object) -> Connection:
    usual = Connection(
        connection_id=f"C-{name}",
        name=name,
        direction=Direction.INBOUND,
        data_type=DataType.IDENTITIES,
        method=Method.SFTP,
        methodology=Methodology.PUSH,
        server=Server("", 0, "", "", SecretKind.PASSWORD),
        state=ConnectionState.ON,
        paused_reason=None,
        every_minutes=None,
        created_at=clock.now(),
        changed_at=clock.now(),
        credential_id=credential_id,
    )
    return replace(usual, **changes)  # type: ignore[arg-type]  # what a test names


def _write(desk: Desk, *rows: Credential | Connection) -> None:
    with desk.database.write("ctl") as cursor:
        for row in rows:
            if isinstance(row, Credential):
                credentials.put(cursor, row, None)
            else:
                connections.insert(cursor, row)


def _published(desk: Desk) -> Accounts:
    return Accounts.from_json((desk.settings.endpoints / "accounts.json").read_text())


def test_each_login_has_the_folders_of_its_connections_and_nothing_else(desk: Desk) -> None:
    # given two connections of one login, one that fetches, a pull, a login of FTP, and one without a connection
    pull = _connection("pull", "K-acme", methodology=Methodology.PULL)
    out = _connection("out", "K-acme", direction=Direction.OUTBOUND, methodology=Methodology.PULL)
    _write(
        desk,
        _credential("acme"),
        _credential("unused"),
        replace(_credential("ftp", Method.FTP), kind=CredentialKind.PUBLIC_KEY, public_keys=("ssh-ed25519 AAAA",)),
        _connection("in", "K-acme", state=ConnectionState.OFF),
        replace(out, details=Details(hosted_folder="/out")),
        pull,
        _connection("ftp", "K-ftp", method=Method.FTP),
    )

    # when
    assert hosting.publish(desk)

    # then
    acme, ftp = _published(desk).accounts
    assert [(mount.connection_id, mount.path, mount.is_writable) for mount in acme.mounts] == [
        ("C-in", "/", True),
        ("C-out", "/out", False),
    ]
    assert (acme.protocol, acme.username, acme.password_hash) == ("sftp", "acme", _HASH)
    assert (ftp.protocol, ftp.password_hash, ftp.public_keys) == ("ftp", "", ("ssh-ed25519 AAAA",))
    assert acme.mounts[0].files_max == desk.settings.installation.endpoints.folder_files_max
    assert hosting.has_logins(desk)

    # when nothing changed, and when a connection goes
    assert not hosting.publish(desk)
    with desk.database.write("ctl") as cursor:
        connections.delete(cursor, "C-ftp")
    assert hosting.publish(desk)

    # then its login goes with it
    assert [item.username for item in _published(desk).accounts] == ["acme"]


def test_mail_that_comes_to_us_has_a_mailbox(desk: Desk) -> None:
    # given a connection whose partner sends mail, and one that sends mail itself
    details = Details(address="in-abc", allowed_senders=("@acme.example",))
    push = _connection("mail", None, method=Method.EMAIL)
    _write(
        desk,
        replace(push, details=details),
        _connection("out", None, method=Method.EMAIL, direction=Direction.OUTBOUND),
    )

    # when
    hosting.publish(desk)

    # then
    (box,) = _published(desk).mailboxes
    assert (box.connection_id, box.local_part, box.allowed_senders) == ("C-mail", "in-abc", ("@acme.example",))


def test_no_secret_and_no_key_can_be_read_by_others(desk: Desk) -> None:
    # given a login
    _write(desk, _credential("acme"), _connection("in", "K-acme"))

    # when all is written
    hosting.publish(desk)
    hosting.ensure_identities(desk)

    # then only its owner reads it, and the password is in none of it
    for path in desk.settings.endpoints.iterdir():
        assert path.stat().st_mode & 0o077 == 0
        assert PASSWORD not in path.read_text()


def test_identities_are_made_once_and_a_lost_file_is_not_replaced(desk: Desk) -> None:
    # given identities
    first = hosting.ensure_identities(desk)
    assert set(first) == {identities.SFTP_HOST_KEY, "sftp_host_key_rsa", identities.CERTIFICATE}
    assert all(value.startswith("SHA256:") for value in first.values())

    # when they are asked for again, with a key that is lost
    key = desk.settings.endpoints / "ssh_host_ed25519_key"
    key.unlink()

    # then they are the same, and nothing took its place
    assert hosting.ensure_identities(desk) == first
    assert not key.exists()
    assert hosting.facts(desk).host_key_line == ""
    assert hosting.facts(desk).host_key_fingerprint == first[identities.SFTP_HOST_KEY]


def test_a_start_that_was_cut_after_the_key_was_written_keeps_that_key(desk: Desk) -> None:
    # given a key whose fingerprint was not noted
    first = hosting.facts(desk)
    with desk.database.write("ctl") as cursor:
        cursor.execute("DELETE FROM ctl.identity")

    # when
    again = hosting.facts(desk)

    # then
    assert again == first
    assert provisioning.fingerprint(first.host_key_line) == first.host_key_fingerprint


def test_the_process_starts_with_the_first_login_comes_back_when_it_dies_and_ends_with_the_service(desk: Desk) -> None:
    # given a home without logins
    supervisor = Supervisor(desk)
    supervisor.look()
    assert supervisor.pid is None
    assert hosting.status(desk) is None

    # when the first one is made
    _write(desk, _credential("acme"), _connection("in", "K-acme"))
    hosting.publish(desk)
    supervisor.start()
    wait_until(lambda: hosting.facts(desk).ports["sftp"] != 0, _WAIT_S)

    # then it signs in, and what is said is what listens
    port = hosting.facts(desk).port(Method.SFTP)
    with Guest(port, "acme", PASSWORD) as guest:
        guest.put("a.csv", b"rows")
        key = guest.transport.get_remote_server_key()
        assert (
            provisioning.fingerprint(f"{key.get_name()} {key.get_base64()}") == hosting.facts(desk).host_key_fingerprint
        )
    assert len(list(desk.spool.landed.glob("*.json"))) == 1

    # when it is killed; then another one comes
    first = supervisor.pid
    assert first is not None
    os.kill(first, signal.SIGKILL)
    wait_until(lambda: supervisor.pid not in (None, first) and _pid_said(desk) == supervisor.pid, _WAIT_S)

    # when the service stops; then it is gone
    second = supervisor.pid
    supervisor.stop()
    assert second is not None
    assert not psutil.pid_exists(second)


@pytest.mark.parametrize("moved_s", [3600, -3600])
def test_what_was_said_at_another_time_says_nothing_of_now(
    desk: Desk,
    moved_s: int,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given what the endpoints said
    then = clock.now()
    desk.settings.endpoints.mkdir(exist_ok=True)
    (desk.settings.endpoints / "status.json").write_text(EndpointStatus(1, then.isoformat(), (), ()).to_json())
    monkeypatch.setattr(clock, "now", lambda: then)
    assert hosting.status(desk) is not None

    # when the clock goes on, or is put back; then whoever said it may be gone
    monkeypatch.setattr(clock, "now", lambda: then + timedelta(seconds=moved_s))
    assert hosting.status(desk) is None


def _pid_said(desk: Desk) -> int:
    status = hosting.status(desk)
    return status.pid if status is not None and status.listeners else 0


def test_a_process_that_dies_at_each_start_is_started_less_and_less_often(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given a process that cannot start, and a clock in our hands
    now_s = [0.0]
    monkeypatch.setattr(clock, "monotonic_s", lambda: now_s[0])
    monkeypatch.setattr("engine.scheduling.endpoints._MODULE", "engine.endpoints.nothing")
    _write(desk, _credential("acme"), _connection("in", "K-acme"))
    supervisor = Supervisor(desk)

    # when it is looked at, over and over
    supervisor.look()
    waits = []
    for _ in range(len(limits.ENDPOINT_RESTART_WAITS_S) + 1):
        assert supervisor._process is not None
        supervisor._process.wait(_WAIT_S)
        supervisor.look()
        began_s = now_s[0]
        while supervisor.pid is None:
            now_s[0] += 0.25
            supervisor.look()
        waits.append(now_s[0] - began_s)

    # then the waits grow, up to the last one
    assert waits == sorted(waits)
    assert waits[-1] == limits.ENDPOINT_RESTART_WAITS_S[-1]
    supervisor.stop()


def test_killed_with_the_service_the_endpoints_leave_no_process_and_no_port(tmp_path: Path) -> None:
    # given a service with endpoints that listen
    (tmp_path / "settings.yaml").write_text(FREE_PORTS)
    with open_home(tmp_path) as desk:
        _write(desk, _credential("acme"), _connection("in", "K-acme"))
    with ServiceProcess(tmp_path) as service:
        said = tmp_path / "endpoints" / "status.json"
        wait_until(lambda: said.exists() and bool(json.loads(said.read_text())["listeners"]), _WAIT_S)
        port = json.loads(said.read_text())["listeners"][0]["port"]
        assert port > 0

        commands = [" ".join(child.cmdline()) for child in psutil.Process(service.pid).children(recursive=True)]
        assert any("engine.endpoints" in command for command in commands)

        # when it is killed with -9 in the midst of a session
        children: list[psutil.Process] = []
        with contextlib.suppress(EOFError, OSError), Guest(port, "acme", PASSWORD) as guest:
            upload = guest.sftp.open("a.csv", "wb")
            upload.write(b"half")
            upload.flush()
            children += service.kill()

        # then nothing of it is left
        assert children
        wait_until(lambda: all(_is_gone(child) for child in children), 5.0)
        # Another program's own connection may hold a free port for a moment.
        wait_until(lambda: _is_free(port), _WAIT_S)


def _is_free(port: int) -> bool:
    try:
        with socket.create_server(("127.0.0.1", port)):
            return True
    except OSError:
        return False


def _is_gone(process: psutil.Process) -> bool:
    try:
        return not process.is_running() or process.status() == psutil.STATUS_ZOMBIE
    except psutil.Error:
        return True
