"""People: invited by links that work once, given roles, and never without an admin."""

import threading
from collections.abc import Callable

import pytest

from engine.actions import people, sign_in
from engine.base import limits
from engine.base.errors import BadInput, GiveUp, NotAllowed
from engine.flows.desk import Desk
from engine.security import passwords
from engine.views import callers
from engine.views import people as view
from storage.records.people import Caller, Role
from storage.tables import audit as audit_table
from tests.fakes.home import PASSWORD, add_person, first_admin, session
from tests.rooms.security.conftest import Clock


def did(desk: Desk) -> list[str]:
    with desk.database.read() as cursor:
        return [entry.did for entry in audit_table.all_entries(cursor)]


def test_the_first_link_makes_an_admin_and_there_is_no_second(desk: Desk) -> None:
    # given
    token = people.first_link(desk)
    assert token is not None
    # when
    person = people.accept(desk, token, name="  Ana   Vos ", email=" Ana@Example.ORG ", password=PASSWORD)
    # then
    assert (person.name, person.email, person.role) == ("Ana Vos", "ana@example.org", Role.ADMIN)
    assert people.first_link(desk) is None


def test_each_start_makes_a_new_first_link_and_the_one_before_ends(desk: Desk) -> None:
    # given
    old, new = people.first_link(desk), people.first_link(desk)
    assert old and new
    # then
    assert callers.link(desk, old) is None
    assert callers.link(desk, new) == callers.LinkFacts("", "", Role.ADMIN)


def test_an_invitation_works_once(desk: Desk) -> None:
    # given
    admin = first_admin(desk)
    token = people.invite(desk, admin, name="Ben", email="ben@example.org", role=Role.ANALYST)
    # when
    person = people.accept(desk, token, name="Ben", password=PASSWORD)
    # then
    assert person.role is Role.ANALYST
    with pytest.raises(GiveUp, match="used already"):
        people.accept(desk, token, name="Ben", password=PASSWORD)


def test_an_invitation_ends_by_itself(desk: Desk, time: Clock) -> None:
    # given
    token = people.invite(desk, first_admin(desk), name="Ben", email="ben@example.org", role=Role.ANALYST)
    # when
    time.pass_s(limits.INVITE_HOURS_MAX * 3600)
    # then
    assert callers.link(desk, token) is None
    with pytest.raises(GiveUp, match="too old"):
        people.accept(desk, token, name="Ben", password=PASSWORD)


def test_a_withdrawn_or_replaced_invitation_is_over(desk: Desk) -> None:
    # given
    admin = first_admin(desk)
    first = people.invite(desk, admin, name="Ben", email="ben@example.org", role=Role.ANALYST)
    second = people.invite(desk, admin, name="Ben", email="BEN@example.org", role=Role.MANAGER)
    (pending,) = view.page(desk, admin).invitations
    assert pending.role is Role.MANAGER
    # when
    people.withdraw(desk, admin, pending.invitation_id)
    # then
    assert callers.link(desk, first) is None and callers.link(desk, second) is None
    with pytest.raises(BadInput, match="used or withdrawn"):
        people.withdraw(desk, admin, pending.invitation_id)


def test_a_weak_password_does_not_use_up_the_link(desk: Desk) -> None:
    # given
    token = people.invite(desk, first_admin(desk), name="Ben", email="ben@example.org", role=Role.ANALYST)
    # when
    with pytest.raises(BadInput):
        people.accept(desk, token, name="Ben", password="short")
    # then
    assert people.accept(desk, token, name="Ben", password=PASSWORD).email == "ben@example.org"


