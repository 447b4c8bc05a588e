"""Merges rows that are known by a key, and actions, and says what became of each row."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from engine.actions.goals import properties_of
from storage.records.connections import DataType
from storage.records.goals import ActionFields, ImportGoal, Mapping, PropertyType, Strategy
from storage.records.merges import MergePlan
from storage.records.runs import SkipReason
from storage.tables import merges, profiles
from tests.fakes.merging import MADE_AT, Merger, goal_of

SPENT = Mapping("amount", "spent", PropertyType.DECIMAL, Strategy.SUM)
ITEMS = Mapping("items", "items", PropertyType.INTEGER, Strategy.SUM)
ORDERS = ("order", "id", "day", "amount", "items", "state")
CHANGES = ("order", "amount", "state")
SHOP = ActionFields("webshop", "order", time="day", time_format="%Y-%m-%d", amount="amount", state="state")


def orders_goal(*mappings: Mapping, goal_id: str = "orders", **said: Any) -> ImportGoal:
    """Return a goal of conversions of the source webshop; the usual mapping sums amount into spent."""
    return replace(goal_of(*(mappings or (SPENT,)), goal_id=goal_id), action=replace(SHOP, **said))


def changes_goal(goal_id: str = "changes", **said: Any) -> ImportGoal:
    """Return a goal of modifications of the same source, without identifiers."""
    action = replace(SHOP, time=None, time_format=None, **said)
    return replace(goal_of(goal_id=goal_id), identifiers=(), action=action)


@dataclass(frozen=True)
class Outcome:
    """What became of the rows of one file, by number; problems: reason -> the lines rejected for it."""

    applied: int
    unchanged: int
    superseded: int
    left: int
    problems: dict[str, list[int]]


class KeyedMerger(Merger):
    """A Merger of goals with a row key or actions."""

    def file(
        self,
        goal: ImportGoal,
        rows: Sequence[Sequence[str]],
        *,
        columns: Sequence[str] = ORDERS,
        name: str = "a.csv",
        kind: DataType = DataType.CONVERSIONS,
    ) -> Outcome:
        """Import one file of this type of data."""
        profiles.add_properties(self.database, properties_of(goal), MADE_AT)
        self.data_type = kind
        return self.merge_and(self.plan(goal, columns, rows, name))

    def merge_and(self, plan: MergePlan, query: str = "SELECT 1") -> Outcome:
        """Merge by a plan, then run a query in the same transaction."""
        with self.database.write("dat") as cursor:
            counts = merges.merge(cursor, plan)
            cursor.execute(query)
        problems: dict[str, list[int]] = {}
        for item in self.rejects():
            problems.setdefault(item.reason, []).append(item.line)
        superseded = counts.skipped.get(SkipReason.SUPERSEDED, 0)
        left = sum(counts.skipped.values()) - superseded
        return Outcome(counts.applied, counts.unchanged, superseded, left, problems)

    def changes(self, rows: Sequence[Sequence[str]], name: str = "changes.csv", **said: Any) -> Outcome:
        """Import a file of modifications."""
        kind = DataType.ACTION_MODIFICATIONS
        return self.file(changes_goal(**said), rows, columns=CHANGES, name=name, kind=kind)

    def spent(self, name: str = "spent") -> dict[str, Decimal | None]:
        """Return a sum of every profile, by its identifier."""
        return {key: profile.get(name) for key, profile in self.held().items()}

    def wipe(self) -> None:
        """Forget all profiles, imports and actions."""
        super().wipe()
        with self.database.write("dat") as cursor:
            for table in ("import_key", "import_sum", "action", "action_step"):
                cursor.execute(f"DELETE FROM dat.{table}")  # noqa: S608 - our own names

    def query(self, query: str) -> list[tuple[Any, ...]]:
        """Return the rows of a query."""
        with self.database.read() as cursor:
            return cursor.execute(query).fetchall()

    def acts(self) -> dict[str, tuple[Decimal | None, str]]:
        """Return amount and state of every action by its key."""
        return {
            key: (amount, state)
            for key, amount, state in self.query("SELECT action_key, amount, state FROM dat.action")
        }

    def story(self, key: str) -> list[tuple[str, Decimal | None, str]]:
        """Return what, amount and state of each step of an action."""
        return self.query(
            f"SELECT what, amount, state FROM dat.action_step WHERE action_key = '{key}' ORDER BY position"  # noqa: S608
        )
