"""Seals and opens the secrets of connections, drafts and configurations, each bound to its own row (faults row 123)."""

import dataclasses
import json

from engine.base import errors
from engine.flows.desk import Desk
from storage.database import Cursor
from storage.records.connections import Secrets
from storage.tables import configurations, connections, credentials, drafts

PASSWORD_HASH = "password_hash"  # noqa: S105 - the name of a field, no secret


def for_connection(connection_id: str) -> str:
    """Return the purpose under which a connection's secret was sealed before there were credentials."""
    return f"connection:{connection_id}:secret"


def for_credential(credential_id: str) -> str:
    """Return the purpose under which an entered credential's secret is sealed."""
    return f"credential:{credential_id}:secret"


def for_draft(draft_id: str) -> str:
    """Return the purpose under which a draft's secret is sealed."""
    return f"draft:{draft_id}:secret"


def seal(desk: Desk, purpose: str, secrets: Secrets) -> str:
    """Seal secrets for one row."""
    return desk.vault.seal(purpose, json.dumps(dataclasses.asdict(secrets)))


def of_connection(desk: Desk, cursor: Cursor, connection_id: str) -> Secrets:
    """Open the secret by which a connection signs in; empty where it signs in nowhere (hosted, mail that we send).

    Raises:
        GiveUp: The connection is gone, or the secret does not open with this home's key.
    """
    connection = connections.by_id(cursor, connection_id)
    if connection is None:
        raise errors.GiveUp("This connection is not there any more; go back to the list.")
    if connection.credential_id is None:
        return Secrets()
    return of_credential(desk, cursor, connection.credential_id)


def of_credential(desk: Desk, cursor: Cursor, credential_id: str) -> Secrets:
    """Open the secret of an entered credential; empty for a provisioned one, of which only a hash is kept.

    Raises:
        GiveUp: It does not open with this home's key.
    """
    sealed = credentials.secret(cursor, credential_id)
    return _open(desk, for_credential(credential_id), sealed) if sealed else Secrets()


def of_old_connection(desk: Desk, connection_id: str, sealed: str) -> Secrets:
    """Open what a connection kept itself before there were credentials."""
    return _open(desk, for_connection(connection_id), sealed)


def for_configuration(configuration_id: str) -> str:
    """Return the purpose under which a configuration's secrets are sealed."""
    return f"configuration:{configuration_id}:secret"


def for_question(job_id: str) -> str:
    """Return the purpose under which the settings are sealed that one question tries."""
    return f"question:{job_id}:settings"


def seal_named(desk: Desk, purpose: str, secrets: dict[str, str]) -> str:
    """Seal secrets by their names for one row."""
    return desk.vault.seal(purpose, json.dumps(secrets))


def of_configuration(desk: Desk, cursor: Cursor, configuration_id: str) -> dict[str, str]:
    """Open a configuration's secrets, by the names of their fields.

    Raises:
        GiveUp: The configuration is gone, or the secret does not open with this home's key.
    """
    sealed = configurations.secret(cursor, configuration_id)
    if not sealed:
        raise errors.GiveUp("This configuration is not there any more; go back to the list.")
    opened: dict[str, str] = json.loads(desk.vault.open(for_configuration(configuration_id), sealed))
    return opened


def of_question(desk: Desk, job_id: str, sealed: str) -> dict[str, str]:
    """Open the settings that a question tries.

    Raises:
        GiveUp: They were thrown away already, or do not open with this home's key.
    """
    if not sealed:
        raise errors.GiveUp("This test was done already; test again.")
    opened: dict[str, str] = json.loads(desk.vault.open(for_question(job_id), sealed))
    return opened


def of_draft(desk: Desk, cursor: Cursor, draft_id: str, person_id: str) -> Secrets:
    """Open the secret by which a person's draft signs in: entered in it, or that of the credential which it uses.

    Raises:
        GiveUp: The draft is gone.
        BadInput: No secret was entered yet, or the credential is for another server.
    """
    found = drafts.by_id(cursor, draft_id, person_id)
    if found is None:
        raise errors.GiveUp("This draft is not there any more; start a new one.")
    answers, sealed, _ = found
    if answers.get("credential_choice") == "existing":
        credential = credentials.by_id(cursor, str(answers.get("credential_id") or ""))
        server = (str(answers.get("host") or "").strip().lower(), answers.get("port"))
        if credential is None or (credential.host.lower(), credential.port) != server:
            raise errors.BadInput("Choose credentials of this server, or enter new ones.", "credential_id")
        return of_credential(desk, cursor, credential.credential_id)
    if sealed is not None and answers.get("has_secret"):
        return _open(desk, for_draft(draft_id), sealed)
    raise errors.BadInput("Enter the password or private key first.", "secret")


def hash_of_draft(desk: Desk, draft_id: str, sealed: str | None) -> str:
    """Open the hash of the password that was made in a draft; empty where partners sign in with a key."""
    opened: dict[str, str] = json.loads(desk.vault.open(for_draft(draft_id), sealed)) if sealed else {}
    return opened.get(PASSWORD_HASH, "")


def _open(desk: Desk, purpose: str, sealed: str) -> Secrets:
    return Secrets(**json.loads(desk.vault.open(purpose, sealed)))
