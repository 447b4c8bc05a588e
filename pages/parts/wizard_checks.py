"""The wizard's block Checks: the test of a server in stages, each failing in its own words."""

import streamlit as st

from engine.actions import questions
from engine.views.drafts import DraftPage
from pages.parts import frame, wizard_state, wizard_words, words
from pages.parts.plain import plain
from pages.parts.wizard_host_key import is_open
from storage.records.runs import Job

_LIVE_S = 1
_TEST_S_MAX = 30


def draw(page: DraftPage) -> None:
    """Draw the block; it looks every second while a test goes."""
    live_s = _LIVE_S if is_open(page.test_job) else None
    st.fragment(_checks, run_every=live_s)(page.draft_id, page.step, was_testing=live_s is not None)


def _checks(draft_id: str, step: str, *, was_testing: bool) -> None:
    with frame.loading("the checks"):
        page = wizard_state.read(draft_id, step)
        job = page.test_job
        if is_open(job) != was_testing:
            st.rerun()
        with st.container(border=True, key="checks"):
            right = frame.when(job.created_at, page.now) if job and not is_open(job) else ""
            frame.block_title("Checks" if step == "Review" else "Test connection", right)
            if step == "Review":
                st.markdown(":green[:material/check_circle:] Name is free")
            if job is not None and is_open(job):
                _testing(page, job)
            else:
                _answer(page, job)
                _ask(page, job)


def _testing(page: DraftPage, job: Job) -> None:
    waited_s = max(0.0, (page.now - job.created_at).total_seconds())
    where = plain(f"{page.answers.get('host', '')}:{page.answers.get('port', '')}")
    st.progress(min(waited_s / _TEST_S_MAX, 0.95), text=f"Trying {where} · {words.duration(int(waited_s) or 1)}")
    st.button("Cancel", key="test_cancel", on_click=frame.attempt_anew, args=(questions.cancel, job.job_id))


def _answer(page: DraftPage, job: Job | None) -> None:
    if job is None:
        st.markdown("Looks the server up, connects, sees who it is, signs in and lists the folder.")
        return
    if job.error:
        st.markdown(f":red[:material/cancel: {plain(job.error)}]")
    for stage in (job.result or {}).get("stages", []):
        color, icon = ("green", "check_circle") if stage["ok"] else ("red", "cancel")
        word = wizard_words.STAGES.get(stage["name"], stage["name"].capitalize())
        took = words.duration(stage["took_ms"] / 1000).replace(" ", "\u00a0") if stage["ok"] else ""
        st.markdown(f":{color}[:material/{icon}:] **{word}** · {plain(stage['said'])} :gray[{took}]")
    if page.changed_at > job.created_at:
        st.markdown(":orange[:material/info: Something was changed since. Test again.]")


def _ask(page: DraftPage, job: Job | None) -> None:
    missing = page.problems if page.step == "Credentials" else {}
    st.button(
        "Test again" if job else "Test connection",
        icon=":material/refresh:" if job else ":material/network_check:",
        key="test_connection",
        disabled=bool(missing),
        help="First: " + next(iter(missing.values())) if missing else None,
        on_click=frame.attempt_anew,
        args=(questions.ask_test, page.draft_id),
    )
