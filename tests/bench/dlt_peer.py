"""The peer of the import bench: dlt's filesystem source merged into DuckDB; runs in the bench's own environment."""

import json
import resource
import sys
import time
from pathlib import Path

import dlt
from dlt.sources.filesystem import filesystem, read_csv_duckdb


def load(folder: str, name: str, work: str) -> dict[str, float]:
    """Merge one CSV file by its id and return the seconds and the CPU seconds it took."""
    Path(work).mkdir(parents=True, exist_ok=True)
    pipeline = dlt.pipeline("peer", pipelines_dir=work, destination=dlt.destinations.duckdb(f"{work}/peer.duckdb"))
    source = filesystem(bucket_url=f"file://{folder}", file_glob=name) | read_csv_duckdb(use_pyarrow=True, header=True)
    rows = source.with_name("profile")
    rows.apply_hints(primary_key="id", write_disposition="merge")
    began_s, began_cpu_s = time.perf_counter(), _cpu_s()
    pipeline.run(rows)
    return {"wall_s": time.perf_counter() - began_s, "cpu_s": _cpu_s() - began_cpu_s}


def _cpu_s() -> float:
    used = (resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    print(json.dumps(load(*sys.argv[1:4])))
