"""The worker process: what flows call, its progress, cancelling it, and its end with its parent."""

import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import pytest

from engine.base import workers
from engine.base.errors import BadInput, Cancelled, Category, MendCredentials, OutOfSpace
from engine.transfer import client
from storage.records.connections import SecretKind, Secrets, Server
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.openssh import OpenSSH
from tests.fakes.programs import require

_ROOT = Path(__file__).resolve().parents[3]
_FILE_BYTES = 4_000_000


def _server(server: OpenSSH, port: int | None = None) -> Server:
    return Server(server.host, port or server.port, server.username, server.fingerprint, SecretKind.PASSWORD)


@dataclass
class _Watch:
    """Notes the progress; cancels after so many reports that show bytes."""

    cancel_after: int = 1_000_000
    reports: list[workers.Progress] = field(default_factory=list)

    def __call__(self, progress: workers.Progress) -> None:
        self.reports.append(progress)

    def is_cancelled(self) -> bool:
        return len([report for report in self.reports if report["done"]]) >= self.cancel_after


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of one MB."""
    mount = [require("mount"), "-t", "tmpfs", "-o", "size=1m", "tmpfs", str(tmp_path)]
    subprocess.run(mount, check=True, timeout=10)
    yield tmp_path
    subprocess.run([require("umount"), str(tmp_path)], check=True, timeout=10)


@pytest.mark.promise("T04")
def test_client_lists_by_pattern_and_fetches_with_progress(sftp_server: OpenSSH, tmp_path: Path) -> None:
    # given
    for name in ("a_1.csv", "a_2.csv", "receipt_a_1.csv", "b.csv"):
        (sftp_server.folder / name).write_bytes(name.encode())
    server, secrets, folder = _server(sftp_server), Secrets(password=sftp_server.password), sftp_server.absolute_folder
    watch = _Watch()
    # when
    listing = client.list_folder(server, secrets, folder, "a_*.csv")
    names = sorted(file.name for file in listing.files)
    fetched = client.fetch_files(server, secrets, folder, names, tmp_path, watch, watch.is_cancelled)
    # then
    assert names == ["a_1.csv", "a_2.csv"]
    assert sorted(listing.not_taken) == [("b.csv", "does not match"), ("receipt_a_1.csv", "reserved name")]
    assert [(file.name, (tmp_path / file.spool_key).read_bytes()) for file in fetched] == [
        ("a_1.csv", b"a_1.csv"),
        ("a_2.csv", b"a_2.csv"),
    ]
    assert fetched[0].changed_at == next(file for file in listing.files if file.name == "a_1.csv").changed_at
    assert watch.reports[-1] == {"stage": "fetch", "done": 14, "total": 14, "unit": "bytes"}


def test_client_asks_for_the_host_key_tests_and_samples(sftp_server: OpenSSH, tmp_path: Path) -> None:
    (sftp_server.folder / "a.csv").write_bytes(b"id;name\n")
    secrets, folder = Secrets(private_key=sftp_server.private_key), sftp_server.absolute_folder
    assert client.fetch_host_key(sftp_server.host, sftp_server.port).fingerprint == sftp_server.fingerprint
    assert [stage.ok for stage in client.test_connection(_server(sftp_server), secrets, folder)] == [True] * 5
    sample = client.fetch_sample(_server(sftp_server), secrets, folder, "a.csv", tmp_path)
    assert (tmp_path / sample.spool_key).read_bytes() == b"id;name\n"


def test_refusal_crosses_the_process_with_its_kind_and_category(sftp_server: OpenSSH) -> None:
    with pytest.raises(MendCredentials, match="refused the password") as caught:
        client.list_folder(_server(sftp_server), Secrets(password="wrong"), sftp_server.absolute_folder, "*")
    assert caught.value.category is Category.CREDENTIALS


def test_cancelled_fetch_ends_its_process_and_leaves_nothing(sftp_server: OpenSSH, tmp_path: Path) -> None:
    # given
    (sftp_server.folder / "large.csv").write_bytes(bytes(_FILE_BYTES))
    secrets, folder, watch = Secrets(password=sftp_server.password), sftp_server.absolute_folder, _Watch(cancel_after=2)
    # when
    with CuttingProxy(sftp_server.port, bytes_per_s=1_000_000) as proxy:
        server = _server(sftp_server, proxy.port)
        with pytest.raises(Cancelled):
            client.fetch_files(server, secrets, folder, ["large.csv"], tmp_path, watch, watch.is_cancelled)
    # then
    assert list(tmp_path.iterdir()) == []
    assert 0 < watch.reports[-1]["done"] < _FILE_BYTES
    assert _workers_below(os.getpid()) == []


def test_full_disk_is_told_as_such_and_leaves_nothing(sftp_server: OpenSSH, small_disk: Path) -> None:
    (sftp_server.folder / "large.csv").write_bytes(bytes(_FILE_BYTES))
    secrets, folder = Secrets(password=sftp_server.password), sftp_server.absolute_folder
    with pytest.raises(OutOfSpace, match="disk of the spool is full"):
        client.fetch_files(_server(sftp_server), secrets, folder, ["large.csv"], small_disk)
    assert list(small_disk.iterdir()) == []


@pytest.mark.fault(130)
def test_worker_ends_within_five_seconds_of_its_killed_parent(sftp_server: OpenSSH, tmp_path: Path) -> None:
    # given
    (sftp_server.folder / "large.csv").write_bytes(bytes(_FILE_BYTES))
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from engine.transfer import client
        from storage.records.connections import Secrets, SecretKind, Server
        host, port, username, password, host_key, folder, target = sys.argv[1:]
        server = Server(host, int(port), username, host_key, SecretKind.PASSWORD)
        say = lambda progress: print(progress["done"], flush=True)
        client.fetch_files(server, Secrets(password=password), folder, ["large.csv"], Path(target), say)
    """)
    with CuttingProxy(sftp_server.port, bytes_per_s=200_000) as proxy:
        given = [proxy.host, str(proxy.port), sftp_server.username, sftp_server.password, sftp_server.fingerprint]
        parent = subprocess.Popen(
            [sys.executable, "-c", program, *given, sftp_server.absolute_folder, str(tmp_path)],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert parent.stdout is not None
        while parent.stdout.readline().strip() == "0":
            pass  # not fetching yet
        [worker] = _workers_below(parent.pid)
        # when
        parent.kill()
        parent.wait(timeout=10)
        parent.stdout.close()
        # then
        deadline = time.monotonic() + 5
        while _lives(worker) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not _lives(worker)
    assert [path.name for path in tmp_path.iterdir()] == ["0.data.part"]  # never under its final name


@pytest.mark.parametrize(
    ("changes", "folder", "field_name"),
    [
        ({"host": "sftp://example.com/"}, "/", "host"),
        ({"port": 0}, "/", "port"),
        ({"username": ""}, "/", "username"),
        ({}, "outgoing", "folder"),
    ],
)
def test_entries_that_cannot_work_are_refused_before_anything_starts(
    changes: dict[str, object], folder: str, field_name: str
) -> None:
    entries = {"host": "127.0.0.1", "port": 22, "username": "shop", "host_key": "", **changes}
    server = Server(**entries, secret_kind=SecretKind.PASSWORD)  # type: ignore[arg-type]
    with pytest.raises(BadInput) as caught:
        client.list_folder(server, Secrets(password="any"), folder, "*")
    assert caught.value.field == field_name


def _workers_below(pid: int) -> list[int]:
    found: list[int] = []
    for listing in Path(f"/proc/{pid}/task").glob("*/children"):
        found += [int(child) for child in listing.read_text().split()]
    return [child for child in found if b"engine.transfer.worker" in Path(f"/proc/{child}/cmdline").read_bytes()]


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
