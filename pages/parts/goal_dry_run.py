"""The dry run of a goal as it is edited: asked for, how it goes, what the next run would do, and whether that holds."""

from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd
import streamlit as st

from engine.actions import dry_runs as actions
from engine.views import dry_runs as view
from engine.views.dry_runs import DryRun
from engine.views.goals import GoalPage
from pages.parts import frame, ledger, reasons, session, words
from pages.parts.goal_edit import Edit
from pages.parts.plain import plain, visible
from pages.parts.values import said
from storage.records.goals import ImportGoal
from storage.records.runs import Job

_POLL_S = 1.0
_OPEN = "goal_dry_run_open"
_WIDTH = 760
_ROW_HEIGHT = 36
_FILES_NAMED_MAX = 3
_EMPTY = "The next run, without writing anything: what it would apply, reject and change."


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw the block."""
    goal = edit.now
    with st.container(border=True), frame.loading("the dry run"):
        state = view.of_goal(session.desk(), session.caller(), goal)
        _draw_title(page, edit, is_going=state.going is not None)
        if state.going is not None:
            _draw_going(goal, may_cancel=page.may_edit)
        elif state.error:
            st.error(plain(state.error), icon=":material/science:")
        if state.told is not None:
            which = "" if state.going is None and not state.error else "The answer before: "
            st.caption(f"{which}{frame.when(state.told.made_at, page.now)} · wrote nothing")
            _draw_told(page, state.told)
        elif state.going is None and not state.error:
            st.caption(_EMPTY)
        if state.told is not None and st.session_state.get(_OPEN) == goal.goal_id:
            _draw_details(state.told)


def progress(job: Job) -> tuple[float, str]:
    """Return how far a dry run is, 0 to 1, and in words; pure."""
    done, total = int(job.progress.get("done", 0)), int(job.progress.get("total", 0))
    if not total:
        return 0.0, "Reading the files…"
    share = max(0.0, min(1.0, done / total))
    if job.progress.get("unit") == "bytes":
        return share, f"{words.size(done)} of {words.size(total)}"
    return share, f"{words.count(done)} of {words.count(total)} {job.progress.get('unit', 'rows')}"


def validity(told: DryRun) -> str:
    """Return "98,412 rows, adds up. Valid until a file or mapping changes.", or why it does not hold; pure."""
    rows = words.counted(told.counts.read, "row")
    if told.counts.missing:
        sums = f"{rows}, off by {words.count(abs(told.counts.missing))}: the run would fail."
    elif told.counts.read:
        sums = f"{rows}, adds up."
    else:
        sums = "No row is read: the files and the mapping are as the last import left them."
    if told.stale:
        return f"{sums} Not valid any more. {' '.join(told.stale)}"
    return f"{sums} Valid until a file or mapping changes."


def _draw_title(page: GoalPage, edit: Edit, *, is_going: bool) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Dry run", width="content", anchor=False)
        st.space("stretch")
        if page.may_edit:
            st.button(
                "Dry run",
                icon=":material/science:",
                key="goal_dry_run",
                disabled=is_going,
                help="Tries the goal as it stands here, saved or not. Nothing is changed.",
                on_click=_ask,
                args=(edit,),
            )


def _ask(edit: Edit) -> None:
    if frame.attempt(actions.ask, edit.now) is None:
        edit.wants_problems = True


@st.fragment(run_every=_POLL_S)
def _draw_going(goal: ImportGoal, *, may_cancel: bool) -> None:
    going = view.of_goal(session.desk(), session.caller(), goal).going
    if going is None:
        st.rerun()
    share, text = progress(going)
    st.progress(share, text=text)
    if may_cancel:
        st.button(
            "Cancelling…" if going.cancel_wanted else "Cancel",
            icon=":material/cancel:",
            key="goal_dry_run_cancel",
            disabled=going.cancel_wanted,
            on_click=frame.attempt,
            args=(actions.cancel, goal.goal_id),
        )


def _draw_told(page: GoalPage, told: DryRun) -> None:
    for sentence in told.stops:
        st.error(f"A run would stop: {plain(sentence.removeprefix('Stopped: '))}", icon=":material/front_hand:")
    for sentence in told.errors:
        st.warning(plain(sentence), icon=":material/warning:")
    ledger.draw_small(told.counts, "goal_dry_run_ledger")
    (st.warning if told.stale else st.caption)(validity(told))
    if told.files:
        more = len(told.files) - _FILES_NAMED_MAX
        named = ", ".join(plain(name) for name in told.files[:_FILES_NAMED_MAX])
        st.caption(f"Of {named}{f' and {words.count(more)} more' if more > 0 else ''}.")
    for item in told.audiences:
        if item.leave:
            are = "leaves" if item.leave == 1 else "leave"
            st.markdown(
                f":orange[:material/group_remove:] **{plain(item.name)}**: {words.count(item.leave)} of "
                f"{words.count(item.members)} {are}, {words.count(item.enter)} enter"
            )
    if told.properties or told.sample or told.rejects:
        st.button(
            "What would change",
            icon=":material/open_in_full:",
            type="tertiary",
            key="goal_dry_run_details",
            on_click=_open,
            args=(page.goal.goal_id,),
        )


def _open(goal_id: str) -> None:
    st.session_state[_OPEN] = goal_id


def _close() -> None:
    st.session_state.pop(_OPEN, None)


@st.dialog("What would change", width=_WIDTH, position="right", icon=":material/science:", on_dismiss=_close)
def _draw_details(told: DryRun) -> None:
    st.caption(validity(told))
    _draw_properties(told)
    _draw_sample(told)
    _draw_rejects(told)
    _draw_audiences(told)


def _block_title(title: str, right: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"**{title}**", width="content")
        st.space("stretch")
        st.caption(right, width="content")


def _draw_properties(told: DryRun) -> None:
    _block_title("Properties", "profiles")
    _draw_table(
        {
            "Property": [visible(item.property) for item in told.properties],
            "Filled": [item.filled for item in told.properties],
            "Changed": [item.changed for item in told.properties],
            "Cleared": [item.cleared for item in told.properties],
        },
        {"Property": 250},
        "How many profiles each property would be filled, changed and cleared in.",
        "No property would change.",
    )


def _draw_sample(told: DryRun) -> None:
    values = [(item, moved) for item in told.sample for moved in item.values]
    _block_title("Before and after", f"the first {words.count(len(told.sample))}" if values else "")
    _draw_table(
        {
            "Profile": [f"{item.profile_id}" if item.profile_id is not None else "new" for item, _ in values],
            "File : line": [visible(f"{item.file_name} : {item.line:,}") for item, _ in values],
            "Property": [visible(moved.property) for _, moved in values],
            "Before": [visible(said(moved.before)) for _, moved in values],
            "After": [visible(said(moved.after)) for _, moved in values],
        },
        {"Profile": 120, "File : line": 180, "Property": 130, "Before": 130, "After": 130},
        "The first profiles that would change, with each value before and after.",
        "No profile would change.",
    )


def _draw_rejects(told: DryRun) -> None:
    right = f"{words.count(len(told.rejects))} of {words.count(told.counts.rejected)}" if told.rejects else ""
    _block_title("Rejected rows", right)
    _draw_table(
        {
            "Line": [item.line for item in told.rejects],
            "Column": [visible(item.column or words.UNKNOWN) for item in told.rejects],
            "Value": [visible(item.value) if item.value is not None else words.UNKNOWN for item in told.rejects],
            "Reason": [[reasons.rejected(item.reason)] for item in told.rejects],
            "Suggestion": [item.suggestion for item in told.rejects],
            "File": [visible(item.file_name) for item in told.rejects],
        },
        {"Line": 62, "Column": 110, "Value": 110, "Suggestion": 190, "File": 130},
        "The first rows that would be rejected, with line, column, value, reason and suggestion.",
        "Nothing would be rejected.",
    )


def _draw_audiences(told: DryRun) -> None:
    if not told.audiences:
        return
    _block_title("Audiences", "profiles")
    _draw_table(
        {
            "Audience": [visible(item.name) for item in told.audiences],
            "Now": [item.members for item in told.audiences],
            "Enter": [item.enter for item in told.audiences],
            "Leave": [item.leave for item in told.audiences],
        },
        {"Audience": 250},
        "How each audience would move.",
        "",
    )


def _draw_table(data: Mapping[str, Sequence[object]], widths: Mapping[str, int], alt: str, nothing: str) -> None:
    if not next(iter(data.values())):
        st.caption(nothing)
        return
    config = st.column_config
    columns: dict[str, Any] = {}
    for name, values in data.items():
        if isinstance(values[0], list):
            options = reasons.REJECTED_WORDS
            columns[name] = config.MultiselectColumn(width=124, options=options, color=["orange"] * len(options))
        elif isinstance(values[0], int):
            columns[name] = config.NumberColumn(width=widths.get(name, 90), format="localized")
        else:
            columns[name] = config.TextColumn(width=widths.get(name))
    st.dataframe(
        pd.DataFrame(data),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        column_config=columns,
        alt=alt,
    )
