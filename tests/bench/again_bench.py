"""The same file again: unchanged, against its SHA-256; with 1 % of its rows changed, against a full upsert and dlt."""

import os
import shutil
from functools import partial
from pathlib import Path

from tests.bench import customers
from tests.bench.import_bench import PEER, ROUNDS, ROWS, call_peer
from tests.bench.importing import Importer, copy_home, sha256_of
from tests.bench.measuring import Measure, Report, cpu_of, in_turn, median, timed, verdict

UNCHANGED_MAX = 1.5
"""Time of the whole decision, from the content's lying in the spool, to the time of the SHA-256 alone."""
CHANGED_MAX = 0.6
"""CPU of a file of which 1 % changed, to that of a full upsert of as many rows."""
DLT_MAX = 0.125
_NAME = "customers.csv"
_EACH = 100


def run(report: Report, folder: Path) -> None:
    """Measure and report."""
    customers.write(folder / "again.csv", ROWS, 2, is_shuffled=True)
    customers.write(folder / "again_full.csv", ROWS, 3, is_shuffled=True)
    changed = customers.write_changed(folder / "again.csv", folder / "again_changed.csv", _EACH)
    importer = Importer(folder / "again_home")
    importer.apply()
    importer.take(folder / "again.csv", _NAME)
    importer.remember()
    importer.close()
    _unchanged(report, folder)
    _changed(report, folder, changed)
    for name in ("again_home", "again_now"):
        shutil.rmtree(folder / name)


def _unchanged(report: Report, folder: Path) -> None:
    file = folder / "again.csv"
    importer = Importer(folder / "again_home")
    sha256 = sha256_of(file)

    def is_known(take: Measure) -> float:
        return timed(lambda: _assert_unchanged(take()))

    found = in_turn(
        ROUNDS,
        handed_in=partial(is_known, lambda: importer.hand_in(file, _NAME).files_unchanged),
        fetched=partial(is_known, lambda: importer.take(file, _NAME, sha256).files_unchanged),
        sha256=lambda: timed(lambda: sha256_of(file)),
    )
    importer.close()
    alone = median(found["sha256"])
    note = (
        f"{file.stat().st_size / 1e6:.0f} MB, from its content's lying in the spool to the recorded end of the file. "
        "One that was fetched or pushed to us has been hashed while it came; one that is handed in is hashed here. "
        f"SHA-256 alone: {alone * 1e3:.0f} ms. Median of {ROUNDS} rounds in turn."
    )
    lines = []
    for what, name in (("handed in", "handed_in"), ("fetched, its SHA-256 known", "fetched")):
        ratio = median(found[name]) / alone
        said = verdict(ratio, UNCHANGED_MAX, is_floor=False)
        lines.append((what, f"{median(found[name]) * 1e3:.0f}", f"{ratio:.2f}", said))
    report.table("The same file again, unchanged", note, ("file", "wall ms", "to its SHA-256", "to reach"), lines)


def _assert_unchanged(files: float) -> None:
    assert files == 1


def _changed(report: Report, folder: Path, changed: int) -> None:
    measures: dict[str, Measure] = {
        "changed": partial(_import_cpu_s, folder, "again_changed.csv", _NAME, ROWS - changed),
        "full": partial(_import_cpu_s, folder, "again_full.csv", "customers_full.csv", 0),
    }
    if PEER.exists():
        shutil.rmtree(folder / "again_peer", ignore_errors=True)
        call_peer(folder, "again.csv", folder / "again_peer")
        measures["dlt"] = partial(_peer_cpu_s, folder)
    found = in_turn(ROUNDS, **measures)
    ours, full = median(found["changed"]), median(found["full"])
    lines = [("1 % changed", f"{ours:.2f}"), ("full upsert, a new file", f"{full:.2f}")]
    ratios = [("1 % changed to full upsert", f"{ours / full:.2f}", verdict(ours / full, CHANGED_MAX, is_floor=False))]
    to_dlt = ("1 % changed, Handoff to dlt", "dlt is not installed", "not measured")
    if "dlt" in found:
        lines.append(("1 % changed, dlt 1.31", f"{median(found['dlt']):.2f}"))
        ratio = ours / median(found["dlt"])
        to_dlt = (to_dlt[0], f"{ratio:.3f}", verdict(ratio, DLT_MAX, is_floor=False))
    note = (
        f"{ROWS:,} rows of 12 columns into as many profiles; {changed:,} rows differ from the last import. CPU of the "
        "process and its workers, reading and remembering the rows included. "
        f"Median of {ROUNDS} rounds in turn."
    )
    report.table("The same file again, 1 % changed", note, ("what", "CPU s"), lines)
    report.table("CPU ratios of the same file again", "", ("ratio", "figure", "to reach"), [*ratios, to_dlt])


def _import_cpu_s(folder: Path, file: str, name: str, unchanged: int) -> float:
    copy_home(folder / "again_home", folder / "again_now")
    importer = Importer(folder / "again_now")
    sha256 = sha256_of(folder / file)
    found = []

    def work() -> None:
        found.append(importer.take(folder / file, name, sha256))
        importer.remember()

    used_s = cpu_of(work)
    assert found[0].unchanged == unchanged, found
    importer.close()
    return used_s


def _peer_cpu_s(folder: Path) -> float:
    work = folder / "again_peer_now"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(folder / "again_peer", work)
    os.sync()
    return call_peer(folder, "again_changed.csv", work)["cpu_s"]
