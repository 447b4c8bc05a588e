"""The worker process: what flows call, its progress, cancelling it, and its end with its parent."""

import hashlib
import os
import random
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from engine.base import limits, workers
from engine.base.errors import BadInput, Cancelled, Category, GiveUp, MendCredentials, OutOfSpace, TryAgain
from engine.base.installation import Installation, Network
from engine.transfer import client
from engine.transfer.transport import Delivered, Letter, NotFetched, Outgoing
from storage.records.connections import Method, SecretKind, Secrets, Server
from storage.records.files import FetchedFile
from storage.records.goals import PatternKind
from tests.fakes.asyncssh_server import AsyncsshServer
from tests.fakes.cutting_proxy import CuttingProxy
from tests.fakes.openssh import OpenSSH
from tests.fakes.programs import require
from tests.fakes.service import workers_of

_ROOT = Path(__file__).resolve().parents[3]
_FILE_BYTES = 4_000_000


def _remote(server: OpenSSH, port: int | None = None, secrets: Secrets | None = None) -> client.Remote:
    there = Server(server.host, port or server.port, server.username, server.fingerprint, SecretKind.PASSWORD)
    known = secrets or Secrets(password=server.password)
    return client.Remote(Method.SFTP, there, known, is_plain=False, installation=Installation(), own=())


