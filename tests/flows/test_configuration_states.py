"""Configurations are deactivated, activated and deleted: what stops, what is held, what stays, what is refused."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.actions import audiences as audience_actions
from engine.actions import configurations as actions
from engine.base import clock
from engine.base.errors import BadInput, GiveUp
from engine.flows.desk import Desk
from engine.partners.simulator import Simulator
from engine.scheduling.dispatch import Dispatcher
from engine.views import connectors as view
from storage.records.deliveries import DayCount, DeliveryCategory
from storage.records.partners import ConfigurationState
from storage.tables import audiences, configurations, deliveries
from tests.fakes.accounts import (
    ANALYST,
    MANAGER,
    NAME,
    WAIT_S,
    audited,
    counted,
    link_members,
    set_up,
    stored,
    unlink_all,
    wait_for,
    wanted,
)
from tests.fakes.home import open_home
from tests.fakes.partner import AUDIENCE, simulator
from tests.pages import sending as sendings

__all__ = ["simulator"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home without its engine."""
    (tmp_path / "home").mkdir()
    with open_home(tmp_path / "home") as opened:
        yield opened


@pytest.mark.promise("L01")
def test_a_manager_deactivates_a_linked_account_and_the_link_stays(desk: Desk, tmp_path: Path) -> None:
    # given
    sending = sendings.begin(desk, ANALYST, tmp_path / "files", 3)
    # when
    held = actions.deactivate(desk, MANAGER, sending.configuration_id)
    # then
    assert held == 3
    line = view.listed(desk, MANAGER, 7).lines[0]
    assert line.configuration.state is ConfigurationState.DEACTIVATED
    assert line.used_by == ("Big spenders",)
    assert sendings.answer(desk) == 0
    # when
    assert actions.deactivate(desk, MANAGER, sending.configuration_id) == 3
    # then
    assert [did for did, _ in audited(desk)] == ["created", "deactivated"]


@pytest.mark.promise("L02")
def test_a_deactivation_stops_the_dispatcher_within_five_seconds_and_holds_what_waits(
    desk: Desk, simulator: Simulator, tmp_path: Path
) -> None:
    # given: 30 calls of one profile each, every one answered after a tenth of a second, four side by side
    simulator.set_faults({"kind": "slow", "delay_s": 0.1, "calls": None})
    configuration = set_up(desk, base_url=simulator.base_url(), batch_size="1")
    link_members(desk, tmp_path, configuration, 30)
    dispatcher = Dispatcher(desk)
    dispatcher.start()
    try:
        wait_for(lambda: simulator.requests()["count"] >= 4)
        # when
        actions.deactivate(desk, ANALYST, configuration.configuration_id)
        on_the_wire = counted(desk, "calling")
        sent = simulator.requests()["count"]
        wait_for(lambda: counted(desk, "calling") == 0)
        ended_s = time.monotonic()
        wait_for(lambda: time.monotonic() > ended_s + 1.0)
        # then
        assert simulator.requests()["count"] <= sent + on_the_wire
        assert counted(desk, "waiting") == 0
        assert counted(desk, "held") == 30 - counted(desk, "sent") > 0
        assert len(simulator.audiences()[AUDIENCE]) == counted(desk, "sent") == simulator.requests()["count"]
    finally:
        dispatcher.stop()


@pytest.mark.promise("L05")
def test_a_linked_account_is_not_deleted_and_the_sentence_names_its_audiences(desk: Desk, tmp_path: Path) -> None:
    # given
    sending = sendings.begin(desk, ANALYST, tmp_path / "files", 3)
    # when
    with pytest.raises(GiveUp) as caught:
        actions.delete(desk, ANALYST, sending.configuration_id)
    # then
    assert str(caught.value) == f"{sendings.META} is used by 1 audience: Big spenders. Remove it there first."
    assert [use.name for use in view.page(desk, ANALYST, sending.configuration_id, 7).uses] == ["Big spenders"]
    # given: unlinked, and the removes are still on their way
    unlink_all(desk, sends_removes=True)
    # then
    with pytest.raises(GiveUp, match="on their way"):
        actions.delete(desk, ANALYST, sending.configuration_id)
    # when
    actions.deactivate(desk, ANALYST, sending.configuration_id)
    actions.delete(desk, ANALYST, sending.configuration_id)
    # then
    assert view.listed(desk, ANALYST, 7).lines == ()
    assert counted(desk, "held") == counted(desk, "waiting") == 0


