"""A partner's shop with files on a real SFTP server, and a home that imports them without the threads of a service."""

import os
from pathlib import Path
from typing import Any

from engine import control_client, verbs
from engine.flows.desk import Desk
from engine.scheduling.jobs import Worker
from storage.records.people import Caller, Role
from tests.fakes.openssh import OpenSSH

NAME = "CD shop purchases"
WRITTEN_BEFORE_S = 600
CALLER = Caller("cli:tester", Role.ADMIN)
CDNOW_MAPPINGS: list[dict[str, Any]] = [
    {"field": "date", "property": "last_purchase", "type": "date", "format": "%Y%m%d", "strategy": "set"},
    {"field": "date", "property": "first_purchase", "type": "date", "format": "%Y%m%d", "strategy": "set_if_empty"},
    {"field": "number_of_cds", "property": "cds", "type": "integer", "strategy": "sum"},
    {"field": "dollar_value", "property": "spend", "type": "decimal", "strategy": "sum"},
]
LINES_MAPPINGS: list[dict[str, Any]] = [
    {"field": "name", "property": "name", "type": "text", "strategy": "set"},
    {"field": "points", "property": "points", "type": "integer", "strategy": "sum"},
]


class Shop:
    """What a flow test needs: `write` files, `apply` the connection, `run` it, and look at the home."""

    def __init__(self, desk: Desk, server: OpenSSH) -> None:
        """Join an open home with a running server."""
        self.desk = desk
        self.server = server

    def write(self, name: str, content: bytes | str) -> Path:
        """Put a file on the server, readable to its user, as one that was written a while ago."""
        path = self.server.folder / name
        path.write_bytes(content.encode() if isinstance(content, str) else content)
        path.chmod(0o644)
        return age(path)

    def apply(self, **changes: Any) -> Any:
        """Apply the connection."""
        return verbs.do(self.desk, CALLER, "apply", {"wanted": wanted(self.server, **changes)})

    def apply_cdnow(self) -> Any:
        """Apply the connection for purchases whose columns stand apart by blanks."""
        return verbs.do(self.desk, CALLER, "apply", {"wanted": cdnow_wanted(self.server)})

    def run(self) -> dict[str, Any]:
        """Run the connection to its end and return the run as the command line tells it."""
        run_id = verbs.do(self.desk, CALLER, "run", {"name": NAME})["id"]
        self.work()
        found: dict[str, Any] = verbs.do(self.desk, CALLER, "run_state", {"run": run_id})
        return found

    def work(self) -> None:
        """Do all that is queued."""
        worker = Worker(self.desk)
        while worker.do_next() is not None:
            pass

    def rejects(self, run: dict[str, Any]) -> list[dict[str, Any]]:
        """Return the run's rejected rows."""
        found: list[dict[str, Any]] = verbs.do(self.desk, CALLER, "rejects", {"run": run["id"]})
        return found

    def profile(self, value: str) -> dict[str, Any]:
        """Return one profile's properties."""
        found: dict[str, Any] = verbs.do(self.desk, CALLER, "profiles_show", {"value": value})["properties"]
        return found

    def count(self) -> int:
        """Return how many profiles there are."""
        return int(verbs.do(self.desk, CALLER, "profiles_count", {})["profiles"])

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database directly."""
        with self.desk.database.read() as cursor:
            return cursor.execute(query).fetchall()


def age(path: Path) -> Path:
    """Let a file have been written a while ago, so that one look at it is enough; return its path."""
    written_s = path.stat().st_mtime - WRITTEN_BEFORE_S
    os.utime(path, (written_s, written_s))
    return path


def wanted(server: OpenSSH, **changes: Any) -> dict[str, Any]:
    """Return the YAML's content for a connection to the server; changes go into the goal or the server."""
    place = {
        "host": server.host,
        "port": server.port,
        "username": server.username,
        "password": server.password,
        "host_key": server.fingerprint,
    }
    goal: dict[str, Any] = {
        "folder": server.absolute_folder,
        "files": "*.csv",
        "format": {"separator": ",", "header": True},
        "identifiers": [{"field": "id", "property": "customer_id"}],
        "create_profiles": True,
        "mappings": LINES_MAPPINGS,
    }
    for name, value in changes.items():
        (place if name in place else goal)[name] = value
    connection = {
        "name": NAME,
        "direction": "inbound",
        "data_type": "card_linked_transactions",
        "method": "sftp",
        "methodology": "pull",
        "server": place,
        "state": "on",
        "goals": [{"import": goal}],
    }
    return {"connections": [connection]}


def cdnow_wanted(server: OpenSSH) -> dict[str, Any]:
    """Return the YAML's content for CDNOW's purchases, columns apart by blanks, dates as YYYYMMDD."""
    return wanted(
        server,
        files="CDNOW_*.txt",
        format={"separator": "blanks", "header": True},
        identifiers=[{"field": "customer_id", "property": "customer_id"}],
        mappings=CDNOW_MAPPINGS,
    )


def balanced(run: dict[str, Any]) -> bool:
    """Say whether the rows of a run add up (ruling 14)."""
    rows = run["rows"]
    outcomes: int = rows["applied"] + rows["unchanged"] + sum(rows["skipped"].values()) + rows["rejected"]
    return bool(rows["read"] == outcomes)


def ask(home: Path, verb: str, **arguments: Any) -> Any:
    """Ask a running service over its socket."""
    return control_client.ask(str(home / "engine.sock"), verb, arguments)
