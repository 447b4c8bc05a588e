"""The wizard's block by which a server proves who it is: the SSH host key, or the one TLS certificate to trust."""

from dataclasses import dataclass

import streamlit as st

from engine.actions import drafts, questions
from engine.views.drafts import DraftPage
from pages.parts import frame, wizard_state
from pages.parts.plain import plain
from storage.records.connections import Method
from storage.records.runs import Job, JobState

_LIVE_S = 1


@dataclass(frozen=True)
class _Words:
    title: str
    about: str
    asking: str
    fetch: str
    confirm: str
    confirmed: str
    compare: str
    changed: str


_HOST_KEY = _Words(
    title="Host key",
    about="By its host key the server proves that it is the partner's.",
    asking="for its host key",
    fetch="Fetch host key",
    confirm="This is the server's key",
    confirmed="Confirmed",
    compare="Compare it with what the partner tells you. The secret is sent to the owner of this key only.",
    changed="It is not the key that was confirmed:",
)
_CERTIFICATE = _Words(
    title="Certificate",
    about="Nothing is needed where an authority vouches for it. One that the partner made is confirmed here.",
    asking="for its certificate",
    fetch="Fetch certificate",
    confirm="Trust this certificate",
    confirmed="This one certificate is trusted",
    compare="Compare it with what the partner tells you. The secret is sent to the owner of this certificate only.",
    changed="It is not the certificate that was confirmed:",
)


def is_open(job: Job | None) -> bool:
    """Say whether a question still waits for its answer."""
    return job is not None and job.state in (JobState.QUEUED, JobState.RUNNING)


def is_of_server(job: Job | None, page: DraftPage) -> bool:
    """Say whether a question was about the server that the draft names now."""
    asked = job.arguments if job else {}
    return (asked.get("host"), asked.get("port")) == (page.answers.get("host"), page.answers.get("port"))


def draw(page: DraftPage) -> None:
    """Draw the block; it looks every second while the server is asked."""
    live_s = _LIVE_S if is_open(page.host_key_job) else None
    st.fragment(_block, run_every=live_s)(page.draft_id, page.step, was_asking=live_s is not None)
    wizard_state.problem(page, "host_key")


def _block(draft_id: str, step: str, *, was_asking: bool) -> None:
    with frame.loading("what the server shows"):
        page = wizard_state.read(draft_id, step)
        job = page.host_key_job if is_of_server(page.host_key_job, page) else None
        if is_open(job) != was_asking:
            st.rerun()
        said = _HOST_KEY if page.answers.get("method") == Method.SFTP else _CERTIFICATE
        with st.container(border=True, key="host_key"):
            frame.block_title(said.title, "" if said is _HOST_KEY else "optional", about=said.about)
            _state(page, job, said)


def _state(page: DraftPage, job: Job | None, said: _Words) -> None:
    known = page.answers.get("host_key") or ""
    server = f"{page.answers.get('host', '')}:{page.answers.get('port', '')}"
    if job is not None and is_open(job):
        st.markdown(f":material/progress_activity: Asking **{plain(server)}** {said.asking}…")
        st.button("Cancel", key="host_key_cancel", on_click=frame.attempt_anew, args=(questions.cancel, job.job_id))
        return
    if job is not None and job.error:
        st.markdown(f":red[:material/cancel: {plain(job.error)}]")
    shown = job.result if job else None
    if shown and shown["fingerprint"] != known:
        if known:
            st.markdown(f":red[:material/warning: {said.changed}] `{known}`")
        st.markdown(f"**{plain(server)}** shows `{shown['kind']}`:")
        st.code(shown["fingerprint"], language=None, wrap_lines=True)
        st.markdown(said.compare)
        _save_button(page, said.confirm, shown["fingerprint"])
        return
    if known:
        st.markdown(f":green[:material/check_circle:] {said.confirmed}")
        st.code(known, language=None, wrap_lines=True)
    with st.container(horizontal=True):
        st.button(
            f"{said.fetch} again" if known or job else said.fetch,
            icon=":material/key:",
            key="host_key_fetch",
            on_click=frame.attempt_anew,
            args=(questions.ask_host_key, page.draft_id),
        )
        if known and said is _CERTIFICATE:
            _save_button(page, "Trust authorities instead", "")


def _save_button(page: DraftPage, label: str, fingerprint: str) -> None:
    st.button(
        label,
        icon=":material/verified_user:" if fingerprint else None,
        type="primary" if fingerprint else "tertiary",
        key="host_key_confirm" if fingerprint else "host_key_forget",
        on_click=frame.attempt_anew,
        args=(drafts.save, page.draft_id, {"host_key": fingerprint}),
    )
