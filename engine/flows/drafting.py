"""What a wizard's draft is judged by: names that are taken, credentials that fit, servers that may be reached."""

from engine.connections import wizard
from engine.connections.telling import Ours
from engine.connections.wizard import Answers, Known
from engine.flows import ours
from engine.flows.desk import Desk
from engine.security import roles
from engine.transfer import patterns
from storage.database import Cursor
from storage.records.connections import Method
from storage.records.credentials import Credential, Origin
from storage.records.goals import PatternKind
from storage.records.people import Caller
from storage.tables import connections, credentials


def known(desk: Desk, cursor: Cursor, caller: Caller, answers: Answers) -> Known:
    """Return what a draft's answers are judged by."""
    own = answers.get("connection_id")
    present = connections.listed(cursor)
    edited = next((item for item in present if item.connection_id == own), None)
    held = edited.credential_id if edited else None
    users = {item.connection_id for item in present if held and item.credential_id == held}
    mine = held if users == {own} else None  # a new secret takes the place of the old one, under the same name
    return Known(
        names=frozenset(item.name.lower() for item in present if item.connection_id != own),
        credential_names=frozenset(
            item.name.lower() for item in credentials.listed(cursor) if item.credential_id != mine
        ),
        credential_ids=frozenset(item.credential_id for item in choosable(cursor, caller, answers)),
        host_refusal=lambda host, port: ours.host_refusal(desk, host, port),
        pattern_problem=_pattern_problem,
        role=caller.role,
    )


def choosable(cursor: Cursor, caller: Caller, answers: Answers) -> tuple[Credential, ...]:
    """Return the credentials that fit a draft, by name: of its method and origin, entered ones of its one server."""
    way = wizard.way(answers)
    if way is None or not way.sign_in:
        return ()
    origin = Origin.PROVISIONED if wizard.is_hosted(answers) else Origin.ENTERED
    return tuple(
        item
        for item in credentials.listed(cursor)
        if (item.method, item.origin) == (Method(answers["method"]), origin)
        and roles.owns(caller, item.owner_id)
        and (origin is Origin.PROVISIONED or is_for(item, answers))
    )


def is_for(credential: Credential, answers: Answers) -> bool:
    """Say whether an entered credential is for the very server that a draft names."""
    host = str(answers.get("host") or "").strip().lower()
    return (credential.host.lower(), credential.port) == (host, answers.get("port"))


def chosen(cursor: Cursor, answers: Answers) -> Credential | None:
    """Return the existing credential that a draft uses, or None."""
    if not wizard.uses_existing(answers) or not answers.get("credential_id"):
        return None
    return credentials.by_id(cursor, str(answers["credential_id"]))


def provided(desk: Desk, cursor: Cursor, answers: Answers) -> Ours:
    """Return what Handoff provides on the way that a draft has chosen; empty where partners do not come to us."""
    if not wizard.is_hosted(answers):
        return Ours()
    used = str(answers["credential_id"]) if wizard.uses_existing(answers) and answers.get("credential_id") else None
    folder = ours.folder_for(cursor, used, str(answers.get("name") or ""), answers.get("connection_id"))
    return ours.of(desk, cursor, Method(answers["method"]), folder, str(answers.get("address") or ""))


def _pattern_problem(pattern: str, kind: PatternKind) -> str | None:
    return patterns.problem(pattern, kind)
