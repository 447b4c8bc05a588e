"""One run: every row accounted for, its stages, and the rows that were rejected with their reasons."""

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from engine.actions import runs as actions
from engine.views import runs as view
from engine.views.runs import RunPage
from pages.parts import (
    badges,
    files_upload,
    frame,
    ledger,
    reasons,
    run_files,
    run_limit,
    run_rejects,
    run_revert,
    run_stages,
    session,
    words,
)
from pages.parts.badges import Badge
from pages.parts.plain import plain
from storage.records.runs import RunState, SkipReason

_POLL_S = 1.0


def _cancel(run_id: str) -> None:
    frame.attempt(actions.cancel, run_id)


def _run_again(connection_id: str) -> None:
    run_id = frame.attempt(actions.run_now, connection_id)
    if run_id:
        number = view.page(session.desk(), session.caller(), run_id).run.number
        st.query_params.from_dict({"id": str(number)})


def _draw_title(page: RunPage) -> DeltaGenerator:
    """Draw the title with what can be done; return the place of Revert, which is known last."""
    run = page.run
    shown = [badges.run_state(run.state), *run_revert.badges_of(page)]
    if run.counts.rejected:
        shown.append(Badge(f"{words.count(run.counts.rejected)} rejected", "orange", "rule"))
    with frame.title_row(f"Run {run.number:,}", tuple(shown)):
        if page.may_cancel:
            st.button(
                "Cancelling…" if page.is_cancelling else "Cancel",
                icon=":material/cancel:",
                key="run_cancel",
                disabled=page.is_cancelling,
                help="It stops at the next safe place; a merge that has begun ends whole or not at all."
                if page.is_cancelling
                else None,
                on_click=_cancel,
                args=(run.run_id,),
            )
        place = st.container(width="content")
        if run_limit.is_offered(page):
            run_limit.draw_button(page)
        if page.may_run and run.ended_at is not None:
            is_next = run.state in (RunState.FAILED, RunState.CANCELLED) and not run_limit.is_offered(page)
            st.button(
                "Run again",
                icon=":material/play_arrow:",
                type="primary" if is_next else "secondary",
                key="run_again",
                on_click=_run_again,
                args=(run.connection_id,),
            )
    took = words.duration(run_stages.took_s(run.started_at, run.ended_at, page.now))
    began = frame.when(run.started_at or run.queued_at, page.now)
    lasted = f"took {took}" if run.ended_at else f"going for {took}" if run.started_at else "waits for its turn"
    said = f"Started by {plain(run.started_by)} · {began} ({frame.zone_name()}) · {lasted}"
    again = f" · taken up {words.counted(run.attempt, 'time')}" if run.attempt > 1 else ""
    st.caption(f"{said}{again} · trace `{run.run_id}`")
    return place


def _draw_failure(page: RunPage) -> None:
    run = page.run
    if run.state is RunState.CANCELLED:
        st.info(f"{plain(run.error or 'Cancelled.')} {reasons.next_step('cancelled')}", icon=":material/block:")
    elif run.state is RunState.FAILED:
        st.error(
            f"{plain(run.error or 'It failed.')}\n\n{reasons.next_step(run.error_category)}",
            title=reasons.category(run.error_category),
            icon=":material/cancel:",
        )


def _draw_no_match(page: RunPage) -> None:
    if page.unmatched is None:
        return
    is_profile = page.unmatched is SkipReason.NO_MATCH
    fields = ", ".join(f"**{plain(name)}**" for name in (page.identifiers if is_profile else page.keys))
    check = f" Check {'identifier' if is_profile else 'the key'}: {fields}." if fields else ""
    st.warning(f"No row matched {'a profile' if is_profile else 'an action'}.{check}", icon=":material/warning:")


def _draw_mends(page: RunPage) -> None:
    """Draw the runs whose rejects this one mends, and those that mend its own."""
    linked = (("Mends the rejected rows of", page.mends), ("Its rejected rows were mended by", page.mended_by))
    for said, numbers in linked:
        if numbers:
            with st.container(horizontal=True, vertical_alignment="center", gap="xsmall"):
                st.caption(said, width="content")
                for number in numbers:
                    frame.link(f"Run {number}", "run_page.py", {"id": str(number)}, ":material/build:")


def _draw_ended(page: RunPage) -> None:
    run = page.run
    _draw_failure(page)
    run_revert.draw_state(page)
    _draw_mends(page)
    _draw_no_match(page)
    if page.is_delivery:
        _draw_delivery(page)
        return
    with st.container(border=True):
        ledger.draw(run.counts, is_off=run.error_category == "ledger")
        if run.state is RunState.COMPLETED and not run.counts.read and run.counts.files_unchanged:
            st.caption("No row was read: the files and the mapping are as the last import left them.")
    left, right = st.columns([1, 2], gap="small")
    with left.container(border=True):
        run_stages.draw(run, page.stages, page.now)
    with right.container(border=True):
        run_rejects.draw(page)
    run_files.draw(page)


def _draw_delivery(page: RunPage) -> None:
    with st.container(border=True):
        brought = words.counted(page.run.counts.files_taken, "file was delivered", "files were delivered")
        st.markdown(f"**{brought[:1].upper() + brought[1:]}.**")
        run_stages.draw(page.run, page.stages, page.now)
    run_files.draw(page)


def _draw_going(page: RunPage) -> None:
    stage = view.going_stage(page.stages)
    with st.container(border=True):
        frame.block_title(stage.name if stage else "Queued")
        st.progress(run_stages.share(stage), text=plain(run_stages.progress_text(stage)))
        st.caption(
            "Leaving this page does not stop it. "
            + (
                "The partner sees a file once all of it is there."
                if page.is_delivery
                else "Nothing of a file is changed before all of it is merged."
            )
        )
    with st.container(border=True):
        run_stages.draw(page.run, page.stages, page.now)


@st.fragment(run_every=_POLL_S)
def _draw_live(run_id: str) -> None:
    with frame.loading("this run"):
        page = view.page(session.desk(), session.caller(), run_id)
        if page.run.ended_at is not None:
            st.rerun()
        _draw_title(page)
        frame.draw_refusal()
        _draw_going(page)


def _draw_dialog(page: RunPage) -> None:
    # One at a time: a dialog covers the buttons that open the others.
    files_upload.draw()
    run_revert.draw(page)
    run_limit.draw(page)


def _draw() -> None:
    run_id = st.query_params.get("id", "")
    with frame.loading("this run"):
        page = view.page(session.desk(), session.caller(), run_id)
        name = page.run.connection_name or "Deleted connection"
        connection = (name, "connection_page.py", {"id": page.run.connection_id})
        frame.crumbs(("Runs", "runs_page.py"), connection, here=f"Run {page.run.number:,}")
        if page.run.ended_at is None:
            _draw_live(page.run.run_id)
        else:
            place = _draw_title(page)
            frame.draw_refusal()
            _draw_ended(page)
            _draw_dialog(page)
            # Last, because comparing with all later runs may take seconds; the page is there meanwhile.
            run_revert.draw_button(page, place)


if __name__ == "__main__":
    _draw()
