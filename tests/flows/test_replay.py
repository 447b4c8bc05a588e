"""Failed messages go again once, only what is still current of them, and the old day shows them as recovered."""

from collections.abc import Iterator
from dataclasses import replace
from datetime import date
from pathlib import Path

import pytest

from engine.base import errors
from engine.flows import audiences as recomputing
from engine.flows import replay as replaying
from engine.partners.simulator import Simulator
from engine.views import audiences as views
from engine.views import failures
from storage.records.people import Role
from storage.tables import deliveries
from tests.fakes.audience import CALLER, Person, Sender, ids_of, standing_clock
from tests.fakes.home import open_home
from tests.fakes.partner import simulator

__all__ = ["simulator"]
REFUSED = {"kind": "error", "code": 100, "subcode": 33}
FIRST_DAY, SECOND_DAY = date(2026, 11, 21), date(2026, 11, 22)


@pytest.fixture
def sender(tmp_path: Path, simulator: Simulator) -> Iterator[Sender]:
    """A home whose clock stands still, and a partner that keeps what it is told."""
    with standing_clock() as time, open_home(tmp_path) as desk:
        yield Sender(desk, simulator.base_url(), time)


def at_partner(simulator: Simulator) -> set[str]:
    return set(simulator.audiences().get("123", []))


def replay_all(sender: Sender) -> int:
    still_open = [failure.failure_id for failure in sender.failures() if not failure.is_replayed]
    return replaying.replay(sender.desk, still_open, "Ana")


def lines_of(sender: Sender, day: date) -> list[tuple[str, str, int, int]]:
    """Return the statistics of a day: category, code, count, recovered."""
    with sender.desk.database.read() as cursor:
        found = deliveries.day_counts(cursor, day, day)
    return [(line.category.value, line.code, line.count, line.recovered) for line in found]


def test_a_replay_sends_exactly_what_failed_and_the_old_day_keeps_its_total(
    sender: Sender, simulator: Simulator
) -> None:
    # given: 37 of 60 failed
    assert sender.time is not None
    sender.put_many(23)
    audience_id, _ = sender.linked()
    sender.send()
    sender.put_many(37, first=100)
    recomputing.recompute(sender.desk, audience_id)
    simulator.set_faults({**REFUSED, "calls": 1})
    sender.send()
    assert lines_of(sender, FIRST_DAY) == [("partner_code", "100/33", 37, 0), ("sent", "", 23, 0)]
    simulator.forget_requests()
    # when: it is replayed on the next day
    sender.time.move(days=1)
    signals = replay_all(sender)
    sender.finish()
    # then
    assert signals == 37
    assert simulator.requests()["profiles"] == {"add": 37, "remove": 0}
    assert at_partner(simulator) == ids_of([*range(1, 24), *range(100, 137)])
    assert lines_of(sender, FIRST_DAY) == [("partner_code", "100/33", 37, 37), ("sent", "", 23, 0)]
    assert lines_of(sender, SECOND_DAY) == [("sent", "", 37, 0)]
    # and a second replay has nothing to send
    assert replaying.replay(sender.desk, [sender.failures()[0].failure_id], "Ana") == 0
    sender.finish()
    assert simulator.requests()["profiles"] == {"add": 37, "remove": 0}


def test_a_replay_leaves_out_who_is_not_current_any_more(sender: Sender, simulator: Simulator) -> None:
    # given: of five failed adds one left since; of two failed removes one came back since
    sender.put_many(2)
    audience_id, _ = sender.linked()
    sender.send()
    sender.put(Person(1, 10), Person(2, 10))
    sender.put_many(5, first=10)
    recomputing.recompute(sender.desk, audience_id)
    simulator.set_faults([{**REFUSED, "calls": 2}])
    sender.send()
    sender.put(Person(1, 600), Person(10, 10))
    recomputing.recompute(sender.desk, audience_id)
    sender.send()
    simulator.forget_requests()
    # when
    signals = replay_all(sender)
    sender.send()
    # then
    assert signals == 5
    assert simulator.requests()["profiles"] == {"add": 4, "remove": 1}
    assert at_partner(simulator) == ids_of([1, *range(11, 15)]) == sender.told()
    assert sender.recovered() == 5


