"""What answers mean: the counts of a success, faults on the way, waits, and what is said to people."""

import json
import math
from typing import Any

import pytest

from engine.partners import answers, catalog
from storage.records.deliveries import ERRORS, Answer, DeliveryCategory, Verdict
from storage.records.partners import SignalKind
from tests.fakes.partner import PARTNER

META = catalog.manifest_of(PARTNER)
DATE = "Sun, 06 Nov 1994 08:49:37 GMT"
JSON_TYPE = {"content-type": "application/json"}


def judged(body: Any, status: int = 200, size: int = 10, **more: Any) -> Verdict:
    text = body if isinstance(body, str) else json.dumps(body)
    return answers.judge(META, SignalKind.ADD, Answer(status, text, 5, **more), size)


def counts(received: Any, invalid: Any = 0, samples: Any = None) -> dict[str, Any]:
    return {"num_received": received, "num_invalid_entries": invalid, "invalid_entry_samples": samples}


def graph_error(code: Any, subcode: Any = None, message: str = "Words of Meta") -> dict[str, Any]:
    return {"error": {"message": message, "code": code, "error_subcode": subcode}}


def named(verdict: Verdict) -> list[tuple[str, str, int]]:
    return [(problem.category.value, problem.code, problem.count) for problem in verdict.problems]


@pytest.mark.parametrize("samples", [{"b": "bad", "c": "bad"}, {"bad": ["b", "c"]}, ["b", "c"], [{"bad": "b"}, "c", 7]])
def test_three_invalid_of_ten_are_named_in_whatever_shape(samples: Any) -> None:
    # given / when
    verdict = judged(counts(10, 3, samples))
    # then
    assert verdict.accepted == 7
    assert named(verdict) == [("partner_code", "INVALID_ENTRIES", 3)]
    assert {"b", "c"} <= set(verdict.problems[0].identifiers)


def test_invalid_ones_without_names_are_counted_all_the_same() -> None:
    # given / when
    verdict = judged({"num_received": 10, "num_invalid_entries": 10})
    # then
    assert (verdict.accepted, named(verdict)) == (0, [("partner_code", "INVALID_ENTRIES", 10)])
    assert verdict.problems[0].identifiers == ()


def test_what_was_invalid_and_what_did_not_arrive_are_two_problems() -> None:
    # given / when
    verdict = judged(counts(8, 3))
    # then
    assert verdict.accepted == 5
    assert named(verdict) == [("partner_code", "INVALID_ENTRIES", 3), ("other", "NOT_RECEIVED", 2)]


@pytest.mark.parametrize(
    "body",
    [
        counts(11),
        counts(-1),
        counts(10, 11),
        counts(10, -1),
        counts("10"),
        counts(10.0),
        counts(received=True),
        counts(10, "0"),
        counts(None),
        {"success": True},
        {"num_received": {"n": 10}},
        {},
        [],
        [10],
        "10",
        "true",
        "null",
        '{"num_received": 10',
        "",
        "   ",
        "<html>OK</html>",
        "[" * 100_000,
    ],
)
def test_an_answer_that_does_not_say_what_was_taken_counts_nothing_as_sent(body: Any) -> None:
    # given / when
    verdict = judged(body)
    # then
    assert verdict.accepted == 0
    assert [(category, count) for category, _, count in named(verdict)] == [("other", 10)]
    assert not verdict.may_repeat


def test_json_that_calls_itself_a_page_counts_nothing_as_sent() -> None:
    # given / when
    page, script = (judged(counts(10), headers={"content-type": kind}) for kind in ("text/html", "text/javascript"))
    # then
    assert named(page) == [("other", "NOT_JSON", 10)]
    assert script.accepted == 10


def test_the_whole_answer_is_judged_though_only_its_beginning_is_kept() -> None:
    # given
    whole = json.dumps(counts(10, 2, {f"c-{number}": "bad" for number in range(500)}))
    # when
    verdict = answers.judge(META, SignalKind.ADD, Answer(200, whole[:2_000], 5, body=whole), 10)
    # then
    assert verdict.accepted == 8


@pytest.mark.promise("Q07")
@pytest.mark.parametrize(
    ("status", "body"),
    [
        (401, "no"),
        (403, "no"),
        (401, graph_error(9_999)),
        (400, {"error": "invalid_grant", "error_description": "Token has been expired or revoked."}),
        (200, {"error": "invalid_grant"}),
        (400, graph_error(190, 463)),
        (400, graph_error(10)),
        (400, graph_error(250)),
    ],
)
def test_expired_and_insufficient_credentials_are_invalid_credentials(status: int, body: Any) -> None:
    # given / when
    verdict = judged(body, status)
    # then
    assert [category for category, _, _ in named(verdict)] == ["invalid_credentials"]
    assert verdict.is_credentials
    assert not verdict.may_repeat


@pytest.mark.parametrize(
    ("status", "may_repeat"), [(500, True), (503, True), (408, True), (400, False), (404, False), (302, False)]
)
def test_a_status_without_a_code_is_other_and_only_passing_ones_are_repeated(status: int, *, may_repeat: bool) -> None:
    # given / when
    verdict = judged("words", status)
    # then
    assert named(verdict) == [("other", f"HTTP {status}", 10)]
    assert verdict.may_repeat is may_repeat


