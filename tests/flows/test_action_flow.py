"""Conversions and their modifications end to end: two connections, sums that follow, and the way back."""

from decimal import Decimal
from typing import Any

import pytest

from engine import verbs
from engine.actions import runs as run_actions
from engine.base.errors import GiveUp
from engine.views import actions as view
from engine.views.actions import Asked
from storage.records.actions import StepWhat
from storage.records.runs import SkipReason
from tests.fakes.shop import CALLER, NAME, Shop, balanced, wanted

CHANGES = "Webshop changes"
SPENT = [{"field": "amount", "property": "spent", "type": "decimal", "strategy": "sum"}]
ACTION = {"source": "webshop", "key": "order", "amount": "amount", "state": "state"}
ORDERS = "order,id,day,amount,state\nA1,ana,2026-11-01,100,\nA2,ana,2026-11-02,30.50,paid\nB1,ben,2026-11-03,7,\n"


def apply(shop: Shop) -> None:
    """Apply a connection of conversions and one of what changes them."""
    orders = wanted(
        shop.server,
        files="orders*.csv",
        mappings=SPENT,
        action=ACTION | {"time": "day", "time_format": "%Y-%m-%d"},
    )["connections"][0]
    changes = wanted(shop.server, files="changes*.csv", identifiers=[], mappings=[], action=ACTION)["connections"][0]
    both = [orders | {"data_type": "conversions"}, changes | {"name": CHANGES, "data_type": "action_modifications"}]
    verbs.do(shop.desk, CALLER, "apply", {"wanted": {"connections": both}})


def run(shop: Shop, name: str) -> dict[str, Any]:
    """Run one of the connections to its end."""
    run_id = verbs.do(shop.desk, CALLER, "run", {"name": name})["id"]
    shop.work()
    found: dict[str, Any] = verbs.do(shop.desk, CALLER, "run_state", {"run": run_id})
    assert found["state"] == "completed", found
    assert balanced(found)
    return found


def spent(shop: Shop) -> dict[str, Decimal]:
    return dict(shop.sql("SELECT customer_id, spent FROM dat.profile"))


def test_a_sum_that_follows_one_action_leaves_other_profiles_of_the_file_as_they_are(shop: Shop) -> None:
    # given an order without an amount, and changes that say something else besides
    apply(shop)
    note = [{"field": "note", "property": "note", "type": "text", "strategy": "set"}]
    goal = wanted(shop.server, files="changes*.csv", identifiers=[], mappings=note, action=ACTION)["connections"][0]
    changes = goal | {"name": CHANGES, "data_type": "action_modifications"}
    verbs.do(shop.desk, CALLER, "apply", {"wanted": {"connections": [changes]}})
    shop.write("orders.csv", ORDERS + "C1,cle,2026-11-04,,\n")
    run(shop, NAME)
    # when
    shop.write("changes.csv", "order,amount,state,note\nA1,80,,less\nC1,,shipped,gone\n")
    run(shop, CHANGES)
    # then
    assert spent(shop) == {"ana": Decimal("110.5"), "ben": Decimal(7), "cle": None}
    assert shop.sql("SELECT note FROM dat.profile ORDER BY note") == [("gone",), ("less",), (None,)]


@pytest.mark.promise("M24")
def test_conversions_and_what_changes_them_roll_up_into_profiles_and_can_be_reverted(shop: Shop) -> None:
    # given
    apply(shop)
    shop.write("orders.csv", ORDERS)
    first = run(shop, NAME)
    assert (first["rows"]["applied"], spent(shop)) == (3, {"ana": Decimal("130.5"), "ben": Decimal(7)})
    # when: one other amount, one reversal, and one of an action that nobody told
    shop.write("changes.csv", "order,amount,state\nA1,80,\nA2,,Refunded\nZ9,1,\n")
    changed = run(shop, CHANGES)
    # then
    assert (changed["rows"]["applied"], changed["rows"]["skipped"]) == (2, {SkipReason.NO_ACTION.value: 1})
    assert spent(shop) == {"ana": Decimal(80), "ben": Decimal(7)}
    found = view.listed(shop.desk, CALLER, Asked(counts=False))
    assert [line.key for line in found.lines] == ["A2"]
    steps = view.page(shop.desk, CALLER, found.lines[0].ref).steps
    assert [(step.what, step.file_name, step.line) for step in steps] == [
        (StepWhat.MADE, "orders.csv", 3),
        (StepWhat.REVERSED, "changes.csv", 3),
    ]
    # and the orders told again in a file that grew undo nothing
    shop.write("orders_2.csv", f"{ORDERS}B2,ben,2026-11-04,5,\n")
    grown = run(shop, NAME)
    assert (grown["rows"]["applied"], grown["rows"]["unchanged"]) == (1, 3)
    assert spent(shop) == {"ana": Decimal(80), "ben": Decimal(12)}
    # when
    with pytest.raises(GiveUp, match="Cannot revert"):
        run_actions.revert(shop.desk, CALLER, first["id"])
    run_actions.revert(shop.desk, CALLER, changed["id"])
    shop.work()
    # then
    assert spent(shop) == {"ana": Decimal("130.5"), "ben": Decimal(12)}
    assert view.listed(shop.desk, CALLER, Asked(counts=False)).total == 0
    # and the modifications come back in another file
    shop.write("changes_2.csv", "order,amount,state\nA1,80,\nA2,,void\n")
    run(shop, CHANGES)
    assert spent(shop) == {"ana": Decimal(80), "ben": Decimal(12)}
