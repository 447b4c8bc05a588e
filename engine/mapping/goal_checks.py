"""All that keeps the goal of a connection from being saved or run: its mapping, and its actions where it has some."""

from engine.mapping import actions, checks
from storage.records.connections import DataType
from storage.records.goals import ImportGoal, Property


def problems(goal: ImportGoal, properties: dict[str, Property], data_type: DataType) -> list[str]:
    """Return what keeps this goal from being saved, in order of the editor; empty where nothing does.

    Folder and pattern are not looked at: what they may be depends on the way of the connection.

    Args:
        goal: The goal as a person left it.
        properties: What profiles hold already, by lower-case name.
        data_type: Of its connection.
    """
    needs_identifiers = actions.needs_identifiers(data_type)
    return checks.problems(goal, properties, needs_identifiers=needs_identifiers) + actions.problems(goal, data_type)