def test_of_two_who_use_one_link_at_the_same_time_only_one_gets_in(desk: Desk, monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    token = people.first_link(desk)
    assert token
    both_checked = threading.Barrier(2, timeout=20)
    real = passwords.hash_password

    def hash_together(password: str) -> str:
        both_checked.wait()
        return real(password)

    monkeypatch.setattr(passwords, "hash_password", hash_together)
    answers: list[str] = []

    def join(name: str) -> None:
        try:
            people.accept(desk, token, name=name, email=f"{name}@example.org", password=PASSWORD)
            answers.append("in")
        except GiveUp as error:
            answers.append(str(error))

    threads = [threading.Thread(target=join, args=(name,)) for name in ("ana", "eve")]
    # when
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    # then
    assert sorted(answers) == ["This link was used already or is too old; ask an admin for a new one.", "in"]


def test_a_link_withdrawn_while_its_form_is_being_handled_lets_nobody_in(
    desk: Desk, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given
    admin = first_admin(desk)
    token = people.invite(desk, admin, name="Ben", email="ben@example.org", role=Role.ANALYST)
    real = passwords.hash_password

    def withdraw_meanwhile(password: str) -> str:
        people.withdraw(desk, admin, view.page(desk, admin).invitations[0].invitation_id)
        return real(password)

    monkeypatch.setattr(passwords, "hash_password", withdraw_meanwhile)
    # when
    with pytest.raises(GiveUp):
        people.accept(desk, token, name="Ben", password=PASSWORD)
    # then
    assert [line.person.name for line in view.page(desk, admin).people] == [admin.name]


def test_a_new_link_ends_the_one_before(desk: Desk) -> None:
    # given
    admin = first_admin(desk)
    # when
    first, second = (people.reset(desk, admin, admin.person_id or "") for _ in range(2))
    # then
    assert callers.link(desk, first) is None
    assert callers.link(desk, second) is not None


@pytest.mark.parametrize(
    ("name", "email", "field"),
    [
        ("", "ben@example.org", "name"),
        ("x" * 121, "ben@example.org", "name"),
        ("Be\x00n", "ben@example.org", "name"),
        ("Ben", "ben", "email"),
        ("Ben", "ben@", "email"),
        ("Ben", "a b@example.org", "email"),
        ("Ben", "a@b@example.org", "email"),
        ("Ben", "x" * 250 + "@example.org", "email"),
        ("Ben", "ana@example.org", "email"),
    ],
)
def test_an_unusable_name_or_address_is_refused_at_its_field(desk: Desk, name: str, email: str, field: str) -> None:
    admin = first_admin(desk)
    with pytest.raises(BadInput) as refusal:
        people.invite(desk, admin, name=name, email=email, role=Role.ANALYST)
    assert refusal.value.field == field
    assert view.page(desk, admin).invitations == ()


def test_the_last_admin_can_neither_be_deactivated_nor_lose_the_role(desk: Desk) -> None:
    # given
    admin = first_admin(desk)
    assert admin.person_id
    removals: tuple[Callable[[Desk, Caller, str], None], ...] = (
        people.deactivate,
        lambda desk, who, person_id: people.change_role(desk, who, person_id, Role.ANALYST),
    )
    for act in removals:
        # when
        with pytest.raises(BadInput) as refusal:
            act(desk, admin, admin.person_id)
        # then
        assert str(refusal.value) == "You cannot remove the last admin."
    # when
    other = add_person(desk, admin, Role.ADMIN)
    people.deactivate(desk, other, admin.person_id)
    # then
    with pytest.raises(BadInput):
        people.change_role(desk, other, other.person_id or "", Role.SUPPORT)


def test_a_new_role_counts_from_the_next_look(desk: Desk) -> None:
    # given
    admin = first_admin(desk)
    ben = add_person(desk, admin, Role.ANALYST)
    token = session(desk, "analyst@example.org")
    # when
    people.change_role(desk, admin, ben.person_id or "", Role.MANAGER)
    # then
    found = callers.find(desk, token)
    assert found is not None and found.role is Role.MANAGER


def test_a_deactivated_person_is_out_at_once_and_a_new_link_lets_them_in_again(desk: Desk) -> None:
    # given
    admin = first_admin(desk)
    ben = add_person(desk, admin, Role.ANALYST)
    token = session(desk, "analyst@example.org")
    old_link = people.reset(desk, admin, ben.person_id or "")
    # when
    people.deactivate(desk, admin, ben.person_id or "")
    # then
    assert callers.find(desk, token) is None
    assert callers.link(desk, old_link) is None
    # when
    link = people.reset(desk, admin, ben.person_id or "")
    people.accept(desk, link, name="Ben", password="another long password")
    # then
    assert sign_in.sign_in(desk, "192.0.2.7", "analyst@example.org", "another long password")


def test_a_reset_keeps_the_role_of_today_and_ends_the_sessions(desk: Desk) -> None:
    # given
    admin = first_admin(desk)
    ben = add_person(desk, admin, Role.ANALYST)
    token = session(desk, "analyst@example.org")
    link = people.reset(desk, admin, ben.person_id or "")
    people.change_role(desk, admin, ben.person_id or "", Role.SUPPORT)
    # when
    person = people.accept(desk, link, name="Ben", password="another long password")
    # then
    assert person.role is Role.SUPPORT and person.person_id == ben.person_id
    assert callers.find(desk, token) is None


def test_sessions_are_counted_and_ended(desk: Desk) -> None:
    # given
    admin = first_admin(desk)
    tokens = [session(desk, "ana@example.org") for _ in range(2)]
    assert [line.sessions for line in view.page(desk, admin).people] == [2]
    # when
    ended = people.end_sessions(desk, admin, admin.person_id or "")
    # then
    assert ended == 2
    assert [callers.find(desk, token) for token in tokens] == [None, None]


ACTIONS: dict[str, Callable[[Desk, Caller], object]] = {
    "invite": lambda desk, who: people.invite(desk, who, name="X", email="x@example.org", role=Role.ADMIN),
    "reset": lambda desk, who: people.reset(desk, who, "p1"),
    "withdraw": lambda desk, who: people.withdraw(desk, who, "i1"),
    "change_role": lambda desk, who: people.change_role(desk, who, "p1", Role.ADMIN),
    "deactivate": lambda desk, who: people.deactivate(desk, who, "p1"),
    "end_sessions": lambda desk, who: people.end_sessions(desk, who, "p1"),
    "page": view.page,
}


@pytest.mark.promise("D05", "D06")
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("role", [Role.ANALYST, Role.MANAGER, Role.SUPPORT])
def test_nobody_but_an_admin_manages_people_and_each_try_is_recorded(desk: Desk, action: str, role: Role) -> None:
    with pytest.raises(NotAllowed):
        ACTIONS[action](desk, Caller("Sam", role, "p9"))
    assert did(desk) == ["was refused"]


@pytest.mark.promise("D06")
def test_every_change_of_people_is_recorded(desk: Desk) -> None:
    # when
    admin = first_admin(desk)
    ben = add_person(desk, admin, Role.ANALYST)
    people.invite(desk, admin, name="Cat", email="cat@example.org", role=Role.SUPPORT)
    people.withdraw(desk, admin, view.page(desk, admin).invitations[0].invitation_id)
    people.change_role(desk, admin, ben.person_id or "", Role.MANAGER)
    people.end_sessions(desk, admin, ben.person_id or "")
    people.reset(desk, admin, ben.person_id or "")
    people.deactivate(desk, admin, ben.person_id or "")
    # then
    assert did(desk) == [
        "accepted the invitation",
        "invited",
        "accepted the invitation",
        "invited",
        "withdrew",
        "changed role",
        "ended sessions",
        "made a new link",
        "deactivated",
    ]


def test_an_unknown_person_is_named_as_such(desk: Desk) -> None:
    admin = first_admin(desk)
    with pytest.raises(BadInput, match="no such person"):
        people.deactivate(desk, admin, "nobody")
