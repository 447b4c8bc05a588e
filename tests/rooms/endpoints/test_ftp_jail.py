"""Break-outs, planted links, odd names and quotas over FTP: what a session reaches is its own folder."""

import ftplib
import io
import os
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base import limits
from engine.endpoints.ftp import FtpEndpoint
from tests.fakes.ftp_client import answer, got, put, signed_in
from tests.fakes.hosted import HostedGround, account, mount
from tests.fakes.service import wait_until


@pytest.fixture
def hosted(tmp_path: Path) -> HostedGround:
    found = HostedGround(tmp_path)
    found.set(account(), account("other", mount("c2"), credential_id="k2"))
    return found


@pytest.fixture
def endpoint(hosted: HostedGround) -> Iterator[FtpEndpoint]:
    found = FtpEndpoint(hosted.ground)
    found.start()
    yield found
    found.stop()


def listed(client: ftplib.FTP, path: str) -> set[str]:
    """Return all names that any way of listing tells."""
    found: set[str] = set()
    lines: list[str] = []
    client.retrlines(f"LIST {path}", lines.append)
    found |= {line.split(None, 8)[8] for line in lines}
    found |= {name for name, _ in client.mlsd(path)}
    return found | {name.rsplit("/", 1)[-1] for name in client.nlst(path)}


def put_answer(client: ftplib.FTP, name: str, content: bytes) -> str:
    """Upload what may be refused in the middle, as a client does that then hears why; return the code."""
    try:
        return put(client, name, content)[:3]
    except ftplib.Error as error:
        return str(error)[:3]
    except OSError:
        try:
            return client.voidresp()[:3]
        except ftplib.Error as error:
            return str(error)[:3]


@pytest.mark.parametrize(
    "path",
    [
        "../secret.csv",
        "../../secret.csv",
        "/../secret.csv",
        "/./../secret.csv",
        "//../secret.csv",
        "a/../../secret.csv",
        "../incoming/../secret.csv",
        "/boxes/c1/secret.csv",
        "....//secret.csv",
        "..\\secret.csv",
        "~/secret.csv",
    ],
)
def test_no_path_leads_out_of_the_folder(endpoint: FtpEndpoint, hosted: HostedGround, path: str) -> None:
    # given
    with signed_in(endpoint, hosted) as client:
        for outside in (hosted.spool.incoming("c1").parent, hosted.spool.root, hosted.spool.root / "boxes"):
            outside.mkdir(parents=True, exist_ok=True)
            (outside / "secret.csv").write_text("secret")
        # when
        codes = [answer(client, f"{command} {path}") for command in ("SIZE", "MDTM", "DELE", "RNFR", "MLST", "RETR")]
        client.cwd("/")
        answer(client, "CWD ..")
        names = listed(client, "/")
        put(client, "../../../mine.csv", b"mine\n")
        shown = client.nlst("/")
    # then
    assert set(codes) <= {"550", "501"}
    assert names == set()
    assert shown == ["mine.csv"]
    assert all((outside / "secret.csv").read_text() == "secret" for outside in (hosted.spool.root,))


def test_what_an_operator_planted_is_neither_listed_nor_read_nor_written(
    endpoint: FtpEndpoint, hosted: HostedGround, tmp_path: Path
) -> None:
    # given
    secret = tmp_path / "secret.csv"
    secret.write_text("secret")
    incoming = hosted.spool.incoming("c1")
    with signed_in(endpoint, hosted) as client:
        client.mkd("folder")
        (incoming / "link.csv").symlink_to(secret)
        (incoming / "up").symlink_to(tmp_path)
        os.link(secret, incoming / "hard.csv")
        os.mkfifo(incoming / "pipe.csv")
        with socket.socket(socket.AF_UNIX) as planted:
            planted.bind(str(incoming / "socket.csv"))
        odd = ("link.csv", "hard.csv", "pipe.csv", "socket.csv", "up/secret.csv")
        # when
        names = listed(client, "/")
        codes = [
            answer(client, f"{command} {name}")
            for name in odd
            for command in ("RETR", "SIZE", "STOR", "APPE", "MDTM", "RNFR")
        ]
        codes += [answer(client, command) for command in ("CWD up", "LIST up/", "MLSD up", "NLST up")]
    # then
    assert names == {"folder"}
    assert set(codes) <= {"550", "501"}
    assert secret.read_text() == "secret"


@pytest.mark.parametrize(
    "name",
    [b"a\nb.csv", b"a\x00b.csv", b"a\x07b.csv", b"a\x1b[31m.csv", b"n" * 256, b"\xff\xfe.csv", b"\xed\xa0\x80.csv"],
)
def test_a_name_that_no_file_may_have_is_refused_and_the_session_serves_on(
    endpoint: FtpEndpoint, hosted: HostedGround, name: bytes
) -> None:
    # given
    with signed_in(endpoint, hosted) as client:
        assert client.sock is not None
        # when
        codes = []
        for command in (b"STOR ", b"MKD ", b"RNTO "):
            if command == b"RNTO ":
                put(client, "a.csv", b"x\n")
                client.sendcmd("RNFR a.csv")
            client.sock.sendall(command + name + b"\r\n")
            codes.append(client.getline()[:3])
        # then
        assert set(codes) <= {"550", "501"}
        assert client.nlst() == ["a.csv"]


