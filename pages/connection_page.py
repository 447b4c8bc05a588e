"""One connection: turn it on and off, run it, watch it, and see what its runs did."""

import streamlit as st

from engine.actions import connections as actions
from engine.actions import runs
from engine.base.errors import HandoffError
from engine.views import connections as view
from engine.views.connections import ConnectionPage
from pages.parts import (
    badges,
    connection_blocks,
    connection_files,
    connection_flow,
    connection_goals,
    connection_sign_in,
    connection_table,
    files_upload,
    frame,
    session,
)
from storage.records.connections import ConnectionState, Direction

_LIST = ("Connections", "connections_page.py")
_LIVE_S = 1
_ON = "connection_on"


def _turn(connection_id: str) -> None:
    frame.attempt(actions.set_on, connection_id, is_on=st.session_state[_ON])


def _draw_actions(page: ConnectionPage) -> None:
    connection = page.connection
    is_on = connection.state is not ConnectionState.OFF
    # Set before it is drawn: the list's menu and other people turn connections on and off too.
    st.session_state[_ON] = is_on
    st.toggle(
        "On" if is_on else "Off",
        key=_ON,
        disabled=not page.may_edit,
        help=None if page.may_edit else "Your role may not turn connections on and off.",
        on_change=_turn,
        args=(connection.connection_id,),
    )
    if connection.direction is Direction.OUTBOUND and page.may_send:
        files_upload.send_button(connection.connection_id, connection.name, is_primary=True, is_off=not is_on)
    elif page.may_run:
        st.button(
            "Run now",
            type="primary",
            icon=":material/play_arrow:",
            key="run_now",
            disabled=page.not_ready is not None,
            help=page.not_ready,
            on_click=frame.attempt,
            args=(runs.run_now, connection.connection_id),
        )


def _draw_paused(page: ConnectionPage) -> None:
    if page.connection.state is ConnectionState.PAUSED:
        frame.bar(f"Paused: {page.connection.paused_reason}", "key_off")
        if page.may_edit:
            st.button(
                "Check the host key",
                icon=":material/key:",
                key="edit_paused",
                on_click=connection_table.edit,
                args=(page.connection.connection_id, "Credentials"),
            )


def _draw_live(connection_id: str, *, was_going: bool) -> None:
    with frame.loading("the run history"):
        page = view.page(session.desk(), session.caller(), connection_id)
        if (page.going is not None) != was_going:
            st.rerun()  # begin to look every second, or stop it
        connection_blocks.going(page)
        connection_files.draw(page.connection)
        connection_blocks.history(page)


def _draw_page(page: ConnectionPage) -> None:
    connection = page.connection
    newest = next(iter(page.runs), None)
    frame.crumbs(_LIST, here=connection.name)
    with frame.title_row(connection.name, (badges.of_method(connection), *badges.of_connection(connection, newest))):
        _draw_actions(page)
    frame.draw_refusal()
    _draw_paused(page)
    left, right = st.columns([1, 3], gap="small")
    with left:
        connection_goals.draw(page)
    with right:
        connection_flow.draw(page)
        first, second = st.columns(2, gap="small")
        with first:
            connection_blocks.exchange(page)
        with second:
            connection_blocks.schedule(page)
        connection_sign_in.draw(page)
    is_going = page.going is not None
    st.fragment(_draw_live, run_every=_LIVE_S if is_going else None)(connection.connection_id, was_going=is_going)
    files_upload.draw()


def _draw() -> None:
    try:
        page = view.page(session.desk(), session.caller(), st.query_params.get("id", ""))
    except HandoffError as error:
        frame.crumbs(_LIST, here="Connection")
        frame.title_row("Connection")
        frame.draw_failure("the connection", str(error))
        return
    _draw_page(page)


if __name__ == "__main__":
    _draw()
