"""Decides what follows an answer: final, another try and when, or stopping the configuration; pure."""

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from engine.base import limits
from storage.records.deliveries import BatchState, Next, Verdict


@dataclass(frozen=True)
class Decision:
    """What to do with a batch.

    state is its end where next is FINAL or STOP. at: when to try again (UTC). is_try_given_back: the try was none.
    waits_for_partner: the whole account waits until `at`, not this batch alone.
    """

    next: Next
    state: BatchState | None = None
    at: datetime | None = None
    is_try_given_back: bool = False
    waits_for_partner: bool = False


def decide(verdict: Verdict, tries: int, now: datetime, *, repeat_is_safe: bool, is_timeout: bool) -> Decision:
    """Return what follows an answer (rulings 1 and 16, requirements G13 and G14).

    Args:
        verdict: What the answer means.
        tries: Calls begun for this batch, this one included.
        now: UTC.
        repeat_is_safe: The manifest says that the same call twice does no harm.
        is_timeout: No whole answer came in time, so the partner may have done it.
    """
    if not verdict.problems:
        return Decision(Next.FINAL, BatchState.SENT)
    if verdict.is_limited:
        wait_s = _clamped(verdict.retry_after_s)
        at = now + timedelta(seconds=wait_s)
        return Decision(Next.AGAIN, at=at, is_try_given_back=True, waits_for_partner=True)
    if verdict.is_credentials:
        if tries < limits.CREDENTIAL_TRIES_MAX:
            # The whole account waits: other batches would be refused the same way, and count as tries to sign in.
            at = now + timedelta(seconds=limits.RETRY_WAITS_S[0])
            return Decision(Next.AGAIN, at=at, waits_for_partner=True)
        return Decision(Next.STOP, BatchState.FAILED)
    if is_timeout and not repeat_is_safe:
        return Decision(Next.FINAL, BatchState.UNKNOWN)
    if verdict.may_repeat and repeat_is_safe and tries <= len(limits.RETRY_WAITS_S):
        wait_s = max(limits.RETRY_WAITS_S[tries - 1], min(verdict.retry_after_s or 0.0, limits.PARTNER_WAIT_S_MAX))
        return Decision(Next.AGAIN, at=now + timedelta(seconds=wait_s))
    return Decision(Next.FINAL, BatchState.FAILED)


def _clamped(retry_after_s: float | None) -> float:
    """Bring what a partner asked for into bounds: none is the usual wait, the past is at once, ten years an hour."""
    if retry_after_s is None or math.isnan(retry_after_s):
        return limits.PARTNER_WAIT_S
    return min(max(retry_after_s, limits.PARTNER_WAIT_S_MIN), limits.PARTNER_WAIT_S_MAX)
