"""All SQL of people: who they are, their sign-ins, their invitations and their wrong tries."""

from datetime import datetime
from typing import Any

from storage.database import Cursor
from storage.records.people import Invitation, Person, Role

_PERSON = "person_id, name, email, role, is_active, created_at, last_seen_at"
_INVITATION = "invitation_id, person_id, name, email, role, created_at, expires_at, used_at, created_by"


def add(cursor: Cursor, person: Person, password_hash: str) -> None:
    """Insert a person who has never been seen."""
    cursor.execute(
        f"INSERT INTO ctl.person ({_PERSON}, password_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        [
            person.person_id,
            person.name,
            person.email,
            person.role.value,
            person.is_active,
            person.created_at,
            person.last_seen_at,
            password_hash,
        ],
    )


def find(cursor: Cursor, person_id: str) -> Person | None:
    """Return the person with this id."""
    return _person(cursor.execute(f"SELECT {_PERSON} FROM ctl.person WHERE person_id = ?", [person_id]).fetchone())


def find_by_email(cursor: Cursor, email: str) -> Person | None:
    """Return the person with this e-mail address, given in lower case."""
    return _person(cursor.execute(f"SELECT {_PERSON} FROM ctl.person WHERE email = ?", [email]).fetchone())


def password_hash(cursor: Cursor, person_id: str) -> str | None:
    """Return the stored hash of a person."""
    row = cursor.execute("SELECT password_hash FROM ctl.person WHERE person_id = ?", [person_id]).fetchone()
    return row[0] if row else None


def count(cursor: Cursor) -> int:
    """Return how many people there are, active or not."""
    return _number(cursor.execute("SELECT count(*) FROM ctl.person").fetchone())


def count_active_admins(cursor: Cursor) -> int:
    """Return how many active administrators there are."""
    return _number(
        cursor.execute("SELECT count(*) FROM ctl.person WHERE is_active AND role = ?", [Role.ADMIN.value]).fetchone()
    )


def with_sessions(cursor: Cursor, now: datetime, rows_max: int) -> list[tuple[Person, int]]:
    """Return people by name, each with how many live sign-ins there are."""
    rows = cursor.execute(
        f"SELECT {_PERSON}, (SELECT count(*) FROM ctl.login WHERE login.person_id = person.person_id"
        " AND login.expires_at > ?) FROM ctl.person ORDER BY lower(name), person_id LIMIT ?",
        [now, rows_max],
    ).fetchall()
    return [(_some_person(row), int(row[-1])) for row in rows]


def set_role(cursor: Cursor, person_id: str, role: Role) -> None:
    """Give a person another role."""
    cursor.execute("UPDATE ctl.person SET role = ? WHERE person_id = ?", [role.value, person_id])


def set_active(cursor: Cursor, person_id: str, *, is_active: bool) -> None:
    """Let a person sign in, or not."""
    cursor.execute("UPDATE ctl.person SET is_active = ? WHERE person_id = ?", [is_active, person_id])


def set_password(cursor: Cursor, person_id: str, name: str, password_hash: str) -> None:
    """Give a person a new password and the name they entered with it, and let them sign in."""
    cursor.execute(
        "UPDATE ctl.person SET name = ?, password_hash = ?, is_active = true WHERE person_id = ?",
        [name, password_hash, person_id],
    )


def add_login(cursor: Cursor, token_hash: str, person_id: str, now: datetime, expires_at: datetime) -> None:
    """Insert a sign-in and forget those that are over."""
    cursor.execute("DELETE FROM ctl.login WHERE expires_at <= ?", [now])
    cursor.execute(
        "INSERT INTO ctl.login (token_hash, person_id, created_at, expires_at, last_seen_at) VALUES (?, ?, ?, ?, ?)",
        [token_hash, person_id, now, expires_at, now],
    )


def find_login(cursor: Cursor, token_hash: str, now: datetime) -> tuple[Person, datetime] | None:
    """Return the active person of a live sign-in, and when the sign-in was last seen."""
    row = cursor.execute(
        "SELECT person.person_id, person.name, person.email, person.role, person.is_active, person.created_at,"
        " person.last_seen_at, login.last_seen_at FROM ctl.login AS login"
        " JOIN ctl.person AS person ON person.person_id = login.person_id"
        " WHERE login.token_hash = ? AND login.expires_at > ? AND person.is_active",
        [token_hash, now],
    ).fetchone()
    return (_some_person(row), row[-1]) if row else None


def note_seen(cursor: Cursor, token_hash: str, person_id: str, now: datetime) -> None:
    """Note that a sign-in and its person were just here."""
    cursor.execute("UPDATE ctl.login SET last_seen_at = ? WHERE token_hash = ?", [now, token_hash])
    cursor.execute("UPDATE ctl.person SET last_seen_at = ? WHERE person_id = ?", [now, person_id])


