"""The dispatcher sends what is due, survives what goes wrong on our side, and leaves nothing behind when it stops."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.base import limits
from engine.flows import send_signals
from engine.flows.desk import Desk
from engine.partners.simulator import Simulator
from engine.scheduling import dispatch
from engine.scheduling.dispatch import Dispatcher
from storage.database import StorageFull
from storage.records.deliveries import Answer, Claim, DeliveryCategory
from storage.records.partners import ConfigurationState
from storage.tables import batches, configurations
from tests.fakes.audience import Clock, Sender, ids_of, standing_clock
from tests.fakes.home import open_home
from tests.fakes.partner import simulator
from tests.fakes.service import wait_until

__all__ = ["simulator"]
NONE = frozenset[str]()


@pytest.fixture
def sender(tmp_path: Path, simulator: Simulator) -> Iterator[Sender]:
    """A home whose clock stands still, with five people to be sent in batches of two."""
    with standing_clock() as time, open_home(tmp_path) as desk:
        made = Sender(desk, simulator.base_url(), time)
        made.put_many(5)
        made.linked(batch_size="2")
        yield made


@pytest.fixture
def time(sender: Sender) -> Clock:
    """The sender's clock."""
    assert sender.time is not None
    return sender.time


def at_partner(simulator: Simulator) -> set[str]:
    return set(simulator.audiences().get("123", []))


def test_its_thread_sends_what_is_there_and_what_comes_and_ends_when_stopped(
    sender: Sender, simulator: Simulator
) -> None:
    # given
    dispatcher = Dispatcher(sender.desk)
    # when
    dispatcher.start()
    wait_until(lambda: sender.counts() == {"sent": 5}, 30)
    sender.put_many(3, first=10)
    [[audience_id]] = sender.sql("SELECT audience_id FROM ctl.audience")
    sender.change_rule(audience_id, "spend >= 501")
    wait_until(lambda: sender.counts() == {"sent": 8}, 30)
    dispatcher.stop()
    # then
    assert at_partner(simulator) == ids_of([*range(1, 6), *range(10, 13)])
    assert not dispatcher._thread.is_alive()


def test_a_start_takes_up_what_an_earlier_process_had_on_the_wire(sender: Sender, simulator: Simulator) -> None:
    # given: claimed by a process that was killed
    assert len(send_signals.claim(sender.desk, "killed", NONE)) == 3
    sender.send()
    assert sender.batch_states() == {"calling": 3}
    dispatcher = Dispatcher(sender.desk)
    # when
    dispatcher.start()
    wait_until(lambda: sender.counts() == {"sent": 5}, 30)
    dispatcher.stop()
    # then
    assert at_partner(simulator) == ids_of(range(1, 6))
    assert sender.sql("SELECT DISTINCT tries FROM ctl.batch") == [(1,)]


def test_a_call_that_is_given_up_goes_again_when_its_lease_is_over(
    sender: Sender, simulator: Simulator, time: Clock
) -> None:
    # given
    old = send_signals.claim(sender.desk, "gone", NONE)
    # when
    time.move(seconds=limits.CALL_LEASE_S - 1)
    sender.send()
    assert sender.batch_states() == {"calling": 3}
    time.move(seconds=2)
    sender.send()
    # then
    assert at_partner(simulator) == ids_of(range(1, 6))
    # and an answer that comes to the first owner after all changes nothing
    assert send_signals.settle(sender.desk, old[0], Answer(500, "", 1)) is None
    assert sender.counts() == {"sent": 5}


@pytest.mark.parametrize("jump", [{"hours": -1}, {"days": -3}, {"days": 1}])
def test_a_clock_that_jumps_sends_nothing_twice_and_lets_nothing_wait_for_ever(
    sender: Sender, simulator: Simulator, time: Clock, jump: dict[str, Any]
) -> None:
    # given: one batch to be tried again later, two on the wire of this process
    taken = send_signals.claim(sender.desk, "we", NONE)
    send_signals.settle(sender.desk, taken[0], Answer(500, "", 1))
    held = frozenset(claim.batch.batch_id for claim in taken[1:])
    # when
    time.move(**jump)
    # then: what is on the wire is not taken twice
    again = send_signals.claim(sender.desk, "we", held)
    assert {claim.batch.batch_id for claim in again} <= {taken[0].batch.batch_id}
    # and an hour later at most all can go
    for claim in taken[1:]:
        send_signals.settle(sender.desk, claim, Answer(500, "", 1))
    time.move(seconds=limits.PARTNER_WAIT_S_MAX + limits.CALL_LEASE_S)
    sender.send()
    assert at_partner(simulator) == ids_of(range(1, 6))
    assert sender.counts() == {"sent": 5}


def test_a_wait_that_a_partner_asked_for_before_the_clock_was_set_back_does_not_last_for_days(
    sender: Sender, simulator: Simulator, time: Clock
) -> None:
    # given
    simulator.set_faults({"kind": "limit", "retry_after": 600, "calls": 3})
    sender.send()
    # when
    time.move(days=-2)
    sender.send()
    # then
    assert sender.counts() == {"sent": 5}


