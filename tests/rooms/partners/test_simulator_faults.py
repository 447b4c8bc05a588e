"""Each fault of the simulator as the real client meets it: what came over the wire, what was applied, what it means."""

import json
import math
import urllib.error
from typing import Any

import pytest

from engine.partners import answers, catalog
from engine.partners.simulator import Simulator
from storage.records.deliveries import Answer, Verdict
from storage.records.partners import SignalKind
from tests.fakes.partner import PARTNER, ask, call_partner, given

TEN = [f"c-{number}" for number in range(10)]
CALL_MS_MAX = 3_300
BOTH = pytest.mark.parametrize("kind", list(SignalKind))


def meet(
    simulator: Simulator, fault: Any, kind: SignalKind = SignalKind.ADD, before: list[str] | None = None
) -> tuple[Answer, Verdict]:
    """Order a fault and tell the partner of ten; return the answer and what it means."""
    entries = given(simulator.base_url())
    if before:
        call_partner(entries, SignalKind.ADD, before)
    simulator.set_faults(fault)
    answer = call_partner(entries, kind, TEN)[0]
    simulator.set_faults([])
    return answer, answers.judge(catalog.manifest_of(PARTNER), kind, answer, len(TEN))


def named(verdict: Verdict) -> list[tuple[str, str, int]]:
    return [(problem.category.value, problem.code, problem.count) for problem in verdict.problems]


@BOTH
@pytest.mark.promise("Q08")
@pytest.mark.fault(102)
def test_an_answer_after_3_5_s_is_a_timeout_at_3_s(simulator: Simulator, kind: SignalKind) -> None:
    # given / when
    answer, verdict = meet(simulator, {"kind": "slow", "delay_s": 3.5}, kind)
    # then
    assert named(verdict) == [("timeout", "", 10)]
    assert answer.fault == "No whole answer within 3 s."
    assert answer.took_ms <= CALL_MS_MAX


@pytest.mark.promise("Q08")
def test_the_time_for_a_call_can_be_set(simulator: Simulator) -> None:
    # given
    simulator.set_faults({"kind": "slow", "delay_s": 2})
    entries = given(simulator.base_url(), timeout_s="0.25")
    # when
    answer = call_partner(entries, SignalKind.ADD, TEN)[0]
    # then
    assert answer.fault == "No whole answer within 0.25 s."


@BOTH
@pytest.mark.promise("Q09")
@pytest.mark.fault(102)
def test_one_byte_a_second_ends_at_the_limit(simulator: Simulator, kind: SignalKind) -> None:
    # given / when
    answer, verdict = meet(simulator, {"kind": "drip", "bytes_per_s": 1}, kind)
    # then
    assert named(verdict) == [("timeout", "", 10)]
    assert answer.took_ms <= CALL_MS_MAX


def test_drops_that_come_fast_enough_are_a_whole_answer(simulator: Simulator) -> None:
    # given / when
    answer, verdict = meet(simulator, {"kind": "drip", "bytes_per_s": 10_000})
    # then
    assert answer.status == 200
    assert verdict.accepted == 10


@pytest.mark.parametrize("fault", [{"kind": "slow", "delay_s": 3.5}, {"kind": "reset", "after_apply": True}])
def test_an_answer_that_is_lost_was_applied(simulator: Simulator, fault: dict[str, Any]) -> None:
    # given / when
    _, verdict = meet(simulator, fault)
    # then
    assert verdict.accepted == 0
    assert verdict.may_repeat
    assert simulator.audiences() == {"123": TEN}


@BOTH
def test_a_reset_before_it_is_applied_changes_nothing_and_is_met_once(simulator: Simulator, kind: SignalKind) -> None:
    # given / when
    _, verdict = meet(simulator, {"kind": "reset", "calls": 1}, kind, before=["c-1"])
    # then
    assert named(verdict) == [("other", "connection reset", 10)]
    assert simulator.audiences() == {"123": ["c-1"]}
    assert simulator.requests()["count"] == 2


@pytest.mark.parametrize(
    ("fault", "category", "code"),
    [
        ({"kind": "status", "status": 401}, "invalid_credentials", "HTTP 401"),
        ({"kind": "status", "status": 403}, "invalid_credentials", "HTTP 403"),
        ({"kind": "status", "status": 500}, "other", "HTTP 500"),
        ({"kind": "status", "status": 429}, "other", "HTTP 429"),
        ({"kind": "error", "code": 190, "subcode": 463}, "invalid_credentials", "190/463"),
        ({"kind": "error", "code": 100, "subcode": 33}, "partner_code", "100/33"),
        ({"kind": "error", "code": 2, "status": 503}, "partner_code", "2"),
        ({"kind": "limit", "minutes": 2}, "partner_code", "80003"),
    ],
)
@BOTH
def test_an_error_is_not_applied_and_is_told_by_its_category(
    simulator: Simulator, kind: SignalKind, fault: dict[str, Any], category: str, code: str
) -> None:
    # given / when
    _, verdict = meet(simulator, fault, kind, before=["c-1"])
    # then
    assert named(verdict) == [(category, code, 10)]
    assert verdict.accepted == 0
    assert simulator.audiences() == {"123": ["c-1"]}


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "error", "code": 2650, "status": 200},
        {"kind": "html"},
        {"kind": "empty"},
        {"kind": "status", "status": 200, "text": '{"num_received": 10}', "content_type": "text/html"},
        {"kind": "status", "status": 200, "text": "taken", "content_type": "application/json"},
    ],
)
@BOTH
def test_a_200_that_is_no_success_counts_nobody(simulator: Simulator, kind: SignalKind, fault: dict[str, Any]) -> None:
    # given / when
    answer, verdict = meet(simulator, fault, kind)
    # then
    assert answer.status == 200
    assert verdict.accepted == 0
    assert sum(problem.count for problem in verdict.problems) == 10
    assert simulator.audiences() == {}