def there(sender: Sender, audience_id: str) -> int:
    """Return how many the audience's page says are at the partner now."""
    [link] = views.page(sender.desk, CALLER, audience_id).links
    return link.there


def test_who_was_refused_is_not_counted_at_the_partner_until_a_replay_has_sent_them(
    sender: Sender, simulator: Simulator
) -> None:
    # given: of ten adds three are refused by name, then four by nobody's name, then two removes
    sender.put_many(10)
    audience_id, _ = sender.linked()
    simulator.set_faults({"kind": "partial", "identifiers": sorted(ids_of([2, 5, 9])), "calls": 1})
    assert there(sender, audience_id) == 0
    sender.send()
    assert there(sender, audience_id) == len(at_partner(simulator)) == 7
    sender.put_many(4, first=20)
    recomputing.recompute(sender.desk, audience_id)
    simulator.set_faults({"kind": "partial", "count": 4, "named": False, "calls": 1})
    sender.send()
    assert there(sender, audience_id) == len(at_partner(simulator)) == 7
    sender.put(Person(1, 10), Person(3, 10))
    recomputing.recompute(sender.desk, audience_id)
    simulator.set_faults({**REFUSED, "calls": 1})
    sender.send()
    assert there(sender, audience_id) == len(at_partner(simulator)) == 7
    # when
    replay_all(sender)
    assert there(sender, audience_id) == 7
    sender.send()
    # then
    assert there(sender, audience_id) == len(at_partner(simulator)) == 12
    assert at_partner(simulator) == sender.told()


def test_a_replay_of_refused_profiles_sends_those_alone(sender: Sender, simulator: Simulator) -> None:
    # given
    sender.put_many(10)
    sender.linked()
    simulator.set_faults({"kind": "partial", "identifiers": sorted(ids_of([2, 5, 9])), "calls": 1})
    sender.send()
    simulator.forget_requests()
    # when
    signals = replay_all(sender)
    sender.send()
    # then
    assert signals == 3
    assert simulator.requests()["profiles"] == {"add": 3, "remove": 0}
    assert simulator.requests()["repeats"]["add"] == {}
    assert at_partner(simulator) == ids_of(range(1, 11))
    assert sender.counts() == {"sent": 10, "partner_code": 3}
    assert sender.recovered() == 3


def test_where_the_partner_did_not_say_whom_the_whole_batch_goes_again_and_recovers_what_failed(
    sender: Sender, simulator: Simulator
) -> None:
    # given
    sender.put_many(10)
    sender.linked()
    simulator.set_faults({"kind": "partial", "count": 3, "named": False, "calls": 1})
    sender.send()
    # when
    signals = replay_all(sender)
    sender.send()
    # then
    assert signals == 10
    assert at_partner(simulator) == ids_of(range(1, 11))
    assert sender.recovered() == 3
    assert sender.counts() == {"sent": 17, "partner_code": 3}


def test_a_replay_that_fails_is_a_failure_of_its_own_and_when_it_succeeds_both_have_recovered(
    sender: Sender, simulator: Simulator
) -> None:
    # given: failed, replayed on the next day, failed again
    assert sender.time is not None
    sender.put_many(4)
    sender.linked()
    simulator.set_faults({**REFUSED, "calls": 2})
    sender.send()
    sender.time.move(days=1)
    replay_all(sender)
    sender.send()
    assert lines_of(sender, FIRST_DAY) == [("partner_code", "100/33", 4, 0)]
    assert lines_of(sender, SECOND_DAY) == [("partner_code", "100/33", 4, 0)]
    # when
    assert replay_all(sender) == 4
    sender.send()
    # then
    assert lines_of(sender, FIRST_DAY) == [("partner_code", "100/33", 4, 4)]
    assert lines_of(sender, SECOND_DAY) == [("partner_code", "100/33", 4, 4), ("sent", "", 4, 0)]
    assert at_partner(simulator) == ids_of(range(1, 5))


