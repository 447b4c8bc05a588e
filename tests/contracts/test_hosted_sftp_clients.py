"""Real clients on the real process of the hosted endpoints: each puts and gets 20 MB that stay the same to the byte."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from storage.records.boxes import Account
from tests.fakes.endpoints import PASSWORD, EndpointsProcess, a_mount
from tests.fakes.programs import require
from tests.fakes.sftp_guest import Guest

SIZE_BYTES = 20 * 1024**2


@dataclass
class Place:
    """One login with a key, and a file to send."""

    server: EndpointsProcess
    login: Account
    folder: Path
    file: Path
    key: Path

    @property
    def port(self) -> str:
        """The port as text."""
        return str(self.server.port())

    def options(self) -> list[str]:
        """Return what OpenSSH's clients need."""
        said = ["StrictHostKeyChecking=no", f"UserKnownHostsFile={self.folder / 'known'}", "IdentitiesOnly=yes"]
        return [word for option in (*said, "LogLevel=ERROR", "BatchMode=yes") for word in ("-o", option)]

    def check(self, name: str, back: Path | None = None) -> None:
        """Pass where this file was accepted as it was sent, and came back so."""
        (landed,) = [item for item in self.server.landed_of(self.login) if item.name == name]
        assert self.server.content(landed) == self.file.read_bytes()
        if back is not None:
            assert back.read_bytes() == self.file.read_bytes()


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[EndpointsProcess]:
    folder = tmp_path_factory.mktemp("hosted")
    run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "", "-f", str(folder / "key")])
    line = (folder / "key.pub").read_text().strip()
    endpoints = EndpointsProcess(folder / "home")
    for number in range(20):
        endpoints.add_key(endpoints.add_login(name=f"key{number}"), line)
        endpoints.add_login(name=f"pass{number}")
    endpoints.add_login(name="fetcher", mount=a_mount("C-out", is_writable=False))
    with endpoints:
        endpoints.port()
        yield endpoints


_keyed, _passworded = iter(range(20)), iter(range(20))


@pytest.fixture
def place(server: EndpointsProcess, tmp_path: Path) -> Place:
    """Give a login by key that no other test has."""
    return _place(server, tmp_path, f"key{next(_keyed)}")


@pytest.fixture
def by_password(server: EndpointsProcess, tmp_path: Path) -> Place:
    """Give a login by password that no other test has."""
    return _place(server, tmp_path, f"pass{next(_passworded)}")


def _place(server: EndpointsProcess, folder: Path, name: str) -> Place:
    (login,) = [item for item in server.accounts if item.username == name]
    file = folder / "sent.csv"
    file.write_bytes(os.urandom(SIZE_BYTES))
    return Place(server, login, folder, file, server.home.parent / "key")


def run(
    command: list[str], given: str | None = None, *, expected: int | None = 0, **environment: str
) -> subprocess.CompletedProcess[str]:
    """Run a program and return what it said; its exit status is as expected."""
    done = subprocess.run(
        [require(command[0]), *command[1:]],
        input=given,
        capture_output=True,
        text=True,
        check=False,
        timeout=120,
        env={**os.environ, **environment},
    )
    assert expected is None or done.returncode == expected, f"{command[0]}: {done.stdout}{done.stderr}"
    return done


@pytest.mark.fault(19)
@pytest.mark.promise("T01")
def test_sftp_by_key_puts_and_gets(place: Place) -> None:
    # given OpenSSH's client; when it puts, renames, lists and gets
    back = place.folder / "back"
    batch = f"put {place.file} .in.a.csv\nrename .in.a.csv a.csv\nls -l\nget a.csv {back}\n"
    options = ["-b", "-", "-i", str(place.key), *place.options(), "-P", place.port]
    said = run(["sftp", *options, f"{place.login.username}@127.0.0.1"], batch)

    # then both ways are identical, and the file is shown with its size
    place.check("a.csv", back)
    assert str(SIZE_BYTES) in said.stdout


