"""An audience (a rule over profiles), and an activation: the audience linked to a partner's configuration."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum

from storage.records.goals import PropertyType


class Operator(StrEnum):
    """How a property is compared; what it is compared with has the property's type, for lists that of one value."""

    EQUAL = "="
    NOT_EQUAL = "!="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="
    HAS_VALUE = "has a value"
    HAS_NO_VALUE = "has no value"
    HAS = "has"
    HAS_NOT = "has not"


@dataclass(frozen=True)
class Condition:
    """One comparison. value is None for the operators that need none, else of the property's type; times are UTC.

    A profile without a value meets HAS_NO_VALUE alone: an unknown value is neither equal nor unequal. HAS and HAS_NOT
    are for lists, and lists have no others but those about any value.
    """

    property: str
    type: PropertyType
    operator: Operator
    value: str | int | Decimal | date | None


@dataclass(frozen=True)
class Audience:
    """One row of ctl.audience. rule is the text as typed ("spend >= 500"); times are UTC."""

    audience_id: str
    name: str
    rule: str
    created_at: datetime
    changed_at: datetime


@dataclass(frozen=True)
class Activation:
    """An audience linked to a configuration; at most one open one a configuration.

    property: the profile property whose value tells the partner who it is.
    sends_current: the members at the time of linking are sent too, not only those who enter later.
    ended_at: unlinked at (UTC), None while open. sends_removes: at the end, whoever was sent is removed there.
    """

    activation_id: str
    audience_id: str
    configuration_id: str
    property: str
    sends_current: bool
    created_at: datetime
    ended_at: datetime | None
    sends_removes: bool


@dataclass(frozen=True)
class MemberCount:
    """One row of dat.member_count: members after a recompute that changed something, and who came and went."""

    at: datetime
    members: int
    entered: int
    left: int


@dataclass(frozen=True)
class Difference:
    """What one recompute changed: members now, profiles that entered and left, signals written."""

    members: int
    entered: int
    left: int
    adds: int
    removes: int
