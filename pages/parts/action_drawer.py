"""The story of one action in a drawer: what each row did to it, from which file and in which run."""

import streamlit as st

from engine.views import actions as view
from engine.views.actions import ActionPage
from pages.parts import action_badges, frame, session, words
from pages.parts.plain import plain
from storage.records.actions import ActionStep

_WIDTH = 620
_ACTION, _PROFILE = "action_shown", "action_profile"


def open_action(ref: str, where: str) -> None:
    """Open the story of an action with the next `draw` of a page; keys may be personal, so no address says which."""
    st.session_state[_ACTION] = (ref, where)


def lead_to(profile_id: int) -> None:
    """Lead to a profile with the next `draw`."""
    st.session_state[_PROFILE] = profile_id


def close() -> None:
    """Shut the drawer."""
    st.session_state.pop(_ACTION, None)


def draw(where: str) -> None:
    """Draw the drawer, where one is open on this page, or leave for the profile that somebody chose."""
    profile_id = st.session_state.pop(_PROFILE, None)
    if profile_id is not None:
        frame.go("profiles_page.py", id=str(profile_id))
    ref, opened_at = st.session_state.get(_ACTION, ("", where))
    if opened_at != where:
        # A link in the drawer led here from another page.
        close()
    elif ref:
        with frame.loading("this action"):
            # Shut while it is asked for: an action that is gone since is told once.
            close()
            page = view.page(session.desk(), session.caller(), ref)
            open_action(ref, where)
            # Its title is the action's key, so that the dialog is made anew for each.
            title = f"{action_badges.type_word(page.action.type)} {plain(page.action.key)}"
            st.dialog(title, width=_WIDTH, position="right", icon=":material/receipt_long:", on_dismiss=close)(_draw)(
                page
            )


def _draw(page: ActionPage) -> None:
    action = page.action
    own = action_badges.own_word(action)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(action_badges.of(action).markdown, width="content")
        st.caption(plain(f"{own} · {action.source}" if own else action.source), width="content")
        st.space("stretch")
        frame.link(
            f"Profile {action.profile_id}", "profiles_page.py", {"id": str(action.profile_id)}, ":material/person:"
        )
    counts = "" if action.counts else ", which no sum counts"
    st.markdown(
        f"Amount **{plain(action_badges.amount(action.amount))}**{counts} · happened "
        f"{plain(frame.when(action.happened_at, page.now))}"
    )
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown("**Story**", width="content")
            st.space("stretch")
            st.caption(f"{words.counted(len(page.steps), 'step')}, oldest first", width="content")
        for step in page.steps:
            _draw_step(page, step)


def _draw_step(page: ActionPage, step: ActionStep) -> None:
    own = f" · {plain(step.state)}" if step.state and step.state != action_badges.REVERSED.word.lower() else ""
    told = f" · told {plain(frame.when(step.told_at, page.now))}" if step.told_at else ""
    with st.container(gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.markdown(action_badges.of_step(step.what).markdown, width="content")
            st.markdown(f"{plain(action_badges.amount(step.amount))}{own}", width="content")
            st.space("stretch")
            st.caption(f"{plain(frame.when(step.made_at, page.now))}{told}", width="content")
        with st.container(horizontal=True, vertical_alignment="center", gap="small"):
            st.caption(f"{plain(step.file_name)} : {step.line}", width="content")
            number = page.runs.get(step.run_id)
            if number is not None and page.may_see_runs:
                frame.link(f"Run {number:,}", "run_page.py", {"id": str(number)}, ":material/history:")
