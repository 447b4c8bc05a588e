"""One audience: who is in by which rule, what saving would change, and whom it is sent to."""

import streamlit as st

from engine.base.errors import HandoffError
from engine.views import audiences as view
from engine.views.audiences import AudiencePage, Preview
from pages.parts import (
    audience_edit,
    audience_links,
    audience_numbers,
    audience_rule,
    audience_table,
    frame,
    session,
)
from pages.parts.audience_edit import Edit
from pages.parts.badges import Badge

_LIST = ("Audiences", "audiences_page.py")
_LIVE_S = 1
_UNSAVED = Badge("unsaved changes", "orange", "edit")


def _draw_actions(page: AudiencePage, edit: Edit) -> None:
    audience = page.audience
    if audience is not None:
        st.button(
            "Delete",
            icon=":material/delete:",
            key="audience_delete",
            disabled=bool(page.links),
            help="Unlink its connectors first." if page.links else None,
            on_click=audience_table.ask_delete,
            args=(audience, page.members, ()),
        )
    st.button(
        "Save and recompute",
        type="primary",
        key="audience_save",
        disabled=audience is not None and not edit.is_changed(page),
        on_click=audience_edit.save,
        args=(edit,),
    )


def _badges(page: AudiencePage, edit: Edit) -> tuple[Badge, ...]:
    if page.audience is None:
        return ()
    state = audience_table.state_of(is_live=page.is_live, is_recomputing=page.is_recomputing)
    return (state, _UNSAVED) if page.may_edit and edit.is_changed(page) else (state,)


def _watch(audience_id: str, was: tuple[bool, int]) -> None:
    if view.going(session.desk(), session.caller(), audience_id) != was:
        st.rerun()  # draw the new figures, and stop looking once nothing moves


def _draw_editor(page: AudiencePage, edit: Edit) -> None:
    preview: Preview = view.preview(session.desk(), session.caller(), edit.audience_id, edit.rule)
    left, right = st.columns([5, 3], gap="small")
    with left:
        audience_rule.draw(page, edit, preview)
        audience_rule.draw_sample(preview)
    with right:
        if page.audience is not None:
            audience_numbers.draw_waterfall(page)
        audience_numbers.draw_if_saved(page, preview, is_changed=edit.is_changed(page))


def _draw_for_readers(page: AudiencePage) -> None:
    left, right = st.columns([5, 3], gap="small")
    with left:
        audience_rule.draw_fixed(page)
    with right:
        audience_numbers.draw_waterfall(page)


def _draw_page(page: AudiencePage) -> None:
    edit = audience_edit.of(page)
    title = page.audience.name if page.audience else "New audience"
    frame.crumbs(_LIST, here=title)
    with frame.title_row(title, _badges(page, edit)):
        if page.may_edit:
            _draw_actions(page, edit)
    frame.draw_refusal()
    if page.problem:
        frame.bar(page.problem)
    if page.may_edit:
        if audience_edit.was_changed_by_others(edit, page):
            st.warning(
                "Somebody saved this audience meanwhile; saving now replaces what they wrote.", icon=":material/group:"
            )
        _draw_editor(page, edit)
    else:
        _draw_for_readers(page)
    if page.audience is None:
        return
    audience_links.draw(page)
    audience_table.draw_question()
    is_going = any(page.going)
    st.fragment(_watch, run_every=_LIVE_S if is_going else None)(page.audience.audience_id, page.going)


def _draw() -> None:
    try:
        page = view.page(session.desk(), session.caller(), st.query_params.get("id"))
    except HandoffError as error:
        frame.crumbs(_LIST, here="Audience")
        frame.title_row("Audience")
        frame.draw_failure("the audience", str(error))
        return
    _draw_page(page)


if __name__ == "__main__":
    _draw()
