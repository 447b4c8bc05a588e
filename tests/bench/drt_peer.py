"""The peer of the dispatch bench: drt from DuckDB to a REST API, in batches; runs in the bench's own environment."""

import json
import sys
import time
from pathlib import Path

from drt.config.credentials import DuckDBProfile
from drt.config.models import SyncConfig
from drt.destinations.rest_api import RestApiDestination
from drt.engine.sync import run_sync
from drt.sources.duckdb import DuckDBSource

BODY = """{"payload": {"data": {{ rows | map(attribute="customer_id") | list | tojson }},
"is_raw": true, "schema": "EXTERN_ID"}}"""


def send(database: str, url: str, batch_size: int, work: str) -> tuple[float, int]:
    """Send all identifiers of the table `person` and return the seconds it took and how many were sent."""
    wanted = {
        "name": "peer",
        "model": "SELECT customer_id FROM person",
        "destination": {
            "type": "rest_api",
            "url": url,
            "headers": {"Content-Type": "application/json"},
            "body_mode": "batch",
            "batch_template": BODY,
        },
        # As fast as it goes: by itself it makes at most ten requests a second.
        "sync": {"batch_size": batch_size, "rate_limit": {"requests_per_second": 1_000_000}},
    }
    sync = SyncConfig.model_validate(wanted)
    profile = DuckDBProfile(type="duckdb", database=database)
    began_s = time.perf_counter()
    result = run_sync(sync, DuckDBSource(), RestApiDestination(), profile, Path(work))
    return time.perf_counter() - began_s, result.success


if __name__ == "__main__":
    took_s, sent = send(sys.argv[1], sys.argv[2], int(sys.argv[3]), sys.argv[4])
    print(json.dumps({"wall_s": took_s, "sent": sent}))