@pytest.mark.parametrize(
    "name", ["ä€😀.csv", "<img src=x onerror=alert(1)>.csv", "=1+1.csv", "a b  c.csv", "\u202egpj.csv"]
)
def test_any_other_name_goes_in_and_out_as_it_is(endpoint: FtpEndpoint, hosted: HostedGround, name: str) -> None:
    # given
    with signed_in(endpoint, hosted) as client:
        client.encoding = "utf-8"
        # when
        put(client, f"{name}.part", b"x\n")
        client.rename(f"{name}.part", name)
        # then
        assert got(client, name) == b"x\n"
        assert listed(client, "/") == {name}
    assert [item.name for item in hosted.landed()] == [name]


def test_folders_are_made_and_removed_and_their_files_land_with_their_folder(
    endpoint: FtpEndpoint, hosted: HostedGround
) -> None:
    # given
    with signed_in(endpoint, hosted) as client:
        client.mkd("in")
        client.cwd("in")
        client.mkd("deep")
        # when
        put(client, "deep/a.part", b"x\n")
        client.rename("deep/a.part", "deep/a.csv")
        client.rename("deep/a.csv", "/in/b.csv")
        # then
        assert client.pwd() == "/in"
        assert listed(client, "/in") == {"deep", "b.csv"}
        client.rmd("deep")
        assert answer(client, "RMD /in") == "550"
        client.delete("b.csv")
        assert client.nlst("/in") == []
    assert [(item.folder, item.name, bool(item.renamed_from)) for item in hosted.landed()] == [
        ("/in/deep", "a.csv", False),
        ("/in", "b.csv", True),
    ]


def test_a_login_with_two_connections_has_a_folder_each_and_cannot_write_where_it_only_fetches(
    endpoint: FtpEndpoint, hosted: HostedGround
) -> None:
    # given
    hosted.set(account("both", mount("c1", "/in"), mount("c2", "/out", is_writable=False)))
    outgoing = hosted.spool.outgoing("c2")
    outgoing.mkdir(parents=True, exist_ok=True)
    (outgoing / "audience.csv").write_text("a\n")
    # when
    with signed_in(endpoint, hosted, user="both") as client:
        shown = listed(client, "/")
        put(client, "in/a.part", b"x\n")
        client.rename("in/a.part", "in/a.csv")
        fetched = got(client, "out/audience.csv")
        codes = [answer(client, f"{command}") for command in ("STOR out/a.csv", "DELE out/audience.csv", "STOR a.csv")]
        client.sendcmd("RNFR in/a.csv")
        codes.append(answer(client, "RNTO out/a.csv"))
    # then
    assert shown == {"in", "out"}
    assert fetched == b"a\n"
    assert set(codes) == {"550"}
    assert [item.name for item in hosted.landed("c1")] == ["a.csv"]
    assert (outgoing / "audience.csv").read_text() == "a\n"


def test_a_folder_that_is_full_refuses_more_and_takes_again_what_fits(
    endpoint: FtpEndpoint, hosted: HostedGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(limits, "FTP_QUIET_S", 0.2)
    hosted.set(
        account("shop", mount(bytes_max=100_000, file_bytes_max=60_000, files_max=3)),
        account("other", mount("c2"), credential_id="k2"),
    )
    with signed_in(endpoint, hosted) as client, signed_in(endpoint, hosted, user="other") as other:
        # when
        said = []
        for name, size in (("large.csv", 70_000), ("a.csv", 60_000), ("b.csv", 50_000)):
            said.append(put_answer(client, name, b"x" * size))
        elsewhere = put(other, "c.csv", b"x" * 200_000)
        put(client, "sparse.part", b"x")
        sparse = [answer(client, "REST 1000000000000"), answer(client, "STOR sparse.part")]
        client.delete("sparse.part")
        put(client, "d.csv", b"x" * 30_000)
        # then
        assert said == ["552", "226", "552"]
        assert elsewhere.startswith("226")
        assert sparse == ["350", "554"]
        wait_until(lambda: len(hosted.landed()) == 2, 20)
    assert sorted(item.name for item in hosted.landed()) == ["a.csv", "d.csv"]
    assert hosted.leftovers() == []


def test_a_disk_that_is_full_is_said_and_the_session_serves_on(
    endpoint: FtpEndpoint, hosted: HostedGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with signed_in(endpoint, hosted) as client:
        # when
        with monkeypatch.context() as here:
            here.setattr("engine.endpoints.uploads.os.pwrite", full)
            said = put_answer(client, "a.csv", b"x" * 100_000)
        # then
        assert said == "452"
        assert put(client, "a.csv", b"x\n").startswith("226")


def test_ascii_changes_nothing(endpoint: FtpEndpoint, hosted: HostedGround) -> None:
    # given
    content = b"a\r\nb\nc\r\n\r"
    with signed_in(endpoint, hosted) as client:
        client.voidcmd("TYPE A")
        # when
        with client.transfercmd("STOR a.csv") as wire:
            wire.sendall(content)
            wire.unwrap()  # type: ignore[attr-defined]  # TLS's farewell
        client.voidresp()
        client.voidcmd("TYPE A")
        back = io.BytesIO()
        with client.transfercmd("RETR a.csv") as wire:
            while block := wire.recv(1_000):
                back.write(block)
        client.voidresp()
    # then
    assert back.getvalue() == content
