"""Audiences: who is in each, how that changed, and whom it is sent to."""

import streamlit as st

from engine.views import audiences as view
from engine.views.audiences import AudienceLine, AudienceList
from pages.parts import audience_table, frame, session, words

_SEARCH_WIDTH = 260
_LIVE_S = 2


def chosen(lines: tuple[AudienceLine, ...], search: str) -> list[AudienceLine]:
    """Return the lines that the search asks for; pure."""
    wanted = search.strip().casefold()
    return [line for line in lines if wanted in f"{line.audience.name} {line.audience.rule}".casefold()]


def _new_button(key: str) -> None:
    st.button(
        "New audience",
        type="primary",
        icon=":material/add:",
        key=key,
        on_click=frame.go,
        args=("audience_page.py",),
    )


def _draw_empty(page: AudienceList) -> None:
    what_it_is = "An audience is a rule over profiles, such as spend >= 500; who meets it is sent to partners."
    if page.has_properties or not page.may_edit:
        place = frame.empty("group", "No audience yet.", what_it_is)
        if page.may_edit:
            with place:
                _new_button("new_first")
        return
    with frame.empty("group", "No audience yet.", "A rule compares a property of profiles: import a file first."):
        frame.link("Connections", "connections_page.py", icon=":material/swap_horiz:")


def _draw_toolbar(page: AudienceList) -> list[AudienceLine]:
    with st.container(horizontal=True, vertical_alignment="center"):
        search = st.text_input(
            "Search audiences",
            key="q",
            bind="query-params",
            placeholder=f"Search {words.counted(len(page.lines), 'audience')}",
            icon=":material/search:",
            label_visibility="collapsed",
            width=_SEARCH_WIDTH,
        )
        st.space("stretch")
        live = sum(line.is_live for line in page.lines)
        st.caption(f"{words.counted(len(page.lines), 'audience')} · {words.count(live)} live", width="content")
    return chosen(page.lines, search or "")


def _clear() -> None:
    st.session_state["q"] = ""


def _draw_list(*, was_going: bool) -> None:
    with frame.loading("the audiences"):
        page = view.listed(session.desk(), session.caller())
        if page.is_going != was_going:
            st.rerun()  # begin to ask every two seconds, or stop it
        frame.draw_refusal()
        if not page.lines:
            _draw_empty(page)
            return
        lines = _draw_toolbar(page)
        if lines:
            audience_table.draw(page, lines)
            return
        with frame.empty("search_off", "Nothing matches.", "Clear the filters."):
            st.button("Clear", key="clear_filters", on_click=_clear)


def _draw() -> None:
    with frame.loading("the audiences"):
        page = view.listed(session.desk(), session.caller())
        with frame.title_row("Audiences"):
            if page.may_edit and page.has_properties:
                _new_button("new")
        st.caption("Who is in, and who gets it. Days are UTC.")
        st.fragment(_draw_list, run_every=_LIVE_S if page.is_going else None)(was_going=page.is_going)


if __name__ == "__main__":
    _draw()
