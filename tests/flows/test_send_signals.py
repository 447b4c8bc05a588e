"""Who enters an audience is added at the partner, who leaves is removed, and each message is counted once."""

import hashlib
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path

import pytest

from engine.flows import audiences as recomputing
from engine.partners.simulator import Simulator
from engine.scheduling.dispatch import Dispatcher
from storage.records.audiences import Difference
from tests.fakes.audience import Person, Sender, ids_of, standing_clock
from tests.fakes.home import open_home
from tests.fakes.partner import simulator
from tests.fakes.service import wait_until
from tests.fakes.shop import Shop
from tests.fakes.tables import cdnow_like

__all__ = ["simulator"]


@pytest.fixture
def sender(tmp_path: Path, simulator: Simulator) -> Iterator[Sender]:
    """A home whose clock stands still, and a partner that keeps what it is told."""
    with standing_clock() as time, open_home(tmp_path) as desk:
        yield Sender(desk, simulator.base_url(), time)


def at_partner(simulator: Simulator, list_id: str = "123") -> set[str]:
    return set(simulator.audiences().get(list_id, []))


def spenders(shop: Shop, least: int) -> set[str]:
    return {row[0] for row in shop.sql(f"SELECT customer_id FROM dat.profile WHERE spend >= {least}")}  # noqa: S608


def test_cdnow_s_734_big_spenders_reach_the_partner_and_539_stay_under_a_narrower_rule(
    shop: Shop, simulator: Simulator, data_folder: Path
) -> None:
    # given
    shop.write("CDNOW_master.txt", (data_folder / "data" / "CDNOW_master.txt").read_bytes())
    shop.apply_cdnow()
    shop.run()
    sender = Sender(shop.desk, simulator.base_url())
    # when
    audience_id, _ = sender.linked(batch_size="100")
    sender.send()
    # then
    assert len(at_partner(simulator)) == 734
    assert at_partner(simulator) == spenders(shop, 500)
    # and when
    sender.change_rule(audience_id, "spend >= 600")
    sender.send()
    # then
    assert len(at_partner(simulator)) == 539
    assert at_partner(simulator) == spenders(shop, 600)
    assert sender.counts() == {"sent": 734, "removed": 195}


def test_an_import_moves_people_in_and_out_of_an_audience_and_the_partner_follows(
    shop: Shop, simulator: Simulator, tmp_path: Path
) -> None:
    # given: purchases of a shop, and an audience that a partner is told of
    totals = cdnow_like(tmp_path / "CDNOW_1.txt", 600, seed=7)
    shop.write("CDNOW_1.txt", (tmp_path / "CDNOW_1.txt").read_bytes())
    shop.apply_cdnow()
    sender = Sender(shop.desk, simulator.base_url())
    audience_id = sender.audience("spend >= 100")
    sender.link(audience_id, sender.configure(batch_size="20"))
    # when: the import itself recomputes
    run = shop.run()
    sender.send()
    # then
    first = spenders(shop, 100)
    assert run["rows"]["applied"] == totals.rows
    assert at_partner(simulator) == first
    assert 20 < len(first) < 300
    assert simulator.requests()["repeats"] == {"add": {}, "remove": {}}
    # and when: some bring goods back, which takes them below, and others buy
    back, buys = sorted(first)[:7], sorted({f"{number:05d}" for number in range(1, 601)} - first)[:5]
    lines = [f" {one} 19980601 1 -2000.00" for one in back] + [f" {one} 19980601 1 600.00" for one in buys]
    shop.write("CDNOW_2.txt", "\r\n".join([" customer_id  date number_of_cds  dollar_value", *lines, ""]))
    shop.run()
    sender.send()
    # then
    assert at_partner(simulator) == (first - set(back)) | set(buys) == spenders(shop, 100)
    assert sender.counts() == {"sent": len(first) + 5, "removed": 7}
    # and when the rule is narrowed, that is a recompute too
    sender.change_rule(audience_id, "spend >= 300")
    sender.send()
    assert at_partner(simulator) == spenders(shop, 300)


@pytest.mark.promise("G02")
def test_a_profile_that_enters_gives_one_add_for_each_linked_account(sender: Sender, simulator: Simulator) -> None:
    # given: one audience at two accounts, another audience at a third
    first, second = sender.configure(), sender.configure("Second", audience_id="456")
    third = sender.configure("Third", audience_id="789")
    audience_id, other_id = sender.audience(), sender.audience("spend >= 800", "Bigger spenders")
    for linked, to in ((audience_id, first), (audience_id, second), (other_id, third)):
        sender.link(linked, to)
    # when
    sender.put(Person(1, 100), Person(2, 600), Person(3, 900))
    assert [found for _, found in recomputing.recompute_all(sender.desk)] == [
        Difference(members=2, entered=2, left=0, adds=4, removes=0),
        Difference(members=1, entered=1, left=0, adds=1, removes=0),
    ]
    sender.send()
    # then
    assert at_partner(simulator) == at_partner(simulator, "456") == ids_of([2, 3])
    assert at_partner(simulator, "789") == ids_of([3])
    assert simulator.requests()["profiles"] == {"add": 5, "remove": 0}
    assert [sender.counts(one) for one in (first, second, third)] == [{"sent": 2}, {"sent": 2}, {"sent": 1}]


