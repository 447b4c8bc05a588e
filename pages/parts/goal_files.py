"""Part 1 of the goal page: where the files lie, which are taken, and what the last scan saw."""

from dataclasses import replace
from datetime import datetime

import pandas as pd
import streamlit as st

from engine.actions import questions as actions
from engine.views import questions as view
from engine.views.drafts import WORDS
from engine.views.goals import GoalPage, Scan, SeenFile
from pages.parts import frame, session, wizard_words, words
from pages.parts.goal_edit import Edit, take
from pages.parts.plain import plain, visible
from storage.records.connections import Method
from storage.records.goals import PatternKind
from storage.records.runs import JobState

_POLL_S = 1.0
_STATES = {"new": "green", "changed": "blue", "imported": "gray", "not matched": "orange"}
_GOING = (JobState.QUEUED, JobState.RUNNING)
_ROWS_SHOWN_MAX = 15
_ROWS_HELP = "As the last import counted them. Of the newest file an estimate, where only its start was read."


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw the part."""
    with st.container(border=True):
        host = page.connection.server.host
        frame.block_title("Where the files lie" if host else "Which files are read", plain(host))
        if _has_folder(page):
            left, right = st.columns([3, 2], gap="small")
            with left:
                _folder(page, edit)
            with right:
                _pattern(page, edit)
        else:
            _pattern(page, edit)
        if page.connection.method is Method.EMAIL:
            st.warning(wizard_words.MAIL_WARNING, icon=":material/warning:")
    with st.container(border=True):
        draw_scan_row(page, edit, "Files seen")
        if page.scan is None or not (page.scan.files or page.scan.not_taken):
            _draw_empty(page, edit)
        else:
            _draw_table(page, page.scan)


def place(page: GoalPage, edit: Edit) -> str:
    """Say where the files come from, for sentences: the folder, or what came from the partner."""
    if reads_what_came(page):
        return "what came from the partner"
    return edit.goal.folder or "the folder"


def reads_what_came(page: GoalPage) -> bool:
    """Say whether a scan reads the files that came, instead of asking the partner's server."""
    return page.connection.is_hosted


def _has_folder(page: GoalPage) -> bool:
    return not page.connection.is_hosted


def _folder(page: GoalPage, edit: Edit) -> None:
    is_mail = page.connection.method is Method.EMAIL
    key = edit.key("folder")
    st.text_input(
        "Mailbox folder" if is_mail else "Folder",
        edit.goal.folder,
        key=key,
        placeholder="INBOX" if is_mail else "/outgoing",
        help="The folder's name in the mailbox." if is_mail else "The absolute folder on the server, beginning with /.",
        disabled=not page.may_edit,
        on_change=take,
        args=(edit, key, lambda goal, said: replace(goal, folder=said.strip())),
    )


def _pattern(page: GoalPage, edit: Edit) -> None:
    key, kind_key = edit.key("files"), edit.key("files_kind")
    is_regex = edit.goal.files_kind is PatternKind.REGEX
    st.text_input(
        "Files",
        edit.goal.files,
        key=key,
        placeholder=r"purchases_\d{4}\.csv" if is_regex else "purchases_*.csv",
        help=wizard_words.FILES_HELP,
        disabled=not page.may_edit,
        on_change=take,
        args=(edit, key, lambda goal, said: replace(goal, files=said.strip())),
    )
    st.segmented_control(
        "How the pattern is written",
        list(PatternKind),
        default=edit.goal.files_kind,
        required=True,
        format_func=WORDS.__getitem__,
        key=kind_key,
        label_visibility="collapsed",
        disabled=not page.may_edit,
        on_change=take,
        args=(edit, kind_key, lambda goal, said: replace(goal, files_kind=said)),
    )
    st.caption(wizard_words.REGEX_NOTE if is_regex else wizard_words.WILDCARDS)


def draw_scan_row(page: GoalPage, edit: Edit, title: str) -> None:
    """Draw a block's title with Scan now at the right; below it how the scan goes or why it failed."""
    is_going = page.scan is not None and page.scan.job.state in _GOING
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(title, width="content", anchor=False)
        st.space("stretch")
        if page.scan is not None and not is_going:
            st.caption(f"Scanned {frame.when(page.scan.job.created_at, page.now)}", width="content")
        if page.may_edit:
            st.button(
                "Scan now", icon=":material/search:", key="goal_scan", disabled=is_going, on_click=ask, args=(edit,)
            )
    if page.scan is None:
        return
    if is_going:
        _draw_going(page.scan.job.job_id, place(page, edit))
    elif page.scan.job.state is JobState.FAILED:
        st.error(plain(page.scan.job.error or "The scan failed; scan again."), icon=":material/error:")
    elif page.scan.job.state is JobState.CANCELLED:
        st.caption("The scan was cancelled.")


