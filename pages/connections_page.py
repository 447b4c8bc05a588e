"""Connections: every batch connection and its health, with drafts that were not finished."""

from collections.abc import Iterable

import streamlit as st

from engine.actions import drafts
from engine.views import connections as view
from engine.views.connections import ConnectionLine, ConnectionList, DraftLine
from engine.views.drafts import WORDS
from pages.parts import badges, connection_facts, connection_table, filters, frame, session, words
from pages.parts.plain import plain
from storage.records.connections import ConnectionState, Direction, Method

_SEARCH_WIDTH = 260
_METHOD_WIDTH = 140
_LIVE_S = 2
_DRAFTS_OPEN = 3
_WAYS = {"all": "All", "in": "In", "out": "Out"}
_DIRECTIONS = {"in": Direction.INBOUND, "out": Direction.OUTBOUND}
_METHODS = {"": "All methods", **{method.value: WORDS[method] for method in (Method.SFTP, Method.FTP, Method.EMAIL)}}
_PILLS = {"failed": badges.FAILED, "going": badges.RUNNING, "paused": badges.PAUSED, "off": badges.OFF}


def status_of(line: ConnectionLine) -> str:
    """Return the stable word of a line's first badge; pure."""
    badge = badges.of_connection(line.connection, line.newest_run)[0]
    return next((word for word, known in _PILLS.items() if known == badge), "")


def chosen(
    lines: Iterable[ConnectionLine], search: str, way: str, method: str, status: str | None
) -> list[ConnectionLine]:
    """Return the lines that the toolbar asks for; pure."""
    wanted = search.strip().casefold()
    return [
        line
        for line in lines
        if wanted in line.connection.name.casefold()
        and line.connection.direction is _DIRECTIONS.get(way, line.connection.direction)
        and method in ("", line.connection.method)
        and (status is None or status_of(line) == status)
    ]


def _begin() -> None:
    draft_id = frame.attempt(drafts.begin)
    if draft_id:
        frame.go("connection_new_page.py", draft=draft_id)


def _create_button(key: str) -> None:
    st.button("Create Connection", type="primary", icon=":material/add:", key=key, on_click=_begin)


def _draw_drafts(page: ConnectionList) -> None:
    _draw_some_drafts(page, page.drafts[:_DRAFTS_OPEN])
    if len(page.drafts) > _DRAFTS_OPEN:
        more = words.counted(len(page.drafts) - _DRAFTS_OPEN, "older draft")
        with st.expander(more, icon=":material/edit_note:", key="older_drafts"):
            _draw_some_drafts(page, page.drafts[_DRAFTS_OPEN:])


def _draw_some_drafts(page: ConnectionList, lines: Iterable[DraftLine]) -> None:
    for line in lines:
        with st.container(horizontal=True, vertical_alignment="center", border=True, key=f"draft_{line.draft_id}"):
            name = f"**{plain(line.name)}**" if line.name.strip() else "a connection without a name"
            st.markdown(f":material/edit_note: Draft of {name}", width="content")
            st.caption(f"saved {frame.when(line.changed_at, page.now)}", width="content")
            st.space("stretch")
            st.button(
                "Discard",
                type="tertiary",
                key=f"discard_{line.draft_id}",
                on_click=frame.attempt_anew,
                args=(drafts.discard, line.draft_id),
            )
            st.button(
                "Go on with the draft",
                key=f"go_on_{line.draft_id}",
                on_click=frame.go,
                args=("connection_new_page.py",),
                kwargs={"draft": line.draft_id},
            )


def _draw_toolbar(page: ConnectionList) -> list[ConnectionLine]:
    total, is_on = len(page.lines), sum(line.connection.state is ConnectionState.ON for line in page.lines)
    with st.container(horizontal=True, vertical_alignment="center"):
        search = st.text_input(
            "Search connections",
            key="q",
            bind="query-params",
            placeholder=f"Search {words.counted(total, 'connection')}",
            icon=":material/search:",
            label_visibility="collapsed",
            width=_SEARCH_WIDTH,
        )
        way = filters.segments("Direction", "dir", _WAYS)
        method = filters.select("Method", "method", _METHODS, key="connections_method", width=_METHOD_WIDTH)
        counts = {word: sum(status_of(line) == word for line in page.lines) for word in _PILLS}
        labels = {word: f"{_PILLS[word].word} {words.count(n)}" for word, n in counts.items() if n}
        status = filters.pills("Status", "status", labels) if labels else None
        st.space("stretch")
        st.caption(f"{words.counted(total, 'connection')} · {words.count(is_on)} on", width="content")
    return chosen(page.lines, search or "", way, method, status)


def _clear() -> None:
    st.session_state["q"] = ""
    filters.clear("dir", "status", "connections_method")
    st.query_params.pop("method", None)


def _draw_list(*, was_going: bool) -> None:
    with frame.loading("the connections"):
        page = view.listed(session.desk(), session.caller())
        if page.is_going != was_going:
            st.rerun()  # begin to ask every two seconds, or stop it
        frame.draw_refusal()
        _draw_drafts(page)
        if not page.lines:
            place = frame.empty("swap_horiz", "No connection yet.", "A connection carries one type of data, one way.")
            if page.may_edit:
                with place:
                    _create_button("create_first")
            return
        lines = _draw_toolbar(page)
        if lines:
            connection_table.draw(page, lines)
            return
        with frame.empty("search_off", "Nothing matches.", "Clear the filters."):
            st.button("Clear", key="clear_filters", on_click=_clear)


def _draw() -> None:
    with frame.loading("the connections"):
        page = view.listed(session.desk(), session.caller())
        with frame.title_row("Connections"):
            if page.may_edit:
                _create_button("create")
        st.caption(
            "Batch files in and out. A connection carries one type of data, one way, over one method. "
            f"Times are {frame.zone_name()}."
        )
        connection_facts.allow_list(page.reached_at)
        st.fragment(_draw_list, run_every=_LIVE_S if page.is_going else None)(was_going=page.is_going)


if __name__ == "__main__":
    _draw()
