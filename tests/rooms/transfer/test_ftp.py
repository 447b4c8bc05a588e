"""The FTP client beside the contract suite: TLS, old servers, refusals, and servers that lie or lead elsewhere."""

import contextlib
import socket
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.base import limits
from engine.base.errors import BadInput, Category, GiveUp, MendCredentials, TryAgain
from engine.transfer import ftp_session
from engine.transfer.ftp import FtpTransport
from engine.transfer.ftp_session import Session
from engine.transfer.transport import Fetched, Letter, NotFetched, Outgoing, Place, Steps
from storage.records.connections import Secrets
from tests.fakes.authority import Authority
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.ftp_server import FtpServer
from tests.fakes.lines import LineServer

CONTENT = bytes(range(256)) * 2_000


def _ignore(done: int, total: int) -> None:
    del done, total


@pytest.fixture
def authority(tmp_path: Path) -> Authority:
    return Authority(tmp_path)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    made = tmp_path / "served"
    made.mkdir()
    return made


@pytest.fixture
def target(tmp_path: Path) -> Path:
    made = tmp_path / "target"
    made.mkdir()
    return made


@pytest.fixture
def partial(tmp_path: Path) -> Path:
    made = tmp_path / "partial"
    made.mkdir()
    return made


@pytest.fixture
def plain(folder: Path) -> Iterator[FtpServer]:
    with FtpServer(folder) as server:
        yield server


def _at(server: Any, secrets: Secrets | None = None, **changes: Any) -> FtpTransport:
    right = {"host": "127.0.0.1", "port": server.port, "username": FtpServer.username, "host_key": "", "is_plain": True}
    return FtpTransport(Place(**{**right, **changes}), secrets or Secrets(password=FtpServer.password))


def _over_tls(server: FtpServer, authority: Authority, **changes: Any) -> FtpTransport:
    return _at(server, is_plain=False, authorities=str(authority.path), **changes)


@pytest.mark.promise("T06")
def test_files_come_over_ftp_and_over_ftps(authority: Authority, folder: Path, target: Path, partial: Path) -> None:
    (folder / "a.csv").write_bytes(CONTENT)
    for certificate in (None, authority.good().path):
        with FtpServer(folder, certificate) as server:
            transport = _over_tls(server, authority) if certificate else _at(server)
            [listed] = transport.list_folder("/").files
            [file] = transport.fetch("/", [listed.name], target, partial, _ignore)
        assert isinstance(file, Fetched)
        assert (target / file.file_name).read_bytes() == CONTENT


def test_where_tls_is_not_switched_off_by_a_person_no_password_goes_without_it(plain: FtpServer) -> None:
    with pytest.raises(GiveUp, match="offers no TLS, and no credential was sent"):
        _at(plain, is_plain=False).list_folder("/")
    assert plain.commands == ["AUTH"]


def test_data_goes_on_with_the_tls_session_of_the_control_connection(authority: Authority, folder: Path) -> None:
    with FtpServer(folder, authority.good().path) as server:
        place = Place(server.host, server.port, server.username, "", authorities=str(authority.path))
        session = Session(place, Secrets(password=server.password), Steps())
        try:
            session.start()
            data: Any = session.transfercmd("MLSD")
            assert data.session_reused
        finally:
            session.close()


