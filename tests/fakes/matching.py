"""Matches made-up rows with the profiles of a real database, as the merge of a file would."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Self

from engine.mapping import plan
from storage.database import open_database
from storage.migrate import migrate
from storage.records.goals import Identifier, MatchRule, Property, PropertyType
from storage.records.merges import MergePlan
from storage.tables import merge_matching, profiles
from tests.fakes.merging import MADE_AT, goal_of, reading_of

FIELDS = ("member_no", "email", "phone")
PROPERTIES = ("customer_id", "email", "phone number")
Values = tuple[str | None, ...]
_ID_STEP = 1_000_000


@dataclass(frozen=True)
class Found:
    """The three tables of a match: entities by line, values by entity, and conflicts by line."""

    matched: dict[int, int]
    identified: dict[int, Values]
    conflicts: dict[int, tuple[int, str, str]]


def plan_of(links: int, rule: MatchRule, number: int = 1, *, creates: bool = True) -> MergePlan:
    """Return a plan that links the first of FIELDS to the first of PROPERTIES; new ids begin at number million."""
    pairs = zip(FIELDS[:links], PROPERTIES[:links], strict=True)
    goal = replace(
        goal_of(create_profiles=creates),
        identifiers=tuple(Identifier(field, name) for field, name in pairs),
        match=rule,
    )
    return plan.make(goal, reading_of(FIELDS), None, plan.Attempt("run", number, number * _ID_STEP, "a.csv"))


class Matching:
    """A home's database with three identifier properties."""

    def __init__(self, folder: Path) -> None:
        """Open or make the database in this folder."""
        self.database = open_database(folder / "matching.duckdb", (folder,))
        migrate(self.database)
        wanted = [Property(name, PropertyType.TEXT, is_unique=True) for name in PROPERTIES]
        profiles.add_properties(self.database, wanted, MADE_AT)

    def __enter__(self) -> Self:
        """Be open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        self.database.close()

    def take(self, plan: MergePlan, held: Mapping[int, Values], rows: Mapping[int, Values]) -> Found:
        """Match these rows, by line, with these profiles, by id; nothing of it is kept.

        Rows without any identifier have a problem and are left out.
        """
        links = range(len(plan.links))
        arrays = "".join(f", unnest(?::VARCHAR[]) AS l{link}" for link in links)
        empty = " AND ".join(f"l{link} IS NULL" for link in links)
        lines = f"SELECT unnest(?::BIGINT[]) AS line{arrays}"
        names = "".join(f', "{link.property}"' for link in plan.links)
        with self.database.read() as cursor:
            # Rolled back, which spares the disk.
            cursor.execute("BEGIN")
            cursor.execute(
                f"INSERT INTO dat.profile (_rev, profile_id{names}) SELECT 1, * FROM ({lines})",  # noqa: S608 - ours
                [list(held), *([values[link] for values in held.values()] for link in links)],
            )
            cursor.execute(
                f"CREATE TEMP TABLE typed AS FROM ({lines}) SELECT *, CASE WHEN {empty} THEN -1 END AS problem",
                [list(rows), *([row[link] for row in rows.values()] for link in links)],
            )
            merge_matching.match(cursor, plan)
            matched = cursor.execute("SELECT line, profile_id, entity FROM temp.matched").fetchall()
            identified = cursor.execute("FROM temp.identified").fetchall()
            conflicts = cursor.execute("FROM temp.conflicts").fetchall()
            cursor.execute("ROLLBACK")
        assert all((found is None) == (entity >= plan.profile_id_base) for _, found, entity in matched)
        assert all(found in {None, entity} for _, found, entity in matched)
        found = Found(
            {line: entity for line, _, entity in matched},
            {entity: tuple(values) for entity, *values in identified},
            {line: tuple(rest) for line, *rest in conflicts},
        )
        sizes = len(found.matched), len(found.identified), len(found.conflicts)
        assert sizes == (len(matched), len(identified), len(conflicts)), "a row or an entity comes twice"
        return found
