"""What people do with files: hand one over for a partner, upload a mended one, import one again, download one."""

import hashlib
import os
import stat
from pathlib import Path

from engine.actions.desk import Desk, known_connection
from engine.base import clock, errors, ids, limits
from engine.flows import intake, queue
from engine.security import audit, roles
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import Connection, ConnectionState, Direction
from storage.records.exchange import MENDED_PREFIX, RESERVED_PREFIXES, FileState, HandedFile
from storage.records.people import Caller
from storage.tables import connections, exchange, jobs, runs

_FIELD = "name"


def hand_over(desk: Desk, caller: Caller, connection_id: str, name: str, content: bytes | Path) -> str:
    """Keep a file for an outbound connection, queue its delivery and return its id.

    Args:
        desk: The open home.
        caller: Who hands it over.
        connection_id: An outbound connection.
        name: What the file is called at the partner.
        content: Its bytes, or where it lies on this machine; that file stays.

    Raises:
        BadInput: The name cannot be one of a file, or the file is empty or too large.
        GiveUp: The connection is off, carries files the other way, or the file cannot be read.
    """
    audit.allow(desk.database, caller, Right.SEND_FILES, What("connection", connection_id))
    refuse_name(name)
    with desk.database.read() as cursor:
        _ready(known_connection(cursor, connection_id))
    file_id = ids.ulid()
    work = desk.spool.work_folder(f"hand-over-{file_id}")
    try:
        size_bytes, sha256 = _copy(name, content, work / "data")
        key = desk.spool.keep(file_id, work / "data")
    finally:
        desk.spool.discard(work)
    try:
        with desk.database.write("ctl") as cursor:
            connection = known_connection(cursor, connection_id)
            _ready(connection)
            exchange.insert(cursor, _file(connection, file_id, name, key, (size_bytes, sha256)))
            if not jobs.has_queued(cursor, queue.run_key(connection_id)):
                queue.add_run(cursor, connection_id, caller.name)
            after = {"connection": connection.name, "size_bytes": size_bytes, "sha256": sha256}
            audit.record(cursor, caller, "handed over", What("file", file_id, name), after=after)
    except BaseException:
        desk.spool.remove(key)
        raise
    return file_id


def hand_in_mended(
    desk: Desk, caller: Caller, connection_id: str, name: str, content: bytes | Path, run_id: str | None = None
) -> str:
    """Take in a mended file as if its partner had sent it, queue its import and return its id (ruling 19).

    Args:
        desk: The open home.
        caller: Who uploads it.
        connection_id: The inbound connection whose goals read it.
        name: As it was downloaded or changed; prefixes and endings of ours are taken off where they are known.
        content: Its bytes, or where it lies on this machine; that file stays.
        run_id: The run whose rejects it mends; None finds it by the trace in the file.

    Raises:
        BadInput: The name cannot be one of a file, or the file is empty or too large.
        GiveUp: The connection is off, carries files the other way, or there is no such run.
    """
    audit.allow(desk.database, caller, Right.SEND_FILES, What("connection", connection_id))
    known_as = mended_name(name)
    refuse_name(known_as)
    with desk.database.read() as cursor:
        connection = known_connection(cursor, connection_id)
        if connection.direction is not Direction.INBOUND:
            raise errors.GiveUp(f"{connection.name} sends files, it reads none; choose one that takes them in.")
        if connection.state is ConnectionState.OFF:
            raise errors.GiveUp(f"{connection.name} is off. Turn it on to import.")
        run = runs.by_id(cursor, run_id) if run_id else None
    if run_id and (run is None or run.connection_id != connection_id):
        raise errors.GiveUp(f"There is no run {run_id} of {connection.name}; see the list of runs.")
    work = desk.spool.work_folder(f"hand-in-{ids.ulid()}")
    try:
        _copy(name, content, work / "data")
        file_id = intake.hand_in(desk, connection_id, known_as, work / "data", run.run_id if run else None)
    finally:
        desk.spool.discard(work)
    with desk.database.write("ctl") as cursor:
        after = {"connection": connection.name, "mends_run": run.number if run else None}
        audit.record(cursor, caller, "handed in a mended file", What("file", file_id, known_as), after=after)
    return file_id


def import_again(desk: Desk, caller: Caller, file_id: str) -> None:
    """Import a file again from what was kept of it: it failed, or its name did not match then.

    Raises:
        GiveUp: Its content was removed, it ended well, or its connection is off or gone.
    """
    audit.allow(desk.database, caller, Right.RUN, What("file", file_id))
    with desk.database.write("ctl") as cursor:
        file, connection = _known(cursor, caller, file_id)
        if connection.state is ConnectionState.OFF:
            raise errors.GiveUp(f"{connection.name} is off. Turn it on to import.")
        if file.spool_key is None:
            raise errors.GiveUp(f"The content of {file.name} was removed; have it sent again.")
        try:
            if file.direction is Direction.OUTBOUND:
                exchange.move(cursor, file_id, FileState.QUEUED)
            else:
                intake.again(desk, cursor, file_id)
        except exchange.WrongStateError:
            raise errors.GiveUp(f"{file.name} did not fail; there is nothing to do again.") from None
        if not jobs.has_queued(cursor, queue.run_key(connection.connection_id)):
            queue.add_run(cursor, connection.connection_id, caller.name)
        audit.record(cursor, caller, "asked for again", What("file", file_id, file.name))


