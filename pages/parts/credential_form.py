"""The entries of credentials: new ones, changes, and by what a partner signs in."""

from typing import Any

import streamlit as st

from engine.actions.credentials import New
from engine.views import credentials as view
from engine.views.credentials import SignInKind
from pages.parts import credential_words
from storage.records.connections import Method, Secrets
from storage.records.credentials import Credential, Origin

_PREFIX = "credential_form_"
_KEEP = "keep"
_KEY_BYTES_MAX_MB = 1
_PORT_WIDTH, _NAME_CHARACTERS, _KEY_LINES_PX = 120, 120, 110


def key(field: str) -> str:
    """Return the key of a field's widget."""
    return f"{_PREFIX}{field}"


def forget() -> None:
    """Throw away what was typed: a secret stays no longer than its window."""
    for name in [name for name in st.session_state if str(name).startswith(_PREFIX)]:
        del st.session_state[name]


def new(label: str) -> tuple[New, bool]:
    """Draw the entries of new credentials and the button; return them as they stand, and whether it was pressed."""
    name = _name("")
    method = st.segmented_control(
        "Method",
        list(credential_words.METHODS),
        default=Method.SFTP,
        required=True,
        format_func=credential_words.METHODS.__getitem__,
        key=key("method"),
    )
    origins = credential_words.MAIL_ORIGINS if method is Method.EMAIL else credential_words.ORIGINS
    origin = st.radio("Who signs in", list(origins), format_func=origins.__getitem__, key=key(f"origin_{method}"))
    email = _return_email("") if method is Method.EMAIL else ""
    if origin is Origin.PROVISIONED:
        kind, public_key = SignInKind.PASSWORD, ""
        if method is not Method.EMAIL:
            kind, public_key = their_kind(method, kind)
        _, is_pressed = _secret_and_button(None, label, "credential_create_yes")
        return New(name, method, origin, kind, public_key=public_key, return_email=email), is_pressed
    return _entered(name, method, email, label)


def _entered(name: str, method: Method, email: str, label: str) -> tuple[New, bool]:
    with st.container(horizontal=True):
        host = st.text_input("Server", placeholder="sftp.brightside.example", key=key("host")) or ""
        usual = view.usual_port(method)
        port = st.number_input("Port", value=usual, step=1, format="%d", key=key(f"port_{method}"), width=_PORT_WIDTH)
    username = _username("")
    kinds = view.kinds(method, Origin.ENTERED)
    kind = kinds[0]
    if len(kinds) > 1:
        kind = st.radio("Sign in with", kinds, format_func=credential_words.KINDS.__getitem__, key=key("kind"))
    if kind is SignInKind.MADE_KEY:
        st.caption("Handoff makes the pair; you give the partner the public half, which is shown next.")
    asked = None if kind is SignInKind.MADE_KEY else kind
    secrets, is_pressed = _secret_and_button(asked, label, "credential_create_yes")
    entered = New(
        name,
        method,
        Origin.ENTERED,
        kind,
        host=host.strip(),
        port=int(port or 0),
        username=username,
        secrets=secrets,
        return_email=email,
    )
    return entered, is_pressed


def changes(credential: Credential, about: str) -> tuple[dict[str, Any], bool]:
    """Draw what can be changed of credentials, what is said about it, and the button.

    Returns:
        What was entered, as the action takes it, and whether the button was pressed.
    """
    given: dict[str, Any] = {"name": _name(credential.name)}
    asked: SignInKind | None = None
    if credential.origin is Origin.ENTERED:
        st.caption(f"For {credential.host}:{credential.port} alone; make others for another server.")
        given["username"] = _username(credential.username)
        asked = _new_secret(credential)
    if credential.method is Method.EMAIL:
        given["return_email"] = _return_email(credential.return_email)
    st.caption(about)
    secrets, is_pressed = _secret_and_button(asked, "Save", "credential_save_yes")
    return (given | {"secrets": secrets} if asked else given), is_pressed


def _new_secret(credential: Credential) -> SignInKind | None:
    kinds = [kind for kind in view.kinds(credential.method, Origin.ENTERED) if kind is not SignInKind.MADE_KEY]
    labels = {_KEEP: "Keep the secret", **{kind.value: f"New {kind.value.replace('_', ' ')}" for kind in kinds}}
    chosen = st.segmented_control(
        "Secret", list(labels), default=_KEEP, required=True, format_func=labels.__getitem__, key=key("secret_choice")
    )
    return None if chosen == _KEEP else SignInKind(str(chosen))


def their_kind(method: Method, usual: SignInKind) -> tuple[SignInKind, str]:
    """Draw by what a partner signs in and return the kind and the pasted key, if there is one."""
    kinds = view.kinds(method, Origin.PROVISIONED)
    if len(kinds) == 1:
        st.caption("Handoff makes user name and password.")
        return kinds[0], ""
    kind = st.radio(
        "They sign in with",
        kinds,
        index=kinds.index(usual),
        format_func=credential_words.KINDS.__getitem__,
        key=key("their_kind"),
    )
    if kind is not SignInKind.PUBLIC_KEY:
        return kind, ""
    pasted = st.text_area(
        "Public key",
        key=key("public_key"),
        height=_KEY_LINES_PX,
        placeholder="ssh-ed25519 AAAA…",
        help="The partner's public half: OpenSSH (ssh-ed25519 …) or PKCS#8 (BEGIN PUBLIC KEY).",
    )
    return kind, pasted or ""


def _secret_and_button(kind: SignInKind | None, label: str, button_key: str) -> tuple[Secrets | None, bool]:
    # Outside a form, Streamlit 1.67 forgets a password that is left by the Tab key: its eye takes the focus.
    with st.form(f"{button_key}_form", border=False):
        secrets = _secret(kind) if kind else None
        return secrets, st.form_submit_button(label, type="primary", key=button_key)


def _secret(kind: SignInKind) -> Secrets:
    if kind is SignInKind.PASSWORD:
        return Secrets(password=_hidden("Password", "password") or None)
    upload = st.file_uploader(
        "Private key",
        key=key("private_key"),
        max_upload_size=_KEY_BYTES_MAX_MB,
        help="Drop the whole file here: OpenSSH, PEM or PKCS#8. It is sealed, and never shown again.",
    )
    passphrase = _hidden("Passphrase", "passphrase", "Empty where the key has none")
    password = _hidden("Password, where the server asks for both", "password_beside_key", "Mostly empty")
    text = upload.getvalue().decode("utf-8", errors="replace") if upload else ""
    return Secrets(password=password or None, private_key=text, passphrase=passphrase or None)


def _hidden(label: str, field: str, placeholder: str = "") -> str:
    typed = st.text_input(label, type="password", key=key(field), autocomplete="new-password", placeholder=placeholder)
    return typed or ""


def _name(value: str) -> str:
    typed = st.text_input(
        "Name",
        value=value,
        key=key("name"),
        max_chars=_NAME_CHARACTERS,
        placeholder="Brightside loyalty drop",
        help="Say what they are for; by this name connections use them.",
    )
    return typed or ""


def _username(value: str) -> str:
    typed = st.text_input("User name", value=value, key=key("username"), help="As the partner's server knows it.")
    return typed or ""


def _return_email(value: str) -> str:
    typed = st.text_input(
        "Return e-mail",
        value=value,
        key=key("return_email"),
        placeholder="data@brightside.example",
        help="Receipts and results are mailed there. Empty: they are kept here alone.",
    )
    return typed or ""
