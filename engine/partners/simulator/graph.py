"""Speaks as Meta's Graph API does: its paths, its three ways to give a payload, its answers and its errors."""

import json
import math
import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from engine.base import limits
from engine.partners.simulator import replies
from engine.partners.simulator.faults import Fault
from engine.partners.simulator.replies import Reply

PREFIX = "meta"
PARTNERS = ("meta_custom_audience",)
UNDERSTANDS = (
    "POST /meta[/vN.N]/{audience_id}/users adds people",
    "DELETE /meta[/vN.N]/{audience_id}/users removes people",
    "GET /meta[/vN.N]/{audience_id} tells the audience's name",
)

_PATH = re.compile(r"^(?:/v\d{1,3}(?:\.\d{1,2})?)?/(?P<audience>[0-9A-Za-z_]+)(?P<users>/users)?/?$")
_OPERATIONS = {("POST", True): "add", ("DELETE", True): "remove", ("GET", False): "test"}
_SCHEMAS = frozenset(
    {
        *("EXTERN_ID", "MADID", "EMAIL", "EMAIL_SHA256", "PHONE", "PHONE_SHA256"),
        *("FN", "LN", "FI", "GEN", "DOB", "DOBY", "DOBM", "DOBD", "CT", "ST", "ZIP", "COUNTRY"),
    }
)
_HASH = re.compile(r"[0-9a-f]{64}")
_MISSING = 33
_LIMIT_CODE = 80003


class GraphError(Exception):
    """An error that Graph would answer."""

    def __init__(self, code: int, message: str, subcode: int | None = None, kind: str = "OAuthException") -> None:
        super().__init__(message)
        self.code, self.message, self.subcode, self.kind = code, message, subcode, kind

    def reply(self, status: int = 400, headers: dict[str, str] | None = None) -> Reply:
        """Return the answer that Graph gives."""
        said: dict[str, Any] = {"message": self.message, "type": self.kind, "code": self.code}
        if self.subcode is not None:
            said["error_subcode"] = self.subcode
        said["fbtrace_id"] = f"A{secrets.token_urlsafe(16)}"
        return replies.of_json({"error": said}, status, headers)


@dataclass(frozen=True)
class Asked:
    """One call as understood. rejected: identifiers that Graph would call invalid, by their reason."""

    operation: str
    audience: str
    identifiers: tuple[str, ...] = ()
    rejected: dict[str, str] | None = None


def place(method: str, path: str) -> tuple[str, str]:
    """Return operation and audience of a call by its address alone; both empty where Graph has no such address."""
    found = _PATH.match(path)
    if not found:
        return "", ""
    return _OPERATIONS.get((method, bool(found["users"])), ""), found["audience"]


def understand(method: str, path: str, query: dict[str, str], body: bytes, headers: dict[str, str]) -> Asked:
    """Read a call.

    Args:
        method: In capitals.
        path: What follows the partner's prefix.
        query: Of the address, decoded.
        body: A form or JSON.
        headers: By lower-case name.

    Raises:
        GraphError: Graph would refuse it.
    """
    given = {**query, **_fields(body, headers.get("content-type", ""))}
    bearer = headers.get("authorization", "").removeprefix("Bearer ").strip()
    token = given.get("access_token") or bearer
    if not token:
        raise GraphError(190, "An access token is required to request this resource.")
    if token == "expired":  # noqa: S105 - the one token that the simulator refuses
        raise GraphError(190, "Error validating access token: Session has expired.", 463)
    operation, audience = place(method, path)
    if not operation:
        raise GraphError(2500, f"Unknown path components: {path}")
    if not audience.isdecimal():
        raise GraphError(
            100, f"Unsupported request. Object with ID '{audience}' does not exist.", _MISSING, "GraphMethodException"
        )
    if operation == "test":
        return Asked(operation, audience)
    identifiers, rejected = _people(given.get("payload", given))
    return Asked(operation, audience, identifiers, rejected)


def _fields(body: bytes, content_type: str) -> dict[str, Any]:
    if not body:
        return {}
    if content_type.startswith("application/json"):
        said = _json(body)
        return said if isinstance(said, dict) else {}
    return {name: values[-1] for name, values in parse_qs(body.decode(errors="replace")).items()}


def _json(text: str | bytes) -> Any:
    try:
        return json.loads(text)
    except (ValueError, RecursionError):
        raise GraphError(100, "Invalid parameter: the payload is no JSON.") from None


def _people(payload: Any) -> tuple[tuple[str, ...], dict[str, str]]:
    """Return the identifiers of a payload, as received, and those that are invalid with their reasons."""
    said = _json(payload) if isinstance(payload, str) else payload
    schema, rows = (said.get("schema"), said.get("data")) if isinstance(said, dict) else (None, None)
    words = [schema] if isinstance(schema, str) else schema
    if not isinstance(words, list) or not words or not all(word in _SCHEMAS for word in words):
        raise GraphError(100, "Invalid parameter: payload.schema is not known.")
    if not isinstance(rows, list):
        raise GraphError(100, "Invalid parameter: payload.data is no list.")
    if len(rows) > limits.BATCH_PROFILES_MAX:
        raise GraphError(105, "The number of parameters exceeded the maximum for this operation.")
    firsts = [row[0] if isinstance(row, list) and row else row for row in rows]
    if not all(isinstance(first, str) for first in firsts):
        raise GraphError(100, "Invalid parameter: payload.data holds something other than text.")
    if words[0] == "EMAIL_SHA256":
        return tuple(firsts), {first: "not a SHA-256 hash" for first in firsts if not _HASH.fullmatch(first)}
    return tuple(firsts), {first: "empty" for first in firsts if not first}


def named(audience: str) -> Reply:
    """Answer the call that asks for an audience's name."""
    return replies.of_json({"id": audience, "name": f"Audience {audience}"})


def taken(audience: str, received: int, invalid: int, samples: dict[str, str]) -> Reply:
    """Answer a call that was applied."""
    return replies.of_json(
        {
            "audience_id": audience,
            "session_id": str(secrets.randbelow(10**18)),
            "num_received": received,
            "num_invalid_entries": invalid,
            "invalid_entry_samples": samples,
        }
    )


def partly(fault: Fault, identifiers: Sequence[str]) -> set[str]:
    """Return whom a fault "partial" makes invalid: those it names, or the call's first ones."""
    if "identifiers" in fault.options:
        return set(identifiers) & set(fault.options["identifiers"])
    return set(identifiers[: fault.options.get("count", 1)])


def wrong(fault: Fault, audience: str) -> Reply | None:
    """Return what a fault answers in Graph's own words, or None where it has none."""
    options = fault.options
    if fault.kind == "error":
        message = options.get("message", f"The simulator was told to answer code {options['code']}.")
        return GraphError(options["code"], message, options.get("subcode")).reply(options.get("status", 400))
    if fault.kind == "limit":
        headers = {}
        if "retry_after" in options:
            headers["retry-after"] = str(options["retry_after"])
        if "minutes" in options:
            usage = {"type": "custom_audience", "estimated_time_to_regain_access": math.ceil(options["minutes"])}
            headers["x-business-use-case-usage"] = json.dumps({audience: [usage]})
        return GraphError(_LIMIT_CODE, "There have been too many calls from this ad-account.").reply(400, headers)
    return None
