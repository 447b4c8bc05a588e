"""The wizard's step Credentials: use some that are there, enter what the partner gave, or have Handoff make them."""

from collections.abc import Callable

import streamlit as st

from engine.actions import drafts
from engine.base.errors import HandoffError
from engine.views.drafts import WORDS, Choosable, DraftPage
from pages.parts import (
    frame,
    session,
    wizard_host_key,
    wizard_provided,
    wizard_secret,
    wizard_state,
    wizard_words,
    words,
)
from pages.parts.plain import plain
from pages.parts.wizard_state import key

_EXISTING, _NEW = "existing", "new"
_CHOICES = {_EXISTING: "Use existing", _NEW: "Create new"}
_KEY_LINES_PX = 120
_KEY_REFUSED = "wizard_public_key_refused"


def draw(page: DraftPage) -> None:
    """Draw step 4: the fields of the way chosen, in its order."""
    if not page.fields:
        st.markdown("**Nobody signs in here.** Handoff mails through the server of this installation.")
    for field in page.fields:
        drawn = _DRAWN.get(field)
        if drawn is not None:
            drawn(page)


def _choice(page: DraftPage) -> None:
    if not page.credentials:
        return
    st.segmented_control(
        "Credentials",
        list(_CHOICES),
        default=page.answers.get("credential_choice") or _NEW,
        required=True,
        format_func=_CHOICES.__getitem__,
        key=key("credential_choice"),
        on_change=wizard_state.keep,
        args=(page.draft_id, "credential_choice"),
    )


def _existing(page: DraftPage) -> None:
    known = {item.credential.credential_id: item for item in page.credentials}
    chosen = page.answers.get("credential_id")
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.selectbox(
            "Which",
            list(known),
            index=list(known).index(chosen) if chosen in known else None,
            format_func=lambda item: known[item].credential.name,
            key=key("credential_id"),
            placeholder="Choose credentials",
            on_change=_use,
            args=(page.draft_id,),
        )
        if chosen in known:
            st.button(
                "Edit",
                icon=":material/edit:",
                key="wizard_edit_credential",
                help="Opens the credentials; the draft stays.",
                on_click=frame.go,
                args=("credentials_page.py",),
                kwargs={"id": chosen},
            )
    if chosen in known:
        _facts(known[chosen])
    wizard_state.problem(page, "credential_id")


def _facts(item: Choosable) -> None:
    others = [plain(name) for name in item.used_by]
    listed = f": {', '.join(others)}" if others else ""
    who = f"User name `{item.credential.username}` · " if item.credential.username else ""
    st.caption(f"{who}used by {words.counted(len(others), 'connection')}{listed}")


def _use(draft_id: str) -> None:
    chosen = st.session_state[key("credential_id")]
    if chosen:
        frame.attempt(drafts.use_existing, draft_id, chosen)


def _name(page: DraftPage) -> None:
    wizard_state.text(
        page,
        "credential_name",
        "Name of the credentials",
        placeholder="Brightside loyalty drop",
        required=True,
        help="By this name other connections can use them too.",
    )


def _username(page: DraftPage) -> None:
    wizard_state.text(page, "username", "User name", required=True, help="As the partner's server knows it.")


def _kind(page: DraftPage) -> None:
    captions = wizard_words.PROVIDED_KINDS if page.is_hosted else wizard_words.ENTERED_KINDS
    kinds = list(page.choices.kinds)
    chosen = page.answers.get("credential_kind")
    st.radio(
        "Sign in with",
        kinds,
        index=kinds.index(chosen) if chosen in kinds else None,
        format_func=WORDS.__getitem__,
        captions=[captions[kind] for kind in kinds],
        key=key("credential_kind"),
        on_change=wizard_state.keep,
        args=(page.draft_id, "credential_kind"),
    )
    wizard_state.problem(page, "credential_kind")


def _public_key(page: DraftPage) -> None:
    st.text_area(
        "Public key",
        value=str(page.answers.get("public_key") or ""),
        key=key("public_key"),
        height=_KEY_LINES_PX,
        placeholder="ssh-ed25519 AAAA…",
        help="The partner's public half: OpenSSH (ssh-ed25519 …) or PKCS#8 (BEGIN PUBLIC KEY).",
        on_change=_keep_public_key,
        args=(page.draft_id,),
    )
    of_draft, sentence = st.session_state.get(_KEY_REFUSED, ("", ""))
    if of_draft == page.draft_id and sentence:
        st.markdown(f":red[:material/error: {plain(sentence)}]")
    else:
        wizard_state.problem(page, "public_key")


def _keep_public_key(draft_id: str) -> None:
    # A private key that was pasted by mistake is not kept, so the draft cannot say what is wrong with it.
    st.session_state.pop(_KEY_REFUSED, None)
    pasted = str(st.session_state[key("public_key")] or "").strip()
    try:
        drafts.save(session.desk(), session.caller(), draft_id, {"public_key": pasted})
    except HandoffError as error:
        st.session_state[_KEY_REFUSED] = (draft_id, str(error))


def _return_email(page: DraftPage) -> None:
    wizard_state.text(
        page,
        "return_email",
        "Return e-mail",
        placeholder="data@brightside.example",
        help="Receipts and results are mailed there. Empty: they are kept here alone.",
    )


def _secret(page: DraftPage) -> None:
    if page.answers.get("credential_kind") == "made_key":
        wizard_provided.own_key(page)
    else:
        wizard_secret.draw(page)


_DRAWN: dict[str, Callable[[DraftPage], None]] = {
    "credential_choice": _choice,
    "credential_id": _existing,
    "credential_name": _name,
    "username": _username,
    "credential_kind": _kind,
    "public_key": _public_key,
    "return_email": _return_email,
    "secret": _secret,
    "provisioned": wizard_provided.provisioned,
    "host_key": wizard_host_key.draw,
}
"""By the draft's field."""
