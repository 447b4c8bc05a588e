"""What follows an answer: final, another try and when, or the end of the account's sending."""

from datetime import datetime, timedelta
from itertools import product

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.base import limits
from engine.outbox.retry import Decision, decide
from storage.records.deliveries import BatchState, DeliveryCategory, Next, Problem, Verdict

NOW = datetime(2026, 11, 21, 12)
TRIES_MAX = 1 + len(limits.RETRY_WAITS_S)


def problem(category: DeliveryCategory = DeliveryCategory.OTHER, count: int = 10) -> Problem:
    return Problem(category, "", "It went wrong.", count)


PASSING = Verdict(0, (problem(),), may_repeat=True)
LASTING = Verdict(0, (problem(),))
REFUSED = Verdict(0, (problem(DeliveryCategory.INVALID_CREDENTIALS),), is_credentials=True)
LATE = Verdict(0, (problem(DeliveryCategory.TIMEOUT),), may_repeat=True)


def after(verdict: Verdict, tries: int, *, safe: bool = True, timeout: bool = False) -> Decision:
    return decide(verdict, tries, NOW, repeat_is_safe=safe, is_timeout=timeout)


def test_what_was_taken_whole_is_sent_whatever_the_number_of_tries() -> None:
    for tries in (1, TRIES_MAX, 50):
        assert after(Verdict(10), tries) == Decision(Next.FINAL, BatchState.SENT)


def test_a_passing_fault_is_tried_again_after_growing_waits_and_then_ends() -> None:
    waits = [after(PASSING, tries) for tries in range(1, TRIES_MAX)]
    assert [decision.next for decision in waits] == [Next.AGAIN] * len(limits.RETRY_WAITS_S)
    assert [decision.at for decision in waits] == [NOW + timedelta(seconds=wait_s) for wait_s in limits.RETRY_WAITS_S]
    assert not any(decision.is_try_given_back or decision.waits_for_partner for decision in waits)
    assert after(PASSING, TRIES_MAX) == after(PASSING, 99) == Decision(Next.FINAL, BatchState.FAILED)


def test_a_lasting_fault_ends_at_once_and_a_partial_answer_too() -> None:
    assert after(LASTING, 1) == Decision(Next.FINAL, BatchState.FAILED)
    assert after(Verdict(7, (problem(count=3),)), 1) == Decision(Next.FINAL, BatchState.FAILED)


def test_refused_credentials_are_tried_twice_while_the_whole_account_waits_and_then_stop_it() -> None:
    again = after(REFUSED, 1)
    assert (again.next, again.waits_for_partner, again.is_try_given_back) == (Next.AGAIN, True, False)
    assert after(REFUSED, limits.CREDENTIAL_TRIES_MAX) == Decision(Next.STOP, BatchState.FAILED)
    assert after(REFUSED, 99) == Decision(Next.STOP, BatchState.FAILED)


def test_where_a_repeat_might_do_harm_nothing_is_sent_again_by_itself() -> None:
    assert after(LATE, 1, safe=False, timeout=True) == Decision(Next.FINAL, BatchState.UNKNOWN)
    assert after(PASSING, 1, safe=False) == Decision(Next.FINAL, BatchState.FAILED)
    assert after(LATE, 1, timeout=True).next is Next.AGAIN


@pytest.mark.parametrize(
    ("asked_s", "wait_s"),
    [
        (None, limits.PARTNER_WAIT_S),
        (0.0, limits.PARTNER_WAIT_S_MIN),
        (-86_400.0, limits.PARTNER_WAIT_S_MIN),
        (42.0, 42.0),
        (10 * 365 * 86_400.0, limits.PARTNER_WAIT_S_MAX),
        (float("inf"), limits.PARTNER_WAIT_S_MAX),
        (float("nan"), limits.PARTNER_WAIT_S),
    ],
)
def test_a_rate_limit_uses_no_try_and_its_wait_is_brought_into_bounds(asked_s: float | None, wait_s: float) -> None:
    limited = Verdict(0, (problem(),), is_limited=True, retry_after_s=asked_s)
    for tries in (1, 99):
        assert after(limited, tries) == Decision(
            Next.AGAIN, at=NOW + timedelta(seconds=wait_s), is_try_given_back=True, waits_for_partner=True
        )


@given(
    retry_after_s=st.none() | st.floats(),
    tries=st.integers(1, 10_000),
    marks=st.tuples(*[st.booleans()] * 5),
)
def test_no_wait_is_in_the_past_or_longer_than_an_hour_and_every_batch_ends(
    retry_after_s: float | None, tries: int, marks: tuple[bool, ...]
) -> None:
    # given
    may_repeat, is_credentials, is_limited, safe, timeout = marks
    verdict = Verdict(0, (problem(),), may_repeat, is_credentials, is_limited, retry_after_s)
    # when
    decision = after(verdict, tries, safe=safe, timeout=timeout)
    # then
    if decision.next is Next.AGAIN:
        assert decision.at is not None
        assert NOW < decision.at <= NOW + timedelta(seconds=limits.PARTNER_WAIT_S_MAX)
        assert decision.is_try_given_back or tries < TRIES_MAX
    else:
        assert decision.state in {BatchState.FAILED, BatchState.UNKNOWN}


def test_only_a_limit_lasts_for_ever() -> None:
    for may_repeat, is_credentials, safe, timeout in product((True, False), repeat=4):
        verdict = Verdict(0, (problem(),), may_repeat, is_credentials)
        assert after(verdict, TRIES_MAX, safe=safe, timeout=timeout).next is not Next.AGAIN
