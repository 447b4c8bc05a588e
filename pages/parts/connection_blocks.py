"""The blocks of a connection's page beside its goals: exchange, schedule, the going run and run history."""

import pandas as pd
import streamlit as st

from engine.actions import connections as actions
from engine.actions import runs
from engine.views import connections as view
from engine.views.connections import ConnectionPage
from pages.parts import badges, frame, words
from pages.parts.plain import plain
from storage.records.connections import Connection, ConnectionState, Direction
from storage.records.runs import Run, RunStage, RunState

_ROW_HEIGHT = 36
_HISTORY = "history_open"
_SCHEDULING = "schedule_open"
_NUMBER_WIDTH, _DELIVERED_WIDTH = 80, 140
_RUNS_TABLE_HEIGHT_PX = 577
_RUNS_WITHOUT_SCROLL = 15


def exchange(page: ConnectionPage) -> None:
    """Draw what the newest run brought or delivered, and how many profiles there are."""
    with st.container(border=True, height="stretch"):
        if page.connection.direction is Direction.OUTBOUND:
            _delivered(page)
            return
        frame.block_title("Data exchange", about="Profiles made or changed by the newest run that ended.")
        ended = next((run for run in page.runs if run.ended_at is not None), None)
        shown = {
            "Profiles": page.profiles_total,
            "Created": ended.counts.created if ended else None,
            "Updated": ended.counts.updated if ended else None,
        }
        with st.container(horizontal=True):
            for label, number in shown.items():
                st.metric(label, words.compact(number), help=words.count(number), width="content")


def _delivered(page: ConnectionPage) -> None:
    frame.block_title("Data exchange", about="Files that the newest runs delivered.")
    with st.container(horizontal=True):
        delivered = sum(run.counts.files_taken for run in page.runs)
        st.metric("Files delivered", words.compact(delivered), help=words.count(delivered), width="content")


def schedule(page: ConnectionPage) -> None:
    """Draw the schedule's sentence and the cog that changes it."""
    with st.container(border=True, height="stretch"):
        frame.block_title("Schedule")
        if page.connection.is_hosted:
            _on_arrival(page.connection)
            return
        with st.container(horizontal=True, vertical_alignment="center"):
            with st.container():
                st.markdown(f"**{_beat(page.connection)}**")
                st.caption(_next(page))
            if page.may_edit:
                st.button(
                    ":material/settings:",
                    key="schedule_cog",
                    help="Change the schedule",
                    on_click=lambda: st.session_state.update({_SCHEDULING: True}),
                )
    if st.session_state.get(_SCHEDULING):
        _ask_schedule(page)


def _on_arrival(connection: Connection) -> None:
    is_in = connection.direction is Direction.INBOUND
    st.markdown(f"**{'On arrival' if is_in else 'Whenever the partner looks'}**")
    st.caption("Files are imported as they come." if is_in else "What is sent lies there at once.")


def _beat(connection: Connection) -> str:
    if connection.direction is Direction.OUTBOUND and connection.every_minutes is None:
        return "As files are sent"
    return words.minutes(connection.every_minutes)


def _next(page: ConnectionPage) -> str:
    if page.next_due:
        return "Next: " + ", ".join(frame.ahead(moment, page.now) for moment in page.next_due)
    if page.connection.direction is Direction.OUTBOUND and not page.connection.every_minutes:
        return "A file that is sent goes out at once."
    return "Not while it is off." if page.connection.every_minutes else "Nothing starts by itself."


@st.dialog("Schedule", on_dismiss=lambda: st.session_state.pop(_SCHEDULING, None))
def _ask_schedule(page: ConnectionPage) -> None:
    minutes = st.number_input(
        "Every … minutes",
        value=page.connection.every_minutes,
        step=1,
        format="%d",
        key="schedule_minutes",
        placeholder="Only by Run now",
        help="Empty: nothing starts by itself.",
    )
    times = [f":material/schedule: {frame.ahead(moment, page.now)}" for moment in view.next_times(minutes)]
    st.markdown("  \n".join(times) or "Nothing starts by itself.")
    st.caption(f"Times are {frame.zone_name()}. The first is counted from now.")
    frame.draw_refusal()
    if st.button("Save the schedule", type="primary", key="schedule_save"):
        frame.attempt(actions.set_schedule, page.connection.connection_id, minutes)
        if frame.was_refused():
            frame.draw_refusal()
        else:
            st.session_state.pop(_SCHEDULING, None)
            st.rerun()


def going(page: ConnectionPage) -> None:
    """Draw how far the going run is, with Cancel."""
    run = page.going
    if run is None:
        return
    stage = page.stages[-1] if page.stages else None
    with st.container(border=True, key="going_run"):
        frame.block_title(f"Run {run.number}", f"started by {plain(run.started_by)}")
        st.progress(_share(stage), text=_said(stage))
        with st.container(horizontal=True):
            if page.may_cancel:
                st.button(
                    "Cancel",
                    icon=":material/cancel:",
                    key="cancel_run",
                    on_click=frame.attempt_anew,
                    args=(runs.cancel, run.run_id),
                )
            if page.may_see_runs:
                st.button(
                    "Open the run", key="open_run", on_click=frame.go, args=("run_page.py",), kwargs={"id": run.run_id}
                )


