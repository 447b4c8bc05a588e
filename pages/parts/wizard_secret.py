"""The wizard's entry of what we sign in with at a partner: a password, or a private key with or without passphrase."""

import streamlit as st

from engine.actions import drafts
from engine.views.drafts import DraftPage
from pages.parts import frame, wizard_state
from pages.parts.wizard_state import key
from storage.records.connections import Secrets

_REPLACING = "wizard_replacing"
_KEY_BYTES_MAX_MB = 1
_PRIVATE_KEY = "private_key"


def draw(page: DraftPage) -> None:
    """Draw the entry, or that it is set, with Replace."""
    kind = page.answers.get("credential_kind")
    if page.answers.get("has_secret") and st.session_state.get(_REPLACING) != page.draft_id:
        with st.container(horizontal=True, vertical_alignment="center"):
            word = "Private key" if kind == _PRIVATE_KEY else "Password"
            st.markdown(f":green[:material/check_circle:] {word} set, not shown", width="content")
            st.button(
                "Replace",
                type="tertiary",
                icon=":material/edit:",
                key="wizard_replace",
                on_click=lambda: st.session_state.update({_REPLACING: page.draft_id}),
            )
    elif kind == _PRIVATE_KEY:
        _private_key(page.draft_id)
    else:
        _password(page.draft_id)
    wizard_state.problem(page, "secret")


def _password(draft_id: str) -> None:
    # Outside a form, Streamlit 1.67 forgets a password that is left by the Tab key: its eye takes the focus.
    with st.form("wizard_password_form", border=False):
        st.text_input(
            "Password",
            type="password",
            key=key("password"),
            autocomplete="new-password",
            help="Sealed as soon as it is used, and never shown again.",
        )
        st.form_submit_button("Use this password", key="wizard_use_password", on_click=_keep_password, args=(draft_id,))


def _private_key(draft_id: str) -> None:
    with st.form("wizard_key_form", border=False):
        st.file_uploader(
            "Private key",
            key=key("private_key"),
            max_upload_size=_KEY_BYTES_MAX_MB,
            help="Drop the whole file here: OpenSSH, PEM or PKCS#8. It is sealed, and never shown again.",
        )
        st.text_input(
            "Passphrase",
            type="password",
            key=key("passphrase"),
            autocomplete="new-password",
            placeholder="Empty where the key has none",
        )
        st.text_input(
            "Password, where the server asks for both",
            type="password",
            key=key("password_beside_key"),
            autocomplete="new-password",
            placeholder="Mostly empty",
        )
        st.form_submit_button("Use this key", key="wizard_use_key", on_click=_keep_private_key, args=(draft_id,))


def _keep_password(draft_id: str) -> None:
    _set(draft_id, Secrets(password=st.session_state[key("password")]))


def _keep_private_key(draft_id: str) -> None:
    upload = st.session_state.get(key("private_key"))
    text = upload.getvalue().decode("utf-8", errors="replace") if upload else ""
    _set(
        draft_id,
        Secrets(
            password=st.session_state.get(key("password_beside_key")) or None,
            private_key=text,
            passphrase=st.session_state.get(key("passphrase")) or None,
        ),
    )


def _set(draft_id: str, secrets: Secrets) -> None:
    frame.attempt(drafts.set_secret, draft_id, secrets)
    if not frame.was_refused():
        st.session_state.pop(_REPLACING, None)
