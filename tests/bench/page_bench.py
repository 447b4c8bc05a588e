"""The page while the engine works: how long a rerun of a page takes idle, and while a large import runs."""

import os
import time
from pathlib import Path

from websockets.sync.client import ClientConnection

from engine.base.settings import Settings
from engine.service import Home
from tests.bench import customers
from tests.bench.importing import MAPPINGS
from tests.bench.measuring import Report, median, timed, verdict
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard, Visitor, draw
from tests.fakes.home import first_admin, session
from tests.fakes.openssh import OpenSSH
from tests.fakes.shop import NAME, ask, wanted

ROWS = int(os.environ.get("BENCH_LARGE_ROWS", "5000000"))
MEDIAN_MAX = 1.3
"""Rerun while a large file is fetched and imported, to the rerun when idle."""
LATE_MAX = 2
"""The same, of the 95th percentiles."""
_IDLE_RERUNS = 100
_PAUSE_S = 0.05
_IMPORT_S_MAX = 900.0


def run(report: Report, folder: Path) -> None:
    """Measure and report."""
    with OpenSSH() as server:
        _measure(report, folder / "page_home", server)


def _measure(report: Report, home: Path, server: OpenSSH) -> None:
    file = server.folder / "customers_1.csv"
    customers.write(file, ROWS, 1, is_shuffled=True)
    file.chmod(0o644)
    opened = Home(Settings(home=home))
    first_admin(opened.desk)
    token = session(opened.desk, "ana@example.org")
    opened.close()
    with (
        Dashboard(home, is_fresh=True) as dashboard,
        Visitor(dashboard, {SESSION_COOKIE: token}).open_page() as page,
    ):
        ask(home, "apply", wanted=wanted(server, mappings=MAPPINGS))
        for _ in range(_IDLE_RERUNS // 10):
            _rerun(page)
        # All of them before: after the run its rows are remembered.
        idle = [_rerun(page) for _ in range(_IDLE_RERUNS)]
        run_id = ask(home, "run", name=NAME)["id"]
        busy = []
        until_s = time.monotonic() + _IMPORT_S_MAX
        while ask(home, "run_state", run=run_id)["ended_at"] is None and time.monotonic() < until_s:
            busy.append(_rerun(page))
        ended = ask(home, "run_state", run=run_id)
    assert ended["state"] == "completed", ended
    assert ended["rows"]["applied"] == ROWS, ended
    ratio, late = median(busy) / median(idle), _late(busy) / _late(idle)
    note = (
        "Reruns of the list of runs over the websocket of the real server, signed in, while a file of "
        f"{ROWS:,} rows is fetched over SFTP, read and merged. "
        f"{len(idle)} idle reruns before it; {len(busy)} during the import."
    )
    said = f"median {verdict(ratio, MEDIAN_MAX, is_floor=False)}; p95 {verdict(late, LATE_MAX, is_floor=False)}"
    lines = [
        ("idle", f"{median(idle) * 1000:.0f}", f"{_late(idle) * 1000:.0f}", ""),
        ("during the import", f"{median(busy) * 1000:.0f}", f"{_late(busy) * 1000:.0f}", ""),
        ("ratio", f"{ratio:.2f}", f"{late:.2f}", said),
    ]
    report.table("The page while the engine works", note, ("when", "median ms", "p95 ms", "to reach"), lines)
    file.unlink()


def _late(reruns: list[float]) -> float:
    return sorted(reruns)[int(len(reruns) * 0.95)]


def _rerun(page: ClientConnection) -> float:
    """Have the list of runs drawn anew over the page's own websocket; return the seconds until it is whole."""
    time.sleep(_PAUSE_S)
    return timed(lambda: draw(page, "runs"))
