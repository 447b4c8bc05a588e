"""The four figures above the charts: sent, removed, errors and error rate, each against the period before."""

from typing import Literal, cast

import streamlit as st

from engine.views.statistics import StatisticsPage
from pages.parts import words
from storage.records.deliveries import ERRORS, DeliveryCategory

_CARD_WIDTH_MIN = 160
_HUNDRED = 100
_SHARE_MAX = 999
DeltaColor = Literal["green", "red", "gray"]
DeltaArrow = Literal["up", "down"]


def by_day(page: StatisticsPage, *categories: DeliveryCategory) -> list[int]:
    """Return the messages of these categories on each day; pure."""
    return [sum(bar.count for bar in bars) for bars in zip(*(page.bars[each] for each in categories), strict=True)]


def change(now: int, before: int) -> str | None:
    """Return how far a number is from the one before, "6.2 %"; its arrow says where to; pure.

    None where nothing changed or was before, and for so much more that the number before says it better.
    """
    share = _HUNDRED * abs(now - before) / before if before else 0
    if round(share, 1) == 0 or share > _SHARE_MAX:
        return None
    return f"{share:.0f} %" if share >= 10 else f"{share:.1f} %"  # noqa: PLR2004 - two figures are enough


def rate_change(now: float | None, before: float | None) -> str | None:
    """Return "0.5 pt", the percentage points between both; None where nothing changed or is unknown; pure."""
    points = 0 if now is None or before is None else round(_HUNDRED * abs(now - before), 1)
    return f"{points:.1f} pt" if points else None


def color(word: str, now: float, before: float) -> DeltaColor:
    """Return the colour of a change: of what it counts where it grew, else gray; green is never an error; pure."""
    return cast("DeltaColor", word if now > before else "gray")


def arrow(now: float, before: float) -> DeltaArrow:
    """Return where a change points; pure."""
    return "up" if now > before else "down"


def draw(page: StatisticsPage) -> None:
    """Draw the cards, and what still waits for an answer."""
    totals, before = page.totals, page.before
    with st.grid(4, min_column_width=_CARD_WIDTH_MIN):
        _card("Sent", totals.sent, before.sent, by_day(page, DeliveryCategory.SENT), "green")
        _card("Removed", totals.removed, before.removed, by_day(page, DeliveryCategory.REMOVED), "gray")
        _card("Errors", totals.errors, before.errors, by_day(page, *ERRORS), "red")
        st.metric(
            "Error rate",
            words.rate(totals.errors, totals.messages, 2),
            rate_change(totals.error_rate, before.error_rate),
            delta_color=color("red", totals.error_rate or 0, before.error_rate or 0),
            delta_arrow=arrow(totals.error_rate or 0, before.error_rate or 0),
            border=True,
            height="stretch",
            chart_data=[round(_HUNDRED * rate, 3) for rate in page.error_rates],
            chart_type="area",
            help="Errors of all messages that got a final answer; p95: 95 of 100 calls were answered within it.",
            delta_description="no call" if page.p95_ms is None else f"p95 {page.p95_ms:,} ms",
        )


def _card(label: str, count: int, before: int, each: list[int], word: str) -> None:
    st.metric(
        label,
        words.compact(count),
        change(count, before),
        delta_color=color(word, count, before),
        delta_arrow=arrow(count, before),
        border=True,
        height="stretch",
        chart_data=each,
        chart_type="area",
        help=f"{count:,}; {before:,} in as many days before",
        delta_description=f"vs {words.compact(before)} before" if before else "none before",
    )
