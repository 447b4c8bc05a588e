"""Servers that are not there, hang or lie: each ends in time, with the stage in the sentence."""

import os
import socket
import threading
from collections.abc import Iterator
from pathlib import Path

import asyncssh
import pytest

from engine.base import limits
from engine.base.errors import Category, GiveUp, MendData, TryAgain
from engine.transfer import temporary
from engine.transfer.transport import Fetched, Letter, NotFetched, Outgoing
from tests.fakes import sftp_liars as liars
from tests.fakes.asyncssh_server import AsyncsshServer
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.openssh import OpenSSH
from tests.rooms.transfer.conftest import Reach


@pytest.fixture
def short_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "CONNECT_WAIT_S_MAX", 1.0)
    monkeypatch.setattr(limits, "TRANSFER_SILENCE_S_MAX", 1.0)


@pytest.fixture
def full_port() -> Iterator[int]:
    """A port whose queue is full, so that connecting to it hangs."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen(0)
        waiting = []
        for _ in range(4):
            one = socket.socket()
            one.setblocking(False)  # noqa: FBT003 - the socket module's own signature
            one.connect_ex(listener.getsockname())
            waiting.append(one)
        yield listener.getsockname()[1]
        for one in waiting:
            one.close()


def _ignore(done: int, total: int) -> None:
    del done, total


@pytest.mark.promise("W33")
def test_each_stage_of_the_test_fails_with_its_own_sentence(sftp_server: OpenSSH, reach: Reach) -> None:
    # given
    with socket.create_server(("127.0.0.1", 0)) as probe:
        closed_port = probe.getsockname()[1]
    folder = sftp_server.absolute_folder
    cases = [
        (reach(sftp_server, host="no-such-name.invalid"), folder, "resolve", "was not found"),
        (reach(sftp_server, port=closed_port), folder, "connect", "refused the connection"),
        (reach(sftp_server, host_key="SHA256:old"), folder, "host key", "has changed from SHA256:old"),
        (reach(sftp_server, host_key=""), folder, "host key", "not confirmed"),
        (reach(sftp_server, username="nobody"), folder, "sign in", "refused the password of nobody"),
        (reach(sftp_server), "/nowhere", "list", "has no folder /nowhere"),
        (reach(sftp_server), "/root", "list", "may not list"),
    ]
    order = ["resolve", "connect", "host key", "sign in", "list"]
    for transport, asked, failing, sentence in cases:
        # when
        stages = transport.test(asked)
        # then
        assert [stage.name for stage in stages] == order[: order.index(failing) + 1]
        assert [stage.ok for stage in stages[:-1]] == [True] * (len(stages) - 1)
        assert not stages[-1].ok
        assert sentence in stages[-1].said
    good = reach(sftp_server).test(folder)
    assert [(stage.name, stage.ok) for stage in good] == [(name, True) for name in order]
    assert all(stage.took_ms >= 0 for stage in good)


@pytest.mark.fault(63)
@pytest.mark.usefixtures("short_waits")
def test_connecting_that_hangs_names_connecting(full_port: int, sftp_server: OpenSSH, reach: Reach) -> None:
    with pytest.raises(TryAgain, match="took longer than 1 s to connect") as caught:
        reach(sftp_server, port=full_port).list_folder("/")
    assert caught.value.category is Category.TIMEOUT


@pytest.mark.fault(63)
@pytest.mark.usefixtures("short_waits")
def test_server_without_banner_names_the_host_key(sftp_server: OpenSSH, reach: Reach) -> None:
    with CuttingProxy(sftp_server.port, silent_after_bytes=0) as proxy:
        silent = reach(sftp_server, port=proxy.port)
        for ask in (lambda: silent.list_folder("/"), silent.host_key):
            with pytest.raises(TryAgain, match="took longer than 1 s to show its host key") as caught:
                ask()
            assert caught.value.category is Category.TIMEOUT


@pytest.mark.fault(63)
@pytest.mark.usefixtures("short_waits")
def test_sign_in_that_hangs_names_the_sign_in(tmp_path: Path, reach: Reach) -> None:
    with AsyncsshServer(tmp_path, sign_in_hangs=True) as server:
        with pytest.raises(TryAgain, match="took longer than 1 s to sign in") as caught:
            reach(server).list_folder("/")
        assert caught.value.category is Category.TIMEOUT
        assert [stage.name for stage in reach(server).test("/")] == ["resolve", "connect", "host key", "sign in"]


@pytest.mark.fault(63)
@pytest.mark.usefixtures("short_waits")
def test_listing_that_hangs_names_the_listing(tmp_path: Path, reach: Reach) -> None:
    with (
        AsyncsshServer(tmp_path, sftp_class=liars.SilentListings) as server,
        pytest.raises(TryAgain, match="took longer than 1 s to list its files") as caught,
    ):
        reach(server).list_folder("/")
    assert caught.value.category is Category.TIMEOUT


@pytest.mark.fault(63)
def test_listing_as_a_whole_has_an_end(tmp_path: Path, reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTING_WAIT_S_MAX", 0.5)
    with (
        AsyncsshServer(tmp_path, sftp_class=liars.SilentListings) as server,
        pytest.raises(TryAgain, match=r"took longer than 0\.5 s"),
    ):
        reach(server).list_folder("/")


def test_something_else_than_ssh_is_named(reach: Reach, sftp_server: OpenSSH) -> None:
    with socket.create_server(("127.0.0.1", 0)) as listener:

        def answer() -> None:
            one, _ = listener.accept()
            with one:
                one.sendall(b"HTTP/1.1 400 Bad Request\r\n" * 2_000)
                one.recv(1)

        answering = threading.Thread(target=answer)
        answering.start()
        with pytest.raises(GiveUp, match="answers, but not as an SFTP server"):
            reach(sftp_server, port=listener.getsockname()[1]).host_key()
        answering.join(timeout=10)


@pytest.mark.fault(69)
@pytest.mark.parametrize(
    ("liar", "sentence"),
    [
        (liars.EndlessFiles, "names 5 bytes for a.csv but sends more"),
        (liars.GenerousReads, "sent more of a.csv than was asked for"),
    ],
)
def test_file_that_goes_on_after_its_size_is_not_taken(
    tmp_path: Path, reach: Reach, liar: type[asyncssh.SFTPServer], sentence: str
) -> None:
    served, target = tmp_path / "served", tmp_path / "target"
    served.mkdir()
    target.mkdir()
    (served / "a.csv").write_bytes(b"12345")
    with AsyncsshServer(served, sftp_class=liar) as server:
        [outcome] = reach(server).fetch("/", ["a.csv"], target, target, _ignore)
    assert isinstance(outcome, NotFetched)
    assert isinstance(outcome.error, GiveUp)
    assert sentence in str(outcome.error)
    assert list(target.iterdir()) == []


@pytest.mark.fault(69)
def test_file_beyond_the_limit_is_refused_before_a_byte_is_written(tmp_path: Path, reach: Reach) -> None:
    (tmp_path / "a.csv").write_bytes(b"12345")
    with AsyncsshServer(tmp_path, sftp_class=liars.HugeSizes) as server:
        [outcome] = reach(server).fetch("/", ["a.csv"], tmp_path / "none", tmp_path / "none", _ignore)
    assert isinstance(outcome, NotFetched)
    assert isinstance(outcome.error, MendData)
    assert "a.csv has 1,000,000,000,000 bytes, more than the 21,474,836,480" in str(outcome.error)


def test_server_that_gives_fewer_bytes_than_asked_is_asked_again(tmp_path: Path, reach: Reach) -> None:
    content = bytes(range(256)) * 40
    (tmp_path / "a.csv").write_bytes(content)
    with AsyncsshServer(tmp_path, sftp_class=liars.ShortReads) as server:
        reach(server).fetch("/", ["a.csv"], tmp_path, tmp_path, _ignore)
    assert (tmp_path / "0.data").read_bytes() == content


def test_files_that_may_not_be_read_do_not_stop_the_others(tmp_path: Path, reach: Reach) -> None:
    for name in ("closed.csv", "open.csv"):
        (tmp_path / name).write_bytes(b"12345")
    with AsyncsshServer(tmp_path, sftp_class=liars.ClosedFiles) as server:
        closed, whole = reach(server).fetch("/", ["closed.csv", "open.csv"], tmp_path, tmp_path, _ignore)
    assert isinstance(closed, NotFetched)
    assert (type(closed.error), closed.error.category) == (GiveUp, Category.FOLDER)
    assert "may not read closed.csv" in str(closed.error)
    assert isinstance(whole, Fetched)


def test_file_without_a_time_is_taken_and_never_gone_on_with(tmp_path: Path, reach: Reach) -> None:
    # given a server that tells no times, and that is cut in the first try
    served, target = tmp_path / "served", tmp_path / "target"
    served.mkdir()
    target.mkdir()
    content = bytes(range(256)) * 20_000
    (served / "a.csv").write_bytes(content)
    with (
        AsyncsshServer(served, sftp_class=liars.NoTimes) as server,
        CuttingProxy(server.port, cut_after_bytes=3_000_000, cuts=1) as proxy,
    ):
        # when
        there = reach(server, port=proxy.port)
        [file] = there.list_folder("/").files
        [fetched] = there.fetch("/", ["a.csv"], target, target, _ignore)
        # then
        assert proxy.passed_bytes > 8_000_000
    assert file.changed_at is None
    assert isinstance(fetched, Fetched)
    assert (target / "0.data").read_bytes() == content


@pytest.mark.fault(67)
def test_server_without_posix_rename_gets_the_file_all_the_same_and_it_is_noted(tmp_path: Path, reach: Reach) -> None:
    # given
    served = tmp_path / "served"
    served.mkdir()
    (served / "a.csv").write_bytes(b"old")
    (tmp_path / "new").write_bytes(b"new!")
    files = [Outgoing(name, tmp_path / "new") for name in ("a.csv", "b.csv")]
    # when
    with AsyncsshServer(served, sftp_class=liars.NoPosixRename) as server:
        replaced, fresh = reach(server).deliver("/", files, Letter(), _ignore)
    # then
    assert "without posix-rename" in replaced.note
    assert fresh.note == ""
    assert {path.name: path.read_bytes() for path in served.iterdir()} == {"a.csv": b"new!", "b.csv": b"new!"}


@pytest.mark.fault(66)
def test_server_that_keeps_fewer_bytes_keeps_the_old_file(tmp_path: Path, reach: Reach) -> None:
    served = tmp_path / "served"
    served.mkdir()
    (served / "a.csv").write_bytes(b"old")
    (tmp_path / "new").write_bytes(bytes(1_000))
    with (
        AsyncsshServer(served, sftp_class=liars.ForgetfulWrites) as server,
        pytest.raises(TryAgain, match=r"keeps 500 of the 1,000 bytes of a\.csv"),
    ):
        reach(server).deliver("/", [Outgoing("a.csv", tmp_path / "new")], Letter(), _ignore)
    assert {path.name: path.read_bytes() for path in served.iterdir()} == {"a.csv": b"old"}


def test_delivery_that_was_cut_after_the_rename_is_not_done_again(tmp_path: Path, reach: Reach) -> None:
    # given a partner who takes the file away at once, and a server that dies before it says that it has renamed
    served = tmp_path / "served"
    served.mkdir()
    (tmp_path / "new").write_bytes(b"new!")
    liars.RenamesAndDies.taken = []
    with AsyncsshServer(served, sftp_class=liars.RenamesAndDies) as server:
        # when
        [delivered] = reach(server).deliver("/", [Outgoing("a.csv", tmp_path / "new")], Letter(), _ignore)
    # then
    assert "cut just after it was renamed" in delivered.note
    assert liars.RenamesAndDies.taken == [b"new!"]
    assert list(served.iterdir()) == []


def test_folder_for_writing_alone_gets_its_file(tmp_path: Path, reach: Reach) -> None:
    served = tmp_path / "served"
    served.mkdir()
    (tmp_path / "new").write_bytes(b"new!")
    with AsyncsshServer(served, sftp_class=liars.WriteOnly) as server:
        [delivered] = reach(server).deliver("/", [Outgoing("a.csv", tmp_path / "new")], Letter(), _ignore)
        stages = reach(server).test("", "/")
    assert "was not compared" in delivered.note
    assert (served / "a.csv").read_bytes() == b"new!"
    assert (stages[-1].name, stages[-1].ok) == ("write", True)


def test_old_leftovers_go_and_those_of_others_stay(tmp_path: Path, reach: Reach) -> None:
    # given
    served = tmp_path / "served"
    served.mkdir()
    (tmp_path / "new").write_bytes(b"new!")
    young, old, other = temporary.fresh("b.csv"), temporary.fresh("c.csv"), ".handoff-notes.part"
    for name in (young, old, other):
        (served / name).write_bytes(b"half")
    os.utime(served / old, (1_700_000_000, 1_700_000_000))
    os.utime(served / other, (1_700_000_000, 1_700_000_000))
    # when
    with AsyncsshServer(served) as server:
        reach(server).deliver("/", [Outgoing("a.csv", tmp_path / "new")], Letter(), _ignore)
    # then
    assert {path.name for path in served.iterdir()} == {"a.csv", young, other}


@pytest.mark.fault(68)
@pytest.mark.parametrize("count", [5_000, pytest.param(100_000, marks=pytest.mark.soak)])
@pytest.mark.timeout(60)
def test_a_very_full_folder_is_listed_in_time(tmp_path: Path, reach: Reach, count: int) -> None:
    with AsyncsshServer(tmp_path, sftp_class=liars.many_names(count)) as server:
        listing = reach(server).list_folder("/")
    assert len(listing.files) == count // 2
    assert len(listing.not_taken) == count // 2


@pytest.mark.fault(68)
def test_a_folder_beyond_the_limit_says_so(tmp_path: Path, reach: Reach, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "LISTED_FILES_MAX", 1_000)
    with (
        AsyncsshServer(tmp_path, sftp_class=liars.many_names(1_002)) as server,
        pytest.raises(GiveUp, match="holds more than 1,000 names"),
    ):
        reach(server).list_folder("/")


def test_names_that_no_honest_server_sends_are_never_taken(tmp_path: Path, reach: Reach) -> None:
    with AsyncsshServer(tmp_path, sftp_class=liars.OddNames) as server:
        listing = reach(server).list_folder("/")
    assert [file.name for file in listing.files] == ["good.csv"]
    assert [reason for _, reason in listing.not_taken] == [
        "name holds a slash",
        "name is empty",
        "name holds a control character",
        "name is not UTF-8",
    ]
