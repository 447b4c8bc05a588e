"""Brings the home to what a YAML file says; checked whole before anything is done, and the difference is told."""

from typing import Any

from engine.actions import apply_connections, apply_partners, wanted_shape
from engine.actions import goals as goal_actions
from engine.actions.desk import Desk, publish_logins
from engine.actions.wanted_shape import WantedFile
from engine.base import clock, errors
from engine.flows import audiences as audience_flows
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.goals import Property
from storage.records.people import Caller
from storage.tables import profiles

_RIGHTS = (Right.EDIT_CONNECTIONS, Right.EDIT_AUDIENCES, Right.EDIT_CONNECTORS, Right.SWITCH_CONNECTORS)


def apply(desk: Desk, caller: Caller, wanted: Any) -> dict[str, Any]:
    """Bring the home to what a parsed YAML file says; what it does not name stays.

    A changed rule has been recomputed when this returns; what partners are owed goes out by the service.

    Args:
        desk: The open home.
        caller: Who applies.
        wanted: The parsed file, its ${NAMES} filled in by the caller's process.

    Returns:
        {"changes": [{"kind", "name", "did": "created|changed|unchanged", "fields": {field: [before, after]}}]},
        kind being property, connection, audience, configuration or activation. Secrets are told as
        ["set", "changed"]. A connection's line has "provisioned" where a login or an address was made: its password
        is told this once.

    Raises:
        BadInput: A mistake in the file; nothing of it was applied.
    """
    for right in _RIGHTS:
        audit.allow(desk.database, caller, right, What("file"))
    file = wanted_shape.read(wanted)
    _check(desk, caller, file)
    made = profiles.add_properties(desk.database, list(file.properties), clock.now())
    for connection in file.connections:
        for goal in connection.goals:
            goal_actions.make_properties(desk, goal)
    touched = apply_partners.Touched()
    with desk.database.write("ctl") as cursor:
        changes = [_property_line(item, is_new=item in made) for item in file.properties]
        changes += [apply_connections.put(desk, cursor, caller, item) for item in file.connections]
        apply_connections.check_together(cursor)
        changes += apply_partners.put(desk, cursor, caller, file, touched)
    publish_logins(desk)
    apply_partners.activate(desk, touched, caller)
    for audience_id in touched.audiences:
        # Queued too, in the transaction above: cut off here, the service does it. Twice does no harm.
        audience_flows.recompute(desk, audience_id)
    return {"changes": changes}


def _check(desk: Desk, caller: Caller, file: WantedFile) -> None:
    with desk.database.read() as cursor:
        known = profiles.properties(cursor)
    for number, item in enumerate(file.properties):
        held = known.setdefault(item.name.lower(), item)
        if (held.name, held.type) != (item.name, item.type):
            raise errors.BadInput(f"properties[{number}]: {held.name} holds {held.type.value} already.")
    for connection in file.connections:
        apply_connections.check(desk, connection, known)
    apply_partners.check(desk, file, caller, known)


def _property_line(item: Property, *, is_new: bool) -> dict[str, Any]:
    fields = {"type": [None, item.type.value]} if is_new else {}
    return {"kind": "property", "name": item.name, "did": "created" if is_new else "unchanged", "fields": fields}
