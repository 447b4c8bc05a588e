"""Import goals: added, saved (checked whole, its properties made, a new version kept), ticked and removed."""

import dataclasses

from engine.actions.desk import Desk, known_connection, known_goal, owned_connection, owned_goal
from engine.base import clock, errors, ids
from engine.files import refusals
from engine.flows import goal_place, ticks
from engine.mapping import goal_checks
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.connections import Connection
from storage.records.goals import SHRINK_PERCENT_USUAL, FileFormat, ImportGoal, Property, PropertyType
from storage.records.people import Caller
from storage.tables import goals, profiles


def save(desk: Desk, caller: Caller, goal: ImportGoal, expected_version: int) -> ImportGoal:
    """Save a goal as its next version and make the properties that it fills.

    Args:
        desk: The open home.
        caller: Who saves.
        goal: As it should be; its version is set here, and its tick stays as it is.
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
        goal = dataclasses.replace(goal, is_on=before.is_on)
        connection = known_connection(cursor, goal.connection_id)
        way = (connection.direction, connection.method, connection.methodology)
        wrong = goal_place.problem(way, goal.folder, goal.files, goal.files_kind)
        found = [wrong] if wrong else goal_checks.problems(goal, profiles.properties(cursor), connection.data_type)
    _refuse_other_version(before, expected_version, connection)
    if found:
        raise errors.BadInput(found[0])
    if goal.format.encoding is not None:
        refusals.known_codec(goal.format.encoding)
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


def add_goal(desk: Desk, caller: Caller, connection_id: str) -> ImportGoal:
    """Add an import goal to a connection and return it: nothing mapped, not ticked, its folder that of the first goal.

    Its page asks for folder, pattern and mapping; until its box is ticked it is in nobody's way.

    Raises:
        GiveUp: The connection is not there, sends files out, or gets mail, which one goal takes as a whole.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("connection", connection_id))
    with desk.database.write("ctl") as cursor:
        connection = owned_connection(cursor, caller, connection_id)
        present = goals.of_connection(cursor, connection_id)
        refusal = goal_place.no_more(connection, len(present))
        if refusal:
            raise errors.GiveUp(refusal)
        goal = ImportGoal(
            goal_id=ids.ulid(),
            connection_id=connection_id,
            version=1,
            folder=present[0].folder if present else "/" if connection.is_hosted else "",
            files="",
            format=FileFormat(separator=None),
            identifiers=(),
            create_profiles=True,
            mappings=(),
            shrink_percent_max=SHRINK_PERCENT_USUAL,
            is_on=False,
        )
        goals.save(cursor, goal, clock.now(), caller.name)
        what = What("goal", goal.goal_id, connection.name)
        audit.record(cursor, caller, "created", what, after=goals.definition(goal))
    return goal


def switch_goal(desk: Desk, caller: Caller, goal_id: str, *, is_on: bool) -> ImportGoal:
    """Tick a goal, so that runs take it, or untick it, so that it rests; its next version. Return it.

    Raises:
        BadInput: Ticked before its files are named and its columns mapped: it would keep the other goals from running.
        GiveUp: It is not there.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("goal", goal_id))
    with desk.database.write("ctl") as cursor:
        before = owned_goal(cursor, caller, goal_id)
        connection = known_connection(cursor, before.connection_id)
        if before.is_on == is_on:
            return before
        if is_on:
            way = (connection.direction, connection.method, connection.methodology)
            wrong = goal_place.problem(way, before.folder, before.files, before.files_kind)
            found = goal_checks.problems(before, profiles.properties(cursor), connection.data_type)
            if wrong or found:
                raise errors.BadInput(wrong or f"Map columns first: {found[0]}")
        saved = dataclasses.replace(before, is_on=is_on, version=before.version + 1)
        goals.save(cursor, saved, clock.now(), caller.name)
        what, did = What("goal", goal_id, connection.name), "ticked" if is_on else "unticked"
        audit.record(cursor, caller, did, what, before={"is_on": before.is_on}, after={"is_on": is_on})
    return saved


def remove_goal(desk: Desk, caller: Caller, goal_id: str) -> None:
    """Remove a goal that imported nothing, with all its versions.

    Raises:
        GiveUp: It imported files, whose rows its versions explain and which nobody could know again without it; or
            files wait for it.
    """
    audit.allow(desk.database, caller, Right.EDIT_MAPPINGS, What("goal", goal_id))
    with desk.database.write("ctl") as cursor:
        goal = owned_goal(cursor, caller, goal_id)
        connection = known_connection(cursor, goal.connection_id)
        refusal = ticks.why_kept(cursor, goal_id)
        if refusal:
            raise errors.GiveUp(refusal)
        goals.delete(cursor, goal_id)
        what = What("goal", goal_id, connection.name)
        audit.record(cursor, caller, "removed", what, before=goals.definition(goal))


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
