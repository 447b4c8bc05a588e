"""What stands around the demo's home: the shop's server with its files, the simulated partner, and people."""

import os
import secrets
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from engine.actions import apply as apply_action
from engine.actions import files, people
from engine.actions.desk import connection_named
from engine.base import limits
from engine.demo.server import SftpServer
from engine.demo.shop import BIG_SPENDER, COLLECTOR_CDS
from engine.flows.desk import Desk
from engine.partners.simulator import Simulator
from storage.records.people import Caller, Role

CONNECTION, FETCHED = "CD shop purchases", "Print shop letters"
BIG_SPENDERS, COLLECTORS, ASLEEP = "Big spenders", "CD collectors", "Asleep since summer"
MAIN, SECOND = "Meta demo account", "Meta collectors list"
LISTS = {MAIN: "23850000000000101", SECOND: "23850000000000202"}
PARTNER = "meta_custom_audience"
FILES_KEPT = 3
LETTERS = 3
HISTORY_TIMEOUT_S = "0.5"
_FOLDER = "/outgoing"


@dataclass(frozen=True)
class Person:
    """One person of the demo, as shown where it starts."""

    name: str
    email: str
    role: Role


ADMIN = Person("Demo Admin", "admin@demo.example", Role.ADMIN)
OTHERS = (
    Person("Demo Analyst", "analyst@demo.example", Role.ANALYST),
    Person("Demo Manager", "manager@demo.example", Role.MANAGER),
    Person("Demo Support", "support@demo.example", Role.SUPPORT),
)


class SharedFolder:
    """The folder that the shop hands files over in; like a partner, it keeps the last few."""

    def __init__(self, root: Path) -> None:
        """Make the folder below the server's root."""
        self._folder = root / _FOLDER.strip("/")
        self._folder.mkdir(parents=True)

    def put(self, at: datetime, content: bytes) -> Path:
        """Hand a file over, named after its time (UTC), and clear away the oldest."""
        path = self._folder / f"CDNOW_{at:%Y%m%d_%H%M%S}.txt"
        part = self._folder / f".{path.name}"
        part.write_bytes(content)
        # Written a while before it is handed over, so that one look at it is enough.
        seconds = at.replace(tzinfo=UTC).timestamp() - limits.SETTLED_S - 1
        os.utime(part, (seconds, seconds))
        part.rename(path)
        for old in sorted(self._folder.glob("CDNOW_*"))[:-FILES_KEPT]:
            old.unlink()
        return path


def settle_people(desk: Desk) -> tuple[dict[Role, Caller], str]:
    """Make the demo's people; return them as callers, and the password that all of them share."""
    password = f"cd-shop-{secrets.token_hex(3)}-{secrets.token_hex(3)}"
    token = people.first_link(desk) or ""
    made = people.accept(desk, token, name=ADMIN.name, email=ADMIN.email, password=password)
    callers = {Role.ADMIN: Caller(made.name, made.role, made.person_id)}
    for person in OTHERS:
        token = people.invite(desk, callers[Role.ADMIN], name=person.name, email=person.email, role=person.role)
        made = people.accept(desk, token, name=person.name, password=password)
        callers[person.role] = Caller(made.name, made.role, made.person_id)
    return callers, password


def settings_of(simulator: Simulator, name: str, **changes: str) -> dict[str, str]:
    """Return the settings of one of the demo's accounts at the partner, with a token of its own."""
    return {
        "access_token": f"demo-{secrets.token_urlsafe(24)}",
        "audience_id": LISTS[name],
        "base_url": simulator.base_url(PARTNER),
        **changes,
    }


def configure(desk: Desk, caller: Caller, server: SftpServer, simulator: Simulator, asleep_since: str) -> None:
    """Set everything up, by what the command line's `apply` does."""
    mappings = (
        ("date", "last_purchase", "date", "set", "%Y%m%d"),
        ("date", "first_purchase", "date", "set_if_empty", "%Y%m%d"),
        ("number_of_cds", "cds", "integer", "sum", None),
        ("dollar_value", "spend", "decimal", "sum", None),
    )
    goal: dict[str, Any] = {
        "folder": _FOLDER,
        "files": "CDNOW_*.txt",
        "format": {"separator": "blanks", "header": True},
        "identifiers": [{"field": "customer_id", "property": "customer_id"}],
        "create_profiles": True,
        "mappings": [
            {"field": field, "property": name, "type": kind, "strategy": strategy}
            | ({"format": pattern} if pattern else {})
            for field, name, kind, strategy, pattern in mappings
        ],
    }
    connection = {
        "name": CONNECTION,
        "direction": "inbound",
        "data_type": "card_linked_transactions",
        "method": "sftp",
        "methodology": "pull",
        "server": {
            "host": server.host,
            "port": server.port,
            "username": server.username,
            "password": server.password,
            "host_key": server.host_key,
        },
        "schedule": {"every_minutes": 24 * 60},
        "state": "on",
        "goals": [{"import": goal}],
    }
    # One that partners come to: its login listens on this machine alone.
    fetched = {
        "name": FETCHED,
        "direction": "outbound",
        "data_type": "audiences",
        "method": "sftp",
        "methodology": "pull",
        "login": {},
        "state": "on",
    }
    audiences = {
        BIG_SPENDERS: f"spend >= {BIG_SPENDER}",
        COLLECTORS: f"cds >= {COLLECTOR_CDS}",
        ASLEEP: f"last_purchase < {asleep_since}",
    }
    wanted = {
        "connections": [connection, fetched],
        "audiences": [{"name": name, "rule": rule} for name, rule in audiences.items()],
        "configurations": [
            {
                "name": name,
                "partner": PARTNER,
                "settings": settings_of(simulator, name, timeout_s=HISTORY_TIMEOUT_S),
            }
            for name in LISTS
        ],
        "activations": [
            {"audience": audience, "configuration": name, "identifier": "customer_id"}
            for audience, name in ((BIG_SPENDERS, MAIN), (COLLECTORS, SECOND))
        ],
    }
    apply_action.apply(desk, caller, wanted)


def hand_over(desk: Desk, caller: Caller) -> None:
    """Hand the first letters over to who fetches files from us; the engine delivers them when it starts."""
    with desk.database.read() as cursor:
        connection_id = connection_named(cursor, FETCHED).connection_id
    for number in range(1, LETTERS + 1):
        content = f"customer_id,letter\n{number:05},welcome\n".encode()
        files.hand_over(desk, caller, connection_id, f"letters_{number}.csv", content)
