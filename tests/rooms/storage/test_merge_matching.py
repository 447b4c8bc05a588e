"""Rows find their profiles in SQL, all at once, where their order says nothing; the others take their turn."""

from collections.abc import Iterator

import pytest

from storage.records.goals import MatchRule
from storage.tables.merge_identity import Census
from tests.fakes.matching import Found, Matching, Values, plan_of

HELD: dict[int, Values] = {1: ("M1", "maya@a.example"), 2: ("M2", None), 3: (None, "noa@a.example")}


@pytest.fixture(scope="module")
def matching(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Matching]:
    with Matching(tmp_path_factory.mktemp("matching")) as made:
        yield made


def refuse(_self: Census, line: int, _given: Values) -> None:
    pytest.fail(f"line {line} takes a turn")


@pytest.mark.promise("M13")
@pytest.mark.parametrize("rule", MatchRule)
def test_rows_that_do_not_contradict_each_other_are_placed_without_taking_turns(
    matching: Matching, monkeypatch: pytest.MonkeyPatch, rule: MatchRule
) -> None:
    # given: known, filled, and new profiles, some rows without an e-mail, some twice
    monkeypatch.setattr(Census, "take", refuse)
    rows: dict[int, Values] = {
        2: ("M1", None),
        3: ("M1", "maya@a.example"),
        4: ("M2", "ben@a.example"),
        5: ("M2", None),
        6: ("M3", "noa@a.example"),
        7: ("M4", None),
        8: ("M4", "ada@a.example"),
        9: ("M4", "ada@a.example"),
        10: (None, "eve@a.example"),
    }
    # when
    found = matching.take(plan_of(2, rule), HELD, rows)
    # then
    assert found == Found(
        matched={2: 1, 3: 1, 4: 2, 5: 2, 6: 3, 7: 1_000_007, 8: 1_000_007, 9: 1_000_007, 10: 1_000_010},
        identified={
            1: ("M1", "maya@a.example"),
            2: ("M2", "ben@a.example"),
            3: ("M3", "noa@a.example"),
            1_000_007: ("M4", "ada@a.example"),
            1_000_010: (None, "eve@a.example"),
        },
        conflicts={},
    )


@pytest.mark.promise("M13")
def test_rows_that_contradict_each_other_are_taken_in_the_order_of_the_file(matching: Matching) -> None:
    # given: the e-mail moves on twice; a profile made in line 6 and one that is there meet in line 7
    rows: dict[int, Values] = {
        2: ("M1", "one@b.example"),
        3: (None, "maya@a.example"),
        4: ("M1", "two@b.example"),
        5: (None, "one@b.example"),
        6: ("M6", None),
        7: ("M6", "noa@a.example"),
    }
    # when
    found = matching.take(plan_of(2, MatchRule.IN_ORDER), HELD, rows)
    # then
    assert found == Found(
        matched={2: 1, 3: 1_000_003, 4: 1, 5: 1_000_005, 6: 1_000_006},
        identified={
            1: ("M1", "two@b.example"),
            1_000_003: (None, "maya@a.example"),
            1_000_005: (None, "one@b.example"),
            1_000_006: ("M6", None),
        },
        conflicts={7: (1, "noa@a.example", "member_no says the profile of line 6, email says profile 3")},
    )


@pytest.mark.promise("M15")
def test_without_creation_a_row_that_finds_nobody_is_neither_matched_nor_rejected(matching: Matching) -> None:
    # given: line 4 brings the e-mail by which line 5 finds its profile, line 3 came too early
    rows: dict[int, Values] = {
        2: ("M9", None),
        3: (None, "ben@a.example"),
        4: ("M2", "ben@a.example"),
        5: (None, "ben@a.example"),
        6: (None, None),
    }
    # when
    found = matching.take(plan_of(2, MatchRule.ANY, creates=False), HELD, rows)
    # then
    assert found == Found(matched={4: 2, 5: 2}, identified={2: ("M2", "ben@a.example")}, conflicts={})
