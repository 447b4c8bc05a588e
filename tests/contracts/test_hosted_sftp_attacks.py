"""What a client of the hosted SFTP server may try: none of it leaves its own folder."""

import socket
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import paramiko
import pytest

from engine.base import limits
from storage.records.boxes import Account
from tests.fakes.endpoints import EndpointsProcess, a_mount
from tests.fakes.sftp_guest import Guest

SECRET = b"secret of another tenant"
_HERE = "127.0.2.1"
"""Where these clients come from: each file of tests has an address, so that no cap or ban of one meets another."""


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointsProcess]:
    home = tmp_path_factory.mktemp("hosted")
    endpoints = EndpointsProcess(home)
    for number in range(40):
        endpoints.add_login(name=f"user{number}")
    endpoints.add_login(name="small", mount=a_mount("C-small"))
    with endpoints:
        endpoints.port()
        yield endpoints


_taken = iter(range(40))


@pytest.fixture
def login(server: EndpointsProcess) -> Account:
    """Give a login that no other test has."""
    return server.accounts[next(_taken)]


@pytest.fixture
def guest(server: EndpointsProcess, login: Account) -> Iterator[Guest]:
    with Guest(server.port(), login.username, source=_HERE) as found:
        yield found


def _box(server: EndpointsProcess, login: Account) -> Path:
    box = server.spool.incoming(login.mounts[0].connection_id)
    box.mkdir(parents=True, exist_ok=True)
    return box


@pytest.mark.fault(1)
@pytest.mark.promise("T02")
@pytest.mark.parametrize(
    "path",
    [
        "../secret.csv",
        "/../secret.csv",
        "//secret.csv",
        "/./../../secret.csv",
        "a/../../secret.csv",
        "....//secret.csv",
    ],
)
def test_no_path_leads_out(server: EndpointsProcess, login: Account, guest: Guest, path: str) -> None:
    # given a secret beside the client's folder, and an own file
    _box(server, login).parent.joinpath("secret.csv").write_bytes(SECRET)
    server.spool.root.joinpath("secret.csv").write_bytes(SECRET)

    # when it is asked for by any detour; then it is not there
    for ask in (guest.get, guest.sftp.stat, guest.sftp.remove, guest.sftp.listdir):
        with pytest.raises(FileNotFoundError):
            ask(path)
    absolute = _box(server, login).parent / "secret.csv"
    with pytest.raises(FileNotFoundError):
        guest.get(str(absolute))

    # and what is written there lies in the client's own folder
    guest.sftp.mkdir("....")
    guest.sftp.mkdir("a")
    guest.put(path, b"mine")
    assert [server.content(item) for item in server.landed_of(login)] == [b"mine"]
    assert absolute.read_bytes() == SECRET
    guest.sftp.chdir("..")
    assert guest.sftp.getcwd() == "/"


@pytest.mark.fault(2)
def test_links_are_neither_made_nor_read(server: EndpointsProcess, login: Account, guest: Guest) -> None:
    # given a file of the client's own
    guest.put("own.part", b"own")

    # when it makes a link, in both ways that SFTP has, and reads one
    with pytest.raises(PermissionError):
        guest.sftp.symlink("/etc/passwd", "link")
    with pytest.raises(PermissionError):
        guest.sftp.readlink("own.part")
    with pytest.raises(OSError, match="unsupported"):
        guest.ask(200, "hardlink@openssh.com", "own.part", "hard")

    # then there is none
    (only,) = _box(server, login).iterdir()
    assert (only.name, only.is_symlink(), only.stat().st_nlink) == ("own.part", False, 1)


@pytest.mark.fault(3)
def test_the_way_out_by_a_link_that_is_moved_up_is_closed(
    server: EndpointsProcess, login: Account, guest: Guest
) -> None:
    # given folders, and a neighbour with a file
    (server.spool.root / "boxes" / "neighbour").mkdir(exist_ok=True)
    (server.spool.root / "boxes" / "neighbour" / "s.csv").write_bytes(SECRET)
    guest.sftp.mkdir("a")
    guest.sftp.mkdir("a/b")

    # when a link two levels up is made deep down and moved up
    with pytest.raises(PermissionError):
        guest.sftp.symlink("../..", "a/b/up")
    with pytest.raises(FileNotFoundError):
        guest.sftp.rename("a/b/up", "a/up")

    # then there is no way up
    for path in ("a/up", "a/b/up", "a/up/neighbour"):
        with pytest.raises(FileNotFoundError):
            guest.sftp.listdir(path)
    with pytest.raises(FileNotFoundError):
        guest.put("a/up/neighbour/s.csv", b"mine")
    assert sorted(item.name for item in _box(server, login).rglob("*")) == ["a", "b"]


def test_an_accepted_file_is_out_of_reach_over_the_wire(server: EndpointsProcess, login: Account, guest: Guest) -> None:
    # given an accepted file
    guest.put("a.csv", b"first")
    (first,) = server.landed_of(login)

    # when the client goes on with it, cuts it, and renames over it
    for mode in ("ab", "r+b"):
        with pytest.raises(PermissionError):
            guest.sftp.open("a.csv", mode)
    guest.sftp.truncate("a.csv", 1)
    guest.put("b.part", b"second")
    with pytest.raises(OSError, match="already"):
        guest.sftp.rename("b.part", "a.csv")
    guest.sftp.posix_rename("b.part", "a.csv")

    # then it is what it was, and the other is a file of its own
    assert [server.content(item) for item in server.landed_of(login)] == [b"first", b"second"]
    assert server.content(first) == b"first"


