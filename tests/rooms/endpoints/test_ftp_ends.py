"""When an upload over FTP is whole: each way in which a client can die leaves it pending, for ever."""

import contextlib
import ftplib
import socket
import ssl
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.base import limits
from engine.endpoints.ftp import FtpEndpoint
from tests.fakes import ftp_client, programs
from tests.fakes.ftp_client import answer, put, signed_in
from tests.fakes.hosted import PASSWORD, HostedGround, account
from tests.fakes.service import wait_until

HALF = b"x" * 100_000
CURL_TIMED_OUT = 28


@pytest.fixture(autouse=True)
def _short_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "FTP_QUIET_S", 0.3)


@pytest.fixture
def hosted(tmp_path: Path) -> HostedGround:
    found = HostedGround(tmp_path, allow_plain_ftp=True)
    found.set(account())
    return found


@pytest.fixture
def endpoint(hosted: HostedGround) -> Iterator[FtpEndpoint]:
    found = FtpEndpoint(hosted.ground)
    found.start()
    yield found
    found.stop()


def landed_after_all(endpoint: FtpEndpoint, hosted: HostedGround) -> list[str]:
    """Return what has landed once everything that was going to land has: a later upload is the proof of the time."""
    with signed_in(endpoint, hosted) as client:
        put(client, "later.csv", b"later\n")
    wait_until(lambda: "later.csv" in [item.name for item in hosted.landed()], 20)
    return [item.name for item in hosted.landed() if item.name != "later.csv"]


def pending_bytes(hosted: HostedGround, name: str) -> int:
    path = hosted.spool.incoming("c1") / name
    return path.stat().st_size if path.exists() else -1


@pytest.mark.fault(42)
@pytest.mark.parametrize("is_secured", [True, False])
@pytest.mark.parametrize("way", ["reset", "end", "kill"])
def test_an_upload_that_died_is_never_taken(
    endpoint: FtpEndpoint,
    hosted: HostedGround,
    way: str,
    is_secured: bool,  # noqa: FBT001 - a case
) -> None:
    # given
    if way == "kill":
        program = ftp_client.start_half(endpoint, hosted, "half.csv", is_secured=is_secured)
        wait_until(lambda: pending_bytes(hosted, "half.csv") == len(HALF), 20)
        # when
        program.kill()
        program.communicate()
    else:
        client = signed_in(endpoint, hosted, is_secured=is_secured)
        wire = client.transfercmd("STOR half.csv")
        wire.sendall(HALF)
        wait_until(lambda: pending_bytes(hosted, "half.csv") == len(HALF), 20)
        # when
        ftp_client.drop(client, wire, by_reset=way == "reset")
    # then
    assert landed_after_all(endpoint, hosted) == []
    assert hosted.leftovers() == ["half.csv"]
    wait_until(lambda: hosted.guard.sessions("ftp") == 0, 10)


