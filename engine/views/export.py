"""Says the whole configuration as `apply` takes it again: everything but secrets, which stand as ${NAMES}."""

from typing import Any

from engine.flows import sealing
from engine.flows.desk import Desk
from engine.partners import catalog
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from engine.views import export_connections
from engine.views.export_connections import Variables
from engine.views.export_words import said
from storage.database import Cursor
from storage.records.audiences import Activation
from storage.records.partners import Configuration, ConfigurationState
from storage.records.people import Caller
from storage.tables import audiences, configurations, goals, profiles

_RIGHTS = (Right.SEE_CONNECTIONS, Right.SEE_AUDIENCES, Right.SEE_CONNECTORS)


def document(desk: Desk, caller: Caller) -> dict[str, Any]:
    """Return what `apply` takes, sections without anything left out; the same home gives the same document.

    A connection that paused itself is "on" and a configuration that was stopped "active": what people want of it.
    """
    for right in _RIGHTS:
        audit.allow(desk.database, caller, right, What("file"))
    names = Variables()
    with desk.database.read() as cursor:
        found = {
            "properties": _other_properties(cursor),
            "connections": export_connections.listed(desk, cursor, names),
            "audiences": [{"name": said(item.name), "rule": said(item.rule)} for item in audiences.listed(cursor)],
            "configurations": [_configuration(desk, cursor, item, names) for item in configurations.listed(cursor)],
            "activations": _activations(cursor),
        }
    return {section: items for section, items in found.items() if items}


def _other_properties(cursor: Cursor) -> list[dict[str, Any]]:
    """Return the properties that no goal makes: an audience may still ask for them."""
    made = set()
    for goal in goals.listed(cursor):
        made |= {link.property.lower() for link in goal.identifiers}
        made |= {mapping.property.lower() for mapping in goal.mappings}
    others = [item for key, item in profiles.properties(cursor).items() if key not in made]
    return [
        {"name": said(item.name), "type": item.type.value, **({"unique": True} if item.is_unique else {})}
        for item in sorted(others, key=lambda item: item.name)
    ]


def _configuration(desk: Desk, cursor: Cursor, item: Configuration, names: Variables) -> dict[str, Any]:
    manifest = catalog.manifest_of(item.partner)
    # Opened only to see which of them are set.
    secrets = sealing.of_configuration(desk, cursor, item.configuration_id)
    settings: dict[str, Any] = {}
    for field in manifest.fields:
        if field.name in secrets:
            settings[field.name] = names.of(item.name, field.name)
        elif field.name in item.settings:
            settings[field.name] = said(item.settings[field.name])
    state = "deactivated" if item.state is ConfigurationState.DEACTIVATED else "active"
    return {"name": said(item.name), "partner": item.partner, "settings": settings, "state": state}


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
        "audience": said(audience.name),
        "configuration": said(configuration.name),
        "identifier": said(item.property),
        "send_current": item.sends_current,
    }
