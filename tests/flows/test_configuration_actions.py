"""Configurations of partners: set up, changed, tested at the simulator; what each signal does there."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from engine.actions import audiences as audience_actions
from engine.actions import configurations as actions
from engine.actions import questions
from engine.base.errors import GiveUp
from engine.flows import audiences as recomputing
from engine.flows import sealing
from engine.flows.desk import Desk
from engine.partners.simulator import Simulator
from engine.scheduling.dispatch import send_due
from engine.scheduling.jobs import Worker
from engine.views import connectors as view
from storage.records.partners import Configuration, ConfigurationState
from storage.records.runs import JobState
from storage.tables import audiences, configurations, jobs
from tests.fakes.accounts import ANALYST, NAME, NOWHERE, audited, link_members, set_up, stored, wanted
from tests.fakes.home import open_home
from tests.fakes.partner import AUDIENCE, PARTNER, TOKEN, simulator
from tests.pages import sending as sendings

__all__ = ["simulator"]


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """An open home without its engine."""
    (tmp_path / "home").mkdir()
    with open_home(tmp_path / "home") as opened:
        yield opened


def secrets_of(desk: Desk, configuration: Configuration) -> dict[str, str]:
    """The secrets, opened."""
    with desk.database.read() as cursor:
        return sealing.of_configuration(desk, cursor, configuration.configuration_id)


def refused(act: Callable[[], object]) -> dict[str, str]:
    """What was wrong, by field."""
    with pytest.raises(actions.Refused) as caught:
        act()
    return caught.value.problems


@pytest.mark.promise("K15")
def test_an_analyst_sets_up_an_account_which_is_active_and_keeps_its_token_sealed(desk: Desk) -> None:
    # when
    made = set_up(desk)
    # then
    assert (made.name, made.partner, made.state) == (NAME, PARTNER, ConfigurationState.ACTIVE)
    assert made.settings == {"audience_id": AUDIENCE, "base_url": NOWHERE, "identifier": "EXTERN_ID"}
    assert secrets_of(desk, made) == {"access_token": TOKEN}
    with desk.database.read() as cursor:
        assert TOKEN not in str(configurations.secret(cursor, made.configuration_id))
    assert TOKEN not in str(audited(desk))
    assert TOKEN not in repr(wanted())


def test_every_field_that_cannot_be_used_is_named_at_once(desk: Desk) -> None:
    # given
    set_up(desk)
    bad = actions.Wanted("  ", PARTNER, {"audience_id": "abc", "base_url": "ftp://x", "batch_size": "0", "typo": "1"})
    # when
    found = refused(lambda: actions.save(desk, ANALYST, None, bad))
    # then
    assert set(found) == {"name", "access_token", "audience_id", "base_url", "batch_size", "typo"}
    assert refused(lambda: actions.check(bad)) == found
    # when
    found = refused(lambda: actions.save(desk, ANALYST, None, wanted(NAME.upper())))
    # then
    assert found == {"name": f"A configuration named {NAME} exists. Choose another name."}
    with desk.database.read() as cursor:
        assert len(configurations.listed(cursor)) == 1


def test_a_change_keeps_the_secret_that_nobody_entered_anew_and_audits_what_differs(desk: Desk) -> None:
    # given
    made = set_up(desk)
    # when
    changed = actions.save(desk, ANALYST, made.configuration_id, wanted(access_token="", audience_id="456"))
    # then
    assert changed.settings["audience_id"] == "456"
    assert secrets_of(desk, made) == {"access_token": TOKEN}
    assert audited(desk)[-1] == ("changed", json.dumps({"audience_id": "456"}))
    # when
    actions.save(desk, ANALYST, made.configuration_id, wanted(access_token="EAAB-new", audience_id="456"))
    # then
    assert secrets_of(desk, made) == {"access_token": "EAAB-new"}
    assert audited(desk)[-1] == ("changed", json.dumps({"access_token": "changed"}))


def test_saving_what_is_there_already_writes_nothing(desk: Desk) -> None:
    # given
    made = set_up(desk, batch_size=" 10000 ", ad_account_id="")
    entries = len(audited(desk))
    # when
    again = actions.save(desk, ANALYST, made.configuration_id, wanted(access_token=""))
    # then
    assert again == made
    assert len(audited(desk)) == entries


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(desk: Desk) -> None:
    # given
    made = set_up(desk)
    actions.save(desk, ANALYST, made.configuration_id, wanted(audience_id="456"), seen=made.settings)
    # when
    with pytest.raises(GiveUp, match="changed by somebody else meanwhile"):
        actions.save(desk, ANALYST, made.configuration_id, wanted(audience_id="789"), seen=made.settings)
    # then
    assert stored(desk, made).settings["audience_id"] == "456"


def test_a_stored_token_goes_to_no_other_address_unless_it_is_entered_again(desk: Desk) -> None:
    # given
    made = set_up(desk)
    elsewhere = wanted(base_url="http://127.0.0.1:10/meta", access_token="")
    # when
    found = refused(lambda: actions.save(desk, ANALYST, made.configuration_id, elsewhere))
    # then
    assert found == {"access_token": "Access token has to be entered again, for it would go to another address."}
    # when
    found = refused(lambda: actions.ask_test(desk, ANALYST, made.configuration_id, elsewhere))
    # then
    assert set(found) == {"access_token"}
    # when
    moved = actions.save(desk, ANALYST, made.configuration_id, wanted(base_url="http://127.0.0.1:10/meta"))
    # then
    assert moved.settings["base_url"] == "http://127.0.0.1:10/meta"


def test_the_list_at_the_partner_cannot_change_while_an_audience_is_sent_there(desk: Desk, tmp_path: Path) -> None:
    # given
    sending = sendings.begin(desk, ANALYST, tmp_path / "files", 3)
    other = actions.Wanted(sendings.META, PARTNER, {"audience_id": "999", "identifier": "EMAIL", "base_url": NOWHERE})
    # when
    found = refused(lambda: actions.save(desk, ANALYST, sending.configuration_id, other))
    # then
    assert set(found) == {"audience_id", "identifier"}
    assert found["audience_id"].endswith("cannot change while Big spenders is sent there; unlink that audience first.")
    # given
    with desk.database.read() as cursor:
        activation = audiences.open_activations(cursor)[0]
    audience_actions.unlink(desk, ANALYST, activation.activation_id, sends_removes=True)
    # when
    found = refused(lambda: actions.save(desk, ANALYST, sending.configuration_id, other))
    # then
    assert "while messages for it are on their way" in found["audience_id"]
    # given
    recomputing.recompute(desk, sending.audience_id)
    while sendings.answer(desk):
        pass
    # when
    saved = actions.save(desk, ANALYST, sending.configuration_id, other)
    # then
    assert (saved.settings["audience_id"], saved.settings["identifier"]) == ("999", "EMAIL")


def test_the_test_asks_the_partner_with_settings_that_are_not_saved_and_forgets_them(
    desk: Desk, simulator: Simulator
) -> None:
    # given
    asked = actions.ask_test(desk, ANALYST, None, wanted(base_url=simulator.base_url()))
    with desk.database.read() as cursor:
        assert TOKEN not in str(jobs.by_id(cursor, asked))
    # when
    Worker(desk).do_next()
    # then
    job = view.test_state(desk, ANALYST, asked)
    assert job.result is not None
    assert (job.result["ok"], job.result["said"]) == (True, "Meta knows this account.")
    assert job.arguments["sealed"] == ""
    # when
    expired = actions.ask_test(desk, ANALYST, None, wanted(base_url=simulator.base_url(), access_token="expired"))
    Worker(desk).do_next()
    # then
    job = view.test_state(desk, ANALYST, expired)
    assert job.result is not None
    assert not job.result["ok"]
    assert "190" in job.result["said"]
    assert "token" in job.result["next"]
    # when: cancelled before it was done
    cancelled = actions.ask_test(desk, ANALYST, None, wanted(base_url=simulator.base_url()))
    questions.cancel(desk, ANALYST, cancelled)
    Worker(desk).do_next()
    # then
    job = view.test_state(desk, ANALYST, cancelled)
    assert (job.state, job.arguments["sealed"]) == (JobState.CANCELLED, "")
    assert simulator.audiences() == {}


@pytest.mark.promise("K10")
def test_every_signal_that_a_connector_claims_works_at_its_partner_and_no_other_is_shown(
    desk: Desk, simulator: Simulator, tmp_path: Path
) -> None:
    # given
    claimed = {item.partner: item.can for item in view.catalog(desk, ANALYST).partners}
    assert claimed == {PARTNER: ("add", "remove")}
    configuration = set_up(desk, base_url=simulator.base_url())
    # when
    audience_id = link_members(desk, tmp_path, configuration, 3)
    send_due(desk)
    # then
    assert sorted(simulator.audiences()[AUDIENCE]) == ["00001", "00002", "00003"]
    # when
    audience_actions.save(desk, ANALYST, audience_id, "Everyone", "spend > 900")
    recomputing.recompute(desk, audience_id)
    send_due(desk)
    # then
    assert simulator.audiences()[AUDIENCE] == []
    counts = view.listed(desk, ANALYST, 7).lines[0].counts
    assert (counts.sent, counts.removed, counts.errors, counts.waiting) == (3, 3, 0, 0)
    assert view.listed(desk, ANALYST, 7).lines[0].partner.can == ("add", "remove")
