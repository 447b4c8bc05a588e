"""The newest files of a connection, in or out, with a way to all of them."""

import pandas as pd
import streamlit as st

from engine.views import files as view
from engine.views.files import Asked, FileLine, FileList
from pages.parts import badges, files_badges, frame, session, words
from pages.parts.plain import plain
from storage.records.connections import Connection, Direction
from storage.records.exchange import FileState

_SHOWN = 5
_ROW_HEIGHT = 36


def draw(connection: Connection) -> None:
    """Draw the block, inside the part of the page that is drawn anew while something goes on."""
    page = view.listed(session.desk(), session.caller(), Asked(connection_id=connection.connection_id), 0, _SHOWN)
    with st.container(border=True, key="latest_files"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("Latest files", width="content", anchor=False)
            st.space("stretch")
            if page.total:
                frame.link(
                    f"All {words.counted(page.total, 'file')}",
                    "files_page.py",
                    {"connection": connection.connection_id},
                    ":material/draft:",
                )
        if not page.lines:
            st.markdown("**No file yet.**")
            st.caption(_how(connection))
            return
        _table(page, is_out=connection.direction is Direction.OUTBOUND)
        failed = next((line for line in page.lines if line.file.state is FileState.FAILED), None)
        if failed is not None and failed.file.reason:
            st.markdown(f":red[:material/cancel: {plain(files_badges.name(failed.file))}: {plain(failed.file.reason)}]")


def _how(connection: Connection) -> str:
    if connection.direction is Direction.OUTBOUND:
        return "Send a file, and it goes to the partner."
    return "It appears here as soon as the partner sends it." if connection.is_hosted else "Run now fetches files."


def _table(page: FileList, *, is_out: bool) -> None:
    lines = page.lines
    data = {
        "Name": [files_badges.name(line.file) for line in lines],
        "State": [[files_badges.of(line.file.state).word] for line in lines],
        "First seen": [frame.when(line.file.first_seen_at, page.now) for line in lines],
        "Size": [files_badges.size(line.file) for line in lines],
    }
    if not is_out:
        data["Rows"] = [_counted(line, line.file.rows_total) for line in lines]
        data["Errors"] = [_counted(line, line.file.rows_errors) for line in lines]
    st.dataframe(
        pd.DataFrame(data),
        hide_index=True,
        placeholder=words.UNKNOWN,
        row_height=_ROW_HEIGHT,
        height="content",
        column_config={
            # Narrow enough that a phone shows the state beside it.
            "Name": st.column_config.TextColumn(width=210),
            "State": badges.column("State", 120, files_badges.ALL),
            "First seen": st.column_config.TextColumn(width=120),
            "Size": st.column_config.TextColumn(width=90, alignment="right"),
            "Rows": st.column_config.NumberColumn(width=90, format="localized"),
            "Errors": st.column_config.NumberColumn(width=90, format="localized"),
        },
        alt="The newest files of this connection with state, time, size and rows.",
    )


def _counted(line: FileLine, number: int) -> int | None:
    return number if line.file.state in (FileState.COMPLETE, FileState.FAILED) else None
