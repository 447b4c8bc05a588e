"""Part 3 of the goal page: which fields say whose row it is, what becomes of others, and when a run stops."""

from dataclasses import replace
from typing import Literal

import streamlit as st

from engine.views.goals import GoalPage
from pages.parts import frame, goal_action
from pages.parts.goal_edit import Edit, clearable, fields_of, samples, take
from pages.parts.plain import plain
from storage.records.goals import Identifier, ImportGoal, MatchRule, PropertyType

Head = Literal["visible", "collapsed"]
_LINKS_MAX = 8
_RULES = {MatchRule.IN_ORDER: "In order", MatchRule.ANY: "Any"}
_RULE_CAPTIONS = {
    MatchRule.IN_ORDER: (
        "The first identifier of the list that finds a profile decides. In the identifiers below it the profile "
        "follows the row; where one above it says something else than the profile, the row is rejected."
    ),
    MatchRule.ANY: "All identifiers count alike, and what a profile has already stays as it is.",
}
_BOTH_RULES = "A row that points to two profiles is rejected, and both are named. Empty identifiers are filled."


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw the part."""
    left, right = st.columns([3, 2], gap="small")
    with left:
        _draw_no_match(page, edit)
        with st.container(border=True):
            _draw_links(page, edit)
        if page.has_actions:
            goal_action.draw(page, edit)
    with right:
        with st.container(border=True):
            _draw_creation(page, edit)
        if not page.has_actions or edit.goal.row_key:
            # Actions are known by their own key.
            with st.container(border=True):
                _draw_row_key(page, edit)
        with st.container(border=True):
            _draw_limits(page, edit)


def _draw_no_match(page: GoalPage, edit: Edit) -> None:
    if page.no_match_run is None:
        return
    run_id, number = page.no_match_run
    fields = ", ".join(f"**{plain(link.field)}**" for link in edit.goal.identifiers)
    check = f" Check identifier: {fields}." if fields else ""
    st.warning(f"No row of run {number:,} matched a profile.{check}", icon=":material/warning:")
    frame.link(f"Run {number:,}", "run_page.py", {"id": run_id}, ":material/history:")


def _draw_links(page: GoalPage, edit: Edit) -> None:
    links = edit.goal.identifiers or (Identifier("", ""),)
    frame.block_title("Identifiers", "text, compared whole")
    st.caption("A row belongs to the profile whose property holds the same text. Leading zeros count.")
    if page.changes_actions:
        st.caption("These rows find their profile by the action that they change; identifiers may be left out.")
    for number, link in enumerate(links):
        _draw_link(page, edit, number, link, len(links))
    if page.may_edit and len(links) < _LINKS_MAX:
        st.button(
            "Add an identifier",
            icon=":material/add:",
            key="goal_link_add",
            disabled=not links[-1].field,
            help=None if links[-1].field else "Fill in the last one first.",
            on_click=_add,
            args=(edit,),
        )
    if len(links) > 1:
        _draw_rule(page, edit)


def _draw_link(page: GoalPage, edit: Edit, number: int, link: Identifier, count: int) -> None:
    head: Head = "visible" if number == 0 else "collapsed"
    with st.container(horizontal=True, vertical_alignment="bottom", gap="xsmall"):
        with st.container():
            _draw_field(page, edit, number, link, head)
        with st.container():
            _draw_property(page, edit, number, link, head)
        if page.may_edit and count > 1:
            for icon, name, step in (("arrow_upward", "up", -1), ("arrow_downward", "down", 1)):
                st.button(
                    f":material/{icon}:",
                    key=f"goal_link_{name}_{number}",
                    help=f"Move {name}",
                    disabled=not 0 <= number + step < count,
                    on_click=_move,
                    args=(edit, number, step),
                )
            st.button(
                ":material/close:",
                key=f"goal_link_remove_{number}",
                help="Remove",
                on_click=_remove,
                args=(edit, number),
            )
    _draw_example(page, link)


def _put(goal: ImportGoal, number: int, link: Identifier) -> ImportGoal:
    links = list(goal.identifiers)
    is_said = link.field or link.property or len(links) > 1
    links[number : number + 1] = [link] if is_said else []
    return replace(goal, identifiers=tuple(links))


def _link(goal: ImportGoal, number: int) -> Identifier:
    return goal.identifiers[number] if number < len(goal.identifiers) else Identifier("", "")


def _draw_field(page: GoalPage, edit: Edit, number: int, link: Identifier, head: Head) -> None:
    key = edit.key(f"id_field_{number}")
    options = fields_of(page, link.field)

    def change(goal: ImportGoal, said: str | None) -> ImportGoal:
        # A property of the same name is what most files want; it can be changed beside it.
        return _put(goal, number, Identifier(said or "", _link(goal, number).property or said or ""))

    st.selectbox(
        "The file's field",
        options,
        index=options.index(link.field) if link.field else None,
        key=key,
        placeholder="Choose a field" if options else "Scan the folder first",
        label_visibility=head,
        disabled=not page.may_edit,
        accept_new_options=True,
        on_change=take,
        args=(edit, key, change),
    )


def _draw_property(page: GoalPage, edit: Edit, number: int, link: Identifier, head: Head) -> None:
    # The field's choice may fill this one in, so its key carries the field.
    key = f"{edit.key(f'id_property_{number}')}_{link.field}"
    unique = [item.name for item in page.properties if item.is_unique and item.type is PropertyType.TEXT]
    options = list(dict.fromkeys([*unique, *([link.property] if link.property else [])]))
    st.selectbox(
        "is compared with the profile property",
        options,
        index=options.index(link.property) if link.property in options else None,
        key=key,
        placeholder="Choose, or type a new name",
        label_visibility=head,
        disabled=not page.may_edit,
        accept_new_options=True,
        help="Only properties whose values are unique can say whose row it is. A new name makes one.",
        on_change=take,
        args=(
            edit,
            key,
            lambda goal, said: _put(goal, number, replace(_link(goal, number), property=(said or "").strip())),
        ),
    )


def _draw_example(page: GoalPage, link: Identifier) -> None:
    values = [value for _, value in samples(page, link.field)][:3]
    columns = page.scan.columns if page.scan else ()
    if values:
        st.caption(f"For example {', '.join(plain(value or '(empty)') for value in values)}.")
    elif link.field and columns and link.field not in columns:
        st.warning(f"The newest file has no field {plain(link.field)}.", icon=":material/warning:")


def _add(edit: Edit) -> None:
    edit.goal = replace(edit.goal, identifiers=(*edit.goal.identifiers, Identifier("", "")))


def _remove(edit: Edit, number: int) -> None:
    links = edit.goal.identifiers
    edit.goal = replace(edit.goal, identifiers=(*links[:number], *links[number + 1 :]))
    # Other widgets, or each place would show what stood there before.
    edit.round += 1


def _move(edit: Edit, number: int, step: int) -> None:
    links = list(edit.goal.identifiers)
    links[number], links[number + step] = links[number + step], links[number]
    edit.goal = replace(edit.goal, identifiers=tuple(links))
    edit.round += 1


def _draw_rule(page: GoalPage, edit: Edit) -> None:
    key = edit.key("match")
    st.segmented_control(
        "Which identifier decides",
        list(MatchRule),
        default=edit.goal.match,
        required=True,
        format_func=_RULES.__getitem__,
        key=key,
        disabled=not page.may_edit,
        on_change=take,
        args=(edit, key, lambda goal, said: replace(goal, match=said or goal.match)),
    )
    st.caption(f"{_RULE_CAPTIONS[edit.goal.match]} {_BOTH_RULES}")


def _draw_creation(page: GoalPage, edit: Edit) -> None:
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


def _draw_row_key(page: GoalPage, edit: Edit) -> None:
    frame.block_title("Row key", "optional")
    key = edit.key("row_key")
    chosen = edit.goal.row_key
    st.multiselect(
        "Fields by which a row is known again",
        fields_of(page, *chosen),
        default=list(chosen),
        key=key,
        placeholder="Known by its whole content",
        disabled=not page.may_edit,
        accept_new_options=True,
        on_change=take,
        args=(edit, key, lambda goal, said: replace(goal, row_key=tuple(said or ()))),
    )
    st.caption(
        "With a key a row that changed is the same row, in whatever file it comes, and Sum adds the difference. "
        "Without one a changed row is a new row: Sum wants files that only grow, or a row key."
    )


def _draw_limits(page: GoalPage, edit: Edit) -> None:
    frame.block_title("Limits")
    for name, label, about in (
        (
            "rejected_percent_max",
            "Stop when more than … % of the rows are rejected",
            "Nothing of such a file is merged. Empty: any share is taken.",
        ),
        (
            "shrink_percent_max",
            "Stop and ask when more than … % of an audience would leave",
            "The file waits until somebody says that it is meant. Empty: nothing is asked.",
        ),
    ):
        key = clearable(edit.key(name), getattr(edit.goal, name))
        st.number_input(
            label,
            0.0,
            100.0,
            None,
            step=1.0,
            format="%g",
            key=key,
            placeholder="No limit",
            help=about,
            disabled=not page.may_edit,
            on_change=take,
            args=(edit, key, lambda goal, said, name=name: replace(goal, **{name: said})),
        )
