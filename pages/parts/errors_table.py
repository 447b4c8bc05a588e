"""The table of failures in groups: connector, category, code, how many, and how it stands with them now."""

import pandas as pd
import streamlit as st

from engine.views.failures import FailureList, GroupLine
from pages.parts import badges, category, errors_drawer, frame, words

_OPEN = ":material/arrow_forward:"
_TABLE = "errors_table"
_ROW_HEIGHT = 36
_ROWS_MAX = 15
_HEADER_HEIGHT = 35


def now_words(line: GroupLine) -> str:
    """Return how it stands with a group: waiting, recovered, failed again, outcome unknown, not replayed; pure."""
    group = line.group
    said = [f"{words.count(group.going)} waiting"] if group.going else []
    if group.recovered:
        said.append(f"recovered {words.count(group.recovered)} of {words.count(group.count)}")
    elif group.open_count < group.count and not group.going:
        said.append("replayed, not recovered")
    if group.open_count:
        rest = words.count(group.open_count) + " " if group.open_count < group.count else ""
        said.append(rest + ("outcome unknown" if group.unknown else "not replayed"))
    return " · ".join(said)


def draw(page: FailureList) -> None:
    """Draw the table; a button in each row opens the drawer."""
    lines = page.lines
    config = st.column_config
    is_long = len(lines) > _ROWS_MAX
    st.dataframe(
        pd.DataFrame(
            {
                "Connector": [f"{line.name} (deleted)" if line.is_deleted else line.name for line in lines],
                "Category": [[category.look(line.group.category).word] for line in lines],
                "Partner code": [line.group.code or None for line in lines],
                "Profiles": [line.group.count for line in lines],
                "Last": [frame.when(line.group.last_at, page.now) for line in lines],
                "Now": [now_words(line) for line in lines],
                "open": [_OPEN] * len(lines),
            }
        ),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height=_HEADER_HEIGHT + _ROWS_MAX * _ROW_HEIGHT if is_long else "content",
        placeholder="–",  # noqa: RUF001 - the dash for what is not known
        column_config={
            "Connector": config.TextColumn(width=196),
            "Category": badges.column("Category", 146, category.ERROR_BADGES),
            "Partner code": config.TextColumn(width=150),
            "Profiles": config.NumberColumn(width=84, format="localized"),
            "Last": config.TextColumn(width=120),
            "Now": config.TextColumn(width=236),
            "open": config.ButtonColumn(
                "", width=44, type="tertiary", key=_TABLE, on_click=_on_open, args=(lines,), help="What happened"
            ),
        },
        alt="Failures by connector, category and code, with how many profiles, when last and how it stands now.",
    )


def _on_open(lines: tuple[GroupLine, ...]) -> None:
    click = st.session_state.get(_TABLE)
    if click and click["row"] < len(lines):
        errors_drawer.open_group(lines[click["row"]].group.failure_ids)
