"""The hosted SFTP server beside OpenSSH's own: uploads by OpenSSH's client, 20 sessions at once, then 1,000 in all.

Ours hashes each file, writes its note and has both on the disk before it says yes; OpenSSH's server does none of it.
"""

import os
import subprocess
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import psutil

from tests.bench.measuring import Report, in_turn, median, timed, verdict
from tests.fakes.endpoints import EndpointsProcess, a_mount
from tests.fakes.openssh import OpenSSH
from tests.fakes.programs import require

SESSIONS = 20
FILES = int(os.environ.get("BENCH_HOSTED_FILES", "50"))
FILE_BYTES = 20 * 1024
ALL_SESSIONS = int(os.environ.get("BENCH_HOSTED_SESSIONS", "1000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
RATIO_MIN = 1.0
RSS_MB_MAX = 200
_OPTIONS = ("StrictHostKeyChecking=no", "UserKnownHostsFile=/dev/null", "IdentitiesOnly=yes", "LogLevel=ERROR")


def run(report: Report, folder: Path) -> None:
    """Measure and report."""
    source = folder / "hosted_source"
    source.mkdir()
    for number in range(FILES):
        (source / f"{number}.csv").write_bytes(os.urandom(FILE_BYTES))
    with OpenSSH() as peer, EndpointsProcess(folder / "hosted_home") as ours:
        key = folder / "hosted_key"
        key.write_text(peer.private_key)
        key.chmod(0o600)
        line = subprocess.run([require("ssh-keygen"), "-y", "-f", str(key)], capture_output=True, text=True, check=True)
        (peer.folder / "up").mkdir(mode=0o777)
        (peer.folder / "up").chmod(0o777)
        mounts = [a_mount(f"C{number}") for number in range(SESSIONS)]
        for number, mount in enumerate(mounts):
            ours.add_key(ours.add_login(name=f"user{number}", mount=mount), line.stdout.strip())
        port = ours.port()
        at_peer = [(peer.username, peer.port, f"{peer.folder}/up/{number}_") for number in range(SESSIONS)]
        at_ours = [(f"user{number}", port, "/") for number in range(SESSIONS)]
        found = in_turn(
            ROUNDS,
            OpenSSH=partial(_round, at_peer, key, source, FILES),
            Handoff=partial(_take, ours, partial(_round, at_ours, key, source, FILES)),
        )
        failed = _failures(ours, at_ours, key, source)
        assert ours.process is not None
        rss_mb = psutil.Process(ours.process.pid).memory_info().rss / 1024**2
    total = SESSIONS * FILES
    peer_s, ours_s = median(found["OpenSSH"]), median(found["Handoff"])
    note = (
        f"{SESSIONS} sessions of OpenSSH's sftp at once, {FILES} files of {FILE_BYTES // 1024} KiB each. Ours: hash, "
        f"note and data on the disk before the answer. Median of {ROUNDS} rounds in turn."
    )
    lines = [
        ("OpenSSH's server", f"{peer_s:.2f}", f"{total / peer_s:,.0f}"),
        ("Handoff", f"{ours_s:.2f}", f"{total / ours_s:,.0f}"),
    ]
    report.table("Hosted SFTP", note, ("server", "wall s", "files/s"), lines)
    ratios = [
        ("files/s, Handoff to OpenSSH", f"{peer_s / ours_s:.2f}", verdict(peer_s / ours_s, RATIO_MIN, is_floor=True)),
        (f"failed sessions of {ALL_SESSIONS:,}", str(failed), verdict(failed, 0, is_floor=False)),
        ("RSS of the endpoints, MB", f"{rss_mb:.0f}", verdict(rss_mb, RSS_MB_MAX, is_floor=False)),
    ]
    report.table("Hosted SFTP, to reach", "", ("what", "figure", "to reach"), ratios)


def _round(places: list[tuple[str, int, str]], key: Path, source: Path, files: int) -> float:
    def work() -> None:
        with ThreadPoolExecutor(SESSIONS) as pool:
            done = list(pool.map(lambda place: _session(place, key, source, files), places))
        assert all(done), f"{done.count(False)} sessions failed"

    os.sync()  # what others left to be written is not theirs
    return timed(work)


def _session(place: tuple[str, int, str], key: Path, source: Path, files: int) -> bool:
    username, port, folder = place
    puts = "".join(f"put {source}/{number}.csv {folder}{number}.csv\n" for number in range(files))
    options = [word for option in _OPTIONS for word in ("-o", option)]
    command = [require("sftp"), "-q", "-b", "-", "-i", str(key), *options, "-P", str(port), f"{username}@127.0.0.1"]
    return subprocess.run(command, input=puts, capture_output=True, text=True, check=False).returncode == 0


def _take(ours: EndpointsProcess, measure: "partial[float]") -> float:
    took_s = measure()
    notes = list(ours.spool.landed.glob("*.json"))
    assert len(notes) == SESSIONS * FILES
    # As the engine takes them, but put aside: where many files were just removed, the file system is slow to make
    # new ones, and the next round would pay for it, whoever's it is.
    aside = ours.home / "taken"
    aside.mkdir(exist_ok=True)
    for note in notes:
        note.rename(aside / note.name)
    return took_s


def _failures(ours: EndpointsProcess, places: list[tuple[str, int, str]], key: Path, source: Path) -> int:
    with ThreadPoolExecutor(SESSIONS) as pool:
        jobs = [places[number % SESSIONS] for number in range(ALL_SESSIONS)]
        done = list(pool.map(lambda place: _session(place, key, source, 1), jobs))
    assert len(list(ours.spool.landed.glob("*.json"))) == done.count(True)
    return done.count(False)
