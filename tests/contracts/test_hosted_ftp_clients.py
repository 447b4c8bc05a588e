"""Real FTP clients on the real process of the hosted endpoints: 20 MB come and go the same to the byte."""

import ftplib
import io
import os
import random
import ssl
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import ftputil
import paramiko
import pytest

from storage.records.boxes import Account, Landed
from tests.fakes.endpoints import FREE_PORTS, PASSWORD, EndpointsProcess, a_mount
from tests.fakes.programs import require
from tests.fakes.service import wait_until

SIZE_BYTES = 20 * 1024**2
_TAKEN_S_MAX = 60.0


@dataclass
class Place:
    """One login, and a file to send."""

    server: EndpointsProcess
    login: Account
    folder: Path
    file: Path

    @property
    def address(self) -> str:
        """Host and port, as an FTP address begins."""
        return f"ftp://localhost:{self.server.port('ftp')}"

    @property
    def authority(self) -> str:
        """The certificate that the client trusts."""
        return str(self.server.folder / "certificate.pem")

    def taken(self, name: str) -> Landed:
        """Wait until a file was accepted and return its note, once it is known to be what was sent."""
        wait_until(lambda: name in [item.name for item in self.server.landed_of(self.login)], _TAKEN_S_MAX)
        (landed,) = [item for item in self.server.landed_of(self.login) if item.name == name]
        assert self.server.content(landed) == self.file.read_bytes()
        return landed

    def names(self) -> list[str]:
        """Return the names of all that was accepted."""
        return [item.name for item in self.server.landed_of(self.login)]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointsProcess]:
    endpoints = EndpointsProcess(tmp_path_factory.mktemp("hosted") / "home", replace(FREE_PORTS, allow_plain_ftp=True))
    for number in range(12):
        endpoints.add_login("ftp", f"login{number}")
    endpoints.add_login("ftp", "fetcher", mount=a_mount("C-out", is_writable=False))
    with endpoints:
        endpoints.port("ftp")
        yield endpoints


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("sent") / "customers.csv"
    path.write_bytes(random.Random(20).randbytes(SIZE_BYTES))
    return path


_numbers = iter(range(12))


@pytest.fixture
def place(server: EndpointsProcess, file: Path, tmp_path: Path) -> Place:
    """Give a login that no other test has."""
    name = f"login{next(_numbers)}"
    (login,) = [item for item in server.accounts if item.username == name]
    return Place(server, login, tmp_path, file)


def test_curl_puts_and_gets(place: Place) -> None:
    # given
    back = place.folder / "back.csv"
    usual = ["-sS", "--ssl-reqd", "--cacert", place.authority, "-u", f"{place.login.username}:{PASSWORD}"]
    # when
    run(["curl", *usual, "-T", str(place.file), f"{place.address}/customers.csv"])
    place.taken("customers.csv")
    run(["curl", *usual, "-o", str(back), f"{place.address}/customers.csv"])
    # then
    assert back.read_bytes() == place.file.read_bytes()


@pytest.mark.fault(32)
def test_lftp_puts_by_a_temporary_name_and_mirrors_and_each_file_is_taken_once(place: Place) -> None:
    # given
    many = place.folder / "many"
    many.mkdir()
    for number in range(5):
        (many / f"file{number}.csv").write_bytes(b"x\n" * number)
    # when
    lftp(
        place,
        f"set xfer:use-temp-file yes; set xfer:temp-file-name .in.*; put {place.file} -o customers.csv; "
        f"mirror -R --parallel=3 {many} many",
    )
    # then
    place.taken("customers.csv")
    wait_until(lambda: len(place.names()) == 6, _TAKEN_S_MAX)
    assert sorted(place.names()) == ["customers.csv", *(f"file{number}.csv" for number in range(5))]
    assert {item.folder for item in place.server.landed_of(place.login)} == {"/", "/many"}


