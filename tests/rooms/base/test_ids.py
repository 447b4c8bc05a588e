"""Ids sort by the time of their making, also within one millisecond."""

from datetime import datetime

import pytest

from engine.base import clock, ids


def test_ids_made_in_one_millisecond_sort_in_the_order_of_their_making(monkeypatch: pytest.MonkeyPatch) -> None:
    # given a clock that stands
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 22, 16, 20))
    # when
    made = [ids.ulid() for _ in range(1_000)]
    # then
    assert made == sorted(made)
    assert len(set(made)) == 1_000
    assert {len(one) for one in made} == {26}


def test_an_id_made_after_the_clock_jumped_back_sorts_by_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    # given
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 22, 16, 20))
    later = ids.ulid()
    # when
    monkeypatch.setattr(clock, "now", lambda: datetime(2026, 11, 22, 16, 19))
    # then
    assert ids.ulid() < later