@pytest.mark.parametrize("is_secured", [True, False])
@pytest.mark.parametrize("is_read", [True, False])
def test_a_client_that_gives_up_in_an_orderly_way_leaves_no_file(
    endpoint: FtpEndpoint,
    hosted: HostedGround,
    is_read: bool,  # noqa: FBT001 - a case
    is_secured: bool,  # noqa: FBT001 - a case
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # given: time enough for a busy machine
    # curl --max-time says goodbye on the data connection, in TLS too, and then ends the other one
    client = signed_in(endpoint, hosted, is_secured=is_secured)
    wire = client.transfercmd("STOR half.csv")
    wire.sendall(HALF)
    wait_until(lambda: pending_bytes(hosted, "half.csv") == len(HALF), 20)
    monkeypatch.setattr(limits, "FTP_ANSWER_WAIT_S", 2.0)
    # when
    if isinstance(wire, ssl.SSLSocket):
        wire.unwrap()
    wire.close()
    assert client.sock is not None
    if is_read:
        # what a proxy between the two does for a client that has died: it passes the end on, and takes the answer
        client.sock.shutdown(socket.SHUT_WR)
    else:
        client.close()
    # then
    assert landed_after_all(endpoint, hosted) == []
    assert hosted.leftovers() == ["half.csv"]
    client.close()


def test_curl_whose_time_is_over_leaves_no_file(endpoint: FtpEndpoint, hosted: HostedGround) -> None:
    # given
    curl = programs.require("curl")
    content = hosted.folder / "content"
    content.write_bytes(b"x" * 2_000_000)
    # when
    where = ["--ssl-reqd", "--cacert", str(hosted.folder / "certificate.pem"), "-u", f"shop:{PASSWORD}"]
    slow = ["--limit-rate", "500k", "--max-time", "1", "-T", str(content)]
    done = subprocess.run([curl, "-sS", *where, *slow, f"ftp://localhost:{endpoint.port}/half.csv"], check=False)
    # then
    assert done.returncode == CURL_TIMED_OUT
    assert landed_after_all(endpoint, hosted) == []
    assert hosted.leftovers() == ["half.csv"]


@pytest.mark.parametrize("is_secured", [True, False])
def test_a_client_that_closes_without_quit_but_has_heard_the_answer_is_fine(
    endpoint: FtpEndpoint,
    hosted: HostedGround,
    is_secured: bool,  # noqa: FBT001 - a case
) -> None:
    # when: many clients end so, ftputil among them
    client = signed_in(endpoint, hosted, is_secured=is_secured)
    put(client, "a.csv", HALF)
    client.close()
    # then
    wait_until(lambda: len(hosted.landed()) == 1, 20)
    assert hosted.content(hosted.landed()[0]) == HALF


def test_a_client_that_dies_before_it_reads_the_answer_takes_its_file_with_it(
    endpoint: FtpEndpoint, hosted: HostedGround
) -> None:
    # given: in the clear, where the end of the data says nothing
    client = signed_in(endpoint, hosted, is_secured=False)
    wire = client.transfercmd("STOR a.csv")
    wire.sendall(HALF)
    wire.close()
    assert client.sock is not None
    # the answer has come, and lies there unread
    wait_until(lambda: client.sock is not None and b"226" in client.sock.recv(1_000, socket.MSG_PEEK), 20)
    # when
    client.close()
    # then
    assert landed_after_all(endpoint, hosted) == []


@pytest.mark.parametrize("is_secured", [True, False])
def test_quit_right_after_an_upload_is_fine(
    endpoint: FtpEndpoint,
    hosted: HostedGround,
    is_secured: bool,  # noqa: FBT001 - a case
) -> None:
    # when
    client = signed_in(endpoint, hosted, is_secured=is_secured)
    put(client, "a.csv", HALF)
    client.quit()
    # then
    wait_until(lambda: len(hosted.landed()) == 1, 20)
    assert hosted.content(hosted.landed()[0]) == HALF
    assert hosted.leftovers() == []


def test_a_file_is_taken_while_its_session_stays_open(endpoint: FtpEndpoint, hosted: HostedGround) -> None:
    # when
    with signed_in(endpoint, hosted) as client:
        put(client, "a.csv", HALF)
        put(client, "empty.csv", b"")
        wait_until(lambda: len(hosted.landed()) == 2, 20)
        # then it is still in sight
        assert sorted(client.nlst()) == ["a.csv", "empty.csv"]
        assert ftp_client.got(client, "a.csv") == HALF


def test_a_rename_takes_a_file_at_once(
    endpoint: FtpEndpoint, hosted: HostedGround, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    monkeypatch.setattr(limits, "FTP_QUIET_S", 3600.0)
    with signed_in(endpoint, hosted) as client:
        put(client, ".in.a.csv", HALF)
        # when
        client.rename(".in.a.csv", "a.csv")
        # then
        assert [item.name for item in hosted.landed()] == ["a.csv"]
        assert client.nlst() == ["a.csv"]


def test_a_temporary_name_is_taken_by_its_rename_only(endpoint: FtpEndpoint, hosted: HostedGround) -> None:
    # given
    with signed_in(endpoint, hosted) as client:
        put(client, "a.csv.part", HALF)
        client.quit()
    assert landed_after_all(endpoint, hosted) == []
    # when another session renames it
    with signed_in(endpoint, hosted) as client:
        client.rename("a.csv.part", "a.csv")
    # then
    assert "a.csv" in [item.name for item in hosted.landed()]


def test_a_rename_does_not_make_a_half_file_whole(endpoint: FtpEndpoint, hosted: HostedGround) -> None:
    # given: the data connection breaks, and the client's script goes on as if nothing had been
    with signed_in(endpoint, hosted) as client:
        wire = client.transfercmd("STOR a.csv.part")
        wire.sendall(HALF)
        wait_until(lambda: pending_bytes(hosted, "a.csv.part") == len(HALF), 20)
        wire.close()
        with contextlib.suppress(ftplib.Error):
            client.voidresp()
        # when
        client.rename("a.csv.part", "a.csv")
    # then
    assert landed_after_all(endpoint, hosted) == []


def test_fewer_bytes_than_announced_are_no_file(endpoint: FtpEndpoint, hosted: HostedGround) -> None:
    # given
    with signed_in(endpoint, hosted, is_secured=False) as client:
        client.voidcmd("ALLO 100001")
        # when
        with pytest.raises(ftplib.error_temp, match="426"):
            put(client, "short.csv", HALF)
        client.voidcmd("ALLO 100000")
        put(client, "right.csv", HALF)
    # then
    assert landed_after_all(endpoint, hosted) == ["right.csv"]


def test_abor_right_after_the_end_breaks_off(endpoint: FtpEndpoint, hosted: HostedGround) -> None:
    # given
    with signed_in(endpoint, hosted, is_secured=False) as client:
        put(client, "kept.csv", HALF)
        put(client, "broken.csv", HALF)
        # when
        code = answer(client, "ABOR")
    # then
    assert code == "225"
    assert landed_after_all(endpoint, hosted) == ["kept.csv"]


def test_abor_in_the_middle_leaves_the_file_pending_and_the_session_serves_on(
    endpoint: FtpEndpoint, hosted: HostedGround
) -> None:
    # given
    with signed_in(endpoint, hosted, is_secured=False) as client:
        wire = client.transfercmd("STOR half.csv")
        wire.sendall(HALF)
        wait_until(lambda: pending_bytes(hosted, "half.csv") == len(HALF), 20)
        # when
        client.abort()
        wire.close()
        client.voidresp()
        put(client, "next.csv", HALF)
    # then
    assert landed_after_all(endpoint, hosted) == ["next.csv"]


@pytest.mark.fault(44)
def test_resume_goes_on_with_ones_own_pending_file_only(endpoint: FtpEndpoint, hosted: HostedGround) -> None:
    # given
    whole = bytes(range(256)) * 1_000
    client = signed_in(endpoint, hosted)
    wire = client.transfercmd("STOR a.csv")
    wire.sendall(whole[:100_000])
    wait_until(lambda: pending_bytes(hosted, "a.csv") == 100_000, 20)
    ftp_client.drop(client, wire, by_reset=True)
    wait_until(lambda: hosted.guard.sessions("ftp") == 0, 10)
    # when
    with signed_in(endpoint, hosted) as client:
        size = client.size("a.csv")
        wire = client.transfercmd("STOR a.csv", rest=size)
        wire.sendall(whole[100_000:])
        wire.unwrap()  # type: ignore[attr-defined]  # TLS's farewell
        wire.close()
        client.voidresp()
        wait_until(lambda: len(hosted.landed()) == 1, 20)
        # then
        assert size == 100_000
        assert hosted.content(hosted.landed()[0]) == whole
        # and what was accepted, or is not there, is not gone on with
        commands = ("REST 10", "STOR a.csv", "REST 10", "STOR other.csv", "APPE a.csv")
        codes = [answer(client, command) for command in commands]
        assert codes == ["350", "550", "350", "550", "550"]
    assert hosted.content(hosted.landed()[0]) == whole


def test_a_name_that_is_sent_again_is_another_file(endpoint: FtpEndpoint, hosted: HostedGround) -> None:
    # when
    with signed_in(endpoint, hosted) as client:
        put(client, "a.csv", b"first\n")
        put(client, "a.csv", b"second, before the first was taken\n")
        wait_until(lambda: len(hosted.landed()) == 1, 20)
        put(client, "a.csv", b"third\n")
        wait_until(lambda: len(hosted.landed()) == 2, 20)
        shown = ftp_client.got(client, "a.csv")
    # then
    assert [hosted.content(item) for item in hosted.landed()] == [b"second, before the first was taken\n", b"third\n"]
    assert shown == b"third\n"


def test_the_next_session_sees_what_is_there_of_a_broken_upload_and_may_remove_it(
    endpoint: FtpEndpoint, hosted: HostedGround
) -> None:
    # given
    client = signed_in(endpoint, hosted)
    wire = client.transfercmd("STOR half.csv")
    wire.sendall(HALF)
    wait_until(lambda: pending_bytes(hosted, "half.csv") == len(HALF), 20)
    ftp_client.drop(client, wire, by_reset=False)
    # when
    with signed_in(endpoint, hosted) as client:
        size = client.size("half.csv")
        client.delete("half.csv")
    # then
    assert size == len(HALF)
    assert landed_after_all(endpoint, hosted) == []
    assert hosted.leftovers() == []
