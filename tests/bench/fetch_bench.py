"""Fetching over SFTP: Handoff's client beside OpenSSH's sftp and rclone, all from one OpenSSH server in one run.

1 GiB on the loopback; 64 MiB and 60 small files behind a line with a round trip of 30 ms. Ours goes the whole way of
a run: client, worker process, partial file, SHA-256, the file brought onto the disk. OpenSSH brings it there too (-f).
Workers are niced, so the peers are as well.
"""

import os
import shutil
import subprocess
from collections.abc import Callable
from functools import partial
from pathlib import Path

from engine.base import quiet, workers
from engine.base.errors import GiveUp
from engine.base.installation import Installation
from engine.transfer import client
from storage.records.connections import Method, SecretKind, Secrets, Server
from storage.records.files import FetchedFile
from tests.bench.delay_proxy import delayed
from tests.bench.measuring import Measure, Report, in_turn, median, timed, verdict
from tests.fakes.openssh import OpenSSH
from tests.fakes.programs import require
from tests.fakes.service import workers_of

ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
LARGE_BYTES = int(os.environ.get("BENCH_LARGE_MIB", "1024")) * 1024**2
FAR_BYTES = 64 * 1024**2
SMALL_FILES, SMALL_BYTES = 60, 20 * 1024
ROUND_TRIP_MS = 30
RSS_MB_MAX = 80
_CIPHER = "aes128-gcm@openssh.com"


def run(report: Report, folder: Path) -> None:
    """Measure and report."""
    with OpenSSH() as server:
        for name, size_bytes in (("large.bin", LARGE_BYTES), ("far.bin", FAR_BYTES)):
            _write(server.folder / name, size_bytes)
        for number in range(SMALL_FILES):
            _write(server.folder / f"small_{number:02}.bin", SMALL_BYTES)
        bench = _Bench(server, folder)
        start_s = median([timed(bench.start_alone) for _ in range(max(ROUNDS, 5))])
        with delayed(server.port, ROUND_TRIP_MS) as far_port:
            near = in_turn(ROUNDS, **bench.measures(server.port, ["large.bin"]))
            near_peak_mb = bench.peak_mb
            far = in_turn(ROUNDS, **bench.measures(far_port, ["far.bin"]))
            small_names = [f"small_{number:02}.bin" for number in range(SMALL_FILES)]
            small = in_turn(ROUNDS, **bench.measures(far_port, small_names))
    _tell(report, {"near": near, "far": far, "small": small}, start_s, near_peak_mb)


def _tell(report: Report, found: dict[str, dict[str, list[float]]], start_s: float, peak_mb: float) -> None:
    medians = {
        kind: {who: median(times) - (start_s if who == "ours" else 0) for who, times in by.items()}
        for kind, by in found.items()
    }
    near, far, small = medians["near"], medians["far"], medians["small"]
    names = {"ours": "Handoff", "openssh": f"OpenSSH sftp -f, {_CIPHER.partition('@')[0]}", "rclone": "rclone"}
    lines = [
        (names[who], f"{near[who]:.2f}", f"{LARGE_BYTES / near[who] / 1e6:.0f}", f"{far[who]:.2f}", f"{small[who]:.2f}")
        for who in names
    ]
    note = (
        f"{LARGE_BYTES // 1024**2:,} MiB on the loopback; {FAR_BYTES // 1024**2} MiB and {SMALL_FILES} files of "
        f"{SMALL_BYTES // 1024} KiB at a round trip of {ROUND_TRIP_MS} ms; signing in included. Ours through the "
        f"worker, SHA-256 and fsync included; the start of its process ({start_s:.2f} s) is taken off. All niced "
        f"alike. Median of {ROUNDS} rounds in turn."
    )
    head = ("client", "loopback, s", "MB/s", f"{FAR_BYTES // 1024**2} MiB far, s", f"{SMALL_FILES} files far, s")
    report.table("Fetching over SFTP", note, head, lines)
    ratios = [
        ("loopback, Handoff to OpenSSH", near["openssh"] / near["ours"], 0.7),
        (f"{ROUND_TRIP_MS} ms, Handoff to OpenSSH", far["openssh"] / far["ours"], 1.5),
        (f"{ROUND_TRIP_MS} ms, Handoff to rclone", far["rclone"] / far["ours"], 1.5),
        ("small files, Handoff to OpenSSH", small["openssh"] / small["ours"], 3.5),
    ]
    told = [(name, f"{ratio:.2f}", verdict(ratio, bound, is_floor=True)) for name, ratio, bound in ratios]
    peak = verdict(peak_mb, RSS_MB_MAX, is_floor=False)
    told.append((f"peak memory of the worker at {LARGE_BYTES // 1024**2:,} MiB, MB", f"{peak_mb:.0f}", peak))
    report.table("Fetching ratios", "", ("ratio", "figure", "to reach"), told)


