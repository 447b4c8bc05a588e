"""Wizard drafts: begin, save, discard, and create the connection; nothing exists before Create (W37, W40)."""

from datetime import timedelta
from typing import Any

from engine.actions import connections as connection_actions
from engine.actions.desk import Desk, known_connection
from engine.base import clock, errors, ids, limits
from engine.connections import wizard
from engine.flows import sealing
from engine.security import audit, keys
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.connections import DataType, Direction, Method, Methodology, Secrets
from storage.records.people import Caller
from storage.tables import connections, drafts, goals


def begin(desk: Desk, caller: Caller) -> str:
    """Start an empty draft and return its id."""
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft"))
    draft_id = ids.ulid()
    answers = wizard.begin()
    with desk.database.write("ctl") as cursor:
        _put_new(cursor, draft_id, caller, answers)
    return draft_id


def begin_edit(desk: Desk, caller: Caller, connection_id: str) -> str:
    """Start a draft with a connection's values (A08); the secret is kept unless a new one is entered."""
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft"))
    draft_id = ids.ulid()
    with desk.database.write("ctl") as cursor:
        connection = known_connection(cursor, connection_id)
        goal = next(iter(goals.of_connection(cursor, connection_id)), None)
        answers = {
            "connection_id": connection_id,
            "name": connection.name,
            "direction": connection.direction.value,
            "data_type": connection.data_type.value,
            "method": connection.method.value,
            "methodology": connection.methodology.value,
            "host": connection.server.host,
            "port": connection.server.port,
            "username": connection.server.username,
            "host_key": connection.server.host_key,
            "secret_kind": connection.server.secret_kind.value,
            "has_secret": True,
            "folder": goal.folder if goal else "",
            "files": goal.files if goal else "",
            "every_minutes": connection.every_minutes,
        }
        _put_new(cursor, draft_id, caller, answers)
    return draft_id


def save(desk: Desk, caller: Caller, draft_id: str, changes: dict[str, Any]) -> None:
    """Merge changed answers into a draft; unknown ids are refused.

    A change of server or port drops the host key that was confirmed, a change of key kind the secret. So does
    another server where the secret is the connection's own: nobody can see it, and nobody can have it sent elsewhere.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    with desk.database.write("ctl") as cursor:
        answers, sealed, _ = _own(drafts.by_id(cursor, draft_id, owner(caller)))
        if any(field in changes and changes[field] != answers.get(field) for field in ("host", "port")):
            changes = {"host_key": "", **changes}
        if "host" in changes and changes["host"] != answers.get("host") and sealed is None:
            changes = {"has_secret": False, **changes}
        if "secret_kind" in changes and changes["secret_kind"] != answers.get("secret_kind"):
            changes, sealed = {"has_secret": False, **changes}, None
        drafts.put(cursor, draft_id, owner(caller), {**answers, **changes}, sealed, clock.now())


def set_secret(desk: Desk, caller: Caller, draft_id: str, secrets: Secrets) -> None:
    """Seal a password or private key into a draft; an unusable key is refused with its own sentence.

    Raises:
        BadInput: Empty, or a key of a kind that is not accepted.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    check_secrets(secrets)
    with desk.database.write("ctl") as cursor:
        answers, _, _ = _own(drafts.by_id(cursor, draft_id, owner(caller)))
        sealed = sealing.seal(desk, sealing.for_draft(draft_id), secrets)
        kind = "password" if secrets.password is not None else "private_key"
        drafts.put(
            cursor, draft_id, owner(caller), {**answers, "has_secret": True, "secret_kind": kind}, sealed, clock.now()
        )


def check_secrets(secrets: Secrets) -> None:
    """Refuse what cannot sign in anywhere.

    Raises:
        BadInput: No password and no key, or a key that cannot be used.
    """
    if secrets.private_key is not None and not secrets.private_key.strip():
        raise errors.BadInput("Upload the private key.", "secret")
    if secrets.private_key is not None:
        keys.check_private_key(secrets.private_key, secrets.passphrase)
    elif not secrets.password:
        raise errors.BadInput("Enter the password.", "secret")


def discard(desk: Desk, caller: Caller, draft_id: str) -> None:
    """Throw a draft away; nothing else was made, so nothing else is left."""
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    with desk.database.write("ctl") as cursor:
        _own(drafts.by_id(cursor, draft_id, owner(caller)))
        drafts.discard(cursor, draft_id)


def create(desk: Desk, caller: Caller, draft_id: str) -> str:
    """Make the connection and its first goal from a finished draft, or save the edited one; return its id.

    Raises:
        BadInput: A step is not complete; the sentence is that of the first problem.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("connection"))
    with desk.database.read() as cursor:
        answers, _, _ = _own(drafts.by_id(cursor, draft_id, owner(caller)))
        taken = taken_names(connections.listed(cursor), answers)
    for step in wizard.Step:
        for field, sentence in wizard.problems(answers, step, taken).items():
            raise errors.BadInput(sentence, field)
    with desk.database.read() as cursor:
        secrets = sealing.of_draft(desk, cursor, draft_id, owner(caller))
    wanted = connection_actions.Wanted(
        name=answers["name"].strip(),
        direction=Direction(answers["direction"]),
        data_type=DataType(answers["data_type"]),
        method=Method(answers["method"]),
        methodology=Methodology(answers["methodology"]),
        host=answers["host"].strip(),
        port=answers["port"],
        username=answers["username"].strip(),
        host_key=answers["host_key"],
        secrets=secrets,
        every_minutes=answers.get("every_minutes"),
    )
    connection_id = connection_actions.save_from_wizard(
        desk, caller, wanted, answers.get("connection_id"), answers["folder"].strip(), answers["files"].strip()
    )
    with desk.database.write("ctl") as cursor:
        drafts.discard(cursor, draft_id)
    return connection_id


def taken_names(present: list[Any], answers: dict[str, Any]) -> frozenset[str]:
    """Return the lower-case names that a draft cannot use: those of all connections but the edited one."""
    own = answers.get("connection_id")
    return frozenset(item.name.lower() for item in present if item.connection_id != own)


def owner(caller: Caller) -> str:
    """Return whose drafts a caller sees: only a person's own (W38)."""
    return caller.person_id or caller.name


def _put_new(cursor: Cursor, draft_id: str, caller: Caller, answers: dict[str, Any]) -> None:
    drafts.discard_before(cursor, clock.now() - timedelta(days=limits.DRAFT_DAYS_MAX))
    drafts.put(cursor, draft_id, owner(caller), answers, None, clock.now())


def _own(found: tuple[dict[str, Any], str | None, Any] | None) -> tuple[dict[str, Any], str | None, Any]:
    if found is None:
        raise errors.GiveUp("This draft is not there any more; start a new one.")
    return found
