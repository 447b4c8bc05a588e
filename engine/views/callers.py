"""Finds who is behind a session token, and the open home, for the pages and their guard."""

import contextlib
import json
from dataclasses import dataclass
from datetime import timedelta

from engine.base import clock, limits
from engine.flows import desk as desks
from engine.flows.desk import Desk
from engine.security import tokens
from storage.database import StorageFault
from storage.records.people import Caller, Role
from storage.tables import people as table

__all__ = ["Desk", "LinkFacts", "current_desk", "demo_token", "find", "is_demo", "link"]
SESSION_S_MAX = limits.LOGIN_DAYS_MAX * 24 * 3600
FORM_BYTES_MAX = limits.FORM_BYTES_MAX
PASSWORD_CHARACTERS_MIN = limits.PASSWORD_CHARACTERS_MIN


@dataclass(frozen=True)
class LinkFacts:
    """What the page behind a one-time link may show. email is empty for the first administrator."""

    name: str
    email: str
    role: Role


def current_desk() -> Desk:
    """Return the open home of this process.

    Raises:
        GiveUp: The service is not running here.
    """
    return desks.current()


def find(desk: Desk, token: str | None) -> Caller | None:
    """Return who is signed in by this token, None for nobody: unknown, ended, expired or deactivated.

    At most once in LAST_SEEN_INTERVAL_S it notes that the person was seen.
    """
    if not token:
        return None
    now, token_hash = clock.now(), tokens.digest(token)
    with desk.database.read() as cursor:
        found = table.find_login(cursor, token_hash, now)
    if found is None:
        return None
    person, seen_at = found
    if now - seen_at >= timedelta(seconds=limits.LAST_SEEN_INTERVAL_S):
        # A full disk must not lock people out: they are needed to mend it.
        with contextlib.suppress(StorageFault), desk.database.write("ctl") as cursor:
            table.note_seen(cursor, token_hash, person.person_id, now)
    return Caller(person.name, person.role, person.person_id)


def is_demo(desk: Desk) -> bool:
    """Say whether this home is the demo's."""
    return desk.settings.demo.exists()


def demo_token(desk: Desk) -> str | None:
    """Return the session token of the demo's administrator, None in any other home or once that session was ended."""
    try:
        token = str(json.loads(desk.settings.demo.read_text(encoding="utf-8"))["session"])
    except FileNotFoundError:
        return None
    return token if find(desk, token) is not None else None


def link(desk: Desk, token: str) -> LinkFacts | None:
    """Return what a one-time link stands for, None where it was used, withdrawn or is too old."""
    with desk.database.read() as cursor:
        invitation = table.find_invitation(cursor, tokens.digest(token), clock.now())
    return LinkFacts(invitation.name, invitation.email, invitation.role) if invitation else None
