"""The page while the engine works: how long a rerun of a page takes idle, and while a large import runs."""

import http.client
import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

from engine.base.settings import Settings
from engine.service import Home
from tests.bench import customers
from tests.bench.import_bench import ROWS
from tests.bench.importing import MAPPINGS
from tests.bench.measuring import Report, median, verdict
from tests.fakes.home import first_admin, session
from tests.fakes.openssh import OpenSSH
from tests.fakes.shop import NAME, ask, wanted

_ROOT = Path(__file__).resolve().parents[2]
_IDLE_RERUNS = 60
_PAUSE_S = 0.05
_IMPORT_S_MAX = 300.0


class Page:
    """A signed-in session of the real dashboard, driven over Streamlit's agent interface."""

    def __init__(self, port: int, token: str) -> None:
        """Open the list of runs."""
        self._port = port
        self._headers = {"Content-Type": "application/json", "Cookie": f"handoff_session={token}"}
        self._session = self._ask({"page": "runs"})["session_id"]

    def rerun(self) -> float:
        """Rerun the page and return the seconds it took."""
        began_s = time.perf_counter()
        answer = self._ask({"session_id": self._session})
        assert answer["status"] == "ready", answer
        return time.perf_counter() - began_s

    def _ask(self, said: dict[str, Any]) -> dict[str, Any]:
        connection = http.client.HTTPConnection("127.0.0.1", self._port, timeout=60)
        connection.request("POST", "/_stcore/agent/interact", json.dumps(said), self._headers)
        response = connection.getresponse()
        body = response.read()
        assert response.status == http.client.OK, body[:500]
        found: dict[str, Any] = json.loads(body)
        connection.close()
        return found


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
    port = 18_501
    command = ["-m", "streamlit", "run", "app.py", f"--server.port={port}", "--server.enableAgentApi=true"]
    with subprocess.Popen([sys.executable, *command], cwd=_ROOT, env={**os.environ, "HANDOFF_HOME": str(home)}) as app:
        try:
            _wait_ready(port)
            page = Page(port, token)
            ask(home, "apply", wanted=wanted(server, mappings=MAPPINGS))
            idle = [_paused(page) for _ in range(_IDLE_RERUNS)]
            run_id = ask(home, "run", name=NAME)["id"]
            busy = []
            until_s = time.monotonic() + _IMPORT_S_MAX
            while ask(home, "run_state", run=run_id)["ended_at"] is None and time.monotonic() < until_s:
                busy.append(_paused(page))
            ended = ask(home, "run_state", run=run_id)
            assert ended["state"] == "completed", ended
        finally:
            app.terminate()
    ratio = median(busy) / median(idle)
    late = sorted(busy)[int(len(busy) * 0.95)] / sorted(idle)[int(len(idle) * 0.95)]
    note = (
        f"Reruns of the list of runs in the real server, signed in, while files of {ROWS * 8 // 10:,} and {ROWS:,} "
        f"rows are fetched over SFTP, read and merged. {len(idle)} idle reruns, {len(busy)} during the import."
    )
    lines = [
        ("idle", f"{median(idle) * 1000:.0f}", f"{sorted(idle)[int(len(idle) * 0.95)] * 1000:.0f}", ""),
        ("during the import", f"{median(busy) * 1000:.0f}", f"{sorted(busy)[int(len(busy) * 0.95)] * 1000:.0f}", ""),
        ("ratio", f"{ratio:.2f}", f"{late:.2f}", "median " + verdict(ratio, 2, is_floor=False)),
    ]
    report.table("The page while the engine works", note, ("when", "median ms", "p95 ms", "to reach"), lines)


def _paused(page: Page) -> float:
    time.sleep(_PAUSE_S)
    return page.rerun()


def _wait_ready(port: int) -> None:
    until_s = time.monotonic() + 60
    while time.monotonic() < until_s:
        try:
            connection = http.client.HTTPConnection("127.0.0.1", port, timeout=5)
            connection.request("GET", "/healthz")
            if connection.getresponse().status == http.client.OK:
                return
        except OSError:
            time.sleep(0.1)
    raise AssertionError("the dashboard did not start")
