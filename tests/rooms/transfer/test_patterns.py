"""The wildcard of the product, against its rules and against a reference matcher."""

from functools import cache

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.transfer import patterns
from storage.records.files import Listing, RemoteFile


@pytest.mark.parametrize(
    ("pattern", "name", "is_match", "reason"),
    [
        pytest.param("audiences_*.csv", "audiences_1.csv", True, "matches", marks=pytest.mark.promise("P01")),
        pytest.param("audiences_*.csv", "audiences_.csv", True, "* may be empty", marks=pytest.mark.promise("P01")),
        pytest.param("*", "anything at all", True, "matches", marks=pytest.mark.promise("P01")),
        pytest.param(
            "Conversions_202?_*.csv", "Conversions_2022_01.csv", True, "matches", marks=pytest.mark.promise("P02")
        ),
        pytest.param(
            "Conversions_202?_*.csv",
            "Conversions_202_01.csv",
            False,
            "does not match",
            marks=pytest.mark.promise("P02"),
        ),
        pytest.param("a[1].csv", "a[1].csv", True, "matches", marks=pytest.mark.promise("P03")),
        pytest.param("a[1].csv", "a1.csv", False, "does not match", marks=pytest.mark.promise("P03")),
        pytest.param("a.csv", "axcsv", False, "does not match", marks=pytest.mark.promise("P03")),
        pytest.param("a+{1,2}|b^$\\.csv", "a+{1,2}|b^$\\.csv", True, "matches", marks=pytest.mark.promise("P03")),
        pytest.param("a.csv", "ba.csv", False, "does not match", marks=pytest.mark.promise("P04")),
        pytest.param("a.csv", "a.csv.old", False, "does not match", marks=pytest.mark.promise("P04")),
        pytest.param("audiences_*.csv", "Audiences_1.csv", False, "capital A", marks=pytest.mark.promise("P04")),
        pytest.param("*.csv", "a.CSV", False, "capital C", marks=pytest.mark.promise("P04")),
        pytest.param("Big*.csv", "big.csv", False, "small b", marks=pytest.mark.promise("P04")),
        pytest.param("*", "receipt_a.csv", False, "reserved name", marks=pytest.mark.promise("P05")),
        pytest.param("result_*", "result_a.csv", False, "reserved name", marks=pytest.mark.promise("P05")),
        pytest.param("*", "Receipt_a.csv", False, "reserved name"),
        pytest.param("*", "my_receipt_a.csv", True, "matches", marks=pytest.mark.promise("P05")),
        pytest.param("", "", True, "matches"),
        pytest.param("", "a", False, "does not match"),
        pytest.param("?", "é", True, "matches"),
    ],
)
@pytest.mark.fault(53)
def test_pattern_judges_a_name_and_says_why(pattern: str, name: str, is_match: bool, reason: str) -> None:  # noqa: FBT001
    assert patterns.explain(pattern, name) == patterns.Verdict(is_match, reason)
    assert patterns.matches(pattern, name) is is_match


def _reference(pattern: str, name: str) -> bool:
    """The rules word for word, by recursion."""

    @cache
    def rest(place: int, at: int) -> bool:
        if place == len(pattern):
            return at == len(name)
        if pattern[place] == "*":
            return rest(place + 1, at) or (at < len(name) and rest(place, at + 1))
        return at < len(name) and pattern[place] in ("?", name[at]) and rest(place + 1, at + 1)

    return rest(0, 0) and not name.lower().startswith(("receipt_", "result_"))


@pytest.mark.fault(53)
@settings(max_examples=400, deadline=None, derandomize=True)
@given(pattern=st.text(alphabet="aAb.[]*?", max_size=10), name=st.text(alphabet="aAb.[]*?", max_size=12))
def test_pattern_agrees_with_the_rules_word_for_word(pattern: str, name: str) -> None:
    verdict = patterns.explain(pattern, name)
    assert verdict.is_match == _reference(pattern, name)
    assert verdict.is_match == (verdict.reason in ("matches", "* may be empty"))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(pattern=st.text(alphabet="aAbB*?", max_size=8), name=st.text(alphabet="aAbB", max_size=8))
def test_a_letter_is_blamed_only_where_its_case_alone_is_wrong(pattern: str, name: str) -> None:
    reason = patterns.explain(pattern, name).reason
    differs_in_case = not _reference(pattern, name) and _reference(pattern.lower(), name.lower())
    assert reason.startswith(("capital ", "small ")) == differs_in_case


@pytest.mark.timeout(10)
def test_a_wicked_pattern_is_judged_at_once() -> None:
    assert not patterns.matches("*a" * 2_000 + "b", "a" * 4_000)


@pytest.mark.promise("P05")
def test_every_name_of_a_listing_is_taken_or_has_a_reason() -> None:
    # given
    files = tuple(RemoteFile(name, 1, None) for name in ("a.csv", "receipt_a.csv", "B.csv", "b.txt"))
    listing = Listing(files=files, not_taken=(("folder", "a folder"),))
    # when
    chosen = patterns.choose(listing, "*.csv")
    # then
    assert [file.name for file in chosen.files] == ["a.csv", "B.csv"]
    assert chosen.not_taken == (("folder", "a folder"), ("receipt_a.csv", "reserved name"), ("b.txt", "does not match"))
