"""How the rows of a goal become actions: which data types are actions, what their goals need, and the plan. Pure."""

from collections.abc import Mapping as ReadOnly

from engine.base import limits
from storage.records.connections import DataType
from storage.records.goals import ActionFields, ImportGoal, Strategy
from storage.records.merges import ActionPlan

CHANGING = frozenset({DataType.ACTION_MODIFICATIONS})
"""Types whose rows change actions that other files made."""
TYPES = frozenset({DataType.CONVERSIONS, DataType.CLICKS}) | CHANGING


def plan(goal: ImportGoal, data_type: DataType, number: ReadOnly[str, int]) -> ActionPlan | None:
    """Return how a goal's rows become actions, None where they become none.

    Args:
        goal: One without `problems`; the file has all of its fields.
        data_type: Of its connection.
        number: Column number of each field of the file.
    """
    said = goal.action
    if said is None or data_type not in TYPES:
        return None
    return ActionPlan(
        source=said.source,
        type=data_type.value,
        changes=data_type in CHANGING,
        key=number[said.key],
        time=number[said.time] if said.time else None,
        time_format=time_format(goal),
        amount=number[said.amount] if said.amount else None,
        state=number[said.state] if said.state else None,
        fields=said,
        values=goal.values,
    )


def time_format(goal: ImportGoal) -> str | None:
    """Return the pattern that the actions' time is read by: its own, or the goal's."""
    own = goal.action.time_format if goal.action else None
    return own or goal.values.date_time or goal.values.date


def needs_identifiers(data_type: DataType) -> bool:
    """Say whether rows must name their profile; modifications find theirs by the action's key."""
    return data_type not in CHANGING


def problems(goal: ImportGoal, data_type: DataType) -> list[str]:
    """Return what keeps this goal's actions from being saved, in the order of the editor; empty where nothing does."""
    said = goal.action
    if data_type not in TYPES:
        return ["These files hold no actions; take the action's fields out of the goal."] if said else []
    if said is None or not said.key:
        return ["Choose the field that tells actions apart, e.g. order_id."]
    found = _source(said)
    if said.time and not time_format(goal):
        # 01/02/2026 is one of two days; nothing is guessed (faults row 87).
        found.append(f"Give the format of the time in '{said.time}', e.g. %Y-%m-%d %H:%M:%S.")
    if goal.row_key:
        found.append("Actions are known by their own key; leave the row key empty.")
    summed = [mapping for mapping in goal.mappings if mapping.strategy is Strategy.SUM and mapping.field == said.amount]
    if data_type in CHANGING and summed:
        found.append(
            f"Sums of the actions' amounts follow a modification by themselves; do not sum '{said.amount}' "
            f"into {summed[0].property} again."
        )
    return found


def _source(said: ActionFields) -> list[str]:
    if not said.source.strip():
        return ["Name the source that gives these actions their keys, e.g. webshop."]
    if len(said.source) > limits.PROPERTY_NAME_CHARACTERS_MAX or not said.source.isprintable():
        return [f"The name of a source has at most {limits.PROPERTY_NAME_CHARACTERS_MAX} printable characters."]
    return []
