"""What the wizard's widgets share: each change goes into the draft at once, problems stand under their field."""

from collections.abc import Callable
from typing import Any

import streamlit as st

from engine.actions import drafts
from engine.views import drafts as view
from engine.views.drafts import STEPS, DraftPage
from pages.parts import frame, session
from pages.parts.plain import plain

_TRIED = "wizard_tried"
_CHOICES = ("direction", "data_type", "method", "methodology", "files_kind", "credential_choice", "credential_kind")


def key(field: str) -> str:
    """Return the key of a field's widget."""
    return f"wizard_{field}"


def keep(draft_id: str, field: str, tidy: Callable[[Any], Any] | None = None) -> None:
    """Save one field's widget into the draft; for on_change."""
    value = st.session_state[key(field)]
    if value is None and field in _CHOICES:
        return  # a choice cannot be taken back, only made anew
    frame.attempt(drafts.save, draft_id, {field: tidy(value) if tidy else value})


def keep_text(draft_id: str, field: str) -> None:
    """Save one text field without the blanks around it; for on_change."""
    keep(draft_id, field, lambda text: str(text or "").strip())


def text(page: DraftPage, field: str, label: str, **options: Any) -> None:
    """Draw one text field of the draft, with its problem below."""
    st.text_input(
        label,
        value=str(page.answers.get(field) or ""),
        key=key(field),
        on_change=keep_text,
        args=(page.draft_id, field),
        **options,
    )
    problem(page, field)


def problem(page: DraftPage, field: str) -> None:
    """Draw what is wrong with a field: once somebody tried to go on, or where what stands there is wrong."""
    sentence = page.problems.get(field)
    is_given = page.answers.get(field) not in (None, "", False, [])
    if sentence and (is_given or st.session_state.get(_TRIED) == page.step):
        st.markdown(f":red[:material/error: {plain(sentence)}]")


def go(step: str) -> None:
    """Show a step; for on_click."""
    st.session_state.pop(_TRIED, None)
    st.query_params["step"] = step


def go_on(draft_id: str, step: str) -> None:
    """Leave a step forwards, unless something in it is wrong; for on_click."""
    page = frame.attempt(view.page, draft_id, step)
    if page is None:
        return
    if page.step != step or page.problems:
        st.session_state[_TRIED] = page.step
        return
    go(STEPS[STEPS.index(step) + 1])


def buttons(page: DraftPage) -> None:
    """Draw Back and Next below a step's form."""
    number = STEPS.index(page.step)
    tried = st.session_state.get(_TRIED) == page.step and page.problems
    with st.container(horizontal=True, vertical_alignment="center"):
        if number:
            back(page)
        st.space("stretch")
        if tried:
            count = len(page.problems)
            st.markdown(
                f":red[{count} field{'s need' if count > 1 else ' needs'} attention]",
                width="content",
            )
        following = STEPS[number + 1]
        st.button(
            f"Next: {following.lower()}",
            type="primary",
            icon=":material/arrow_forward:",
            icon_position="right",
            key="wizard_next",
            on_click=go_on,
            args=(page.draft_id, page.step),
        )


def back(page: DraftPage) -> None:
    """Draw Back."""
    previous = STEPS[STEPS.index(page.step) - 1]
    st.button("Back", icon=":material/arrow_back:", key="wizard_back", on_click=go, args=(previous,))


def read(draft_id: str, step: str) -> DraftPage:
    """Read the draft again, inside a fragment."""
    return view.page(session.desk(), session.caller(), draft_id, step)
