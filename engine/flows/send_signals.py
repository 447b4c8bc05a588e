"""Sends signals to partners: claim a batch, write the call down, make it, write what came of it (fault row 100).

The call lies outside any transaction. Whatever ends the process in between, the batch is found on the wire at the
next start and goes again, where the manifest says that a repeat is harmless; nothing is lost.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, datetime, timedelta

from engine.base import clock, errors, ids, limits, log
from engine.flows import sealing
from engine.flows.desk import Desk
from engine.outbox import retry
from engine.outbox.retry import Decision
from engine.partners import answers, catalog, requests
from engine.partners import settings as partner_settings
from engine.partners.manifest import Manifest
from storage.database import Cursor
from storage.records.deliveries import (
    Answer,
    Batch,
    BatchState,
    Claim,
    DayCount,
    DeliveryCategory,
    Failure,
    Next,
    Problem,
    Verdict,
)
from storage.records.partners import Configuration, ConfigurationState, SignalKind
from storage.tables import batches, configurations, deliveries


def take_back(desk: Desk) -> None:
    """Free what an earlier process of this home had on the wire; called once, under the home's lease."""
    with desk.database.write("ctl") as cursor:
        for batch in batches.calling(cursor):
            _free(cursor, batch)


def _free(cursor: Cursor, batch: Batch) -> None:
    """Let a batch go again whose call was cut off; where a repeat might do harm its outcome stays unknown (ruling 1).

    The try is given back: a service that is killed often loses no message by it.
    """
    configuration = _known(cursor, batch.configuration_id)
    if catalog.manifest_of(configuration.partner).repeat_is_safe:
        batches.try_again(cursor, batch.batch_id, clock.now(), is_try_given_back=True)
        return
    sentence = "Handoff was stopped in mid-call; the partner may have done it."
    problem = Problem(DeliveryCategory.TIMEOUT, "", sentence, batch.size)
    _keep_end(cursor, batch, Answer(None, "", 0, fault=sentence), Verdict(0, (problem,)), BatchState.UNKNOWN)


def claim(desk: Desk, owner: str, held: frozenset[str]) -> list[Claim]:
    """Make the batches of new waves, and take those that may go now; their calls are written down.

    Args:
        desk: The open home.
        owner: Who takes them.
        held: Batches that this owner is calling for already; a clock that jumps does not make them free.
    """
    now = clock.now()
    latest = _latest(now)
    with desk.database.read() as cursor:
        if not batches.has_due(cursor, now, latest):
            return []
    with desk.database.write("ctl") as cursor:
        for wave in batches.unmade(cursor):
            batches.make(cursor, wave)
        for batch in batches.lapsed(cursor, now, latest, sorted(held)):
            _free(cursor, batch)
        found = [Claim(batch, ids.ulid()) for batch in batches.due(cursor, now, latest, limits.CALLS_AT_ONCE_MAX)]
        for taken in found:
            until = now + timedelta(seconds=limits.CALL_LEASE_S)
            batches.claim(cursor, taken.batch.batch_id, owner, taken.delivery_id, until)
            deliveries.begin(cursor, taken, now)
    return found


def prepare(desk: Desk, taken: Claim) -> tuple[requests.Call, float] | None:
    """Return the call of a claimed batch, and how long it may take in seconds; None where it must not go any more.

    Raises:
        HandoffError: The configuration's secrets do not open, or its settings make no call.
    """
    batch = taken.batch
    with desk.database.read() as cursor:
        configuration = _known(cursor, batch.configuration_id)
        if configuration.state is not ConfigurationState.ACTIVE:
            return None
        secrets = _opened(desk, cursor, configuration)
        manifest = catalog.manifest_of(configuration.partner)
        is_nested = "{nested}" in (manifest.calls[batch.kind].payload or "")
        rows = batches.rows_of(cursor, batch.batch_id, is_nested=is_nested)
    given = {**configuration.settings, **secrets}
    flat, nested = ("", rows) if is_nested else (rows, "")
    call = requests.build(manifest, batch.kind, given, flat, nested)
    return call, partner_settings.deadline_s(manifest, given)


