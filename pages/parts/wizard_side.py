"""What stands right of the wizard's steps: words, a sample, the pattern's tester, the test of the server."""

import pandas as pd
import streamlit as st

from engine.actions import questions
from engine.views import drafts as view
from engine.views.drafts import DraftPage
from pages.parts import frame, wizard_state, wizard_words, words
from pages.parts.plain import plain
from pages.parts.wizard_credentials import is_open
from storage.records.connections import DataType
from storage.records.runs import Job

_LIVE_S = 1
_TEST_S_MAX = 30
_NAMES_MAX = 30
_RESERVED = "reserved name"


def draw(page: DraftPage) -> None:
    """Draw the right column of a step."""
    if page.step == "Type":
        _sample(page)
    elif page.step == "Method":
        _pattern(page)
    elif page.step in ("Credentials", "Review"):
        is_testing = page.test_job is not None and is_open(page.test_job)
        live_s = _LIVE_S if is_testing else None
        st.fragment(_checks, run_every=live_s)(page.draft_id, page.step, was_testing=is_testing)
    if page.step == "Review":
        with st.container(border=True):
            frame.block_title("What happens on Save" if "connection_id" in page.answers else "What happens on Create")
            steps = ("The next run uses these values",) if "connection_id" in page.answers else wizard_words.ON_CREATE
            st.markdown("\n".join(f"{number}. {step}" for number, step in enumerate(steps, start=1)))
    _terms(is_open_block=page.step == "Direction")


def _terms(*, is_open_block: bool) -> None:
    place = (
        st.container(border=True)
        if is_open_block
        else st.expander("What do these words mean?", icon=":material/help:", key="wizard_terms")
    )
    with place:
        if is_open_block:
            frame.block_title("What do these words mean?")
        for word, meaning in wizard_words.TERMS.items():
            st.markdown(f"**{word}** · {meaning}")


def _sample(page: DraftPage) -> None:
    chosen = page.answers.get("data_type")
    if chosen not in set(wizard_words.SAMPLES):
        return
    needed, rows = wizard_words.SAMPLES[DataType(chosen)]
    with st.container(border=True):
        frame.block_title("A sample")
        st.markdown(f"**Required:** {needed}")
        st.table(pd.DataFrame(rows), border="horizontal", hide_index=True, alt="Two rows of such a file")
        st.caption("Your columns may have other names; you say later which is which.")


def _pattern(page: DraftPage) -> None:
    with st.container(border=True):
        frame.block_title("Try the pattern", about="Type file names, one a line, and see which would be taken.")
        typed = st.text_area(
            "File names, one a line",
            value=wizard_words.SAMPLE_NAMES,
            key="wizard_names",
            label_visibility="collapsed",
            height=130,
        )
        names = [line.strip() for line in (typed or "").splitlines() if line.strip()]
        pattern = str(page.answers.get("files", ""))
        if not pattern:
            st.caption("Enter a pattern first.")
            return
        verdicts = view.try_pattern(pattern, names[:_NAMES_MAX])
        table = pd.DataFrame(
            {
                "": [_icon(reason, is_taken=taken) for _, taken, reason in verdicts],
                "name": [_code(name) for name, _, _ in verdicts],
                "why": [plain(reason) for _, _, reason in verdicts],
            }
        )
        st.table(table, border="horizontal", hide_index=True, hide_header=True, alt="Which names the pattern takes")
        taken = sum(is_taken for _, is_taken, _ in verdicts)
        st.markdown(f"**{taken} of {words.counted(len(verdicts), 'name')}** would be taken.")
        if len(names) > _NAMES_MAX:
            st.caption(f"Only the first {_NAMES_MAX} names were tried.")


def _icon(reason: str, *, is_taken: bool) -> str:
    if is_taken:
        return ":green[:material/check_circle:]"
    return ":gray[:material/block:]" if reason == _RESERVED else ":red[:material/cancel:]"


def _code(name: str) -> str:
    return plain(name) if "`" in name else f"`{name}`"


def _checks(draft_id: str, step: str, *, was_testing: bool) -> None:
    with frame.loading("the checks"):
        page = wizard_state.read(draft_id, step)
        job = page.test_job
        if (job is not None and is_open(job)) != was_testing:
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
    for word in wizard_words.STAGES.values():
        st.markdown(f":gray[:material/radio_button_unchecked: {word}]")
    st.button("Cancel", key="test_cancel", on_click=frame.attempt_anew, args=(questions.cancel, job.job_id))


def _answer(page: DraftPage, job: Job | None) -> None:
    if job is None:
        st.markdown("Looks the server up, connects, compares the host key, signs in and lists the folder.")
        return
    if job.error:
        st.markdown(f":red[:material/cancel: {plain(job.error)}]")
    for stage in (job.result or {}).get("stages", []):
        color, icon = ("green", "check_circle") if stage["ok"] else ("red", "cancel")
        word = wizard_words.STAGES.get(stage["name"], stage["name"])
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
