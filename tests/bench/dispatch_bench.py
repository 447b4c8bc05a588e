"""Sending: 200,000 people in batches of 10,000 to a partner that answers after 50 ms, against drt.

Ours is the whole way of a batch: claimed, its body built, called for, its end and its counts written.
"""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import duckdb

from engine.flows import audiences as recomputing
from engine.flows import send_signals
from engine.scheduling import dispatch
from tests.bench.measuring import Measure, Report, in_turn, median, timed, verdict
from tests.fakes.audience import Sender
from tests.fakes.home import open_home

PEOPLE = int(os.environ.get("BENCH_PEOPLE", "200000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
BATCH = 10_000
DELAY_S = 0.05
RATIO_MIN = 3
_MARKER = "C0"
"""Stands once in each identifier, in JSON as in a form."""
_ROOT = Path(__file__).resolve().parents[2]
_PEER = _ROOT / ".venv-bench" / "bin" / "python"


def run(report: Report, folder: Path) -> None:
    """Measure and report."""
    home = folder / "dispatch_home"
    home.mkdir()
    with _partner() as port, open_home(home) as desk:
        sender = Sender(desk, f"http://127.0.0.1:{port}/meta")
        with desk.database.write("dat") as cursor:
            cursor.execute(
                "INSERT INTO dat.profile (profile_id, _rev, customer_id, spend) "
                "SELECT n, 1, ? || lpad(n::VARCHAR, 9, '0'), 900 FROM range(1, ? + 1) AS numbers(n)",
                [_MARKER, PEOPLE],
            )
        audience_id, _ = sender.linked(batch_size=str(BATCH))
        dispatch.send_due(desk)
        measures: dict[str, Measure] = {"Handoff": partial(_ours, sender, audience_id)}
        if _has_drt():
            _write_people(folder / "people.duckdb")
            measures["drt"] = partial(_peer, folder, port)
        found = in_turn(ROUNDS, **measures)
    ours = median(found["Handoff"])
    lines = [_line("Handoff: claim, body, call, end and counts written", ours)]
    ratio = ("messages/s, Handoff to drt", "drt is not installed", "not measured")
    if "drt" in found:
        lines.append(_line("drt-core 1.2.1, DuckDB to rest_api, body_mode batch", median(found["drt"])))
        figure = median(found["drt"]) / ours
        ratio = (ratio[0], f"{figure:.2f}", verdict(figure, RATIO_MIN, is_floor=True))
    note = (
        f"{PEOPLE:,} people in batches of {BATCH:,} to a server in a process of its own that answers after "
        f"{DELAY_S * 1e3:.0f} ms. drt as it comes, but for its limit of ten requests a second. "
        f"Median of {ROUNDS} rounds in turn."
    )
    report.table("Sending in batches", note, ("what", "wall s", "messages/s"), lines)
    report.table("Sending ratio", "", ("ratio", "figure", "to reach"), [ratio])


def _line(name: str, wall_s: float) -> tuple[str, ...]:
    return (name, f"{wall_s:.2f}", f"{PEOPLE / wall_s:,.0f}")


@contextmanager
def _partner() -> Iterator[int]:
    command = [sys.executable, str(Path(__file__).with_name("slow_partner.py")), str(DELAY_S), _MARKER]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        yield int(process.stdout.readline())
        process.stdin.close()


def _ours(sender: Sender, audience_id: str) -> float:
    """Owe everything anew, then send it; return the seconds of the sending."""
    with sender.desk.database.write("dat") as cursor:
        cursor.execute("DELETE FROM dat.told")
    assert recomputing.recompute(sender.desk, audience_id).adds == PEOPLE
    before = sender.counts().get("sent", 0)
    took_s = timed(lambda: dispatch.send_due(sender.desk))
    assert sender.counts() == {"sent": before + PEOPLE}
    assert send_signals.claim(sender.desk, "bench", frozenset()) == []
    return took_s


def _has_drt() -> bool:
    if not _PEER.exists():
        return False
    return subprocess.run([str(_PEER), "-c", "import drt"], capture_output=True, check=False).returncode == 0


def _write_people(path: Path) -> None:
    with duckdb.connect(str(path)) as connection:
        connection.execute(
            "CREATE TABLE person AS SELECT ? || lpad(n::VARCHAR, 9, '0') AS customer_id "
            "FROM range(1, ? + 1) AS numbers(n)",
            [_MARKER, PEOPLE],
        )


def _peer(folder: Path, port: int) -> float:
    done = subprocess.run(
        [
            str(_PEER),
            str(Path(__file__).with_name("drt_peer.py")),
            str(folder / "people.duckdb"),
            f"http://127.0.0.1:{port}/meta",
            str(BATCH),
            str(folder),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    said = json.loads(done.stdout.splitlines()[-1])
    assert said["sent"] == PEOPLE
    return float(said["wall_s"])
