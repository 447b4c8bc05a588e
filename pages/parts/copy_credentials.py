"""The window "Your credentials": what Handoff made for a partner, shown once; Copy copies it and closes the window."""

from collections.abc import Mapping

import streamlit as st

from pages.parts import copy_button

_OPEN = "credentials_shown_once"
_REFUSED = "credentials_copy_refused"
_NOT_KEPT = {
    "Password": "Handoff keeps only a hash of the password.",
    "Private key": "Handoff keeps only the public half of the key.",
}
_KEY_FILE = "id_handoff"


def open_with(values: Mapping[str, str]) -> None:
    """Open the window at the next drawing with what it says, label -> text; empty texts are left out."""
    st.session_state.pop(_REFUSED, None)
    st.session_state[_OPEN] = {label: text for label, text in values.items() if text}


def draw() -> None:
    """Draw the window where one is open; call it at the end of a page."""
    values = st.session_state.get(_OPEN)
    if values:
        _window(values)


def as_text(values: Mapping[str, str]) -> str:
    """Return what Copy puts onto the clipboard: a line each, a key below its label."""
    return "\n".join(f"{label}:{chr(10) if chr(10) in text else ' '}{text.strip()}" for label, text in values.items())


def _close() -> None:
    st.session_state.pop(_OPEN, None)
    st.session_state.pop(_REFUSED, None)


@st.dialog("Your credentials", dismissible=False, icon=":material/key:")
def _window(values: dict[str, str]) -> None:
    secret = next((label for label in _NOT_KEPT if label in values), None)
    if secret:
        st.warning(f"**Shown once.** {_NOT_KEPT[secret]}", icon=":material/visibility_off:")
    short = {label: f"`{text}`" for label, text in values.items() if "\n" not in text.strip()}
    st.table(short, border="horizontal", alt="What the partner signs in with")
    for label, text in values.items():
        if label not in short:
            _long(label, text)
    if st.session_state.get(_REFUSED):
        st.markdown(":red[:material/error: The browser refused its clipboard. Select the text and copy it by hand.]")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Copy closes this window.", width="content")
        st.space("stretch")
        if st.session_state.get(_REFUSED) and st.button("I have copied it", key="credentials_copied_by_hand"):
            _close()
            st.rerun()
        answer = copy_button.draw(as_text(values), key="credentials_copy", kind="primary")
    if answer == copy_button.COPIED:
        _close()
        st.rerun()
    elif answer == copy_button.REFUSED and not st.session_state.get(_REFUSED):
        st.session_state[_REFUSED] = True
        st.rerun(scope="fragment")


def _long(label: str, text: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{label}**", width="content")
        st.space("stretch")
        st.download_button(
            "Download",
            text,
            file_name=_KEY_FILE,
            icon=":material/download:",
            key="credentials_download",
            on_click="ignore",
            type="tertiary",
        )
    st.code(text, language=None, height=160)
