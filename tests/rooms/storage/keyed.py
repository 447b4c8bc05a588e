"""Merges rows that are known by a key, step by step, in the order that storage.tables.merges takes the steps."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from decimal import Decimal
from typing import Any

from engine.actions.goals import properties_of
from engine.mapping import actions
from storage.database import Cursor
from storage.records.connections import DataType
from storage.records.goals import ActionFields, ImportGoal, Mapping, PropertyType, Strategy
from storage.records.merges import MergePlan
from storage.tables import merge_actions, merge_keys, merge_typing, merge_writing, profiles
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
        wanted = self.plan(goal, columns, rows, name)
        number = {field: place for place, field in enumerate(columns)}
        found = self.merge_and(replace(wanted, action=actions.plan(goal, kind, number)))
        kinds = [found.applied, found.unchanged, found.superseded, found.left, *map(len, found.problems.values())]
        assert sum(kinds) == len(rows), "the ledger does not add up"
        return found

    def merge_and(self, plan: MergePlan, query: str = "SELECT 1") -> Outcome:
        """Merge by a plan, then run a query in the same transaction."""
        with self.database.write("dat") as cursor:
            found = _merge(cursor, plan)
            cursor.execute(query)
        return found

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


def _merge(cursor: Cursor, plan: MergePlan) -> Outcome:
    cursor.execute("DROP VIEW IF EXISTS temp.gathered")
    for table in ("marked", "known", "typed", "doubled", "merged", "matched", "identified", "conflicts"):
        cursor.execute(f"DROP TABLE IF EXISTS temp.{table}")
    merge_keys.find(cursor, plan)
    merge_typing.make(cursor, plan)
    if plan.action:
        merge_actions.type_rows(cursor, plan)
    if plan.action and plan.action.changes:
        merge_actions.match_changes(cursor, plan)
    else:
        _match(cursor, plan)
    if plan.action:
        merge_actions.check_owners(cursor, plan)
        merge_actions.owe(cursor, plan)
    else:
        merge_keys.owe(cursor, plan)
    merge_writing.gather(cursor, plan)
    written = merge_writing.compute(cursor, plan)
    merge_writing.write(cursor)
    merge_keys.remember(cursor, plan)
    if plan.action:
        merge_actions.write(cursor, plan)
    return Outcome(
        written.rows,
        _number(cursor, "SELECT count(*) FROM temp.known"),
        _number(cursor, "SELECT count(*) FROM temp.superseded"),
        _number(cursor, "SELECT count(*) FROM temp.typed WHERE problem IS NULL") - written.rows,
        _problems(cursor, plan),
    )


def _match(cursor: Cursor, plan: MergePlan) -> None:
    """Match rows by the one identifier `customer_id`."""
    create = "true" if plan.create_profiles else "p.profile_id IS NOT NULL"
    cursor.execute(
        f"""CREATE TEMP TABLE matched AS SELECT t.line, p.profile_id,
            coalesce(p.profile_id, {plan.profile_id_base} + min(t.line) OVER (PARTITION BY t.l0)) AS entity
        FROM (FROM temp.typed WHERE problem IS NULL) t LEFT JOIN dat.profile p ON p.customer_id = t.l0 WHERE {create}"""  # noqa: S608
    )
    cursor.execute(
        """CREATE TEMP TABLE identified AS SELECT entity, any_value(l0) AS l0
        FROM temp.matched JOIN temp.typed USING (line) GROUP BY entity"""
    )


def _problems(cursor: Cursor, plan: MergePlan) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    rows = cursor.execute("SELECT problem, line FROM temp.typed WHERE problem IS NOT NULL ORDER BY line").fetchall()
    reasons = dict(cursor.execute("SELECT line, reason FROM temp.action_problems").fetchall()) if plan.action else {}
    for problem, line in rows:
        found.setdefault(reasons[line] if problem == merge_actions.PROBLEM else str(problem), []).append(line)
    return found


def _number(cursor: Cursor, query: str) -> int:
    row = cursor.execute(query).fetchone()
    return int(row[0]) if row else 0
