"""The audit: who did what, chained so that a changed row shows, and refusals in it."""

import json

import pytest

from engine.base.errors import NotAllowed
from engine.flows.desk import Desk
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.people import AuditEntry, Caller, Role
from storage.tables import audit as table

ANA = Caller("Ana", Role.ADMIN, "p1")


def entries(desk: Desk) -> list[AuditEntry]:
    with desk.database.read() as cursor:
        return list(table.all_entries(cursor))


def write(desk: Desk, count: int) -> None:
    for number in range(count):
        with desk.database.write("ctl") as cursor:
            audit.record(
                cursor, ANA, "changed", What("connection", "c1", "Shop"), before={"n": number}, after={"n": -1}
            )


@pytest.mark.promise("D06")
def test_a_change_is_recorded_with_who_what_before_and_after(desk: Desk) -> None:
    # when
    write(desk, 1)
    # then
    (entry,) = entries(desk)
    assert (entry.who, entry.did, entry.what_kind, entry.what_id, entry.what_name) == (
        "Ana",
        "changed",
        "connection",
        "c1",
        "Shop",
    )
    assert (json.loads(entry.before_json or ""), json.loads(entry.after_json or "")) == ({"n": 0}, {"n": -1})


@pytest.mark.promise("D06")
def test_the_chain_is_whole_and_shows_the_first_row_that_was_changed_or_removed(desk: Desk) -> None:
    # given
    write(desk, 5)
    assert audit.first_broken(desk.database) is None
    # when
    with desk.database.write("ctl") as cursor:
        cursor.execute("UPDATE ctl.audit SET who = 'Ben' WHERE position = 4")
    # then
    assert audit.first_broken(desk.database) == 4
    # when
    with desk.database.write("ctl") as cursor:
        cursor.execute("DELETE FROM ctl.audit WHERE position = 2")
    # then
    assert audit.first_broken(desk.database) == 2


def test_an_audit_without_a_row_is_whole(desk: Desk) -> None:
    assert audit.first_broken(desk.database) is None


@pytest.mark.promise("D06", "D11")
def test_secrets_read_changed_whatever_they_hold_and_wherever_they_are(desk: Desk) -> None:
    # given
    values = {
        "host": "sftp.example.org",
        "secret_kind": "password",
        "password": "s3cret",
        "server": [{"private_key": "-----BEGIN", "passphrase": None, "name": "x"}],
        "session_token": "t0ken",
    }
    # when
    with desk.database.write("ctl") as cursor:
        audit.record(cursor, ANA, "changed", What("connection"), before=None, after=values)
    # then
    (entry,) = entries(desk)
    assert json.loads(entry.after_json or "") == {
        "host": "sftp.example.org",
        "secret_kind": "password",
        "password": "changed",
        "server": [{"private_key": "changed", "passphrase": None, "name": "x"}],
        "session_token": "changed",
    }
    assert entry.before_json is None


@pytest.mark.promise("D05", "D06")
def test_a_refused_call_is_recorded_and_refused(desk: Desk) -> None:
    # given
    mia = Caller("Mia", Role.MANAGER, "p2")
    # when
    with pytest.raises(NotAllowed):
        audit.allow(desk.database, mia, Right.RUN, What("connection", "c1", "Shop"))
    audit.allow(desk.database, ANA, Right.RUN, What("connection", "c1", "Shop"))
    # then
    (entry,) = entries(desk)
    assert (entry.who, entry.did, entry.what_name) == ("Mia", "was refused", "Shop")
    assert json.loads(entry.after_json or "") == {"right": "start runs", "role": "manager"}


def test_what_was_undone_leaves_no_row(desk: Desk) -> None:
    # when
    def fail_half_way() -> None:
        with desk.database.write("ctl") as cursor:
            audit.record(cursor, ANA, "changed", What("connection"))
            raise RuntimeError

    with pytest.raises(RuntimeError):
        fail_half_way()
    write(desk, 1)
    # then
    assert [entry.position for entry in entries(desk)] == [1]