class _Bench:
    """The three clients of one server; each fetches into a fresh folder."""

    def __init__(self, server: OpenSSH, folder: Path) -> None:
        self.peak_mb = 0.0
        self._server = server
        self._folder = folder / "fetch"
        self._folder.mkdir()
        self._key = self._folder / "key"
        self._key.write_text(server.private_key)
        self._key.chmod(0o600)

    def measures(self, port: int, names: list[str]) -> dict[str, Measure]:
        """Return what in_turn measures."""
        return {
            who: partial(self._measured, fetch, port, names)
            for who, fetch in (("ours", self._ours), ("openssh", self._openssh), ("rclone", self._rclone))
        }

    def start_alone(self) -> None:
        """Start a worker that has nothing to do, and let it end."""
        remote = self._remote(self._server.port)
        asked = client._told(remote, client._fetching_way(remote), "/")
        try:
            workers.call("engine.transfer.worker", {"kind": "nothing", **asked}, lambda _: None, lambda: False)
        except GiveUp:
            return
        raise AssertionError

    def _measured(self, fetch: Callable[[int, list[str], Path], None], port: int, names: list[str]) -> float:
        target = self._folder / "target"
        shutil.rmtree(target, ignore_errors=True)
        target.mkdir()
        wall_s = timed(lambda: fetch(port, names, target))
        fetched = [path for path in target.rglob("*") if path.is_file()]
        wanted_bytes = sum((self._server.folder / name).stat().st_size for name in names)
        assert len(fetched) == len(names)
        assert sum(path.stat().st_size for path in fetched) == wanted_bytes
        return wall_s

    def _remote(self, port: int) -> client.Remote:
        there = Server(self._server.host, port, self._server.username, self._server.fingerprint, SecretKind.PRIVATE_KEY)
        secrets = Secrets(private_key=self._server.private_key)
        return client.Remote(Method.SFTP, there, secrets, is_plain=False, installation=Installation(), own=())

    def _ours(self, port: int, names: list[str], target: Path) -> None:
        rest = self._folder / "partial"
        rest.mkdir(exist_ok=True)
        fetched = client.fetch_files(
            self._remote(port), self._server.absolute_folder, names, target, rest, self._see_memory
        )
        assert all(isinstance(file, FetchedFile) for file in fetched)

    def _see_memory(self, _: workers.Progress) -> None:
        """Note the most memory that the worker has had so far, as the kernel counts it."""
        for worker in workers_of(os.getpid()):
            _before, is_there, peak_text = Path(f"/proc/{worker.pid}/status").read_text().partition("VmHWM:")
            if is_there:  # one that has ended has no memory any more
                self.peak_mb = max(self.peak_mb, int(peak_text.split()[0]) * 1024 / 1e6)

    def _openssh(self, port: int, names: list[str], target: Path) -> None:
        batch = self._folder / "batch"
        batch.write_text("\n".join(f"get -f {self._server.absolute_folder}/{name} {target}/" for name in names))
        options = ["-o", "StrictHostKeyChecking=no", "-o", "UserKnownHostsFile=/dev/null", "-o", "LogLevel=ERROR"]
        options += ["-o", f"Ciphers={_CIPHER}", "-o", "IdentitiesOnly=yes"]
        where = f"{self._server.username}@{self._server.host}"
        _run("sftp", "-q", "-b", str(batch), "-P", str(port), "-i", str(self._key), "-F", "/dev/null", *options, where)

    def _rclone(self, port: int, names: list[str], target: Path) -> None:
        wanted = self._folder / "wanted"
        wanted.write_text("\n".join(names))
        remote = (
            f":sftp,host={self._server.host},port={port},user={self._server.username},key_file={self._key},"
            f"shell_type=none,disable_hashcheck=true,ciphers='{_CIPHER}':{self._server.absolute_folder}"
        )
        options = ["--config", "/dev/null", "--files-from", str(wanted), "--quiet", "--no-traverse"]
        _run("rclone", "copy", *options, remote, str(target))


def _run(program: str, *arguments: str) -> None:
    niced = [require("nice"), "-n", str(quiet.NICENESS), require(program), *arguments]
    done = subprocess.run(niced, capture_output=True, text=True, check=False, timeout=600)
    if done.returncode != 0:
        raise AssertionError(f"{program}: {done.stderr or done.stdout}")


def _write(path: Path, size_bytes: int) -> None:
    """Write bytes that no compression helps with."""
    with path.open("wb") as file:
        block = os.urandom(1024**2)
        for _ in range(size_bytes // len(block)):
            file.write(block)
        file.write(block[: size_bytes % len(block)])
    path.chmod(0o644)