def test_tls_that_comes_with_the_first_byte_is_spoken_at_its_port(
    authority: Authority, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (folder / "a.csv").touch()
    with FtpServer(folder, authority.good().path, is_implicit=True) as server:
        monkeypatch.setattr(ftp_session, "IMPLICIT_TLS_PORT", server.port)
        assert [file.name for file in _over_tls(server, authority).list_folder("/").files] == ["a.csv"]


def test_each_stage_of_the_connection_test_is_named(authority: Authority, folder: Path) -> None:
    (folder / "a.csv").touch()
    with FtpServer(folder, authority.good().path) as server:
        stages = _over_tls(server, authority).test("/", "/")
        assert [stage.name for stage in stages] == ["resolve", "connect", "certificate", "sign in", "list", "write"]
        assert all(stage.ok for stage in stages)
        assert stages[4].said == "/ holds 1 file."
        assert [path.name for path in folder.iterdir()] == ["a.csv"]
        wrong = _over_tls(server, authority)
        wrong._secrets = Secrets(password="wrong")
        last = wrong.test("/")[-1]
    assert (last.name, last.ok) == ("sign in", False)
    assert "refused the password of shop" in last.said


@pytest.mark.parametrize("name", ["nowhere", "a.csv"])
def test_a_folder_that_is_none_is_named(plain: FtpServer, folder: Path, name: str) -> None:
    (folder / "a.csv").touch()
    last = _at(plain).test(f"/{name}")[-1]
    assert (last.name, last.ok) == ("list", False)
    assert f"/{name}" in last.said
    last = _at(plain).test("", f"/{name}")[-1]
    assert (last.name, last.ok) == ("write", False)


def test_a_user_who_may_only_read_cannot_deliver_or_remove(folder: Path, tmp_path: Path) -> None:
    (folder / "a.csv").touch()
    (tmp_path / "out").write_bytes(b"x")
    with FtpServer(folder, rights="elr") as server:
        transport = _at(server)
        last = transport.test("/", "/")[-1]
        assert (last.name, last.ok) == ("write", False)
        with pytest.raises(GiveUp, match="shop may not write into the folder /"):
            transport.deliver("/", [Outgoing("b.csv", tmp_path / "out")], Letter(), _ignore)
        assert transport.remove("/", ["a.csv"]) == ()
    assert [path.name for path in folder.iterdir()] == ["a.csv"]


def test_a_server_that_renames_over_no_file_loses_the_old_one_first_and_it_is_noted(
    folder: Path, tmp_path: Path
) -> None:
    (folder / "a.csv").write_bytes(b"old")
    (tmp_path / "out").write_bytes(b"new")
    with FtpServer(folder, renames_over=False) as server:
        [delivered] = _at(server).deliver("/", [Outgoing("a.csv", tmp_path / "out")], Letter(), _ignore)
    assert delivered.note == "The old file was removed first, because the server renames over no file."
    assert [(path.name, path.read_bytes()) for path in folder.iterdir()] == [("a.csv", b"new")]


@pytest.mark.parametrize("name", ["../a.csv", "a/b.csv", "", ".", "..", "a\r\nDELE x", "nul\0.csv"])
def test_a_name_that_says_more_than_a_name_is_refused(plain: FtpServer, tmp_path: Path, name: str) -> None:
    (tmp_path / "out").write_bytes(b"x")
    with pytest.raises(BadInput):
        _at(plain).deliver("/", [Outgoing(name, tmp_path / "out")], Letter(), _ignore)
    with pytest.raises(BadInput):
        _at(plain).remove("/", [name])
    with pytest.raises(BadInput):
        _at(plain, Secrets(password="x\r\nDELE a")).list_folder("/")
    assert "DELE" not in plain.commands


@pytest.mark.parametrize("more_bytes", [-100, 100])
def test_a_server_that_lies_about_sizes_gets_nothing_taken(
    folder: Path, target: Path, partial: Path, monkeypatch: pytest.MonkeyPatch, more_bytes: int
) -> None:
    monkeypatch.setattr(limits, "RECONNECT_WAITS_S", (0.01, 0.01))
    (folder / "a.csv").write_bytes(CONTENT)
    (folder / "b.csv").write_bytes(b"")
    with FtpServer(folder, unknown=("MLST", "MLSD"), lies_by_bytes=more_bytes) as server:
        outcome, *_ = _at(server).fetch("/", ["a.csv", "b.csv"], target, partial, _ignore)
    assert isinstance(outcome, NotFetched)
    assert ("but sends more" in str(outcome.error)) is (more_bytes < 0)
    assert ("ended after 512,000 of the 512,100 bytes" in str(outcome.error)) is (more_bytes > 0)
    assert list(target.glob("0.data")) == list(partial.iterdir()) == []


@pytest.mark.parametrize(
    ("lines", "files", "left"),
    [
        (
            ["total 3", "-rw-r--r-- 1 u g 5 Nov 14  2023 a b.csv", "drwxr-xr-x 2 u g 0 Nov 14  2023 sub"],
            ["a b.csv"],
            {"sub": "a folder"},
        ),
        (
            ["lrwxrwxrwx 1 u g 5 Nov 14  2023 l -> a", "prw-r--r-- 1 u g 0 Nov 14  2023 p"],
            [],
            {"l": "a link, not a file"},
        ),
        (["11-14-23  10:13PM       <DIR>          sub", "11-14-23  10:13PM              5 a.csv"], ["a.csv"], {}),
        (
            ["nonsense", "-rw-r--r-- x u g 5 Nov 14  2023 odd"],
            [],
            {"nonsense": "a line of the listing that cannot be read"},
        ),
    ],
)
def test_listings_of_old_servers_are_read(lines: list[str], files: list[str], left: dict[str, str]) -> None:
    with LineServer(_old_server("\r\n".join(lines) + "\r\n")) as server:
        listing = _at(server).list_folder("/")
    assert [file.name for file in listing.files] == files
    assert left.items() <= dict(listing.not_taken).items()


def test_a_data_connection_leads_only_to_the_server_itself(plain: FtpServer, folder: Path) -> None:
    # given: the fake tells another address in each answer to PASV
    (folder / "a.csv").touch()
    assert [file.name for file in _at(plain).list_folder("/").files] == ["a.csv"]
    # when it names a port of our own endpoints
    plain.announce = lambda _: 2222
    with pytest.raises(GiveUp) as caught:
        _at(plain, own=(("127.0.0.1", 2222),)).list_folder("/")
    # then
    assert caught.value.category is Category.NOT_ALLOWED


def _old_server(listing: str) -> Callable[[str], str | None]:
    """Answer as a server without MLSD; LIST gives these lines over a data connection."""

    def send(waiting: socket.socket) -> None:
        with waiting, contextlib.suppress(OSError):
            opened, _ = waiting.accept()
            with opened:
                opened.sendall(listing.encode())

    def answer(line: str) -> str | None:
        match line.partition(" ")[0]:
            case "":
                return "220 ready"
            case "USER":
                return "331 password"
            case "PASS":
                return "230 in"
            case "PASV":
                waiting = socket.create_server(("127.0.0.1", 0))
                waiting.settimeout(10)
                threading.Thread(target=send, args=(waiting,), daemon=True).start()
                port = waiting.getsockname()[1]
                return f"227 ok (127,0,0,1,{port // 256},{port % 256})"
            case "LIST":
                return "150 here\r\n226 done"
            case "TYPE" | "CWD":
                return "250 ok"
        return "502 unknown"

    return answer


@pytest.mark.fault(63)
@pytest.mark.parametrize(
    ("last", "stage", "words"),
    [
        ("", "sign in", "to greet"),
        ("USER", "sign in", "to sign in"),
        ("CWD", "list", "to open a folder"),
        ("LIST", "list", "to list its files"),
    ],
)
def test_a_server_that_falls_silent_is_left_in_time_and_its_stage_is_named(
    monkeypatch: pytest.MonkeyPatch, last: str, stage: str, words: str
) -> None:
    monkeypatch.setattr(limits, "CONNECT_WAIT_S_MAX", 0.4)
    monkeypatch.setattr(limits, "TRANSFER_SILENCE_S_MAX", 0.4)
    usual = _old_server("")
    with LineServer(lambda line: None if line.partition(" ")[0] == last else usual(line)) as server:
        failed = _at(server).test("/")[-1]
    assert (failed.name, failed.ok) == (stage, False)
    assert f"took longer than 0.4 s {words}" in failed.said


@pytest.mark.fault(63)
def test_a_server_that_drips_is_left_when_the_time_of_the_stage_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECT_WAIT_S_MAX", 0.6)
    with LineServer(lambda _: "220-" + "x" * 100, drip_s=0.1) as server:
        failed = _at(server).test("/")[-1]
    assert "took longer than 0.6 s to greet" in failed.said


@pytest.mark.fault(63)
def test_a_server_that_is_silent_in_the_handshake_is_left_at_the_stage_certificate(
    authority: Authority, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "CONNECT_WAIT_S_MAX", 0.5)
    with FtpServer(folder, authority.good().path) as server, CuttingProxy(server.port, silent_after_bytes=200) as proxy:
        failed = _over_tls(server, authority, port=proxy.port).test("/")[-1]
    assert (failed.name, failed.ok) == ("certificate", False)
    assert "took longer than 0.5 s" in failed.said


@pytest.mark.parametrize("greeting", ["HTTP/1.1 400 Bad Request", "SSH-2.0-OpenSSH_9.2", "* OK IMAP"])
def test_another_kind_of_server_is_told(greeting: str) -> None:
    with LineServer(lambda _: greeting) as server, pytest.raises(GiveUp, match="not as an FTP server; check the port"):
        _at(server).list_folder("/")


def test_a_server_that_is_busy_is_tried_again() -> None:
    with (
        LineServer(lambda _: "421 Too many users") as server,
        pytest.raises(TryAgain, match="421 Too many users"),
    ):
        _at(server).list_folder("/")


@pytest.mark.fault(62)
def test_a_pinned_certificate_is_trusted_alone(authority: Authority, folder: Path) -> None:
    alone, good = authority.self_signed(), authority.good()
    with FtpServer(folder, alone.path) as server:
        pinned = _over_tls(server, authority).host_key()
        assert pinned.fingerprint == alone.fingerprint
        assert _over_tls(server, authority, host_key=pinned.fingerprint).list_folder("/").files == ()
    with FtpServer(folder, good.path) as server:
        with pytest.raises(MendCredentials, match=r"has changed from SHA256:.* to SHA256:") as caught:
            _over_tls(server, authority, host_key=pinned.fingerprint).list_folder("/")
        assert caught.value.category is Category.HOST_KEY
        assert server.commands == ["AUTH"]


def test_a_server_that_wants_tls_says_so_in_its_own_sentence(tmp_path: Path) -> None:
    # given a person switched TLS off
    with FtpServer(tmp_path, Authority(tmp_path).good().path) as server:
        # when
        last = _at(server).test("/")[-1]
    # then
    assert (last.name, last.ok) == ("sign in", False)
    assert last.said.endswith("lets nobody sign in without TLS; turn Plain FTP off.")
