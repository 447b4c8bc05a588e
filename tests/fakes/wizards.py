"""Wizards of tests: a draft filled in for any of the eleven ways, and what became of it."""

from typing import Any

from engine.actions import drafts
from engine.actions.drafts import Provisioned
from engine.flows.desk import Desk
from storage.records.boxes import Accounts
from storage.records.connections import Connection, Secrets
from storage.records.credentials import Credential
from storage.records.people import Caller
from storage.tables import connections, credentials

KEY = "SHA256:" + "a" * 43
PASSWORD = "entered-s3cret"
WAYS = (
    ("inbound", "sftp", "pull"),
    ("inbound", "ftp", "pull"),
    ("inbound", "email", "pull"),
    ("inbound", "sftp", "push"),
    ("inbound", "ftp", "push"),
    ("inbound", "email", "push"),
    ("outbound", "sftp", "pull"),
    ("outbound", "ftp", "pull"),
    ("outbound", "sftp", "push"),
    ("outbound", "ftp", "push"),
    ("outbound", "email", "push"),
)


def is_hosted(way: tuple[str, str, str]) -> bool:
    """Say whether partners come to us."""
    return (way[0], way[2]) in (("inbound", "push"), ("outbound", "pull"))


def fill(desk: Desk, caller: Caller, way: tuple[str, str, str], name: str = "Shop", **changes: Any) -> str:
    """Begin a draft and fill it in up to its credentials; return its id."""
    draft_id = drafts.begin(desk, caller)
    direction, method, methodology = way
    answers: dict[str, Any] = {
        "name": name,
        "direction": direction,
        "data_type": "audiences",
        "method": method,
        "methodology": methodology,
    }
    if direction == "inbound":
        answers["files"] = "*.csv"
    if way == ("outbound", "email", "push"):
        answers |= {"recipients": ["data@example.org"], "subject": "Files for you"}
    elif not is_hosted(way):
        answers |= {"host": "files.example.org", "username": "shop"}
        answers |= {"folder": "INBOX" if method == "email" else "/out"}
        answers |= {"host_key": KEY} if method == "sftp" else {}
    drafts.save(desk, caller, draft_id, {**answers, **changes})
    return draft_id


def sign_in(desk: Desk, caller: Caller, draft_id: str, way: tuple[str, str, str]) -> Provisioned | None:
    """Enter a password where we sign in, have credentials made where partners do."""
    if way == ("outbound", "email", "push"):
        return None
    if is_hosted(way):
        return drafts.provision(desk, caller, draft_id)
    drafts.set_secret(desk, caller, draft_id, Secrets(password=PASSWORD))
    return None


def make(desk: Desk, caller: Caller, way: tuple[str, str, str], name: str = "Shop", **changes: Any) -> Connection:
    """Go through the whole wizard and return the connection."""
    draft_id = fill(desk, caller, way, name, **changes)
    sign_in(desk, caller, draft_id, way)
    return stored(desk, drafts.create(desk, caller, draft_id))


def stored(desk: Desk, connection_id: str) -> Connection:
    """Return a connection as its row is now."""
    with desk.database.read() as cursor:
        found = connections.by_id(cursor, connection_id)
    assert found is not None
    return found


def credential_of(desk: Desk, connection: Connection) -> Credential:
    """Return the credential that a connection uses."""
    with desk.database.read() as cursor:
        found = credentials.by_id(cursor, connection.credential_id or "")
    assert found is not None
    return found


def accounts(desk: Desk) -> Accounts:
    """Return who may sign in, as the endpoints are told; nobody where nothing was published."""
    path = desk.settings.endpoints / "accounts.json"
    return Accounts.from_json(path.read_text()) if path.exists() else Accounts((), ())


def count(desk: Desk, table: str) -> int:
    """Return how many rows a table has."""
    with desk.database.read() as cursor:
        row = cursor.execute(f"SELECT count(*) FROM ctl.{table}").fetchone()  # noqa: S608 - a name of the test
    return int(row[0]) if row else 0
