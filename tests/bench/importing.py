"""Imports a local file through the product's own flow, fetch apart: reading, ledger, merge and run record."""

import hashlib
import os
import shutil
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import Any

from engine import verbs
from engine.actions.desk import connection_named
from engine.base import ids
from engine.base.settings import Settings
from engine.flows import intake, queue, remembering, taking
from engine.flows.rows import blank
from engine.flows.watch import Stages, Watch
from engine.flows.work import Work
from engine.service import Home
from storage.records.connections import Connection
from storage.records.exchange import FileState
from storage.records.runs import RunCounts
from storage.tables import exchange, goals, runs
from tests.fakes.shop import CALLER, NAME

MAPPINGS: list[dict[str, Any]] = [
    {"field": "day", "property": "day", "type": "date", "format": "%Y-%m-%d", "strategy": "set"},
    {"field": "visits", "property": "visits", "type": "integer", "strategy": "sum"},
    {"field": "spend", "property": "spend", "type": "decimal", "strategy": "sum"},
    *({"field": f"text_{n}", "property": f"text_{n}", "type": "text", "strategy": "set"} for n in range(8)),
]


class Importer:
    """A home with one connection, into which local files are imported as if they had just been fetched."""

    def __init__(self, home: Path) -> None:
        """Open the home; close it with `close`."""
        self._home = Home(Settings(home=home))
        self.desk = self._home.desk

    @cached_property
    def _connection(self) -> Connection:
        with self.desk.database.read() as cursor:
            return connection_named(cursor, NAME)

    def close(self) -> None:
        """Let the home go."""
        self._home.close()

    def apply(self) -> None:
        """Make the connection; nobody will sign in with it."""
        connection = {
            "name": NAME,
            "direction": "inbound",
            "data_type": "identities",
            "method": "sftp",
            "methodology": "pull",
            "server": {
                "host": "127.0.0.1",
                "port": 22,
                "username": "bench",
                "password": "nobody signs in",
                "host_key": "SHA256:" + "A" * 43,
            },
            "state": "on",
            "goals": [
                {
                    "import": {
                        "folder": "/bench",
                        "files": "*.csv",
                        "format": {"separator": ",", "header": True},
                        "identifiers": [{"field": "id", "property": "customer_id"}],
                        "create_profiles": True,
                        "mappings": MAPPINGS,
                    }
                }
            ],
        }
        verbs.do(self.desk, CALLER, "apply", {"wanted": {"connections": [connection]}})

    def hand_in(self, file: Path, name: str) -> RunCounts:
        """Hand in a file whose content lies in the spool, as a person does, and take it; return its counts."""
        intake.hand_in(self.desk, self._connection.connection_id, name, self._laid(file), None)
        return self._take_queued()

    def take(self, file: Path, name: str, sha256: str | None = None) -> RunCounts:
        """Import one file in a run of its own and return its counts; its SHA-256 is the fetch's to know."""
        lies, file_id = self._laid(file), ids.ulid()
        connection_id = self._connection.connection_id
        with self.desk.database.read() as cursor:
            [goal] = goals.of_connection(cursor, connection_id)
        kept = replace(
            blank(connection_id, file_id),
            state=FileState.QUEUED,
            goal_id=goal.goal_id,
            name=name,
            size_bytes=file.stat().st_size,
            sha256=sha256 or sha256_of(file),
            spool_key=self.desk.spool.keep(file_id, lies),
        )
        with self.desk.database.write("ctl") as cursor:
            exchange.insert_new(cursor, [kept])
        return self._take_queued()

    def remember(self) -> None:
        """Remember the rows of what was taken, as the service does after a run."""
        remembering.remember(self.desk, {}, Watch(self.desk, "bench"))

    def _laid(self, file: Path) -> Path:
        lies = self.desk.spool.work_folder(ids.ulid()) / "0.data"
        lies.hardlink_to(file)
        return lies

    def _take_queued(self) -> RunCounts:
        connection = self._connection
        with self.desk.database.write("ctl") as cursor:
            run_id = queue.add_run(cursor, connection.connection_id, "bench")
        with self.desk.database.read() as cursor:
            run = runs.by_id(cursor, run_id)
            [goal] = goals.of_connection(cursor, connection.connection_id)
        assert run is not None
        work = self.desk.spool.work_folder(run_id)
        going = Work(self.desk, run, connection, Stages(self.desk, run_id), Watch(self.desk, run_id))
        taking.take(going, goal, work, 0)
        assert not going.failures, going.failures
        self.desk.spool.discard(work)
        return going.counts


def sha256_of(file: Path) -> str:
    """Return what a fetch notes of a file while it comes in."""
    with file.open("rb") as opened:
        return hashlib.file_digest(opened, "sha256").hexdigest()


def copy_home(source: Path, target: Path) -> None:
    """Copy a closed home, so that every round begins alike; the copy is on the disk before the clock starts."""
    if target.exists():
        shutil.rmtree(target)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("engine.sock"))
    os.sync()
