"""Says connections and their goals as `apply` takes them again; secrets stand as ${NAMES}."""

import re
import unicodedata
from typing import Any

from engine.connections import matrix
from engine.flows import ours, sealing
from engine.flows.desk import Desk
from engine.views import export_goals
from engine.views.export_words import said
from storage.database import Cursor
from storage.records.connections import Connection, ConnectionState, Details, Method
from storage.records.credentials import Credential, CredentialKind
from storage.tables import connections, credentials, goals

_ANY_PLACE = ("delete_after_pull", "result_folder", "subject")
_LISTS = ("recipients", "allowed_senders")


class Variables:
    """Names a variable for each secret, after its object; no two alike."""

    def __init__(self) -> None:
        """Begin with no name taken."""
        self._taken: set[str] = set()
        self._of_credential: dict[tuple[str, str], str] = {}

    def of(self, owner: str, field: str) -> str:
        """Return ${NAME} for a field of this owner."""
        plain = unicodedata.normalize("NFKD", f"{owner} {field}").encode("ascii", "ignore").decode()
        name = re.sub(r"[^A-Z0-9]+", "_", plain.upper()).strip("_")
        name = f"_{name}" if name[0].isdigit() else name
        free, number = name, 1
        while free in self._taken:
            number += 1
            free = f"{name}_{number}"
        self._taken.add(free)
        return f"${{{free}}}"

    def of_credential(self, credential: Credential, field: str) -> str:
        """Return ${NAME} for a field of a credential, the same one for all that share it."""
        key = (credential.credential_id, field)
        if key not in self._of_credential:
            self._of_credential[key] = self.of(credential.name, field)
        return self._of_credential[key]


def listed(desk: Desk, cursor: Cursor, names: Variables) -> list[dict[str, Any]]:
    """Return all connections as `apply` takes them."""
    return [_connection(desk, cursor, item, names) for item in connections.listed(cursor)]


def _connection(desk: Desk, cursor: Cursor, item: Connection, names: Variables) -> dict[str, Any]:
    way = matrix.WAYS[item.direction, item.method, item.methodology]
    held = credentials.by_id(cursor, item.credential_id) if item.credential_id else None
    found: dict[str, Any] = {
        "name": said(item.name),
        "direction": item.direction.value,
        "data_type": item.data_type.value,
        "method": item.method.value,
        "methodology": item.methodology.value,
    }
    if "host" in way.place:
        found["server"] = _server(desk, cursor, item, held, names)
    elif held is not None and way.kinds:
        found["login"] = _login(held, names)
    if held is not None:
        users = connections.of_credential(cursor, held.credential_id)
        if held.name != item.name or len(users) > 1:
            found["credentials"] = said(held.name)
        if held.return_email:
            found["return_email"] = said(held.return_email)
        if item.details.hosted_folder != ours.TOP or (len(users) > 1 and item.is_hosted and way.kinds):
            found["hosted_folder"] = said(item.details.hosted_folder)
    found |= _details(item)
    if item.every_minutes is not None and not item.is_hosted:
        found["schedule"] = {"every_minutes": item.every_minutes}
    found["state"] = "off" if item.state is ConnectionState.OFF else "on"
    present = goals.of_connection(cursor, item.connection_id)
    if present:
        found["goals"] = [
            {"import": export_goals.said_goal(goal, has_folder="folder" in way.place)} for goal in present
        ]
    return found


def _server(desk: Desk, cursor: Cursor, item: Connection, held: Credential | None, names: Variables) -> dict[str, Any]:
    found: dict[str, Any] = {
        "host": said(item.server.host),
        "port": item.server.port,
        "username": said(item.server.username),
    }
    if held is not None:
        # Opened only to see which of them are set.
        secrets = sealing.of_credential(desk, cursor, held.credential_id)
        for field in ("password", "private_key", "passphrase"):
            if getattr(secrets, field) is not None:
                found[field] = names.of_credential(held, field.replace("_", " "))
    if item.details.plain_ftp:
        found["plain"] = True
    if item.server.host_key:
        found["host_key"] = said(item.server.host_key)
    return found


def _login(held: Credential, names: Variables) -> dict[str, Any]:
    if held.kind is CredentialKind.PASSWORD:
        return {"username": said(held.username), "password": names.of_credential(held, "password")}
    return {"username": said(held.username), "public_key": said(held.public_keys[0])}


def _details(item: Connection) -> dict[str, Any]:
    details, usual = item.details, Details()
    found: dict[str, Any] = {}
    for name in (*_ANY_PLACE, *_LISTS):
        value = getattr(details, name)
        if value != getattr(usual, name):
            found[name] = [said(one) for one in value] if name in _LISTS else value
    if details.address and item.method is Method.EMAIL:
        found["address"] = details.address
    if not item.is_hosted and item.direction.value == "outbound" and item.method is not Method.EMAIL:
        found["folder"] = details.folder
    return {name: said(value) if isinstance(value, str) else value for name, value in found.items()}
