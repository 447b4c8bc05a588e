"""A deactivated account is sent nothing more, and at activation the net difference goes, whatever happened between."""

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.flows import audiences as recomputing
from engine.flows import lifecycle, replay, send_signals
from engine.partners.simulator import Simulator
from engine.scheduling.dispatch import Dispatcher
from storage.records.audiences import Difference
from storage.records.deliveries import Answer
from storage.tables import batches
from tests.fakes.audience import Person, Sender, ids_of, standing_clock
from tests.fakes.home import open_home
from tests.fakes.partner import simulator
from tests.fakes.service import wait_until

__all__ = ["simulator"]
NONE = frozenset[str]()


@pytest.fixture
def sender(tmp_path: Path, simulator: Simulator) -> Iterator[Sender]:
    """A home whose clock stands still, and a partner that keeps what it is told."""
    with standing_clock() as time, open_home(tmp_path) as desk:
        yield Sender(desk, simulator.base_url(), time)


def at_partner(simulator: Simulator) -> set[str]:
    return set(simulator.audiences().get("123", []))


@pytest.mark.fault(110)
def test_a_deactivation_in_mid_batch_lets_nothing_go_after_it_but_what_is_on_the_wire(
    tmp_path: Path, simulator: Simulator
) -> None:
    # given: many batches, of which the first calls hang until the test lets them go on
    with open_home(tmp_path) as desk:
        sender = Sender(desk, simulator.base_url())
        sender.put_many(100)
        _, configuration_id = sender.linked(batch_size="5")
        simulator.set_faults({"kind": "slow", "delay_s": 1.0})
        dispatcher = Dispatcher(desk)
        dispatcher.start()
        wait_until(lambda: simulator.requests()["count"] >= 4, 30)
        # when
        held = sender.deactivate(configuration_id)
        on_the_wire = simulator.requests()["count"] + sender.batch_states().get("calling", 0)
        wait_until(lambda: "calling" not in sender.batch_states(), 30)
        # then: the calls that were out may finish, and nothing comes after them
        states = sender.batch_states()
        sender.send()
        dispatcher.stop()
        assert sender.batch_states() == states
        count = simulator.requests()["count"]
        assert count <= on_the_wire
        assert set(states) <= {"sent", "held"}
        assert states["held"] >= 20 - 2 * 4
        assert held >= sender.held() == states["held"] * 5
        assert sender.counts() == {"sent": states["sent"] * 5, "waiting": states["held"] * 5}
        # and at activation the rest goes, once
        simulator.set_faults([])
        sender.activate(configuration_id)
        sender.send()
        assert at_partner(simulator) == ids_of(range(1, 101))
        assert simulator.requests()["repeats"] == {"add": {}, "remove": {}}
        assert sender.counts() == {"sent": 100}
        assert sender.batch_states()["superseded"] == states["held"]


def test_activation_sends_the_net_difference_only(sender: Sender, simulator: Simulator) -> None:
    # given: two at the partner, then deactivated
    sender.put(Person(1, 600), Person(2, 600), Person(3, 10), Person(4, 10))
    audience_id, configuration_id = sender.linked()
    sender.send()
    sender.deactivate(configuration_id)
    # when: 1 leaves; 2 leaves and comes back; 3 enters; 4 enters and leaves again
    for changed in ((Person(1, 10), Person(2, 10), Person(3, 600), Person(4, 600)), (Person(2, 600), Person(4, 10))):
        sender.put(*changed)
        recomputing.recompute(sender.desk, audience_id)
    sender.send()
    assert at_partner(simulator) == ids_of([1, 2])
    simulator.forget_requests()
    sender.activate(configuration_id)
    sender.send()
    # then
    assert at_partner(simulator) == ids_of([2, 3])
    assert simulator.requests()["profiles"] == {"add": 1, "remove": 1}
    assert sender.counts() == {"sent": 3, "removed": 1}


def test_what_was_held_gives_way_to_the_net_difference(sender: Sender, simulator: Simulator) -> None:
    # given: 1 and 2 at the partner; held: 2 removed, 3 and 4 added, then 3 removed
    sender.put(Person(1, 600), Person(2, 600))
    audience_id, configuration_id = sender.linked()
    sender.send()
    for changed in ((Person(2, 10), Person(3, 600), Person(4, 600)), (Person(3, 10),)):
        sender.put(*changed)
        recomputing.recompute(sender.desk, audience_id)
    held = sender.deactivate(configuration_id)
    assert held == sender.held() == 4
    # when: 2 comes back before the activation
    sender.put(Person(2, 600))
    recomputing.recompute(sender.desk, audience_id)
    simulator.forget_requests()
    sender.activate(configuration_id)
    sender.send()
    # then: 4 alone is news
    assert at_partner(simulator) == ids_of([1, 2, 4])
    assert simulator.requests()["profiles"] == {"add": 1, "remove": 0}
    assert sender.batch_states() == {"sent": 2, "superseded": 3}
    assert sender.counts() == {"sent": 3}
    assert sender.told() == at_partner(simulator)


