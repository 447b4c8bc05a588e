"""The rules of signing in: five tries, then a wait; sessions that end; nothing told about who exists."""

import threading

import pytest

from engine.actions import people, sign_in
from engine.base import limits
from engine.base.errors import HandoffError, MendCredentials
from engine.flows.desk import Desk
from engine.views import callers
from storage.records.people import Role
from storage.tables import audit as audit_table
from tests.fakes.home import PASSWORD, add_person, first_admin, session
from tests.rooms.security.conftest import Clock

HERE, ELSEWHERE = "192.0.2.1", "192.0.2.2"
ANA = "ana@example.org"


def fail(desk: Desk, times: int, email: str = ANA, address: str = HERE) -> list[str]:
    sentences = []
    for _ in range(times):
        with pytest.raises(HandoffError) as refusal:
            sign_in.sign_in(desk, address, email, "wrong password")
        sentences.append(str(refusal.value))
    return sentences


def test_the_right_password_gives_a_session_for_that_person(desk: Desk) -> None:
    # given
    admin = first_admin(desk)
    # when
    token = sign_in.sign_in(desk, HERE, " ANA@example.org ", PASSWORD)
    # then
    assert callers.find(desk, token) == admin
    assert callers.find(desk, token + "x") is None
    assert callers.find(desk, "") is None


def test_wrong_password_and_unknown_person_read_the_same(desk: Desk) -> None:
    first_admin(desk)
    assert fail(desk, 1) == fail(desk, 1, email="nobody@example.org")


def test_after_five_wrong_tries_even_the_right_password_waits(desk: Desk, time: Clock) -> None:
    # given
    first_admin(desk)
    assert set(fail(desk, limits.SIGN_IN_TRIES_MAX)) == {"E-mail and password do not match; try again."}
    # when
    time.pass_s(20)
    with pytest.raises(sign_in.HaveToWait) as refusal:
        sign_in.sign_in(desk, HERE, ANA, PASSWORD)
    # then
    assert str(refusal.value) == "Too many wrong passwords; wait 40 seconds, then try again."
    # when
    time.pass_s(40)
    # then
    assert sign_in.sign_in(desk, HERE, ANA, PASSWORD)


def test_after_the_wait_five_more_tries_lead_to_the_next_wait(desk: Desk, time: Clock) -> None:
    first_admin(desk)
    fail(desk, limits.SIGN_IN_TRIES_MAX)
    time.pass_s(limits.SIGN_IN_WAIT_S)
    sentences = fail(desk, limits.SIGN_IN_TRIES_MAX + 1)
    assert ["wait" in sentence for sentence in sentences] == [False] * limits.SIGN_IN_TRIES_MAX + [True]


def test_a_success_forgets_the_wrong_tries_before_it(desk: Desk) -> None:
    first_admin(desk)
    fail(desk, limits.SIGN_IN_TRIES_MAX - 1)
    session(desk, ANA, HERE)
    fail(desk, limits.SIGN_IN_TRIES_MAX - 1)
    assert session(desk, ANA, HERE)


def test_wrong_tries_elsewhere_or_for_somebody_else_lock_nobody_out(desk: Desk) -> None:
    # given
    admin = first_admin(desk)
    add_person(desk, admin, Role.ANALYST)
    # when
    fail(desk, limits.SIGN_IN_TRIES_MAX)
    # then
    assert session(desk, ANA, ELSEWHERE)
    assert session(desk, "analyst@example.org", HERE)


def test_guessing_many_people_from_one_address_has_to_wait_too(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(limits, "SIGN_IN_TRIES_PER_ADDRESS_MAX", 3)
    first_admin(desk)
    # when
    for number in range(3):
        fail(desk, 1, email=f"guess{number}@example.org")
    # then
    with pytest.raises(sign_in.HaveToWait):
        sign_in.sign_in(desk, HERE, ANA, PASSWORD)
    assert session(desk, ANA, ELSEWHERE)


def test_tries_at_the_same_time_are_counted_too(desk: Desk) -> None:
    # given
    first_admin(desk)
    answers: list[str] = []

    def guess() -> None:
        try:
            sign_in.sign_in(desk, HERE, ANA, "wrong password")
        except HandoffError as error:
            answers.append(type(error).__name__)

    threads = [threading.Thread(target=guess) for _ in range(limits.SIGN_IN_TRIES_MAX + 3)]
    # when
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # then
    assert sorted(answers) == ["HaveToWait"] * 3 + ["MendCredentials"] * limits.SIGN_IN_TRIES_MAX


def test_wrong_tries_are_known_after_a_restart(desk: Desk) -> None:
    first_admin(desk)
    fail(desk, limits.SIGN_IN_TRIES_MAX)
    with desk.database.read() as cursor:
        kept = cursor.execute("SELECT tries FROM ctl.sign_in_try").fetchall()
    assert (limits.SIGN_IN_TRIES_MAX,) in kept


def test_a_deactivated_person_cannot_sign_in(desk: Desk) -> None:
    admin = first_admin(desk)
    ben = add_person(desk, admin, Role.ANALYST)
    people.deactivate(desk, admin, ben.person_id or "")
    with pytest.raises(MendCredentials):
        session(desk, "analyst@example.org")


@pytest.mark.parametrize("typed", ["", "\x00", "x" * 100_000, "\udcff", "' OR 1=1 --"])
def test_whatever_is_typed_is_only_a_wrong_password(desk: Desk, typed: str) -> None:
    first_admin(desk)
    with pytest.raises(MendCredentials):
        sign_in.sign_in(desk, HERE, ANA, typed)
    with pytest.raises(MendCredentials):
        sign_in.sign_in(desk, HERE, typed, PASSWORD)


def test_a_session_ends_by_signing_out_and_by_age(desk: Desk, time: Clock) -> None:
    # given
    first_admin(desk)
    first, second = session(desk, ANA), session(desk, ANA)
    # when
    sign_in.sign_out(desk, first)
    sign_in.sign_out(desk, first)
    # then
    assert callers.find(desk, first) is None
    assert callers.find(desk, second) is not None
    # when
    time.pass_s(limits.LOGIN_DAYS_MAX * 24 * 3600)
    # then
    assert callers.find(desk, second) is None


def test_last_seen_is_noted_at_most_once_a_minute(desk: Desk, time: Clock) -> None:
    # given
    first_admin(desk)
    token = session(desk, ANA)
    signed_in_at = time.now

    def seen_at() -> object:
        with desk.database.read() as cursor:
            return cursor.execute("SELECT last_seen_at FROM ctl.person").fetchall()[0][0]

    # when
    time.pass_s(59)
    callers.find(desk, token)
    # then
    assert seen_at() == signed_in_at
    # when
    time.pass_s(1)
    callers.find(desk, token)
    # then
    assert seen_at() == time.now


@pytest.mark.promise("D06")
def test_sign_in_refusal_and_sign_out_are_recorded_and_nothing_of_strangers(desk: Desk) -> None:
    # given
    first_admin(desk)
    # when
    fail(desk, 1)
    fail(desk, 1, email="my-password-in-the-wrong-box")
    sign_in.sign_out(desk, session(desk, ANA))
    # then
    with desk.database.read() as cursor:
        entries = list(audit_table.all_entries(cursor))
    assert [entry.did for entry in entries[1:]] == ["was refused at sign-in", "signed in", "signed out"]
    assert not any("wrong-box" in repr(entry) for entry in entries)
