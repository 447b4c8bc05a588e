"""Audiences made, changed, linked, unlinked and deleted by the actions that pages and the command line share."""

import json
from typing import Any

import pytest

from engine.actions import audiences as actions
from engine.actions import configurations as configuration_actions
from engine.base import errors, limits
from engine.flows import queue
from engine.flows.desk import Desk
from storage.records.audiences import Activation, Audience
from storage.records.people import Caller
from storage.tables import audiences, audit, jobs, members, profiles
from tests.flows.three_customers import caller, desk, work
from tests.pages import sending

__all__ = ["caller", "desk"]
RULE = "spend >= 500"


def queued(desk: Desk, audience_id: str) -> int:
    with desk.database.read() as cursor:
        return jobs.count_open(cursor, queue.recompute_key(audience_id))


def size(desk: Desk, audience_id: str) -> int:
    with desk.database.read() as cursor:
        return members.count(cursor, audience_id)


def saved(desk: Desk) -> list[Audience]:
    with desk.database.read() as cursor:
        return audiences.listed(cursor)


def told(desk: Desk, activation: Activation) -> int:
    with desk.database.read() as cursor:
        return members.count_told(cursor, activation.activation_id)


def audited(desk: Desk) -> list[tuple[str, str, Any, Any]]:
    """What the audit says of audiences: did, name, before, after."""
    with desk.database.read() as cursor:
        return [
            (
                entry.did,
                entry.what_name,
                json.loads(entry.before_json or "null"),
                json.loads(entry.after_json or "null"),
            )
            for entry in audit.all_entries(cursor)
            if entry.what_kind == "audience"
        ]


def refused(kind: type[errors.HandoffError], act: Any, *values: Any, **named: Any) -> str:
    with pytest.raises(kind) as caught:
        act(*values, **named)
    return str(caught.value)


def test_a_new_audience_is_saved_as_typed_audited_and_recomputed(desk: Desk, caller: Caller) -> None:
    # when
    audience = actions.save(desk, caller, None, "  Big   spenders ", "  SPEND>=500 ")
    # then
    assert (audience.name, audience.rule) == ("Big spenders", "SPEND>=500")
    assert saved(desk) == [audience]
    assert audited(desk) == [("created", "Big spenders", None, {"name": "Big spenders", "rule": "SPEND>=500"})]
    # when
    assert work(desk) == ["done"]
    # then
    assert size(desk, audience.audience_id) == 2


def test_a_changed_rule_recomputes_a_changed_name_does_not_and_no_change_writes_nothing(
    desk: Desk, caller: Caller
) -> None:
    # given
    first = actions.save(desk, caller, None, "Big spenders", RULE)
    work(desk)
    # when
    same = actions.save(desk, caller, first.audience_id, "Big spenders ", f" {RULE}")
    # then
    assert same == first
    assert (len(audited(desk)), queued(desk, first.audience_id)) == (1, 0)
    # when
    renamed = actions.save(desk, caller, first.audience_id, "big spenders", RULE)
    # then
    assert (renamed.created_at, queued(desk, first.audience_id)) == (first.created_at, 0)
    # when
    actions.save(desk, caller, first.audience_id, "big spenders", "spend < 500")
    actions.save(desk, caller, first.audience_id, "big spenders", "spend has a value")
    # then one recompute that waits is enough
    assert queued(desk, first.audience_id) == 1
    work(desk)
    assert size(desk, first.audience_id) == 3
    assert [line[0] for line in audited(desk)] == ["created", "changed", "changed", "changed"]
    assert audited(desk)[1][2:] == (
        {"name": "Big spenders", "rule": RULE},
        {"name": "big spenders", "rule": RULE},
    )


