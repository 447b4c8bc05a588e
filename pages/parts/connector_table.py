"""The table of configured connectors: what its cells say, and its row menu."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.actions import configurations as actions
from engine.views.connectors import ConnectorLine, ConnectorList
from pages.parts import badges, connector_dialogs, frame, words
from storage.records.partners import ConfigurationState

EDIT = ":material/edit: Edit"
OPEN = ":material/open_in_new: Open"
STATISTICS = ":material/bar_chart: Statistics"
DEACTIVATE = ":material/power_settings_new: Deactivate"
ACTIVATE = ":material/power_settings_new: Activate"
DELETE = ":material/delete: Delete"
_TABLE, _MENU, _SHOWN = "connectors_table", "connectors_menu", "connectors_shown"
_ROW_HEIGHT = 38
_HUNDRED, _RATE_MAX = 100, 5.0
_WIDTHS = {"Name": 226, "State": 104, "Signals": 132, "Used by": 124, "n": 76, "Error rate": 112, "menu": 44}


def menu_of(line: ConnectorLine, page: ConnectorList) -> list[str]:
    """Return what this caller can do with one configuration; pure."""
    switch = DEACTIVATE if line.configuration.state is ConfigurationState.ACTIVE else ACTIVATE
    return [
        EDIT if page.may_edit else OPEN,
        STATISTICS,
        *([switch] if page.may_switch else []),
        *([DELETE] if page.may_edit else []),
    ]


def used_by(line: ConnectorLine) -> str:
    """Return who sends to a configuration: the audience's name, their number, or "not used"; pure."""
    if not line.used_by:
        return "not used"
    return line.used_by[0] if len(line.used_by) == 1 else words.counted(len(line.used_by), "audience")


def draw(page: ConnectorList, lines: Sequence[ConnectorLine]) -> None:
    """Draw the table."""
    config = st.column_config
    table = pd.DataFrame(
        {
            "Name": [words.account(line.partner.short_name, line.configuration.name) for line in lines],
            "State": [[badges.of_configuration(line.configuration.state).word] for line in lines],
            "Signals": [list(line.partner.can) for line in lines],
            "Used by": [used_by(line) for line in lines],
            "Sent": [line.counts.sent for line in lines],
            "Removed": [line.counts.removed for line in lines],
            "Waiting": [line.counts.waiting for line in lines],
            "Error rate": [_HUNDRED * line.counts.error_rate for line in lines],
            "menu": [menu_of(line, page) for line in lines],
        }
    )
    number = {
        name: config.NumberColumn(width=_WIDTHS["n"], format="localized", help=about)
        for name, about in (
            ("Sent", "Profiles that the partner took in these days."),
            ("Removed", "Profiles that the partner took out in these days."),
            ("Waiting", "Messages without an answer yet; those of a deactivated connector are held."),
        )
    }
    st.dataframe(
        table,
        key=_TABLE,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        on_select=_on_cell,
        selection_mode="single-cell",
        column_config={
            "Name": config.TextColumn("Partner · configuration", width=_WIDTHS["Name"]),
            "State": badges.column("State", _WIDTHS["State"], badges.CONFIGURATIONS),
            "Signals": badges.column("Signals", _WIDTHS["Signals"], badges.SIGNALS),
            "Used by": config.TextColumn(width=_WIDTHS["Used by"]),
            **number,
            "Error rate": config.ProgressColumn(
                width=_WIDTHS["Error rate"],
                format="%.1f %%",
                min_value=0.0,
                max_value=_RATE_MAX,
                color="red",
                help="Errors of all messages that were answered in these days; the bar is full at 5 %.",
            ),
            "menu": config.ButtonColumn("", width=_WIDTHS["menu"], key=_MENU, on_click=_on_menu, args=(tuple(lines),)),
        },
        alt="Connectors with state, signals, audiences, messages and error rate; a menu in each row.",
    )
    st.session_state[_SHOWN] = [line.configuration.configuration_id for line in lines]


def act(label: str, line: ConnectorLine) -> None:
    """Do what one line's menu says."""
    configuration = line.configuration
    if label in (EDIT, OPEN):
        frame.go("connector_page.py", id=configuration.configuration_id)
    elif label == STATISTICS:
        frame.go("statistics_page.py", configuration=configuration.configuration_id)
    elif label == DEACTIVATE:
        connector_dialogs.ask_deactivate(configuration)
    elif label == ACTIVATE:
        frame.attempt_anew(actions.activate, configuration.configuration_id)
    elif label == DELETE:
        connector_dialogs.ask_delete(configuration)


def _on_menu(lines: tuple[ConnectorLine, ...]) -> None:
    click = st.session_state.get(_MENU)
    if click and 0 <= click["row"] < len(lines):
        act(click["label"], lines[click["row"]])


def _on_cell() -> None:
    # A name leads to its configuration; the other cells only mark themselves.
    cells = st.session_state[_TABLE]["selection"]["cells"]
    shown = st.session_state.get(_SHOWN, [])
    if cells and cells[0][1] == "Name" and cells[0][0] < len(shown):
        frame.go("connector_page.py", id=shown[cells[0][0]])
