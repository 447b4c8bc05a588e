"""Files that people give by the browser: one to send to a partner, or a mended one to import."""

from collections.abc import Sequence

import streamlit as st

from engine.actions import files as actions
from pages.parts import frame, words
from pages.parts.plain import plain

_SENDING, _MENDING = "files_sending", "files_mending"
_CHOSEN = "files_mending_connection"


def send_button(connection_id: str, name: str, *, is_primary: bool = False, is_off: bool = False) -> None:
    """Draw "Send a file" of an outbound connection; `draw` shows what it opens."""
    st.button(
        "Send a file",
        icon=":material/upload_file:",
        type="primary" if is_primary else "secondary",
        key="send_file",
        disabled=is_off,
        help="Turn the connection on to send." if is_off else None,
        on_click=_open,
        args=(_SENDING, (connection_id, name)),
    )


def mended_button(choices: Sequence[tuple[str, str]], run_id: str | None = None, *, label: str) -> None:
    """Draw the button that takes a mended file in; `draw` shows what it opens.

    Args:
        choices: (id, name) of the connections that it can be given to.
        run_id: The run whose rejected rows it mends; None finds it by the trace in the file.
        label: Of the button.
    """
    st.button(
        label,
        icon=":material/build:",
        key="upload_mended",
        on_click=_open,
        args=(_MENDING, (tuple(choices), run_id)),
    )


def is_open() -> bool:
    """Say whether one of the dialogs is open."""
    return _SENDING in st.session_state or _MENDING in st.session_state


def draw() -> None:
    """Draw the dialog that was opened, if one was."""
    if _SENDING in st.session_state:
        _draw_sending(*st.session_state[_SENDING])
    elif _MENDING in st.session_state:
        _draw_mending(*st.session_state[_MENDING])


def mended_uploader(connection_id: str, run_id: str | None) -> None:
    """Draw the place for a mended file of one connection, inside a drawer or a dialog."""
    st.caption(
        "Correct the rows of the reject file, leave its own columns (those that begin with an underscore) in or out, "
        "and give it back here; or have it sent under its name with mended\\_ before it."
    )
    given = st.file_uploader("Mended file", key=f"mended_{connection_id}", label_visibility="collapsed")
    if st.button("Import the mended file", type="primary", key="mended_import", disabled=given is None) and given:
        file_id = frame.attempt(actions.hand_in_mended, connection_id, given.name, given.getvalue(), run_id)
        if file_id:
            _close()
            frame.go("files_page.py", id=file_id)
    frame.draw_refusal()


def _open(key: str, about: tuple[object, ...]) -> None:
    st.session_state[key] = about


def _close() -> None:
    st.session_state.pop(_SENDING, None)
    st.session_state.pop(_MENDING, None)


@st.dialog("Send a file", icon=":material/upload_file:", on_dismiss=_close)
def _draw_sending(connection_id: str, name: str) -> None:
    st.markdown(f"It goes to the partner of **{plain(name)}** with the next run, which begins at once.")
    given = st.file_uploader("File", key=f"send_{connection_id}", label_visibility="collapsed")
    label = f"Send {plain(given.name)}, {words.size(given.size)}" if given else "Send"
    if st.button(label, type="primary", key="send_yes", disabled=given is None) and given:
        file_id = frame.attempt(actions.hand_over, connection_id, given.name, given.getvalue())
        if file_id:
            _close()
            st.rerun()
    frame.draw_refusal()


@st.dialog("Upload a mended file", icon=":material/build:", on_dismiss=_close)
def _draw_mending(choices: tuple[tuple[str, str], ...], run_id: str | None) -> None:
    names = dict(choices)
    connection_id = choices[0][0]
    if len(choices) > 1:
        connection_id = st.selectbox("Connection", list(names), format_func=lambda each: names[each], key=_CHOSEN)
    else:
        st.markdown(f"Connection **{plain(names[connection_id])}**")
    mended_uploader(connection_id, run_id)