def test_a_profile_that_no_longer_qualifies_gives_one_remove(sender: Sender, simulator: Simulator) -> None:
    # given
    sender.put(Person(1, 600), Person(2, 600))
    audience_id, _ = sender.linked()
    sender.send()
    # when
    sender.put(Person(1, 400))
    found = recomputing.recompute(sender.desk, audience_id)
    sender.send()
    # then
    assert found == Difference(members=1, entered=0, left=1, adds=0, removes=1)
    assert at_partner(simulator) == ids_of([2])
    assert sender.counts() == {"sent": 2, "removed": 1}


@pytest.mark.promise("G07")
def test_a_second_recompute_finds_nothing_to_send_to_those_already_sent_and_unchanged(sender: Sender) -> None:
    # given
    sender.put_many(50)
    audience_id, _ = sender.linked()
    before = sender.sql("SELECT count(*) FROM dat.signal")
    # when
    again = recomputing.recompute(sender.desk, audience_id)
    sender.send()
    third = recomputing.recompute(sender.desk, audience_id)
    # then
    assert again == third == Difference(members=50, entered=0, left=0, adds=0, removes=0)
    assert sender.sql("SELECT count(*) FROM dat.signal") == before
    assert sender.sql("SELECT count(*) FROM dat.wave") == [(1,)]


def test_a_member_whose_identifier_changes_is_removed_under_the_old_one_and_added_under_the_new(
    sender: Sender, simulator: Simulator
) -> None:
    # given
    sender.put(Person(1, 600, "old@example.org"), Person(2, 600, "two@example.org"))
    audience_id, configuration_id = sender.audience(), sender.configure(identifier="EMAIL")
    sender.link(audience_id, configuration_id, "email")
    sender.send()
    # when
    sender.put(Person(1, 600, "new@example.org"))
    found = recomputing.recompute(sender.desk, audience_id)
    sender.send()
    # then
    assert found == Difference(members=2, entered=0, left=0, adds=1, removes=1)
    assert at_partner(simulator) == {hashed("new@example.org"), hashed("two@example.org")}


def test_two_profiles_with_one_address_are_one_entry_added_with_the_first_and_removed_with_the_last(
    sender: Sender, simulator: Simulator
) -> None:
    # given: two of them, one written with blanks and capitals, and one of somebody else
    sender.put(
        Person(1, 600, "both@example.org"), Person(2, 600, " Both@Example.ORG "), Person(3, 600, "x@example.org")
    )
    audience_id, configuration_id = sender.audience(), sender.configure(identifier="EMAIL")
    sender.link(audience_id, configuration_id, "email")
    sender.send()
    assert sender.counts() == {"sent": 2}
    steps = []
    # when: the one that was told leaves, comes back, then both leave
    for one, two in ((1, 600), (600, 600), (600, 1), (1, 1)):
        sender.put(Person(1, one, "both@example.org"), Person(2, two, "both@example.org"))
        found = recomputing.recompute(sender.desk, audience_id)
        steps.append((found.members, found.adds, found.removes))
    sender.send()
    # then: only the last of them is news to the partner
    assert steps == [(2, 0, 0), (3, 0, 0), (2, 0, 0), (1, 0, 1)]
    assert at_partner(simulator) == {hashed("x@example.org")}


def test_a_member_without_identifier_is_a_member_and_gives_no_signal(sender: Sender, simulator: Simulator) -> None:
    # given
    sender.put(Person(1, 600), Person(2, 600, has_id=False), Person(3, 600, ""))
    audience_id, configuration_id = sender.audience(), sender.configure(identifier="EMAIL")
    other = sender.configure("Other", audience_id="456")
    sender.link(audience_id, configuration_id, "email")
    sender.link(audience_id, other)
    # when
    sender.send()
    # then
    assert sender.sql("SELECT count(*) FROM dat.member") == [(3,)]
    assert at_partner(simulator) == set()
    assert at_partner(simulator, "456") == ids_of([1, 3])
    # and when it gets one, it is added; when it loses it, removed
    sender.put(Person(2, 600, "two@example.org"))
    assert recomputing.recompute(sender.desk, audience_id).adds == 2
    sender.put(Person(2, 600, has_id=False))
    found = recomputing.recompute(sender.desk, audience_id)
    assert (found.adds, found.removes, found.members) == (0, 2, 3)
    sender.send()
    assert at_partner(simulator) == set()
    assert at_partner(simulator, "456") == ids_of([1, 3])


