"""Says the whole configuration as `apply` takes it again: everything but secrets, which stand as ${NAMES}."""

import re
import unicodedata
from typing import Any

from engine.flows import sealing
from engine.flows.desk import Desk
from engine.partners import catalog
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.audiences import Activation
from storage.records.connections import Connection, ConnectionState, SecretKind
from storage.records.goals import ImportGoal, PropertyType
from storage.records.partners import Configuration, ConfigurationState
from storage.records.people import Caller
from storage.tables import audiences, configurations, connections, goals, profiles

_RIGHTS = (Right.SEE_CONNECTIONS, Right.SEE_AUDIENCES, Right.SEE_CONNECTORS)
_LOOKS_FILLED_IN = re.compile(r"\$\{[A-Za-z_][A-Za-z0-9_]*\}")


def document(desk: Desk, caller: Caller) -> dict[str, Any]:
    """Return what `apply` takes, sections without anything left out; the same home gives the same document.

    A connection that paused itself is "on" and a configuration that was stopped "active": what people want of it.
    """
    for right in _RIGHTS:
        audit.allow(desk.database, caller, right, What("file"))
    names = _Variables()
    with desk.database.read() as cursor:
        found = {
            "properties": _other_properties(cursor),
            "connections": [_connection(desk, cursor, item, names) for item in connections.listed(cursor)],
            "audiences": [{"name": _said(item.name), "rule": _said(item.rule)} for item in audiences.listed(cursor)],
            "configurations": [_configuration(desk, cursor, item, names) for item in configurations.listed(cursor)],
            "activations": _activations(cursor),
        }
    return {section: items for section, items in found.items() if items}


class _Variables:
    """Names a variable for each secret, after its object; no two alike."""

    def __init__(self) -> None:
        self._taken: set[str] = set()

    def of(self, owner: str, field: str) -> str:
        plain = unicodedata.normalize("NFKD", f"{owner} {field}").encode("ascii", "ignore").decode()
        name = re.sub(r"[^A-Z0-9]+", "_", plain.upper()).strip("_")
        name = f"_{name}" if name[0].isdigit() else name
        free, number = name, 1
        while free in self._taken:
            number += 1
            free = f"{name}_{number}"
        self._taken.add(free)
        return f"${{{free}}}"


def _said(text: str) -> str:
    """Double the dollar where `apply` would take the text for the name of a variable."""
    return _LOOKS_FILLED_IN.sub(lambda match: f"${match[0]}", text)


def _other_properties(cursor: Cursor) -> list[dict[str, Any]]:
    """Return the properties that no goal makes: an audience may still ask for them."""
    made = set()
    for goal in goals.listed(cursor):
        made |= {link.property.lower() for link in goal.identifiers}
        made |= {mapping.property.lower() for mapping in goal.mappings}
    others = [item for key, item in profiles.properties(cursor).items() if key not in made]
    return [
        {"name": _said(item.name), "type": item.type.value, **({"unique": True} if item.is_unique else {})}
        for item in sorted(others, key=lambda item: item.name)
    ]


def _connection(desk: Desk, cursor: Cursor, item: Connection, names: _Variables) -> dict[str, Any]:
    server: dict[str, Any] = {
        "host": _said(item.server.host),
        "port": item.server.port,
        "username": _said(item.server.username),
    }
    if item.server.secret_kind is SecretKind.PASSWORD:
        server["password"] = names.of(item.name, "password")
    else:
        server["private_key"] = names.of(item.name, "private key")
        if sealing.of_connection(desk, cursor, item.connection_id).passphrase is not None:
            server["passphrase"] = names.of(item.name, "passphrase")
    server["host_key"] = _said(item.server.host_key)
    said: dict[str, Any] = {
        "name": _said(item.name),
        "direction": item.direction.value,
        "data_type": item.data_type.value,
        "method": item.method.value,
        "methodology": item.methodology.value,
        "server": server,
    }
    if item.every_minutes is not None:
        said["schedule"] = {"every_minutes": item.every_minutes}
    said["state"] = "off" if item.state is ConnectionState.OFF else "on"
    said["goals"] = [{"import": _goal(goal)} for goal in goals.of_connection(cursor, item.connection_id)]
    return said


def _goal(goal: ImportGoal) -> dict[str, Any]:
    given = {"separator": goal.format.separator, "header": goal.format.header, "encoding": goal.format.encoding}
    return {
        "folder": _said(goal.folder),
        "files": _said(goal.files),
        "format": {name: _said(value) if isinstance(value, str) else value for name, value in _present(given).items()},
        "identifiers": [{"field": _said(link.field), "property": _said(link.property)} for link in goal.identifiers],
        "create_profiles": goal.create_profiles,
        "mappings": [
            _present(
                {
                    "field": _said(mapping.field),
                    "property": _said(mapping.property),
                    "type": mapping.type.value,
                    "format": _said(mapping.format) if mapping.format and mapping.type is PropertyType.DATE else None,
                    "strategy": mapping.strategy.value,
                }
            )
            for mapping in goal.mappings
        ],
    }


def _present(values: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value is not None}


def _configuration(desk: Desk, cursor: Cursor, item: Configuration, names: _Variables) -> dict[str, Any]:
    manifest = catalog.manifest_of(item.partner)
    # Opened only to see which of them are set.
    secrets = sealing.of_configuration(desk, cursor, item.configuration_id)
    settings: dict[str, Any] = {}
    for field in manifest.fields:
        if field.name in secrets:
            settings[field.name] = names.of(item.name, field.name)
        elif field.name in item.settings:
            settings[field.name] = _said(item.settings[field.name])
    state = "deactivated" if item.state is ConfigurationState.DEACTIVATED else "active"
    return {"name": _said(item.name), "partner": item.partner, "settings": settings, "state": state}


def _activations(cursor: Cursor) -> list[dict[str, Any]]:
    found = [_activation(cursor, item) for item in audiences.open_activations(cursor)]
    return sorted(
        (item for item in found if item is not None), key=lambda item: (item["audience"], item["configuration"])
    )


def _activation(cursor: Cursor, item: Activation) -> dict[str, Any] | None:
    audience = audiences.by_id(cursor, item.audience_id)
    configuration = configurations.by_id(cursor, item.configuration_id)
    if audience is None or configuration is None:
        return None
    return {
        "audience": _said(audience.name),
        "configuration": _said(configuration.name),
        "identifier": _said(item.property),
        "send_current": item.sends_current,
    }
