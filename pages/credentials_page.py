"""Credentials: who may sign in here, and what Handoff signs in with at partners; never a secret."""

import streamlit as st

from engine.views import credentials as view
from engine.views.credentials import CredentialLine, CredentialList
from pages.parts import credential_dialogs, credential_table, credential_words, frame, session, words

_SEARCH_WIDTH = 260
_OPENED = "credentials_opened"


def chosen(lines: tuple[CredentialLine, ...], search: str) -> list[CredentialLine]:
    """Return the lines that the search asks for, by name, user name, server or connection; pure."""
    wanted = search.strip().casefold()
    return [line for line in lines if wanted in _text(line).casefold()]


def _text(line: CredentialLine) -> str:
    users = " ".join(user.name for user in line.used_by)
    return f"{line.credential.name} {line.credential.username} {credential_words.of(line.credential)} {users}"


def _create_button(button_key: str) -> None:
    st.button(
        "Create New Credentials",
        type="primary",
        icon=":material/add:",
        key=button_key,
        on_click=credential_dialogs.ask,
        args=(credential_dialogs.CREATE,),
    )


def _draw_list(page: CredentialList) -> None:
    if not page.lines:
        what_next = "They are made with a connection, or here before one needs them."
        with frame.empty("key", "No credentials yet.", what_next):
            if page.may_edit:
                _create_button("create_first")
        return
    with st.container(horizontal=True, vertical_alignment="center"):
        search = st.text_input(
            "Search credentials",
            key="q",
            bind="query-params",
            placeholder=f"Search {words.counted(len(page.lines), 'name')}",
            icon=":material/search:",
            label_visibility="collapsed",
            width=_SEARCH_WIDTH,
        )
        st.space("stretch")
        unused = sum(not line.used_by for line in page.lines)
        left = f" · {words.count(unused)} not used" if unused else ""
        st.caption(f"{words.count(len(page.lines))} in all{left}", width="content")
    lines = chosen(page.lines, search or "")
    if lines:
        credential_table.draw(page, lines)
        return
    with frame.empty("search_off", "Nothing matches.", "Clear the search."):
        st.button("Clear", key="clear_search", on_click=_clear)


def _clear() -> None:
    st.session_state["q"] = ""


def _open_from_address() -> None:
    # Once an address: else the window would open again after each click in it.
    asked = st.query_params.get("id")
    if asked and st.session_state.get(_OPENED) != asked:
        credential_dialogs.ask(credential_dialogs.EDIT, asked)
    st.session_state[_OPENED] = asked


def _draw() -> None:
    with frame.loading("the credentials"):
        page = view.listed(session.desk(), session.caller())
        _open_from_address()
        with frame.title_row("Credentials"):
            if page.may_edit and page.lines:
                _create_button("create")
        st.caption(f"Who may sign in, to what. Secrets are never shown again. Times are {frame.zone_name()}.")
        frame.draw_refusal()
        _draw_list(page)
        credential_dialogs.draw()


if __name__ == "__main__":
    _draw()
