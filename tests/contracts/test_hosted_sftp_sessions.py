"""Sessions of hosted SFTP: who may not stay goes, what is not proven is not taken, many are served at once."""

import signal
import socket
import statistics
import subprocess
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import paramiko
import psutil
import pytest

from storage.records.boxes import Account
from tests.fakes.endpoints import PASSWORD, EndpointsProcess
from tests.fakes.programs import require
from tests.fakes.service import wait_until
from tests.fakes.sftp_guest import Guest

_REVOKED_S_MAX = 5.0
_SILENT_S_MAX = 15.0
_RSS_GROWTH_BYTES_MAX = 200 * 1024**2


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointsProcess]:
    endpoints = EndpointsProcess(tmp_path_factory.mktemp("hosted"))
    for number in range(20):
        endpoints.add_login(name=f"user{number}")
    with endpoints:
        endpoints.port()
        yield endpoints


_taken = iter(range(20))


@pytest.fixture
def login(server: EndpointsProcess) -> Account:
    """Give a login that no other test has."""
    return server.accounts[next(_taken)]


def _pending(server: EndpointsProcess, login: Account) -> list[str]:
    folder = server.spool.incoming(login.mounts[0].connection_id)
    return sorted(item.name for item in folder.iterdir())


def _sessions(server: EndpointsProcess) -> int:
    return server.listener("sftp").sessions


@pytest.mark.fault(23)
def test_wrong_passwords_cut_the_line_and_then_ban_the_address(server: EndpointsProcess, login: Account) -> None:
    # given an address from which wrong passwords come
    source = "127.0.4.1"

    # when it tries on; then each line is cut at its fourth
    guest = Guest(server.port(), login.username, "wrong", source=source)
    for _ in range(4):
        with pytest.raises(paramiko.AuthenticationException):
            guest.sign_in()
    wait_until(lambda: not guest.transport.is_active(), 30)
    for _ in range(2):
        guest = Guest(server.port(), login.username, "wrong", source=source)
        for _ in range(3):
            with pytest.raises(paramiko.AuthenticationException):
                guest.sign_in()
        guest.close()

    # and after enough of them nothing is taken from it; the status says so, and others are served
    with pytest.raises((paramiko.SSHException, OSError, EOFError)):
        Guest(server.port(), login.username, source=source)

    def is_told() -> bool:
        status = server.status()
        return status is not None and [address for address, _ in status.banned] == [source]

    wait_until(is_told, 30)
    with Guest(server.port(), login.username, source="127.0.4.2") as other:
        assert other.sftp.listdir() == []


@pytest.mark.fault(24)
def test_unknown_and_known_users_are_refused_after_the_same_time(server: EndpointsProcess, login: Account) -> None:
    # given twenty tries with a known name and twenty with an unknown one, in turn
    took_s: dict[str, list[float]] = {login.username: [], "nobody": []}

    # when each is refused
    for number in range(20):
        for place, (name, found) in enumerate(took_s.items()):
            guest = Guest(server.port(), name, "wrong", source=f"127.0.5.{2 * number + place + 1}")
            began_s = time.perf_counter()
            with pytest.raises(paramiko.AuthenticationException):
                guest.sign_in()
            found.append(time.perf_counter() - began_s)
            guest.close()

    # then the medians are alike
    known, unknown = (statistics.median(values) for values in took_s.values())
    assert abs(known - unknown) < 0.2 * max(known, unknown) + 0.005


def test_unknown_and_known_users_are_told_the_same(server: EndpointsProcess, login: Account) -> None:
    # given a known and an unknown name
    said = []
    for place, name in enumerate((login.username, "nobody")):
        guest = Guest(server.port(), name, "wrong", source=f"127.0.6.{place + 1}")

        # when they are refused by none, by password and by key
        with pytest.raises(paramiko.BadAuthenticationType) as none:
            guest.transport.auth_none(name)
        with pytest.raises(paramiko.AuthenticationException) as password:
            guest.sign_in()
        with pytest.raises(paramiko.AuthenticationException) as key:
            guest.transport.auth_publickey(name, paramiko.ECDSAKey.generate())
        said.append((none.value.allowed_types, str(none.value), str(password.value), str(key.value)))
        guest.close()

    # then the words are the same
    assert said[0] == said[1]
    assert said[0][0] == ["publickey", "password"]