def original(desk: Desk, caller: Caller, file_id: str) -> tuple[str, Path]:
    """Return a file's name and where its content lies, for a download; who took it is recorded.

    Raises:
        GiveUp: Its content was removed, or it is not the caller's.
    """
    audit.allow(desk.database, caller, Right.GET_FILES, What("file", file_id))
    with desk.database.write("ctl") as cursor:
        file, _ = _known(cursor, caller, file_id)
        path = desk.spool.path(file.spool_key) if file.spool_key else None
        if path is None or not path.is_file():
            raise errors.GiveUp(f"Content removed: {file.name} was kept {limits.KEPT_DAYS} days.")
        audit.record(cursor, caller, "downloaded", What("file", file_id, file.name))
    return file.name, path


def refuse_name(name: str) -> None:
    """Refuse what cannot be the name of a file that is handed over.

    Raises:
        BadInput: The sentence says why.
    """
    if not name or name.startswith(".") or "/" in name or "\\" in name or not name.isprintable():
        raise errors.BadInput(
            "A file's name has no slash and no control character, and begins with no dot; rename it.", _FIELD
        )
    if len(name.encode()) > limits.FILE_NAME_BYTES_MAX:
        raise errors.BadInput(f"A file's name has at most {limits.FILE_NAME_BYTES_MAX} bytes; shorten it.", _FIELD)
    if name.casefold().startswith(RESERVED_PREFIXES):
        raise errors.BadInput("Names that begin with receipt_ or result_ are those of our answers; rename it.", _FIELD)


def mended_name(name: str) -> str:
    """Return the name under which a mended file is read: "result_x.csv_errors.csv.gz" becomes "mended_x.csv"; pure."""
    plain = name
    if plain.casefold().startswith("result_"):
        plain = plain[len("result_") :]
    if plain.casefold().startswith(MENDED_PREFIX):
        plain = plain[len(MENDED_PREFIX) :]
    for ending in ("_errors.csv.gz", "_errors.csv"):
        plain = plain.removesuffix(ending)
    return f"{MENDED_PREFIX}{plain}"


def _known(cursor: Cursor, caller: Caller, file_id: str) -> tuple[HandedFile, Connection]:
    file = exchange.by_id(cursor, file_id)
    connection = connections.by_id(cursor, file.connection_id) if file else None
    if file is None or connection is None or not roles.owns(caller, connection.owner_id):
        raise errors.GiveUp("This file or its connection is not there any more; go back to the list.")
    return file, connection


def _ready(connection: Connection) -> None:
    if connection.direction is not Direction.OUTBOUND:
        raise errors.GiveUp(f"{connection.name} takes files in, it sends none; choose one that sends.")
    if connection.state is ConnectionState.OFF:
        raise errors.GiveUp(f"{connection.name} is off. Turn it on to send.")


def _copy(name: str, content: bytes | Path, target: Path) -> tuple[int, str]:
    """Copy content into the spool; return its size in bytes and its SHA-256."""
    try:
        if isinstance(content, bytes):
            target.write_bytes(content)
        else:
            _copy_file(name, content, target)
        with target.open("rb") as handle:
            sha256 = hashlib.file_digest(handle, "sha256").hexdigest()
    except OSError as error:
        raise errors.GiveUp(f"{name} cannot be read: {error.strerror or error}.", errors.Category.STORAGE) from error
    size_bytes = target.stat().st_size
    if not size_bytes:
        raise errors.BadInput(f"{name} is empty; choose another file.", _FIELD)
    _refuse_size(name, size_bytes)
    return size_bytes, sha256


def _copy_file(name: str, source: Path, target: Path) -> None:
    # Opened without waiting and asked then: a pipe would keep the engine, and a device never ends.
    def opened(path: str, flags: int) -> int:
        return os.open(path, flags | os.O_NONBLOCK)

    with open(source, "rb", opener=opened) as content, target.open("wb") as copy:
        facts = os.fstat(content.fileno())
        if not stat.S_ISREG(facts.st_mode):
            raise errors.BadInput(f"{name} is no file but a pipe or a device; choose a file.", _FIELD)
        _refuse_size(name, facts.st_size)
        copied = 0
        # It may grow meanwhile, for ever even; one byte too many is enough to refuse it.
        while copied <= limits.FILE_BYTES_MAX and (block := content.read(limits.WRITE_BLOCK_BYTES)):
            copied += copy.write(block)


def _refuse_size(name: str, size_bytes: int) -> None:
    if size_bytes > limits.FILE_BYTES_MAX:
        raise errors.BadInput(f"{name} is larger than {limits.FILE_BYTES_MAX // 1024**3} GB; split it.", _FIELD)


def _file(connection: Connection, file_id: str, name: str, key: str, told: tuple[int, str]) -> HandedFile:
    return HandedFile(
        file_id=file_id,
        connection_id=connection.connection_id,
        goal_id=None,
        direction=Direction.OUTBOUND,
        name=name,
        folder=connection.details.folder,
        size_bytes=told[0],
        sha256=told[1],
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