def test_after_an_unclear_answer_whatever_is_wanted_at_activation_is_said_again(
    sender: Sender, simulator: Simulator
) -> None:
    # given: two adds and two removes that the partner did, though its answers were lost
    assert sender.time is not None
    sender.put(Person(1, 600), Person(2, 600))
    audience_id, configuration_id = sender.linked()
    sender.send()
    sender.put(Person(1, 10), Person(2, 10), Person(3, 600), Person(4, 600))
    recomputing.recompute(sender.desk, audience_id)
    simulator.set_faults({"kind": "reset", "after_apply": True})
    sender.send()
    assert at_partner(simulator) == ids_of([3, 4])
    sender.deactivate(configuration_id)
    # when: half of them change their mind
    sender.put(Person(1, 600), Person(3, 10))
    recomputing.recompute(sender.desk, audience_id)
    simulator.set_faults([])
    sender.activate(configuration_id)
    sender.finish()
    # then
    assert at_partner(simulator) == ids_of([1, 4]) == sender.told()
    assert sender.sql("SELECT count(*) FROM dat.told WHERE is_unsure") == [(0,)]


def test_who_may_be_at_the_partner_by_a_call_without_answer_is_removed_however_often_it_is_held(
    sender: Sender, simulator: Simulator
) -> None:
    # given: an add that the partner did, though its answer was lost; said again at the activation, and held once more
    sender.put(Person(1, 600))
    audience_id, configuration_id = sender.linked()
    simulator.set_faults({"kind": "reset", "after_apply": True, "calls": 1})
    sender.send()
    sender.deactivate(configuration_id)
    sender.activate(configuration_id)
    sender.deactivate(configuration_id)
    # when: the person leaves before the second activation
    sender.put(Person(1, 10))
    sender.activate(configuration_id)
    sender.finish()
    # then
    assert recomputing.recompute(sender.desk, audience_id).members == 0
    assert at_partner(simulator) == set()


def test_who_was_taken_with_a_batch_that_is_replayed_as_a_whole_is_removed_where_the_replay_was_held(
    sender: Sender, simulator: Simulator
) -> None:
    # given: of three one is refused, nobody says which; the replay of all three is held
    sender.put_many(3)
    _, configuration_id = sender.linked()
    simulator.set_faults({"kind": "partial", "count": 1, "named": False, "calls": 1})
    sender.send()
    assert len(at_partner(simulator)) == 2
    replay.replay(sender.desk, [failure.failure_id for failure in sender.failures()], "Ana")
    sender.deactivate(configuration_id)
    # when: all three leave before the activation
    sender.put(Person(1, 10), Person(2, 10), Person(3, 10))
    sender.activate(configuration_id)
    sender.finish()
    # then
    assert at_partner(simulator) == set() == sender.told()


def test_removes_of_an_ended_link_that_were_held_go_at_activation(sender: Sender, simulator: Simulator) -> None:
    # given: unlinked with removes, and deactivated before they went
    sender.put_many(5)
    audience_id, configuration_id = sender.audience(), sender.configure()
    activation_id = sender.link(audience_id, configuration_id)
    sender.send()
    sender.unlink(activation_id, sends_removes=True)
    assert sender.deactivate(configuration_id) == 5
    # when
    sender.activate(configuration_id)
    sender.send()
    # then
    assert at_partner(simulator) == set()
    assert sender.counts() == {"sent": 5, "removed": 5}


def test_a_recompute_that_was_under_way_at_the_deactivation_loses_nothing(sender: Sender, simulator: Simulator) -> None:
    # given: a wave is written while the account is being deactivated, so that its batches are not there yet
    sender.put_many(5)
    _, configuration_id = sender.linked()
    assert sender.batch_states() == {}
    # when
    held = sender.deactivate(configuration_id)
    sender.send()
    # then
    assert held == 5
    assert simulator.requests()["count"] == 0
    sender.activate(configuration_id)
    sender.send()
    assert at_partner(simulator) == ids_of(range(1, 6))
    assert sender.counts() == {"sent": 5}


