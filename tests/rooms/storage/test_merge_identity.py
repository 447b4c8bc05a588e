"""Whose row it is, row by row: who decides, what follows, what is filled, and what a rejected row is told."""

import pytest

from storage.records.goals import MatchRule
from storage.tables.merge_identity import Census, Conflict, Values
from tests.fakes.matching import plan_of

MAYA: Values = ("M1", "maya@a.example", None)
NOA: Values = ("M2", "noa@a.example", "22")
PROFILES = [(48291, MAYA), (51002, NOA)]


def census(rule: MatchRule, *, creates: bool = True, profiles: list[tuple[int, Values]] = PROFILES) -> Census:
    """Return a census of member_no (customer_id), email and phone; ids of new profiles begin at 1,000,000."""
    return Census(plan_of(3, rule, creates=creates), profiles)


@pytest.mark.promise("M13")
@pytest.mark.parametrize("rule", MatchRule)
def test_a_row_of_two_profiles_is_rejected_with_both_named_and_changes_nothing(rule: MatchRule) -> None:
    # given
    people = census(rule)
    # when
    found = people.take(2, ("M1", "noa@a.example", "33"))
    # then
    sentence = "member_no says profile 48291, email says profile 51002"
    assert found == Conflict(2, 1, "noa@a.example", sentence)
    assert people.values == {48291: list(MAYA), 51002: list(NOA)}


@pytest.mark.promise("M13")
@pytest.mark.parametrize("rule", MatchRule)
def test_a_profile_made_in_the_same_file_is_named_by_its_line(rule: MatchRule) -> None:
    # given
    people = census(rule)
    made = people.take(1204, ("M3", None, None))
    # when
    found = people.take(1300, ("M3", "maya@a.example", "22"))
    # then
    assert made == 1_001_204
    assert people.is_made(1_001_204)
    sentence = "member_no says the profile of line 1,204, email says profile 48291, phone says profile 51002"
    assert found == Conflict(1300, 1, "maya@a.example", sentence)


@pytest.mark.promise("M13")
def test_in_order_a_profile_follows_the_row_below_the_identifier_that_decides() -> None:
    # given
    people = census(MatchRule.IN_ORDER)
    # when: the phone is new, the e-mail another one; then the old e-mail comes alone
    outcomes = [people.take(2, ("M1", "maya@b.example", "11")), people.take(3, (None, "maya@a.example", None))]
    # then: the old e-mail is nobody's any more
    assert outcomes == [48291, 1_000_003]
    assert people.values[48291] == ["M1", "maya@b.example", "11"]
    assert people.values[1_000_003] == [None, "maya@a.example", None]


@pytest.mark.promise("M13")
def test_in_order_a_row_is_rejected_where_an_identifier_above_has_another_value_and_no_value_is_told() -> None:
    # given
    people = census(MatchRule.IN_ORDER)
    # when
    found = people.take(2, ("M9", None, "22"))
    # then
    assert found == Conflict(2, 0, "M9", "phone says profile 51002, which has another customer_id")
    assert people.values[51002] == list(NOA)


@pytest.mark.promise("M13")
def test_any_leaves_what_a_profile_has_and_fills_what_it_has_not() -> None:
    # given
    people = census(MatchRule.ANY)
    # when
    outcomes = [people.take(2, ("M9", "maya@a.example", "11")), people.take(3, ("M9", None, None))]
    # then: M9 was not taken in, so it is nobody's
    assert outcomes == [48291, 1_000_003]
    assert people.values[48291] == ["M1", "maya@a.example", "11"]


@pytest.mark.promise("M13")
@pytest.mark.parametrize("rule", MatchRule)
def test_an_empty_identifier_is_filled_even_above_the_one_that_decides(rule: MatchRule) -> None:
    # given
    people = census(rule, profiles=[(7, (None, "maya@a.example", None))])
    # when
    outcomes = [people.take(2, ("M1", "maya@a.example", None)), people.take(3, ("M1", None, "11"))]
    # then
    assert outcomes == [7, 7]
    assert people.values == {7: ["M1", "maya@a.example", "11"]}


@pytest.mark.promise("M14")
@pytest.mark.promise("M15")
@pytest.mark.parametrize(("creates", "found"), [(True, 1_000_002), (False, None)])
def test_a_row_that_finds_nobody_makes_a_profile_only_where_that_is_allowed(
    *, creates: bool, found: int | None
) -> None:
    people = census(MatchRule.IN_ORDER, creates=creates)

    assert people.take(2, ("M3", None, "33")) == found
    assert people.take(3, (None, None, "33")) == found
