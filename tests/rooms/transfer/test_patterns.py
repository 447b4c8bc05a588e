"""The wildcard of the product, against its rules and against a reference matcher."""

from functools import cache

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from engine.transfer import patterns
from storage.records.files import Listing, RemoteFile
from storage.records.goals import PatternKind


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
        pytest.param("", "a", True, "matches"),
        pytest.param("", "result_a", False, "reserved name", marks=pytest.mark.promise("P06")),
        pytest.param("*", "RESULT_a.csv", False, "reserved name", marks=pytest.mark.promise("P06")),
        pytest.param("a*.csv", "mended_a1.csv", True, "matches"),
        pytest.param("a*.csv", "Mended_mended_a1.csv", True, "matches"),
        pytest.param("a*.csv", "mended_b1.csv", False, "does not match"),
        pytest.param("*", "mended_result_a.csv", False, "reserved name"),
        pytest.param("m*_", "mended_", True, "matches"),
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
    assume(pattern)  # none at all takes every name
    verdict = patterns.explain(pattern, name)
    assert verdict.is_match == _reference(pattern, name)
    assert verdict.is_match == (verdict.reason in ("matches", "* may be empty"))


@settings(max_examples=400, deadline=None, derandomize=True)
@given(pattern=st.text(alphabet="aAbB*?", max_size=8), name=st.text(alphabet="aAbB", max_size=8))
def test_a_letter_is_blamed_only_where_its_case_alone_is_wrong(pattern: str, name: str) -> None:
    assume(pattern)
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


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("pattern", "name", "is_match"),
    [
        (r"audiences_\d{4}\.csv", "audiences_2026.csv", True),
        (r"audiences_\d{4}\.csv", "old_audiences_2026.csv", False),
        (r"audiences_\d{4}\.csv", "audiences_2026.csv.old", False),
        (r"a|ab", "ab", True),
        (r"(?i)a.*\.CSV", "A1.csv", True),
        (r"A.*", "a1.csv", False),
        (r"^a$", "a", True),
        (r"\p{L}+", "é", True),
        (r".*", "result_a.csv", False),
        (r"a\d", "mended_a1", True),
        (r".", "\ud800", False),
    ],
)
def test_a_regular_expression_judges_the_whole_name(pattern: str, name: str, is_match: bool) -> None:  # noqa: FBT001
    assert patterns.matches(pattern, name, PatternKind.REGEX) is is_match


@pytest.mark.promise("P12")
@pytest.mark.timeout(5)
def test_a_wicked_expression_is_judged_at_once() -> None:
    for pattern in (r"^(a+)+$", r"(a|a)*b", r"(a?){40}a{40}", r"(.*)*(.*)*(.*)*x"):
        assert patterns.matches(pattern, "a" * 40 + "!", PatternKind.REGEX) is False
        patterns.matches(pattern, "a" * 100_000, PatternKind.REGEX)


@pytest.mark.promise("P11")
@pytest.mark.parametrize(
    ("pattern", "said"),
    [
        ("a(?=b)", "Look-around such as (?=...) is not available"),
        ("(?<!a)b", "Look-around such as (?<!...) is not available"),
        (r"(a)\1", r"Going back to an earlier group with \1 is not available"),
        ("a{5000}", "The repetition {5000} is too large"),
        ("a(", "cannot be read (missing ) at a()"),
        ("[a", "cannot be read"),
        ("*", "cannot be read"),
        ("a" * 1_001, "at most 1,000 characters"),
        ("a\nb", "without control characters"),
        ("\ud800", "without control characters"),
    ],
)
def test_an_expression_that_cannot_be_used_is_told_in_one_sentence(
    pattern: str, said: str, capfd: pytest.CaptureFixture[str]
) -> None:
    problem = patterns.problem(pattern, PatternKind.REGEX)
    assert problem is not None
    assert said in problem
    assert problem.endswith(".")
    assert capfd.readouterr() == ("", "")


def test_patterns_that_can_be_used_have_no_problem() -> None:
    assert patterns.problem("a[(*.csv") is None
    assert patterns.problem("") is None
    assert patterns.problem(r"a\d+\.csv", PatternKind.REGEX) is None
    assert "take the / out" in str(patterns.problem("folder/*.csv"))


@pytest.mark.promise("W15")
def test_five_names_get_their_verdicts() -> None:
    names = ["Conversions_2026_01.csv", "Conversions_202_01.csv", "conversions_2026_01.csv", "result_a.csv", "a.csv"]
    verdicts = [patterns.explain("Conversions_202?_*.csv", name) for name in names]
    assert [(verdict.is_match, verdict.reason) for verdict in verdicts] == [
        (True, "matches"),
        (False, "does not match"),
        (False, "small c"),
        (False, "reserved name"),
        (False, "does not match"),
    ]


def test_who_sends_a_reserved_name_learns_what_to_do() -> None:
    assert "mended_" in str(patterns.hint("result_a.csv_errors.csv.gz"))
    assert "another name" in str(patterns.hint("Receipt_a.txt"))
    assert patterns.hint("mended_a.csv") is None


@pytest.mark.promise("P07")
@pytest.mark.promise("P08")
@pytest.mark.promise("Z01")
@pytest.mark.parametrize(
    ("names", "taken", "ignored", "said"),
    [
        (["a.csv", "a2.csv"], ("a.csv", "a2.csv"), (), None),
        (["a.csv", "receipt_a.csv"], ("a.csv",), (("receipt_a.csv", "reserved name"),), None),
        (
            ["a.csv", "b.csv"],
            (),
            (("a.csv", "another attachment does not match"), ("b.csv", "does not match")),
            "The attachment b.csv does not match a*.csv, so the whole mail was ignored",
        ),
        (
            ["a.csv", "B.csv", "c.csv"],
            (),
            (("a.csv", "another attachment does not match"), ("B.csv", "does not match"), ("c.csv", "does not match")),
            "B.csv does not match a*.csv (1 more does not either)",
        ),
        (["A.csv"], (), (("A.csv", "capital A"),), "A.csv does not match a*.csv (capital A)"),
        (["result_a.csv"], (), (("result_a.csv", "reserved name"),), "no attachment beside reserved names"),
        ([], (), (), "The mail has no attachment, so nothing was taken."),
    ],
)
def test_a_mail_is_taken_whole_or_not_at_all(
    names: list[str], taken: tuple[str, ...], ignored: tuple[tuple[str, str], ...], said: str | None
) -> None:
    verdict = patterns.mail_verdict("a*.csv", PatternKind.WILDCARD, names)
    assert (verdict.taken, verdict.ignored) == (taken, ignored)
    assert verdict.why_not is None if said is None else said in str(verdict.why_not)
