"""What goes out to partners: waves, batches of signals, answers, failures, and the counts of the statistics."""

from dataclasses import dataclass, field
from datetime import date, datetime
from enum import StrEnum

from storage.records.audiences import Activation
from storage.records.partners import IdentifierForm, SignalKind


class BatchState(StrEnum):
    """waiting -> calling -> sent | failed | unknown, or back to waiting for another try.

    held: its configuration was deactivated or stopped before it went; superseded: the net difference, or a later
    signal, took its place. unknown: no answer, and the manifest does not say that a repeat is harmless (ruling 1).
    """

    WAITING = "waiting"
    CALLING = "calling"
    SENT = "sent"
    FAILED = "failed"
    UNKNOWN = "unknown"
    HELD = "held"
    SUPERSEDED = "superseded"


class DeliveryCategory(StrEnum):
    """What became of a message, as charts and `stats --json` name it (requirements Q03 to Q10, ruling 16)."""

    SENT = "sent"
    REMOVED = "removed"
    INVALID_CREDENTIALS = "invalid_credentials"
    TIMEOUT = "timeout"
    PARTNER_CODE = "partner_code"
    OTHER = "other"
    WAITING = "waiting"


ERRORS = (
    DeliveryCategory.INVALID_CREDENTIALS,
    DeliveryCategory.TIMEOUT,
    DeliveryCategory.PARTNER_CODE,
    DeliveryCategory.OTHER,
)


@dataclass(frozen=True)
class Wave:
    """What one recompute (or replay) gives to one configuration to send; each identifier occurs in it once.

    wave_id: a number with leading zeros. Waves of a configuration go one after the other, in the order of their
    ids, so that for one identifier an add and a later remove never overtake each other (requirement G08). Batches
    of one wave go side by side.
    failure_id: what a replay sends again, else None.
    """

    wave_id: str
    configuration_id: str
    activation_id: str
    adds: int
    removes: int
    batch_size: int
    failure_id: str | None
    made_at: datetime


@dataclass(frozen=True)
class Batch:
    """One row of ctl.batch: signals of one kind that go in one call. tries counts calls that were begun."""

    batch_id: str
    wave_id: str
    configuration_id: str
    activation_id: str
    kind: SignalKind
    size: int
    state: BatchState
    tries: int
    next_try_at: datetime
    failure_id: str | None


@dataclass(frozen=True)
class Problem:
    """Why messages of a batch were not taken: category for the chart, the partner's code, one sentence, how many.

    identifiers: those concerned, where the answer names them and they are not the whole batch; else empty.
    """

    category: DeliveryCategory
    code: str
    sentence: str
    count: int
    identifiers: tuple[str, ...] = ()


class Next(StrEnum):
    """What happens with a batch after an answer."""

    FINAL = "final"
    AGAIN = "again"
    STOP = "stop"


@dataclass(frozen=True)
class Verdict:
    """What an answer means for its batch, before tries are looked at. accepted + sum of problems' counts = size.

    may_repeat: the same call may go through later. is_credentials: the account itself is refused.
    is_limited: the partner asked to wait; no try is used up. retry_after_s: as the partner said, unclamped.
    """

    accepted: int
    problems: tuple[Problem, ...] = ()
    may_repeat: bool = False
    is_credentials: bool = False
    is_limited: bool = False
    retry_after_s: float | None = None


@dataclass(frozen=True)
class Answer:
    """What came back from one call, or did not. status is None without an answer; text is cut and holds no secret.

    fault is one sentence where no whole answer came ("No whole answer within 3 s."), else None; fault_code is
    its short name for charts ("connection reset"), empty for a timeout.
    body: the whole answer as judged, not kept; None where text is all of it. headers: by lower-case name.
    """

    status: int | None
    text: str
    took_ms: int
    fault: str | None = None
    is_timeout: bool = False
    retry_after: str | None = None
    fault_code: str = ""
    body: str | None = field(default=None, repr=False)
    headers: dict[str, str] = field(default_factory=dict, repr=False)


@dataclass(frozen=True)
class Failure:
    """One row of ctl.failure: messages of one batch that ended in an error, on one day, for one reason.

    day is UTC. kind is the signal's. recovered: how many a replay has delivered since. is_whole_batch: it
    concerns every signal of the batch; else ctl.failed_signal names those that the partner named.
    """

    failure_id: str
    batch_id: str
    configuration_id: str
    activation_id: str
    kind: SignalKind
    day: date
    category: DeliveryCategory
    code: str
    sentence: str
    status: int | None
    answer: str
    took_ms: int
    tries: int
    count: int
    recovered: int
    is_whole_batch: bool
    is_replayed: bool
    failed_at: datetime


@dataclass(frozen=True)
class DayCount:
    """One line of the statistics: messages of one day (UTC), configuration, category and code.

    recovered: of count, those that a replay delivered later (on another line, on its own day; ruling 16).
    """

    day: date
    configuration_id: str
    category: DeliveryCategory
    code: str
    count: int
    recovered: int = 0


@dataclass(frozen=True)
class FailedProfile:
    """One profile of a failure. is_current: the signal is still what the partner should be told."""

    profile_id: int
    kind: SignalKind
    identifier: str
    is_current: bool


@dataclass(frozen=True)
class Target:
    """An activation as a recompute sees it: to which configuration, under which identifier, in batches how large."""

    activation: Activation
    form: IdentifierForm
    batch_size: int


@dataclass(frozen=True)
class Claim:
    """A batch that its owner may call for now; the delivery's row is written already."""

    batch: Batch
    delivery_id: str
