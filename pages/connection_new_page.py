"""The Connector wizard: a connection in five steps, kept as a draft at every change."""

from collections.abc import Callable

import streamlit as st

from engine.actions import drafts
from engine.base.errors import HandoffError
from engine.views import connections as connections_view
from engine.views import drafts as view
from engine.views.drafts import STEPS, DraftPage
from pages.parts import (
    connection_made,
    copy_credentials,
    frame,
    session,
    wizard_credentials,
    wizard_side,
    wizard_state,
    wizard_steps,
)
from pages.parts.badges import Badge
from pages.parts.plain import plain

_LIST = ("Connections", "connections_page.py")
_FORMS: dict[str, Callable[[DraftPage], None]] = {
    "Direction": wizard_steps.direction,
    "Type": wizard_steps.data_type,
    "Method": wizard_steps.method,
    "Credentials": wizard_credentials.draw,
    "Review": wizard_steps.review,
}
_DISCARDING = "wizard_discarding"


def _begin() -> None:
    draft_id = frame.attempt(drafts.begin)
    if draft_id:
        st.query_params.from_dict({"draft": draft_id})


def _discard(draft_id: str) -> None:
    st.session_state.pop(_DISCARDING, None)
    frame.attempt(drafts.discard, draft_id)
    frame.go("connections_page.py")


@st.dialog("Discard draft", on_dismiss=lambda: st.session_state.pop(_DISCARDING, None))
def _ask_discard(page: DraftPage) -> None:
    name = page.answers.get("name", "").strip()
    st.markdown(f"What you entered{f' for **{plain(name)}**' if name else ''} is thrown away. Nothing else was made.")
    if st.button("Discard draft", type="primary", key="discard_yes"):
        _discard(page.draft_id)


def _draw_step(page: DraftPage, step: str) -> None:
    number, current = STEPS.index(step), STEPS.index(page.step)
    is_reached = all(earlier in page.done for earlier in STEPS[:number])
    if step == page.step:
        label = f"**{step}** :gray[\u2002step {number + 1} of {len(STEPS)}]"
        with (
            st.expander(
                label, expanded=True, icon=":material/radio_button_checked:", type="step", key=f"step_now_{step}"
            ),
            st.container(border=True, key="wizard_form"),
        ):
            _FORMS[step](page)
            if step != STEPS[-1]:
                wizard_state.buttons(page)
    elif step in page.done and (number < current or is_reached):
        label = f"**{step}** :gray[\u2002{plain(page.summaries[step])}]"
        with st.expander(label, icon=":material/check_circle:", type="step", key=f"step_done_{step}"):
            st.button("Change", icon=":material/edit:", key=f"change_{step}", on_click=wizard_state.go, args=(step,))
    else:
        st.expander(f":gray[{step}]", icon=":material/radio_button_unchecked:", type="step", key=f"step_later_{step}")


def _draw_wizard(page: DraftPage) -> None:
    is_edit = "connection_id" in page.answers
    frame.crumbs(_LIST, here=page.answers.get("name", "") if is_edit else "New")
    saved = frame.when(page.changed_at, page.now).removeprefix("today ")
    badge = Badge(f"Draft saved {saved}", "gray", "cloud_done")
    with frame.title_row("Edit connection" if is_edit else "Create connection", (badge,)):
        st.button(
            "Discard draft",
            type="tertiary",
            key="wizard_discard",
            on_click=lambda: st.session_state.update({_DISCARDING: True}),
        )
    frame.draw_refusal()
    left, right = st.columns([5, 3], gap="small")
    with left:
        for step in STEPS:
            _draw_step(page, step)
    with right:
        wizard_side.draw(page)
    if st.session_state.get(_DISCARDING):
        _ask_discard(page)
    else:
        copy_credentials.draw()


def _draw_gone(sentence: str) -> None:
    frame.crumbs(_LIST, here="New")
    frame.title_row("Create connection")
    frame.bar(sentence, "draft")
    with st.container(horizontal=True):
        st.button("Start a new one", key="wizard_anew", on_click=_begin)
        st.button("Back to the list", key="wizard_to_list", on_click=frame.go, args=("connections_page.py",))


def _draw() -> None:
    try:
        made = st.query_params.get("made")
        if made:
            connection_made.draw(connections_view.page(session.desk(), session.caller(), made))
            return
        if not st.query_params.get("draft"):
            st.query_params["draft"] = drafts.begin(session.desk(), session.caller())
        wanted = st.query_params.get("step")
        page = view.page(session.desk(), session.caller(), st.query_params["draft"], wanted)
        # Named from now on: without it the step would change under the hands of whoever completes it.
        st.query_params["step"] = page.step
        _draw_wizard(page)
    except HandoffError as error:
        _draw_gone(str(error))


if __name__ == "__main__":
    _draw()
