"""Connectors: the configured accounts at partners, their state, and what they sent."""

from collections.abc import Iterable

import streamlit as st

from engine.views import connectors as view
from engine.views.connectors import ConnectorLine, ConnectorList
from pages.parts import badges, connector_dialogs, connector_table, filters, frame, session, words
from storage.records.partners import ConfigurationState

_SEARCH_WIDTH = 220
_LIVE_S = 2
_DAYS = {"7": "7 days", "30": "30 days", "90": "90 days"}
_STATES = {state.value: state for state in (ConfigurationState.STOPPED, ConfigurationState.DEACTIVATED)}


def chosen(lines: Iterable[ConnectorLine], search: str, state: str | None) -> list[ConnectorLine]:
    """Return the lines that the toolbar asks for; pure."""
    wanted = search.strip().casefold()
    return [
        line
        for line in lines
        if wanted in f"{line.partner.name} · {line.partner.short_name} · {line.configuration.name}".casefold()
        and (state is None or line.configuration.state == state)
    ]


def _new_button(key: str) -> None:
    st.button(
        "New Connector",
        type="primary",
        icon=":material/add:",
        key=key,
        on_click=frame.go,
        args=("connector_new_page.py",),
    )


def _draw_toolbar(page: ConnectorList) -> list[ConnectorLine]:
    with st.container(horizontal=True, vertical_alignment="center"):
        search = st.text_input(
            "Search connectors",
            key="q",
            bind="query-params",
            placeholder=f"Search {words.counted(len(page.lines), 'connector')}",
            icon=":material/search:",
            label_visibility="collapsed",
            width=_SEARCH_WIDTH,
        )
        counts = {
            word: sum(line.configuration.state is state for line in page.lines) for word, state in _STATES.items()
        }
        labels = {
            word: f"{badges.of_configuration(_STATES[word]).word} {words.count(n)}" for word, n in counts.items() if n
        }
        state = filters.pills("State", "status", labels) if labels else None
        st.space("stretch")
        filters.segments("Days", "days", _DAYS)
    return chosen(page.lines, search or "", state)


def _clear() -> None:
    st.session_state["q"] = ""
    filters.clear("status")


def _is_going(page: ConnectorList) -> bool:
    return any(line.counts.waiting and line.configuration.state is ConfigurationState.ACTIVE for line in page.lines)


def _days() -> int:
    """Return the days that are chosen, before their control is drawn."""
    given = st.session_state.get("days") or st.query_params.get("days")
    return int(given) if given in _DAYS else int(next(iter(_DAYS)))


def _draw_list(*, was_going: bool) -> None:
    with frame.loading("the connectors"):
        page = view.listed(session.desk(), session.caller(), _days())
        if _is_going(page) != was_going:
            st.rerun()  # begin to ask every two seconds, or stop it
        frame.draw_refusal()
        if not page.lines:
            place = frame.empty(
                "hub", "No connector is configured.", "Set up an account at a partner; audiences are sent there."
            )
            if page.may_edit:
                with place:
                    _new_button("new_first")
            return
        lines = _draw_toolbar(page)
        connector_dialogs.draw()
        if lines:
            connector_table.draw(page, lines)
            return
        with frame.empty("search_off", "Nothing matches.", "Clear the filters."):
            st.button("Clear", key="clear_filters", on_click=_clear)


def _draw() -> None:
    with frame.loading("the connectors"):
        page = view.listed(session.desk(), session.caller(), _days())
        with frame.title_row("Server-to-server connectors"):
            if page.may_edit:
                _new_button("new")
        st.caption("Configured accounts at partners. Audiences send to them. Days are UTC.")
        is_going = _is_going(page)
        st.fragment(_draw_list, run_every=_LIVE_S if is_going else None)(was_going=is_going)


if __name__ == "__main__":
    _draw()