def test_sftp_by_password_puts_and_goes_on_where_it_was_cut(by_password: Place) -> None:
    # given an upload that was cut after a part
    place = by_password
    with Guest(place.server.port(), place.login.username, source="127.0.3.1") as guest:
        half = guest.sftp.open("a.csv", "wb")
        half.write(place.file.read_bytes()[: SIZE_BYTES // 3])
        half.flush()
        assert guest.sftp.stat("a.csv").st_size == SIZE_BYTES // 3
        guest.vanish()

    # when OpenSSH's client goes on with it, by password
    ask = place.folder / "ask"
    ask.write_text(f"#!/bin/sh\necho {PASSWORD}\n")
    ask.chmod(0o700)
    options = [word for word in place.options() if word != "BatchMode=yes"]
    options = [*options[:-1], "-o", "PubkeyAuthentication=no", "-P", place.port]
    command = ["sftp", *options, f"{place.login.username}@127.0.0.1"]
    run(command, f"reput {place.file} a.csv\n", SSH_ASKPASS=str(ask), SSH_ASKPASS_REQUIRE="force", DISPLAY=":0")

    # then the file is whole
    place.check("a.csv")


@pytest.mark.fault(17)
def test_scp_puts_and_gets_and_ends_with_zero(place: Place) -> None:
    # given OpenSSH's scp, which speaks SFTP; when it copies there and back
    back = place.folder / "back"
    options = ["-i", str(place.key), *place.options(), "-P", place.port]
    run(["scp", *options, str(place.file), f"{place.login.username}@127.0.0.1:/a.csv"])
    run(["scp", *options, f"{place.login.username}@127.0.0.1:/a.csv", str(back)])

    # then both are identical; its exit status is in `run`
    place.check("a.csv", back)


@pytest.mark.fault(18)
def test_the_old_protocol_of_scp_is_refused_in_clear_words(place: Place) -> None:
    # given scp -O; when it copies
    options = ["-O", "-i", str(place.key), *place.options(), "-P", place.port]
    said = run(["scp", *options, str(place.file), f"{place.login.username}@127.0.0.1:/a.csv"], expected=None)

    # then it is told what to do instead, and nothing was taken
    assert said.returncode != 0
    assert "use sftp, or scp without -O" in said.stderr
    assert place.server.landed_of(place.login) == []


@pytest.mark.fault(22)
def test_curl_which_knows_no_newer_mac_puts_and_gets(place: Place) -> None:
    # given Debian's curl, whose libssh2 needs hmac-sha2-256; when it puts and gets
    back = place.folder / "back"
    options = ["-sS", "--insecure", "--key", str(place.key), "--pubkey", f"{place.key}.pub", "-u"]
    options += [f"{place.login.username}:"]
    address = f"sftp://127.0.0.1:{place.port}/a.csv"
    run(["curl", *options, "-T", str(place.file), address])
    run(["curl", *options, "-o", str(back), address])

    # then both are identical
    place.check("a.csv", back)


def test_lftp_puts_by_a_temporary_name_and_gets(place: Place) -> None:
    # given lftp with its temporary names; when it puts and gets
    back = place.folder / "back"
    connect = f"ssh -a -x -i {place.key} {' '.join(place.options())}"
    script = (
        f"set sftp:connect-program '{connect}'; set xfer:use-temp-file yes; set net:max-retries 1; set cmd:fail-exit "
        f"yes; open -u {place.login.username},x sftp://127.0.0.1:{place.port}; put {place.file} -o a.csv; "
        f"get a.csv -o {back}; bye"
    )
    run(["lftp", "--norc", "-c", script], HOME=str(place.folder))

    # then the file is there once, under its final name
    place.check("a.csv", back)
    assert [item.name for item in place.server.landed_of(place.login)] == ["a.csv"]


@pytest.mark.fault(20)
def test_rclone_with_its_many_writes_at_once_puts_and_gets_five_times(place: Place) -> None:
    # given rclone with concurrent writes and packets as large as it makes them
    remote = [
        "--sftp-host=127.0.0.1",
        f"--sftp-port={place.port}",
        f"--sftp-user={place.login.username}",
        f"--sftp-key-file={place.key}",
        "--sftp-chunk-size=255k",
        "--sftp-shell-type=none",
        f"--config={place.folder / 'rclone.conf'}",
    ]

    # when it copies there, five files, and back
    for number in range(5):
        back = place.folder / f"back{number}"
        run(["rclone", "copyto", str(place.file), f":sftp:{number}.csv", *remote])
        run(["rclone", "copyto", f":sftp:{number}.csv", str(back), *remote])

        # then all are identical
        place.check(f"{number}.csv", back)


def test_psftp_puts_and_gets(by_password: Place) -> None:
    # given PuTTY's client; when it puts and gets
    place = by_password
    back = place.folder / "back"
    batch = place.folder / "batch"
    batch.write_text(f"put {place.file} a.csv\nget a.csv {back}\n")
    options = ["-batch", "-P", place.port, "-pw", PASSWORD, "-hostkey", place.server.listener("sftp").fingerprint]
    run(["psftp", *options, "-b", str(batch), f"{place.login.username}@127.0.0.1"], HOME=str(place.folder))

    # then both are identical
    place.check("a.csv", back)


def test_paramiko_puts_and_gets(by_password: Place) -> None:
    # given paramiko's client, which checks the size after it has put; when it puts and gets
    place = by_password
    back = place.folder / "back"
    with Guest(place.server.port(), place.login.username, source="127.0.3.2") as guest:
        guest.sftp.put(str(place.file), "a.csv", confirm=True)
        guest.sftp.get("a.csv", str(back))

    # then both are identical
    place.check("a.csv", back)


@pytest.mark.promise("T03")
def test_a_partner_fetches_what_waits_for_it(server: EndpointsProcess) -> None:
    # given a file in the folder of an outbound connection
    folder = server.spool.outgoing("C-out")
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "audience.csv").write_bytes(b"id\n1\n")

    # when the partner signs in with its login
    with Guest(server.port(), "fetcher", source="127.0.3.3") as guest:
        # then it can fetch, and nothing else
        assert guest.sftp.listdir("/") == ["audience.csv"]
        assert guest.get("audience.csv") == b"id\n1\n"
        with pytest.raises(PermissionError):
            guest.put("mine.csv", b"rows")
        with pytest.raises(PermissionError):
            guest.sftp.remove("audience.csv")


def test_ssh_carries_nothing_through_a_tunnel(place: Place) -> None:
    # given ssh with a tunnel and no command; when a byte goes through it
    options = ["-i", str(place.key), *place.options(), "-p", place.port]
    said = run(
        ["ssh", *options, "-W", f"127.0.0.1:{place.port}", f"{place.login.username}@127.0.0.1"], "x", expected=None
    )

    # then it is refused
    assert said.returncode != 0
    assert "SSH-2.0" not in said.stdout


@pytest.mark.fault(21)
def test_an_audit_of_the_algorithms_finds_no_fault(server: EndpointsProcess) -> None:
    # given ssh-audit; when it looks at the server
    command = [sys.executable, "-m", "ssh_audit", "--skip-rate-test", "-j", "-p", str(server.port()), "127.0.0.1"]
    said = subprocess.run(command, capture_output=True, text=True, check=False, timeout=120)
    found = json.loads(said.stdout)

    # then nothing is bad, and Ed25519 is there
    failed = [
        (kind, item["algorithm"], item["notes"]["fail"])
        for kind in ("kex", "key", "enc", "mac")
        for item in found[kind]
        if item["notes"].get("fail")
    ]
    assert failed == []
    assert "ssh-ed25519" in {item["algorithm"] for item in found["key"]}
    assert found["cves"] == []
