"""Signs people in by e-mail and password, with a wait after too many wrong ones, and signs them out."""

import hashlib
import math
from datetime import datetime, timedelta

from engine.base import clock, limits
from engine.base.errors import Category, GiveUp, MendCredentials
from engine.flows.desk import Desk
from engine.security import audit, passwords, tokens
from engine.security.audit import What
from storage.database import Cursor
from storage.records.people import Caller, Person
from storage.tables import people as table

_WRONG = "E-mail and password do not match; try again."


class HaveToWait(GiveUp):
    """Too many wrong passwords from this address for this e-mail; wait_s says how long."""

    category = Category.NOT_ALLOWED

    def __init__(self, wait_s: int) -> None:
        """Say how long."""
        super().__init__(f"Too many wrong passwords; wait {wait_s} seconds, then try again.")
        self.wait_s = wait_s


def sign_in(desk: Desk, address: str, email: str, password: str) -> str:
    """Return the token of a new sign-in, for the cookie; only its digest is stored.

    Wrong tries are counted per address and e-mail, so that nobody locks out somebody elsewhere, and more
    loosely per address, against guessing many people. They are kept in the database: a restart does not forget
    them, and a second process would see them. A try is counted before the password is looked at, so that tries
    at the same time count too.

    Args:
        desk: The open home.
        address: Where the request came from.
        email: As typed.
        password: As typed.

    Raises:
        HaveToWait: too many wrong ones in a row; not even the right one counts now.
        MendCredentials: They do not match, or the person is deactivated; the sentence does not say which.
    """
    known_by = email.strip().lower().encode("utf-8", errors="replace").decode()
    key_hash = hashlib.sha256(f"{address}\n{known_by}".encode()).hexdigest()
    address_hash = hashlib.sha256(address.encode()).hexdigest()
    _count_try(desk, key_hash, address_hash)
    with desk.database.read() as cursor:
        person = table.find_by_email(cursor, known_by)
        stored = table.password_hash(cursor, person.person_id) if person and person.is_active else None
    is_right = passwords.matches(stored, password[: limits.PASSWORD_CHARACTERS_MAX + 1])
    with desk.database.write("ctl") as cursor:
        # Asked again: the person may have been deactivated, or given a new password, while we hashed.
        now_known = table.find_by_email(cursor, known_by)
        if is_right and now_known and now_known.is_active:
            if table.password_hash(cursor, now_known.person_id) == stored:
                table.forget_tries(cursor, address_hash)
                return _open_session(cursor, now_known, key_hash, address)
        elif now_known:
            _record_refusal(cursor, now_known, address)
    raise MendCredentials(_WRONG)


def sign_out(desk: Desk, token: str) -> None:
    """End the sign-in of this token; nothing happens where it is over already."""
    now, token_hash = clock.now(), tokens.digest(token)
    with desk.database.write("ctl") as cursor:
        found = table.find_login(cursor, token_hash, now)
        if found is None:
            return
        person, _ = found
        table.end_login(cursor, token_hash)
        caller = Caller(person.name, person.role, person.person_id)
        audit.record(cursor, caller, "signed out", What("person", person.person_id, person.email))


def _count_try(desk: Desk, key_hash: str, address_hash: str) -> None:
    now = clock.now()
    with desk.database.write("ctl") as cursor:
        table.forget_old_tries(cursor, now - timedelta(seconds=limits.SIGN_IN_TRIES_KEPT_S))
        bounds = ((key_hash, limits.SIGN_IN_TRIES_MAX), (address_hash, limits.SIGN_IN_TRIES_PER_ADDRESS_MAX))
        for counted_by, tries_max in bounds:
            so_far, last_at = table.tries(cursor, counted_by) or (0, now)
            if so_far >= tries_max:
                wait_s = _wait_s(last_at, now)
                if wait_s > 0:
                    raise HaveToWait(wait_s)
                so_far = 0
            table.set_tries(cursor, counted_by, so_far + 1, now)


def _wait_s(last_at: datetime, now: datetime) -> int:
    return math.ceil(limits.SIGN_IN_WAIT_S - (now - last_at).total_seconds())


def _open_session(cursor: Cursor, person: Person, key_hash: str, address: str) -> str:
    token, now = tokens.new_token(), clock.now()
    table.forget_tries(cursor, key_hash)
    table.add_login(cursor, tokens.digest(token), person.person_id, now, now + timedelta(days=limits.LOGIN_DAYS_MAX))
    table.note_seen(cursor, tokens.digest(token), person.person_id, now)
    caller = Caller(person.name, person.role, person.person_id)
    what = What("person", person.person_id, person.email)
    audit.record(cursor, caller, "signed in", what, after={"address": address})
    return token


def _record_refusal(cursor: Cursor, person: Person, address: str) -> None:
    # Only for people who exist: what was typed for others may be a password in the wrong box.
    caller = Caller(person.name, person.role, person.person_id)
    what = What("person", person.person_id, person.email)
    audit.record(cursor, caller, "was refused at sign-in", what, after={"address": address})
