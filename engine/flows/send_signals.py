"""Sends signals to partners: claim a batch, write the call down, make it, write what came of it (fault row 100).

The call lies outside any transaction. Whatever ends the process in between, the batch is found on the wire at the
next start and goes again, where the manifest says that a repeat is harmless; nothing is lost.
"""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date, timedelta

from engine.base import clock, ids, limits, log
from engine.flows import queue, sealing
from engine.flows.desk import Desk
from engine.outbox import retry
from engine.outbox.retry import Decision
from engine.partners import answers, catalog, requests
from engine.partners import settings as partner_settings
from engine.partners.http import Client
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
from storage.tables import audiences, batches, configurations, deliveries


def take_back(desk: Desk) -> None:
    """Free what an earlier process of this home had on the wire; called once, under the home's lease.

    Where a repeat might do harm the outcome stays unknown, for a person to look at (ruling 1).
    """
    with desk.database.write("ctl") as cursor:
        for batch in batches.calling(cursor):
            configuration = configurations.by_id(cursor, batch.configuration_id, with_deleted=True)
            if configuration and catalog.manifest_of(configuration.partner).repeat_is_safe:
                batches.try_again(cursor, batch.batch_id, clock.now(), is_try_given_back=True)
            else:
                _end_unknown(cursor, batch)


def _end_unknown(cursor: Cursor, batch: Batch) -> None:
    sentence = "Handoff was stopped in mid-call; the partner may have done it."
    answer = Answer(None, "", 0, fault=sentence)
    problem = Problem(DeliveryCategory.TIMEOUT, "", sentence, batch.size)
    _keep_end(cursor, batch, answer, Verdict(0, (problem,)), BatchState.UNKNOWN)


def claim(desk: Desk, owner: str, held: frozenset[str]) -> list[Claim]:
    """Make the batches of new waves, and take those that may go now; their calls are written down.

    Args:
        desk: The open home.
        owner: Who takes them.
        held: Batches that this owner is calling for already.
    """
    now = clock.now()
    with desk.database.read() as cursor:
        if not batches.has_due(cursor, now):
            return []
    with desk.database.write("ctl") as cursor:
        for wave in batches.unmade(cursor):
            batches.make(cursor, wave)
        found = [
            Claim(batch, ids.ulid())
            for batch in batches.due(cursor, now, limits.CALLS_AT_ONCE_MAX, sorted(held))
            if batch.batch_id not in held
        ]
        for taken in found:
            until = now + timedelta(seconds=limits.CALL_LEASE_S)
            batches.claim(cursor, taken.batch.batch_id, owner, taken.delivery_id, until)
            deliveries.begin(cursor, taken, now)
    return found


def prepare(desk: Desk, taken: Claim) -> tuple[Manifest, requests.Call, float]:
    """Return the manifest of a claimed batch, its call, and how long that may take in seconds.

    Raises:
        HandoffError: The configuration is gone, or its secrets do not open.
    """
    batch = taken.batch
    with desk.database.read() as cursor:
        configuration = _known(cursor, batch.configuration_id)
        secrets = sealing.of_configuration(desk, cursor, batch.configuration_id)
        rows = batches.rows_of(cursor, batch.batch_id)
    manifest = catalog.manifest_of(configuration.partner)
    given = {**configuration.settings, **secrets}
    call = requests.build(manifest, batch.kind, given, rows.flat, rows.nested)
    return manifest, call, partner_settings.deadline_s(manifest, given)


async def make_call(client: Client, call: requests.Call, deadline_s: float) -> Answer:
    """Make the call; what goes wrong on the way is an answer too."""
    return await client.call(call, deadline_s)


def settle(desk: Desk, taken: Claim, answer: Answer) -> Decision | None:
    """Write what came of a call: state, statistics and failures in one transaction; None where it was not ours.

    Raises:
        StorageFault: It cannot be written; the batch stays on the wire and is taken up again.
    """
    batch = taken.batch
    with desk.database.write("ctl") as cursor:
        if not batches.is_mine(cursor, batch.batch_id, taken.delivery_id):
            return None
        configuration = _known(cursor, batch.configuration_id)
        manifest = catalog.manifest_of(configuration.partner)
        verdict = _with_known_names(cursor, batch, answers.judge(manifest, batch.kind, answer, batch.size))
        decision = retry.decide(
            verdict,
            batch.tries + 1,
            clock.now(),
            repeat_is_safe=manifest.repeat_is_safe,
            is_timeout=answer.is_timeout,
        )
        first = verdict.problems[0] if verdict.problems else None
        said = (first.category, first.code, first.sentence) if first else None
        deliveries.answered(cursor, taken.delivery_id, answer, said)
        _follow(cursor, replace(batch, tries=batch.tries + 1), answer, verdict, decision)
        if decision.next is Next.STOP and configuration.state is ConfigurationState.ACTIVE:
            reason = verdict.problems[0].sentence
            configurations.set_state(
                cursor, configuration.configuration_id, ConfigurationState.STOPPED, reason, clock.now()
            )
            batches.hold(cursor, configuration.configuration_id)
            log.logger(__name__).warning("configuration %s is stopped", configuration.configuration_id)
    return decision


def _follow(cursor: Cursor, batch: Batch, answer: Answer, verdict: Verdict, decision: Decision) -> None:
    if decision.next is Next.AGAIN and decision.at is not None:
        batches.try_again(cursor, batch.batch_id, decision.at, is_try_given_back=decision.is_try_given_back)
        if decision.waits_for_partner:
            configurations.wait_until(cursor, batch.configuration_id, decision.at)
        return
    _keep_end(cursor, batch, answer, verdict, decision.state or BatchState.FAILED)


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
        gained = deliveries.recover(cursor, batch.failure_id, verdict.accepted) if batch.failure_id else None
        if gained is not None:
            yield gained
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


def recompute_linked(cursor: Cursor, configuration_id: str, by: str) -> None:
    """Queue a recompute of the audience that a configuration is linked to; the caller holds the ctl transaction."""
    for activation in audiences.activations_of_configuration(cursor, configuration_id):
        queue.add_recompute(cursor, activation.audience_id, by)
