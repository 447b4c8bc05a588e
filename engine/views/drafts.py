"""What the Connector wizard shows: the answers so far, what is wrong, what can be chosen, what servers said."""

from dataclasses import dataclass, replace
from datetime import datetime

from engine.base import clock, errors
from engine.connections import data_types, matrix, telling, wizard
from engine.connections.data_types import TypeFacts
from engine.connections.matrix import SignInKind
from engine.connections.telling import Ours, ReviewLine
from engine.connections.wizard import Answers, Step
from engine.flows import drafting
from engine.flows.desk import Desk
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from engine.transfer import patterns
from storage.database import Cursor
from storage.records.connections import DataType, Direction, Method, Methodology
from storage.records.credentials import Credential
from storage.records.goals import PatternKind
from storage.records.people import Caller
from storage.records.runs import Job
from storage.tables import connections, drafts, jobs

__all__ = ["Ours", "SignInKind", "TypeFacts"]
WORDS = telling.WORDS
STEPS = tuple(step.value for step in Step)
methodology_word = telling.methodology_word


@dataclass(frozen=True)
class Choosable:
    """An existing credential that fits the draft, and the names of the connections that use it."""

    credential: Credential
    used_by: tuple[str, ...]


@dataclass(frozen=True)
class Choices:
    """What can be chosen, given the answers so far."""

    directions: tuple[Direction, ...]
    data_types: tuple[DataType, ...]
    methods: tuple[Method, ...]
    methodologies: tuple[Methodology, ...]
    kinds: tuple[SignInKind, ...]


@dataclass(frozen=True)
class DraftPage:
    """One draft at one step.

    fields: those that the step asks for, in order. optional: fields that may stay empty. data_types: all of the
    direction and role, those that are not built yet, and so not offered, among them. problems: field -> sentence,
    of this step. summaries: step -> one line. ours: what Handoff provides, empty where partners do not come to us.
    uri: empty as long as the way is open. host_key_job, test_job and listing_job are the newest questions asked for
    this draft, running or answered.
    """

    draft_id: str
    answers: Answers
    changed_at: datetime
    now: datetime
    step: str
    done: frozenset[str]
    fields: tuple[str, ...]
    optional: frozenset[str]
    choices: Choices
    data_types: tuple[TypeFacts, ...]
    problems: dict[str, str]
    summaries: dict[str, str]
    review: tuple[ReviewLine, ...]
    credentials: tuple[Choosable, ...]
    chosen: Credential | None
    ours: Ours
    uri: str
    is_hosted: bool
    takes_mail: bool
    sends_mail: bool
    host_key_job: Job | None
    test_job: Job | None
    listing_job: Job | None


@dataclass(frozen=True)
class Trial:
    """How names fare under a pattern: (name, taken?, reason) each; verdict: on the whole mail, None where all is taken.

    problem: why the pattern itself cannot be used, or None.
    """

    lines: tuple[tuple[str, bool, str], ...]
    verdict: str | None
    problem: str | None = None


def page(desk: Desk, caller: Caller, draft_id: str, wanted_step: str | None) -> DraftPage:
    """Return a draft of the caller's own at the wanted step, or at the first incomplete one before it.

    Raises:
        NotAllowed: The caller's role does not make connections.
        GiveUp: It is not there, or somebody else's.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("draft", draft_id))
    with desk.database.read() as cursor:
        found = drafts.by_id(cursor, draft_id, caller.person_id or caller.name)
        if found is None:
            raise errors.GiveUp("This draft is not there any more; start a new one.")
        answers, changed_at = wizard.renewed(found[0]), found[2]
        known = drafting.known(desk, cursor, caller, answers)
        chosen = drafting.chosen(cursor, answers)
        chosen = replace(chosen, password_hash="") if chosen else None
        ours = drafting.provided(desk, cursor, answers)
        fitting = _choosable(cursor, caller, answers)
        asked = [jobs.newest_with_key(cursor, f"{name}:{draft_id}") for name in ("host_key", "test", "listing")]
    step = wizard.allowed_step(answers, wanted_step, known)
    problems = {item: wizard.problems(answers, item, known) for item in Step}
    way = wizard.way(answers)
    return DraftPage(
        draft_id=draft_id,
        answers=answers,
        changed_at=changed_at,
        now=clock.now(),
        step=step.value,
        done=frozenset(item.value for item in Step if item is not Step.REVIEW and not problems[item]),
        fields=wizard.shown(answers, step),
        optional=way.optional if way else frozenset(),
        choices=choices(answers, caller),
        data_types=data_types.of_direction(Direction(answers["direction"]), caller.role)
        if answers.get("direction")
        else (),
        problems=problems[step],
        summaries={item.value: telling.summary(answers, item, chosen) for item in Step},
        review=telling.review(answers, ours, chosen),
        credentials=fitting,
        chosen=chosen,
        ours=ours,
        uri=telling.uri_of(answers, ours, chosen),
        is_hosted=wizard.is_hosted(answers),
        takes_mail=wizard.takes_mail(answers),
        sends_mail=wizard.sends_mail(answers),
        host_key_job=asked[0],
        test_job=asked[1],
        listing_job=asked[2],
    )


def _choosable(cursor: Cursor, caller: Caller, answers: Answers) -> tuple[Choosable, ...]:
    return tuple(
        Choosable(
            replace(item, password_hash=""),
            tuple(user.name for user in connections.of_credential(cursor, item.credential_id)),
        )
        for item in drafting.choosable(cursor, caller, answers)
    )


def choices(answers: Answers, caller: Caller | None = None) -> Choices:
    """Return what the wizard offers, given the answers so far and who asks."""
    direction = Direction(answers["direction"]) if answers.get("direction") else None
    method = Method(answers["method"]) if answers.get("method") else None
    role = caller.role if caller else None
    return Choices(
        directions=matrix.directions(),
        data_types=data_types.offered(direction, role) if direction else (),
        methods=matrix.methods(direction) if direction else (),
        methodologies=matrix.methodologies(direction, method) if direction and method else (),
        kinds=wizard.kinds(answers),
    )


def try_pattern(pattern: str, kind: str, names: list[str], *, is_mail: bool = False) -> Trial:
    """Say of each file name whether the pattern takes it, and what becomes of a mail with all of them (W15, Z01)."""
    chosen = PatternKind(kind)
    problem = patterns.problem(pattern, chosen)
    if problem:
        return Trial((), None, problem)
    judged = [(name, patterns.explain(pattern, name, chosen)) for name in names]
    verdict = patterns.mail_verdict(pattern, chosen, names).why_not if is_mail and names else None
    return Trial(tuple((name, found.is_match, found.reason) for name, found in judged), verdict)