@st.fragment(run_every=_POLL_S)
def _draw_going(job_id: str, where: str) -> None:
    job = view.state(session.desk(), session.caller(), job_id)
    if job.state not in _GOING:
        st.rerun()
    with st.container(horizontal=True, vertical_alignment="center"):
        # A folder does not tell how long its list is, so this shows only that work goes on.
        with st.container(width="stretch"):
            st.markdown(f":material/progress_activity: Reading {plain(where)}…")
        st.button("Cancel", icon=":material/cancel:", key="goal_scan_cancel", on_click=_cancel, args=(job_id,))


def ask(edit: Edit) -> None:
    """Scan with what stands on the page; for buttons."""
    goal = edit.goal
    frame.attempt(actions.ask_scan, goal.goal_id, goal.folder, goal.files, goal.format, goal.files_kind)


def _cancel(job_id: str) -> None:
    frame.attempt(actions.cancel, job_id)


def _draw_empty(page: GoalPage, edit: Edit) -> None:
    if page.scan is not None and page.scan.job.state is not JobState.DONE:
        return
    pattern = plain(edit.goal.files) or "any name"
    if reads_what_came(page):
        st.markdown("**No file came yet.**")
        st.caption(f"A scan reads the first rows of the newest file that came and matches {pattern}.")
        return
    folder = plain(edit.goal.folder or "the folder")
    if page.connection.method is Method.EMAIL:
        st.markdown(f"**{f'{folder} holds no mail.' if page.scan else f'No mail of {folder} seen yet. Scan now.'}**")
        st.caption(f"A scan looks into the newest mails and reads the first attachment that matches {pattern}.")
        return
    seen = f"The folder {folder} is empty." if page.scan else f"No file seen in {folder} yet. Scan now."
    st.markdown(f"**{seen}**")
    st.caption(f"A scan lists the folder and reads the first rows of the newest file that matches {pattern}.")


def _draw_table(page: GoalPage, scan: Scan) -> None:
    lines = [
        (file.name, words.size(file.size_bytes), _time(page, file.changed_at), _rows(file), file.state, "")
        for file in scan.files
    ] + [(name, "", "", "", "not matched", reason) for name, reason in scan.not_taken]
    st.dataframe(
        pd.DataFrame(
            {
                "Name": [visible(line[0]) for line in lines],
                "Size": [line[1] for line in lines],
                "Time": [line[2] for line in lines],
                "Rows": [line[3] for line in lines],
                "State": [[line[4]] for line in lines],
                "Reason": [line[5] for line in lines],
            }
        ),
        hide_index=True,
        row_height=36,
        height="content" if len(lines) <= _ROWS_SHOWN_MAX else 36 * (_ROWS_SHOWN_MAX + 1),
        column_config={
            "Name": st.column_config.TextColumn(width=210, pinned=True),
            "Size": st.column_config.TextColumn(width=90, alignment="right"),
            "Time": st.column_config.TextColumn(width=130),
            "Rows": st.column_config.TextColumn(width=110, alignment="right", help=_ROWS_HELP),
            "State": st.column_config.MultiselectColumn(width=120, options=list(_STATES), color=list(_STATES.values())),
            "Reason": st.column_config.TextColumn(width=230),
        },
        alt="Files seen with size, time, rows and whether they are taken.",
    )
    taken = words.counted(len(scan.files), "file")
    left_out = f", {words.count(len(scan.not_taken))} not matched" if scan.not_taken else ""
    st.caption(f"{taken} taken{left_out}. Imported files are taken again only where something in them changed.")


def _rows(file: SeenFile) -> str:
    if file.rows is None:
        return words.UNKNOWN
    return f"about {words.count(_rounded(file.rows))}" if file.is_estimate else words.count(file.rows)


def _rounded(number: int) -> int:
    """Return an estimate with as many digits as it deserves: three."""
    return round(number, 3 - len(str(number)))


def _time(page: GoalPage, text: str | None) -> str:
    return frame.when(datetime.fromisoformat(text), page.now) if text else words.UNKNOWN
