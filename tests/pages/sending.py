"""Puts an audience, a configuration and what was sent into a home, by the real flows; only the wire is made up."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from engine.actions import audiences as audience_actions
from engine.actions import configurations as configuration_actions
from engine.base import clock, ids
from engine.flows import audiences as recomputing
from engine.flows import send_signals
from engine.flows.desk import Desk
from storage.records.deliveries import Answer, DayCount, DeliveryCategory
from storage.records.people import Caller
from storage.tables import deliveries
from tests.pages import shop as shops

PARTNER = "meta_custom_audience"
META = "Meta demo account"
AUDIENCE = "Big spenders"
TODAY = datetime.fromisoformat("2026-11-21T09:31")
"""Where tests stand still, so that no midnight falls into them."""
HEADER = " customer_id  date number_of_cds  dollar_value"


@dataclass(frozen=True)
class Sending:
    """What was put in."""

    shop: shops.Shop
    audience_id: str
    configuration_id: str


@contextmanager
def at(moment: datetime) -> Iterator[None]:
    """Stand at a moment (UTC) while something is done."""
    before = clock._read
    clock.set_source(lambda: moment)
    try:
        yield
    finally:
        clock.set_source(before)


def lines(members: int, first: int = 1, spend: str = "900.00") -> tuple[str, ...]:
    """Return a shop's file in which so many customers spend so much, one row each."""
    return (HEADER, *(f" {number:05d} 19970101 1 {spend}" for number in range(first, first + members)))


def add_connector(desk: Desk, admin: Caller, name: str = META, base_url: str = "http://127.0.0.1:9/meta") -> str:
    """Make one account at the partner and return its id."""
    settings = {"access_token": "secret-1", "audience_id": "123", "base_url": base_url}
    wanted = configuration_actions.Wanted(name, PARTNER, settings)
    return configuration_actions.save(desk, admin, None, wanted).configuration_id


def begin(desk: Desk, admin: Caller, folder: Path, members: int, base_url: str = "http://127.0.0.1:9/meta") -> Sending:
    """Import so many profiles, all in one audience that is linked to one connector; their signals wait."""
    shop = shops.open_shop(desk, admin)
    shops.map_columns(desk, admin, shop)
    folder.mkdir(exist_ok=True)
    shops.run_file(desk, shop, folder, lines(members))
    audience = audience_actions.save(desk, admin, None, AUDIENCE, "spend >= 500")
    configuration_id = add_connector(desk, admin, base_url=base_url)
    audience_actions.link(desk, admin, audience.audience_id, configuration_id, "customer_id", sends_current=True)
    recomputing.recompute(desk, audience.audience_id)
    return Sending(shop, audience.audience_id, configuration_id)


def buy(desk: Desk, sending: Sending, folder: Path, members: int, first: int) -> None:
    """Import so many more profiles that enter the audience; their signals wait."""
    shops.run_file(desk, sending.shop, folder, lines(members, first))
    recomputing.recompute(desk, sending.audience_id)


def change_rule(desk: Desk, admin: Caller, sending: Sending, rule: str) -> None:
    """Change who is in; the signals that follow wait."""
    audience_actions.save(desk, admin, sending.audience_id, AUDIENCE, rule)
    recomputing.recompute(desk, sending.audience_id)


def answer(desk: Desk, given: Answer | None = None) -> int:
    """Give all that is due now the same answer, once; without one all of it is taken. Return how many calls."""
    claims = send_signals.claim(desk, ids.ulid(), frozenset())
    for claim in claims:
        send_signals.settle(desk, claim, given or taken(claim.batch.size))
    return len(claims)


def taken(count: int) -> Answer:
    """The partner took them all."""
    said = {"audience_id": "123", "session_id": "1", "num_received": count, "num_invalid_entries": 0}
    return Answer(200, json.dumps({**said, "invalid_entry_samples": {}}), 120)


def refused(code: int, message: str, status: int = 400) -> Answer:
    """The partner refused with a code of its own."""
    return Answer(status, json.dumps({"error": {"message": message, "type": "OAuthException", "code": code}}), 210)


def slow() -> Answer:
    """The partner gave no whole answer in time."""
    return Answer(None, "", 3_001, fault="No whole answer within 3 s.", is_timeout=True)


def not_taken(count: int, identifiers: tuple[str, ...]) -> Answer:
    """The partner took all but some, and named them."""
    samples = dict.fromkeys(identifiers, "invalid")
    said = {"audience_id": "123", "num_received": count, "num_invalid_entries": len(identifiers)}
    return Answer(200, json.dumps({**said, "invalid_entry_samples": samples}), 150)


def add_counts(desk: Desk, *counts: tuple[str, datetime, DeliveryCategory, str, int]) -> None:
    """Write lines of the statistics as a batch's end does: (configuration id, when, category, code, count)."""
    with desk.database.write("ctl") as cursor:
        deliveries.add_counts(
            cursor,
            [DayCount(when.date(), where, category, code, count) for where, when, category, code, count in counts],
        )
