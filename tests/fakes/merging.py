"""Merges made-up rows into the profiles of a real database, in the two Parquet files that the reader leaves."""

import hashlib
import itertools
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from pathlib import Path
from typing import Any, Self

import pyarrow as pa
import pyarrow.parquet as pq

from engine.actions.goals import properties_of
from engine.mapping import plan
from storage.database import Cursor, open_database
from storage.records.connections import DataType
from storage.records.files import FileReading
from storage.records.goals import FileFormat, Identifier, ImportGoal, Mapping
from storage.records.merges import MergePlan
from storage.records.runs import Reject, RunCounts
from storage.tables import before_images, changes, files_seen, merge_writing, merges, profiles, rejects, reverts
from tests.fakes import databases

MADE_AT = datetime(2026, 11, 21, 9, 42)
_ID_STEP = 1_000_000


def goal_of(*mappings: Mapping, create_profiles: bool = True, key: str = "id", goal_id: str = "goal") -> ImportGoal:
    """Return a goal that links the field `key` to the property `customer_id`."""
    return ImportGoal(
        goal_id=goal_id,
        connection_id="connection",
        version=1,
        folder="/out",
        files="*.csv",
        format=FileFormat(),
        identifiers=(Identifier(key, "customer_id"),),
        create_profiles=create_profiles,
        mappings=mappings,
    )


def reading_of(columns: Sequence[str], records: int = 0) -> FileReading:
    """Return what reading a file of these columns gave; the paths lead nowhere."""
    return FileReading(
        sha256="00",
        size_bytes=1,
        encoding="utf-8",
        separator=",",
        columns=tuple(columns),
        records=records,
        accepted=records,
        rejected=0,
        blank_lines=0,
        ends_with_newline=True,
        accepted_path="",
        rejects_path="",
    )


class Merger:
    """A home's database; `take` imports rows as one run.

    compares_later: what a merge replaces is compared after it, as with large files, not in it.
    """

    def __init__(self, folder: Path, *, compares_later: bool = False) -> None:
        """Open or make the database in this folder."""
        self.folder, self.compares_later = folder, compares_later
        databases.place(folder / "merging.duckdb")
        self.database = open_database(folder / "merging.duckdb", (folder,))
        self._runs = itertools.count(1)
        self.run_id = ""
        self.data_type: DataType | None = None

    def __enter__(self) -> Self:
        """Be open."""
        return self

    def __exit__(self, *_: object) -> None:
        """Close the database."""
        self.database.close()

    def take(
        self,
        goal: ImportGoal,
        columns: Sequence[str],
        rows: Sequence[Sequence[str]],
        file_name: str = "a.csv",
        unread: int = 0,
    ) -> RunCounts:
        """Import one file; `unread` rows after the others were set aside by the reader.

        Raises:
            MendData: As the plan says.
            Unbalanced: As the merge says.
        """
        profiles.add_properties(self.database, properties_of(goal), MADE_AT)
        wanted = self.plan(goal, columns, rows, file_name, unread)
        with self.database.write("dat") as cursor:
            self._compare(cursor)
            return merges.merge(cursor, wanted)

    def plan(
        self, goal: ImportGoal, columns: Sequence[str], rows: Sequence[Sequence[str]], file_name: str, unread: int = 0
    ) -> MergePlan:
        """Write what the reader would leave, and plan the merge of it."""
        number = next(self._runs)
        self.run_id = f"run-{number}"
        accepted, rejected = self.folder / f"{number}.accepted.parquet", self.folder / f"{number}.rejects.parquet"
        lines = pa.array(range(2, 2 + len(rows)), pa.int64())
        texts = [pa.array([row[place] for row in rows], pa.string()) for place in range(len(columns))]
        pq.write_table(pa.table([lines, *texts], ["line", *(f"c{n}" for n in range(len(columns)))]), accepted)
        last = 2 + len(rows)
        said = [[f"{reason}" for _ in range(unread)] for reason in ("too_few_columns", "has 1 column", "x")]
        names = ["line", "reason", "detail", "raw"]
        set_aside = [
            pa.array(range(last, last + unread), pa.int64()),
            *(pa.array(texts, pa.string()) for texts in said),
        ]
        pq.write_table(pa.table(set_aside, names), rejected)
        reading = replace(
            reading_of(columns, len(rows) + unread),
            sha256=hashlib.sha256(repr((columns, rows, unread)).encode()).hexdigest(),
            accepted_path=str(accepted),
            rejects_path=str(rejected),
        )
        with self.database.read() as cursor:
            seen = files_seen.last(cursor, goal.goal_id, file_name)
            held = {name: item.type for name, item in profiles.properties(cursor).items()}
        attempt = plan.Attempt(
            self.run_id,
            number,
            number * _ID_STEP,
            file_name,
            changes_path=str(self.folder / f"{number}.changes"),
            changes_key=f"{number}.changes",
            data_type=self.data_type,
            held=held,
        )
        return replace(plan.make(goal, reading, seen, attempt), compares_later=self.compares_later)

    def held(self) -> dict[str, dict[str, Any]]:
        """Return every profile by its identifier."""
        with self.database.read() as cursor:
            names = [name for name in merge_writing.profile_columns(cursor) if name not in {"profile_id", "_rev"}]
            if not names:
                return {}
            quoted = ", ".join('"' + name.replace('"', '""') + '"' for name in names)
            rows = cursor.execute(f"SELECT {quoted} FROM dat.profile").fetchall()  # noqa: S608 - quoted names
        found = [dict(zip(names, row, strict=True)) for row in rows]
        by_key = {profile["customer_id"]: profile for profile in found}
        assert len(by_key) == len(found), "two profiles have one identifier"
        return by_key

    def take_back(self, run_id: str) -> int:
        """Revert a run as the flow does, without its checks; return how many profiles were put back or removed."""
        self.compare()
        with self.database.write("dat") as cursor:
            count = 0
            for image in reversed(self.images(cursor, changes.of_run(cursor, run_id))):
                count += reverts.take_back(cursor, image)
                reverts.take_back_rows(cursor, image.change, self.kept(image.change, ""))
        return count

    def compare(self) -> None:
        """Compare what a merge replaced, as the job after a run does."""
        with self.database.write("dat") as cursor:
            self._compare(cursor)

    def _compare(self, cursor: Cursor) -> None:
        for change in before_images.uncompared(cursor):
            before_images.compare(cursor, change, self.kept(change))

    def images(self, cursor: Cursor, found: list[changes.Change]) -> list[before_images.Image]:
        """Return what these changes replaced."""
        return before_images.images(cursor, [(change, self.kept(change)) for change in found])

    def kept(self, change: changes.Change, ending: str = ".parquet") -> Path:
        """Return where a merge kept what it replaced."""
        return self.folder / f"{change.spool_key}{ending}"

    def rejects(self) -> list[Reject]:
        """Return what the last run rejected."""
        with self.database.read() as cursor:
            return rejects.listed(cursor, self.run_id, None, 0, 1_000)

    def wipe(self) -> None:
        """Forget all profiles and imports; the properties stay."""
        self.compare()
        with self.database.write("dat") as cursor:
            for table in ("profile", "import_row", "file_seen", "reject", "change"):
                cursor.execute(f"DELETE FROM dat.{table}")  # noqa: S608 - our own names
