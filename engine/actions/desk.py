"""What every action begins and ends with: what it is about is found or named as missing; logins are made known."""

from engine.base import errors
from engine.flows import hosting
from engine.flows.desk import Desk, current
from engine.security import roles
from storage.database import Cursor
from storage.records.connections import Connection
from storage.records.goals import ImportGoal
from storage.records.people import Caller
from storage.tables import connections, goals

__all__ = [
    "Desk",
    "connection_named",
    "current",
    "known_connection",
    "known_goal",
    "owned_connection",
    "owned_goal",
    "publish_logins",
]


def known_connection(cursor: Cursor, connection_id: str) -> Connection:
    """Return a connection by id.

    Raises:
        GiveUp: It is not there.
    """
    connection = connections.by_id(cursor, connection_id)
    if connection is None:
        raise errors.GiveUp("This connection is not there any more; go back to the list.")
    return connection


def connection_named(cursor: Cursor, name: str) -> Connection:
    """Return a connection by name, case not minded.

    Raises:
        GiveUp: There is none of this name; the sentence lists those there are.
    """
    connection = connections.by_name(cursor, name)
    if connection is None:
        names = ", ".join(item.name for item in connections.listed(cursor)[:10]) or "none yet"
        raise errors.GiveUp(f"There is no connection named {name}; there is: {names}.")
    return connection


def known_goal(cursor: Cursor, goal_id: str) -> ImportGoal:
    """Return the newest version of a goal by id.

    Raises:
        GiveUp: It is not there.
    """
    goal = goals.by_id(cursor, goal_id)
    if goal is None:
        raise errors.GiveUp("This goal is not there any more; go back to its connection.")
    return goal


def owned_connection(cursor: Cursor, caller: Caller, connection_id: str) -> Connection:
    """Return a connection by id that the caller may see; partners see their own alone.

    Raises:
        GiveUp: It is not there, or somebody else's: both read alike.
    """
    connection = known_connection(cursor, connection_id)
    if not roles.owns(caller, connection.owner_id):
        raise errors.GiveUp("This connection is not there any more; go back to the list.")
    return connection


def owned_goal(cursor: Cursor, caller: Caller, goal_id: str) -> ImportGoal:
    """Return a goal by id whose connection the caller may see.

    Raises:
        GiveUp: It is not there, or somebody else's.
    """
    goal = known_goal(cursor, goal_id)
    owned_connection(cursor, caller, goal.connection_id)
    return goal


def publish_logins(desk: Desk) -> None:
    """Tell the hosted endpoints who may sign in now; after the commit that changed it."""
    hosting.publish(desk)