def test_a_code_of_the_partner_is_told_with_its_subcode_and_the_partners_words() -> None:
    # given / when
    known, unknown = judged(graph_error(100, 33), 400), judged(graph_error(2_999, 0, "Something\nnew."), 400)
    # then
    assert named(known) == [("partner_code", "100/33", 10)]
    assert known.problems[0].sentence.endswith("(code 100/33).")
    assert named(unknown) == [("partner_code", "2999", 10)]
    assert unknown.problems[0].sentence == "Meta answered 2999: Something new."


def test_timeout_and_faults_of_the_network_may_be_repeated() -> None:
    # given
    slow = Answer(None, "", 3_000, "No whole answer within 3 s.", is_timeout=True)
    cut = Answer(None, "", 12, "The connection was cut before a whole answer came.", fault_code="connection reset")
    tls = Answer(None, "", 12, "host could not prove that it is host (TLS).", fault_code="TLS")
    # when
    found = [answers.judge(META, SignalKind.REMOVE, answer, 3) for answer in (slow, cut, tls)]
    # then
    assert [named(verdict)[0] for verdict in found] == [
        ("timeout", "", 3),
        ("other", "connection reset", 3),
        ("other", "TLS", 3),
    ]
    assert [verdict.may_repeat for verdict in found] == [True, True, False]


@pytest.mark.parametrize(
    ("asked", "seconds"),
    [
        ("7", 7.0),
        ("-5", -5.0),
        ("315360000", 315_360_000.0),
        ("Sun, 06 Nov 1994 08:50:07 GMT", 30.0),
        ("Sun, 06 Nov 1994 08:49:07 GMT", -30.0),
        ("Sun Nov  6 08:50:07 1994", 30.0),
        ("soon", None),
        ("", None),
        ("9" * 5_000, math.inf),
    ],
)
def test_retry_after_is_read_as_seconds_or_as_a_date(asked: str, seconds: float | None) -> None:
    # given / when
    verdict = judged("slow down", 429, retry_after=asked, headers={"date": DATE})
    # then
    assert verdict.is_limited
    assert verdict.retry_after_s == seconds


def test_meta_says_in_minutes_when_the_account_may_go_on() -> None:
    # given
    usage = {"1": [{"estimated_time_to_regain_access": 2}, {"estimated_time_to_regain_access": 0}]}
    headers = {"x-business-use-case-usage": json.dumps(usage)}
    # when
    limited = judged(graph_error(80_003), 400, headers=headers)
    taken = judged(counts(10), headers=headers | JSON_TYPE)
    # then
    assert (limited.is_limited, limited.retry_after_s) == (True, 120.0)
    assert (taken.accepted, taken.is_limited) == (10, False)


@pytest.mark.parametrize("usage", ["no json", "[]", '{"1": [{"estimated_time_to_regain_access": true}]}', '{"a": 1}'])
def test_a_wait_that_cannot_be_read_is_none(usage: str) -> None:
    assert judged(graph_error(4), 400, headers={"x-business-use-case-usage": usage}).retry_after_s is None


@pytest.mark.parametrize(
    ("category", "code"),
    [
        *[(error.value, "") for error in ERRORS],
        ("invalid_credentials", "190/463"),
        ("invalid_credentials", "190/999"),
        ("invalid_credentials", "HTTP 401"),
        ("partner_code", "80007"),
        ("partner_code", "999999"),
        ("partner_code", "INVALID_ENTRIES"),
        ("other", "HTTP 302"),
        ("other", "HTTP 404"),
        ("other", "HTTP 429"),
        ("other", "HTTP 503"),
        ("other", "connection reset"),
        ("other", "NOT_RECEIVED"),
        ("other", "something never seen"),
    ],
)
def test_every_error_has_a_meaning_a_cause_and_a_next_step(category: str, code: str) -> None:
    # given / when
    said = [tell(META, category, code) for tell in (answers.meaning, answers.likely_cause, answers.what_next)]
    # then
    for sentence in said:
        assert sentence.endswith(".")
        assert "{" not in sentence
        assert "please" not in sentence.lower()
    assert len(set(said)) == 3


def test_what_is_no_error_has_no_meaning() -> None:
    for category in (DeliveryCategory.SENT, DeliveryCategory.REMOVED, DeliveryCategory.WAITING):
        assert answers.meaning(META, category.value, "") == ""


def test_the_test_button_hears_what_is_wrong_or_nothing() -> None:
    # given
    fine = Answer(200, '{"id": "123", "name": "Audience 123"}', 5)
    refused = Answer(400, json.dumps(graph_error(190, 463)), 5)
    # when
    problem = answers.judge_test(META, refused)
    # then
    assert answers.judge_test(META, fine) is None
    assert problem is not None
    assert (problem.category, problem.code) == (DeliveryCategory.INVALID_CREDENTIALS, "190/463")
