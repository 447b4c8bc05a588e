"""What the Connector wizard shows: the answers so far, what is wrong, what can be chosen, what servers said."""

from dataclasses import dataclass
from datetime import datetime

from engine.base import clock, errors
from engine.connections import matrix, wizard
from engine.connections.wizard import Answers, ReviewLine, Step
from engine.flows.desk import Desk
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from engine.transfer import patterns
from storage.records.connections import DataType, Direction, Method, Methodology
from storage.records.people import Caller
from storage.records.runs import Job
from storage.tables import connections, drafts, jobs

WORDS = wizard.WORDS
STEPS = tuple(step.value for step in Step)


@dataclass(frozen=True)
class DraftPage:
    """One draft at one step.

    problems: field -> sentence, of this step. summaries: step -> one line. host_key_job and test_job are the
    newest questions asked for this draft, running or answered.
    """

    draft_id: str
    answers: Answers
    changed_at: datetime
    now: datetime
    step: str
    done: frozenset[str]
    problems: dict[str, str]
    summaries: dict[str, str]
    review: tuple[ReviewLine, ...]
    host_key_job: Job | None
    test_job: Job | None


@dataclass(frozen=True)
class Choices:
    """What can be chosen, given the answers so far; only what is built is in it."""

    directions: tuple[Direction, ...]
    data_types: tuple[DataType, ...]
    methods: tuple[Method, ...]
    methodologies: tuple[Methodology, ...]


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
        answers, _, changed_at = found
        own = answers.get("connection_id")
        present = connections.listed(cursor)
        host_key_job = jobs.newest_with_key(cursor, f"host_key:{draft_id}")
        test_job = jobs.newest_with_key(cursor, f"test:{draft_id}")
    taken = frozenset(item.name.lower() for item in present if item.connection_id != own)
    step = wizard.allowed_step(answers, wanted_step, taken)
    return DraftPage(
        draft_id=draft_id,
        answers=answers,
        changed_at=changed_at,
        now=clock.now(),
        step=step.value,
        done=frozenset(
            item.value for item in Step if item is not Step.REVIEW and not wizard.problems(answers, item, taken)
        ),
        problems=wizard.problems(answers, step, taken),
        summaries={item.value: wizard.summary(answers, item) for item in Step},
        review=wizard.review(answers),
        host_key_job=host_key_job,
        test_job=test_job,
    )


def choices(answers: Answers) -> Choices:
    """Return what the wizard offers, given the answers so far."""
    direction = Direction(answers["direction"]) if answers.get("direction") else None
    method = Method(answers["method"]) if answers.get("method") else None
    return Choices(
        directions=matrix.directions(),
        data_types=matrix.data_types(direction) if direction else (),
        methods=matrix.methods(direction) if direction else (),
        methodologies=matrix.methodologies(direction, method) if direction and method else (),
    )


def try_pattern(pattern: str, names: list[str]) -> list[tuple[str, bool, str]]:
    """Return (name, taken?, reason) for each typed file name (requirement W15)."""
    found = []
    for name in names:
        verdict = patterns.explain(pattern, name)
        found.append((name, verdict.is_match, verdict.reason))
    return found