def test_lftp_puts_and_gets(place: Place) -> None:
    # given
    back = place.folder / "back.csv"
    # when
    lftp(place, f"put {place.file} -o customers.csv; get customers.csv -o {back}")
    # then
    assert back.read_bytes() == place.file.read_bytes()
    place.taken("customers.csv")


def test_lftp_goes_on_with_a_cut_upload(place: Place) -> None:
    # given: a client is killed in the middle
    slow = subprocess.Popen(
        [
            require("curl"),
            "-sS",
            "--ssl-reqd",
            "--cacert",
            place.authority,
            "-u",
            f"{place.login.username}:{PASSWORD}",
            "--limit-rate",
            "2M",
            "-T",
            str(place.file),
            f"{place.address}/customers.csv",
        ]
    )
    pending = place.server.spool.incoming(place.login.mounts[0].connection_id) / "customers.csv"
    wait_until(lambda: pending.exists() and pending.stat().st_size > 1_000_000, _TAKEN_S_MAX)
    slow.kill()
    slow.wait()
    # when
    lftp(place, f"put -c {place.file} -o customers.csv")
    # then
    place.taken("customers.csv")
    assert place.names() == ["customers.csv"]


def test_rclone_puts_and_gets(place: Place) -> None:
    # given
    back = place.folder / "back.csv"
    hidden = run(["rclone", "obscure", PASSWORD]).strip()
    port = place.server.port("ftp")
    remote = f":ftp,host=localhost,port={port},user={place.login.username},pass={hidden},explicit_tls=true:"
    # rclone knows authorities for FTP by Go's variable alone.
    environment = {**os.environ, "RCLONE_CONFIG": str(place.folder / "none"), "SSL_CERT_FILE": place.authority}
    usual = ["rclone", "--retries", "1", "copyto"]
    # when
    run([*usual, str(place.file), f"{remote}customers.csv"], environment)
    place.taken("customers.csv")
    run([*usual, f"{remote}customers.csv", str(back)], environment)
    # then
    assert back.read_bytes() == place.file.read_bytes()


@pytest.mark.parametrize("is_secured", [True, False])
def test_ftplib_puts_and_gets(place: Place, is_secured: bool) -> None:  # noqa: FBT001 - a case
    # given
    client: ftplib.FTP = _Tls(place) if is_secured else ftplib.FTP()  # noqa: S321 - to ourselves
    client.connect("localhost", place.server.port("ftp"), timeout=60)
    back = io.BytesIO()
    # when
    with client:
        client.login(place.login.username, PASSWORD)
        with place.file.open("rb") as content:
            client.storbinary("STOR customers.csv", content)
        client.retrbinary("RETR customers.csv", back.write)
    # then
    assert back.getvalue() == place.file.read_bytes()
    place.taken("customers.csv")


def test_ftputil_puts_and_gets(place: Place) -> None:
    # given
    back = place.folder / "back.csv"

    def connect(host: str, user: str, password: str) -> ftplib.FTP:
        client = _Tls(place)
        client.connect(host, place.server.port("ftp"), timeout=60)
        client.login(user, password)
        return client

    # when
    with ftputil.FTPHost("localhost", place.login.username, PASSWORD, session_factory=connect) as host:
        host.upload(str(place.file), "customers.csv.part")
        host.rename("customers.csv.part", "customers.csv")
        host.download("customers.csv", str(back))
        shown = host.listdir("/")
    # then
    assert back.read_bytes() == place.file.read_bytes()
    assert shown == ["customers.csv"]
    place.taken("customers.csv")


