"""What the pages are told of audiences: what a rule would come to, what can be linked, and what each role sees."""

import pytest

from engine.actions import audiences as actions
from engine.base import errors
from engine.flows.desk import Desk
from engine.views import audiences as view
from storage.records.audiences import Operator
from storage.records.people import Caller, Role
from storage.tables import members
from tests.flows.three_customers import caller, desk, work
from tests.pages import sending

__all__ = ["caller", "desk"]
RULE = "spend >= 500"


def test_what_saving_would_change_is_told_before_it_is_saved(desk: Desk, caller: Caller) -> None:
    # given
    audience_id = actions.save(desk, caller, None, sending.AUDIENCE, RULE).audience_id
    work(desk)
    # when
    preview = view.preview(desk, caller, audience_id, "spend<500")
    # then
    assert (preview.problem, preview.read_as) == (None, "spend < 500")
    assert (preview.members, preview.enter, preview.leave) == (1, 1, 2)
    assert [item.name for item in preview.columns][:2] == ["spend", "customer_id"]
    assert [[held.value for held in values][1] for _, values in preview.rows] == ["00003"]
    # and nothing was changed by looking
    with desk.database.read() as cursor:
        assert members.count(cursor, audience_id) == 2
    # when
    bad = view.preview(desk, caller, None, "spend >= lots")
    # then
    assert bad.problem is not None
    assert (bad.members, bad.rows) == (0, ())
    assert view.preview(desk, caller, None, RULE).enter == 2


def test_what_can_be_linked_counts_who_has_a_value_and_leaves_out_what_is_taken(desk: Desk, caller: Caller) -> None:
    # given
    with desk.database.write("dat") as cursor:
        cursor.execute("UPDATE dat.profile SET last_purchase = NULL WHERE customer_id = '00001'")
    audience_id = actions.save(desk, caller, None, sending.AUDIENCE, RULE).audience_id
    work(desk)
    taken_id = sending.add_connector(desk, caller, "Taken")
    free_id = sending.add_connector(desk, caller, "Free")
    actions.link(desk, caller, audience_id, taken_id, "customer_id", sends_current=True)
    # when
    offered = view.linkable(desk, caller, audience_id)
    # then
    assert [choice.configuration.configuration_id for choice in offered.choices] == [free_id]
    assert (offered.members, offered.taken) == (2, 1)
    assert {item.name: count for item, count in offered.properties} == {
        "customer_id": 2,
        "last_purchase": 1,
        "cds": 2,
        "spend": 2,
    }
    assert offered.properties[0][0].name == "customer_id"


def test_a_manager_sees_counts_and_no_text_that_a_rule_compares_with(desk: Desk, caller: Caller) -> None:
    # given
    actions.save(desk, caller, None, "One person", "customer_id = customer-00001")
    actions.save(desk, caller, None, sending.AUDIENCE, RULE)
    manager = Caller("Max", Role.MANAGER, "p2")
    # when
    lines = view.listed(desk, manager).lines
    # then
    assert [line.audience.rule for line in lines] == [RULE, 'customer_id = "cus…"']
    assert view.page(desk, manager, lines[1].audience.audience_id).audience == lines[1].audience
    assert view.listed(desk, caller).lines[1].audience.rule == "customer_id = customer-00001"
    with pytest.raises(errors.NotAllowed):
        view.preview(desk, manager, None, RULE)
    with pytest.raises(errors.NotAllowed):
        view.page(desk, manager, None)


def test_a_rule_whose_property_is_gone_says_so_on_its_page(desk: Desk, caller: Caller) -> None:
    # given
    audience_id = actions.save(desk, caller, None, sending.AUDIENCE, RULE).audience_id
    work(desk)
    with desk.database.write("ctl") as cursor:
        cursor.execute("DELETE FROM ctl.property WHERE name = 'spend'")
    # when
    page = view.page(desk, caller, audience_id)
    # then
    assert page.problem is not None
    assert page.problem.startswith("Not brought up to date: There is no property “spend”")
    assert page.members == 2


def test_a_rule_becomes_three_fields_and_three_fields_a_rule(desk: Desk, caller: Caller) -> None:
    # given
    properties = view.page(desk, caller, None).properties
    # then
    assert view.parts("spend>=500", properties) == ("spend", Operator.AT_LEAST, "500")
    assert view.parts("spend >=", properties) is None
    assert view.written("spend", Operator.AT_LEAST, "500", properties) == RULE
