"""The stages of a run: a timeline while it goes and afterwards, and how far the one that goes is."""

from datetime import datetime

import streamlit as st

from pages.parts import badges, words
from pages.parts.plain import plain
from storage.records.runs import Run, RunStage, StageState

_ICONS = {
    StageState.RUNNING: "spinner",
    StageState.DONE: ":material/check_circle:",
    StageState.FAILED: ":material/cancel:",
}


def share(stage: RunStage | None) -> float:
    """Return how far a stage is, 0 to 1; 0 where nobody knows; pure."""
    if stage is None or stage.total <= 0:
        return 0.0
    return max(0.0, min(1.0, stage.done / stage.total))


def progress_text(stage: RunStage | None) -> str:
    """Return "160,204 of 250,000 rows" or "3.1 MB of 8.1 MB"; pure."""
    if stage is None:
        return "Waiting for its turn"
    if stage.total <= 0:
        return "Under way"
    if stage.unit == "bytes":
        return f"{words.size(stage.done)} of {words.size(stage.total)}"
    return f"{words.count(stage.done)} of {words.count(stage.total)} {stage.unit}"


def took_s(started_at: datetime | None, ended_at: datetime | None, now: datetime) -> float | None:
    """Return the seconds from start to end, or to now while it goes; None before it starts; pure."""
    return None if started_at is None else max(0.0, ((ended_at or now) - started_at).total_seconds())


def draw(run: Run, stages: tuple[RunStage, ...], now: datetime) -> None:
    """Draw the timeline."""
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader("Stages", width="content", anchor=False)
        st.space("stretch")
        st.caption(words.duration(took_s(run.started_at, run.ended_at, now)), width="content")
    if not stages:
        st.caption("It has not begun." if run.ended_at is None else "It ended before its first stage.")
    for stage in stages:
        took = words.duration(took_s(stage.started_at, stage.ended_at, now))
        with st.expander(
            f"{stage.name}\u2002 :gray[{took}]", icon=_ICONS[stage.state], type="step", expanded=True, key=_key(stage)
        ):
            said = stage.summary if stage.state is not StageState.RUNNING else progress_text(stage)
            st.caption(plain(said))
    if stages and run.ended_at is not None:
        # A step without content ends the line.
        badge = badges.run_state(run.state)
        st.expander(badge.word, icon=f":material/{badge.icon}:", type="step", key=f"stage_{run.run_id}_end")


def _key(stage: RunStage) -> str:
    return f"stage_{stage.run_id}_{stage.position}"