def _opened(desk: Desk, cursor: Cursor, configuration: Configuration) -> dict[str, str]:
    try:
        return sealing.of_configuration(desk, cursor, configuration.configuration_id)
    except errors.MendCredentials as error:
        sentence = f"The stored secrets of {configuration.name} do not open with this home's key; enter them again."
        raise errors.MendCredentials(sentence) from error


def let_go(desk: Desk, taken: Claim, stopped_reason: str | None = None) -> None:
    """Put a claimed batch back that was not called for.

    Args:
        desk: The open home.
        taken: The batch; nothing happens where it is not this claim's any more.
        stopped_reason: Why its configuration cannot be called at all: it is stopped, and all that waits is held.
    """
    with desk.database.write("ctl") as cursor:
        if not batches.is_mine(cursor, taken.batch.batch_id, taken.delivery_id):
            return
        if stopped_reason is not None:
            _stop(cursor, _known(cursor, taken.batch.configuration_id), stopped_reason)
        batches.try_again(cursor, taken.batch.batch_id, clock.now(), is_try_given_back=True)
        deliveries.forget(cursor, taken.delivery_id)


def settle(desk: Desk, taken: Claim, answer: Answer) -> Decision | None:
    """Write what came of a call: state, statistics and failures in one transaction; None where it was not ours.

    Raises:
        StorageFault: It cannot be written; the batch stays on the wire.
    """
    batch = replace(taken.batch, tries=taken.batch.tries + 1)
    with desk.database.write("ctl") as cursor:
        if not batches.is_mine(cursor, batch.batch_id, taken.delivery_id):
            return None
        configuration = _known(cursor, batch.configuration_id)
        manifest = catalog.manifest_of(configuration.partner)
        verdict = _with_known_names(cursor, batch, answers.judge(manifest, batch.kind, answer, batch.size))
        decision = _decide(configuration, manifest, batch, answer, verdict)
        _write(cursor, replace(taken, batch=batch), answer, verdict, decision)
        if decision.next is Next.STOP:
            _stop(cursor, configuration, verdict.problems[0].sentence)
    return decision


def _decide(
    configuration: Configuration, manifest: Manifest, batch: Batch, answer: Answer, verdict: Verdict
) -> Decision:
    if verdict.is_credentials and configuration.state is not ConfigurationState.ACTIVE:
        # Another batch of the account was refused for good already: this one is held with the rest, not burnt.
        return Decision(Next.AGAIN, at=clock.now(), is_try_given_back=True)
    return retry.decide(
        verdict,
        batch.tries,
        clock.now(),
        repeat_is_safe=manifest.repeat_is_safe,
        is_timeout=answer.is_timeout,
    )


def give_up(desk: Desk, taken: Claim, sentence: str) -> None:
    """End a claimed batch that a fault of ours keeps from being sent, so that it blocks no other; people may replay.

    Raises:
        StorageFault: It cannot be written; the batch stays on the wire.
    """
    batch = replace(taken.batch, tries=taken.batch.tries + 1)
    answer = Answer(None, "", 0, fault=sentence)
    verdict = Verdict(0, (Problem(DeliveryCategory.OTHER, "", sentence, batch.size),))
    with desk.database.write("ctl") as cursor:
        if batches.is_mine(cursor, batch.batch_id, taken.delivery_id):
            decision = Decision(Next.FINAL, BatchState.FAILED)
            _write(cursor, replace(taken, batch=batch), answer, verdict, decision)


def _stop(cursor: Cursor, configuration: Configuration, reason: str) -> None:
    if configuration.state is ConfigurationState.ACTIVE:
        configuration_id = configuration.configuration_id
        configurations.set_state(cursor, configuration_id, ConfigurationState.STOPPED, reason, clock.now())
        batches.hold(cursor, configuration_id)
        log.logger(__name__).warning("configuration %s is stopped", configuration_id)


