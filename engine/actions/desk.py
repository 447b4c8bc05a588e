"""What every action begins with: the right is checked, and the thing it is about is found or named as missing."""

from engine.base import errors
from engine.flows.desk import Desk, current
from storage.database import Cursor
from storage.records.connections import Connection
from storage.records.goals import ImportGoal
from storage.tables import connections, goals

__all__ = ["Desk", "connection_named", "current", "known_connection", "known_goal"]


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
