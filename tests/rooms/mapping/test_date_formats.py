"""The formats that are offered for dates: each can be saved, and none is there twice."""

import pytest

from engine.mapping import date_formats, written
from storage.records.goals import PropertyType


@pytest.mark.promise("M09")
@pytest.mark.parametrize("kind", date_formats.USUAL)
def test_every_format_that_is_offered_can_be_saved(kind: PropertyType) -> None:
    offered = date_formats.USUAL[kind]

    assert [found for pattern in offered for found in written.pattern_problems("x", kind, pattern)] == []
    assert len(set(offered)) == len(offered)


def test_days_are_offered_in_both_orders_of_day_and_month() -> None:
    """01/02/2026 is one of two days, so whoever is offered one order is offered the other (faults row 87)."""
    swapped = {"%d": "%m", "%m": "%d"}
    for pattern in date_formats.USUAL[PropertyType.DATE]:
        if pattern.startswith(("%d/%m", "%m/%d", "%d-%m", "%m-%d")):
            other = "".join(swapped.get(f"%{part[:1]}", f"%{part[:1]}") + part[1:] for part in pattern.split("%")[1:])
            assert other in date_formats.USUAL[PropertyType.DATE], pattern
