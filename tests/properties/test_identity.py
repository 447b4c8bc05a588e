"""Rows find their profiles by several identifiers as if they were taken one by one, and identifiers stay unique."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from storage.records.goals import MatchRule
from storage.tables import merge_matching
from storage.tables.merge_identity import Census, Conflict
from tests.fakes.matching import PROPERTIES, Matching, Values, plan_of
from tests.properties.identity_model import Person, take

LINKS_MAX = len(PROPERTIES)
VALUES = st.sampled_from((None, "a", "b", "c", "d"))


@dataclass(frozen=True)
class Step:
    """One file: its identifiers, the configuration, and its rows by line."""

    links: int
    rule: MatchRule
    creates: bool
    rows: dict[int, Values]


@st.composite
def steps(draw: st.DrawFn) -> list[Step]:
    """Sequences of files whose rows collide at every turn."""
    found = []
    for _ in range(draw(st.integers(1, 4))):
        links = draw(st.sampled_from((1, 2, 2, 3, 3)))
        rows = draw(st.lists(st.tuples(*[VALUES] * links), min_size=1, max_size=7))
        rule, creates = draw(st.sampled_from(MatchRule)), draw(st.sampled_from((True, True, False)))
        found.append(Step(links, rule, creates, {3 * number: row for number, row in enumerate(rows, 1)}))
    return found


@pytest.fixture(scope="module")
def matching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matching]:
    with Matching(tmp_path_factory.mktemp("matching")) as made:
        yield made


def held(people: list[Person]) -> dict[int, Values]:
    """Return what the people's identifiers hold, and see that no two share one."""
    for column in zip(*(person.values for person in people), strict=True):
        values = [value for value in column if value is not None]
        assert len(values) == len(set(values)), "two profiles have one identifier"
    return {person.entity: tuple(person.values) for person in people}


def cut(people: list[Person], links: int) -> list[Person]:
    """Return the people as a file sees them that links by fewer identifiers."""
    return [Person(person.entity, f"profile {person.entity}", person.values[:links]) for person in people]


def kept(people: list[Person], seen: list[Person]) -> list[Person]:
    """Return the people after a file, with the identifiers that it does not know as they were."""
    before = {person.entity: person.values for person in people}
    empty: list[str | None] = [None] * LINKS_MAX
    return [
        Person(person.entity, person.name, person.values + before.get(person.entity, empty)[len(person.values) :])
        for person in seen
    ]


@pytest.mark.promise("M13")
@pytest.mark.promise("M14")
@pytest.mark.promise("M15")
@settings(max_examples=12)
@given(sequence=steps())
def test_any_sequence_of_files_finds_the_profiles_that_the_rule_says(matching: Matching, sequence: list[Step]) -> None:
    # given
    people: list[Person] = []
    for number, step in enumerate(sequence, 1):
        plan = plan_of(step.links, step.rule, number, creates=step.creates)
        seen = cut(people, step.links)
        before, good = held(seen), {line: row for line, row in step.rows.items() if any(row)}
        expected = take(seen, good, step.rule, plan.profile_id_base if step.creates else None)
        # when
        found = matching.take(plan, before, step.rows)
        # then
        assert found.matched == expected.matched
        assert found.identified == {
            person.entity: tuple(person.values) for person in seen if person.entity in expected.matched.values()
        }
        assert {line: item[:2] for line, item in found.conflicts.items()} == {
            line: item[:2] for line, item in expected.rejected.items()
        }
        for line, (_, _, names) in expected.rejected.items():
            assert all(name in found.conflicts[line][2] for name in names)
        people = kept(people, seen)
    held(people)


@pytest.mark.promise("M13")
@settings(max_examples=100)
@given(sequence=steps())
def test_the_rule_row_by_row_is_what_its_words_say(sequence: list[Step]) -> None:
    people: list[Person] = []
    for number, step in enumerate(sequence, 1):
        # given
        plan = plan_of(step.links, step.rule, number, creates=step.creates)
        seen = cut(people, step.links)
        census = Census(plan, [(person.entity, person.values) for person in seen])
        good = {line: row for line, row in step.rows.items() if any(row)}
        # when
        outcomes = {line: census.take(line, row) for line, row in good.items()}
        # then
        expected = take(seen, good, step.rule, plan.profile_id_base if step.creates else None)
        assert {line: found for line, found in outcomes.items() if isinstance(found, int)} == expected.matched
        assert {line: (found.link, found.value) for line, found in outcomes.items() if isinstance(found, Conflict)} == {
            line: item[:2] for line, item in expected.rejected.items()
        }
        assert {entity: tuple(values) for entity, values in census.values.items()} == {
            person.entity: tuple(person.values) for person in seen
        }
        people = kept(people, seen)


def cluster(draw: random.Random, links: int, number: int) -> tuple[list[Values], list[Values]]:
    """Return profiles and rows whose identifiers occur in no other cluster."""
    choices = (None, *(f"{number}-{letter}" for letter in "abc"[: draw.randint(1, 3)]))
    columns = [draw.sample([None, *choices], len(choices)) for _ in range(links)]
    profiles = [row for row in zip(*columns, strict=True) if any(row)][: draw.randint(0, 2)]
    rows = [tuple(draw.choice(choices) for _ in range(links)) for _ in range(draw.randint(1, 5))]
    return profiles, [row for row in rows if any(row)]


@pytest.mark.promise("M13")
@pytest.mark.parametrize("links", [2, 3])
@pytest.mark.parametrize("rule", MatchRule)
@pytest.mark.parametrize("creates", [True, False])
def test_small_groups_of_rows_in_one_large_file_do_not_disturb_each_other(
    matching: Matching, monkeypatch: pytest.MonkeyPatch, links: int, rule: MatchRule, *, creates: bool
) -> None:
    # given: most of them are placed together, some one by one, in several turns
    monkeypatch.setattr(merge_matching, "_ROWS_AT_ONCE", 50)
    draw = random.Random(f"{links} {rule} {creates}")
    clusters = [cluster(draw, links, number) for number in range(400)]
    order = [number for number, (_, rows) in enumerate(clusters) for _ in rows]
    draw.shuffle(order)
    waiting = [iter(rows) for _, rows in clusters]
    lines = {line: (number, next(waiting[number])) for line, number in enumerate(order, 2)}
    people = [
        [Person(10 * number + place, f"profile {10 * number + place}", list(row)) for place, row in enumerate(found)]
        for number, (found, _) in enumerate(clusters)
    ]
    plan = plan_of(links, rule, creates=creates)
    profiles = held([person for group in people for person in group])
    # when
    found = matching.take(plan, profiles, {line: row for line, (_, row) in lines.items()})
    # then
    matched: dict[int, int] = {}
    identified: dict[int, Values] = {}
    rejected: dict[int, tuple[int, str | None]] = {}
    for number, group in enumerate(people):
        rows = {line: row for line, (place, row) in lines.items() if place == number}
        answer = take(group, rows, rule, plan.profile_id_base if creates else None)
        matched |= answer.matched
        rejected |= {line: item[:2] for line, item in answer.rejected.items()}
        identified |= {person.entity: tuple(person.values) for person in group}
    assert found.matched == matched
    assert found.identified == {entity: identified[entity] for entity in matched.values()}
    assert {line: item[:2] for line, item in found.conflicts.items()} == rejected
