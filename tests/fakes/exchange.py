"""Connections of every way and files in every state, put straight into an open home; and runs done one by one."""

import dataclasses
import hashlib
import json
from typing import Any

from engine.base import clock, ids
from engine.flows import sealing
from engine.flows.desk import Desk
from engine.scheduling.jobs import Worker
from storage.records.connections import (
    Connection,
    ConnectionState,
    DataType,
    Details,
    Direction,
    Method,
    Methodology,
    SecretKind,
    Secrets,
    Server,
)
from storage.records.credentials import Credential, CredentialKind, Origin
from storage.records.exchange import Answer, FileState, HandedFile
from storage.records.runs import RunState
from storage.tables import answers, connections, credentials, exchange, runs
from tests.fakes.openssh import OpenSSH

IN, OUT = Direction.INBOUND, Direction.OUTBOUND
PUSH, PULL = Methodology.PUSH, Methodology.PULL
NOWHERE = Server("", 0, "", "", SecretKind.PASSWORD)
RETURN_EMAIL = "results@partner.example"
CONTENT = b"id,name,points\n1,Ana,5\n"


def settings(desk: Desk, text: str) -> None:
    """Write the home's settings.yaml."""
    (desk.settings.home / "settings.yaml").write_text(text, encoding="utf-8")


def connection(
    desk: Desk,
    name: str,
    way: tuple[Direction, Method, Methodology],
    *,
    server: Server = NOWHERE,
    password: str = "not used here",
    return_email: str = "",
    owner_id: str | None = None,
    **details: Any,
) -> Connection:
    """Put a connection with a credential of its own into the home, and return it."""
    now = clock.now()
    direction, method, methodology = way
    made = Connection(
        connection_id=ids.ulid(),
        name=name,
        direction=direction,
        data_type=DataType.AUDIENCES,
        method=method,
        methodology=methodology,
        server=server,
        state=ConnectionState.ON,
        paused_reason=None,
        every_minutes=None,
        created_at=now,
        changed_at=now,
        credential_id=ids.ulid(),
        details=Details(**details),
        owner_id=owner_id,
    )
    credential = Credential(
        credential_id=made.credential_id or "",
        name=name,
        method=method,
        origin=Origin.PROVISIONED if made.is_hosted else Origin.ENTERED,
        kind=CredentialKind.PASSWORD,
        username=server.username or f"login-{made.connection_id.lower()}",
        host=server.host,
        port=server.port,
        public_keys=(),
        password_hash="",
        return_email=return_email,
        version=1,
        owner_id=owner_id,
        shown_at=None,
        last_used_at=None,
        created_at=now,
        changed_at=now,
    )
    purpose = sealing.for_credential(credential.credential_id)
    sealed = None if made.is_hosted else sealing.seal(desk, purpose, Secrets(password=password))
    with desk.database.write("ctl") as cursor:
        credentials.put(cursor, credential, sealed)
        connections.insert(cursor, made)
    return made


def moved(desk: Desk, given: Connection, server: Server, folder: str) -> Connection:
    """Let a connection lead to another server and folder, and return it."""
    made = dataclasses.replace(given, server=server, details=dataclasses.replace(given.details, folder=folder))
    with desk.database.write("ctl") as cursor:
        connections.replace(cursor, made)
        cursor.execute(
            "UPDATE ctl.credential SET username = ?, host = ?, port = ? WHERE credential_id = ?",
            [server.username, server.host, server.port, made.credential_id],
        )
    return made


def at(server: OpenSSH) -> Server:
    """Return the real SFTP server as a connection names it."""
    return Server(server.host, server.port, server.username, server.fingerprint, SecretKind.PASSWORD)


def file(
    desk: Desk,
    owner: Connection,
    name: str = "a.csv",
    content: bytes | None = CONTENT,
    **changes: Any,
) -> HandedFile:
    """Put a file of a connection into the home, its content kept where there is any, and return it."""
    file_id = ids.ulid()
    key = None
    if content is not None:
        source = desk.spool.work_folder(f"given-{file_id}") / "data"
        source.write_bytes(content)
        key = desk.spool.keep(file_id, source)
    made = HandedFile(
        file_id=file_id,
        connection_id=owner.connection_id,
        goal_id=None,
        direction=owner.direction,
        name=name,
        folder="/",
        size_bytes=len(content or b""),
        sha256=hashlib.sha256(content or b"").hexdigest(),
        state=FileState.QUEUED,
        reason=None,
        trace_id=ids.trace(),
        spool_key=key,
        run_id=None,
        mends_run_id=None,
        sender=None,
        message_id=None,
        rows_total=0,
        rows_ok=0,
        rows_errors=0,
        first_seen_at=clock.now(),
        ended_at=None,
        content_removed_at=None,
    )
    made = dataclasses.replace(made, **changes)
    with desk.database.write("ctl") as cursor:
        exchange.insert(cursor, made)
    return made


def ended_run(desk: Desk, owner: Connection) -> str:
    """Put an ended run of a connection into the home and return its id."""
    run_id = ids.ulid()
    with desk.database.write("ctl") as cursor:
        runs.insert(cursor, run_id, owner.connection_id, "Ana Vos", clock.now())
        runs.start(cursor, run_id, clock.now())
        cursor.execute("UPDATE ctl.run SET state = ?, ended_at = ?", [RunState.COMPLETED.value, clock.now()])
    return run_id


def reject(desk: Desk, run_id: str, file_name: str, *rows: tuple[int, str | None, str | None, str, str, str]) -> None:
    """Put rejected rows into the home: (line, column, value, reason, suggestion, raw)."""
    with desk.database.write("dat") as cursor:
        for row in rows:
            cursor.execute("INSERT INTO dat.reject VALUES (?, ?, ?, ?, ?, ?, ?, ?)", [run_id, file_name, *row])


def merged(desk: Desk, goal_id: str, of: HandedFile, **counts: int) -> None:
    """Leave the marker of a merge of a file with these counts."""
    with desk.database.write("dat") as cursor:
        cursor.execute(
            "INSERT INTO dat.file_seen VALUES (?, ?, ?, ?, '', '[]', '[]', '[]', 1, ?, ?, ?, NULL)",
            [goal_id, of.name, of.sha256, of.size_bytes, of.run_id, json.dumps(counts), clock.now()],
        )


def now_is(desk: Desk, given: HandedFile) -> HandedFile:
    """Return a file as it stands now."""
    with desk.database.read() as cursor:
        found = exchange.by_id(cursor, given.file_id)
    assert found is not None
    return found


def answers_of(desk: Desk, given: HandedFile) -> list[Answer]:
    """Return a file's answers in the order they were made."""
    with desk.database.read() as cursor:
        return answers.of_file(cursor, given.file_id)


def work(desk: Desk) -> int:
    """Do all that is queued; return how many jobs that were."""
    worker, done = Worker(desk), 0
    while worker.do_next() is not None:
        done += 1
    return done
