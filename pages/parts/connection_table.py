"""The table of connections: what its cells say, its row menu, and the question before a delete."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.actions import connections as actions
from engine.actions import drafts, runs
from engine.views.connections import ConnectionLine, ConnectionList
from engine.views.drafts import WORDS, methodology_word
from pages.parts import badges, frame
from pages.parts.plain import plain
from storage.records.connections import ConnectionState, Direction

EDIT = ":material/edit: Edit"
HISTORY = ":material/history: View history"
RUN = ":material/play_arrow: Run now"
TURN_OFF = ":material/power_settings_new: Turn off"
TURN_ON = ":material/power_settings_new: Turn on"
DELETE = ":material/delete: Delete"
OPEN = ":material/open_in_new:"
_TABLE, _MENU, _DELETING = "connections_table", "connections_menu", "connections_deleting"
_WAYS = {Direction.INBOUND: "→ In", Direction.OUTBOUND: "← Out"}
_ROW_HEIGHT = 38
_WIDTHS = {"Name": 186, "Direction": 70, "Type": 152, "Method": 176, "Last active": 112, "Rows": 92, "menu": 44}
_WIDTH_STATUS = 146


def menu_of(line: ConnectionLine, page: ConnectionList) -> list[str]:
    """Return what this caller can do with one connection; pure."""
    if not page.may_edit:
        return [OPEN]
    entries = [EDIT, HISTORY, *([RUN] if page.may_run else [])]
    entries.append(TURN_ON if line.connection.state is ConnectionState.OFF else TURN_OFF)
    # A connection with runs is kept: their history would lose its name.
    return [*entries, DELETE] if line.newest_run is None else entries


def last_active(line: ConnectionLine, page: ConnectionList) -> str:
    """Return "now", "never" or when the newest run ended."""
    run = line.newest_run
    if run is None:
        return "never"
    return "now" if run.ended_at is None else frame.when(run.ended_at, page.now)


def draw(page: ConnectionList, lines: Sequence[ConnectionLine]) -> None:
    """Draw the table, and the question that its menu asked for."""
    table = pd.DataFrame(
        {
            "Name": [line.connection.name for line in lines],
            "Direction": [_WAYS[line.connection.direction] for line in lines],
            "Type": [WORDS[line.connection.data_type] for line in lines],
            "Method": [_method(line) for line in lines],
            "Status": [badges.words(badges.of_connection(line.connection, line.newest_run)) for line in lines],
            "Last active": [last_active(line, page) for line in lines],
            "Rows": [list(line.rows_by_day) for line in lines],
            "menu": [menu_of(line, page) for line in lines],
        }
    )
    config = st.column_config
    st.dataframe(
        table,
        key=_TABLE,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        on_select=_on_cell,
        selection_mode="single-cell",
        column_config={
            "Name": config.TextColumn(width=_WIDTHS["Name"]),
            "Direction": config.TextColumn(width=_WIDTHS["Direction"]),
            "Type": config.TextColumn(width=_WIDTHS["Type"]),
            "Method": config.TextColumn("Method · methodology", width=_WIDTHS["Method"]),
            "Status": badges.column("Status", _WIDTH_STATUS),
            "Last active": config.TextColumn(width=_WIDTHS["Last active"]),
            "Rows": config.BarChartColumn("Rows, 7 days", width=_WIDTHS["Rows"], y_min=0, color="gray"),
            "menu": config.ButtonColumn("", width=_WIDTHS["menu"], key=_MENU, on_click=_on_menu, args=(tuple(lines),)),
        },
        alt="Connections with direction, type, method, status and rows; a menu in each row.",
    )
    st.session_state["connections_shown"] = [line.connection.connection_id for line in lines]
    if _DELETING in st.session_state:
        _ask_delete(*st.session_state[_DELETING])


def act(label: str, connection_id: str, name: str) -> None:
    """Do what one line's menu says."""
    if label == EDIT:
        edit(connection_id)
    elif label in (HISTORY, OPEN):
        frame.go("connection_page.py", id=connection_id)
    elif label == RUN:
        frame.attempt_anew(runs.run_now, connection_id)
    elif label in (TURN_ON, TURN_OFF):
        frame.attempt_anew(actions.set_on, connection_id, is_on=label == TURN_ON)
    elif label == DELETE:
        st.session_state[_DELETING] = (connection_id, name)


def edit(connection_id: str, step: str = "Review") -> None:
    """Open the wizard with a connection's values."""
    draft_id = frame.attempt(drafts.begin_edit, connection_id)
    if draft_id:
        frame.go("connection_new_page.py", draft=draft_id, step=step)


def _method(line: ConnectionLine) -> str:
    connection = line.connection
    return f"{badges.of_method(connection).word} · {methodology_word(connection.direction, connection.methodology)}"


def _on_menu(lines: tuple[ConnectionLine, ...]) -> None:
    click = st.session_state.get(_MENU)
    if click and 0 <= click["row"] < len(lines):
        connection = lines[click["row"]].connection
        act(click["label"], connection.connection_id, connection.name)


def _on_cell() -> None:
    # A name leads to its connection; the other cells only mark themselves.
    cells = st.session_state[_TABLE]["selection"]["cells"]
    shown = st.session_state.get("connections_shown", [])
    if cells and cells[0][1] == "Name" and cells[0][0] < len(shown):
        frame.go("connection_page.py", id=shown[cells[0][0]])


@st.dialog("Delete connection", on_dismiss=lambda: st.session_state.pop(_DELETING, None))
def _ask_delete(connection_id: str, name: str) -> None:
    st.markdown(f"**{plain(name)}** never ran. Its server, credentials and mapping are deleted.")
    if st.button(f"Delete {plain(name)}", type="primary", key="delete_yes"):
        st.session_state.pop(_DELETING, None)
        frame.attempt(actions.delete, connection_id)
        st.rerun()
