"""The four figures above the charts: sent, removed, errors and error rate, each against the period before."""

import streamlit as st

from engine.views.statistics import StatisticsPage
from pages.parts import words
from storage.records.deliveries import ERRORS, DeliveryCategory

_CARD_WIDTH_MIN = 160
_HUNDRED = 100


def by_day(page: StatisticsPage, *categories: DeliveryCategory) -> list[int]:
    """Return the messages of these categories on each day; pure."""
    return [sum(bar.count for bar in bars) for bars in zip(*(page.bars[each] for each in categories), strict=True)]


def change(now: int, before: int) -> str | None:
    """Return "6.2 %" or "-38 %" for a number against the one before, None where there was nothing; pure."""
    if not before:
        return None
    share = _HUNDRED * (now - before) / before
    return f"{share:.0f} %" if abs(share) >= 10 else f"{share:.1f} %"  # noqa: PLR2004 - two figures are enough


def rate_change(now: float | None, before: float | None) -> str | None:
    """Return "0.5 pt", percentage points more than before; None where either is unknown; pure."""
    return None if now is None or before is None else f"{_HUNDRED * (now - before):.1f} pt"


def draw(page: StatisticsPage) -> None:
    """Draw the cards, and what still waits for an answer."""
    totals, before, days = page.totals, page.before, len(page.days)
    against = f"vs {days} days before" if before.messages else "nothing before"
    with st.grid(4, min_column_width=_CARD_WIDTH_MIN):
        _card("Sent", totals.sent, before.sent, by_day(page, DeliveryCategory.SENT), "normal", against)
        _card("Removed", totals.removed, before.removed, by_day(page, DeliveryCategory.REMOVED), "off", against)
        _card("Errors", totals.errors, before.errors, by_day(page, *ERRORS), "inverse", against)
        st.metric(
            "Error rate",
            words.rate(totals.errors, totals.messages, 2),
            rate_change(totals.error_rate, before.error_rate),
            delta_color="inverse",
            border=True,
            height="stretch",
            chart_data=[round(_HUNDRED * rate, 3) for rate in page.error_rates],
            chart_type="area",
            help="Errors of all messages that got a final answer; p95: 95 of 100 calls were answered within it.",
            delta_description=f"p95 {_answer_time(page.p95_ms)}",
        )


def _card(label: str, count: int, before: int, each: list[int], color: str, against: str) -> None:
    st.metric(
        label,
        words.compact(count),
        change(count, before),
        delta_color=color,  # type: ignore[arg-type]  # one of Streamlit's three words
        border=True,
        height="stretch",
        chart_data=each,
        chart_type="area",
        help=f"{count:,}; {before:,} in as many days before",
        delta_description=against,
    )


def _answer_time(milliseconds: int | None) -> str:
    return words.duration(None if milliseconds is None else milliseconds / 1_000)
