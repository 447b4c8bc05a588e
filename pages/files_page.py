"""Files: every file in or out with its state, what we answered, and what a person can do with it."""

import streamlit as st

from engine.views import files as view
from engine.views.files import Asked, FileList
from pages.parts import files_badges, files_drawer, files_table, files_upload, filters, frame, session, words
from storage.records.connections import Direction
from storage.records.exchange import FileState

_PAGE_ROWS = 15
_PAGES_SEEN, _PAGES_WIDTH = 5, 260
_POLL_S = 2.0
_WAYS = {"all": "All", "in": "In", "out": "Out"}
_DIRECTIONS = {"in": Direction.INBOUND, "out": Direction.OUTBOUND}
_WAY, _STATE, _CONNECTION, _PAGE, _NAME = "files_dir", "files_state", "files_connection", "files_at", "files_name"
_SEARCH_WIDTH, _SELECT_WIDTH = 220, 200


def asked_of(way: str, state: str | None, connection_id: str, name: str) -> Asked:
    """Return what the toolbar asks for; a word that means nothing leaves open; pure."""
    known = next((each for each in FileState if each.value == state), None)
    return Asked(_DIRECTIONS.get(way), known, connection_id or None, name)


def counts_of_states(page: FileList, direction: Direction | None) -> dict[str, int]:
    """Return how many files of the direction are in each state, those that there are; pure."""
    counted = {
        state.value: sum(page.counts.get((way, state), 0) for way in Direction if direction in (None, way))
        for state in FileState
    }
    return {state: number for state, number in counted.items() if number}


def _asked() -> Asked:
    """Return what the toolbar says; before it is drawn for the first time, what the address says."""

    def said(key: str, name: str) -> str:
        return str(st.session_state.get(key, st.query_params.get(name, "")) or "")

    return asked_of(
        said(_WAY, "dir"), said(_STATE, "status"), said(_CONNECTION, "connection"), st.session_state.get(_NAME) or ""
    )


def _draw_toolbar(page: FileList, asked: Asked) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        # Not in the address: names of files may hold values of people.
        st.text_input(
            "Search files",
            key=_NAME,
            placeholder="Search name or trace",
            icon=":material/search:",
            label_visibility="collapsed",
            width=_SEARCH_WIDTH,
        )
        ways = {word: f"{label} {words.count(_of_way(page, _DIRECTIONS.get(word)))}" for word, label in _WAYS.items()}
        filters.segments("Type", "dir", ways, key=_WAY)
        labels = {"": "All connections"} | dict(page.choices)
        filters.select("Connection", "connection", labels, key=_CONNECTION, width=_SELECT_WIDTH)
        st.space("stretch")
        st.caption(words.counted(page.total, "file"), width="content")
    counts = counts_of_states(page, asked.direction)
    if asked.state is not None:
        counts.setdefault(asked.state.value, 0)
    pills = {
        state: f"{files_badges.of(FileState(state)).word} {words.count(number)}" for state, number in counts.items()
    }
    if pills:
        filters.pills("State", "status", pills, key=_STATE)


def _of_way(page: FileList, direction: Direction | None) -> int:
    return sum(number for (way, _), number in page.counts.items() if direction in (None, way))


def _clear() -> None:
    filters.clear(_WAY, _STATE, _CONNECTION)
    st.session_state[_NAME] = ""
    for name in ("dir", "status", "connection", "page"):
        st.query_params.pop(name, None)


def _draw_empty(asked: Asked) -> None:
    if asked == Asked():
        with frame.empty("draft", "No file in this period.", "Files come in and go out by connections."):
            st.button(
                "Open the connections",
                icon=":material/swap_horiz:",
                key="files_connections",
                on_click=frame.go,
                args=("connections_page.py",),
            )
        return
    with frame.empty("search_off", "Nothing matches.", "Clear the filters."):
        st.button("Clear", key="files_clear", on_click=_clear)


def _listed(asked: Asked) -> tuple[FileList, int]:
    return filters.paged(
        _PAGE, _PAGE_ROWS, lambda start, most: view.listed(session.desk(), session.caller(), asked, start, most)
    )


def _draw_list(*, was_going: bool) -> None:
    with frame.loading("the files"):
        asked = _asked()
        page, pages = _listed(asked)
        if page.is_going != was_going:
            st.rerun()  # begin to ask every two seconds, or stop it
        frame.draw_refusal()
        if not sum(page.counts.values()) and asked == Asked():
            _draw_empty(asked)
            return
        _draw_toolbar(page, asked)
        if not page.lines:
            _draw_empty(asked)
            return
        files_table.draw(page)
        if pages > 1:
            with st.container(horizontal=True):
                st.space("stretch")
                st.pagination(pages, key=_PAGE, max_visible_pages=_PAGES_SEEN, width=_PAGES_WIDTH)


def _draw() -> None:
    with frame.loading("the files"):
        page = view.listed(session.desk(), session.caller(), Asked(), 0, 1)
        with frame.title_row("Files"):
            if page.may_send and page.inbound:
                files_upload.mended_button(page.inbound, label="Upload a mended file")
        st.caption(
            f"Every file in or out; contents are kept {view.KEPT_DAYS} days, counts stay. "
            f"Times are {frame.zone_name()}."
        )
        is_shown = files_drawer.is_open() or files_upload.is_open()
        is_live = page.is_going and not is_shown
        st.fragment(_draw_list, run_every=_POLL_S if is_live else None)(was_going=page.is_going)
        files_upload.draw()
        if not files_upload.is_open():
            files_drawer.draw()


if __name__ == "__main__":
    _draw()
