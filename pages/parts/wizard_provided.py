"""The wizard's part for what Handoff provides: create the credentials, see them once, rotate them; or make our key."""

from datetime import datetime

import streamlit as st

from engine.actions import drafts
from engine.views.drafts import DraftPage, SignInKind
from pages.parts import copy_button, copy_credentials, frame, wizard_state


def provisioned(page: DraftPage) -> None:
    """Draw "Create credentials", or what was shown already and cannot be shown again."""
    missing = page.problems.get("public_key") or page.problems.get("credential_name")
    if page.answers.get("shown_at"):
        _shown(page)
    else:
        st.button(
            "Create credentials",
            icon=":material/key:",
            key="wizard_provision",
            disabled=bool(missing),
            help=missing,
            on_click=_provide,
            args=(page.draft_id,),
        )
        st.caption("They work once the connection is created. Leaving before leaves nothing behind.")
    wizard_state.problem(page, "provisioned")


def own_key(page: DraftPage) -> None:
    """Draw the key pair with which we sign in: its public half is for the partner, the private half stays here."""
    line = str(page.answers.get("public_key") or "")
    if page.answers.get("has_secret") and line:
        st.markdown(":green[:material/check_circle:] The private half stays here. The partner allows this public half:")
        st.code(line, language=None, wrap_lines=True)
        copy_button.draw(line, key="wizard_copy_public_key", label="Copy the public key")
    else:
        st.button(
            "Make the key pair",
            icon=":material/key:",
            key="wizard_make_key",
            on_click=frame.attempt,
            args=(drafts.provision, page.draft_id),
        )
    wizard_state.problem(page, "secret")


def _provide(draft_id: str) -> None:
    made = frame.attempt(drafts.provision, draft_id)
    if made is not None:
        copy_credentials.open_with(made)


def _shown(page: DraftPage) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f":green[:material/check_circle:] {_said(page)}", width="content")
        if not page.takes_mail:
            st.button(
                "Rotate",
                icon=":material/autorenew:",
                type="tertiary",
                key="wizard_rotate",
                help="Makes another one; the one that was shown is forgotten.",
                on_click=_provide,
                args=(page.draft_id,),
            )


def _said(page: DraftPage) -> str:
    answers = page.answers
    if page.takes_mail:
        return f"The partner mails files to `{page.ours.address}`"
    who = f"User name `{answers.get('username')}`."
    if answers.get("credential_kind") == SignInKind.PUBLIC_KEY:
        return f"{who} It signs in with the key that was pasted."
    word = "private key" if answers.get("credential_kind") == SignInKind.MADE_KEY else "password"
    shown_at = datetime.fromisoformat(str(answers["shown_at"]))
    return f"{who} The {word} was shown on {shown_at.day} {shown_at:%b}. Rotate it to see another."
