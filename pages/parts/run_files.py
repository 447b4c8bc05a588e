"""The files of a run: what it took, or brought to a partner, each with its state; a name leads to the file."""

import pandas as pd
import streamlit as st

from engine.views import files as view
from engine.views.files import FileLine
from engine.views.runs import RunPage
from pages.parts import badges, files_badges, frame, session, words
from pages.parts.plain import plain
from storage.records.exchange import FileState

_TABLE = "run_files"
_ROW_HEIGHT = 36


def draw(page: RunPage) -> None:
    """Draw the block, where the run has files and the caller may see them."""
    lines = view.of_run(session.desk(), session.caller(), page.run.run_id) if page.may_see_files else ()
    if not lines:
        return
    with st.container(border=True):
        frame.block_title("Files", words.counted(len(lines), "file"))
        _draw_table(lines, is_delivery=page.is_delivery)
        for line in lines:
            if line.file.reason and line.file.state is FileState.FAILED:
                st.markdown(
                    f":red[:material/cancel:] **{plain(files_badges.name(line.file))}**: {plain(line.file.reason)}"
                )


def _draw_table(lines: tuple[FileLine, ...], *, is_delivery: bool) -> None:
    config = st.column_config
    data = {
        "Name": [files_badges.name(line.file) for line in lines],
        "State": [[files_badges.of(line.file.state).word] for line in lines],
        "Size": [files_badges.size(line.file) for line in lines],
        "Total": [line.file.rows_total for line in lines],
        "OK": [line.file.rows_ok for line in lines],
        "Errors": [line.file.rows_errors for line in lines],
        "open": [":material/open_in_new:"] * len(lines),
    }
    if is_delivery:
        for name in ("Total", "OK", "Errors"):
            del data[name]
    st.dataframe(
        pd.DataFrame(data),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        column_config={
            # Narrow enough that a phone shows the state beside it.
            "Name": config.TextColumn(width=210),
            "State": badges.column("State", 120, files_badges.ALL),
            "Size": config.TextColumn(width=140),
            "Total": config.NumberColumn(width=136, format="localized"),
            "OK": config.NumberColumn(width=136, format="localized"),
            "Errors": config.NumberColumn(width=136, format="localized"),
            "open": config.ButtonColumn(
                "", width=44, type="tertiary", key=_TABLE, on_click=_on_open, args=(lines,), help="The file"
            ),
        },
        alt="The run's files with state, size and rows; a button in each row opens the file.",
    )


def _on_open(lines: tuple[FileLine, ...]) -> None:
    click = st.session_state.get(_TABLE)
    if click and click["row"] < len(lines):
        frame.go("files_page.py", id=lines[click["row"]].file.file_id)