@BOTH
@pytest.mark.parametrize("choice", [{"identifiers": ["c-2", "c-5", "c-7"]}, {"count": 3}])
def test_three_of_ten_are_refused_by_name_and_seven_taken(
    simulator: Simulator, kind: SignalKind, choice: dict[str, Any]
) -> None:
    # given
    refused = choice.get("identifiers", TEN[:3])
    rest = [one for one in TEN if one not in refused]
    # when
    _, verdict = meet(simulator, {"kind": "partial", **choice}, kind, before=TEN if kind is SignalKind.REMOVE else None)
    # then
    assert verdict.accepted == 7
    assert named(verdict) == [("partner_code", "INVALID_ENTRIES", 3)]
    assert set(verdict.problems[0].identifiers) & set(TEN) == set(refused)
    assert simulator.audiences() == {"123": rest if kind is SignalKind.ADD else refused}


def test_refused_ones_may_stay_without_names(simulator: Simulator) -> None:
    # given / when
    _, verdict = meet(simulator, {"kind": "partial", "count": 3, "named": False})
    # then
    assert (verdict.accepted, verdict.problems[0].count, verdict.problems[0].identifiers) == (7, 3, ())


@pytest.mark.parametrize(("asked", "seconds"), [(7, 7.0), (-3, -3.0), ("soon", None), (None, None)])
@pytest.mark.parametrize("fault", [{"kind": "status", "status": 429}, {"kind": "limit"}])
def test_a_partner_asks_to_wait(simulator: Simulator, fault: dict[str, Any], asked: Any, seconds: float | None) -> None:
    # given / when
    _, verdict = meet(simulator, fault | {"retry_after": asked})
    # then
    assert verdict.is_limited
    assert verdict.retry_after_s == seconds


def test_a_date_to_wait_for_is_held_against_the_partners_own_clock(simulator: Simulator) -> None:
    # given / when
    _, verdict = meet(simulator, {"kind": "limit", "retry_after": "Fri, 01 Jan 2100 00:00:00 GMT"})
    # then
    assert verdict.retry_after_s is not None
    assert math.isfinite(verdict.retry_after_s)
    assert verdict.retry_after_s > 0


def test_the_first_fault_with_calls_left_that_fits_takes_a_call(simulator: Simulator) -> None:
    # given
    simulator.set_faults(
        [
            {"kind": "status", "status": 501, "operation": "remove"},
            {"kind": "status", "status": 502, "audience": "9"},
            {"kind": "status", "status": 503, "calls": 2},
        ]
    )
    entries = given(simulator.base_url())
    # when
    adds = call_partner(entries, SignalKind.ADD, ["a"], ["b"], ["c"])
    removes = call_partner(entries, SignalKind.REMOVE, ["a"])
    others = call_partner(entries | {"audience_id": "9"}, SignalKind.ADD, ["a"])
    # then
    assert [answer.status for answer in adds] == [503, 503, 200]
    assert (removes[0].status, others[0].status) == (501, 502)
    assert [fault["status"] for fault in ask(f"{simulator.base_url()}/_faults")] == [501, 502]
    assert [one["fault"] for one in simulator.requests()["last"]] == ["status", "status", None, "status", "status"]


@pytest.mark.parametrize(
    "wanted",
    [
        {"kind": "late"},
        {"delay_s": 1},
        ["slow"],
        "slow",
        7,
        {"kind": "slow"},
        {"kind": "slow", "delay_s": -1},
        {"kind": "slow", "delay_s": "1"},
        {"kind": "slow", "delay_s": True},
        {"kind": "status"},
        {"kind": "status", "status": 99},
        {"kind": "status", "status": 200, "delay_s": 1},
        {"kind": "error", "code": "190"},
        {"kind": "empty", "calls": 0},
        {"kind": "empty", "calls": 1.5},
        {"kind": "empty", "operation": "test"},
        {"kind": "empty", "audience": 123},
        {"kind": "partial", "identifiers": [1]},
    ],
)
def test_what_is_no_fault_is_refused_and_leaves_the_faults_as_they_were(simulator: Simulator, wanted: Any) -> None:
    # given
    simulator.set_faults({"kind": "empty"})
    address = f"{simulator.base_url()}/_faults"
    # when
    with pytest.raises(urllib.error.HTTPError) as refused:
        ask(address, "PUT", json.dumps(wanted).encode())
    # then
    with refused.value as error:
        assert error.code == 400
        assert json.load(error)["error"].endswith(".")
    assert [fault["kind"] for fault in ask(address)] == ["empty"]
