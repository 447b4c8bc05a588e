"""A partner as its manifest describes it, and a configuration: one account at that partner."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum


class SignalKind(StrEnum):
    """What a signal says of one profile."""

    ADD = "add"
    REMOVE = "remove"


class ConfigurationState(StrEnum):
    """active sends; deactivated: a person stopped it; stopped: we did, for the partner refused the credentials."""

    ACTIVE = "active"
    DEACTIVATED = "deactivated"
    STOPPED = "stopped"


class Normalise(StrEnum):
    """One step that brings an identifier into the partner's form, done in SQL."""

    TRIM = "trim"
    LOWER = "lower"


@dataclass(frozen=True)
class IdentifierForm:
    """One identifier that a partner takes. wire: the partner's word; is_hashed: SHA-256, hexadecimal, lower case."""

    wire: str
    label: str
    normalise: tuple[Normalise, ...] = ()
    is_hashed: bool = False


@dataclass(frozen=True)
class Configuration:
    """One row of ctl.configuration, without its secrets. settings: by name, as text, secrets left out.

    Times are UTC. stopped_reason is one sentence where the state is stopped. Deleted ones stay as rows, for the
    statistics name them.
    """

    configuration_id: str
    name: str
    partner: str
    settings: dict[str, str]
    state: ConfigurationState
    stopped_reason: str | None
    created_at: datetime
    changed_at: datetime
    deleted_at: datetime | None = None


@dataclass(frozen=True)
class SettingField:
    """One field of a configuration's form. kind is text, secret, number, choice or url; choices are wire -> label.

    is_fixed_while_linked: it says whom the audience goes to, so it cannot change while one is linked.
    least, most: bounds of a number, both included; is_whole: without a fraction. pattern: the whole of a text
    fits this regular expression; pattern_words says it to people ("digits only").
    """

    name: str
    label: str
    kind: str = "text"
    is_required: bool = False
    is_advanced: bool = False
    is_fixed_while_linked: bool = False
    default: str = ""
    help: str = ""
    choices: dict[str, str] = field(default_factory=dict)
    least: float | None = None
    most: float | None = None
    is_whole: bool = False
    pattern: str = ""
    pattern_words: str = ""
