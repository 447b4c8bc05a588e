"""What people import for: purchase history, propensity scores and lifecycle signals become properties of profiles."""

import dataclasses
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine import verbs
from engine.actions import goals as goal_actions
from engine.actions.goals import properties_of
from engine.base import clock
from storage.records.connections import Method
from storage.records.goals import ImportGoal, Mapping, PropertyType, Strategy, ValueFormat
from storage.tables import profiles
from tests.fakes.home import open_home
from tests.fakes.pushed import Pushed
from tests.fakes.shop import CALLER

PURCHASES = (
    "id,bought,product,amount\n"
    "ana,2026-03-01,tent,199.90\nben,2026-05-05,boots,120\nana,2026-07-02,lamp,24.05\nana,2026-10-17,lamp,24.05\n"
)
SCORES = "id,churn,next_buy\nana,0.0125,0.93\nben,1,0\n"
SIGNALS = "id,stage,since,vip\nana,at risk,2026-11-01 08:30,yes\nben,won back,2026-11-20 23:59,no\n"
HISTORY = (
    Mapping("amount", "spend", PropertyType.DECIMAL, Strategy.SUM),
    Mapping("bought", "first_purchase", PropertyType.DATE, Strategy.SET_IF_EMPTY, "%Y-%m-%d"),
    Mapping("bought", "last_purchase", PropertyType.DATE, Strategy.SET, "%Y-%m-%d"),
    Mapping("product", "products", PropertyType.LIST, Strategy.ADD),
)
PROPENSITY = (
    Mapping("churn", "churn_score", PropertyType.DECIMAL, Strategy.SET),
    Mapping("next_buy", "next_buy_score", PropertyType.DECIMAL, Strategy.SET),
)
LIFECYCLE = (
    Mapping("stage", "stage", PropertyType.TEXT, Strategy.SET),
    Mapping("since", "stage_since", PropertyType.DATE_TIME, Strategy.SET, "%Y-%m-%d %H:%M"),
    Mapping("vip", "is_vip", PropertyType.BOOLEAN, Strategy.SET),
)


@pytest.fixture
def pushed(tmp_path: Path) -> Iterator[Pushed]:
    """A connection that partners push to, in an open home without a service."""
    with open_home(tmp_path) as desk:
        yield Pushed(desk, Method.SFTP, "purchases_*.csv")


def add(pushed: Pushed, files: str, *mappings: Mapping) -> ImportGoal:
    """Add a goal for more files of the same partner, as the connection's page does."""
    made = goal_actions.add_goal(pushed.desk, CALLER, pushed.connection.connection_id)
    links = pushed.goal.identifiers
    wanted = dataclasses.replace(made, files=files, identifiers=links, mappings=mappings, values=ValueFormat())
    saved = goal_actions.save(pushed.desk, CALLER, wanted, made.version)
    return goal_actions.switch_goal(pushed.desk, CALLER, saved.goal_id, is_on=True)


def person(pushed: Pushed, value: str) -> dict[str, Any]:
    """Return what a profile holds, as the command line tells it."""
    found: dict[str, Any] = verbs.do(pushed.desk, CALLER, "profiles_show", {"value": value})["properties"]
    return {name: held for name, held in found.items() if held is not None}


@pytest.mark.promise("M31")
def test_purchases_scores_and_signals_of_three_goals_become_properties_of_one_profile(pushed: Pushed) -> None:
    # given: a goal for each purpose
    pushed.save(mappings=HISTORY)
    profiles.add_properties(pushed.desk.database, properties_of(pushed.goal), clock.now())
    add(pushed, "scores_*.csv", *PROPENSITY)
    add(pushed, "lifecycle_*.csv", *LIFECYCLE)
    # when
    for name, content in (("purchases_1.csv", PURCHASES), ("scores_1.csv", SCORES), ("lifecycle_1.csv", SIGNALS)):
        pushed.land(name, content)
    run = pushed.run()
    # then
    assert (run.counts.files_taken, run.counts.applied, run.counts.rejected) == (3, 8, 0)
    assert person(pushed, "ana") == {
        "customer_id": "ana",
        "spend": 248,
        "first_purchase": "2026-03-01",
        "last_purchase": "2026-10-17",
        "products": ["tent", "lamp"],
        "churn_score": 0.0125,
        "next_buy_score": 0.93,
        "stage": "at risk",
        "stage_since": "2026-11-01T08:30:00.000Z",
        "is_vip": True,
    }
    ben = person(pushed, "ben")
    assert (ben["churn_score"], ben["next_buy_score"], ben["is_vip"]) == (1, 0, False)
    # when: the next day's files come
    pushed.land("purchases_2.csv", "id,bought,product,amount\nana,2026-11-21,stove,52\n")
    pushed.land("scores_2.csv", "id,churn,next_buy\nana,0.4,\n")
    pushed.run()
    # then: history grows, scores follow, and what is empty takes nothing away
    ana = person(pushed, "ana")
    assert (ana["spend"], ana["first_purchase"], ana["last_purchase"]) == (300, "2026-03-01", "2026-11-21")
    assert (ana["products"], ana["churn_score"], ana["next_buy_score"]) == (["tent", "lamp", "stove"], 0.4, 0.93)
