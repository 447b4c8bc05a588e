"""Part 3 of the goal page: which field says whose row it is, and whether unknown people become new profiles."""

from dataclasses import replace

import streamlit as st

from engine.views.goals import GoalPage
from pages.parts import frame
from pages.parts.goal_edit import Edit, samples, take
from pages.parts.plain import plain
from storage.records.goals import Identifier, ImportGoal, PropertyType


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw the part."""
    with st.container(border=True):
        frame.block_title("Identifier", "text, compared whole")
        st.caption("A row belongs to the profile whose property holds the same text. Leading zeros count.")
        left, right = st.columns(2, gap="small")
        with left:
            _draw_field(page, edit)
        with right:
            _draw_property(page, edit)
        _draw_example(page, edit)
    with st.container(border=True):
        frame.block_title("People who are not known yet")
        box = edit.key("create")
        st.checkbox(
            "Allow the creation of new profiles",
            edit.goal.create_profiles,
            key=box,
            disabled=not page.may_edit,
            on_change=take,
            args=(edit, box, lambda goal, said: replace(goal, create_profiles=said)),
        )
        st.caption(
            "Ticked: a row without a profile makes one. "
            "Not ticked: only profiles that exist are updated; such rows are counted as No match, not imported."
        )


def _link(goal: ImportGoal) -> Identifier:
    return goal.identifiers[0] if goal.identifiers else Identifier("", "")


def _put(goal: ImportGoal, link: Identifier) -> ImportGoal:
    return replace(goal, identifiers=(link,) if link.field or link.property else ())


def _with_field(goal: ImportGoal, said: str | None) -> ImportGoal:
    link = _link(goal)
    # A property of the same name is what most files want; it can be changed beside it.
    return _put(goal, Identifier(said or "", link.property or said or ""))


def _with_property(goal: ImportGoal, said: str | None) -> ImportGoal:
    return _put(goal, replace(_link(goal), property=(said or "").strip()))


def _draw_field(page: GoalPage, edit: Edit) -> None:
    key, known = edit.key("id_field"), _link(edit.goal).field
    columns = page.scan.columns if page.scan else ()
    options = [*columns, *([known] if known and known not in columns else [])]
    st.selectbox(
        "The file's field",
        options,
        index=options.index(known) if known in options else None,
        key=key,
        placeholder="Choose a field" if options else "Scan the folder first",
        disabled=not page.may_edit,
        accept_new_options=True,
        on_change=take,
        args=(edit, key, _with_field),
    )


def _draw_property(page: GoalPage, edit: Edit) -> None:
    # The field's choice may fill this one in, so its key carries the field.
    link = _link(edit.goal)
    key = f"{edit.key('id_property')}_{link.field}"
    unique = [item.name for item in page.properties if item.is_unique and item.type is PropertyType.TEXT]
    options = [*unique, *([link.property] if link.property and link.property not in unique else [])]
    st.selectbox(
        "is compared with the profile property",
        options,
        index=options.index(link.property) if link.property in options else None,
        key=key,
        placeholder="Choose, or type a new name",
        disabled=not page.may_edit,
        accept_new_options=True,
        help="Only properties whose values are unique can say whose row it is. A new name makes one.",
        on_change=take,
        args=(edit, key, _with_property),
    )


def _draw_example(page: GoalPage, edit: Edit) -> None:
    link = _link(edit.goal)
    values = [value for _, value in samples(page, link.field)][:3]
    columns = page.scan.columns if page.scan else ()
    if values:
        st.caption(f"For example {', '.join(plain(value or '(empty)') for value in values)}.")
    elif link.field and columns and link.field not in columns:
        st.warning(f"The newest file has no field {plain(link.field)}.", icon=":material/warning:")
