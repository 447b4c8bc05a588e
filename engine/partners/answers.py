"""Judges partners' answers: what was taken, what was not and why; pure. Never counts as sent what is not said so."""

import json
import re
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Any

from engine.base import limits
from engine.partners import meanings
from engine.partners.manifest import AnswerForm, ErrorRule, Manifest
from engine.partners.meanings import likely_cause, meaning, what_next
from storage.records.deliveries import Answer, DeliveryCategory, Problem, Verdict
from storage.records.partners import SignalKind

__all__ = ["judge", "judge_test", "likely_cause", "meaning", "what_next"]

_OK, _OK_END = 200, 300
_REDIRECT_END = 400
_CREDENTIALS = (401, 403)
_LIMITED = 429
_SERVER_BROKE = 500
_PASSING = (408,)
_OAUTH_REFUSED = ("invalid_grant", "invalid_client", "unauthorized_client")
"""What a sign-in by OAuth answers where it refuses us (RFC 6749, 5.2)."""


def judge(manifest: Manifest, kind: SignalKind, answer: Answer, size: int) -> Verdict:
    """Return what an answer to a batch means; accepted and the problems' counts make up its size.

    The identifiers of a problem are all strings that the answer names, reasons among them: who asks keeps those that
    were sent.

    Args:
        manifest: Of the partner that answered.
        kind: What the batch's signals say.
        answer: As the client brought it.
        size: Profiles in the batch.
    """
    body, refused = _read(manifest, answer, size)
    return _counted(manifest, kind, body, size) if refused is None else refused


def judge_test(manifest: Manifest, answer: Answer) -> Problem | None:
    """Return what is wrong after the call of the Test button, or None where the partner knows the account."""
    _, refused = _read(manifest, answer, 1)
    return refused.problems[0] if refused else None


def _read(manifest: Manifest, answer: Answer, size: int) -> tuple[dict[str, Any], Verdict | None]:
    """Return the object of a good answer, or what a bad one means for all of the batch."""
    if answer.fault is not None or answer.status is None:
        category = DeliveryCategory.TIMEOUT if answer.is_timeout else DeliveryCategory.OTHER
        problem = Problem(category, answer.fault_code, answer.fault or "No answer came.", size)
        return {}, Verdict(0, (problem,), may_repeat=answer.fault_code not in meanings.LASTING_FAULTS)
    text = answer.text if answer.body is None else answer.body
    body = _parsed(text)
    said = body if isinstance(body, dict) else {}
    code = _code(manifest.answer, said)
    if code or not _OK <= answer.status < _OK_END:
        return {}, _refused(manifest, answer, said, code, size)
    if isinstance(body, dict) and body and _is_json(answer):
        return body, None
    own = "EMPTY_ANSWER" if not text.strip() else "NOT_JSON" if body is None or not _is_json(answer) else "BAD_ANSWER"
    return {}, _own(manifest, own, size)


def _refused(manifest: Manifest, answer: Answer, said: dict[str, Any], code: str, size: int) -> Verdict:
    status = answer.status or 0
    rule = meanings.rule_of(manifest, code)
    is_limited = status == _LIMITED or bool(rule and rule.is_limited)
    if rule is not None:
        category = rule.category
    elif status in _CREDENTIALS or code in _OAUTH_REFUSED:
        category = DeliveryCategory.INVALID_CREDENTIALS
    elif code and manifest.reports_codes:
        category = DeliveryCategory.PARTNER_CODE
    else:
        category = DeliveryCategory.OTHER
    shown = code or f"HTTP {status}"
    problem = Problem(category, shown, _sentence(manifest, rule, category, shown, said), size)
    is_credentials = category is DeliveryCategory.INVALID_CREDENTIALS and not is_limited
    is_passing = status >= _SERVER_BROKE or status in _PASSING
    return Verdict(
        0,
        (problem,),
        may_repeat=not is_credentials and (rule.may_repeat if rule else is_passing),
        is_credentials=is_credentials,
        is_limited=is_limited,
        retry_after_s=_wait_s(manifest.answer, answer, is_limited=is_limited),
    )


def _sentence(
    manifest: Manifest, rule: ErrorRule | None, category: DeliveryCategory, code: str, said: dict[str, Any]
) -> str:
    """Say what happened in one sentence; the partner's own words where the manifest knows none."""
    if rule is not None:
        return f"{rule.meaning.removesuffix('.')} (code {code})."
    message = " ".join(_text_at(said, manifest.answer.message).split()).removesuffix(".")[
        : limits.PARTNER_MESSAGE_CHARACTERS_MAX
    ]
    if message:
        return f"{manifest.short_name} answered {code}: {message}."
    return meanings.meaning(manifest, category.value, code)


