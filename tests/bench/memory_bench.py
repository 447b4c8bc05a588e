"""The memory of a large import: 5M rows into 4M profiles, in a process of its own that has done nothing else.

`python -m tests.bench.memory_bench HOME FILE` imports the file and prints {"peak_mb", "rows"} as JSON.
"""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

from tests.bench import customers
from tests.bench.importing import Importer
from tests.bench.measuring import Report, peak_mb_of, verdict
from tests.fakes.dashboard import ROOT

ROWS = int(os.environ.get("BENCH_LARGE_ROWS", "5000000"))
PEAK_MB_MAX = 1_500
"""Of the process and its worker together, as the kernel counts what is resident."""


def run(report: Report, folder: Path) -> None:
    """Measure and report."""
    present = ROWS * 8 // 10
    home = folder / "memory_home"
    for name, rows, salt in (("large_before.csv", present, 1), ("large.csv", ROWS, 2)):
        customers.write(folder / name, rows, salt, is_shuffled=True)
    first, second = (_peak_mb(home, folder / name) for name in ("large_before.csv", "large.csv"))
    note = (
        f"{ROWS:,} rows of 12 columns ({(folder / 'large.csv').stat().st_size / 1e6:,.0f} MB), keys in random order, "
        "each import in a process of its own; RSS of it and of its worker together, looked at every 20 ms."
    )
    lines = [
        (f"{present:,} rows into no profiles", f"{first:,.0f}", verdict(first, PEAK_MB_MAX, is_floor=False)),
        (f"{ROWS:,} rows into {present:,} profiles", f"{second:,.0f}", verdict(second, PEAK_MB_MAX, is_floor=False)),
    ]
    report.table("Memory of a large import", note, ("import", "peak MB", "to reach"), lines)
    shutil.rmtree(home)
    for name in ("large_before.csv", "large.csv"):
        (folder / name).unlink()


def _peak_mb(home: Path, file: Path) -> float:
    done = subprocess.run(
        [sys.executable, "-m", "tests.bench.memory_bench", str(home), str(file)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    [said] = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    return float(said["peak_mb"])


def import_file(home: Path, file: Path) -> dict[str, float]:
    """Import one file into a home, which is made where there is none; return the peak in MB and the rows applied."""
    is_new = not home.exists()
    importer = Importer(home)
    if is_new:
        importer.apply()
    applied = []

    def work() -> None:
        applied.append(importer.take(file, file.name.replace("large", "customers")).applied)
        importer.remember()

    peak_mb = peak_mb_of(work)
    importer.close()
    return {"peak_mb": peak_mb, "rows": applied[0]}


if __name__ == "__main__":
    print(json.dumps(import_file(Path(sys.argv[1]), Path(sys.argv[2]))), flush=True)
