"""The ledger of a run: every row read in one stacked bar, its figures below, and whether they add up."""

from dataclasses import dataclass

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from pages.parts import reasons, words
from storage.records.runs import RunCounts

SHARE_MIN = 0.008
"""A sliver's share of the bar: three pixels on a phone, one of them the gap."""
_HEIGHT = 34
_LIGHT = {
    "applied": "#1E9656",
    "unchanged": "#CDD4DF",
    "skipped": "#C77700",
    "rejected": "#BE1E2D",
    "page": "#FFFFFF",
}
_DARK = {
    "applied": "#4CCB8A",
    "unchanged": "#3D4A60",
    "skipped": "#F0B541",
    "rejected": "#E5484D",
    "page": "#10151F",
}


@dataclass(frozen=True)
class Part:
    """One outcome of rows: its words, its colour's name and how many rows."""

    word: str
    color: str
    rows: int


def parts_of(counts: RunCounts) -> tuple[Part, ...]:
    """Return the outcomes in the order of the bar; pure."""
    return (
        Part("Applied", "applied", counts.applied),
        Part("Unchanged", "unchanged", counts.unchanged),
        *(Part(reasons.skipped(code), "skipped", rows) for code, rows in counts.skipped.items()),
        *(() if counts.skipped else (Part(reasons.skipped("no_match"), "skipped", 0),)),
        Part("Rejected", "rejected", counts.rejected),
    )


def shares(rows: list[int]) -> list[float]:
    """Return each part's share of the bar, none that has rows below SHARE_MIN; they sum to 1; pure."""
    total = sum(rows)
    if not total:
        return [0.0] * len(rows)
    small = [0 < number / total < SHARE_MIN for number in rows]
    left = 1 - SHARE_MIN * sum(small)
    large = sum(number for number, is_small in zip(rows, small, strict=True) if not is_small)
    return [
        SHARE_MIN if is_small else number / large * left if number else 0.0
        for number, is_small in zip(rows, small, strict=True)
    ]


def draw(counts: RunCounts, *, is_off: bool) -> None:
    """Draw title, badge, bar and figures of a run that has ended; is_off: it failed because it did not add up."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Ledger", width="content", anchor=False)
        st.space("stretch")
        _draw_badge(counts, is_off=is_off)
    parts, colors = parts_of(counts), _colors()
    _draw_bar(counts, parts, "ledger")
    _draw_figures(counts, parts, colors)


def draw_small(counts: RunCounts, key: str) -> None:
    """Draw bar and figures one below the other, for a narrow place; key: of its widgets."""
    parts, colors = parts_of(counts), _colors()
    _draw_bar(counts, parts, key)
    lines = [(f"{_square(part, colors)} {part.word}", f"**{words.count(part.rows)}**") for part in parts]
    lines += [("Profiles created", f"**{words.count(counts.created)}**")]
    lines += [("Profiles updated", f"**{words.count(counts.updated)}**")]
    st.table(pd.DataFrame(lines), border="horizontal", hide_index=True, hide_header=True, alt=_said(counts, parts))


def _colors() -> dict[str, str]:
    return _DARK if st.context.theme.type == "dark" else _LIGHT


def _square(part: Part, colors: dict[str, str]) -> str:
    return f':color[■]{{foreground="{colors[part.color]}"}}'


def _draw_bar(counts: RunCounts, parts: tuple[Part, ...], key: str) -> None:
    if counts.read:
        st.plotly_chart(_figure(parts, _colors()), key=key, config={"displayModeBar": False}, alt=_said(counts, parts))


def _draw_badge(counts: RunCounts, *, is_off: bool) -> None:
    if counts.missing:
        rows = words.counted(abs(counts.missing), "row")
        st.badge(f"Off by {rows}: the run failed and changed nothing", icon=":material/balance:", color="red")
    elif is_off:
        st.badge("Did not add up: the run failed and changed nothing", icon=":material/balance:", color="red")
    elif counts.read:
        st.badge("Adds up to the row", icon=":material/balance:", color="green")


def _figure(parts: tuple[Part, ...], colors: dict[str, str]) -> go.Figure:
    figure = go.Figure()
    for part, share in zip(parts, shares([part.rows for part in parts]), strict=True):
        if part.rows:
            figure.add_bar(
                x=[share],
                y=[""],
                orientation="h",
                marker={"color": colors[part.color], "line": {"color": colors["page"], "width": 1}},
                hovertemplate=f"{part.word}: {words.counted(part.rows, 'row')}<extra></extra>",
            )
    figure.update_layout(
        barmode="stack",
        bargap=0,
        height=_HEIGHT,
        margin={"l": 0, "r": 0, "t": 0, "b": 0},
        showlegend=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        xaxis={"visible": False, "range": [0, 1], "fixedrange": True},
        yaxis={"visible": False, "fixedrange": True},
        hovermode="closest",
    )
    return figure


def _draw_figures(counts: RunCounts, parts: tuple[Part, ...], colors: dict[str, str]) -> None:
    with st.grid(len(parts) + 1, min_column_width=110, gap="small"):
        st.markdown(f"**{words.count(counts.read)}**  \nrows read =")
        for part in parts:
            st.markdown(f"**{words.count(part.rows)}**  \n{_square(part, colors)}\u00a0{part.word}")
    profiles = f"Profiles: {words.count(counts.created)} created, {words.count(counts.updated)} updated"
    files = f"Files: {words.count(counts.files_taken)} taken, {words.count(counts.files_unchanged)} unchanged"
    st.caption(f"{profiles} · {files}")


def _said(counts: RunCounts, parts: tuple[Part, ...]) -> str:
    outcomes = ", ".join(f"{part.word.lower()} {words.count(part.rows)}" for part in parts)
    return f"{words.counted(counts.read, 'row')} read: {outcomes}."