@pytest.mark.parametrize("done", ["nothing", "taken back", "taken back twice"])
def test_an_activation_that_was_cut_off_between_its_steps_is_made_good_by_the_next(
    sender: Sender, simulator: Simulator, done: str
) -> None:
    # given
    sender.put(Person(1, 600), Person(2, 600))
    audience_id, configuration_id = sender.linked()
    sender.send()
    sender.put(Person(2, 10), Person(3, 600))
    recomputing.recompute(sender.desk, audience_id)
    sender.deactivate(configuration_id)
    # when: it ended after these steps, and somebody recomputes meanwhile
    for _ in range(["nothing", "taken back", "taken back twice"].index(done)):
        lifecycle._take_back(sender.desk, configuration_id)
        recomputing.recompute(sender.desk, audience_id)
    sender.activate(configuration_id)
    sender.activate(configuration_id)
    sender.send()
    # then
    assert at_partner(simulator) == ids_of([1, 3]) == sender.told()
    assert sender.counts() == {"sent": 3, "removed": 1}


def test_a_call_that_breaks_while_the_account_is_being_activated_is_held_no_longer_than_that(
    sender: Sender, simulator: Simulator
) -> None:
    # given: a call on the wire at the deactivation, which breaks between two steps of the activation
    sender.put_many(3)
    _, configuration_id = sender.linked()
    [taken] = send_signals.claim(sender.desk, "owner", NONE)
    sender.deactivate(configuration_id)
    first = lifecycle._take_back(sender.desk, configuration_id)
    send_signals.settle(sender.desk, taken, Answer(None, "", 5, fault="Cut."))
    # when
    is_done = lifecycle._is_activated(sender.desk, configuration_id, "Ana", first)
    assert not is_done
    sender.activate(configuration_id)
    sender.finish()
    # then
    assert at_partner(simulator) == ids_of([1, 2, 3])
    assert sender.batch_states() == {"superseded": 1, "sent": 1}


def test_a_call_that_is_on_the_wire_through_deactivation_and_activation_counts_as_what_it_is(
    sender: Sender, simulator: Simulator
) -> None:
    # given
    sender.put_many(3)
    audience_id, configuration_id = sender.linked()
    [taken] = send_signals.claim(sender.desk, "owner", NONE)
    sender.deactivate(configuration_id)
    sender.activate(configuration_id)
    # when: its answer comes only now
    assert recomputing.recompute(sender.desk, audience_id) == Difference(3, 0, 0, 0, 0)
    send_signals.settle(sender.desk, taken, Answer(500, "", 5))
    sender.finish()
    # then: it was tried again, and no other message told the same
    assert at_partner(simulator) == ids_of([1, 2, 3])
    assert sender.counts() == {"sent": 3}


def test_two_who_activate_at_once_activate_once(sender: Sender, simulator: Simulator) -> None:
    # given
    sender.put_many(50)
    _, configuration_id = sender.linked(batch_size="5")
    sender.deactivate(configuration_id)
    # when
    both = [threading.Thread(target=lifecycle.activate, args=[sender.desk, configuration_id, "Ana"]) for _ in range(2)]
    for one in both:
        one.start()
    for one in both:
        one.join()
    sender.work()
    sender.send()
    # then
    assert at_partner(simulator) == ids_of(range(1, 51))
    assert simulator.requests()["profiles"] == {"add": 50, "remove": 0}
    with sender.desk.database.read() as cursor:
        assert batches.held(cursor, configuration_id) == []


def test_a_batch_that_was_claimed_but_not_yet_called_for_goes_back_at_a_deactivation(sender: Sender) -> None:
    # given
    sender.put_many(3)
    _, configuration_id = sender.linked()
    [taken] = send_signals.claim(sender.desk, "owner", NONE)
    # when
    sender.deactivate(configuration_id)
    ready = send_signals.prepare(sender.desk, taken)
    send_signals.let_go(sender.desk, taken)
    # then
    assert ready is None
    assert sender.batch_states() == {"held": 1}
    assert sender.held() == 3


def test_a_batch_that_was_claimed_and_not_called_for_leaves_nothing_to_take_back(
    sender: Sender, simulator: Simulator
) -> None:
    # given: a deactivation between the claim and the call
    sender.put(Person(1, 600))
    _, configuration_id = sender.linked()
    [taken] = send_signals.claim(sender.desk, "one", NONE)
    sender.deactivate(configuration_id)
    assert send_signals.prepare(sender.desk, taken) is None
    send_signals.let_go(sender.desk, taken)
    # when: the person, who was never sent, leaves before the activation
    sender.put(Person(1, 10))
    sender.activate(configuration_id)
    sender.send()
    # then
    assert (sender.counts(), simulator.requests()["count"]) == ({}, 0)
    assert sender.sql("SELECT count(*) FROM ctl.delivery") == [(0,)]