def _write(cursor: Cursor, taken: Claim, answer: Answer, verdict: Verdict, decision: Decision) -> None:
    """Write an answer and what follows from it; the batch counts this call as a try."""
    batch = taken.batch
    first = verdict.problems[0] if verdict.problems else None
    deliveries.answered(
        cursor, taken.delivery_id, answer, (first.category, first.code, first.sentence) if first else None
    )
    if decision.next is Next.AGAIN and decision.at is not None:
        batches.try_again(cursor, batch.batch_id, decision.at, is_try_given_back=decision.is_try_given_back)
        if decision.waits_for_partner:
            _wait_until(cursor, batch.configuration_id, decision.at)
        return
    _keep_end(cursor, batch, answer, verdict, decision.state or BatchState.FAILED)


def _wait_until(cursor: Cursor, configuration_id: str, at: datetime) -> None:
    """Let an account wait; of the answers to calls side by side, the one that asks for longest counts."""
    asked = configurations.waits_until(cursor, configuration_id)
    if asked is None or not at < asked <= _latest(clock.now()):
        configurations.wait_until(cursor, configuration_id, at)


def _latest(now: datetime) -> datetime:
    """Return how late a wait can be over that was written now; one beyond was written before the clock was set back."""
    return now + timedelta(seconds=limits.PARTNER_WAIT_S_MAX)


def _keep_end(cursor: Cursor, batch: Batch, answer: Answer, verdict: Verdict, state: BatchState) -> None:
    """End a batch with its counts, each message once, on the day of its final answer (ruling 16)."""
    now = clock.now()
    batches.end(cursor, batch.batch_id, state, now)
    deliveries.add_counts(cursor, _counts(cursor, batch, verdict, now.date()))
    for problem in verdict.problems:
        failure = Failure(
            failure_id=ids.ulid(),
            batch_id=batch.batch_id,
            configuration_id=batch.configuration_id,
            activation_id=batch.activation_id,
            kind=batch.kind,
            day=now.date(),
            category=problem.category,
            code=problem.code,
            sentence=problem.sentence,
            status=answer.status,
            answer=answer.text,
            took_ms=answer.took_ms,
            tries=batch.tries,
            count=problem.count,
            recovered=0,
            is_whole_batch=not problem.identifiers,
            is_replayed=False,
            failed_at=now,
        )
        deliveries.add_failure(cursor, failure, problem.identifiers)


def _counts(cursor: Cursor, batch: Batch, verdict: Verdict, day: date) -> Iterator[DayCount]:
    if verdict.accepted:
        category = DeliveryCategory.SENT if batch.kind is SignalKind.ADD else DeliveryCategory.REMOVED
        yield DayCount(day, batch.configuration_id, category, "", verdict.accepted)
        yield from deliveries.recover(cursor, batch, verdict.accepted)
    for problem in verdict.problems:
        yield DayCount(day, batch.configuration_id, problem.category, problem.code, problem.count)


def _with_known_names(cursor: Cursor, batch: Batch, verdict: Verdict) -> Verdict:
    """Keep of the names in an answer those that we sent; where they are not all, the rest is a problem of its own."""
    if not any(problem.identifiers for problem in verdict.problems):
        return verdict
    sent = set(batches.identifiers_of(cursor, batch.batch_id))
    problems: list[Problem] = []
    for problem in verdict.problems:
        named = tuple(sorted(set(problem.identifiers) & sent))[: problem.count]
        rest = problem.count - len(named)
        problems += [replace(problem, count=len(named), identifiers=named)] if named else []
        problems += [replace(problem, count=rest, identifiers=())] if rest else []
    return replace(verdict, problems=tuple(problems))


def _known(cursor: Cursor, configuration_id: str) -> Configuration:
    configuration = configurations.by_id(cursor, configuration_id, with_deleted=True)
    if configuration is None:
        raise LookupError(configuration_id)
    return configuration