def end_login(cursor: Cursor, token_hash: str) -> None:
    """End one sign-in."""
    cursor.execute("DELETE FROM ctl.login WHERE token_hash = ?", [token_hash])


def end_logins(cursor: Cursor, person_id: str) -> int:
    """End all sign-ins of a person and return how many there were."""
    ended = _number(cursor.execute("SELECT count(*) FROM ctl.login WHERE person_id = ?", [person_id]).fetchone())
    cursor.execute("DELETE FROM ctl.login WHERE person_id = ?", [person_id])
    return ended


def add_invitation(cursor: Cursor, invitation: Invitation, token_hash: str) -> None:
    """Insert an invitation."""
    cursor.execute(
        f"INSERT INTO ctl.invitation ({_INVITATION}, token_hash) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        [
            invitation.invitation_id,
            invitation.person_id,
            invitation.name,
            invitation.email,
            invitation.role.value,
            invitation.created_at,
            invitation.expires_at,
            invitation.used_at,
            invitation.created_by,
            token_hash,
        ],
    )


def find_invitation(cursor: Cursor, token_hash: str, now: datetime) -> Invitation | None:
    """Return the invitation of a link that can still be used."""
    row = cursor.execute(
        f"SELECT {_INVITATION} FROM ctl.invitation WHERE token_hash = ? AND used_at IS NULL AND expires_at > ?",
        [token_hash, now],
    ).fetchone()
    return _invitation(row) if row else None


def pending_invitation(cursor: Cursor, invitation_id: str, now: datetime) -> Invitation | None:
    """Return the invitation with this id where it can still be used."""
    row = cursor.execute(
        f"SELECT {_INVITATION} FROM ctl.invitation WHERE invitation_id = ? AND used_at IS NULL AND expires_at > ?",
        [invitation_id, now],
    ).fetchone()
    return _invitation(row) if row else None


def pending_invitations(cursor: Cursor, now: datetime, rows_max: int) -> list[Invitation]:
    """Return invitations that can still be used, oldest first."""
    rows = cursor.execute(
        f"SELECT {_INVITATION} FROM ctl.invitation WHERE used_at IS NULL AND expires_at > ?"
        " ORDER BY created_at, invitation_id LIMIT ?",
        [now, rows_max],
    ).fetchall()
    return [_invitation(row) for row in rows]


def use_invitation(cursor: Cursor, invitation_id: str, now: datetime) -> None:
    """Note that an invitation was accepted."""
    cursor.execute("UPDATE ctl.invitation SET used_at = ? WHERE invitation_id = ?", [now, invitation_id])


def drop_invitation(cursor: Cursor, invitation_id: str) -> None:
    """Forget one invitation."""
    cursor.execute("DELETE FROM ctl.invitation WHERE invitation_id = ?", [invitation_id])


def drop_invitations(cursor: Cursor, email: str) -> None:
    """Forget the unused invitations of an e-mail address; the empty one stands for the first administrator."""
    cursor.execute("DELETE FROM ctl.invitation WHERE email = ? AND used_at IS NULL", [email])


def tries(cursor: Cursor, key_hash: str) -> tuple[int, datetime] | None:
    """Return the wrong tries in a row, and when the last one was."""
    row: tuple[int, datetime] | None = cursor.execute(
        "SELECT tries, last_at FROM ctl.sign_in_try WHERE key_hash = ?", [key_hash]
    ).fetchone()
    return row


def set_tries(cursor: Cursor, key_hash: str, tries: int, now: datetime) -> None:
    """Keep the wrong tries in a row."""
    forget_tries(cursor, key_hash)
    cursor.execute("INSERT INTO ctl.sign_in_try (key_hash, tries, last_at) VALUES (?, ?, ?)", [key_hash, tries, now])


def forget_tries(cursor: Cursor, key_hash: str) -> None:
    """Forget the wrong tries of one address and e-mail."""
    cursor.execute("DELETE FROM ctl.sign_in_try WHERE key_hash = ?", [key_hash])


def forget_old_tries(cursor: Cursor, before: datetime) -> None:
    """Forget wrong tries last made before this time."""
    cursor.execute("DELETE FROM ctl.sign_in_try WHERE last_at < ?", [before])


def _number(row: tuple[Any, ...] | None) -> int:
    return int(row[0]) if row else 0


def _person(row: tuple[Any, ...] | None) -> Person | None:
    return _some_person(row) if row else None


def _some_person(row: tuple[Any, ...]) -> Person:
    return Person(row[0], row[1], row[2], Role(row[3]), row[4], row[5], row[6])


def _invitation(row: tuple[Any, ...]) -> Invitation:
    return Invitation(row[0], row[1], row[2], row[3], Role(row[4]), *row[5:])