def test_a_name_is_needed_fits_the_screen_and_is_unique_whatever_its_case(desk: Desk, caller: Caller) -> None:
    # given
    first = actions.save(desk, caller, None, "Big spenders", RULE)
    other = actions.save(desk, caller, None, "Others", RULE)
    bad = errors.BadInput
    # then
    assert refused(bad, actions.save, desk, caller, None, " \t", RULE) == (
        "An audience needs a name, for example Big spenders."
    )
    assert refused(bad, actions.save, desk, caller, None, "x" * (limits.NAME_CHARACTERS_MAX + 1), RULE) == (
        "This name has 121 characters; shorten it to 120."
    )
    taken = "An audience named Big spenders exists; choose another name."
    assert refused(bad, actions.save, desk, caller, None, "BIG SPENDERS", RULE) == taken
    assert refused(bad, actions.save, desk, caller, other.audience_id, "big spenders", RULE) == taken
    assert "There is no property" in refused(bad, actions.save, desk, caller, None, "New", "points > 3")
    assert "not there any more" in refused(errors.GiveUp, actions.save, desk, caller, "gone", "New", RULE)
    assert [item.name for item in saved(desk)] == ["Big spenders", "Others"]
    with desk.database.read() as cursor:
        actions.check("Big spenders", RULE, profiles.properties(cursor))
    assert first.rule == RULE


def test_an_audience_is_linked_once_a_configuration_and_its_members_are_owed(desk: Desk, caller: Caller) -> None:
    # given
    audience = actions.save(desk, caller, None, sending.AUDIENCE, RULE)
    other = actions.save(desk, caller, None, "Others", RULE)
    configuration_id = sending.add_connector(desk, caller)
    work(desk)
    # when
    activation = actions.link(desk, caller, audience.audience_id, configuration_id, "CUSTOMER_ID", sends_current=True)
    # then
    assert (activation.property, activation.sends_current, activation.ended_at) == ("customer_id", True, None)
    assert audited(desk)[-1] == (
        "linked",
        sending.AUDIENCE,
        None,
        {"configuration": sending.META, "property": "customer_id", "sends_current": True},
    )
    assert work(desk) == ["done"]
    assert told(desk, activation) == 2
    # and it takes no second one, nor the same again
    for audience_id in (other.audience_id, audience.audience_id):
        sentence = refused(
            errors.BadInput,
            actions.link,
            desk,
            caller,
            audience_id,
            configuration_id,
            "customer_id",
            sends_current=True,
        )
        assert sentence == (
            "Meta demo account takes Big spenders already, and a configuration takes one audience: "
            "unlink that one first, or choose another configuration."
        )


def test_a_link_needs_a_configuration_a_property_and_an_audience_that_are_there(desk: Desk, caller: Caller) -> None:
    # given
    audience_id = actions.save(desk, caller, None, sending.AUDIENCE, RULE).audience_id
    configuration_id = sending.add_connector(desk, caller)
    deleted_id = sending.add_connector(desk, caller, "Deleted one")
    configuration_actions.delete(desk, caller, deleted_id)

    def link(audience: str, configuration: str, name: str, kind: type[errors.HandoffError]) -> str:
        return refused(kind, actions.link, desk, caller, audience, configuration, name, sends_current=True)

    # then
    assert link("gone", configuration_id, "customer_id", errors.GiveUp).startswith("This audience is not there")
    assert link(audience_id, "gone", "customer_id", errors.GiveUp).startswith("This configuration is not there")
    assert link(audience_id, deleted_id, "customer_id", errors.GiveUp).startswith("This configuration is not there")
    assert link(audience_id, configuration_id, "e-mail", errors.BadInput) == (
        "There is no property e-mail; choose one that profiles have."
    )
    with desk.database.read() as cursor:
        assert audiences.open_activations(cursor) == []


def test_addresses_are_never_linked_to_a_configuration_that_would_send_them_as_they_are(
    desk: Desk, caller: Caller
) -> None:
    # given one of three profiles whose customer_id is an address
    with desk.database.write("dat") as cursor:
        cursor.execute("UPDATE dat.profile SET customer_id = 'ana@example.org' WHERE customer_id = '00003'")
    audience_id = actions.save(desk, caller, None, sending.AUDIENCE, RULE).audience_id
    plain_id = sending.add_connector(desk, caller)
    settings = {"access_token": "secret-1", "audience_id": "124", "identifier": "EMAIL"}
    hashed = configuration_actions.Wanted("By e-mail", sending.PARTNER, settings)
    hashed_id = configuration_actions.save(desk, caller, None, hashed).configuration_id
    # when
    sentence = refused(
        errors.BadInput, actions.link, desk, caller, audience_id, plain_id, "customer_id", sends_current=True
    )
    # then
    assert sentence == (
        "customer_id holds e-mail addresses, which Meta demo account would send as they are: "
        "choose its e-mail identifier, which hashes them, or another property here."
    )
    # and the one that hashes takes them
    actions.link(desk, caller, audience_id, hashed_id, "customer_id", sends_current=True)
    with desk.database.read() as cursor:
        assert [item.configuration_id for item in audiences.open_activations(cursor)] == [hashed_id]


