"""The window "Your credentials": what Handoff made for a partner, shown once; Copy copies it and closes the window."""

import streamlit as st

from engine.actions.logins import Provisioned
from pages.parts import copy_button

_OPEN = "credentials_shown_once"
_REFUSED = "credentials_copy_refused"
_KEY_FILE = "id_handoff"
_KEY_HEIGHT_PX = 160


def open_with(made: Provisioned) -> None:
    """Open the window at the next drawing; for callbacks."""
    st.session_state.pop(_REFUSED, None)
    st.session_state[_OPEN] = made


def draw() -> None:
    """Draw the window where one is open; call it at the end of a page."""
    made = st.session_state.get(_OPEN)
    if isinstance(made, Provisioned):
        _window(made)


def lines_of(made: Provisioned) -> dict[str, str]:
    """Return label -> value of what Copy copies, without a private key, which is too long for a line; pure."""
    told, _, _ = made.text.partition("\n\n")
    return dict(line.split(": ", 1) for line in told.splitlines())


def _close() -> None:
    st.session_state.pop(_OPEN, None)
    st.session_state.pop(_REFUSED, None)
    st.rerun()


@st.dialog("Your credentials", dismissible=False, icon=":material/key:")
def _window(made: Provisioned) -> None:
    if made.password:
        st.warning("**Shown once.** Handoff keeps only a hash of the password.", icon=":material/visibility_off:")
    elif made.private_key:
        st.warning("**Shown once.** Handoff keeps only the public half of the key.", icon=":material/visibility_off:")
    shown = {label: f"`{value}`" for label, value in lines_of(made).items()}
    st.table(shown, border="horizontal", alt="What the partner signs in with")
    if made.private_key:
        _key(made.private_key)
    if st.session_state.get(_REFUSED):
        st.markdown(":red[:material/error: The browser refused its clipboard. Select the text and copy it by hand.]")
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Copy closes this window.", width="content")
        st.space("stretch")
        if st.session_state.get(_REFUSED) and st.button("I have copied it", key="credentials_copied_by_hand"):
            _close()
        answer = copy_button.draw(made.text, key="credentials_copy", kind="primary")
    if answer == copy_button.COPIED:
        _close()
    elif answer == copy_button.REFUSED and not st.session_state.get(_REFUSED):
        st.session_state[_REFUSED] = True
        st.rerun(scope="fragment")


def _key(private_key: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown("**Private key**", width="content")
        st.space("stretch")
        st.download_button(
            "Download",
            private_key,
            file_name=_KEY_FILE,
            icon=":material/download:",
            key="credentials_download",
            on_click="ignore",
            type="tertiary",
        )
    st.code(private_key, language=None, height=_KEY_HEIGHT_PX)
