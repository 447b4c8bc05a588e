"""The line below the title: which version is saved, and all of them with what changed, to be taken back."""

import streamlit as st

from engine.views import goal_versions as view
from engine.views.goal_versions import Version
from engine.views.goals import GoalPage
from pages.parts import frame, goal_changes, goal_edit, session, words
from pages.parts.goal_edit import Edit
from pages.parts.plain import plain

_VERSIONS_A_PAGE = 10
_CHANGES_NAMED_MAX = 4
_WIDTH_PX = 520


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw the versions behind a button; they are read when it is opened."""
    opened = st.popover(
        f"Version {page.goal.version:,}",
        icon=":material/history:",
        key="goal_versions",
        help="Every saved version is kept.",
        on_change="rerun",
    )
    if not opened.open:
        return
    with opened:
        found = view.listed(session.desk(), session.caller(), page.goal.goal_id)
        st.html(f"<style>.st-key-goal_version_list{{min-width:min({_WIDTH_PX}px,80vw)}}</style>")
        with st.container(key="goal_version_list"):
            pages = -(-len(found) // _VERSIONS_A_PAGE)
            number = 1
            if pages > 1:
                number = st.pagination(pages, key="goal_versions_page", max_visible_pages=5)
            start = (min(number, pages) - 1) * _VERSIONS_A_PAGE
            for place in range(start, min(start + _VERSIONS_A_PAGE, len(found))):
                before = found[place + 1] if place + 1 < len(found) else None
                _draw_version(page, edit, found[place], before)


def _draw_version(page: GoalPage, edit: Edit, version: Version, before: Version | None) -> None:
    number = version.goal.version
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.container(gap="xxsmall"):
            when = frame.when(version.saved_at, page.now)
            st.markdown(f"**Version {number:,}** · {when} · {plain(version.saved_by)}")
            st.caption(said(version, before))
        if page.may_edit and number != page.goal.version:
            st.button(
                "Take back",
                icon=":material/undo:",
                key=f"goal_take_back_{number}",
                help="Puts this version into the editor. Nothing is saved before Save.",
                on_click=goal_edit.take_back,
                args=(edit, version.goal),
            )
        elif number == page.goal.version:
            st.caption("saved now", width="content")


def said(version: Version, before: Version | None) -> str:
    """Return what a version changed, in one line of markdown; pure."""
    if before is None:
        return "The first one."
    changes = goal_changes.between(before.goal, version.goal)
    if not changes:
        return "Nothing changed."
    named = plain(goal_changes.listed(changes, _CHANGES_NAMED_MAX))
    return f"{words.counted(len(changes), 'change')}: {named}"
