"""`make bench`: measures what the issue asks for and writes tests/bench/RESULTS.md."""

import datetime as dt
import os
import platform
import sys
import tempfile
from pathlib import Path

from tests.bench import (
    again_bench,
    difference_bench,
    dispatch_bench,
    fetch_bench,
    hosted_bench,
    import_bench,
    mapping_bench,
    memory_bench,
    page_bench,
)
from tests.bench.measuring import Report

_RESULTS = Path(__file__).with_name("RESULTS.md")
_BENCHES = {
    "import": import_bench,
    "again": again_bench,
    "memory": memory_bench,
    "page": page_bench,
    "mapping": mapping_bench,
    "difference": difference_bench,
    "dispatch": dispatch_bench,
    "fetch": fetch_bench,
    "hosted": hosted_bench,
}


def main(wanted: list[str]) -> None:
    """Run the wanted benches by the names below, all where none is named."""
    report = Report()
    with tempfile.TemporaryDirectory(prefix="handoff-bench-") as folder:
        for name, bench in _BENCHES.items():
            if not wanted or name in wanted:
                bench.run(report, Path(folder))
    today = dt.datetime.now(dt.UTC).date()
    head = (
        "# What `make bench` measured\n\n"
        f"{today}, {platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}. Times mean "
        "little by themselves; ratios of things measured in turn in one go are what counts.\n"
    )
    text = "\n".join([head, *report.parts])
    if wanted:
        print(text)
    else:
        _RESULTS.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
