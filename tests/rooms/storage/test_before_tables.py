"""A merge that replaces most profiles keeps the table as it was, and what it changed is found out later."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from storage.database import Cursor
from storage.records.goals import ImportGoal, Mapping, Property, PropertyType, Strategy
from storage.tables import before_images, changes, lineage, merge_writing, merges, profiles
from tests.fakes.merging import Merger, goal_of

COLUMNS = ("id", "name", "spend", "tags")
NAME = Mapping("name", "name", PropertyType.TEXT, Strategy.SET)
SPEND = Mapping("spend", "spend", PropertyType.DECIMAL, Strategy.SUM)
TAGS = Mapping("tags", "tags", PropertyType.LIST, Strategy.ADD)
GOAL = goal_of(NAME, SPEND, TAGS)
BEFORE = [("1", "Ana", "1", "x"), ("2", "Ben", "2", "y"), ("3", "Cleo", "3", ""), ("4", "Dan", "4", "")]
AFTER = [
    ("1", "Ana", "0", "x"),
    ("2", "Benno", "1", "z"),
    ("2", "", "2", "y"),
    ("3", "", "", "w"),
    ("9", "Eve", "", ""),
]


def waiting(merger: Merger) -> list[changes.Change]:
    """Return the changes whose before-images are still to be written."""
    with merger.database.read() as cursor:
        return before_images.uncompared(cursor)


def image(merger: Merger, cursor: Cursor | None = None) -> list[tuple[Any, ...]]:
    """Return the before-image of the newest change."""
    if cursor is None:
        with merger.database.read() as reader:
            return image(merger, reader)
    newest = merger.images(cursor, changes.with_content(cursor))[0]
    return cursor.execute(f"FROM {newest.rows} ORDER BY profile_id").fetchall()


def taken(
    folder: Path, *files: Sequence[tuple[str, ...]], compares_later: bool, goal: ImportGoal = GOAL
) -> list[tuple[Any, ...]]:
    """Return the before-image that the last of some files leaves, and the profiles."""
    folder.mkdir()
    with Merger(folder, compares_later=compares_later) as merger:
        for number, rows in enumerate(files):
            merger.take(goal, COLUMNS, rows, f"{number}.csv")
        assert bool(waiting(merger)) == compares_later
        merger.compare()
        return [*image(merger), *sorted(merger.held().items())]


@pytest.mark.promise("Z17")
@pytest.mark.parametrize("files", [[BEFORE], [BEFORE, AFTER], [BEFORE, BEFORE], [BEFORE, AFTER[:3]]])
def test_what_is_compared_later_is_what_would_have_been_compared_at_once(
    tmp_path: Path, files: list[list[tuple[str, ...]]]
) -> None:
    # given
    at_once = taken(tmp_path / "at once", *files, compares_later=False)
    # when
    later = taken(tmp_path / "later", *files, compares_later=True)
    # then
    assert later == at_once
    assert len(later) > len(files[-1])


@pytest.mark.promise("Z17")
def test_it_is_read_alike_before_and_after_it_is_compared(tmp_path: Path) -> None:
    # given
    with Merger(tmp_path, compares_later=True) as merger:
        merger.take(GOAL, COLUMNS, BEFORE)
        merger.take(GOAL, COLUMNS, AFTER, "b.csv")
        [change] = waiting(merger)
        before, told = image(merger), lineage_of(merger, "2")
        # when
        merger.compare()
        # then
        assert waiting(merger) == []
        assert image(merger) == before
        assert [(item.property, item.before, item.line) for item in lineage_of(merger, "2")] == [
            (item.property, item.before, item.line) for item in told
        ]
        assert (told[0].change.change_id, told[0].before) == (change.change_id, "Ben")
        with merger.database.read() as cursor:
            names = "SELECT table_name FROM duckdb_tables() WHERE contains(table_name, ?)"
            assert cursor.execute(names, [change.change_id]).fetchall() == []


def lineage_of(merger: Merger, value: str) -> list[lineage.Setting]:
    """Return what set the values of a profile."""
    with merger.database.read() as cursor:
        found = cursor.execute("SELECT profile_id FROM dat.profile WHERE customer_id = ?", [value]).fetchone()
        images = merger.images(cursor, changes.with_content(cursor))
        return lineage.of_profile(cursor, found[0] if found else 0, images)


@pytest.mark.promise("M21")
def test_profiles_that_the_file_leaves_alone_stay_with_all_that_they_hold(tmp_path: Path) -> None:
    # given: three of four are replaced
    with Merger(tmp_path, compares_later=True) as merger:
        merger.take(GOAL, COLUMNS, BEFORE)
        left_alone = merger.held()["4"]
        # when
        merger.take(goal_of(NAME, goal_id="other"), COLUMNS, AFTER, "b.csv")
        # then
        assert len(waiting(merger)) == 1
        assert merger.held()["4"] == left_alone
        assert {key: held["name"] for key, held in merger.held().items()} == {
            "1": "Ana",
            "2": "Benno",
            "3": "Cleo",
            "4": "Dan",
            "9": "Eve",
        }
        assert merger.held()["1"]["spend"] == 1


def test_where_few_profiles_are_replaced_they_are_compared_at_once(tmp_path: Path) -> None:
    # given
    with Merger(tmp_path, compares_later=True) as merger:
        merger.take(GOAL, COLUMNS, BEFORE)
        # when
        merger.take(GOAL, COLUMNS, AFTER[:1], "b.csv")
        # then
        assert waiting(merger) == []
        assert merger.held()["1"]["spend"] == 1


def test_the_profiles_keep_their_definition_and_take_new_properties(tmp_path: Path) -> None:
    # given
    with Merger(tmp_path, compares_later=True) as merger:
        merger.take(GOAL, COLUMNS, BEFORE)
        with merger.database.read() as cursor:
            [definition] = cursor.execute("SELECT sql FROM duckdb_tables() WHERE table_name = 'profile'").fetchall()
        # when: the properties of the second goal come after the table was kept
        merger.take(goal_of(NAME), COLUMNS, AFTER, "b.csv")
        with merger.database.read() as cursor:
            assert [definition] == cursor.execute(
                "SELECT sql FROM duckdb_tables() WHERE table_name = 'profile'"
            ).fetchall()
        with merger.database.write("dat") as cursor:
            profiles.add_columns(cursor, [Property("tier", PropertyType.TEXT, is_unique=False)])
        # then
        assert image(merger)
        merger.take_back(merger.run_id)
        assert {key: held["name"] for key, held in merger.held().items()} == {row[0]: row[1] for row in BEFORE}
        assert "NOT NULL" in definition[0]


def test_a_merge_that_is_rolled_back_keeps_no_table(tmp_path: Path) -> None:
    # given
    with Merger(tmp_path, compares_later=True) as merger:
        merger.take(GOAL, COLUMNS, BEFORE)
        merger.compare()
        before = merger.held()
        plan = merger.plan(GOAL, COLUMNS, AFTER, "b.csv")
        # when
        with merger.database.rehearse("dat") as cursor:
            merges.merge(cursor, plan)
            assert before_images.uncompared(cursor)
        # then
        assert (waiting(merger), merger.held()) == ([], before)
        assert not Path(f"{plan.changes_path}.parquet").exists()


def test_whoever_reads_while_it_is_compared_goes_on_with_what_there_was(tmp_path: Path) -> None:
    # given
    with Merger(tmp_path, compares_later=True) as merger:
        merger.take(GOAL, COLUMNS, BEFORE)
        merger.take(GOAL, COLUMNS, AFTER, "b.csv")
        with merger.database.snapshot() as reader:
            before = image(merger, reader)
            # when
            merger.compare()
            # then
            assert image(merger, reader) == before
        assert image(merger) == before
        [newest] = [change for change in _all(merger) if change.file_name == "b.csv"]
        assert newest.profiles == len(before)
        with merger.database.read() as cursor:
            assert len(cursor.read_parquet(str(merger.kept(newest))).fetchall()) == len(before)


def _all(merger: Merger) -> list[changes.Change]:
    with merger.database.read() as cursor:
        return changes.with_content(cursor)


def test_a_merge_after_which_profiles_are_missing_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    # given: a count that is wrong, so that the profiles that the file leaves alone are forgotten
    written = merge_writing._written
    with Merger(tmp_path, compares_later=True) as merger:
        merger.take(GOAL, COLUMNS, BEFORE)
        merger.compare()
        before = merger.held()
        monkeypatch.setattr(merge_writing, "_written", lambda cursor: replace(written(cursor), replaced=len(BEFORE)))
        # when
        with pytest.raises(merges.Unbalanced, match=r"Off by 1 profiles in b\.csv"):
            merger.take(GOAL, COLUMNS, AFTER, "b.csv")
        # then
        assert (waiting(merger), merger.held()) == ([], before)
