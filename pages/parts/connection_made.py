"""The page after Create: the address of what the connection reads or writes, and the next thing to do."""

import streamlit as st

from engine.views.connections import ConnectionPage
from pages.parts import badges, copy_button, files_upload, frame
from pages.parts.plain import plain
from storage.records.connections import Direction, Method


def draw(page: ConnectionPage) -> None:
    """Draw the confirmation."""
    connection = page.connection
    frame.crumbs(("Connections", "connections_page.py"), here=connection.name)
    frame.title_row(connection.name, (badges.of_method(connection), *badges.of_connection(connection, None)))
    frame.draw_refusal()
    with st.container(border=True):
        frame.block_title(":green[:material/check_circle:] The connection is made and turned on")
        st.markdown(_where(page))
        with st.container(horizontal=True, vertical_alignment="center"):
            st.code(page.uri, language=None, wrap_lines=True, width="stretch")
            copy_button.draw(page.ours.address or page.uri, key="copy_uri")
        goal = page.goals[0] if page.goals and page.may_map else None
        if goal:
            named = f"Files named **{plain(goal.files)}** are taken." if goal.files else "Every file is taken."
            st.markdown(f"{named} Say which column fills which property; then it can import.")
        with st.container(horizontal=True):
            if goal:
                st.button(
                    "Map columns",
                    type="primary",
                    icon=":material/arrow_forward:",
                    icon_position="right",
                    key="map_columns",
                    on_click=frame.go,
                    args=("goal_page.py",),
                    kwargs={"id": goal.goal_id},
                )
            if connection.direction is Direction.OUTBOUND and page.may_send:
                files_upload.send_button(connection.connection_id, connection.name, is_primary=True)
            st.button(
                "Open the connection",
                key="open_connection",
                on_click=frame.go,
                args=("connection_page.py",),
                kwargs={"id": connection.connection_id},
            )
    files_upload.draw()


def _where(page: ConnectionPage) -> str:
    connection = page.connection
    if connection.is_hosted and connection.method is Method.EMAIL:
        return "The partner mails files to"
    if connection.is_hosted:
        verb = "puts files into" if connection.direction is Direction.INBOUND else "fetches files from"
        return f"The partner {verb}"
    if connection.direction is Direction.OUTBOUND:
        return "Handoff mails files to" if connection.method is Method.EMAIL else "Handoff puts files into"
    return "Handoff fetches from"