@pytest.mark.promise("L11")
@pytest.mark.promise("Q16")
def test_what_was_sent_is_counted_after_a_deactivation_and_after_a_delete(desk: Desk) -> None:
    # given
    made = set_up(desk)
    today = clock.now().date()
    count = DayCount(today, made.configuration_id, DeliveryCategory.SENT, "", 734)
    with desk.database.write("ctl") as cursor:
        deliveries.add_counts(cursor, [count])
    # when
    actions.deactivate(desk, ANALYST, made.configuration_id)
    # then
    assert view.listed(desk, ANALYST, 7).lines[0].counts.sent == 734
    # when
    actions.delete(desk, ANALYST, made.configuration_id)
    # then
    with desk.database.read() as cursor:
        assert deliveries.day_counts(cursor, today, today) == [count]
        assert configurations.listed(cursor) == []
        assert [item.name for item in configurations.listed(cursor, with_deleted=True)] == [NAME]
        assert configurations.secret(cursor, made.configuration_id) == ""
    assert stored(desk, made).deleted_at is not None
    assert [did for did, _ in audited(desk)] == ["created", "deactivated", "deleted"]
    # then: its name is free again
    assert set_up(desk).configuration_id != made.configuration_id


@pytest.mark.promise("L07")
def test_no_link_slips_in_between_the_check_and_the_delete(desk: Desk, tmp_path: Path) -> None:
    # given
    sendings.begin(desk, ANALYST, tmp_path / "files", 3)
    with desk.database.read() as cursor:
        audience_id = audiences.listed(cursor)[0].audience_id
    outcomes = set()
    for number in range(20):
        made = set_up(desk, f"Account {number}")
        both = threading.Barrier(2)
        said: dict[str, str] = {}

        def run(
            word: str, act: Callable[[], object], both: threading.Barrier = both, said: dict[str, str] = said
        ) -> None:
            both.wait(WAIT_S)
            try:
                act()
                said[word] = "done"
            except (BadInput, GiveUp) as error:
                said[word] = str(error)

        def delete(configuration_id: str = made.configuration_id) -> None:
            actions.delete(desk, ANALYST, configuration_id)

        def link(configuration_id: str = made.configuration_id) -> None:
            audience_actions.link(desk, ANALYST, audience_id, configuration_id, "customer_id", sends_current=False)

        # when
        threads = [threading.Thread(target=run, args=pair) for pair in (("delete", delete), ("link", link))]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(WAIT_S)
        # then: one of the two was done, the other was refused
        with desk.database.read() as cursor:
            linked = audiences.activations_of_configuration(cursor, made.configuration_id)
        is_deleted = stored(desk, made).deleted_at is not None
        assert is_deleted is not bool(linked), said
        assert [word for word in said.values() if word == "done"] == ["done"]
        outcomes.add(is_deleted)
    assert outcomes


def test_activating_an_account_that_was_stopped_does_not_happen_by_saving(desk: Desk) -> None:
    # given
    made = set_up(desk)
    with desk.database.write("ctl") as cursor:
        reason = "The access token has expired (code 190)."
        configurations.set_state(cursor, made.configuration_id, ConfigurationState.STOPPED, reason, clock.now())
    # when
    actions.save(desk, ANALYST, made.configuration_id, wanted(access_token="EAAB-new"))
    # then
    assert (stored(desk, made).state, stored(desk, made).stopped_reason) == (ConfigurationState.STOPPED, reason)
    # when
    actions.activate(desk, MANAGER, made.configuration_id)
    # then
    assert (stored(desk, made).state, stored(desk, made).stopped_reason) == (ConfigurationState.ACTIVE, None)
    assert audited(desk)[-1] == ("activated", json.dumps({"state": "active"}))
