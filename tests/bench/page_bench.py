"""The page while the engine works: how long a rerun of a page takes idle, and while a large import runs."""

import time
from pathlib import Path

from websockets.sync.client import ClientConnection

from engine.base.settings import Settings
from engine.service import Home
from tests.bench import customers
from tests.bench.import_bench import ROWS
from tests.bench.importing import MAPPINGS
from tests.bench.measuring import Report, median, timed, verdict
from tests.fakes.dashboard import SESSION_COOKIE, Dashboard, Visitor, draw
from tests.fakes.home import first_admin, session
from tests.fakes.openssh import OpenSSH
from tests.fakes.shop import NAME, ask, wanted

_IDLE_RERUNS = 100
_PAUSE_S = 0.05
_IMPORT_S_MAX = 300.0


def run(report: Report, folder: Path) -> None:
    """Measure and report."""
    with OpenSSH() as server:
        _measure(report, folder / "page_home", server)


def _measure(report: Report, home: Path, server: OpenSSH) -> None:
    for name, rows, salt in (("customers_1.csv", ROWS * 8 // 10, 1), ("customers_2.csv", ROWS, 2)):
        customers.write(server.folder / name, rows, salt, is_shuffled=True)
        (server.folder / name).chmod(0o644)
    opened = Home(Settings(home=home))
    first_admin(opened.desk)
    token = session(opened.desk, "ana@example.org")
    opened.close()
    with (
        Dashboard(home) as dashboard,
        Visitor(dashboard, {SESSION_COOKIE: token}).open_page() as page,
    ):
        ask(home, "apply", wanted=wanted(server, mappings=MAPPINGS))
        for _ in range(_IDLE_RERUNS // 10):
            _rerun(page)
        idle = [_rerun(page) for _ in range(_IDLE_RERUNS)]
        run_id = ask(home, "run", name=NAME)["id"]
        busy = []
        until_s = time.monotonic() + _IMPORT_S_MAX
        while ask(home, "run_state", run=run_id)["ended_at"] is None and time.monotonic() < until_s:
            busy.append(_rerun(page))
        ended = ask(home, "run_state", run=run_id)
    assert ended["state"] == "completed", ended
    ratio = median(busy) / median(idle)
    late = sorted(busy)[int(len(busy) * 0.95)] / sorted(idle)[int(len(idle) * 0.95)]
    note = (
        "Reruns of the list of runs over the websocket of the real server, signed in, while files of "
        f"{ROWS * 8 // 10:,} and {ROWS:,} rows are fetched over SFTP, read and merged. "
        f"{len(idle)} idle reruns, {len(busy)} during the import."
    )
    lines = [
        ("idle", f"{median(idle) * 1000:.0f}", f"{sorted(idle)[int(len(idle) * 0.95)] * 1000:.0f}", ""),
        ("during the import", f"{median(busy) * 1000:.0f}", f"{sorted(busy)[int(len(busy) * 0.95)] * 1000:.0f}", ""),
        ("ratio", f"{ratio:.2f}", f"{late:.2f}", "median " + verdict(ratio, 2, is_floor=False)),
    ]
    report.table("The page while the engine works", note, ("when", "median ms", "p95 ms", "to reach"), lines)


def _rerun(page: ClientConnection) -> float:
    """Have the list of runs drawn anew over the page's own websocket; return the seconds until it is whole."""
    time.sleep(_PAUSE_S)
    return timed(lambda: draw(page, "runs"))
