"""Actions: conversions and clicks as they are now, found by what they are, each with its story."""

import streamlit as st

from engine.views import actions as view
from engine.views.actions import ActionList, Asked
from pages.parts import action_badges, action_drawer, action_table, filters, frame, session, words
from pages.parts.plain import visible

_PAGE_ROWS = 15
_PAGES_SEEN, _PAGES_WIDTH = 5, 260
_KEY, _TYPE, _STATE, _SOURCE, _DAYS, _PAGE = (
    "actions_key",
    "actions_type",
    "actions_state",
    "actions_source",
    "actions_days",
    "actions_at",
)
_TABLE = "actions_table"
_STATES = {"all": "All", "counts": "In sums", "reversed": "Reversed"}
_COUNTS = {"counts": True, "reversed": False}
_TIMES = {"": "Any time", "7": "Last 7 days", "30": "Last 30 days", "90": "Last 90 days"}
_SEARCH_WIDTH, _SELECT_WIDTH = 200, 140


def asked_of(key: str, kind: str, state: str, source: str, days: str) -> Asked:
    """Return what the toolbar asks for; a word that means nothing leaves open; pure."""
    return Asked(kind or None, _COUNTS.get(state), source or None, int(days) if days in _TIMES and days else None, key)


def _asked() -> Asked:
    """Return what the toolbar says; before it is drawn for the first time, what the address says."""

    def said(key: str, name: str) -> str:
        return str(st.session_state.get(key, st.query_params.get(name, "")) or "")

    key = str(st.session_state.get(_KEY) or "")
    return asked_of(key, said(_TYPE, "type"), said(_STATE, "status"), said(_SOURCE, "source"), said(_DAYS, "days"))


def _draw_toolbar(page: ActionList) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        # Not in the address: keys may be personal.
        st.text_input(
            "Search by key",
            key=_KEY,
            placeholder="Search a whole key",
            icon=":material/search:",
            label_visibility="collapsed",
            width=_SEARCH_WIDTH,
        )
        filters.segments("State", "status", _STATES, key=_STATE)
        types = {kind: f"{action_badges.type_word(kind)}s {number:,}" for kind, number in page.types.items()}
        filters.select("Type", "type", {"": "All types"} | types, key=_TYPE, width=_SELECT_WIDTH)
        sources = {source: f"{visible(source)} {number:,}" for source, number in page.sources.items()}
        filters.select("Source", "source", {"": "All sources"} | sources, key=_SOURCE, width=_SELECT_WIDTH)
        filters.select("Days", "days", _TIMES, key=_DAYS, width=_SELECT_WIDTH)
        st.space("stretch")
        st.caption(words.counted(page.total, "action"), width="content")


def _clear() -> None:
    filters.clear(_TYPE, _STATE, _SOURCE, _DAYS, _PAGE)
    st.session_state[_KEY] = ""
    for name in ("type", "status", "source", "days"):
        st.query_params.pop(name, None)


def _draw_nothing() -> None:
    what = "Import conversions or clicks: each of their rows becomes an action of a profile."
    with frame.empty("receipt_long", "No action yet.", what):
        frame.link("Connections", "connections_page.py", icon=":material/swap_horiz:")


def _listed(asked: Asked) -> tuple[ActionList, int]:
    return filters.paged(
        _PAGE, _PAGE_ROWS, lambda start, most: view.listed(session.desk(), session.caller(), asked, start, most)
    )


def _draw() -> None:
    frame.title_row("Actions")
    st.caption(
        "Conversions and clicks of profiles as they are now; modifications and reversals change them, and sums "
        f"follow. Times are {frame.zone_name()}."
    )
    with frame.loading("the actions"):
        page, pages = _listed(_asked())
        if not page.types:
            _draw_nothing()
            return
        _draw_toolbar(page)
        if not page.lines:
            with frame.empty("search_off", "Nothing matches.", "A key is compared whole. Clear the filters."):
                st.button("Clear", key="actions_clear", on_click=_clear)
            return
        action_table.draw(page, _TABLE, has_profiles=True)
        with st.container(horizontal=True, vertical_alignment="center"):
            if page.is_masked:
                st.caption("Keys are masked for your role.", width="content")
            st.space("stretch")
            if pages > 1:
                st.pagination(pages, key=_PAGE, max_visible_pages=_PAGES_SEEN, width=_PAGES_WIDTH)
        action_drawer.draw(_TABLE)


if __name__ == "__main__":
    _draw()
