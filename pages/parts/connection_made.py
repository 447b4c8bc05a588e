"""The page after Create: where the connection looks, and the next thing to do."""

import streamlit as st

from engine.views.connections import ConnectionPage
from pages.parts import badges, frame
from pages.parts.plain import plain


def address(page: ConnectionPage) -> str:
    """Return the address of what the connection fetches: sftp://user@host:port/folder (requirement W36)."""
    server = page.connection.server
    folder = page.goals[0].folder if page.goals else "/"
    host = f"[{server.host}]" if ":" in server.host else server.host
    return f"{page.connection.method}://{server.username}@{host}:{server.port}{folder}"


def draw(page: ConnectionPage) -> None:
    """Draw the confirmation."""
    connection = page.connection
    frame.crumbs(("Connections", "connections_page.py"), here=connection.name)
    frame.title_row(connection.name, badges.of_connection(connection, None))
    with st.container(border=True):
        frame.block_title(":green[:material/check_circle:] The connection is made and turned on")
        st.markdown("Handoff fetches from")
        st.code(address(page), language=None, wrap_lines=True)
        goal = page.goals[0] if page.goals else None
        if goal:
            st.markdown(
                f"Files named **{plain(goal.files)}** are taken. "
                "Say which column fills which property; then it can run."
            )
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
            st.button(
                "Open the connection",
                key="open_connection",
                on_click=frame.go,
                args=("connection_page.py",),
                kwargs={"id": connection.connection_id},
            )
