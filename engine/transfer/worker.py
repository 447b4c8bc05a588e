"""The process that talks to partners' servers: `python -m engine.transfer.worker`, started by the client."""

import dataclasses
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from engine.base import limits, workers
from engine.base.errors import GiveUp
from engine.transfer import patterns
from engine.transfer.sftp import SftpTransport
from engine.transfer.transport import OnBytes, Place, Transport
from storage.records.connections import Secrets


def work(arguments: dict[str, Any]) -> dict[str, Any]:
    """Do one piece of work and return its result as JSON values.

    Args:
        arguments: kind (host_key, test, list, fetch or sample); server {host, port, username, host_key}; secrets
            {password, private_key, passphrase}; folder; pattern (list); names (fetch, sample); target (fetch,
            sample: a folder of the spool).

    Raises:
        HandoffError: One sentence for people.
    """
    kind = arguments["kind"]
    transport: Transport = SftpTransport(Place(**arguments["server"]), Secrets(**arguments.get("secrets", {})))
    with _heartbeat(kind) as on_bytes:
        match kind:
            case "host_key":
                return dataclasses.asdict(transport.host_key())
            case "test":
                return {"stages": [dataclasses.asdict(stage) for stage in transport.test(arguments["folder"])]}
            case "list":
                listing = patterns.choose(transport.list_folder(arguments["folder"]), arguments["pattern"])
                return dataclasses.asdict(listing)
            case "fetch":
                target = Path(arguments["target"])
                fetched = transport.fetch(arguments["folder"], arguments["names"], target, on_bytes)
                return {"files": [dataclasses.asdict(file) for file in fetched]}
            case "sample":
                [name] = arguments["names"]
                return dataclasses.asdict(transport.sample(arguments["folder"], name, Path(arguments["target"])))
    raise GiveUp(f"This version does not know the transfer kind {kind}; update the service.")


@contextmanager
def _heartbeat(stage: str) -> Iterator[OnBytes]:
    """Report at least every PROGRESS_INTERVAL_S, also while a server is silent, so that a cancel is noticed."""
    here = {"stage": stage, "done": 0, "total": 0, "unit": "bytes"}
    is_over = threading.Event()

    def note(done: int, total: int) -> None:
        here.update(done=done, total=total)

    def beat() -> None:
        while not is_over.wait(limits.PROGRESS_INTERVAL_S):
            workers.report(dict(here))

    beating = threading.Thread(target=beat, daemon=True)
    beating.start()
    try:
        yield note
    finally:
        is_over.set()
        beating.join()
    workers.report(dict(here))


if __name__ == "__main__":
    workers.serve(work)