def _share(stage: RunStage | None) -> float:
    return min(1.0, stage.done / stage.total) if stage and stage.total else 0.0


def _said(stage: RunStage | None) -> str:
    if stage is None:
        return "Waiting to begin"
    if not stage.total:
        return f"{stage.name}…"
    if not stage.done:
        total = words.size(stage.total) if stage.unit == "bytes" else words.counted(stage.total, "row")
        return f"{stage.name} · {total}"
    say = words.size if stage.unit == "bytes" else words.count
    rows = "" if stage.unit == "bytes" else f" {stage.unit}"
    return f"{stage.name} · {say(stage.done)} of {say(stage.total)}{rows}"


def history(page: ConnectionPage) -> None:
    """Draw the newest runs with both lists of counts."""
    with st.container(border=True):
        shown = len(page.runs)
        newest = f"newest {shown} of {words.count(page.runs_total)}" if page.runs_total > shown else "newest first"
        frame.block_title("Run history", f"{newest} · times are {frame.zone_name()}" if page.runs else "")
        if not page.runs:
            st.markdown("**Not run yet.**")
            st.caption(_first_step(page))
            return
        last = page.runs[0]
        if last.error and last.state is RunState.FAILED:
            st.markdown(f":red[:material/cancel: {plain(f'Run {last.number} failed. {last.error}')}]")
        _runs_table(page)


def _first_step(page: ConnectionPage) -> str:
    connection = page.connection
    if connection.direction is Direction.INBOUND and not page.may_map:
        return "Somebody at Handoff maps its columns first; files that come wait for that."
    steps = [] if connection.state is ConnectionState.ON else ["turn it on"]
    if connection.direction is Direction.OUTBOUND:
        steps.append("Send a file")
    else:
        steps = [*_for_goals(page), *steps]
        steps.append("the next file that comes is imported" if connection.is_hosted else "Run now")
    said = ", then ".join([", ".join(steps[:-1]), steps[-1]] if len(steps) > 1 else steps)
    return f"{said[0].upper()}{said[1:]}."


def _for_goals(page: ConnectionPage) -> list[str]:
    """Return what is to be done with the goals before a run: one that is mapped and ticked is enough."""
    if any(goal.is_on and goal.goal_id not in page.unmapped for goal in page.goals):
        return []
    steps = [] if page.goals else ["Add goal"]
    steps += [] if any(goal.goal_id not in page.unmapped for goal in page.goals) else ["map columns"]
    return steps if any(goal.is_on for goal in page.goals) else [*steps, "tick the goal"]


def _runs_table(page: ConnectionPage) -> None:
    shown = page.runs
    is_out = page.connection.direction is Direction.OUTBOUND
    numbers = _delivery_counts(shown) if is_out else _import_counts(shown)
    table = pd.DataFrame(
        {
            "Run": [run.number for run in shown],
            "State": [badges.words(badges.of_run(run)) for run in shown],
            "Started": [frame.when(run.started_at or run.queued_at, page.now) for run in shown],
            **numbers,
            **({"open": [":material/open_in_new:"] * len(shown)} if page.may_see_runs else {}),
        }
    )
    config = st.column_config
    width = _DELIVERED_WIDTH if is_out else _NUMBER_WIDTH
    st.dataframe(
        table,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content" if len(shown) <= _RUNS_WITHOUT_SCROLL else _RUNS_TABLE_HEIGHT_PX,
        column_config={
            "Run": config.NumberColumn(width=56, format="%d", alignment="left"),
            "State": badges.column("State", 170),
            "Started": config.TextColumn(width=112),
            **{name: config.NumberColumn(width=width, format="localized") for name in numbers},
            "open": config.ButtonColumn(
                "",
                width=44,
                type="tertiary",
                key=_HISTORY,
                on_click=_open_run,
                args=(tuple(run.run_id for run in shown),),
            ),
        },
        alt="Runs of this connection with their counts of rows and profiles.",
    )


def _delivery_counts(shown: tuple[Run, ...]) -> dict[str, list[int]]:
    return {"Files delivered": [run.counts.files_taken for run in shown]}


def _import_counts(shown: tuple[Run, ...]) -> dict[str, list[int]]:
    return {
        "Checked": [run.counts.read for run in shown],
        "Applied": [run.counts.applied for run in shown],
        "Unchanged": [run.counts.unchanged for run in shown],
        "Skipped": [sum(run.counts.skipped.values()) for run in shown],
        "Rejected": [run.counts.rejected for run in shown],
        "Created": [run.counts.created for run in shown],
        "Updated": [run.counts.updated for run in shown],
    }


def _open_run(run_ids: tuple[str, ...]) -> None:
    click = st.session_state.get(_HISTORY)
    if click and 0 <= click["row"] < len(run_ids):
        frame.go("run_page.py", id=run_ids[click["row"]])
