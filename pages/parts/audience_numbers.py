"""The right side of an audience's page: from the audience to the partner in bars, and what saving would change."""

from collections.abc import Mapping

import plotly.graph_objects as go
import streamlit as st

from engine.views.audiences import AudiencePage, Link, Preview
from pages.parts import frame, words
from pages.parts.plain import plain
from storage.records.partners import ConfigurationState

_BAR_PX, _MARGIN_PX = 36, 8
_MINUS = "\u2212"
_LIGHT = {"in": "#C8CFDA", "there": "#1E9656", "text": "#1A2233"}
_DARK = {"in": "#3D4A60", "there": "#4CCB8A", "text": "#E7EBF2"}
_ROOM = 1.3
"""The axis is longer than the longest bar, so that its figure has a place behind it."""
_ABOUT = (
    "In the audience: members. Has an identifier: members whose property the partner can be told. "
    "At partner now: those it was told to have, without the messages that are on their way or held."
)


def figure(bars: Mapping[str, tuple[int, str]], colors: Mapping[str, str]) -> go.Figure:
    """Return the bars, the first on top; pure.

    Args:
        bars: (How many, the name of its colour) by label.
        colors: By name, with "text".
    """
    labels = list(bars)
    counts = [count for count, _ in bars.values()]
    drawn = go.Figure(
        go.Bar(
            x=counts,
            y=labels,
            orientation="h",
            marker={"color": [colors[color] for _, color in bars.values()]},
            text=[words.count(count) for count in counts],
            textposition="outside",
            textfont={"color": colors["text"]},
            cliponaxis=False,
            hovertemplate="%{y}: %{text}<extra></extra>",
        )
    )
    drawn.update_layout(
        height=_BAR_PX * len(labels) + _MARGIN_PX,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        bargap=0.35,
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis={"visible": False, "range": [0, max([*counts, 1]) * _ROOM], "fixedrange": True},
        yaxis={"autorange": "reversed", "fixedrange": True, "showgrid": False, "ticksuffix": "  "},
    )
    return drawn


def bars_of(page: AudiencePage, link: Link | None) -> dict[str, tuple[int, str]]:
    """Return the bars of an audience and one of its links; pure."""
    bars = {"In the audience": (page.members, "in")}
    if link is not None:
        bars["Has an identifier"] = (link.identified, "in")
        bars["At partner now"] = (link.there, "there")
    return bars


def draw_waterfall(page: AudiencePage) -> None:
    """Draw how many are in, can be told, and are at the partner."""
    with st.container(border=True):
        frame.block_title("From audience to partner", about=_ABOUT)
        link = _chosen(page)
        bars = bars_of(page, link)
        colors = _DARK if st.context.theme.type == "dark" else _LIGHT
        said = ", ".join(f"{label.lower()} {words.count(count)}" for label, (count, _) in bars.items())
        st.plotly_chart(figure(bars, colors), key="audience_bars", config={"displayModeBar": False}, alt=f"{said}.")
        st.caption(_caption(link))


def draw_if_saved(page: AudiencePage, preview: Preview, *, is_changed: bool) -> None:
    """Draw who would enter and leave, and whom that is told to."""
    with st.container(border=True):
        frame.block_title("If saved now", "" if is_changed else "nothing to save")
        active = [link for link in page.links if link.configuration.state is ConfigurationState.ACTIVE]
        where = f"to {words.counted(len(active), 'connector')}" if active else "nobody is told"
        rows = {
            "Enter": f":green[{_signed(preview.enter, '+')}]\u2002 :gray[adds {where}]",
            "Leave": f":blue[{_signed(preview.leave, _MINUS)}]\u2002 :gray[removes {where}]",
        }
        if not active:
            rows = {name: said.replace("adds ", "").replace("removes ", "") for name, said in rows.items()}
        if preview.problem:
            rows = dict.fromkeys(rows, words.UNKNOWN)
        st.table(rows, border="horizontal", alt="Who would enter and leave if this was saved now")


def _signed(number: int, sign: str) -> str:
    return f"{sign}{words.count(number)}" if number else "0"


def _chosen(page: AudiencePage) -> Link | None:
    if len(page.links) <= 1:
        return next(iter(page.links), None)
    by_name = {link.configuration.name: link for link in page.links}
    name = st.selectbox("Configuration", list(by_name), key="audience_bars_of", label_visibility="collapsed")
    return by_name.get(name or "", page.links[0])


def _caption(link: Link | None) -> str:
    if link is None:
        return "Sent nowhere yet: link a connector below."
    on_their_way = ""
    if link.waiting:
        state = "are on their way" if link.configuration.state is ConfigurationState.ACTIVE else "are held"
        on_their_way = f" {words.counted(link.waiting, 'message')} {state}."
    return f"{plain(link.configuration.name)} knows them by {plain(link.activation.property)}.{on_their_way}"
