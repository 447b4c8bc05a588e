"""An account that takes one audience after the other: what is owed of the first never undoes what the second wants."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.actions import audiences, configurations
from engine.flows import audiences as recomputing
from engine.flows import replay as replaying
from engine.partners.simulator import Simulator
from engine.views import failures
from storage.tables import batches, members
from tests.fakes.audience import CALLER, Person, Sender, ids_of, standing_clock
from tests.fakes.home import open_home
from tests.fakes.partner import simulator

__all__ = ["simulator"]
REFUSED = {"kind": "error", "code": 100, "subcode": 33, "calls": 1}
EXPIRED = {"kind": "error", "code": 190, "status": 401, "calls": 2}


@pytest.fixture
def sender(tmp_path: Path, simulator: Simulator) -> Iterator[Sender]:
    """A home whose clock stands still, and a partner that keeps what it is told."""
    with standing_clock() as time, open_home(tmp_path) as desk:
        yield Sender(desk, simulator.base_url(), time)


def at_partner(simulator: Simulator) -> set[str]:
    return set(simulator.audiences().get("123", []))


def test_a_replay_of_removes_leaves_those_whom_a_later_link_has_added(sender: Sender, simulator: Simulator) -> None:
    # given: four were sent and unlinked, and the partner refused the removes; two of them are sent by a new link
    sender.put(Person(1, 600), Person(2, 600), Person(3, 900), Person(4, 900))
    first, second = sender.audience(), sender.audience("spend >= 800", "Biggest spenders")
    configuration_id = sender.configure()
    old = sender.link(first, configuration_id)
    sender.send()
    sender.unlink(old, sends_removes=True)
    simulator.set_faults(REFUSED)
    sender.send()
    sender.link(second, configuration_id)
    sender.send()
    [failure] = sender.failures()
    # when
    drawer = failures.drawer(sender.desk, CALLER, [failure.failure_id])
    shown = failures.profiles(sender.desk, CALLER, [failure.failure_id], 0, 10)
    signals = replaying.replay(sender.desk, [failure.failure_id], "Ana")
    sender.send()
    # then: the two others are removed, as the drawer said before
    assert (drawer.rows, drawer.current, signals) == (4, 2, 2)
    assert [(line.profile_id, line.is_current) for line in shown] == [(1, True), (2, True), (3, False), (4, False)]
    assert at_partner(simulator) == ids_of([3, 4])


@pytest.mark.parametrize("is_second_first", [True, False])
def test_removes_of_an_ended_link_that_were_held_leave_whom_the_next_link_wants(
    sender: Sender, simulator: Simulator, *, is_second_first: bool
) -> None:
    # given: unlinked with removes and linked to another audience; the credentials expire before any of it went
    sender.put(Person(1, 600), Person(2, 900))
    first, second = sender.audience(), sender.audience("spend >= 800", "Biggest spenders")
    configuration_id = sender.configure()
    old = sender.link(first, configuration_id)
    sender.send()
    sender.unlink(old, sends_removes=True)
    sender.link(second, configuration_id)
    simulator.set_faults(EXPIRED)
    sender.finish()
    simulator.set_faults([])
    # when: the net difference of the two is found in either order
    configurations.activate(sender.desk, CALLER, configuration_id)
    for audience_id in (second, first) if is_second_first else (first, second):
        recomputing.recompute(sender.desk, audience_id)
    sender.work()
    sender.finish()
    # then
    assert at_partner(simulator) == ids_of([2]) == sender.told()


def test_who_enters_after_a_link_to_a_deactivated_account_is_sent_though_the_current_members_are_not(
    sender: Sender, simulator: Simulator
) -> None:
    # given
    sender.put(Person(1, 600), Person(2, 600))
    audience_id, configuration_id = sender.audience(), sender.configure()
    sender.deactivate(configuration_id)
    sender.link(audience_id, configuration_id, sends_current=False)
    sender.put(Person(2, 10), Person(3, 600))
    recomputing.recompute(sender.desk, audience_id)
    # when
    sender.activate(configuration_id)
    sender.send()
    # then: only the one who came later, and no remove for the one who was never sent
    assert at_partner(simulator) == ids_of([3])
    assert sender.counts() == {"sent": 1}


def test_a_wave_that_comes_after_its_account_was_deleted_waits_for_nothing(
    sender: Sender, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: a recompute that saw the account active, and ends when it is deleted
    sender.put_many(3)
    audience_id, configuration_id = sender.audience(), sender.configure()
    activation_id = sender.link(audience_id, configuration_id)
    sender.put_many(2, first=10)
    written = members.recompute

    def late(*arguments: object) -> object:
        sender.deactivate(configuration_id)
        audiences.unlink(sender.desk, CALLER, activation_id, sends_removes=False)
        configurations.delete(sender.desk, CALLER, configuration_id)
        return written(*arguments)  # type: ignore[arg-type]  # as the caller gave them

    with monkeypatch.context() as patched:
        patched.setattr(members, "recompute", late)
        recomputing.recompute(sender.desk, audience_id)
    # when
    sender.send()
    # then
    with sender.desk.database.read() as cursor:
        assert batches.waiting_by_configuration(cursor) == {}
    assert sender.counts() == {}
    assert sender.batch_states() == {"superseded": 2}