@pytest.mark.fault(10)
def test_mode_owner_and_times_are_ours_and_a_client_hears_yes(
    server: EndpointsProcess, login: Account, guest: Guest
) -> None:
    # given a pending file
    guest.put("a.part", b"rows")
    before = (_box(server, login) / "a.part").stat()

    # when the client changes mode, owner and times, by name and by handle
    guest.sftp.chmod("a.part", 0o4777)
    guest.sftp.chown("a.part", 1, 1)
    guest.sftp.utime("a.part", (1, 1))
    with guest.sftp.open("b.part", "wb") as file:
        file.chmod(0o777)
        file.utime((1, 1))

    # then nothing changed
    after = (_box(server, login) / "a.part").stat()
    assert (after.st_mode, after.st_uid, after.st_mtime_ns) == (before.st_mode, before.st_uid, before.st_mtime_ns)
    assert not (_box(server, login) / "b.part").stat().st_mode & 0o007


@pytest.mark.fault(14)
@pytest.mark.parametrize(
    "name", [b"a\nb", b"a\0b", b"a\x1b[31mb", b"\x7f", b"x" * 256, b"caf\xe9", b"..", b"."], ids=ascii
)
def test_names_that_no_file_may_have_are_refused_by_the_server(
    server: EndpointsProcess, login: Account, guest: Guest, name: bytes
) -> None:
    # given an odd name; when a file, a folder or a rename wants it; then it is refused
    guest.put("own.part", b"own")
    asks: tuple[Callable[[], Any], ...] = (
        lambda: guest.ask(3, name, paramiko.sftp.int64(0)),
        lambda: guest.ask(14, name, paramiko.SFTPAttributes()),
        lambda: guest.ask(18, "own.part", name),
    )
    for ask in asks:
        with pytest.raises(OSError):  # noqa: PT011 - in words that differ by what is wrong
            ask()
    assert [item.name for item in _box(server, login).iterdir()] == ["own.part"]

    # and the session goes on, and the log holds no such name
    assert guest.get("own.part") == b"own"
    log = (server.folder / "endpoints.log").read_bytes()
    assert len(name) < 3 or name not in log


@pytest.mark.parametrize("name", ["<script>alert(1)</script>.csv", "=1+1.csv", "a\u202egnp.csv", "\U0001f600.csv"])
def test_names_that_are_odd_for_people_are_kept_as_they_are(
    server: EndpointsProcess, login: Account, guest: Guest, name: str
) -> None:
    # given such a name; when a file has it; then the note has it too
    guest.put(name.replace("/", "_"), b"rows")
    assert [item.name for item in server.landed_of(login)] == [name.replace("/", "_")]


@pytest.mark.fault(16)
def test_there_is_sftp_and_nothing_else(server: EndpointsProcess, guest: Guest) -> None:
    # given a signed-in client; when it asks for all that SSH has besides
    line = guest.transport
    asks: tuple[Callable[[paramiko.Channel], Any], ...] = (
        lambda channel: channel.exec_command("id"),
        lambda channel: channel.invoke_shell(),
        lambda channel: channel.get_pty(),
        lambda channel: channel.request_x11(),
        lambda channel: channel.invoke_subsystem("shell"),
    )
    for ask in asks:
        channel = line.open_session(timeout=30)
        with pytest.raises(paramiko.SSHException):
            ask(channel)
    with pytest.raises(paramiko.SSHException):
        line.open_channel("direct-tcpip", ("127.0.0.1", server.port()), ("127.0.0.1", 1), timeout=30)
    for kind in ("x11", "auth-agent@openssh.com", "tun@openssh.com"):
        with pytest.raises(paramiko.SSHException):
            line.open_channel(kind, ("127.0.0.1", 1), ("127.0.0.1", 1), timeout=30)
    with pytest.raises(paramiko.SSHException):
        line.request_port_forward("127.0.0.1", 0)

    # then each is refused, and SFTP goes on
    assert guest.sftp.listdir("/") == []


def test_one_session_takes_few_threads_and_files_however_often_it_asks(guest: Guest) -> None:
    # given a session with several channels
    with Guest(guest.socket.getpeername()[1], guest.username, source=_HERE) as other:
        others: Any = [paramiko.SFTPClient.from_transport(other.transport) for _ in range(3)]

        # when it opens files without end, in several channels
        kept: list[paramiko.SFTPFile] = []
        with pytest.raises(OSError, match="Too many open files"):
            kept.extend(item.open(f"/{number}.csv", "w") for number in range(300) for item in others)

        # or asks for SFTP again in a channel that has it, which was a thread each time
        channel: Any = others[0].get_channel()
        with pytest.raises(paramiko.SSHException):
            channel.invoke_subsystem("sftp")

        # then all its channels together have what one session may have, and other sessions are served
        assert len(kept) == limits.ENDPOINT_OPEN_FILES_MAX
        guest.put("/mine.csv", b"x")


def test_a_packet_that_claims_to_be_huge_ends_the_connection(server: EndpointsProcess) -> None:
    # given a stranger who has said hello
    with socket.create_connection(("127.0.0.1", server.port()), timeout=30, source_address=("127.0.2.2", 0)) as line:
        line.sendall(b"SSH-2.0-Odd\r\n")

        # when it sends a packet of four gigabytes; then it is cut at once
        line.sendall(b"\xff\xff\xff\xf0" + b"\0" * 4096)
        received = b""
        while data := _received(line):
            received += data
        assert received.startswith(b"SSH-2.0-Handoff")


def _received(line: socket.socket) -> bytes:
    try:
        return line.recv(65536)
    except ConnectionError:
        return b""
