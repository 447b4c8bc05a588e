"""The peer of the import bench: dlt's filesystem source merged into DuckDB; runs in the bench's own environment."""

import json
import sys
import time
from pathlib import Path

import dlt
from dlt.sources.filesystem import filesystem, read_csv_duckdb


def load(folder: str, name: str, work: str) -> float:
    """Merge one CSV file by its id and return the seconds it took."""
    Path(work).mkdir(parents=True, exist_ok=True)
    pipeline = dlt.pipeline("peer", pipelines_dir=work, destination=dlt.destinations.duckdb(f"{work}/peer.duckdb"))
    source = filesystem(bucket_url=f"file://{folder}", file_glob=name) | read_csv_duckdb(use_pyarrow=True, header=True)
    rows = source.with_name("profile")
    rows.apply_hints(primary_key="id", write_disposition="merge")
    began_s = time.perf_counter()
    pipeline.run(rows)
    return time.perf_counter() - began_s


if __name__ == "__main__":
    print(json.dumps({"wall_s": load(*sys.argv[1:4])}))
