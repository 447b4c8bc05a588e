"""Seals and opens the secrets of connections and drafts, each bound to its own row (faults row 123)."""

import dataclasses
import json

from engine.base import errors
from engine.flows.desk import Desk
from storage.database import Cursor
from storage.records.connections import Secrets
from storage.tables import connections, drafts


def for_connection(connection_id: str) -> str:
    """Return the purpose under which a connection's secret is sealed."""
    return f"connection:{connection_id}:secret"


def for_draft(draft_id: str) -> str:
    """Return the purpose under which a draft's secret is sealed."""
    return f"draft:{draft_id}:secret"


def seal(desk: Desk, purpose: str, secrets: Secrets) -> str:
    """Seal secrets for one row."""
    return desk.vault.seal(purpose, json.dumps(dataclasses.asdict(secrets)))


def of_connection(desk: Desk, cursor: Cursor, connection_id: str) -> Secrets:
    """Open a connection's secret.

    Raises:
        GiveUp: The connection is gone, or the secret does not open with this home's key.
    """
    sealed = connections.secret(cursor, connection_id)
    if sealed is None:
        raise errors.GiveUp("This connection is not there any more; go back to the list.")
    return _open(desk, for_connection(connection_id), sealed)


def of_draft(desk: Desk, cursor: Cursor, draft_id: str, person_id: str) -> Secrets:
    """Open the secret of a person's draft, or that of the connection which the draft edits.

    Raises:
        GiveUp: The draft is gone.
        BadInput: No secret was entered yet.
    """
    found = drafts.by_id(cursor, draft_id, person_id)
    if found is None:
        raise errors.GiveUp("This draft is not there any more; start a new one.")
    answers, sealed, _ = found
    if sealed is not None:
        return _open(desk, for_draft(draft_id), sealed)
    if answers.get("connection_id") and answers.get("has_secret"):
        return of_connection(desk, cursor, answers["connection_id"])
    raise errors.BadInput("Enter the password or private key first.", "secret")


def _open(desk: Desk, purpose: str, sealed: str) -> Secrets:
    return Secrets(**json.loads(desk.vault.open(purpose, sealed)))