def test_secrets_that_do_not_open_stop_the_account_with_the_reason_and_burn_nothing(
    sender: Sender, simulator: Simulator
) -> None:
    # given: a sealed secret that is damaged
    [[configuration_id, sealed]] = sender.sql("SELECT configuration_id, secret_sealed FROM ctl.configuration")
    with sender.desk.database.write("ctl") as cursor:
        cursor.execute("UPDATE ctl.configuration SET secret_sealed = 'v1:AAAA'")
    # when
    sender.send()
    # then
    with sender.desk.database.read() as cursor:
        found = configurations.by_id(cursor, configuration_id)
    assert found is not None
    assert found.state is ConfigurationState.STOPPED
    assert found.stopped_reason == (
        "The stored secrets of Meta demo account do not open with this home's key; enter them again."
    )
    assert sender.counts() == {"waiting": 5}
    assert sender.batch_states() == {"held": 3}
    assert simulator.requests()["count"] == 0
    # and when it is as it was, all goes
    with sender.desk.database.write("ctl") as cursor:
        cursor.execute("UPDATE ctl.configuration SET secret_sealed = ?", [sealed])
    sender.activate(configuration_id)
    sender.send()
    assert at_partner(simulator) == ids_of(range(1, 6))


def test_a_fault_of_ours_ends_its_batch_with_a_trace_and_no_other(
    sender: Sender, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: building one call fails in a way nobody thought of
    build = send_signals.prepare

    def sometimes(desk: Desk, taken: Claim) -> Any:
        if taken.batch.batch_id.endswith("1"):
            raise ZeroDivisionError
        return build(desk, taken)

    monkeypatch.setattr(send_signals, "prepare", sometimes)
    # when
    sender.send()
    # then
    assert sender.counts() == {"sent": 3, "other": 2}
    [failure] = sender.failures()
    assert failure.category is DeliveryCategory.OTHER
    assert "report it with what the log has at trace" in failure.sentence
    assert len(at_partner(simulator)) == 3


def test_while_the_disk_is_full_an_answer_is_kept_and_no_call_repeated(
    sender: Sender, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: writing fails for a while
    settle, fails = send_signals.settle, iter([True, True, True, True])

    def full_at_first(desk: Desk, taken: Claim, answer: Answer) -> Any:
        if next(fails, False):
            raise StorageFull("The disk of the database is full; nothing was changed.")
        return settle(desk, taken, answer)

    monkeypatch.setattr(send_signals, "settle", full_at_first)
    monkeypatch.setattr(limits, "RETRY_WAITS_S", (0.01,))
    # when
    sender.send()
    # then
    assert sender.counts() == {"sent": 5}
    assert simulator.requests()["count"] == 3


def test_a_loop_that_stumbles_begins_again(
    sender: Sender, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: the first look for work fails
    claim, fails = send_signals.claim, iter([True])

    def stumbling(*given: Any) -> Any:
        if next(fails, False):
            raise StorageFull("The disk of the database is full; nothing was changed.")
        return claim(*given)

    monkeypatch.setattr(send_signals, "claim", stumbling)
    dispatcher = Dispatcher(sender.desk)
    # when
    dispatcher.start()
    wait_until(lambda: sender.counts() == {"sent": 5}, 30)
    dispatcher.stop()
    # then
    assert at_partner(simulator) == ids_of(range(1, 6))


def test_a_stop_lets_calls_on_the_wire_finish_and_claims_nothing_more(sender: Sender, simulator: Simulator) -> None:
    # given
    sender.put_many(100, first=1000)
    [[audience_id]] = sender.sql("SELECT audience_id FROM ctl.audience")
    sender.change_rule(audience_id, "spend >= 501")
    simulator.set_faults({"kind": "slow", "delay_s": 0.3})
    dispatcher = Dispatcher(sender.desk)
    dispatcher.start()
    wait_until(lambda: simulator.requests()["count"] > 0, 30)
    # when
    dispatcher.stop()
    # then
    states = sender.batch_states()
    assert "calling" not in states
    assert states["waiting"] > 0
    assert sender.counts()["sent"] == len(at_partner(simulator))


def test_more_calls_than_allowed_are_never_out_at_once(sender: Sender) -> None:
    # given
    sender.put_many(100, first=1000)
    [[audience_id]] = sender.sql("SELECT audience_id FROM ctl.audience")
    sender.change_rule(audience_id, "spend >= 501")
    # when: the first wave has three batches, the second fifty
    first = send_signals.claim(sender.desk, "we", NONE)
    second = send_signals.claim(sender.desk, "we", NONE)
    for claim in first:
        send_signals.settle(sender.desk, claim, taken(claim))
    third = send_signals.claim(sender.desk, "we", NONE)
    send_signals.settle(sender.desk, third[0], taken(third[0]))
    fourth = send_signals.claim(sender.desk, "we", NONE)
    # then
    assert [len(found) for found in (first, second, third, fourth)] == [3, 0, limits.CALLS_AT_ONCE_MAX, 1]
    with sender.desk.database.read() as cursor:
        assert len(batches.calling(cursor)) == limits.CALLS_AT_ONCE_MAX


def test_nothing_due_means_no_transaction_and_no_call(sender: Sender, simulator: Simulator) -> None:
    # given
    sender.send()
    count = simulator.requests()["count"]
    # when
    assert send_signals.claim(sender.desk, "we", NONE) == []
    dispatch.send_due(sender.desk)
    # then
    assert simulator.requests()["count"] == count


def taken(claim: Claim) -> Answer:
    return Answer(200, f'{{"num_received": {claim.batch.size}, "num_invalid_entries": 0}}', 5)
