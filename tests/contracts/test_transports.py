"""What every Transport promises, tried against OpenSSH and against a server made with asyncssh."""

import hashlib
import os
import random
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from engine.base import limits
from engine.base.errors import Category, GiveUp, TryAgain
from engine.transfer.sftp import SftpTransport
from engine.transfer.transport import Place, Transport
from storage.records.connections import Secrets
from tests.fakes.asyncssh_server import AsyncsshServer
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.openssh import OpenSSH

_FILE_BYTES = 2_000_000


def _sftp(server: Any, port: int) -> Transport:
    place = Place(server.host, port, server.username, server.fingerprint)
    return SftpTransport(place, Secrets(password=server.password))


@pytest.fixture(params=["openssh", "asyncssh"])
def server(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Any]:
    if request.param == "openssh":
        with OpenSSH() as real:
            yield real
    else:
        folder = tmp_path / "served"
        folder.mkdir()
        with AsyncsshServer(folder) as fake:
            yield fake


@pytest.fixture
def transport(server: Any) -> Transport:
    return _sftp(server, server.port)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    folder = tmp_path / "target"
    folder.mkdir()
    return folder


@pytest.fixture
def large_file(server: Any) -> bytes:
    content = random.Random(7).randbytes(_FILE_BYTES)
    (server.folder / "large.csv").write_bytes(content)
    return content


def _ignore(done: int, total: int) -> None:
    del done, total


def _at_first(act: Callable[[], object]) -> Callable[[int, int], None]:
    """Return an on_bytes that acts once, when the first bytes are here."""
    waiting = [act]

    def on_bytes(done: int, total: int) -> None:
        del done, total
        if waiting:
            waiting.pop()()

    return on_bytes


def test_listing_names_files_with_size_and_time_and_all_others_with_a_reason(server: Any, transport: Transport) -> None:
    # given
    (server.folder / "a.csv").write_bytes(b"id\n1\n")
    os.utime(server.folder / "a.csv", (1_700_000_000, 1_700_000_000))
    (server.folder / "sub").mkdir()
    (server.folder / "link.csv").symlink_to("a.csv")
    os.mkfifo(server.folder / "pipe")
    (server.folder / "new\nline.csv").touch()
    Path(os.fsdecode(os.fsencode(server.folder) + b"/\xe9.csv")).touch()
    # when
    listing = transport.list_folder(server.absolute_folder)
    # then
    [file] = listing.files
    assert (file.name, file.size_bytes, file.changed_at) == ("a.csv", 5, datetime(2023, 11, 14, 22, 13, 20))
    assert dict(listing.not_taken) == {
        "sub": "a folder",
        "link.csv": "a link, not a file",
        "pipe": "a device, pipe or socket",
        "new\\nline.csv": "name holds a control character",
        "\\xe9.csv": "name is not UTF-8",
    }


@pytest.mark.promise("T05")
def test_fetched_files_are_whole_and_hashed(server: Any, transport: Transport, target: Path, large_file: bytes) -> None:
    # given
    (server.folder / "empty ü.csv").touch()
    reports = []
    # when
    names = ["large.csv", "empty ü.csv"]
    fetched = transport.fetch(server.absolute_folder, names, target, lambda done, total: reports.append((done, total)))
    # then
    assert [(file.name, file.size_bytes, file.file_name) for file in fetched] == [
        ("large.csv", _FILE_BYTES, "0.data"),
        ("empty ü.csv", 0, "1.data"),
    ]
    assert [file.sha256 for file in fetched] == [hashlib.sha256(data).hexdigest() for data in (large_file, b"")]
    assert (target / "0.data").read_bytes() == large_file
    assert (target / "1.data").read_bytes() == b""
    assert sorted(path.name for path in target.iterdir()) == ["0.data", "1.data"]
    assert reports[-1] == (_FILE_BYTES, _FILE_BYTES)


def test_sample_holds_the_first_bytes_alone(server: Any, transport: Transport, target: Path, large_file: bytes) -> None:
    sample = transport.sample(server.absolute_folder, "large.csv", target)
    assert sample.size_bytes == _FILE_BYTES
    assert (target / "0.data").read_bytes() == large_file[: limits.SNIFF_BYTES]


