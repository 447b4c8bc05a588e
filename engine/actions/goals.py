"""Saving an import goal: checked whole, its properties made, a new version kept."""

import dataclasses

from engine.actions.desk import Desk, known_connection, known_goal
from engine.base import clock, errors
from engine.flows import goal_place
from engine.mapping import actions as action_rules
from engine.mapping import checks
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.connections import Connection
from storage.records.goals import ImportGoal, Property, PropertyType
from storage.records.people import Caller
from storage.tables import goals, profiles


def save(desk: Desk, caller: Caller, goal: ImportGoal, expected_version: int) -> ImportGoal:
    """Save a goal as its next version and make the properties that it fills.

    Args:
        desk: The open home.
        caller: Who saves.
        goal: As it should be; its version is set here.
        expected_version: The version that was edited; another one there now is refused, nothing overwritten.

    Returns:
        The goal as saved; the same version where nothing changed.

    Raises:
        BadInput: The first problem of the goal.
        GiveUp: Somebody saved it in between.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("goal", goal.goal_id))
    with desk.database.read() as cursor:
        before = known_goal(cursor, goal.goal_id)
        connection = known_connection(cursor, goal.connection_id)
        way = (connection.direction, connection.method, connection.methodology)
        wrong = goal_place.problem(way, goal.folder, goal.files, goal.files_kind)
        needs_identifiers = action_rules.needs_identifiers(connection.data_type)
        found = [wrong] if wrong else []
        found += checks.problems(goal, profiles.properties(cursor), needs_identifiers=needs_identifiers)
        found += action_rules.problems(goal, connection.data_type)
    _refuse_other_version(before, expected_version, connection)
    if found:
        raise errors.BadInput(found[0])
    make_properties(desk, goal)
    if dataclasses.replace(goal, version=before.version) == before:
        return before
    saved = dataclasses.replace(goal, version=before.version + 1)
    with desk.database.write("ctl") as cursor:
        # Looked at again: of two who save at once only the first may pass.
        _refuse_other_version(known_goal(cursor, goal.goal_id), expected_version, connection)
        goals.save(cursor, saved, clock.now(), caller.name)
        what = What("goal", goal.goal_id, connection.name)
        audit.record(cursor, caller, "changed", what, before=goals.definition(before), after=goals.definition(saved))
    return saved


def _refuse_other_version(present: ImportGoal, expected_version: int, connection: Connection) -> None:
    if present.version != expected_version:
        raise errors.GiveUp(f"The goal of {connection.name} was changed meanwhile; reload the page and edit again.")


def make_properties(desk: Desk, goal: ImportGoal) -> list[Property]:
    """Make what the goal fills and is not there yet; identifiers become unique.

    Raises:
        BadInput: A property that should link rows holds a value twice.
    """
    check_links(desk, goal)
    return profiles.add_properties(desk.database, properties_of(goal), clock.now())


def check_links(desk: Desk, goal: ImportGoal) -> None:
    """Refuse an identifier that cannot link rows.

    Raises:
        BadInput: Some of its values occur in more than one profile.
    """
    with desk.database.read() as cursor:
        present = profiles.properties(cursor)
        for link in goal.identifiers:
            known = present.get(link.property.lower())
            if known is not None and not known.is_unique:
                repeated = profiles.repeated_values(cursor, known.name)
                if repeated:
                    raise errors.BadInput(
                        f"{known.name} cannot link rows: {repeated:,} values occur in more than one profile."
                    )


def properties_of(goal: ImportGoal) -> list[Property]:
    """Return what profiles hold for this goal, its identifiers first."""
    links = [Property(link.property, PropertyType.TEXT, is_unique=True) for link in goal.identifiers]
    return [*links, *(Property(mapping.property, mapping.type, is_unique=False) for mapping in goal.mappings)]
