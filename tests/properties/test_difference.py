"""Looking only at the profiles of a run gives the same audience, and tells the same, as looking at all of them."""

import tempfile
from pathlib import Path

from hypothesis import given, settings
from hypothesis import strategies as st

from storage.database import Cursor, open_database
from storage.migrate import migrate
from storage.records.audiences import Difference
from storage.tables import members, profiles
from tests.rooms.storage.test_members import NOW, RULE, TARGET, WANTED

PEOPLE = st.tuples(
    st.integers(1, 6), st.sampled_from(("ana", "ben", "cem", "dee", None)), st.sampled_from((None, 0, 499, 500, 900))
)
RUNS = st.lists(st.lists(PEOPLE, max_size=4, unique_by=lambda person: person[0]), min_size=1, max_size=6)


def write(cursor: Cursor, revision: int, people: list[tuple[int, str | None, int | None]]) -> None:
    for number, name, spend in people:
        cursor.execute("DELETE FROM dat.profile WHERE profile_id = ?", [number])
        cursor.execute(
            "INSERT INTO dat.profile (profile_id, _rev, name, spend) VALUES (?, ?, ?, ?)",
            [number, revision, name, spend],
        )


def numbers(cursor: Cursor, query: str) -> list[object]:
    return sorted(found for (found,) in cursor.execute(query).fetchall())


@given(runs=RUNS)
@settings(max_examples=12)
def test_the_difference_of_a_run_leaves_nothing_for_one_over_all_profiles(
    runs: list[list[tuple[int, str | None, int | None]]],
) -> None:
    # given: an audience that was looked at whole once; several may share an identifier, or have none
    with tempfile.TemporaryDirectory() as folder:
        database = open_database(Path(folder) / "x.duckdb", (Path(folder),))
        migrate(database)
        profiles.add_properties(database, WANTED, NOW)
        with database.write("dat") as cursor:
            members.recompute(cursor, "audience", RULE, [TARGET], NOW)
        for revision, people in enumerate(runs, start=1):
            # when: a run touches some profiles, and only those are looked at
            with database.write("dat") as cursor:
                write(cursor, revision, people)
                members.recompute(cursor, "audience", RULE, [TARGET], NOW, revision)
                # then
                inside = numbers(cursor, "SELECT profile_id FROM dat.profile WHERE spend >= 500")
                said = numbers(cursor, "SELECT DISTINCT name FROM dat.profile WHERE spend >= 500 AND name IS NOT NULL")
                assert numbers(cursor, "SELECT profile_id FROM dat.member") == inside
                assert numbers(cursor, "SELECT identifier FROM dat.told") == said
                # and a look at all of them finds nothing more
                assert members.recompute(cursor, "audience", RULE, [TARGET], NOW) == Difference(len(inside), 0, 0, 0, 0)
        database.close()
