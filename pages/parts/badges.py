"""The badges: a state's word, its colour and its icon, the same on every page; only drawing."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

import streamlit as st
from streamlit.elements.lib.column_types import ColumnConfig

from storage.records.connections import Connection, ConnectionState, Method
from storage.records.partners import ConfigurationState
from storage.records.runs import Run, RunState

Color = Literal["red", "orange", "blue", "green", "violet", "gray"]


@dataclass(frozen=True)
class Badge:
    """One state on screen; icon is the name of a Material symbol."""

    word: str
    color: Color
    icon: str

    @property
    def markdown(self) -> str:
        """The badge inside a line of markdown."""
        return f":{self.color}-badge[:material/{self.icon}: {self.word}]"


NONE = Badge("None", "gray", "remove")
QUEUED = Badge("Queued", "gray", "schedule")
RUNNING = Badge("In progress", "blue", "progress_activity")
COMPLETED = Badge("Completed", "green", "check_circle")
FAILED = Badge("Failed", "red", "cancel")
CANCELLED = Badge("Cancelled", "gray", "block")
OFF = Badge("Off", "gray", "power_settings_new")
PAUSED = Badge("Paused", "red", "key_off")
REJECTS = Badge("Rejects", "orange", "rule")
REVERTED = Badge("Reverted", "violet", "undo")
SFTP = Badge("SFTP", "gray", "folder_managed")
FTPS = Badge("FTPS", "gray", "lan")
PLAIN_FTP = Badge("FTP, not encrypted", "orange", "lock_open")
EMAIL = Badge("Email", "gray", "mail")
ACTIVE = Badge("Active", "green", "check_circle")
DEACTIVATED = Badge("deactivated", "gray", "power_settings_new")
STOPPED = Badge("Stopped", "red", "key_off")
ADD = Badge("add", "green", "person_add")
REMOVE = Badge("remove", "blue", "person_remove")
VARIABLES = Badge("variables", "gray", "data_object")
MODIFY = Badge("modify", "green", "edit")

_OF_RUN = {
    RunState.QUEUED: QUEUED,
    RunState.RUNNING: RUNNING,
    RunState.COMPLETED: COMPLETED,
    RunState.FAILED: FAILED,
    RunState.CANCELLED: CANCELLED,
}
_OF_CONFIGURATION = {
    ConfigurationState.ACTIVE: ACTIVE,
    ConfigurationState.DEACTIVATED: DEACTIVATED,
    ConfigurationState.STOPPED: STOPPED,
}
CONFIGURATIONS = tuple(_OF_CONFIGURATION.values())
SIGNALS = (ADD, REMOVE, VARIABLES, MODIFY)
_ALL = (NONE, QUEUED, RUNNING, COMPLETED, FAILED, CANCELLED, OFF, PAUSED, REJECTS, REVERTED)


def run_state(state: RunState) -> Badge:
    """Return the badge of a run's state alone."""
    return _OF_RUN[state]


def of_configuration(state: ConfigurationState) -> Badge:
    """Return the badge of a configuration's state; the label of a deactivated one is lower case (L03)."""
    return _OF_CONFIGURATION[state]


def of_run(run: Run) -> tuple[Badge, ...]:
    """Return a run's badges: its state, and Rejects where rows were rejected."""
    return (run_state(run.state), REJECTS) if run.counts.rejected else (run_state(run.state),)


def of_connection(connection: Connection, newest_run: Run | None) -> tuple[Badge, ...]:
    """Return a connection's badges: off and paused win over how its newest run ended, not over one that goes."""
    is_going = newest_run is not None and newest_run.ended_at is None
    if connection.state is ConnectionState.PAUSED and not is_going:
        return (PAUSED,)
    if connection.state is ConnectionState.OFF and not is_going:
        return (OFF,)
    return of_run(newest_run) if newest_run is not None else (NONE,)


def of_method(connection: Connection) -> Badge:
    """Return the badge of how a connection's files travel; FTP without TLS stands out."""
    if connection.method is Method.FTP:
        return PLAIN_FTP if connection.details.plain_ftp else FTPS
    return SFTP if connection.method is Method.SFTP else EMAIL


def draw(badge: Badge) -> None:
    """Draw one badge."""
    st.badge(badge.word, icon=f":material/{badge.icon}:", color=badge.color)


def words(badges: Iterable[Badge]) -> list[str]:
    """Return the badges of one row as a cell of `column`."""
    return [badge.word for badge in badges]


def column(label: str, width: int, known: Sequence[Badge] = _ALL) -> ColumnConfig:
    """Return the column configuration that draws lists of badge words in their colours."""
    return st.column_config.MultiselectColumn(
        label, width=width, options=[badge.word for badge in known], color=[badge.color for badge in known]
    )
