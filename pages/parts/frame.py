"""The frame of every page: crumbs, title row, caption, block titles, empty states, and errors in one sentence."""

from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any

import streamlit as st
from streamlit.delta_generator import DeltaGenerator
from streamlit.errors import StreamlitPageNotFoundError

from engine.base.errors import HandoffError
from pages.parts import badges, session, times
from pages.parts.badges import Badge
from pages.parts.plain import plain

_ERROR = "frame_error"
# A page link is made for menus: here it stands in a line of small gray text, flush with the title below.
_CRUMBS_STYLE = (
    "<style>.st-key-crumbs a{padding:0;background:none}"
    ".st-key-crumbs a p{font-size:0.875rem;font-weight:400;opacity:0.75}"
    # The stroke between two of them is narrower than the least width of a text.
    ".st-key-crumbs [data-testid=stCaptionContainer] p{text-align:center}</style>"
)


def crumbs(*above: tuple[str, str] | tuple[str, str, Mapping[str, str]], here: str) -> None:
    """Draw the way to this page: each page above as (label, file in pages/, query if any), then this one's name."""
    with st.container(horizontal=True, vertical_alignment="center", gap="xxsmall", key="crumbs"):
        st.html(_CRUMBS_STYLE)
        for label, file, *query in above:
            link(label, file, query[0] if query else None)
            st.caption("/", width="content")
        st.caption(plain(here), width="content")


def link(label: str, file: str, query: Mapping[str, str] | None = None, icon: str | None = None) -> None:
    """Draw a link to a page, or only its label where the page is not in this person's menu."""
    try:
        st.page_link(file, label=plain(label), query_params=dict(query or {}), icon=icon)
    except StreamlitPageNotFoundError:
        st.caption(plain(label), width="content")


def go(file: str, **query: str) -> None:
    """Lead to another page; for callbacks and the end of a run."""
    st.switch_page(file, query_params=query)


def title_row(title: str, shown: tuple[Badge, ...] = ()) -> DeltaGenerator:
    """Draw the title with its badges; return the right-aligned place on the same row for at most three actions."""
    with st.container(horizontal=True, vertical_alignment="center", key="title_row"):
        st.title(plain(title), width="content", anchor=False)
        for badge in shown:
            badges.draw(badge)
        st.space("stretch")
        return st.container(horizontal=True, vertical_alignment="center", width="content")


def block_title(text: str, right: str = "", *, about: str | None = None) -> None:
    """Draw a block's title with a caption at the right; call it first inside `st.container(border=True)`."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(text, width="content", anchor=False, help=about)
        st.space("stretch")
        if right:
            st.caption(right, width="content")


def empty(icon: str, line: str, what_to_do: str) -> DeltaGenerator:
    """Draw a centred empty state and return the place for its button."""
    with st.container(border=True, horizontal_alignment="center", gap="xsmall"):
        st.space("xsmall")
        st.markdown(f":material/{icon}:", width="content")
        st.markdown(f"**{line}**", width="content")
        st.caption(what_to_do, width="content")
        place = st.container(horizontal_alignment="center")
        st.space("xsmall")
    return place


def when(moment: datetime | None, now: datetime) -> str:
    """Say a UTC time in the reader's zone: "today 09:12"; a dash for none."""
    return times.said(moment, now, times.zone(st.context.timezone))


def ahead(moment: datetime, now: datetime) -> str:
    """Say a UTC time to come in the reader's zone: "today 13:30", "Sun 05:30"."""
    return times.ahead(moment, now, times.zone(st.context.timezone))


def zone_name() -> str:
    """Return the zone in which times are said; a page's caption names it once."""
    return times.zone(st.context.timezone).key


def zones() -> str:
    """Say in which zones days and times are, for a caption: what is counted by day is counted by UTC days."""
    return "Days and times are UTC." if zone_name() == "UTC" else f"Days are UTC, times are {zone_name()}."


def attempt(act: Callable[..., Any], *values: Any, **named: Any) -> Any:
    """Run one action as whoever is signed in; a refusal's sentence is shown by `draw_refusal`, and None returned."""
    st.session_state.pop(_ERROR, None)
    try:
        return act(session.desk(), session.caller(), *values, **named)
    except HandoffError as error:
        st.session_state[_ERROR] = str(error)
        return None


def attempt_anew(act: Callable[..., Any], *values: Any, **named: Any) -> None:
    """Run one action and then the whole page; for the buttons inside fragments, which alone would stay as they are."""
    attempt(act, *values, **named)
    st.rerun()


def was_refused() -> bool:
    """Say whether the last `attempt` was refused and nobody has read why yet."""
    return _ERROR in st.session_state


def forget_refusal() -> None:
    """Drop the sentence of a refused action where the page says more about it itself."""
    st.session_state.pop(_ERROR, None)


def draw_refusal() -> None:
    """Draw the sentence of the action that was refused since the last run of the page, if one was."""
    sentence = st.session_state.pop(_ERROR, None)
    if sentence:
        st.error(plain(sentence), icon=":material/error:")


@contextmanager
def loading(what: str) -> Iterator[None]:
    """Draw what is inside, or the block that says why it could not be loaded, with Try again."""
    try:
        yield
    except HandoffError as error:
        draw_failure(what, str(error))


def draw_failure(what: str, cause: str) -> None:
    """Draw a block that failed: what, why, and Try again. Others on the page stay."""
    with st.container(border=True):
        st.error(
            f"Could not load {plain(what)}: {plain(cause.rstrip('.'))}. Nothing was changed.", icon=":material/error:"
        )
        st.button("Try again", icon=":material/refresh:", key=f"again_{what}")


def bar(sentence: str, icon: str = "error") -> None:
    """Draw a red bar: the engine is silent, or a connection is paused."""
    st.error(plain(sentence), icon=f":material/{icon}:")