def test_a_replay_that_was_cut_off_after_its_wave_sends_nothing_twice(
    sender: Sender, simulator: Simulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    # given: killed between the wave and the mark
    sender.put_many(4)
    sender.linked()
    simulator.set_faults({**REFUSED, "calls": 1})
    sender.send()

    def killed(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(deliveries, "mark_replayed", killed)
        with pytest.raises(KeyboardInterrupt):
            replay_all(sender)
    # when
    again = replay_all(sender)
    sender.send()
    # then
    assert again == 0
    assert [failure.is_replayed for failure in sender.failures()] == [True]
    assert sender.counts() == {"sent": 4, "partner_code": 4}
    assert simulator.requests()["profiles"] == {"add": 4, "remove": 0}


def test_nothing_is_replayed_to_an_account_that_is_not_active(sender: Sender, simulator: Simulator) -> None:
    # given
    sender.put_many(4)
    _, configuration_id = sender.linked()
    simulator.set_faults({**REFUSED, "calls": 1})
    sender.send()
    sender.deactivate(configuration_id)
    # when / then
    with pytest.raises(errors.GiveUp, match="Meta demo account is deactivated; activate it, then replay"):
        replay_all(sender)
    with pytest.raises(errors.GiveUp, match="not there any more"):
        replaying.replay(sender.desk, ["nothing"], "Ana")
    assert sender.sql("SELECT count(*) FROM dat.wave") == [(1,)]
    # and an activation alone does not replay what failed for another reason
    sender.activate(configuration_id)
    sender.send()
    assert sender.counts() == {"partner_code": 4}


@pytest.mark.fault(120)
def test_the_statistics_are_what_the_outbox_says_after_retries_repeats_and_replays(
    sender: Sender, simulator: Simulator
) -> None:
    # given: everything that can happen to a message, over three days
    assert sender.time is not None
    sender.put_many(100)
    audience_id, configuration_id = sender.linked(batch_size="10", timeout_s="0.5")
    simulator.set_faults(
        [
            {"kind": "slow", "delay_s": 0.8, "calls": 1},
            {**REFUSED, "calls": 2},
            {"kind": "reset", "after_apply": True, "calls": 3},
            {"kind": "partial", "count": 4, "calls": 1},
        ]
    )
    sender.finish()
    sender.time.move(days=1)
    for number in range(1, 21):
        sender.put(Person(number, 10))
    recomputing.recompute(sender.desk, audience_id)
    sender.finish()
    replay_all(sender)
    sender.finish()
    sender.time.move(days=1)
    sender.put_many(15, first=200)
    recomputing.recompute(sender.desk, audience_id)
    sender.deactivate(configuration_id)
    # when
    counted = sender.counts()
    # then: each message of a batch that ended is counted once, by how it ended
    [[ended]] = sender.sql("SELECT sum(size)::BIGINT FROM ctl.batch WHERE state IN ('sent', 'failed')")
    [[still_open]] = sender.sql("SELECT sum(size)::BIGINT FROM ctl.batch WHERE state = 'held'")
    failed = sum(failure.count for failure in sender.failures())
    assert counted["waiting"] == still_open == 15
    assert sum(counted.values()) == ended + still_open
    assert counted["partner_code"] == failed == 24
    assert counted["sent"] + counted["removed"] == ended - failed
    assert sender.recovered() == sum(failure.recovered for failure in sender.failures())
    # and the partner has who was told to it
    [[first_sum]] = sender.sql(
        f"SELECT sum(n)::BIGINT FROM ctl.delivery_stat WHERE day = '{FIRST_DAY}'"  # noqa: S608
    )
    assert first_sum == 100
    assert at_partner(simulator) == ids_of(range(21, 101))


def test_support_sees_the_partners_own_words_masked_in_every_try(sender: Sender, simulator: Simulator) -> None:
    # given: an answer that the manifest does not know, with a person in it
    sender.put_many(2)
    sender.linked()
    simulator.set_faults({"kind": "error", "code": 4711, "message": "Nobody knows jane.doe@example.com"})
    sender.send()
    [failure] = sender.failures()
    # when
    raw, masked = (
        failures.drawer(sender.desk, caller, [failure.failure_id])
        for caller in (CALLER, replace(CALLER, role=Role.SUPPORT))
    )
    # then
    assert "jane.doe@example.com" in (raw.tries[0].said or "")
    assert "4711" in (masked.tries[0].said or "")
    assert "jane.doe" not in repr(masked)
