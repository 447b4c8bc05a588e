"""An import goal: which files, how they are written, whose rows they are, and which field fills which property."""

import streamlit as st

from engine.views import goals as view
from engine.views.goals import GoalPage
from pages.parts import (
    frame,
    goal_edit,
    goal_files,
    goal_formats,
    goal_identifiers,
    goal_mappings,
    goal_versions,
    words,
)
from pages.parts.badges import Badge
from pages.parts.goal_edit import Edit
from pages.parts.plain import plain

_PARTS = {
    "files": ("1 Files", goal_files.draw),
    "formats": ("2 Fields and formats", goal_formats.draw),
    "identifiers": ("3 Identifiers", goal_identifiers.draw),
    "mappings": ("4 Mappings", goal_mappings.draw),
}
_PART = "goal_part"


def _on_part() -> None:
    st.query_params["part"] = st.session_state[_PART]


def _draw_title(page: GoalPage, edit: Edit) -> None:
    shown = [Badge("Import goal", "green", "south_east")]
    if not page.goal.is_on:
        shown.append(Badge("Not ticked", "gray", "check_box_outline_blank"))
    if edit.changes:
        shown.append(Badge(words.counted(edit.changes, "unsaved change"), "orange", "edit"))
    if not page.may_edit:
        shown.append(Badge("Read-only", "gray", "visibility"))
    with frame.title_row(page.connection.name, tuple(shown)):
        goal_versions.draw(page, edit)
        if page.may_edit:
            if edit.changes:
                st.button("Discard", key="goal_discard", on_click=goal_edit.discard, args=(edit, page.goal))
            st.button(
                "Save",
                type="primary",
                key="goal_save",
                disabled=not edit.changes,
                help=None if edit.changes else "Nothing has changed.",
                on_click=goal_edit.save,
                args=(edit,),
            )


def _draw_problems(page: GoalPage, edit: Edit) -> None:
    problems = view.problems(page, edit.now) if edit.wants_problems else []
    if problems:
        need = "thing needs" if len(problems) == 1 else "things need"
        listed = "\n".join(f"- {plain(problem)}" for problem in problems)
        st.error(listed, title=f"{len(problems):,} {need} attention", icon=":material/error:")
        # The list says it all; the action's own sentence is its first line.
        frame.forget_refusal()
    frame.draw_refusal()
    if edit.changes and edit.saved.version != page.goal.version:
        st.warning(
            "Somebody saved this goal while you were editing. Discard takes theirs; Save is refused.",
            icon=":material/warning:",
        )


def _draw() -> None:
    with frame.loading("this goal"):
        page = goal_edit.read(st.query_params.get("id", ""))
        edit = goal_edit.of(page)
        connection = (page.connection.name, "connection_page.py", {"id": page.connection.connection_id})
        frame.crumbs(("Connections", "connections_page.py"), connection, here="Import goal")
        _draw_title(page, edit)
        _draw_problems(page, edit)
        wanted = st.query_params.get("part", "")
        part = st.segmented_control(
            "Part",
            list(_PARTS),
            default=wanted if wanted in _PARTS else "files",
            required=True,
            format_func=lambda name: _PARTS[name][0],
            key=_PART,
            label_visibility="collapsed",
            width="stretch",
            on_change=_on_part,
        )
        _PARTS[part or "files"][1](page, edit)


if __name__ == "__main__":
    _draw()
