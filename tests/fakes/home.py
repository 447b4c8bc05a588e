"""Opens a home in a test's own folder, without the engine, and puts people into it."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from argon2 import PasswordHasher

from engine.actions import people, sign_in
from engine.base.settings import Settings
from engine.flows import desk as desks
from engine.flows.desk import Desk
from engine.security.vault import open_vault
from storage.database import open_database
from storage.migrate import migrate
from storage.records.people import Caller, Person, Role
from storage.spool import Spool
from tests.fakes import databases

PASSWORD = "correct horse battery staple"
CHEAP_HASHER = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1)
"""Real argon2id at its lowest cost: tests hash many passwords, and what they cost is no part of the rules."""


@contextmanager
def open_home(folder: Path) -> Iterator[Desk]:
    """Open or create a home in this folder and make it the process's own until the end."""
    settings = Settings(home=folder)
    databases.place_home(folder)
    vault = open_vault(settings.master_key, is_new_home=False)
    spool = Spool(settings.spool)
    spool.prepare()
    database = open_database(settings.database, (settings.spool,))
    migrate(database)
    desk = Desk(settings, database, spool, vault)
    desks.set_current(desk)
    try:
        yield desk
    finally:
        desks.set_current(None)
        database.close()


def first_admin(desk: Desk, email: str = "ana@example.org") -> Caller:
    """Make the first administrator, by the way of the one-time link."""
    token = people.first_link(desk)
    assert token is not None
    return _caller(people.accept(desk, token, name="Ana Vos", email=email, password=PASSWORD))


def add_person(desk: Desk, admin: Caller, role: Role, email: str = "") -> Caller:
    """Invite a person, let them accept, and return them as caller."""
    email = email or f"{role.value}@example.org"
    token = people.invite(desk, admin, name=f"{role.value} person", email=email, role=role)
    return _caller(people.accept(desk, token, name=f"{role.value} person", password=PASSWORD))


def session(desk: Desk, email: str, address: str = "192.0.2.1") -> str:
    """Sign a person in and return their session token."""
    return sign_in.sign_in(desk, address, email, PASSWORD)


def _caller(person: Person) -> Caller:
    return Caller(person.name, person.role, person.person_id)
