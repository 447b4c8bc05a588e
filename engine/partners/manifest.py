"""What a manifest says of a partner, as records: its form, its calls, what its answers mean. See docs in catalog."""

from dataclasses import dataclass

from storage.records.deliveries import DeliveryCategory
from storage.records.partners import IdentifierForm, SettingField, SignalKind


@dataclass(frozen=True)
class CallForm:
    """How one call goes on the wire.

    path is joined to the base address and version; {names} in it are settings. payload is JSON text with the word
    {flat} or {nested} where the identifiers go and {identifier} where the partner's word for them goes; None sends
    none. payload_in: "form" (field `payload` of a form body) or "query" (parameter `payload`, in the body where
    the address would be longer than query_characters_max).
    """

    method: str
    path: str
    payload: str | None = None
    payload_in: str = "form"
    query_characters_max: int = 8_000


@dataclass(frozen=True)
class AnswerForm:
    """Where an answer's JSON holds what: keys joined by points ("error.code"); empty where the partner has none.

    received, invalid: counts of a success. samples: what names the invalid ones, in any shape.
    wait_header: a header with JSON; the largest number under wait_key anywhere in it, times wait_unit_s, is how
    long the partner asks us to wait.
    """

    received: str
    invalid: str
    samples: str
    code: str
    subcode: str
    message: str
    wait_header: str
    wait_key: str
    wait_unit_s: float


@dataclass(frozen=True)
class ErrorRule:
    """The first rule that fits an error answer says what it means; one sentence each for people.

    codes: "100" fits with any subcode, "100/33" with this one, "*/33" this subcode of any code.
    code_ranges: from and to, both included. is_limited: the partner asks to wait.
    """

    category: DeliveryCategory
    meaning: str
    likely_cause: str
    what_next: str
    codes: tuple[str, ...] = ()
    code_ranges: tuple[tuple[int, int], ...] = ()
    may_repeat: bool = False
    is_limited: bool = False


@dataclass(frozen=True)
class Manifest:
    """One partner. deadline_s: one call as a whole. error_reference: the partner's own list of its codes.

    version: a path before every call's own, left out where the base address ends with a version already.
    token: the secret that goes as parameter of this name in every address.
    words: in the calls' payloads, the partner's word for an identifier by (signal kind, wire name), where it is
    not the wire name itself.
    repeat_is_safe: the same call twice does no harm.
    """

    partner: str
    name: str
    short_name: str
    category: str
    summary: str
    kinds: tuple[SignalKind, ...]
    has_variables: bool
    has_modify: bool
    reports_codes: bool
    base_url: str
    version: str
    token: str
    fields: tuple[SettingField, ...]
    identifiers: tuple[IdentifierForm, ...]
    words: dict[tuple[SignalKind, str], str]
    batch_size_max: int
    deadline_s: float
    repeat_is_safe: bool
    preconditions: tuple[str, ...]
    documentation: str
    error_reference: str
    calls: dict[SignalKind, CallForm]
    test_call: CallForm
    answer: AnswerForm
    rules: tuple[ErrorRule, ...]
