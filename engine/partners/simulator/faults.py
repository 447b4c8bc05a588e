"""Faults to order: what a partner is told to do wrong, for how many calls, and of which."""

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from engine.base import errors

_NUMBER: tuple[type, ...] = (int, float)
_WAIT: tuple[type, ...] = (int, float, str)
_CHOICES: dict[str, dict[str, tuple[type, ...]]] = {
    "slow": {"delay_s": _NUMBER},
    "drip": {"bytes_per_s": _NUMBER},
    "status": {"status": (int,), "retry_after": _WAIT, "text": (str,), "content_type": (str,)},
    "error": {"code": (int,), "subcode": (int,), "status": (int,), "message": (str,)},
    "reset": {"after_apply": (bool,)},
    "empty": {},
    "html": {},
    "partial": {"identifiers": (list,), "count": (int,), "named": (bool,)},
    "limit": {"retry_after": _WAIT, "minutes": _NUMBER},
}
_NEEDED = {"slow": "delay_s", "status": "status", "error": "code"}
_COMMON = ("kind", "calls", "operation", "audience")
_POSITIVE = ("delay_s", "bytes_per_s", "calls", "count", "minutes")
_STATUSES = range(100, 600)
OPERATIONS = ("add", "remove")


@dataclass
class Fault:
    """One fault. calls: how many it still takes, None until it is cleared. options: of its kind, as given."""

    kind: str
    calls: int | None = None
    operation: str | None = None
    audience: str | None = None
    options: dict[str, Any] = field(default_factory=dict)

    def fits(self, operation: str, audience: str) -> bool:
        """Say whether a call is one that this fault takes; "partial" needs people to be partial with."""
        return (
            self.calls != 0
            and self.operation in {None, operation}
            and self.audience in {None, audience}
            and (self.kind != "partial" or operation in OPERATIONS)
        )

    def shown(self) -> dict[str, Any]:
        """Return the fault as it is given over HTTP."""
        return {
            "kind": self.kind,
            "calls": self.calls,
            "operation": self.operation,
            "audience": self.audience,
            **self.options,
        }


def read(given: Any) -> list[Fault]:
    """Return the faults that a request orders: one object, a list of them, or {} and [] for none.

    Raises:
        BadInput: It is no fault; the sentence says what is wrong.
    """
    if given in ({}, []):
        return []
    return [_one(item) for item in (given if isinstance(given, list) else [given])]


def _one(given: Any) -> Fault:
    kind = given.get("kind") if isinstance(given, dict) else None
    if not isinstance(kind, str) or kind not in _CHOICES:
        raise errors.BadInput(f"A fault is an object whose kind is one of {', '.join(_CHOICES)}.")
    options = {name: value for name, value in given.items() if name not in _COMMON and value is not None}
    for name, value in options.items():
        types = _CHOICES[kind].get(name)
        if types is None:
            raise errors.BadInput(
                f"A fault of kind {kind} has no {name}; it has {', '.join(_CHOICES[kind]) or 'none'}."
            )
        if not isinstance(value, types) or (isinstance(value, bool) and bool not in types):
            raise errors.BadInput(f"{name} of a fault of kind {kind} is of the wrong type.")
    if kind in _NEEDED and _NEEDED[kind] not in options:
        raise errors.BadInput(f"A fault of kind {kind} needs {_NEEDED[kind]}.")
    _check(given, options, "status", lambda value: value in _STATUSES)
    for name in _POSITIVE:
        _check(given, options, name, _is_positive)
    _check(given, options, "calls", lambda value: isinstance(value, int))
    for name in ("operation", "audience"):
        _check(given, options, name, lambda value: isinstance(value, str))
    _check(given, options, "operation", lambda value: value in OPERATIONS)
    _check(given, options, "identifiers", lambda value: all(isinstance(item, str) for item in value))
    return Fault(kind, given.get("calls"), given.get("operation"), given.get("audience"), options)


def _is_positive(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool) and value > 0


def _check(given: dict[str, Any], options: dict[str, Any], name: str, is_good: Callable[[Any], bool]) -> None:
    value = options.get(name, given.get(name))
    if value is not None and not is_good(value):
        raise errors.BadInput(f"{name} of a fault cannot be {value!r}.")


def take(faults: list[Fault], operation: str, audience: str) -> Fault | None:
    """Return the first fault that fits a call, one call less left in it, or None; spent ones leave the list."""
    for fault in faults:
        if fault.fits(operation, audience):
            if fault.calls is not None:
                fault.calls -= 1
                if fault.calls == 0:
                    faults.remove(fault)
            return fault
    return None
