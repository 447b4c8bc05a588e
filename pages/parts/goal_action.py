"""The block "Action" of part 3: which fields make an action of a row, or change one (ruling 12)."""

from dataclasses import replace
from typing import Any

import streamlit as st

from engine.views.goals import GoalPage
from pages.parts import frame
from pages.parts.goal_edit import Edit, fields_of, take
from storage.records.actions import REVERSING_WORDS
from storage.records.goals import ActionFields, ImportGoal

_NOTHING = ActionFields("", "")
_ABOUT = "Each row is one action of a profile. Actions can be looked through one by one, and mappings add them up."
_ABOUT_CHANGES = (
    "Each row changes the action with its key. What that action gave to a Sum follows by the difference. The amount is "
    "the new one; it brings a reversed action back. Without a state field the amount 0 reverses; with neither field "
    "every row does."
)
_REVERSING = ", ".join(REVERSING_WORDS)
_FIELDS = {
    "key": ("Key field", "What tells one action from another, such as the order number; unique within the source."),
    "time": ("Time field", "When it happened."),
    "amount": ("Amount field", "What it was worth; a modification brings the new amount."),
    "state": ("State field", f"What became of it. These words take it out of every Sum: {_REVERSING}."),
}


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw the block."""
    given = edit.goal.action or _NOTHING
    with st.container(border=True):
        frame.block_title("Action")
        st.caption(_ABOUT_CHANGES if page.changes_actions else _ABOUT)
        left, right = st.columns(2, gap="small")
        with left:
            _draw_source(page, edit, given)
        with right:
            _draw_field(page, edit, "key")
        left, right = st.columns(2, gap="small")
        with left:
            _draw_field(page, edit, "time")
        with right:
            _draw_time_format(page, edit, given)
        left, right = st.columns(2, gap="small")
        with left:
            _draw_field(page, edit, "amount")
        with right:
            _draw_field(page, edit, "state")


def _with(goal: ImportGoal, **changed: Any) -> ImportGoal:
    found = replace(goal.action or _NOTHING, **changed)
    return replace(goal, action=None if found == _NOTHING else found)


def _draw_source(page: GoalPage, edit: Edit, given: ActionFields) -> None:
    key = edit.key("action_source")
    options = list(dict.fromkeys([*page.sources, *([given.source] if given.source else [])]))
    st.selectbox(
        "Source",
        options,
        index=options.index(given.source) if given.source else None,
        key=key,
        placeholder="Choose, or type a new name",
        help=(
            "The name of what numbers these actions, such as webshop. "
            "Modifications and reversals name the source whose actions they change."
        ),
        disabled=not page.may_edit,
        accept_new_options=True,
        on_change=take,
        args=(edit, key, lambda goal, said: _with(goal, source=(said or "").strip())),
    )


def _draw_field(page: GoalPage, edit: Edit, name: str) -> None:
    label, about = _FIELDS[name]
    key, value = edit.key(f"action_{name}"), getattr(edit.goal.action or _NOTHING, name)
    options = fields_of(page, value or "")
    st.selectbox(
        label,
        options,
        index=options.index(value) if value else None,
        key=key,
        placeholder="Choose a field" if name == "key" else "None",
        help=about,
        disabled=not page.may_edit,
        accept_new_options=True,
        on_change=take,
        args=(edit, key, lambda goal, found: _with(goal, **{name: found or ("" if name == "key" else None)})),
    )


def _draw_time_format(page: GoalPage, edit: Edit, given: ActionFields) -> None:
    key = edit.key("action_time_format")
    st.text_input(
        "Time format",
        given.time_format or "",
        key=key,
        placeholder=edit.goal.values.date_time or "%Y-%m-%d %H:%M:%S",
        help="How the time field is written. Empty: as the date-time format of part 2 says.",
        disabled=not page.may_edit or not given.time,
        on_change=take,
        args=(edit, key, lambda goal, found: _with(goal, time_format=found.strip() or None)),
    )
