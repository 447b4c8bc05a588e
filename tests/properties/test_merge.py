"""Any sequence of imports gives the profiles and counts that the rulings give, and every ledger balances."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.base.errors import MendData
from storage.records.goals import ImportGoal, Mapping, PropertyType, Strategy, ValueFormat
from storage.records.runs import RunCounts
from storage.tables.merges import SumWouldMiss
from tests.fakes.merging import Merger, goal_of
from tests.properties.merge_model import Model, RefusedError

COLUMNS = ("id", "name", "count", "value", "day")
# Each may stand in a configuration or not. Two goals fill the same properties.
OPTIONAL = (
    Mapping("day", "first", PropertyType.DATE, Strategy.SET_IF_EMPTY, "%Y%m%d"),
    Mapping("name", "name", PropertyType.TEXT, Strategy.SET),
    Mapping("count", "total", PropertyType.INTEGER, Strategy.SUM),
    Mapping("value", "spend", PropertyType.DECIMAL, Strategy.SUM),
    Mapping("value", "last_value", PropertyType.DECIMAL, Strategy.SET),
    Mapping("name", "names", PropertyType.LIST, Strategy.ADD),
    Mapping("count", "last_count", PropertyType.INTEGER, Strategy.SET, clears=True),
)
PROPERTIES = ("customer_id", "first", "name", "total", "spend", "last_value", "names", "last_count")

ROWS = st.lists(
    st.tuples(
        st.sampled_from(("1", "2", "01", "3", "")),
        st.sampled_from(("x", "y", "x|z", "")),
        st.sampled_from(("1", "-2", "", "x")),
        st.sampled_from(("0.5", "7", "")),
        st.sampled_from(("20260101", "20260102", "", "20261301")),
    ),
    min_size=1,
    max_size=5,
)


@dataclass(frozen=True)
class Step:
    """One import: by which goal, with which configuration, of which file, holding which rows; how it is compared."""

    goal: ImportGoal
    file_name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    unread: int
    compares_later: bool


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """Sequences of imports: rows come again, grow and go; a mapping is taken out or put in; two goals, two files."""
    optional = [mapping for mapping in OPTIONAL if draw(st.sampled_from((True, True, False)))]
    creates = draw(st.sampled_from((True, True, False)))
    columns: tuple[str, ...] = COLUMNS
    found: list[Step] = []
    for _ in range(draw(st.integers(2, 5))):
        compares_later = draw(st.booleans())
        change = draw(st.sampled_from(("rows", "rows", "mapping", "creation", "header")))
        if change == "mapping":
            optional = sorted({*optional} ^ {draw(st.sampled_from(OPTIONAL))}, key=OPTIONAL.index)
        elif change == "creation":
            creates = not creates
        elif change == "header":
            columns = tuple(draw(st.permutations(COLUMNS)))
        goal_id, file_name = draw(st.sampled_from((("one", "a.csv"),) * 4 + (("one", "b.csv"), ("two", "a.csv"))))
        plain = goal_of(*optional, create_profiles=creates, goal_id=goal_id)
        goal = replace(plain, values=ValueFormat(multi_value="|"))
        old = found[-1].rows[draw(st.integers(0, 1)) :] if found else ()
        found.append(Step(goal, file_name, columns, (*old, *draw(ROWS)), draw(st.integers(0, 1)), compares_later))
    return found


@pytest.fixture(scope="module")
def merger(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Merger]:
    with Merger(tmp_path_factory.mktemp("merge")) as made:
        yield made


def take(merger: Merger, step: Step) -> RunCounts:
    """Import as the step says."""
    merger.compares_later = step.compares_later
    return merger.take(step.goal, step.columns, texts(step), step.file_name, step.unread)


def texts(step: Step) -> list[tuple[str, ...]]:
    """Return the rows in the file's own order of columns."""
    places = [COLUMNS.index(name) for name in step.columns]
    return [tuple(row[place] for place in places) for row in step.rows]


def held(merger: Merger) -> dict[str, dict[str, Any]]:
    """Return the profiles, empty properties too."""
    return {key: {name: profile.get(name) for name in PROPERTIES} for key, profile in merger.held().items()}


def outcomes(counts: RunCounts) -> int:
    """Return how many rows have an outcome."""
    return counts.applied + counts.unchanged + sum(counts.skipped.values()) + counts.rejected


@pytest.mark.promise("Z06")
@pytest.mark.promise("M20")
@pytest.mark.promise("M21")
@pytest.mark.promise("M23")
@pytest.mark.promise("M27")
@pytest.mark.promise("M28")
@pytest.mark.promise("H02")
@pytest.mark.fault(97)
@pytest.mark.fault(98)
@settings(max_examples=30)
@given(sequence=steps())
def test_any_sequence_of_imports_gives_what_the_rulings_give(merger: Merger, sequence: list[Step]) -> None:
    # given
    merger.wipe()
    model = Model()
    for step in sequence:
        rows = [dict(zip(COLUMNS, row, strict=True)) for row in step.rows]
        # when
        try:
            expected = model.take(step.goal, rows, step.file_name, step.unread)
        except RefusedError:
            with pytest.raises((MendData, SumWouldMiss)):
                take(merger, step)
            continue
        counts = take(merger, step)
        # then
        assert counts == expected
        assert outcomes(counts) == counts.read == len(rows) + step.unread
        assert held(merger) == {
            key: {name: profile.get(name) for name in PROPERTIES} for key, profile in model.profiles.items()
        }
        assert (
            len({(item.file_name, item.line) for item in merger.rejects()}) == len(merger.rejects()) == counts.rejected
        )


@pytest.mark.promise("M24")
@pytest.mark.promise("M26")
@settings(max_examples=10)
@given(sequence=steps())
def test_the_same_import_again_changes_nothing(merger: Merger, sequence: list[Step]) -> None:
    # given
    merger.wipe()
    taken = None
    for step in sequence:
        try:
            taken = (step, take(merger, step))
        except (MendData, SumWouldMiss):
            continue
    assert taken is not None
    step, first = taken
    before = held(merger)
    # when
    again = take(merger, step)
    # then: rows that were left out or rejected are so again, all others are known
    assert held(merger) == before
    assert (again.applied, again.created, again.updated) == (0, 0, 0)
    assert again.skipped == first.skipped
    assert outcomes(again) == again.read


@pytest.mark.promise("Z17")
@settings(max_examples=15)
@given(sequence=steps())
def test_the_last_import_taken_back_leaves_what_was_before_it(merger: Merger, sequence: list[Step]) -> None:
    # given
    merger.wipe()
    before: list[object] = []
    run_id = ""
    for step in sequence:
        state = everything(merger)
        try:
            take(merger, step)
        except (MendData, SumWouldMiss):
            continue
        before, run_id = state, merger.run_id
    # when
    merger.take_back(run_id)
    # then
    assert everything(merger) == before


def everything(merger: Merger) -> list[object]:
    """Return profiles, rows that imports remember, and how they know them; what was never imported has no rows."""
    with merger.database.read() as cursor:
        remembered = cursor.execute("SELECT * FROM dat.import_row ORDER BY ALL").fetchall()
        known = cursor.execute(
            """SELECT goal_id, file_name, sums, lapsed_sums, hash_columns FROM dat.file_seen s
            WHERE (goal_id, file_name) IN (SELECT (goal_id, file_name) FROM dat.import_row) ORDER BY ALL"""
        ).fetchall()
    return [held(merger), remembered, known]
