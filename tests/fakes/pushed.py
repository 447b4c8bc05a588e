"""A hosted connection in an open home, and what its endpoint leaves when a partner's file or mail has landed."""

import dataclasses
import hashlib
import json
from email.message import EmailMessage
from typing import Any

from engine.base import clock, ids
from engine.flows import intake
from engine.flows.desk import Desk
from storage.records.boxes import Landed, LandedState
from storage.records.connections import Connection, Method
from storage.records.exchange import HandedFile
from storage.records.goals import (
    FileFormat,
    Identifier,
    ImportGoal,
    Mapping,
    PatternKind,
    Property,
    PropertyType,
    Strategy,
)
from storage.records.runs import Run
from storage.tables import exchange, goals, profiles, runs
from tests.fakes import exchange as put

NAME, POINTS = "name", "points"
HEADER = "id,name,points\n"
ANA = "ana@partner.example"


class Pushed:
    """One inbound push connection with a mapped goal: `land` files or `mail`s, `take_in` and `work`."""

    def __init__(self, desk: Desk, method: Method = Method.SFTP, files: str = "*.csv", **details: Any) -> None:
        """Put it into the home."""
        self.desk = desk
        self.connection = put.connection(desk, f"Pushed {method}", (put.IN, method, put.PUSH), **details)
        desk.spool.accepted(self.connection.connection_id).mkdir(parents=True)
        self.goal = goal_for(desk, self.connection, files)

    def save(self, **changes: Any) -> None:
        """Save the goal anew with these changes."""
        self.goal = dataclasses.replace(self.goal, version=self.goal.version + 1, **changes)
        with self.desk.database.write("ctl") as cursor:
            goals.save(cursor, self.goal, clock.now(), "tests")

    def land(self, name: str, content: bytes | str, **changes: Any) -> str:
        """Let a file have landed whole, and return its id."""
        return self._land(name, content.encode() if isinstance(content, str) else content, "sftp", **changes)

    def mail(self, content: bytes, sender: str = ANA, state: LandedState = LandedState.WHOLE, reason: str = "") -> str:
        """Let a mail have landed, and return its id."""
        landed_id = ids.ulid()
        return self._land(
            f"{landed_id}.eml", content, "smtp", landed_id=landed_id, sender=sender, state=state, reason=reason
        )

    def _land(self, name: str, content: bytes, protocol: str, **changes: Any) -> str:
        landed = Landed(
            landed_id=ids.ulid(),
            connection_id=self.connection.connection_id,
            credential_id=self.connection.credential_id or "",
            protocol=protocol,
            folder="/",
            name=name,
            size_bytes=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            landed_at=clock.now().isoformat(),
            peer="127.0.0.1",
        )
        landed = dataclasses.replace(landed, **changes)
        accepted = self.desk.spool.accepted(self.connection.connection_id)
        (accepted / f"{landed.landed_id}.data").write_bytes(content)
        for note in (accepted / f"{landed.landed_id}.json", self.desk.spool.landed / f"{landed.landed_id}.json"):
            note.write_text(landed.to_json(), encoding="utf-8")
        return landed.landed_id

    def take_in(self) -> None:
        """Take in what landed and queue its runs, as the service does every half second."""
        intake.take_in(self.desk)
        intake.start_runs(self.desk)

    def run(self) -> Run:
        """Take in what landed, do all that is queued, and return the newest run."""
        self.take_in()
        put.work(self.desk)
        with self.desk.database.read() as cursor:
            return runs.listed(cursor, self.connection.connection_id, 0, 1)[0]

    def file(self, file_id: str) -> HandedFile:
        """Return a file as it stands now."""
        with self.desk.database.read() as cursor:
            found = exchange.by_id(cursor, file_id)
        assert found is not None
        return found

    def files(self) -> list[HandedFile]:
        """Return all files of the connection, those first seen first."""
        with self.desk.database.read() as cursor:
            rows = cursor.execute("SELECT file_id FROM ctl.file ORDER BY first_seen_at, file_id").fetchall()
        return [self.file(file_id) for (file_id,) in rows]

    def sql(self, query: str) -> list[tuple[Any, ...]]:
        """Ask the database directly."""
        with self.desk.database.read() as cursor:
            return cursor.execute(query).fetchall()


def goal_for(desk: Desk, owner: Connection, files: str, folder: str = "/") -> ImportGoal:
    """Put a mapped goal and its properties into the home: id links, name is set, points add up."""
    made = ImportGoal(
        goal_id=ids.ulid(),
        connection_id=owner.connection_id,
        version=1,
        folder=folder,
        files=files,
        format=FileFormat(",", header=True),
        identifiers=(Identifier("id", "customer_id"),),
        create_profiles=True,
        mappings=(
            Mapping("name", NAME, PropertyType.TEXT, Strategy.SET),
            Mapping("points", POINTS, PropertyType.INTEGER, Strategy.SUM),
        ),
        files_kind=PatternKind.WILDCARD,
    )
    wanted = (
        Property("customer_id", PropertyType.TEXT, is_unique=True),
        Property(NAME, PropertyType.TEXT, is_unique=False),
        Property(POINTS, PropertyType.INTEGER, is_unique=False),
    )
    profiles.add_properties(desk.database, list(wanted), clock.now())
    with desk.database.write("ctl") as cursor:
        goals.save(cursor, made, clock.now(), "tests")
    return made


def letter(*attachments: tuple[str, str], sender: str = ANA, message_id: str = "<1@partner.example>") -> bytes:
    """Return a raw mail with these attachments."""
    made = EmailMessage()
    made["From"], made["To"], made["Subject"] = sender, "us@handoff.example", "Rows of today"
    made["Message-ID"] = message_id
    made.set_content("Here they are.")
    for name, text in attachments:
        made.add_attachment(text.encode(), maintype="text", subtype="csv", filename=name)
    return bytes(made)


def answers_of(desk: Desk, file_id: str) -> dict[str, Any]:
    """Return a file's answers by their kind: a receipt's text, a result's values."""
    with desk.database.read() as cursor:
        rows = cursor.execute("SELECT kind, spool_key FROM ctl.answer WHERE file_id = ?", [file_id]).fetchall()
    found = {kind: desk.spool.path(key).read_bytes() for kind, key in rows}
    return {kind: json.loads(said) if kind == "result" else said for kind, said in found.items()}
