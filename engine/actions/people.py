"""What can be done about people: invite, accept, change role, reset, end sessions, deactivate."""

from dataclasses import replace
from datetime import timedelta

from engine.base import clock, ids, limits
from engine.base.errors import BadInput, GiveUp
from engine.flows.desk import Desk
from engine.security import audit, passwords, tokens
from engine.security.audit import What
from engine.security.roles import Right
from storage.database import Cursor
from storage.records.people import Caller, Invitation, Person, Role
from storage.tables import people as table

_KIND = "person"
_FIRST_START = "first start"
_LINK_IS_OVER = "This link was used already or is too old; ask an admin for a new one."
_LAST_ADMIN = "You cannot remove the last admin."


def first_link(desk: Desk) -> str | None:
    """Return a one-time token for the first administrator, None where somebody is there already.

    Each start makes a new one and the one before ends, for only its digest was kept.
    """
    with desk.database.write("ctl") as cursor:
        if table.count(cursor):
            return None
        table.drop_invitations(cursor, "")
        return _add_invitation(cursor, None, "", "", Role.ADMIN, _FIRST_START)


def invite(desk: Desk, caller: Caller, *, name: str, email: str, role: Role) -> str:
    """Invite a person and return the token of their link, which is shown once.

    Raises:
        NotAllowed: The caller may not manage people.
        BadInput: Name or e-mail cannot be used, or the person is here already.
    """
    audit.allow(desk.database, caller, Right.MANAGE_PEOPLE, What(_KIND, name=email))
    name, email = _checked_name(name), checked_email(email)
    with desk.database.write("ctl") as cursor:
        if table.find_by_email(cursor, email):
            raise BadInput(f"{email} is here already; make a new link for that person in the list.", "email")
        if table.count(cursor) + len(_pending(cursor)) >= limits.PEOPLE_MAX:
            raise BadInput(f"There are {limits.PEOPLE_MAX:,} people and invitations already; withdraw some first.")
        table.drop_invitations(cursor, email)
        token = _add_invitation(cursor, None, name, email, role, caller.name)
        after = {"name": name, "email": email, "role": role.value}
        audit.record(cursor, caller, "invited", What(_KIND, name=email), after=after)
    return token


def reset(desk: Desk, caller: Caller, person_id: str) -> str:
    """Return the token of a link by which a person sets a new password; it lets them in again if deactivated.

    The old password works until the link is used.

    Raises:
        NotAllowed: The caller may not manage people.
        BadInput: There is no such person.
    """
    audit.allow(desk.database, caller, Right.MANAGE_PEOPLE, What(_KIND, person_id))
    with desk.database.write("ctl") as cursor:
        person = _known(cursor, person_id)
        table.drop_invitations(cursor, person.email)
        token = _add_invitation(cursor, person_id, person.name, person.email, person.role, caller.name)
        audit.record(cursor, caller, "made a new link", What(_KIND, person_id, person.email))
    return token


def withdraw(desk: Desk, caller: Caller, invitation_id: str) -> None:
    """End an invitation that nobody has used yet.

    Raises:
        NotAllowed: The caller may not manage people.
        BadInput: It was used, withdrawn or is too old.
    """
    audit.allow(desk.database, caller, Right.MANAGE_PEOPLE, What("invitation", invitation_id))
    with desk.database.write("ctl") as cursor:
        invitation = table.pending_invitation(cursor, invitation_id, clock.now())
        if invitation is None:
            raise BadInput("This invitation was used or withdrawn already; load the page again.")
        table.drop_invitation(cursor, invitation_id)
        audit.record(cursor, caller, "withdrew", What("invitation", invitation_id, invitation.email))


def accept(desk: Desk, token: str, *, name: str, password: str, email: str = "") -> Person:
    """Turn an invitation into a person, or give an invited person their new password.

    Args:
        desk: The open home.
        token: Of the link; it works once.
        name: As they write it.
        password: At least PASSWORD_CHARACTERS_MIN characters.
        email: Needed where the invitation has none: the first administrator.

    Raises:
        GiveUp: The link was used, withdrawn or is too old.
        BadInput: Name, e-mail or password cannot be used; field says which.
    """
    invitation = _open_invitation(desk, token)
    name = _checked_name(name)
    email = invitation.email or checked_email(email)
    passwords.check_new(password, name=name, email=email)
    hashed = passwords.hash_password(password)
    now = clock.now()
    with desk.database.write("ctl") as cursor:
        # Looked at again: hashing took a while, and of two at once only the first may pass.
        if table.find_invitation(cursor, tokens.digest(token), now) != invitation:
            raise GiveUp(_LINK_IS_OVER)
        if invitation.created_by == _FIRST_START and table.count(cursor):
            raise GiveUp(_LINK_IS_OVER)
        person = _store(cursor, invitation, name, email, hashed)
        table.use_invitation(cursor, invitation.invitation_id, now)
        what = What(_KIND, person.person_id, person.email)
        caller = Caller(person.name, person.role, person.person_id)
        after = {"name": person.name, "role": person.role.value, "password": "set"}
        audit.record(cursor, caller, "accepted the invitation", what, after=after)
    return person


