"""Import with upsert: 1M rows of 12 columns, keys in random order, into a table that holds 800k of them.

Against dlt (the same file, the same merge, its own environment), against the same import with keys in rising
order (faults row 131), and against the engine's own limit: DuckDB's read_csv into a temporary table.
"""

import json
import os
import shutil
import subprocess
from functools import partial
from pathlib import Path

import duckdb

from tests.bench import customers
from tests.bench.importing import Importer, copy_home, sha256_of
from tests.bench.measuring import Measure, Report, in_turn, median, timed, verdict

ROWS = int(os.environ.get("BENCH_ROWS", "1000000"))
ROUNDS = int(os.environ.get("BENCH_ROUNDS", "5"))
_ROOT = Path(__file__).resolve().parents[2]
PEER = _ROOT / ".venv-bench" / "bin" / "python"
DLT_MIN, DLT_AIM = 3, 4
"""Rows a second, ours to dlt's."""
LIMIT_MAX, LIMIT_AIM = 6, 3
"""Time, ours to DuckDB's own staging."""
ORDER_MAX = 2
"""Time, keys in random order to rising ones."""


def run(report: Report, folder: Path) -> None:
    """Measure and report; leaves the prepared files in the folder."""
    present = ROWS * 8 // 10
    for order in ("random", "rising"):
        customers.write(folder / f"{order}_800.csv", present, 1, is_shuffled=order == "random")
        customers.write(folder / f"{order}_1000.csv", ROWS, 2, is_shuffled=order == "random")
        _prepare(folder, order)
    after: list[float] = []
    measures: dict[str, Measure] = {order: partial(_ours, folder, order, after) for order in ("random", "rising")}
    if PEER.exists():
        _prepare_peer(folder)
        measures["dlt"] = partial(_peer, folder)
    measures["limit"] = partial(_limit, folder)
    found = in_turn(ROUNDS, **measures)
    ours = median(found["random"])
    lines = [_line("Handoff, random keys", ours), _line("Handoff, rising keys", median(found["rising"]))]
    if "dlt" in found:
        lines.append(_line("dlt 1.31, filesystem to DuckDB, merge", median(found["dlt"])))
    lines.append(_line("DuckDB read_csv with store_rejects, typed, temporary table", median(found["limit"])))
    size_mb = (folder / "random_1000.csv").stat().st_size / 1e6
    note = (
        f"{ROWS:,} rows of 12 columns ({size_mb:.0f} MB) into {present:,} profiles; reading, ledger, rejects and run "
        f"record included, fetching not. After the run what it replaced is told from what it wrote, and its rows are "
        f"remembered: {median(after):.2f} s more, for which only the next import waits. Median of {ROUNDS} rounds."
    )
    report.table("Import with upsert", note, ("what", "wall s", "rows/s"), lines)
    by_order = ours / median(found["rising"])
    ratios = [_to_dlt(found, ours)]
    ratios.append(("random to rising keys, time", f"{by_order:.2f}", verdict(by_order, ORDER_MAX, is_floor=False)))
    by_limit = ours / median(found["limit"])
    said = verdict(by_limit, LIMIT_MAX, is_floor=False, aim=LIMIT_AIM)
    ratios.append(("time, Handoff to DuckDB's own staging", f"{by_limit:.2f}", said))
    report.table("Import ratios", "", ("ratio", "figure", "to reach"), ratios)


def _to_dlt(found: dict[str, list[float]], ours: float) -> tuple[str, str, str]:
    name = "rows/s, Handoff to dlt"
    if "dlt" not in found:
        return (name, "dlt is not installed", "not measured")
    ratio = median(found["dlt"]) / ours
    return (name, f"{ratio:.2f}", verdict(ratio, DLT_MIN, is_floor=True, aim=DLT_AIM))


def _line(name: str, wall_s: float) -> tuple[str, ...]:
    return (name, f"{wall_s:.2f}", f"{ROWS / wall_s:,.0f}")


def _prepare(folder: Path, order: str) -> None:
    home = folder / f"home_{order}"
    shutil.rmtree(home, ignore_errors=True)
    importer = Importer(home)
    importer.apply()
    importer.take(folder / f"{order}_800.csv", "customers_1.csv")
    importer.remember()
    importer.close()


def _ours(folder: Path, order: str, after: list[float]) -> float:
    copy_home(folder / f"home_{order}", folder / "home")
    importer = Importer(folder / "home")
    file = folder / f"{order}_1000.csv"
    sha256 = sha256_of(file)
    wall_s = timed(lambda: importer.take(file, "customers_2.csv", sha256))
    with importer.desk.database.read() as cursor:
        assert cursor.execute("SELECT count(*) FROM dat.profile").fetchall() == [(ROWS,)]
    after.append(timed(importer.remember))
    importer.close()
    return wall_s


def _prepare_peer(folder: Path) -> None:
    shutil.rmtree(folder / "peer", ignore_errors=True)
    call_peer(folder, "random_800.csv", folder / "peer")


def _peer(folder: Path) -> float:
    work = folder / "peer_now"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(folder / "peer", work)
    os.sync()
    return call_peer(folder, "random_1000.csv", work)["wall_s"]


def call_peer(folder: Path, name: str, work: Path) -> dict[str, float]:
    """Have dlt merge a file of the folder; return "wall_s" and "cpu_s"."""
    done = subprocess.run(
        [str(PEER), "-m", "tests.bench.dlt_peer", str(folder), name, str(work)],
        cwd=_ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    said: dict[str, float] = json.loads(done.stdout.splitlines()[-1])
    return said


def _limit(folder: Path) -> float:
    types = "{'id': 'VARCHAR', 'day': 'DATE', 'visits': 'BIGINT', 'spend': 'DECIMAL(18,2)'}"
    query = (
        f"CREATE OR REPLACE TEMP TABLE staged AS SELECT * FROM read_csv('{folder}/random_1000.csv', header = true, "
        f"types = {types}, store_rejects = true)"
    )
    with duckdb.connect() as connection:
        return timed(lambda: connection.execute(query))
