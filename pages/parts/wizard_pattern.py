"""Try the pattern: which typed names, or which names in the real folder, would be taken, and why the others not."""

import pandas as pd
import streamlit as st

from engine.actions import questions
from engine.views import drafts as view
from engine.views.drafts import DraftPage
from pages.parts import frame, wizard_fields, wizard_state, wizard_words, words
from pages.parts.plain import plain, visible
from pages.parts.wizard_host_key import is_of_server, is_open
from storage.records.goals import PatternKind
from storage.records.runs import Job

_LIVE_S = 1
_NAMES_MAX = 30
_RESERVED = "reserved name"
_SOURCE, _TYPED, _LISTED = "wizard_names_source", "Typed names", "The real folder"


def draw(page: DraftPage) -> None:
    """Draw the tester; it looks every second while the folder is listed."""
    live_s = _LIVE_S if is_open(page.listing_job) else None
    st.fragment(_tester, run_every=live_s)(page.draft_id, page.step, was_asking=live_s is not None)


def _tester(draft_id: str, step: str, *, was_asking: bool) -> None:
    with frame.loading("the folder"):
        page = wizard_state.read(draft_id, step)
        if is_open(page.listing_job) != was_asking:
            st.rerun()
        with st.container(border=True, key="pattern_tester"):
            frame.block_title("Try the pattern", about="Which names would be taken, and why the others would not.")
            has_folder = (
                bool(page.answers.get("methodology")) and not page.is_hosted and not wizard_fields.is_mail(page)
            )
            if has_folder and _is_listed():
                _folder(page, page.listing_job if _is_of_folder(page.listing_job, page) else None)
            else:
                _verdicts(page, _typed(page))


def _is_of_folder(job: Job | None, page: DraftPage) -> bool:
    return is_of_server(job, page) and job is not None and job.arguments.get("folder") == page.answers.get("folder")


def _is_listed() -> bool:
    source = st.segmented_control(
        "Names", [_TYPED, _LISTED], default=_TYPED, required=True, key=_SOURCE, label_visibility="collapsed"
    )
    return source == _LISTED


def _folder(page: DraftPage, job: Job | None) -> None:
    if job is not None and is_open(job):
        st.markdown(":material/progress_activity: Listing the folder…")
        st.button("Cancel", key="listing_cancel", on_click=frame.attempt_anew, args=(questions.cancel, job.job_id))
        return
    if job is not None and job.error:
        st.markdown(f":red[:material/cancel: {plain(job.error)}]")
    elif job is not None and job.result is not None:
        names = list(job.result["names"])
        if names:
            _verdicts(page, names)
        else:
            st.markdown("**The folder is empty.**")
    is_ready = bool(page.answers.get("has_secret") or page.answers.get("credential_id"))
    st.button(
        "List again" if job else "List the folder",
        icon=":material/folder_open:",
        key="list_folder",
        disabled=not is_ready,
        help=None if is_ready else "First say how to sign in: step Credentials.",
        on_click=frame.attempt_anew,
        args=(questions.ask_listing, page.draft_id),
    )


def _typed(page: DraftPage) -> list[str]:
    typed = st.text_area(
        "File names, one a line",
        value=wizard_words.sample_names(page.answers.get("data_type")),
        key="wizard_names",
        label_visibility="collapsed",
        height=130,
    )
    return [line.strip() for line in (typed or "").splitlines() if line.strip()]


def _verdicts(page: DraftPage, names: list[str]) -> None:
    pattern = str(page.answers.get("files") or "")
    if not pattern and "files" not in page.optional:
        st.caption("Enter a pattern first.")
        return
    is_mail = wizard_fields.is_mail(page)
    kind = str(page.answers.get("files_kind") or PatternKind.WILDCARD)
    trial = view.try_pattern(pattern, kind, names[:_NAMES_MAX], is_mail=is_mail)
    if trial.problem:
        st.markdown(f":red[:material/error: {plain(trial.problem)}]")
        return
    table = pd.DataFrame(
        {
            "": [_icon(reason, is_taken=taken) for _, taken, reason in trial.lines],
            "name": [_code(name) for name, _, _ in trial.lines],
            "why": [plain(reason) for _, _, reason in trial.lines],
        }
    )
    st.table(table, border="horizontal", hide_index=True, hide_header=True, alt="Which names the pattern takes")
    if is_mail and names:
        wrong = sum(not is_taken and reason != _RESERVED for _, is_taken, reason in trial.lines)
        _mail(trial.verdict, wrong)
    else:
        taken = sum(is_taken for _, is_taken, _ in trial.lines)
        st.markdown(f"**{taken} of {words.counted(len(trial.lines), 'name')}** would be taken.")
    if len(names) > _NAMES_MAX:
        st.caption(f"Only the first {_NAMES_MAX} names were tried.")


def _mail(why_not: str | None, wrong: int) -> None:
    if why_not is None:
        st.markdown(":green-badge[:material/mail: E-mail taken] Every attachment matches or is reserved.")
        return
    said = f"{words.counted(wrong, 'attachment')} {'does' if wrong == 1 else 'do'} not match" if wrong else why_not
    st.markdown(f":red-badge[:material/mail_off: E-mail ignored] {plain(said)}")


def _icon(reason: str, *, is_taken: bool) -> str:
    if is_taken:
        return ":green[:material/check_circle:]"
    return ":gray[:material/block:]" if reason == _RESERVED else ":red[:material/cancel:]"


def _code(name: str) -> str:
    return plain(name) if "`" in name else f"`{visible(name)}`"
