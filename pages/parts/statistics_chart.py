"""The bar charts of the statistics: one bar a day, one colour a category, recovered errors hatched; pure."""

from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

import plotly.graph_objects as go

from engine.views.statistics import Bar
from pages.parts import category
from storage.records.deliveries import ERRORS, DeliveryCategory

DELIVERED = (DeliveryCategory.SENT, DeliveryCategory.REMOVED)
HEIGHT_PX = {True: 180, False: 150}
_PALE, _FULL = 0.55, 1.0
_TICKS_MAX = 7
_WEEK_DAYS = 7
_SEPARATOR = "|"
_HATCH = "/"
_GRID = {True: "rgba(154,165,181,0.22)", False: "rgba(91,102,120,0.18)"}
_PAGE = {True: "#10151F", False: "#FFFFFF"}


def said(day: date) -> str:
    """Return "19 Nov"."""
    return f"{day.day} {day:%b}"


def address_of(point: Mapping[str, Any]) -> tuple[DeliveryCategory, date] | None:
    """Return category and day of a clicked bar, from what the chart wrote beside it; None for anything else."""
    given = point.get("customdata")
    text = given[0] if isinstance(given, list | tuple) and given else given
    if not isinstance(text, str):
        return None
    word, _, day = text.partition(_SEPARATOR)
    try:
        return DeliveryCategory(word), date.fromisoformat(day)
    except ValueError:
        return None


def delivered(bars: Mapping[DeliveryCategory, Sequence[Bar]], days: Sequence[date], *, is_dark: bool) -> go.Figure:
    """Return the chart of what partners took: sent and removed."""
    return _figure(bars, days, DELIVERED, is_dark=is_dark)


def failed(bars: Mapping[DeliveryCategory, Sequence[Bar]], days: Sequence[date], *, is_dark: bool) -> go.Figure:
    """Return the chart of errors, on a scale of its own."""
    return _figure(bars, days, ERRORS, is_dark=is_dark)


def ticks(days: Sequence[date]) -> list[date]:
    """Return the days that are named below the bars: all of a week, else every so many Mondays."""
    if len(days) <= _WEEK_DAYS:
        return list(days)
    mondays = [day for day in days if not day.weekday()]
    step = -(-len(mondays) // _TICKS_MAX)
    return mondays[::step]


def _figure(
    bars: Mapping[DeliveryCategory, Sequence[Bar]],
    days: Sequence[date],
    shown: Sequence[DeliveryCategory],
    *,
    is_dark: bool,
) -> go.Figure:
    traces = [
        trace
        for each in shown
        for trace in (
            _trace(each, bars[each], days, is_recovered=False, is_dark=is_dark),
            _trace(each, bars[each], days, is_recovered=True, is_dark=is_dark),
        )
        # Without a recovered message there is nothing to hatch, and what partners took is never "recovered".
        if not trace.meta["is_recovered"] or any(trace.y)
    ]
    figure = go.Figure(traces)
    named = ticks(days)
    figure.update_layout(
        barmode="stack",
        bargap=0.22,
        height=HEIGHT_PX[shown == DELIVERED],
        margin={"l": 44, "r": 4, "t": 8, "b": 24},
        showlegend=False,
        hovermode="closest",
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
    )
    figure.update_xaxes(
        type="category",
        categoryorder="array",
        categoryarray=[day.isoformat() for day in days],
        tickvals=[day.isoformat() for day in named],
        ticktext=[said(day) for day in named],
        tickangle=0,
        range=[-0.5, len(days) - 0.5],
        fixedrange=True,
        showgrid=False,
    )
    figure.update_yaxes(
        rangemode="tozero",
        fixedrange=True,
        nticks=4,
        tickformat="~s" if _highest(bars, shown) >= 1_000 else "~d",  # noqa: PLR2004 - from here on 15k reads best
        gridcolor=_GRID[is_dark],
        zeroline=False,
        # An empty chart would be drawn around zero, with negative counts.
        range=None if _highest(bars, shown) else [0, 4],
    )
    return figure


def _highest(bars: Mapping[DeliveryCategory, Sequence[Bar]], shown: Sequence[DeliveryCategory]) -> int:
    return max((sum(bar.count for bar in each) for each in zip(*(bars[one] for one in shown), strict=True)), default=0)


def _trace(
    each: DeliveryCategory, bars: Sequence[Bar], days: Sequence[date], *, is_recovered: bool, is_dark: bool
) -> go.Bar:
    look = category.look(each)
    color = look.color(is_dark=is_dark)
    counts = [bar.recovered if is_recovered else bar.count - bar.recovered for bar in bars]
    today = len(days) - 1
    hovers = [
        _hover(look.word, bar, day, is_today=place == today)
        for place, (bar, day) in enumerate(zip(bars, days, strict=True))
    ]
    return go.Bar(
        name=f"{look.word}, recovered" if is_recovered else look.word,
        x=[day.isoformat() for day in days],
        y=counts,
        customdata=[f"{each.value}{_SEPARATOR}{day.isoformat()}" for day in days],
        hovertext=hovers,
        hovertemplate="%{hovertext}<extra></extra>",
        meta={"category": each.value, "is_recovered": is_recovered},
        marker={
            "color": color,
            "opacity": [_PALE if place == today else _FULL for place in range(len(days))],
            "line": {"width": 0},
            "pattern": {
                "shape": _HATCH if is_recovered else "",
                "fillmode": "replace",
                "fgcolor": color,
                "size": 5,
                "solidity": 0.45,
            },
        },
        # A click marks a bar in its chart; without this the others would turn pale, as today is.
        selected={"marker": {"opacity": _FULL}},
        unselected={"marker": {"opacity": _FULL}},
    )


def _hover(word: str, bar: Bar, day: date, *, is_today: bool) -> str:
    lines = [f"<b>{said(day)}</b>{', not over yet' if is_today else ''}", f"{word}: {bar.count:,}"]
    if bar.recovered:
        lines.append(f"of these recovered: {bar.recovered:,}")
    return "<br>".join(lines)