@pytest.fixture
def partial(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("partial")


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
def test_client_lists_by_pattern_and_fetches_with_progress(sftp_server: OpenSSH, tmp_path: Path, partial: Path) -> None:
    # given
    for name in ("a_1.csv", "a_2.csv", "receipt_a_1.csv", "b.csv"):
        (sftp_server.folder / name).write_bytes(name.encode())
    remote, folder, watch = _remote(sftp_server), sftp_server.absolute_folder, _Watch()
    # when
    listing = client.list_folder(remote, folder, "a_*.csv")
    names = [*sorted(file.name for file in listing.files), "gone.csv"]
    fetched = client.fetch_files(remote, folder, names, tmp_path, partial, watch, watch.is_cancelled)
    # then
    assert names == ["a_1.csv", "a_2.csv", "gone.csv"]
    assert sorted(listing.not_taken) == [("b.csv", "does not match"), ("receipt_a_1.csv", "reserved name")]
    first, second, gone = fetched
    assert isinstance(first, FetchedFile) and isinstance(second, FetchedFile)
    assert [(file.name, (tmp_path / file.spool_key).read_bytes()) for file in (first, second)] == [
        ("a_1.csv", b"a_1.csv"),
        ("a_2.csv", b"a_2.csv"),
    ]
    assert first.changed_at == next(file for file in listing.files if file.name == "a_1.csv").changed_at
    assert isinstance(gone, NotFetched)
    assert (type(gone.error), gone.error.category) == (TryAgain, Category.FOLDER)
    assert watch.reports[-1] == {"stage": "fetch", "done": 14, "total": 14, "unit": "bytes"}


@pytest.mark.promise("P11")
def test_client_lists_by_expression_and_takes_every_file_without_a_pattern(sftp_server: OpenSSH) -> None:
    for name in ("a1.csv", "a12.csv", "result_a1.json", "b.csv"):
        (sftp_server.folder / name).touch()
    remote, folder = _remote(sftp_server), sftp_server.absolute_folder
    by_expression = client.list_folder(remote, folder, r"a\d+\.csv", PatternKind.REGEX)
    assert sorted(file.name for file in by_expression.files) == ["a1.csv", "a12.csv"]
    everything = client.list_folder(remote, folder, "")
    assert sorted(file.name for file in everything.files) == ["a1.csv", "a12.csv", "b.csv"]
    assert everything.not_taken == (("result_a1.json", "reserved name"),)
    with pytest.raises(BadInput, match="cannot be read"):
        client.list_folder(remote, folder, "a(", PatternKind.REGEX)


def test_client_asks_for_the_host_key_tests_and_samples(sftp_server: OpenSSH, tmp_path: Path) -> None:
    (sftp_server.folder / "a.csv").write_bytes(b"id;name\n")
    sftp_server.folder.chmod(0o777)
    remote = _remote(sftp_server, secrets=Secrets(private_key=sftp_server.private_key))
    folder = sftp_server.absolute_folder
    assert client.fetch_host_key(remote).fingerprint == sftp_server.fingerprint
    stages = client.test_connection(remote, folder, folder)
    assert [stage.name for stage in stages] == ["resolve", "connect", "host key", "sign in", "list", "write"]
    assert [stage.ok for stage in stages] == [True] * 6
    sample = client.fetch_sample(remote, folder, "a.csv", tmp_path)
    assert (tmp_path / sample.spool_key).read_bytes() == b"id;name\n"


def test_client_delivers_and_removes(sftp_server: OpenSSH, tmp_path: Path) -> None:
    # given
    sftp_server.folder.chmod(0o777)
    (tmp_path / "1").write_bytes(b"first")
    (tmp_path / "2").write_bytes(b"")
    files = [Outgoing("a.csv", tmp_path / "1"), Outgoing("b.csv", tmp_path / "2")]
    remote, folder, watch = _remote(sftp_server), sftp_server.absolute_folder, _Watch()
    # when
    delivered = client.deliver_files(remote, folder, files, Letter(), watch, watch.is_cancelled)
    # then
    assert delivered == (Delivered("a.csv", 5), Delivered("b.csv", 0))
    assert (sftp_server.folder / "a.csv").read_bytes() == b"first"
    assert watch.reports[-1] == {"stage": "deliver", "done": 5, "total": 5, "unit": "bytes"}
    assert client.remove_files(remote, folder, ["a.csv", "b.csv", "never.csv"]) == ("a.csv", "b.csv", "never.csv")
    assert list(sftp_server.folder.iterdir()) == []


def test_refusal_crosses_the_process_with_its_kind_and_category(sftp_server: OpenSSH) -> None:
    with pytest.raises(MendCredentials, match="refused the password") as caught:
        client.list_folder(_remote(sftp_server, secrets=Secrets(password="wrong")), sftp_server.absolute_folder, "*")
    assert caught.value.category is Category.CREDENTIALS


def test_a_call_as_a_whole_has_an_end(
    sftp_server: OpenSSH, tmp_path: Path, partial: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(limits, "FETCH_WAIT_S_MAX", 1.0)
    folder = sftp_server.absolute_folder
    (sftp_server.folder / "a.csv").write_bytes(bytes(_FILE_BYTES))
    with CuttingProxy(sftp_server.port, silent_after_bytes=20_000) as proxy:
        remote = _remote(sftp_server, proxy.port)
        with pytest.raises(TryAgain, match="took longer than 1 s in all") as caught:
            client.fetch_files(remote, folder, ["a.csv"], tmp_path, partial)
    assert caught.value.category is Category.TIMEOUT
    assert workers_of(os.getpid()) == []


def test_cancelled_fetch_ends_its_process_and_goes_on_later(
    sftp_server: OpenSSH, tmp_path: Path, partial: Path
) -> None:
    # given
    (sftp_server.folder / "large.csv").write_bytes(bytes(_FILE_BYTES))
    folder, watch = sftp_server.absolute_folder, _Watch(cancel_after=6)
    # when
    with CuttingProxy(sftp_server.port, bytes_per_s=2_000_000) as proxy:
        with pytest.raises(Cancelled):
            client.fetch_files(
                _remote(sftp_server, proxy.port), folder, ["large.csv"], tmp_path, partial, watch, watch.is_cancelled
            )
        # then
        assert list(tmp_path.iterdir()) == []
        assert 0 < watch.reports[-1]["done"] < _FILE_BYTES
        assert workers_of(os.getpid()) == []
    [kept] = partial.iterdir()
    assert 0 < kept.stat().st_size < _FILE_BYTES
    [file] = client.fetch_files(_remote(sftp_server), folder, ["large.csv"], tmp_path, partial)
    assert isinstance(file, FetchedFile)
    assert file.sha256 == hashlib.sha256(bytes(_FILE_BYTES)).hexdigest()


def test_full_disk_is_told_as_such_and_leaves_nothing(sftp_server: OpenSSH, small_disk: Path) -> None:
    (sftp_server.folder / "large.csv").write_bytes(bytes(_FILE_BYTES))
    target, partial = small_disk / "target", small_disk / "partial"
    target.mkdir()
    partial.mkdir()
    with pytest.raises(OutOfSpace, match="disk of the spool is full"):
        client.fetch_files(_remote(sftp_server), sftp_server.absolute_folder, ["large.csv"], target, partial)
    assert list(target.iterdir()) == list(partial.iterdir()) == []


@pytest.mark.soak
@pytest.mark.promise("T11")
def test_a_gigabyte_that_is_cut_at_half_comes_whole(sftp_server: OpenSSH, tmp_path: Path, partial: Path) -> None:
    # given
    digest, size_bytes = hashlib.sha256(), 10**9
    made = random.Random(11)
    with (sftp_server.folder / "large.csv").open("wb") as file:
        for _ in range(1_000):
            block = made.randbytes(size_bytes // 1_000)
            digest.update(block)
            file.write(block)
    # when
    with CuttingProxy(sftp_server.port, cut_after_bytes=size_bytes // 2, cuts=1) as proxy:
        [fetched] = client.fetch_files(
            _remote(sftp_server, proxy.port), sftp_server.absolute_folder, ["large.csv"], tmp_path, partial
        )
        # then
        assert proxy.connections == 2
        assert proxy.passed_bytes < size_bytes * 1.1
    assert isinstance(fetched, FetchedFile)
    assert (fetched.size_bytes, fetched.sha256) == (size_bytes, digest.hexdigest())


@pytest.mark.fault(130)
def test_worker_ends_within_five_seconds_of_its_killed_parent(
    sftp_server: OpenSSH, tmp_path: Path, partial: Path
) -> None:
    # given
    (sftp_server.folder / "large.csv").write_bytes(bytes(_FILE_BYTES))
    program = textwrap.dedent("""
        import sys
        from pathlib import Path
        from engine.base.installation import Installation
        from engine.transfer import client
        from storage.records.connections import Method, Secrets, SecretKind, Server
        host, port, username, password, host_key, folder, target, partial = sys.argv[1:]
        server = Server(host, int(port), username, host_key, SecretKind.PASSWORD)
        say = lambda progress: print(progress["done"], flush=True)
        remote = client.Remote(Method.SFTP, server, Secrets(password=password), False, Installation(), ())
        client.fetch_files(remote, folder, ["large.csv"], Path(target), Path(partial), say)
    """)
    with CuttingProxy(sftp_server.port, bytes_per_s=200_000) as proxy:
        given = [proxy.host, str(proxy.port), sftp_server.username, sftp_server.password, sftp_server.fingerprint]
        parent = subprocess.Popen(
            [sys.executable, "-c", program, *given, sftp_server.absolute_folder, str(tmp_path), str(partial)],
            cwd=_ROOT,
            stdout=subprocess.PIPE,
            text=True,
        )
        assert parent.stdout is not None
        while parent.stdout.readline().strip() == "0":
            pass  # not fetching yet
        [worker] = (process.pid for process in workers_of(parent.pid))
        # when
        parent.kill()
        parent.wait(timeout=10)
        parent.stdout.close()
        # then
        deadline = time.monotonic() + 5
        while _lives(worker) and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not _lives(worker)
    assert list(tmp_path.iterdir()) == []  # never under its final name
    assert [path.suffix for path in partial.iterdir()] == [".part"]


@pytest.mark.parametrize(
    ("changes", "folder", "field_name"),
    [
        ({"host": "sftp://example.com/"}, "/", "host"),
        pytest.param({"port": 0}, "/", "port", marks=pytest.mark.promise("F05")),
        pytest.param({"port": 70_000}, "/", "port", marks=pytest.mark.promise("F05")),
        ({"username": ""}, "/", "username"),
        ({}, "outgoing", "folder"),
    ],
)
def test_entries_that_cannot_work_are_refused_before_anything_starts(
    changes: dict[str, object], folder: str, field_name: str
) -> None:
    entries = {"host": "127.0.0.1", "port": 22, "username": "shop", "host_key": "", **changes}
    server = Server(**entries, secret_kind=SecretKind.PASSWORD)  # type: ignore[arg-type]
    remote = client.Remote(Method.SFTP, server, Secrets(password="any"), False, Installation(), ())  # noqa: FBT003
    with pytest.raises(BadInput) as caught:
        client.list_folder(remote, folder, "*")
    assert caught.value.field == field_name


def test_what_reaches_a_server_shows_no_secret() -> None:
    server = Server("127.0.0.1", 22, "shop", "", SecretKind.PASSWORD)
    remote = client.Remote(Method.SFTP, server, Secrets(password="hush"), False, Installation(), ())  # noqa: FBT003
    assert "hush" not in repr(remote)


@pytest.mark.fault(72)
def test_an_installation_says_which_private_servers_are_reached(sftp_server: OpenSSH) -> None:
    here, folder = _remote(sftp_server), sftp_server.absolute_folder
    nowhere = replace(here, installation=Installation(network=Network(allow=())))
    with pytest.raises(GiveUp, match=r"127\.0\.0\.1 is a loopback address, and the policy network\.allow") as caught:
        client.list_folder(nowhere, folder, "")
    assert caught.value.category is Category.NOT_ALLOWED
    listed = replace(here, installation=Installation(network=Network(allow=("127.0.0.0/8",))))
    assert client.list_folder(listed, folder, "").files == ()
    own = replace(here, own=(("127.0.0.1", sftp_server.port),))
    with pytest.raises(GiveUp, match="is an endpoint of this installation"):
        client.list_folder(own, folder, "")


@pytest.mark.fault(60)
def test_an_installation_says_which_old_servers_are_spoken_to(tmp_path: Path) -> None:
    with AsyncsshServer(tmp_path, mac_algs=["hmac-sha1"], encryption_algs=["aes128-cbc"]) as server:
        there = Server(server.host, server.port, server.username, server.fingerprint, SecretKind.PASSWORD)
        secrets = Secrets(password=server.password)
        remote = client.Remote(Method.SFTP, there, secrets, is_plain=False, installation=Installation(), own=())
        with pytest.raises(GiveUp, match=r"network\.old_sftp_servers") as caught:
            client.list_folder(remote, "/", "")
        assert caught.value.category is Category.SERVER_TOO_OLD
        named = Installation(network=Network(old_sftp_servers=(server.host,)))
        assert client.list_folder(replace(remote, installation=named), "/", "").files == ()


@pytest.mark.fault(70)
@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "::ffff:127.0.0.1", "0", "169.254.169.254"])
def test_an_address_that_is_not_allowed_stops_the_run_and_fails_the_test_in_its_first_stage(host: str) -> None:
    server = Server(host, 22, "shop", "", SecretKind.PASSWORD)
    remote = client.Remote(Method.SFTP, server, Secrets(password="any"), False, Installation(), ())  # noqa: FBT003
    with pytest.raises((BadInput, GiveUp), match="policy"):
        client.list_folder(remote, "/", "*")
    [stage] = client.test_connection(remote, "/")
    assert (stage.name, stage.ok) == ("resolve", False)
    assert "policy" in stage.said


def _lives(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIG_DFL)
    except ProcessLookupError:
        return False
    state = Path(f"/proc/{pid}/stat")
    return not state.exists() or state.read_text().rpartition(")")[2].split()[0] != "Z"
