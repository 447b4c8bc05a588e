"""What the profile pages show: find one by an identifier, and see what it holds."""

from dataclasses import dataclass
from datetime import date, datetime
from decimal import Decimal

from engine.base import clock, errors
from engine.flows.desk import Desk
from engine.security import audit, masking, roles
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.goals import Property
from storage.records.people import Caller
from storage.tables import profiles

_FOUND_MAX = 20
Value = str | int | Decimal | date | list[str] | None


@dataclass(frozen=True)
class Held:
    """One property of a profile and its value; text is masked for callers who may not see raw values."""

    property: Property
    value: Value


@dataclass(frozen=True)
class ProfilePage:
    """One profile: its properties in the order of their making, empty ones with None. now is UTC."""

    profile_id: int
    held: tuple[Held, ...]
    is_masked: bool
    now: datetime


@dataclass(frozen=True)
class Found:
    """What a search came to. rejected: rejected rows that mention the value."""

    profile_ids: tuple[int, ...]
    rejected: int
    unique: tuple[str, ...]


def find(desk: Desk, caller: Caller, value: str) -> Found:
    """Find profiles whose id or a unique property equals the value exactly; at most 20.

    Raises:
        NotAllowed: The caller's role does not see profiles.
        BadInput: Nothing was entered.
    """
    audit.allow(desk.database, caller, Right.SEE_PROFILES, What("profiles"))
    if not value.strip():
        raise errors.BadInput("Enter an identifier, for example a customer number.", "value")
    with desk.database.read() as cursor:
        unique = [item.name for item in profiles.properties(cursor).values() if item.is_unique]
        found = profiles.find(cursor, value.strip(), unique, _FOUND_MAX)
        rejected = 0 if found else profiles.rejected_mentions(cursor, value.strip())
    return Found(tuple(found), rejected, tuple(unique))


def page(desk: Desk, caller: Caller, profile_id: int) -> ProfilePage:
    """Return one profile.

    Raises:
        NotAllowed: The caller's role does not see profiles.
        GiveUp: There is no such profile.
    """
    audit.allow(desk.database, caller, Right.SEE_PROFILES, What("profile", str(profile_id)))
    is_masked = not roles.may(caller.role, Right.SEE_RAW_VALUES)
    with desk.database.read() as cursor:
        known = profiles.properties(cursor)
        values = profiles.values_of(cursor, profile_id, [item.name for item in known.values()])
    if values is None:
        raise errors.GiveUp(f"There is no profile {profile_id}; search for an identifier.")
    shown = tuple(held(item, values[item.name], is_masked=is_masked) for item in known.values())
    return ProfilePage(profile_id, shown, is_masked, clock.now())


def count(desk: Desk, caller: Caller) -> int:
    """Return how many profiles there are.

    Raises:
        NotAllowed: The caller's role does not see profiles.
    """
    audit.allow(desk.database, caller, Right.SEE_PROFILES, What("profiles"))
    with desk.database.read() as cursor:
        return profiles.count(cursor)


def identifiers(desk: Desk, caller: Caller) -> tuple[str, ...]:
    """Return the names of the properties by which profiles are found, in the order of their making.

    Raises:
        NotAllowed: The caller's role does not see profiles.
    """
    audit.allow(desk.database, caller, Right.SEE_PROFILES, What("profiles"))
    with desk.database.read() as cursor:
        return tuple(item.name for item in profiles.properties(cursor).values() if item.is_unique)


def held(item: Property, value: Value, *, is_masked: bool) -> Held:
    """Return a property and its value as a caller sees it; is_masked: they may not see raw text."""
    if is_masked and isinstance(value, str):
        return Held(item, masking.mask(value))
    if is_masked and isinstance(value, list):
        return Held(item, [masking.mask(part) or "" for part in value])
    return Held(item, value)