def test_what_lies_ready_is_fetched_and_nothing_can_be_left_there(server: EndpointsProcess, file: Path) -> None:
    # given
    outgoing = server.spool.outgoing("C-out")
    outgoing.mkdir(parents=True, exist_ok=True)
    (outgoing / "audience.csv").write_bytes(file.read_bytes())
    fetcher = Place(server, server.accounts[-1], file.parent, file)
    usual = ["-sS", "--ssl-reqd", "--cacert", fetcher.authority, "-u", f"fetcher:{PASSWORD}"]
    # when
    back = subprocess.run(
        [require("curl"), *usual, f"{fetcher.address}/audience.csv"], capture_output=True, check=True, timeout=60
    ).stdout
    codes = [
        subprocess.run([require("curl"), *usual, *command], capture_output=True, check=False, timeout=60).returncode
        for command in (
            ["-T", str(file), f"{fetcher.address}/mine.csv"],
            ["-Q", "DELE audience.csv", f"{fetcher.address}/"],
            ["-Q", "RNFR audience.csv", "-Q", "RNTO b.csv", f"{fetcher.address}/"],
            ["-Q", "MKD folder", f"{fetcher.address}/"],
        )
    ]
    # then
    assert back == file.read_bytes()
    assert 0 not in codes
    assert [path.name for path in outgoing.iterdir()] == ["audience.csv"]


@pytest.mark.promise("T01")
def test_a_file_a_way_is_delivered_by_sftp_ftps_and_mail(tmp_path: Path) -> None:
    # given
    from tests.contracts.test_hosted_mail_clients import send  # noqa: PLC0415 - the one that it shares
    from tests.fakes.hosted import mailbox  # noqa: PLC0415 - the same

    endpoints = EndpointsProcess(tmp_path / "home")
    sftp, ftps = endpoints.add_login("sftp", "by-sftp"), endpoints.add_login("ftp", "by-ftp")
    endpoints.let_in(sftp, ftps, mailboxes=(mailbox("in-mail", connection_id="C-mail"),))
    file = tmp_path / "a.csv"
    file.write_text("id\n1\n")
    with endpoints:
        # when
        line = paramiko.Transport(("127.0.0.1", endpoints.port("sftp")))
        line.connect(username="by-sftp", password=PASSWORD)
        client = paramiko.SFTPClient.from_transport(line)
        assert client is not None
        client.put(str(file), "a.csv")
        line.close()
        place = Place(endpoints, ftps, tmp_path, file)
        with _Tls(place) as secured:
            secured.connect("localhost", endpoints.port("ftp"), timeout=60)
            secured.login("by-ftp", PASSWORD)
            secured.storbinary("STOR a.csv", io.BytesIO(file.read_bytes()))
        send(endpoints, "in-mail@localhost", b"Subject: x\r\n\r\nid\r\n1\r\n")
        # then
        wait_until(lambda: len(endpoints.landed()) == 3, _TAKEN_S_MAX)
        assert sorted(item.protocol for item in endpoints.landed()) == ["ftp", "sftp", "smtp"]
        place.taken("a.csv")


class _Tls(ftplib.FTP_TLS):
    """ftplib with the certificate verified, and TLS for data from the first transfer on."""

    def __init__(self, place: Place) -> None:
        super().__init__(context=ssl.create_default_context(cafile=place.authority))

    def login(self, user: str = "", passwd: str = "", acct: str = "", secure: bool = True) -> str:  # noqa: FBT001, FBT002 - as ftplib has it
        said = super().login(user, passwd, acct, secure)
        self.prot_p()
        return said


def lftp(place: Place, commands: str) -> None:
    settings = (
        f"set ssl:ca-file {place.authority}; set ftp:ssl-force yes; set ftp:ssl-protect-data yes; "
        "set net:max-retries 1; set net:timeout 30; set cmd:fail-exit yes; "
    )
    run(["lftp", "-c", f"{settings} open -u {place.login.username},{PASSWORD} {place.address}; {commands}"])


def run(command: list[str], environment: dict[str, str] | None = None) -> str:
    """Run a client and return what it said; fail with its words where it does."""
    done = subprocess.run(
        [require(command[0]), *command[1:]], capture_output=True, text=True, check=False, timeout=120, env=environment
    )
    assert done.returncode == 0, done.stderr or done.stdout
    return done.stdout
