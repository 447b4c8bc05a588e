"""Taking a run back: the button, the question before it, how it goes, and why it cannot be done."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.actions import runs as actions
from engine.views import runs as view
from engine.views.runs import RunPage
from pages.parts import frame, session, words
from pages.parts.badges import Badge
from pages.parts.plain import plain
from pages.parts.question import Question
from storage.records.runs import RunCounts

_FOUND = "run_hindrances"
_QUESTION = Question("run_reverting")
_POLL_S = 1.0
_VALUES_SHOWN_MAX = 20


def badges_of(page: RunPage) -> tuple[Badge, ...]:
    """Return the badge of a run that was taken back: "Reverted by Ana, today 09:12"."""
    taking = page.taking
    if taking is None or taking.reverted_at is None:
        return ()
    # A badge is markdown too.
    said = f"Reverted by {plain(taking.reverted_by or '')}, {frame.when(taking.reverted_at, page.now)}"
    return (Badge(said, "violet", "undo"),)


def is_offered(page: RunPage) -> bool:
    """Say whether the run has something that this person could take back."""
    taking = page.taking
    return page.may_revert and taking is not None and taking.reverted_at is None and not taking.is_going


def _hindrances(page: RunPage) -> view.Hindrances:
    """Return what stands in the way; asked again only once something was merged or reverted since."""
    key = (page.run.run_id, page.taking.mark if page.taking else "")
    known = st.session_state.get(_FOUND)
    if known is None or known[0] != key:
        # It compares what this run changed with all that was changed later.
        known = (key, view.hindrances(session.desk(), session.caller(), page.run.run_id))
        st.session_state[_FOUND] = known
    found: view.Hindrances = known[1]
    return found


def what_goes(counts: RunCounts, actions: int) -> str:
    """Return what a revert does, in figures; pure."""
    said = []
    if counts.created:
        are = "is" if counts.created == 1 else "are"
        said.append(f"**{words.counted(counts.created, 'profile')}** that it made {are} removed")
    if counts.updated:
        gets = "gets its" if counts.updated == 1 else "get their"
        said.append(f"**{words.counted(counts.updated, 'profile')}** {gets} earlier values back")
    if actions:
        are = "is" if actions == 1 else "are"
        said.append(f"**{words.counted(actions, 'action')}** {are} as before")
    if not said:
        return "What it remembered of its rows is forgotten."
    first = ", ".join(said[:-1])
    return f"{first} and {said[-1]}." if first else f"{said[-1]}."


def draw_button(page: RunPage, place: DeltaGenerator) -> None:
    """Draw the button into its place, disabled with the reason where something stands in the way; below, all of it."""
    if not is_offered(page):
        return
    found = _hindrances(page)
    place.button(
        "Revert",
        icon=":material/undo:",
        key="run_revert",
        disabled=bool(found),
        help=plain(found[0].sentence) if found else "Puts everything back that this run changed.",
        on_click=_QUESTION.ask,
        args=(page.run.run_id,),
    )
    if found:
        _draw_hindrances(found)


def draw_state(page: RunPage) -> None:
    """Draw how a revert goes, or why the last one failed."""
    taking = page.taking
    if taking is None:
        return
    if taking.is_going:
        _draw_going(page.run.run_id)
    elif taking.error:
        st.error(f"{plain(taking.error)} Nothing was changed.", icon=":material/undo:", title="Not reverted")


def _draw_hindrances(found: view.Hindrances) -> None:
    """Draw what stands in the way, folded: each run that built on this one, with the values that it set again."""
    with st.expander("Why this run cannot be reverted", icon=":material/undo:"):
        for number, item in enumerate(found):
            st.markdown(plain(item.sentence))
            with st.container(horizontal=True, key=f"hindrance_{number}"):
                for run_number in item.run_numbers:
                    frame.link(f"Run {run_number}", "run_page.py", {"id": str(run_number)}, ":material/history:")
                for profile_id, name in item.values[:_VALUES_SHOWN_MAX]:
                    label = f"Profile {profile_id}: {name}"
                    frame.link(label, "profiles_page.py", {"id": str(profile_id)}, ":material/person:")


def draw(page: RunPage) -> None:
    """Draw the question before a revert, where it was asked for."""
    if _QUESTION.is_open(page.run.run_id):
        _draw_question(page.run.run_id)


@st.dialog("Revert this run", icon=":material/undo:", on_dismiss=_QUESTION.close)
def _draw_question(run_id: str) -> None:
    with frame.loading("this run"):
        page = view.page(session.desk(), session.caller(), run_id)
        run, actions_count = page.run, page.taking.actions if page.taking else 0
        st.markdown(f"**Run {run.number}** of **{plain(run.connection_name or 'a deleted connection')}**")
        st.markdown(what_goes(run.counts, actions_count))
        st.caption(
            "Audiences are counted anew, and partners are told who enters and leaves. Its files stay known, so that "
            "none is imported again by itself: a change of a file or of the mapping imports it anew."
        )
        if st.button(f"Revert run {run.number}", type="primary", key="run_revert_yes"):
            _QUESTION.close()
            frame.attempt_anew(actions.revert, run_id)


@st.fragment(run_every=_POLL_S)
def _draw_going(run_id: str) -> None:
    page = view.page(session.desk(), session.caller(), run_id)
    if page.taking is None or not page.taking.is_going:
        st.rerun()
    st.info("Reverting: what the run changed is being put back.", icon=":material/progress_activity:")
