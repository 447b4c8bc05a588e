"""Scores `files read --salvage` on the Pollock benchmark, by kind of damage; `make pollock` runs it.

The files and the scoring script are not part of this repository: $HANDOFF_DATA names the folder that holds
data/pollock.tar.xz and tools/pollock_score.py.
"""

import os
import re
import subprocess
import sys
import tarfile
import tempfile
from collections import defaultdict
from collections.abc import Callable
from pathlib import Path

from engine.files.folder import Outcome, read_folder

_LINE = re.compile(r"\s*([\d.]+)  (\S.*)")
_TOTAL = re.compile(r"files=(\d+) simple=([\d.]+) weighted=([\d.]+)")
_FULL = 10.0


def unpack(data: Path, target: Path, is_wanted: Callable[[str], bool]) -> Path:
    """Unpack csv/, clean/ and the weights of the files that are wanted by name; return their folder."""
    with tarfile.open(data / "data" / "pollock.tar.xz") as archive:
        members = [item for item in archive if "parameters" not in item.name and _is_part(item.name, is_wanted)]
        archive.extractall(target, members, filter="data")
    return next(target.rglob("weights.json")).parent


def _is_part(name: str, is_wanted: Callable[[str], bool]) -> bool:
    return name.endswith("weights.json") or (name.endswith(".csv") and is_wanted(Path(name).name))


def read(files: Path, target: Path, *, salvages: bool) -> list[Outcome]:
    """Read the unpacked files."""
    return read_folder(files / "csv", target, salvages=salvages, on_file=lambda _: None)


def score(data: Path, files: Path, tables: Path) -> tuple[float, float, dict[str, float]]:
    """Return the simple score, the weighted one, and that of each file."""
    script, weights = data / "tools" / "pollock_score.py", files / "weights.json"
    words = [str(path) for path in (script, files / "clean", tables, "--weights", weights, "--worst", 100_000)]
    done = subprocess.run([sys.executable, *words], capture_output=True, text=True, check=True)
    total = _TOTAL.search(done.stdout)
    assert total is not None, done.stdout[-500:]
    by_file = {found[2]: float(found[1]) for found in map(_LINE.fullmatch, done.stdout.splitlines()) if found}
    return float(total[2]), float(total[3]), by_file


def main() -> int:
    """Print the scores, and what each kind of file falls short."""
    data = Path(os.environ.get("HANDOFF_DATA", ""))
    if not (data / "data" / "pollock.tar.xz").is_file():
        sys.stderr.write("$HANDOFF_DATA names no folder with data/pollock.tar.xz in it.\n")
        return 1
    with tempfile.TemporaryDirectory() as folder:
        files = unpack(data, Path(folder), lambda _: True)
        read(files, Path(folder) / "tables", salvages=True)
        simple, weighted, by_file = score(data, files, Path(folder) / "tables")
    kinds: dict[str, list[float]] = defaultdict(list)
    for name, value in by_file.items():
        kinds[re.sub(r"(row|quote)\d+", r"\1*", re.sub(r"(col|delimiter_)\d+(?!x)", r"\1*", name))].append(value)
    out = sys.stdout.write
    out(f"{len(by_file):,} files: simple {simple:.3f}, weighted {weighted:.3f}\n")
    for kind, values in sorted(kinds.items(), key=lambda item: sum(item[1]) / len(item[1])):
        if min(values) < _FULL:
            out(f"  {kind}: {len(values)} files, mean {sum(values) / len(values):.3f}, least {min(values):.3f}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
