"""Counting: one bucket a day, zeros where nothing was sent, totals, rates, and lines by code."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.statistics import counting
from engine.statistics.counting import Bar, Totals
from storage.records.deliveries import ERRORS, DayCount, DeliveryCategory

SENT, REMOVED, TIMEOUT = DeliveryCategory.SENT, DeliveryCategory.REMOVED, DeliveryCategory.TIMEOUT
CODE = DeliveryCategory.PARTNER_CODE
TODAY = date(2026, 11, 21)
DAYS = counting.days_until(TODAY, 30)
LINES = st.lists(
    st.builds(
        DayCount,
        day=st.dates(TODAY - timedelta(days=40), TODAY),
        configuration_id=st.sampled_from(["a", "b"]),
        category=st.sampled_from(counting.COUNTED),
        code=st.sampled_from(["", "100", "190"]),
        count=st.integers(1, 10_000),
    )
)


def line(
    day: date, category: DeliveryCategory, count: int, recovered: int = 0, code: str = "", at: str = "a"
) -> DayCount:
    return DayCount(day, at, category, code, count, recovered)


@pytest.mark.promise("Q13")
@pytest.mark.parametrize("number", counting.PERIODS_DAYS)
@pytest.mark.parametrize(
    "last", [date(2026, 3, 29), date(2026, 3, 30), date(2026, 10, 25), date(2026, 10, 26), date(2028, 3, 1)]
)
def test_each_day_is_one_bucket_also_where_clocks_change_and_in_a_leap_year(last: date, number: int) -> None:
    days = counting.days_until(last, number)

    assert len(days) == len(set(days)) == number
    assert days[-1] == last
    assert all(after - before == timedelta(days=1) for before, after in pairwise(days))


@pytest.mark.promise("Q13")
def test_a_day_without_messages_is_zero_in_every_category() -> None:
    # given
    lines = [line(TODAY, SENT, 5), line(TODAY - timedelta(days=2), TIMEOUT, 3, recovered=1)]
    # when
    bars = counting.by_day(lines, counting.days_until(TODAY, 4))
    # then
    assert set(bars) == {SENT, REMOVED, *ERRORS}
    assert bars[SENT] == (Bar(), Bar(), Bar(), Bar(5))
    assert bars[TIMEOUT] == (Bar(), Bar(3, 1), Bar(), Bar())
    assert bars[REMOVED] == (Bar(),) * 4


@given(LINES)
def test_bars_totals_and_lines_by_code_say_the_same_sums(lines: list[DayCount]) -> None:
    # given
    inside = [item for item in lines if item.day in DAYS]
    # when
    bars, totals = counting.by_day(lines, DAYS), counting.totals(inside)
    codes = counting.by_code(lines, DAYS, {"a": "meta", "b": "meta"})
    # then
    assert sum(bar.count for each in bars.values() for bar in each) == totals.messages
    assert sum(bar.count for bar in bars[SENT]) == totals.sent
    assert sum(item.count for item in codes) == totals.errors
    assert all(sum(item.by_day) == item.count for item in codes)
    assert [item.count for item in codes] == sorted((item.count for item in codes), reverse=True)
    for place, rate in enumerate(counting.error_rates(bars)):
        failed = sum(bars[category][place].count for category in ERRORS)
        assert rate * sum(each[place].count for each in bars.values()) == pytest.approx(failed)


def test_waiting_messages_are_in_no_total() -> None:
    totals = counting.totals([line(TODAY, DeliveryCategory.WAITING, 9), line(TODAY, SENT, 1)])

    assert totals == Totals(sent=1)
    assert totals.messages == 1


def test_the_error_rate_keeps_recovered_errors_and_is_unknown_without_messages() -> None:
    assert counting.totals([line(TODAY, SENT, 75), line(TODAY, TIMEOUT, 25, recovered=25)]).error_rate == 0.25
    assert counting.totals([]).error_rate is None


def test_the_change_to_nothing_before_is_unknown() -> None:
    assert counting.change(5, 0) is None
    assert counting.change(106, 100) == pytest.approx(0.06)
    assert counting.change(0, 4) == -1


def test_equal_codes_of_two_partners_are_two_lines_and_of_one_partner_one() -> None:
    # given
    day = TODAY - timedelta(days=1)
    lines = [line(day, CODE, 1, code="100"), line(TODAY, CODE, 2, 1, code="100", at="b")]
    # when
    one = counting.by_code(lines, DAYS, {"a": "meta", "b": "meta"})
    two = counting.by_code(lines, DAYS, {"a": "meta", "b": "other"})
    # then
    assert [(item.count, item.recovered, item.last_day, item.by_day[-2:]) for item in one] == [(3, 1, TODAY, (1, 2))]
    assert [(item.partner, item.count, item.last_day) for item in two] == [("other", 2, TODAY), ("meta", 1, day)]