def test_unlinking_with_removes_frees_the_configuration_once_they_are_written(desk: Desk, caller: Caller) -> None:
    # given
    audience_id = actions.save(desk, caller, None, sending.AUDIENCE, RULE).audience_id
    other_id = actions.save(desk, caller, None, "Others", RULE).audience_id
    configuration_id = sending.add_connector(desk, caller)
    activation = actions.link(desk, caller, audience_id, configuration_id, "customer_id", sends_current=True)
    work(desk)
    # when
    actions.unlink(desk, caller, activation.activation_id, sends_removes=True)
    # then the next audience has to wait: late removes would take its members away
    sentence = refused(
        errors.BadInput, actions.link, desk, caller, other_id, configuration_id, "customer_id", sends_current=True
    )
    assert sentence == (
        "Meta demo account has yet to be told of the removes of Big spenders; link again when they are on their way."
    )
    assert audited(desk)[-1] == (
        "unlinked",
        sending.AUDIENCE,
        {"configuration": sending.META, "property": "customer_id"},
        {"sends_removes": True},
    )
    # when
    work(desk)
    # then
    assert told(desk, activation) == 0
    second = actions.link(desk, caller, other_id, configuration_id, "customer_id", sends_current=True)
    work(desk)
    assert told(desk, second) == 2
    assert "not there any more" in refused(
        errors.GiveUp, actions.unlink, desk, caller, activation.activation_id, sends_removes=False
    )


def test_a_deactivated_configuration_is_unlinked_without_removes_only(desk: Desk, caller: Caller) -> None:
    # given
    audience_id = actions.save(desk, caller, None, sending.AUDIENCE, RULE).audience_id
    configuration_id = sending.add_connector(desk, caller)
    activation = actions.link(desk, caller, audience_id, configuration_id, "customer_id", sends_current=True)
    work(desk)
    configuration_actions.deactivate(desk, caller, configuration_id)
    # when
    sentence = refused(errors.BadInput, actions.unlink, desk, caller, activation.activation_id, sends_removes=True)
    # then
    assert sentence == (
        "Meta demo account is deactivated, so it sends no removes: activate it first, or unlink without them."
    )
    # when
    actions.unlink(desk, caller, activation.activation_id, sends_removes=False)
    work(desk)
    # then nobody is owed anything there, and it is free
    assert told(desk, activation) == 0
    actions.link(desk, caller, audience_id, configuration_id, "customer_id", sends_current=False)


def test_an_audience_is_deleted_once_nothing_takes_it_and_its_members_are_forgotten(desk: Desk, caller: Caller) -> None:
    # given
    audience_id = actions.save(desk, caller, None, sending.AUDIENCE, RULE).audience_id
    links = [
        actions.link(
            desk, caller, audience_id, sending.add_connector(desk, caller, name), "customer_id", sends_current=True
        )
        for name in ("One", "Two")
    ]
    work(desk)
    # when
    sentence = refused(errors.GiveUp, actions.delete, desk, caller, audience_id)
    # then
    assert sentence == "Big spenders is linked to One, Two; unlink it first."
    # when
    for activation in links:
        actions.unlink(desk, caller, activation.activation_id, sends_removes=True)
    actions.delete(desk, caller, audience_id)
    work(desk)
    # then the removes that were promised are written all the same
    assert (saved(desk), size(desk, audience_id)) == ([], 0)
    with desk.database.read() as cursor:
        removes = cursor.execute("SELECT sum(removes) FROM dat.wave").fetchone()
        history = cursor.execute("SELECT count(*) FROM dat.member_count").fetchone()
    assert (removes, history) == ((4,), (0,))
    assert audited(desk)[-1][:2] == ("deleted", sending.AUDIENCE)
