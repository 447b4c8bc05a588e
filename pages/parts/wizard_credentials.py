"""The wizard's step Credentials: who signs in and with what, and whose host key is trusted."""

import streamlit as st

from engine.actions import drafts, questions
from engine.views.drafts import WORDS, DraftPage
from pages.parts import frame, wizard_state
from pages.parts.plain import plain
from pages.parts.wizard_state import key
from storage.records.connections import SecretKind, Secrets
from storage.records.runs import Job, JobState

_LIVE_S = 1
_REPLACING = "wizard_replacing"
_KINDS = (SecretKind.PASSWORD, SecretKind.PRIVATE_KEY)
_KEY_BYTES_MAX_MB = 1


def draw(page: DraftPage) -> None:
    """Draw step 4."""
    wizard_state.text(page, "username", "User name", required=True, help="As the partner's server knows it.")
    st.segmented_control(
        "Sign in with",
        _KINDS,
        default=page.answers.get("secret_kind"),
        required=True,
        format_func=WORDS.__getitem__,
        key=key("secret_kind"),
        on_change=wizard_state.keep,
        args=(page.draft_id, "secret_kind"),
    )
    _secret(page)
    wizard_state.problem(page, "secret")
    is_asking = page.host_key_job is not None and is_open(page.host_key_job)
    st.fragment(_host_key, run_every=_LIVE_S if is_asking else None)(page.draft_id, page.step, was_asking=is_asking)
    wizard_state.problem(page, "host_key")


def is_open(job: Job) -> bool:
    """Say whether a question still waits for its answer."""
    return job.state in (JobState.QUEUED, JobState.RUNNING)


def is_of_server(job: Job | None, page: DraftPage) -> bool:
    """Say whether a host key question was about the server that the draft names now."""
    asked = job.arguments if job else {}
    return (asked.get("host"), asked.get("port")) == (page.answers.get("host"), page.answers.get("port"))


def _secret(page: DraftPage) -> None:
    kind = page.answers.get("secret_kind")
    if page.answers.get("has_secret") and st.session_state.get(_REPLACING) != page.draft_id:
        with st.container(horizontal=True, vertical_alignment="center"):
            word = WORDS.get(str(kind), "Password")
            st.markdown(f":green[:material/check_circle:] {word} set, not shown", width="content")
            st.button(
                "Replace",
                type="tertiary",
                icon=":material/edit:",
                key="wizard_replace",
                on_click=lambda: st.session_state.update({_REPLACING: page.draft_id}),
            )
    elif kind == SecretKind.PRIVATE_KEY:
        _private_key(page.draft_id)
    else:
        _password(page.draft_id)


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
        st.form_submit_button("Use this key", key="wizard_use_key", on_click=_keep_private_key, args=(draft_id,))


def _keep_password(draft_id: str) -> None:
    _set(draft_id, Secrets(password=st.session_state[key("password")]))


def _keep_private_key(draft_id: str) -> None:
    upload = st.session_state.get(key("private_key"))
    text = upload.getvalue().decode("utf-8", errors="replace") if upload else ""
    _set(draft_id, Secrets(private_key=text, passphrase=st.session_state.get(key("passphrase")) or None))


def _set(draft_id: str, secrets: Secrets) -> None:
    frame.attempt(drafts.set_secret, draft_id, secrets)
    if not frame.was_refused():
        st.session_state.pop(_REPLACING, None)


def _host_key(draft_id: str, step: str, *, was_asking: bool) -> None:
    with frame.loading("the host key"):
        page = wizard_state.read(draft_id, step)
        job = page.host_key_job if is_of_server(page.host_key_job, page) else None
        if (job is not None and is_open(job)) != was_asking:
            st.rerun()
        with st.container(border=True, key="host_key"):
            frame.block_title("Host key", about="By its host key the server proves that it is the partner's.")
            _host_key_state(page, job)


def _host_key_state(page: DraftPage, job: Job | None) -> None:
    known = page.answers.get("host_key", "")
    server = f"{page.answers.get('host', '')}:{page.answers.get('port', '')}"
    if job is not None and is_open(job):
        st.markdown(f":material/progress_activity: Asking **{plain(server)}** for its host key…")
        st.button("Cancel", key="host_key_cancel", on_click=frame.attempt_anew, args=(questions.cancel, job.job_id))
        return
    if job is not None and job.error:
        st.markdown(f":red[:material/cancel: {plain(job.error)}]")
    shown = job.result if job else None
    if shown and shown["fingerprint"] != known:
        if known:
            st.markdown(f":red[:material/warning: It is not the key that was confirmed:] `{known}`")
        st.markdown(f"**{plain(server)}** shows a key of kind `{shown['kind']}`:")
        st.code(shown["fingerprint"], language=None, wrap_lines=True)
        st.markdown("Compare it with what the partner tells you. The password is sent to the owner of this key only.")
        st.button(
            "This is the server's key",
            icon=":material/verified_user:",
            type="primary",
            key="host_key_confirm",
            on_click=frame.attempt_anew,
            args=(drafts.save, page.draft_id, {"host_key": shown["fingerprint"]}),
        )
        return
    if known:
        st.markdown(":green[:material/check_circle:] Confirmed")
        st.code(known, language=None, wrap_lines=True)
    st.button(
        "Fetch host key again" if known or job else "Fetch host key",
        icon=":material/key:",
        key="host_key_fetch",
        on_click=frame.attempt_anew,
        args=(questions.ask_host_key, page.draft_id),
    )
