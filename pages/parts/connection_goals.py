"""The left side of a connection's page: its goals, each with the box that lets runs take it, and a way to its page."""

import streamlit as st

from engine.actions import goals as actions
from engine.views.connections import ConnectionPage
from pages.parts import frame, words
from pages.parts.plain import plain
from storage.records.connections import Connection, Direction, Method
from storage.records.goals import ImportGoal, PatternKind

_REMOVING = "goal_removing"
_IMPORT = ":green[:material/south_east:] Import data into Handoff"
_IMPORT_HELP = "Opens the first import goal; makes one where there is none."
# A button that is an entry of a list begins at the left, is no higher than its words, and lets long names break.
_STYLE = (
    "<style>.st-key-goal_list [data-testid=stBaseButton-tertiary]{min-height:1.75rem;padding:0;text-align:left;"
    "justify-content:flex-start;overflow-wrap:anywhere}"
    ".st-key-goal_list [data-testid=stBaseButton-tertiary]>*{justify-content:flex-start;text-align:left}"
    ".st-key-goal_list [data-testid=stCaptionContainer]{overflow-wrap:anywhere}"
    "[class*=st-key-goal_entry]{flex-wrap:nowrap}[class*=st-key-goal_entry]>*{min-width:0}</style>"
)


def draw(page: ConnectionPage) -> None:
    """Draw the goals; where files go out, where they go."""
    with st.container(border=True, key="goal_list"):
        st.html(_STYLE)
        frame.block_title("Set up and run")
        if page.connection.direction is Direction.OUTBOUND:
            _outbound(page)
            return
        if page.may_edit_goals:
            st.button(
                f"**{_IMPORT}**",
                type="tertiary",
                key="import_data",
                help=_IMPORT_HELP,
                on_click=_open_import,
                args=(page,),
            )
        else:
            st.markdown(f"**{_IMPORT}**")
        for goal in page.goals:
            _goal(page, goal)
        if not page.goals:
            st.markdown("No goal yet.")
        if page.may_edit_goals:
            _add(page)
    if _REMOVING in st.session_state:
        _ask_remove(*st.session_state[_REMOVING])


def name_of(connection: Connection, goal: ImportGoal) -> str:
    """Return what a goal is called on screen: the files that it takes; pure."""
    is_every = connection.is_hosted and connection.method is not Method.EMAIL
    return goal.files or ("Every file" if is_every else "Files not named yet")


def _goal(page: ConnectionPage, goal: ImportGoal) -> None:
    with st.container(gap="xxsmall"):
        _entry(page, goal, name_of(page.connection, goal))
        st.caption(_said(page, goal))
    if page.may_edit_goals and goal.goal_id in page.unmapped:
        st.button(
            "Map columns",
            icon=":material/rule:",
            key=f"columns_{goal.goal_id}",
            width="stretch",
            on_click=_open,
            args=(goal.goal_id,),
        )


def _entry(page: ConnectionPage, goal: ImportGoal, name: str) -> None:
    key = f"goal_entry_{goal.goal_id}"
    with st.container(horizontal=True, vertical_alignment="center", gap="xsmall", key=key):
        _box(page, goal, name)
        if page.may_map:
            st.button(
                plain(name),
                type="tertiary",
                icon=":material/chevron_right:",
                icon_position="right",
                key=f"map_{goal.goal_id}",
                width="stretch",
                help=None if page.may_edit_goals else "See the mapping",
                on_click=_open,
                args=(goal.goal_id,),
            )
        else:
            st.markdown(plain(name), width="stretch")
        if page.may_edit_goals and goal.goal_id in page.removable:
            st.button(
                ":material/delete:",
                type="tertiary",
                key=f"remove_{goal.goal_id}",
                help=f"Remove the goal {plain(name)}",
                on_click=lambda: st.session_state.update({_REMOVING: (goal.goal_id, name)}),
            )


def _box(page: ConnectionPage, goal: ImportGoal, name: str) -> None:
    key = f"goal_on_{goal.goal_id}"
    # Set before it is drawn: a tick may be refused, and other people tick goals too.
    st.session_state[key] = goal.is_on
    st.checkbox(
        f"Run the goal {plain(name)}",
        key=key,
        label_visibility="collapsed",
        width="content",
        disabled=not page.may_edit_goals,
        on_change=_tick,
        args=(goal.goal_id, key),
    )


def _tick(goal_id: str, key: str) -> None:
    frame.attempt(actions.switch_goal, goal_id, is_on=st.session_state[key])


def _said(page: ConnectionPage, goal: ImportGoal) -> str:
    said = [] if page.connection.is_hosted else [plain(goal.folder or "no folder yet")]
    said += ["regular expression"] if goal.files_kind is PatternKind.REGEX else []
    if not goal.mappings and goal.action is None:
        return " · ".join([*said, "Nothing is mapped yet."])
    if goal.goal_id in page.unmapped:
        return " · ".join([*said, plain(page.unmapped[goal.goal_id])])
    if page.changes_actions and goal.action is not None:
        return " · ".join([*said, f"Changes actions by {plain(goal.action.key)}."])
    by = ", ".join(plain(identifier.field) for identifier in goal.identifiers)
    creates = "new profiles are made" if goal.create_profiles else "no new profiles"
    mapped = f"{words.counted(len(goal.mappings), 'field')} mapped · by {by or 'no identifier'} · {creates}"
    return " · ".join([*said, mapped])


def _add(page: ConnectionPage) -> None:
    with st.popover(
        "Add goal",
        icon=":material/add:",
        width="stretch",
        disabled=page.no_more is not None,
        help=page.no_more,
        key="add_goal",
    ):
        st.button(
            "Import goal",
            type="tertiary",
            icon=":material/south_east:",
            key="add_import_goal",
            on_click=_make,
            args=(page.connection.connection_id,),
        )


def _make(connection_id: str) -> None:
    goal = frame.attempt(actions.add_goal, connection_id)
    if goal is not None:
        _open(goal.goal_id)


def _open_import(page: ConnectionPage) -> None:
    if page.goals:
        _open(page.goals[0].goal_id)
    else:
        _make(page.connection.connection_id)


def _open(goal_id: str) -> None:
    frame.go("goal_page.py", id=goal_id)


@st.dialog("Remove goal", on_dismiss=lambda: st.session_state.pop(_REMOVING, None))
def _ask_remove(goal_id: str, name: str) -> None:
    st.markdown(f"The goal **{plain(name)}** has imported nothing. Its pattern, formats and mapping are removed.")
    if st.button("Remove the goal", type="primary", key="remove_yes"):
        st.session_state.pop(_REMOVING, None)
        frame.attempt(actions.remove_goal, goal_id)
        st.rerun()


def _outbound(page: ConnectionPage) -> None:
    connection, details = page.connection, page.connection.details
    st.markdown("**:green[:material/north_west:] Export data from Handoff**")
    if connection.method is Method.EMAIL:
        st.markdown(f"Files are mailed to {words.counted(len(details.recipients), 'recipient')}.")
        return
    if connection.is_hosted:
        st.markdown(f"The partner finds files in **{plain(details.hosted_folder)}** of its login.")
    else:
        st.markdown(f"Files are put into **{plain(details.folder)}** at the partner.")
    st.caption("Each under a temporary name first, so that nobody reads half of it.")