@pytest.mark.fault(26)
def test_a_revoked_login_ends_in_mid_upload_and_signs_in_no_more(server: EndpointsProcess, login: Account) -> None:
    # given a session that uploads
    accounts = server.accounts
    with Guest(server.port(), login.username, source="127.0.7.1") as guest:
        upload = guest.sftp.open("a.csv", "wb")
        upload.write(b"rows\n" * 1_000)
        upload.flush()

        # when its secret changes
        changed = replace(login, version=2)
        server.let_in(*[changed if item == login else item for item in accounts])
        wait_until(lambda: not guest.transport.is_active(), _REVOKED_S_MAX)

    # then it was cut, and the file is not taken
    assert server.landed_of(login) == []
    assert _pending(server, login) == ["a.csv"]

    # when the login goes; then nobody signs in with it
    server.let_in(*[item for item in accounts if item != login])
    guest = Guest(server.port(), login.username, source="127.0.7.2")
    wait_until(lambda: not _signs_in(server, login.username), _REVOKED_S_MAX)
    guest.close()


def _signs_in(server: EndpointsProcess, username: str) -> bool:
    guest = Guest(server.port(), username, source=f"127.0.7.{_sources.pop()}")
    try:
        guest.sign_in()
    except paramiko.AuthenticationException:
        return False
    finally:
        guest.close()
    return True


_sources = list(range(10, 200))


@pytest.mark.fault(29)
def test_the_21st_connection_of_an_address_is_refused_and_another_address_is_served(
    server: EndpointsProcess, login: Account
) -> None:
    # given twenty sessions from one address
    guests = [Guest(server.port(), login.username, source="127.0.8.1") for _ in range(20)]

    # when one more comes; then it is closed at once
    with pytest.raises((paramiko.SSHException, OSError, EOFError)):
        Guest(server.port(), login.username, source="127.0.8.1")
    with Guest(server.port(), login.username, source="127.0.8.2") as other:
        assert other.sftp.listdir() == []

    # and a place that is left is free again
    guests.pop().close()
    wait_until(lambda: _connects(server, "127.0.8.1"), 30)
    for guest in guests:
        guest.close()


def _connects(server: EndpointsProcess, source: str) -> bool:
    try:
        Guest(server.port(), "nobody", source=source).close()
    except (paramiko.SSHException, OSError, EOFError):
        return False
    return True


@pytest.mark.fault(30)
def test_a_client_that_is_killed_leaves_a_part_that_is_not_taken(
    server: EndpointsProcess, login: Account, tmp_path: Path
) -> None:
    # given curl, which uploads slowly
    file = tmp_path / "sent.csv"
    file.write_bytes(b"row\n" * 1_000_000)
    command = [require("curl"), "-sS", "--insecure", "--limit-rate", "200k", "-u", f"{login.username}:{PASSWORD}"]
    command += ["-T", str(file), f"sftp://127.0.0.1:{server.port()}/a.csv"]
    with subprocess.Popen(command, stderr=subprocess.DEVNULL) as client:
        part = server.spool.incoming(login.mounts[0].connection_id) / "a.csv"
        wait_until(lambda: part.exists() and part.stat().st_size > 50_000, 60)

        # when it is killed
        client.send_signal(signal.SIGKILL)

    # then its session ends, and the part stays where it was
    wait_until(lambda: _sessions(server) == 0, 30)
    assert server.landed_of(login) == []
    assert _pending(server, login) == ["a.csv"]
    assert 0 < part.stat().st_size < file.stat().st_size


@pytest.mark.fault(31)
def test_a_line_that_is_cut_without_a_close_proves_nothing(server: EndpointsProcess, login: Account) -> None:
    # given an upload whose bytes are all there
    with Guest(server.port(), login.username, source="127.0.9.1") as guest:
        upload = guest.sftp.open("a.csv", "wb")
        upload.write(b"all of it")
        upload.flush()
        assert guest.sftp.stat("a.csv").st_size == 9

        # when the line is cut, and when a client leaves politely without closing its file
        guest.vanish()
    with Guest(server.port(), login.username, source="127.0.9.1") as guest:
        left_open = guest.sftp.open("b.csv", "wb")
        left_open.write(b"all of it")
        left_open.flush()
        guest.sftp.get_channel().shutdown_write()  # type: ignore[union-attr]  # it is open

    # then neither is taken
    wait_until(lambda: _sessions(server) == 0, 30)
    assert server.landed_of(login) == []
    assert _pending(server, login) == ["a.csv", "b.csv"]


