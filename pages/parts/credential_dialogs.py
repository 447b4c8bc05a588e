"""The windows of credentials: make, edit, rotate, how we are reached, delete. What we make is shown once after."""

from collections.abc import Callable

import streamlit as st

from engine.actions import credentials as actions
from engine.actions.credentials import Made
from engine.views import credentials as view
from engine.views.credentials import CredentialPage, SignInKind
from pages.parts import connection_facts, copy_credentials, credential_form, credential_words, frame, session
from pages.parts.plain import plain
from storage.records.connections import Method
from storage.records.credentials import Credential, CredentialKind, Origin

CREATE, EDIT, ROTATE, REACH, DELETE = "create", "edit", "rotate", "reach", "delete"
_ASKING = "credential_asking"


def ask(kind: str, credential_id: str = "") -> None:
    """Show a window from the next run on; for callbacks."""
    credential_form.forget()
    st.session_state[_ASKING] = (kind, credential_id)


def draw() -> None:
    """Draw the window that was asked for, if one was, and what was made, once."""
    kind, credential_id = st.session_state.get(_ASKING, ("", ""))
    if kind in _WINDOWS:
        _WINDOWS[kind](credential_id)
    else:
        copy_credentials.draw()


def _close() -> None:
    st.session_state.pop(_ASKING, None)
    st.query_params.pop("id", None)
    credential_form.forget()


def _read(credential_id: str) -> CredentialPage:
    return view.page(session.desk(), session.caller(), credential_id)


def _done() -> None:
    """Close the window unless the action was refused: then it says why."""
    if frame.was_refused():
        frame.draw_refusal()
        return
    _close()
    st.rerun()


@st.dialog("Create new credentials", on_dismiss=_close)
def _create(_: str) -> None:
    with frame.loading("the form"):
        new, is_pressed = credential_form.new("Create credentials")
        if is_pressed:
            made = frame.attempt(actions.create, new)
            if isinstance(made, Made) and made.provisioned is not None:
                copy_credentials.open_with(made.provisioned)
            _done()


@st.dialog("Credentials", on_dismiss=_close)
def _edit(credential_id: str) -> None:
    with frame.loading("the credentials"):
        page = _read(credential_id)
        credential = page.credential
        _head(credential)
        if not page.may_edit:
            st.caption("Your role may not change credentials.")
            return
        is_login = credential.origin is Origin.PROVISIONED and credential.kind is not CredentialKind.ADDRESS
        about = f"User name `{credential.username}`. {_shown_on(page)}\n\n" if is_login else ""
        given, is_pressed = credential_form.changes(credential, about + plain(credential_words.also(page.used_by)))
        if is_pressed:
            frame.attempt(actions.save, credential_id, **given)
            _done()


@st.dialog("Rotate", on_dismiss=_close)
def _rotate(credential_id: str) -> None:
    with frame.loading("the credentials"):
        page = _read(credential_id)
        credential = page.credential
        _head(credential)
        st.markdown("The old secret stops within 5 s, and open sessions end. The new one is shown once.")
        kind, public_key = credential_form.their_kind(credential.method, _kind_of(credential))
        st.caption(plain(credential_words.also(page.used_by)))
        if st.button("Make a new secret", type="primary", key="credential_rotate_yes"):
            made = frame.attempt(actions.replace_secret, credential_id, kind, public_key)
            if made is not None:
                copy_credentials.open_with(made)
            _done()


@st.dialog("How partners reach us", on_dismiss=_close)
def _reach(credential_id: str) -> None:
    with frame.loading("the credentials"):
        page = _read(credential_id)
        _head(page.credential)
        connection_facts.table(page.ours, page.credential.method)
        if not page.ours.fingerprint:
            st.caption("The keys are made when the service starts for the first time.")


@st.dialog("Delete credentials", on_dismiss=_close)
def _delete(credential_id: str) -> None:
    with frame.loading("the credentials"):
        page = _read(credential_id)
        _head(page.credential)
        if page.used_by:
            st.markdown("Connections use them. Choose other credentials there first:")
            for user in page.used_by:
                frame.link(user.name, "connection_page.py", {"id": user.connection_id}, icon=":material/swap_horiz:")
            return
        st.markdown("No connection uses them. Whatever they open stays closed from now on.")
        if st.button(f"Delete {plain(page.credential.name)}", type="primary", key="credential_delete_yes"):
            frame.attempt(actions.delete, credential_id)
            _done()


def _head(credential: Credential) -> None:
    st.markdown(f"**{plain(credential.name)}** · {plain(credential_words.of(credential))}")


def _shown_on(page: CredentialPage) -> str:
    if page.credential.kind is CredentialKind.PUBLIC_KEY:
        return "The private half of the key is the partner's; Rotate changes the pair."
    if page.credential.shown_at is None:
        return "The password is not shown; Rotate makes another one."
    return f"The password was shown {frame.when(page.credential.shown_at, page.now)}; Rotate makes another one."


def _kind_of(credential: Credential) -> SignInKind:
    is_key = credential.kind is CredentialKind.PUBLIC_KEY and credential.method is Method.SFTP
    return SignInKind.PUBLIC_KEY if is_key else SignInKind.PASSWORD


_WINDOWS: dict[str, Callable[[str], None]] = {
    CREATE: _create,
    EDIT: _edit,
    ROTATE: _rotate,
    REACH: _reach,
    DELETE: _delete,
}