def _own(manifest: Manifest, code: str, size: int) -> Verdict:
    sentence = meanings.meaning(manifest, DeliveryCategory.OTHER.value, code)
    return Verdict(0, (Problem(DeliveryCategory.OTHER, code, sentence, size),))


def _counted(manifest: Manifest, kind: SignalKind, body: dict[str, Any], size: int) -> Verdict:
    """Judge the counts of an answer without an error."""
    received = _at(body, manifest.answer.received)
    invalid = _at(body, manifest.answer.invalid) if manifest.answer.invalid else 0
    invalid = 0 if invalid is None else invalid
    if not (_is_count(received) and _is_count(invalid) and invalid <= received <= size):
        return _own(manifest, "BAD_ANSWER", size)
    problems = []
    if invalid:
        named = _strings(_at(body, manifest.answer.samples)) if invalid < size else set()
        sentence = (
            f"{manifest.short_name} took {invalid:,} of {size:,} profiles to {kind.value} for invalid "
            "(code INVALID_ENTRIES)."
        )
        problems.append(
            Problem(DeliveryCategory.PARTNER_CODE, "INVALID_ENTRIES", sentence, invalid, tuple(sorted(named)))
        )
    if received < size:
        sentence = f"{manifest.short_name} received {received:,} of {size:,} profiles to {kind.value}."
        problems.append(Problem(DeliveryCategory.OTHER, "NOT_RECEIVED", sentence, size - received))
    return Verdict(received - invalid, tuple(problems))


def _is_json(answer: Answer) -> bool:
    """Say whether an answer calls itself JSON, by one of the names that are in use for it, or says nothing."""
    named = answer.headers.get("content-type", "")
    return not named or "json" in named or "javascript" in named


def _is_count(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _strings(value: Any) -> set[str]:
    """Return all strings in a value: partners name the invalid ones as keys or as values; who calls knows which."""
    if isinstance(value, str):
        return {value}
    if isinstance(value, dict):
        return set(value) | {text for item in value.values() for text in _strings(item)}
    if isinstance(value, list):
        return {text for item in value for text in _strings(item)}
    return set()


def _code(form: AnswerForm, said: dict[str, Any]) -> str:
    code, subcode = _text_at(said, form.code), _text_at(said, form.subcode)
    if said.get("error") in _OAUTH_REFUSED:
        return str(said["error"])
    return f"{code}/{subcode}" if code and subcode and subcode != "0" else code


def _wait_s(form: AnswerForm, answer: Answer, *, is_limited: bool) -> float | None:
    """Return how long the partner asks us to wait, unclamped: by Retry-After, else by its own header."""
    asked = (answer.retry_after or "").strip()
    if asked:
        return _retry_after_s(asked, answer.headers.get("date"))
    usage = answer.headers.get(form.wait_header.lower()) if form.wait_header and is_limited else None
    waits = _numbers_under(_parsed(usage or ""), form.wait_key)
    return max(waits) * form.wait_unit_s if waits else None


def _retry_after_s(asked: str, answered_at: str | None) -> float | None:
    """Read Retry-After: seconds, or a date that is held against the answer's own date (RFC 9110, 10.2.3)."""
    if re.fullmatch(r"-?[0-9]+", asked):
        # As text straight to a float: one too large for any number becomes infinity, and who reads it clamps it.
        return float(asked)
    try:
        until = parsedate_to_datetime(asked)
        now = parsedate_to_datetime(answered_at) if answered_at else datetime.now(UTC)
        return (until.astimezone(UTC) - now.astimezone(UTC)).total_seconds()
    except (ValueError, OverflowError):
        return None


def _numbers_under(value: Any, key: str) -> list[float]:
    if isinstance(value, dict):
        said = value.get(key)
        is_number = isinstance(said, (int, float)) and not isinstance(said, bool) and said > 0
        own = [float(str(said))] if is_number else []
        return own + [number for item in value.values() for number in _numbers_under(item, key)]
    if isinstance(value, list):
        return [number for item in value for number in _numbers_under(item, key)]
    return []


def _parsed(text: str) -> Any:
    """Return what JSON text says; None where it is none, or nested beyond reason."""
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        return None


def _at(value: Any, path: str) -> Any:
    for key in path.split("."):
        value = value.get(key) if isinstance(value, dict) else None
    return value


def _text_at(value: Any, path: str) -> str:
    found = _at(value, path) if path else None
    return str(found) if isinstance(found, (str, int)) and not isinstance(found, bool) else ""
