"""The plan of a merge: which rows run for which mappings, told from what the last import left (ruling 15)."""

from dataclasses import replace

import pytest

from engine.base.errors import MendData
from engine.mapping import plan
from storage.records.goals import FileFormat, Identifier, ImportGoal, Mapping, PropertyType, Strategy
from storage.records.merges import HASH_VERSION, FileSeen, MergePlan
from tests.fakes.merging import goal_of, reading_of

NAME = Mapping("name", "name", PropertyType.TEXT, Strategy.SET)
SPEND = Mapping("value", "spend", PropertyType.DECIMAL, Strategy.SUM)
CDS = Mapping("count", "cds", PropertyType.INTEGER, Strategy.SUM)
COLUMNS = ("id", "name", "count", "value")
ATTEMPT = plan.Attempt("run", 7, 1_000, "a.csv")


def planned(goal: ImportGoal, seen: FileSeen | None = None, columns: tuple[str, ...] = COLUMNS) -> MergePlan:
    """Return the plan for a file of these columns."""
    return plan.make(goal, reading_of(columns), seen, ATTEMPT)


def left_by(made: MergePlan) -> FileSeen:
    """Return what a merge by this plan leaves for the next one."""
    return FileSeen(
        sha256=made.sha256,
        size_bytes=made.size_bytes,
        fingerprint=made.fingerprint,
        sums=made.sums,
        lapsed_sums=made.lapsed_sums,
        hash_columns=tuple(made.columns[column] for column in made.remember_by),
        hash_version=HASH_VERSION,
        run_id=made.run_id,
        counts={},
    )


def fresh_only(made: MergePlan) -> dict[str, bool]:
    """Return for each property whether known rows are left out of it."""
    return {fill.property: fill.fresh_rows_only for fill in made.fills}


def test_a_first_import_runs_every_row_for_every_mapping() -> None:
    # given, when
    made = planned(goal_of(NAME, SPEND))
    # then
    assert (made.known_by, made.known_rows_again) == (None, False)
    assert fresh_only(made) == {"name": False, "spend": False}
    assert (made.links[0].column, made.links[0].field, made.links[0].property) == (0, "id", "customer_id")


@pytest.mark.promise("M28")
def test_without_a_change_only_fresh_rows_run() -> None:
    # given
    goal = goal_of(NAME, SPEND)
    # when
    made = planned(goal, left_by(planned(goal)))
    # then: rows are known by the columns that the goal uses, no others
    assert made.known_by == made.remember_by == (0, 1, 3)
    assert not made.known_rows_again


@pytest.mark.promise("M27")
@pytest.mark.promise("M24")
def test_a_changed_mapping_runs_set_again_over_all_rows_and_sum_not() -> None:
    # given
    seen = left_by(planned(goal_of(NAME, SPEND)))
    # when
    made = planned(goal_of(replace(NAME, strategy=Strategy.SET_IF_EMPTY), SPEND), seen)
    # then
    assert made.known_rows_again
    assert fresh_only(made) == {"name": False, "spend": True}


@pytest.mark.promise("M27")
def test_a_sum_that_is_new_runs_over_all_rows_beside_one_that_is_not() -> None:
    # given
    seen = left_by(planned(goal_of(SPEND)))
    # when
    made = planned(goal_of(SPEND, CDS), seen)
    # then
    assert fresh_only(made) == {"spend": True, "cds": False}
    assert [COLUMNS[column] for column in made.known_by or ()] == ["id", "value"]
    assert sorted(COLUMNS[column] for column in made.remember_by) == ["count", "id", "value"]


@pytest.mark.promise("M24")
def test_a_sum_taken_out_and_put_back_is_refused() -> None:
    # given: rows came while the sum was out
    first = planned(goal_of(NAME, SPEND))
    without = planned(goal_of(NAME), left_by(first))
    assert without.lapsed_sums == first.sums
    # and it stays so over further imports
    later = planned(goal_of(NAME, CDS), left_by(without))
    # when, then
    for seen in (left_by(without), left_by(later)):
        with pytest.raises(MendData, match="The sum of value into spend was taken out and put back"):
            planned(goal_of(NAME, SPEND), seen)


def test_a_sum_into_another_property_is_another_sum() -> None:
    # given
    without = planned(goal_of(NAME), left_by(planned(goal_of(NAME, SPEND))))
    # when
    made = planned(goal_of(NAME, replace(SPEND, property="spend again")), left_by(without))
    # then
    assert fresh_only(made)["spend again"] is False


@pytest.mark.fault(80)
def test_a_column_that_the_goal_needs_is_named_when_it_is_gone() -> None:
    with pytest.raises(MendData, match="has no column name; it has id, value") as caught:
        planned(goal_of(NAME, SPEND), columns=("id", "value"))
    assert "Nothing was changed" in str(caught.value)


@pytest.mark.fault(80)
def test_a_column_by_which_rows_were_known_may_not_go_while_sums_depend_on_it() -> None:
    # given: the name is not mapped any more, and then leaves the file
    seen = left_by(planned(goal_of(NAME, SPEND)))
    # when, then
    with pytest.raises(MendData, match="no longer has the column name"):
        planned(goal_of(SPEND), seen, ("id", "value"))


def test_without_sums_such_a_column_may_go_and_all_rows_run_again() -> None:
    # given
    seen = left_by(planned(goal_of(NAME, replace(CDS, strategy=Strategy.SET))))
    # when
    made = planned(goal_of(NAME), seen, ("id", "name"))
    # then
    assert made.known_by is None


@pytest.mark.fault(79)
def test_a_reordered_header_is_read_by_name() -> None:
    # given
    goal = goal_of(NAME, SPEND)
    seen = left_by(planned(goal))
    # when
    made = planned(goal, seen, ("value", "more", "name", "id"))
    # then: the same names in the same order, wherever they stand
    assert (made.links[0].column, [fill.column for fill in made.fills]) == (3, [2, 0])
    assert made.known_by == made.remember_by == (3, 2, 0)
    assert not made.known_rows_again


@pytest.mark.promise("M27")
@pytest.mark.parametrize(
    "change",
    [
        {"create_profiles": False},
        {"format": FileFormat(separator=";")},
        {"identifiers": (Identifier("name", "customer_id"),)},
        {"mappings": (SPEND,)},
        {"mappings": (NAME, replace(SPEND, property="other"))},
        {"mappings": (NAME, replace(SPEND, strategy=Strategy.SET))},
    ],
)
def test_what_can_change_a_row_changes_the_fingerprint(change: dict[str, object]) -> None:
    goal = goal_of(NAME, SPEND)
    assert plan.fingerprint(replace(goal, **change)) != plan.fingerprint(goal)  # type: ignore[arg-type]


@pytest.mark.parametrize("change", [{"folder": "/other"}, {"files": "*.txt"}, {"version": 2}, {"is_on": False}])
def test_where_files_lie_does_not_change_the_fingerprint(change: dict[str, object]) -> None:
    goal = goal_of(NAME, SPEND)
    assert plan.fingerprint(replace(goal, **change)) == plan.fingerprint(goal)  # type: ignore[arg-type]


def test_another_identifier_makes_another_sum() -> None:
    # given: sums went to the profiles that the identifier pointed to
    goal = goal_of(SPEND)
    # when
    other = replace(goal, identifiers=(Identifier("name", "customer_id"),))
    # then
    assert plan.sum_fingerprint(goal, SPEND) != plan.sum_fingerprint(other, SPEND)