@pytest.mark.fault(33)
def test_a_slow_upload_is_seen_only_when_it_is_closed(server: EndpointsProcess, login: Account) -> None:
    # given somebody who looks for notes all the time
    seen: list[tuple[bool, int]] = []
    is_closed, done = threading.Event(), threading.Event()

    def look() -> None:
        while not done.is_set():
            was_closed = is_closed.is_set()
            seen.extend((was_closed, item.size_bytes) for item in server.landed_of(login))

    looking = threading.Thread(target=look)
    looking.start()

    # when a client writes byte by byte to the final name
    with Guest(server.port(), login.username, source="127.0.10.1") as guest:
        upload = guest.sftp.open("a.csv", "wb", bufsize=0)
        for number in range(200):
            upload.write(b"x")
            assert guest.sftp.stat("a.csv").st_size == number + 1
        assert server.landed_of(login) == []
        is_closed.set()
        upload.close()
    wait_until(lambda: bool(seen), 30)
    done.set()
    looking.join()

    # then no note came before, and it says the whole
    assert {size for _, size in seen} == {200}
    assert all(was_closed for was_closed, _ in seen)


def test_a_server_that_is_killed_keeps_what_it_took_and_takes_nothing_half(tmp_path: Path) -> None:
    # given a server with one accepted file and one upload that goes on
    with EndpointsProcess(tmp_path) as server:
        login = server.add_login()
        wait_until(lambda: _signs_in_at(server), 30)
        with Guest(server.port(), "acme", source="127.0.11.1") as guest:
            guest.put("whole.csv", b"whole")
            upload = guest.sftp.open("half.csv", "wb")
            upload.write(b"half")
            upload.flush()
            guest.sftp.stat("half.csv")

            # when it is killed and starts again
            server.kill()
        server.start()

        # then the accepted one is whole, the other is pending, and can be gone on with
        assert [(item.name, server.content(item)) for item in server.landed_of(login)] == [("whole.csv", b"whole")]
        with Guest(server.port(), "acme", source="127.0.11.2") as guest:
            assert {item.filename: item.st_size for item in guest.sftp.listdir_attr()} == {
                "half.csv": 4,
                "whole.csv": 5,
            }
            with guest.sftp.open("half.csv", "ab") as upload:
                upload.write(b" and half")
            assert guest.get("half.csv") == b"half and half"


def _signs_in_at(server: EndpointsProcess) -> bool:
    return server.listener("sftp").port > 0


@pytest.mark.fault(27)
def test_300_silent_strangers_are_dropped_and_guests_are_served_meanwhile(
    server: EndpointsProcess, login: Account
) -> None:
    # given 300 connections: silent, with half a greeting, and with a greeting and nothing after it
    began_s = time.monotonic()
    lines = []
    for number in range(300):
        source = (f"127.0.12.{number // 15 + 1}", 0)
        line = socket.create_connection(("127.0.0.1", server.port()), timeout=30, source_address=source)
        line.sendall((b"", b"SSH-2.0-Ha", b"SSH-2.0-Half\r\n")[number % 3])
        lines.append(line)

    # when a guest comes; then it is served
    with Guest(server.port(), login.username, source="127.0.13.1") as guest:
        guest.put("a.csv", b"rows")

    # and the strangers are all cut in time
    for line in lines:
        line.settimeout(max(1.0, began_s + _SILENT_S_MAX + 15.0 - time.monotonic()))
        with line:
            while _data_of(line):
                pass
    wait_until(lambda: _sessions(server) == 0, 10)


def _data_of(line: socket.socket) -> bytes:
    try:
        return line.recv(4096)
    except ConnectionError:
        return b""


@pytest.mark.fault(28)
def test_200_sessions_at_once_are_served_within_the_memory(server: EndpointsProcess, login: Account) -> None:
    # given 200 clients from 20 addresses
    assert server.process is not None
    process = psutil.Process(server.process.pid)
    before = process.memory_info().rss
    gate = threading.Barrier(200, timeout=120)
    name = login.username

    def upload(number: int) -> int:
        with Guest(server.port(), name, source=f"127.0.14.{number % 20 + 1}") as guest:
            gate.wait()  # all are signed in now
            guest.put(f"{number}.csv", str(number).encode() * 20_000)
            return process.memory_info().rss

    # when all of them upload at once
    with ThreadPoolExecutor(200) as pool:
        rss = list(pool.map(upload, range(200)))

    # then each file is whole, and the memory stayed bounded
    landed = {item.name: server.content(item) for item in server.landed_of(login)}
    assert landed == {f"{number}.csv": str(number).encode() * 20_000 for number in range(200)}
    assert max(rss) - before < _RSS_GROWTH_BYTES_MAX