@pytest.mark.usefixtures("large_file")
def test_connection_cut_at_half_leaves_no_file_and_can_be_tried_again(server: Any, target: Path) -> None:
    # given
    (server.folder / "small.csv").write_bytes(b"x")
    with CuttingProxy(server.port, cut_after_bytes=_FILE_BYTES // 2) as proxy:
        transport = _sftp(server, proxy.port)
        # when
        with pytest.raises(TryAgain, match=r"lost after [1-9][\d,]+ of 2,000,000 bytes of large.csv") as caught:
            transport.fetch(server.absolute_folder, ["large.csv"], target, _ignore)
        with pytest.raises(TryAgain, match="lost after"):
            transport.fetch(server.absolute_folder, ["small.csv", "large.csv"], target, _ignore)
        # then
        assert caught.value.category is Category.NETWORK
        assert list(target.iterdir()) == []
        proxy.cut_after_bytes = None
        [again] = transport.fetch(server.absolute_folder, ["large.csv"], target, _ignore)
    assert again.sha256 == hashlib.sha256((server.folder / "large.csv").read_bytes()).hexdigest()


@pytest.mark.fault(63)
@pytest.mark.usefixtures("large_file")
def test_server_that_falls_silent_in_mid_file_is_left_in_time(
    server: Any, target: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "TRANSFER_SILENCE_S_MAX", 0.5)
    with (
        CuttingProxy(server.port, silent_after_bytes=_FILE_BYTES // 2) as proxy,
        pytest.raises(TryAgain, match=r"nothing for 0.5 s while large.csv was fetched") as caught,
    ):
        _sftp(server, proxy.port).fetch(server.absolute_folder, ["large.csv"], target, _ignore)
    assert caught.value.category is Category.TIMEOUT
    assert list(target.iterdir()) == []


@pytest.mark.usefixtures("large_file")
def test_growing_file_is_left_for_the_next_run(server: Any, transport: Transport, target: Path) -> None:
    def grow() -> None:
        with (server.folder / "large.csv").open("ab") as file:
            file.write(b"one more row\n")

    with pytest.raises(TryAgain, match=r"large.csv is still being written; the next run takes it"):
        transport.fetch(server.absolute_folder, ["large.csv"], target, _at_first(grow))
    assert list(target.iterdir()) == []
    [settled] = transport.fetch(server.absolute_folder, ["large.csv"], target, _ignore)
    assert settled.size_bytes == _FILE_BYTES + len(b"one more row\n")


@pytest.mark.usefixtures("large_file")
def test_file_rewritten_at_equal_size_while_it_is_fetched_is_not_taken(
    server: Any, transport: Transport, target: Path
) -> None:
    def rewrite() -> None:
        with (server.folder / "large.csv").open("r+b") as file:
            file.write(bytes(_FILE_BYTES))
        os.utime(server.folder / "large.csv", (1_700_000_000, 1_700_000_000))

    with pytest.raises(TryAgain, match="still being written"):
        transport.fetch(server.absolute_folder, ["large.csv"], target, _at_first(rewrite))
    assert list(target.iterdir()) == []


def test_file_that_shrinks_is_never_taken_short(server: Any, target: Path) -> None:
    # given a slow line, so that most of the file is not yet on its way
    (server.folder / "large.csv").write_bytes(bytes(24_000_000))

    def shrink() -> None:
        os.truncate(server.folder / "large.csv", 1_000)

    with (
        CuttingProxy(server.port, bytes_per_s=40_000_000) as proxy,
        pytest.raises(TryAgain, match=r"ended after [\d,]+ of the 24,000,000 bytes|still being written"),
    ):
        _sftp(server, proxy.port).fetch(server.absolute_folder, ["large.csv"], target, _at_first(shrink))
    assert list(target.iterdir()) == []


def test_file_that_went_away_is_named(server: Any, transport: Transport, target: Path) -> None:
    with pytest.raises(TryAgain, match=r"gone.csv is no longer in the folder") as caught:
        transport.fetch(server.absolute_folder, ["gone.csv"], target, _ignore)
    assert caught.value.category is Category.FOLDER


def test_link_in_place_of_a_file_is_not_followed(server: Any, transport: Transport, target: Path) -> None:
    (server.folder / "hosts.csv").symlink_to("/etc/hosts")
    with pytest.raises(GiveUp, match=r"hosts.csv is no regular file"):
        transport.fetch(server.absolute_folder, ["hosts.csv"], target, _ignore)


@pytest.mark.parametrize("count", [1_000, pytest.param(10_000, marks=pytest.mark.soak)])
def test_many_names_are_all_listed(server: Any, transport: Transport, count: int) -> None:
    for number in range(count):
        (server.folder / f"file_{number:05}.csv").touch()
    listing = transport.list_folder(server.absolute_folder)
    assert sorted(file.name for file in listing.files) == [f"file_{number:05}.csv" for number in range(count)]
    assert listing.not_taken == ()


def test_listing_stops_at_its_limit_and_says_so(
    server: Any, transport: Transport, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "LISTED_FILES_MAX", 3)
    for number in range(4):
        (server.folder / str(number)).touch()
    with pytest.raises(GiveUp, match="holds more than 3 names") as caught:
        transport.list_folder(server.absolute_folder)
    assert caught.value.category is Category.FOLDER


def test_many_small_files_come_over_one_connection(server: Any, transport: Transport, target: Path) -> None:
    for number in range(60):
        (server.folder / f"{number}.csv").write_bytes(str(number).encode() * 100)
    names = [f"{number}.csv" for number in range(60)]
    fetched = transport.fetch(server.absolute_folder, names, target, _ignore)
    assert [file.name for file in fetched] == names
    for number, file in enumerate(fetched):
        assert (target / file.file_name).read_bytes() == str(number).encode() * 100