def test_without_current_members_only_who_enters_later_is_sent_and_who_was_never_sent_is_never_removed(
    sender: Sender, simulator: Simulator
) -> None:
    # given
    sender.put(Person(1, 600), Person(2, 600))
    audience_id, configuration_id = sender.audience(), sender.configure()
    activation_id = sender.link(audience_id, configuration_id, sends_current=False)
    sender.send()
    assert simulator.requests()["count"] == 0
    # when
    sender.put(Person(1, 10), Person(3, 600))
    found = recomputing.recompute(sender.desk, audience_id)
    sender.send()
    # then
    assert found == Difference(members=2, entered=1, left=1, adds=1, removes=0)
    assert at_partner(simulator) == ids_of([3])
    # and who comes back is sent
    sender.put(Person(1, 600))
    recomputing.recompute(sender.desk, audience_id)
    sender.send()
    assert at_partner(simulator) == ids_of([1, 3])
    # and unlinking removes those alone that were sent
    sender.unlink(activation_id, sends_removes=True)
    sender.send()
    assert at_partner(simulator) == set()
    assert sender.counts() == {"sent": 2, "removed": 2}


def test_unlinking_without_removes_leaves_everyone_at_the_partner(sender: Sender, simulator: Simulator) -> None:
    # given
    sender.put_many(5)
    audience_id, configuration_id = sender.audience(), sender.configure()
    activation_id = sender.link(audience_id, configuration_id)
    sender.send()
    # when
    sender.unlink(activation_id, sends_removes=False)
    sender.put(Person(1, 10), Person(8, 600))
    recomputing.recompute(sender.desk, audience_id)
    sender.send()
    # then
    assert at_partner(simulator) == ids_of(range(1, 6))
    assert sender.counts() == {"sent": 5}
    # and linked again it begins anew
    sender.link(audience_id, configuration_id)
    sender.send()
    assert at_partner(simulator) == ids_of([1, 2, 3, 4, 5, 8])


def test_waves_of_one_account_go_one_after_the_other_even_where_the_first_is_tried_again(
    sender: Sender, simulator: Simulator
) -> None:
    # given: someone enters, leaves and enters within a second, while the first call breaks
    assert sender.time is not None
    sender.put(Person(1, 600))
    audience_id, _ = sender.linked()
    simulator.set_faults({"kind": "reset", "calls": 2})
    sender.send()
    for spend in (10, 600, 10, 600):
        sender.put(Person(1, spend))
        recomputing.recompute(sender.desk, audience_id)
    # when
    sender.finish()
    # then
    said = [one["operation"] for one in simulator.requests()["last"]]
    assert said == ["add", "add", "add", "remove", "add", "remove", "add"]
    assert at_partner(simulator) == ids_of([1])
    assert sender.counts() == {"sent": 3, "removed": 2}


def test_rules_on_amounts_meet_exactly_whom_they_say(sender: Sender) -> None:
    # given
    sender.put(Person(1, 499), Person(2, 500), Person(3, 501))
    # when
    audience_id = sender.audience()
    sender.work()
    # then
    assert sender.sql("SELECT profile_id FROM dat.member ORDER BY 1") == [(2,), (3,)]
    assert sender.sql("SELECT sum(spend) FROM dat.profile") == [(Decimal(1500),)]
    assert recomputing.recompute(sender.desk, audience_id).members == 2


@pytest.mark.promise("G15")
def test_an_account_whose_partner_hangs_delays_no_other(tmp_path: Path, simulator: Simulator) -> None:
    # given: one partner whose every call hangs, and another one with many batches
    with open_home(tmp_path) as desk:
        sender = Sender(desk, simulator.base_url())
        sender.put_many(100)
        dispatcher = Dispatcher(desk)
        with Simulator() as hanging_partner:
            hanging_partner.set_faults({"kind": "slow", "delay_s": 60})
            hanging = sender.configure(batch_size="10", base_url=hanging_partner.base_url(), timeout_s="60")
            quick = sender.configure("Quick", batch_size="5")
            sender.link(sender.audience(), hanging)
            sender.link(sender.audience(name="The same"), quick)
            # when
            dispatcher.start()
            wait_until(lambda: sender.counts(quick) == {"sent": 100}, 60)
            # then: twenty calls were answered while the first four of the other were still out
            still_out = sender.sql(
                "SELECT state, tries, count(*) FROM ctl.batch WHERE tries > 0 AND size = 10 GROUP BY ALL"
            )
        dispatcher.stop()
        assert still_out == [("calling", 1, 4)]


def hashed(address: str) -> str:
    return hashlib.sha256(address.encode()).hexdigest()
