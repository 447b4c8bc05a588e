"""What happens when a partner answers late, wrongly or not at all: one test each, against the simulator."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from email.utils import formatdate
from pathlib import Path
from typing import Any

import pytest

from engine.actions import configurations as configuration_actions
from engine.base import limits
from engine.partners.simulator import Simulator
from storage.records.deliveries import DeliveryCategory
from storage.records.partners import ConfigurationState
from storage.tables import configurations
from tests.fakes.audience import CALLER, Person, Sender, ids_of, standing_clock
from tests.fakes.home import open_home
from tests.fakes.partner import PARTNER, simulator

__all__ = ["simulator"]
TAKEN = '{"num_received": 3, "num_invalid_entries": 0}'
SHORT = {"timeout_s": "0.5"}
TRIES_MAX = 1 + len(limits.RETRY_WAITS_S)


@pytest.fixture
def sender(tmp_path: Path, simulator: Simulator) -> Iterator[Sender]:
    """A home whose clock stands still, and a partner that keeps what it is told."""
    with standing_clock() as time, open_home(tmp_path) as desk:
        yield Sender(desk, simulator.base_url(), time)


def at_partner(simulator: Simulator) -> set[str]:
    return set(simulator.audiences().get("123", []))


def state_of(sender: Sender, configuration_id: str) -> ConfigurationState:
    with sender.desk.database.read() as cursor:
        found = configurations.by_id(cursor, configuration_id)
    assert found is not None
    return found.state


def test_an_answer_after_three_and_a_half_seconds_is_tried_again_and_ends_in_sent(
    sender: Sender, simulator: Simulator
) -> None:
    # given: with the product's own deadline, and a partner that does what it was told all the same
    sender.put_many(3)
    sender.linked()
    simulator.set_faults({"kind": "slow", "delay_s": 3.5, "calls": 1})
    # when
    sender.send()
    # then: nothing is counted before the last answer
    assert sender.counts() == {"waiting": 3}
    # and when
    sender.finish()
    # then
    assert at_partner(simulator) == ids_of(range(1, 4))
    assert sender.counts() == {"sent": 3}
    assert sender.failures() == []
    [[category, took_ms]] = sender.sql("SELECT category, took_ms FROM ctl.delivery WHERE try = 1")
    assert category == "timeout"
    assert took_ms >= 3000


@pytest.mark.parametrize("fault", [{"kind": "slow", "delay_s": 30}, {"kind": "drip", "bytes_per_s": 1}])
def test_a_partner_that_never_answers_in_time_is_counted_as_timeout_once_after_the_last_try(
    sender: Sender, simulator: Simulator, fault: dict[str, Any]
) -> None:
    # given
    sender.put_many(3)
    sender.linked(**SHORT)
    simulator.set_faults(fault)
    # when
    sender.finish()
    # then
    assert sender.counts() == {"timeout": 3}
    [failure] = sender.failures()
    assert (failure.category, failure.tries, failure.count) == (DeliveryCategory.TIMEOUT, TRIES_MAX, 3)
    assert failure.is_whole_batch
    # and each call told the same again, no more
    assert set(simulator.requests()["repeats"]["add"].values()) == {TRIES_MAX - 1}


@pytest.mark.parametrize(
    ("fault", "category", "code"),
    [
        ({"kind": "status", "status": 500}, "other", "HTTP 500"),
        ({"kind": "error", "code": 2, "status": 500}, "partner_code", "2"),
        ({"kind": "reset"}, "other", "connection reset"),
        ({"kind": "reset", "after_apply": True}, "other", "connection reset"),
    ],
)
def test_a_passing_fault_is_tried_again_with_growing_waits_and_counts_only_where_it_lasts(
    sender: Sender, simulator: Simulator, fault: dict[str, Any], category: str, code: str
) -> None:
    # given
    assert sender.time is not None
    sender.put_many(3)
    sender.linked()
    # when: it lasts one call less than there are tries
    simulator.set_faults({**fault, "calls": TRIES_MAX - 1})
    before = sender.time.now
    sender.finish()
    # then
    assert sender.counts() == {"sent": 3}
    assert at_partner(simulator) == ids_of(range(1, 4))
    assert (sender.time.now - before).total_seconds() == sum(limits.RETRY_WAITS_S)
    # and when it lasts
    sender.put_many(2, first=10)
    simulator.set_faults(fault)
    [[audience_id]] = sender.sql("SELECT audience_id FROM ctl.audience")
    sender.change_rule(audience_id, "spend >= 600")
    sender.finish()
    # then
    assert sender.counts() == {"sent": 3, category: 2}
    [failure] = sender.failures()
    assert (failure.category, failure.code, failure.tries) == (DeliveryCategory(category), code, TRIES_MAX)


@pytest.mark.fault(107)
@pytest.mark.parametrize(
    ("fault", "category", "code"),
    [
        ({"kind": "error", "code": 100, "subcode": 33}, "partner_code", "100/33"),
        ({"kind": "error", "code": 100, "status": 200}, "partner_code", "100"),
        ({"kind": "html"}, "other", "NOT_JSON"),
        ({"kind": "empty"}, "other", "EMPTY_ANSWER"),
        ({"kind": "status", "status": 200, "text": "{}", "content_type": "application/json"}, "other", "BAD_ANSWER"),
        ({"kind": "status", "status": 200, "text": TAKEN, "content_type": "text/html"}, "other", "NOT_JSON"),
        ({"kind": "status", "status": 302}, "other", "HTTP 302"),
    ],
)
def test_an_answer_that_does_not_say_so_is_never_counted_as_sent(
    sender: Sender, simulator: Simulator, fault: dict[str, Any], category: str, code: str
) -> None:
    # given
    sender.put_many(3)
    sender.linked()
    simulator.set_faults({**fault, "calls": 1})
    # when
    sender.finish()
    # then: there is no second try, for it would be answered the same
    assert sender.counts() == {category: 3}
    assert [(failure.code, failure.tries) for failure in sender.failures()] == [(code, 1)]
    assert at_partner(simulator) == set()


@pytest.mark.fault(105)
def test_of_a_batch_of_ten_with_three_refused_seven_are_sent_and_three_have_the_partners_code(
    sender: Sender, simulator: Simulator
) -> None:
    # given
    sender.put_many(10)
    sender.linked()
    refused = sorted(ids_of([2, 5, 9]))
    simulator.set_faults({"kind": "partial", "identifiers": refused, "calls": 1})
    # when
    sender.finish()
    # then
    assert sender.counts() == {"sent": 7, "partner_code": 3}
    [failure] = sender.failures()
    assert (failure.count, failure.is_whole_batch) == (3, False)
    assert sorted(row[0] for row in sender.sql("SELECT identifier FROM ctl.failed_signal")) == refused
    assert at_partner(simulator) == ids_of(range(1, 11)) - set(refused)


def test_a_partial_answer_without_names_counts_right_and_names_the_whole_batch(
    sender: Sender, simulator: Simulator
) -> None:
    # given
    sender.put_many(10)
    sender.linked()
    simulator.set_faults({"kind": "partial", "count": 3, "named": False, "calls": 1})
    # when
    sender.finish()
    # then
    assert sender.counts() == {"sent": 7, "partner_code": 3}
    [failure] = sender.failures()
    assert (failure.count, failure.is_whole_batch) == (3, True)


@pytest.mark.fault(106)
def test_a_poison_batch_ends_and_does_not_stop_the_others(sender: Sender, simulator: Simulator) -> None:
    # given: 10 batches, of which the partner breaks at one, whenever it comes
    sender.put_many(100)
    sender.linked(batch_size="10")
    simulator.set_faults({"kind": "error", "code": 100, "calls": 1})
    # when
    sender.finish()
    # then
    assert sender.counts() == {"sent": 90, "partner_code": 10}
    assert sender.batch_states() == {"sent": 9, "failed": 1}
    # and the next recompute's signals go too
    [[audience_id]] = sender.sql("SELECT audience_id FROM ctl.audience")
    sender.put(Person(500, 900))
    sender.change_rule(audience_id, "spend >= 501")
    sender.finish()
    assert sender.counts() == {"sent": 91, "partner_code": 10}


def test_refused_credentials_stop_the_account_after_the_second_try_and_burn_one_batch_alone(
    sender: Sender, simulator: Simulator
) -> None:
    # given: 20 batches
    sender.put_many(200)
    _, configuration_id = sender.linked(batch_size="10")
    simulator.set_faults({"kind": "error", "code": 190, "subcode": 463, "status": 401})
    # when
    sender.finish()
    # then
    assert state_of(sender, configuration_id) is ConfigurationState.STOPPED
    assert sender.counts() == {"invalid_credentials": 10, "waiting": 190}
    assert sender.held() == 190
    [failure] = sender.failures()
    assert (failure.category, failure.code, failure.tries) == (DeliveryCategory.INVALID_CREDENTIALS, "190/463", 2)
    # those side by side were tried too, and nothing after them
    assert simulator.requests()["count"] <= limits.CREDENTIAL_TRIES_MAX * limits.CALLS_AT_ONCE_MAX
    # and when it is mended and activated
    simulator.set_faults([])
    sender.activate(configuration_id)
    sender.finish()
    # then all arrives, and what had failed is told as recovered
    assert at_partner(simulator) == ids_of(range(1, 201))
    assert sender.counts() == {"sent": 200, "invalid_credentials": 10}
    assert sender.recovered() == 10
    [mended] = sender.failures()
    assert (mended.recovered, mended.is_replayed) == (10, True)


def test_an_account_that_is_stopped_keeps_what_a_later_recompute_finds_until_it_is_activated(
    sender: Sender, simulator: Simulator
) -> None:
    # given
    sender.put_many(20)
    audience_id, configuration_id = sender.linked(batch_size="5")
    simulator.set_faults({"kind": "error", "code": 190, "status": 401})
    sender.finish()
    # when: somebody whose add failed leaves, and somebody new enters meanwhile
    [failed] = sender.failures()
    [[number]] = sender.sql(
        f"SELECT min(profile_id) FROM dat.signal WHERE batch_id = '{failed.batch_id}'"  # noqa: S608
    )
    sender.put(Person(number, 10), Person(77, 900))
    sender.change_rule(audience_id, "spend >= 501")
    simulator.set_faults([])
    sender.activate(configuration_id)
    sender.finish()
    # then: whoever left is not sent by the replay
    assert at_partner(simulator) == ids_of([*range(1, 21), 77]) - ids_of([number])
    assert sender.recovered() == 4


@pytest.mark.fault(103)
@pytest.mark.parametrize(
    ("retry_after", "wait_s"),
    [
        ("7", 7.0),
        ("a date", 3000.0),
        (None, limits.PARTNER_WAIT_S),
        ("315360000", limits.PARTNER_WAIT_S_MAX),
        ("-5", limits.PARTNER_WAIT_S_MIN),
        ("Sat, 21 Nov 2020 12:00:00 GMT", limits.PARTNER_WAIT_S_MIN),
        ("soon", limits.PARTNER_WAIT_S),
    ],
)
def test_a_rate_limit_lets_the_account_wait_within_bounds_uses_no_try_and_delays_no_other(
    sender: Sender, simulator: Simulator, retry_after: str | None, wait_s: float
) -> None:
    # given: one account of a partner that has enough, and one of which it has not
    assert sender.time is not None
    sender.put_many(30)
    limited, free = sender.configure(batch_size="10"), sender.configure("Other account", audience_id="456")
    sender.link(sender.audience(), limited)
    sender.link(sender.audience(name="The same"), free)
    if retry_after == "a date":
        # The simulator's own clock is the machine's, and what it says is taken relative to its answer's date.
        retry_after = formatdate(datetime.now(UTC).timestamp() + wait_s, usegmt=True)
    simulator.set_faults({"kind": "limit", "audience": "123"} | ({"retry_after": retry_after} if retry_after else {}))
    # when: more often than a fault is tried again
    for _ in range(TRIES_MAX + 1):
        sender.send()
        # then
        with sender.desk.database.read() as cursor:
            at = configurations.waits_until(cursor, limited)
        assert at is not None
        assert (at - sender.time.now).total_seconds() == pytest.approx(wait_s, abs=wait_s * 0.05)
        assert sender.counts(limited) == {"waiting": 30}
        assert sender.counts(free) == {"sent": 30}
        # and nothing goes before that time
        count = simulator.requests()["count"]
        sender.time.now = at - timedelta(seconds=0.5)
        sender.send()
        assert simulator.requests()["count"] == count
        sender.time.now = at
    # and when it takes calls again
    simulator.set_faults([])
    sender.finish()
    # then
    assert sender.counts(limited) == {"sent": 30}
    assert sender.sql("SELECT max(tries) FROM ctl.batch") == [(1,)]


def test_a_new_name_is_no_leave_to_call_sooner_than_the_partner_asked(sender: Sender, simulator: Simulator) -> None:
    # given
    assert sender.time is not None
    sender.put_many(12)
    _, configuration_id = sender.linked(batch_size="1")
    simulator.set_faults({"kind": "status", "status": 429, "retry_after": 600})
    sender.send()
    count = simulator.requests()["count"]
    assert count < 12
    # when
    settings = {"audience_id": "123", "base_url": sender.at, "batch_size": "1"}
    renamed = configuration_actions.Wanted("Renamed", PARTNER, settings)
    configuration_actions.save(sender.desk, CALLER, configuration_id, renamed)
    sender.time.move(seconds=599)
    sender.send()
    # then
    assert simulator.requests()["count"] == count
    simulator.set_faults([])
    sender.finish()
    assert at_partner(simulator) == ids_of(range(1, 13))
