"""Actions of people (conversions, clicks) as they are now, the story of each, and the words that reverse one."""

from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

REVERSED = "reversed"
"""The state of an action that does not count."""

REVERSING_WORDS = (
    "reversed",
    "reversal",
    "cancelled",
    "canceled",
    "cancellation",
    "refunded",
    "refund",
    "returned",
    "return",
    "void",
    "voided",
    "rejected",
    "declined",
    "chargeback",
)
"""What a state field says, in small or capital letters, of an action that does not count any more."""


class StepWhat(StrEnum):
    """What a row did to an action. Corrected: a file like the one that made it tells it otherwise."""

    MADE = "made"
    CORRECTED = "corrected"
    MODIFIED = "modified"
    REVERSED = "reversed"


@dataclass(frozen=True)
class Action:
    """An action as it is now. times are UTC.

    type: a data type ("conversions", "clicks"). amount: None where no row gave one; it stays when the action is
    reversed, and does not count then. state: "" as it was made, REVERSED, or what the file says. is_changed: some row
    corrected, modified or reversed it. ref: names it without telling its key.
    """

    ref: str
    source: str
    key: str
    type: str
    profile_id: int
    happened_at: datetime | None
    amount: Decimal | None
    state: str
    is_changed: bool
    changed_at: datetime

    @property
    def counts(self) -> bool:
        """Whether sums of its profile have its amount."""
        return self.state != REVERSED


@dataclass(frozen=True)
class ActionStep:
    """One step of an action's story, and what the action was after it. times are UTC.

    told_at: the time that a modification's row gave.
    """

    position: int
    what: StepWhat
    run_id: str
    file_name: str
    line: int
    happened_at: datetime | None
    amount: Decimal | None
    state: str
    told_at: datetime | None
    made_at: datetime
