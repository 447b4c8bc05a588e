"""Files of a run that a limit stopped: which, why, and the question before they are imported all the same."""

import streamlit as st

from engine.actions import runs as actions
from engine.views import runs as view
from engine.views.runs import RunPage
from pages.parts import frame, session, words
from pages.parts.plain import plain
from pages.parts.question import Question

_QUESTION = Question("run_importing_anyway")


def is_offered(page: RunPage) -> bool:
    """Say whether a file waits that this person could have imported."""
    return page.may_import_anyway and any(item.is_kept for item in page.stopped)


def draw_button(page: RunPage) -> None:
    """Draw the button; what it would do is asked first."""
    st.button(
        "Import anyway",
        icon=":material/gavel:",
        key="run_import_anyway",
        help="Imports what a limit of the goal stopped; asks first.",
        on_click=_QUESTION.ask,
        args=(page.run.run_id,),
    )


def draw(page: RunPage) -> None:
    """Draw the question, where it was asked for."""
    if _QUESTION.is_open(page.run.run_id):
        _draw_question(page.run.run_id)


@st.dialog("Import anyway", icon=":material/gavel:", on_dismiss=_QUESTION.close)
def _draw_question(run_id: str) -> None:
    with frame.loading("this run"):
        page = view.page(session.desk(), session.caller(), run_id)
        kept = [item for item in page.stopped if item.is_kept]
        for item in kept:
            st.markdown(f"**{plain(item.name)}**: {plain(item.reason)}")
        lost = len(page.stopped) - len(kept)
        if lost:
            is_not = "file is" if lost == 1 else "files are"
            st.caption(f"{words.count(lost)} more {is_not} not kept any more; have what is missing sent again.")
        st.markdown(
            "A new run imports what is named here without minding the limits, once. Its good rows change profiles, "
            "rejected rows stay out, and who leaves an audience is removed at its partners."
        )
        st.caption("The limits stay as they are for every other file. A run can be reverted afterwards.")
        label = f"Import {words.counted(len(kept), 'file')} anyway"
        if st.button(label, type="primary", key="run_import_anyway_yes", disabled=not kept):
            _QUESTION.close()
            new_run = frame.attempt(actions.import_anyway, run_id)
            if new_run is None:
                st.rerun()
            number = view.page(session.desk(), session.caller(), new_run).run.number
            frame.go("run_page.py", id=str(number))