def change_role(desk: Desk, caller: Caller, person_id: str, role: Role) -> None:
    """Give a person another role.

    Raises:
        NotAllowed: The caller may not manage people.
        BadInput: There is no such person, or it is the last admin.
    """
    audit.allow(desk.database, caller, Right.MANAGE_PEOPLE, What(_KIND, person_id))
    with desk.database.write("ctl") as cursor:
        person = _known(cursor, person_id)
        if person.role is role:
            return
        _keep_an_admin(cursor, person)
        table.set_role(cursor, person_id, role)
        before, after = {"role": person.role.value}, {"role": role.value}
        what = What(_KIND, person_id, person.email)
        audit.record(cursor, caller, "changed role", what, before=before, after=after)


def deactivate(desk: Desk, caller: Caller, person_id: str) -> None:
    """Let a person in no longer: their sessions end now, their links too.

    Raises:
        NotAllowed: The caller may not manage people.
        BadInput: There is no such person, or it is the last admin.
    """
    audit.allow(desk.database, caller, Right.MANAGE_PEOPLE, What(_KIND, person_id))
    with desk.database.write("ctl") as cursor:
        person = _known(cursor, person_id)
        _keep_an_admin(cursor, person)
        table.set_active(cursor, person_id, is_active=False)
        table.drop_invitations(cursor, person.email)
        ended = table.end_logins(cursor, person_id)
        what = What(_KIND, person_id, person.email)
        before, after = {"is_active": person.is_active}, {"is_active": False, "sessions_ended": ended}
        audit.record(cursor, caller, "deactivated", what, before=before, after=after)


def end_sessions(desk: Desk, caller: Caller, person_id: str) -> int:
    """End all sign-ins of a person and return how many there were.

    Raises:
        NotAllowed: The caller may not manage people.
        BadInput: There is no such person.
    """
    audit.allow(desk.database, caller, Right.MANAGE_PEOPLE, What(_KIND, person_id))
    with desk.database.write("ctl") as cursor:
        person = _known(cursor, person_id)
        ended = table.end_logins(cursor, person_id)
        what = What(_KIND, person_id, person.email)
        audit.record(cursor, caller, "ended sessions", what, after={"sessions_ended": ended})
    return ended


def checked_email(email: str) -> str:
    """Return the address in lower case, as people are known by it.

    Raises:
        BadInput: It is no e-mail address.
    """
    trimmed = email.strip().lower()
    local, at, domain = trimmed.rpartition("@")
    is_plain = trimmed.isprintable() and not any(character in trimmed for character in ' <>",;:()')
    if not (local and at and domain and is_plain) or len(trimmed) > limits.EMAIL_CHARACTERS_MAX or "@" in local:
        raise BadInput("Enter an e-mail address such as ana@example.org.", "email")
    return trimmed


def _checked_name(name: str) -> str:
    trimmed = " ".join(name.split())
    if not trimmed or not trimmed.isprintable():
        raise BadInput("Enter a name.", "name")
    if len(trimmed) > limits.NAME_CHARACTERS_MAX:
        raise BadInput(f"The name can have at most {limits.NAME_CHARACTERS_MAX} characters.", "name")
    return trimmed


def _add_invitation(cursor: Cursor, person_id: str | None, name: str, email: str, role: Role, created_by: str) -> str:
    token, now = tokens.new_token(), clock.now()
    expires_at = now + timedelta(hours=limits.INVITE_HOURS_MAX)
    invitation = Invitation(ids.ulid(), person_id, name, email, role, now, expires_at, None, created_by)
    table.add_invitation(cursor, invitation, tokens.digest(token))
    return token


def _open_invitation(desk: Desk, token: str) -> Invitation:
    with desk.database.read() as cursor:
        invitation = table.find_invitation(cursor, tokens.digest(token), clock.now())
    if invitation is None:
        raise GiveUp(_LINK_IS_OVER)
    return invitation


def _store(cursor: Cursor, invitation: Invitation, name: str, email: str, hashed: str) -> Person:
    if invitation.person_id is None:
        if table.find_by_email(cursor, email):
            raise BadInput(f"{email} is here already; ask an admin for a new link.", "email")
        person = Person(
            ids.ulid(), name, email, invitation.role, is_active=True, created_at=clock.now(), last_seen_at=None
        )
        table.add(cursor, person, hashed)
        return person
    # A new password for a person who exists: their role of today counts, and nobody stays signed in.
    known = _known(cursor, invitation.person_id)
    table.set_password(cursor, known.person_id, name, hashed)
    table.end_logins(cursor, known.person_id)
    return replace(known, name=name, is_active=True)


def _known(cursor: Cursor, person_id: str) -> Person:
    person = table.find(cursor, person_id)
    if person is None:
        raise BadInput("There is no such person; load the page again.")
    return person


def _pending(cursor: Cursor) -> list[Invitation]:
    return table.pending_invitations(cursor, clock.now(), limits.PEOPLE_MAX)


def _keep_an_admin(cursor: Cursor, person: Person) -> None:
    if person.role is Role.ADMIN and person.is_active and table.count_active_admins(cursor) == 1:
        raise BadInput(_LAST_ADMIN)
