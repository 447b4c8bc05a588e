"""The table of files: what its cells say, and its row menu."""

import pandas as pd
import streamlit as st

from engine.actions import files as actions
from engine.views.files import FileLine, FileList
from pages.parts import files_badges, files_drawer, frame
from pages.parts.badges import column
from pages.parts.plain import visible
from storage.records.connections import Direction
from storage.records.exchange import AnswerKind

OPEN = ":material/open_in_new: Open"
OPEN_ALONE = ":material/open_in_new:"
ORIGINAL = ":material/download: Download original"
RECEIPT = ":material/receipt_long: Receipt"
RESULT = ":material/description: Result"
REJECTS = ":material/rule: Reject file"
AGAIN = ":material/replay: Import again"
SEND_AGAIN = ":material/replay: Send again"
_ANSWERS = {RECEIPT: AnswerKind.RECEIPT, RESULT: AnswerKind.RESULT, REJECTS: AnswerKind.ERRORS}
_TABLE, _MENU = "files_table", "files_menu"
_ROW_HEIGHT = 38


def menu_of(line: FileLine) -> list[str]:
    """Return what this caller can do with one file; pure."""
    entries = [OPEN]
    if line.may_get:
        entries.append(ORIGINAL)
    if line.may_get_answers:
        entries += [label for label, kind in _ANSWERS.items() if line.answer(kind) is not None]
    if line.may_again:
        entries.append(SEND_AGAIN if line.file.direction is Direction.OUTBOUND else AGAIN)
    return entries if len(entries) > 1 else [OPEN_ALONE]


def draw(page: FileList) -> None:
    """Draw the table; a name, or a button in each row, opens the file."""
    lines = page.lines
    config = st.column_config
    has_reasons = any(line.file.reason for line in lines)
    data = {
        "Name": [files_badges.name(line.file) for line in lines],
        "State": [[files_badges.of(line.file.state).word] for line in lines],
        "Connection": [line.connection_name or "Deleted connection" for line in lines],
        "Direction": [files_badges.WAYS[line.file.direction] for line in lines],
        "Size": [files_badges.size(line.file) for line in lines],
        "First seen": [frame.when(line.file.first_seen_at, page.now) for line in lines],
        "Why": [visible(line.file.reason or "") for line in lines],
        "Total": [_rows(line, line.file.rows_total) for line in lines],
        "OK": [_rows(line, line.file.rows_ok) for line in lines],
        "Errors": [_rows(line, line.file.rows_errors) for line in lines],
        "menu": [menu_of(line) for line in lines],
    }
    has_rows = any(line.file.rows_total for line in lines)
    for name in ([] if has_reasons else ["Why"]) + ([] if has_rows or not has_reasons else ["Total", "OK", "Errors"]):
        del data[name]
    st.dataframe(
        pd.DataFrame(data),
        key=_TABLE,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        placeholder="–",  # noqa: RUF001 - the dash for what is not known
        on_select=_on_cell,
        selection_mode="single-cell",
        column_config={
            "Name": config.TextColumn(width=188 if has_reasons else 250),
            "State": column("State", 106, files_badges.ALL),
            "Connection": config.TextColumn(width=122 if has_reasons else 176),
            "Direction": config.TextColumn(width=66),
            "Size": config.TextColumn(width=72),
            "First seen": config.TextColumn(width=94),
            "Why": config.TextColumn(width=116 if has_rows else 286),
            "Total": config.NumberColumn(width=58, format="localized"),
            "OK": config.NumberColumn(width=58, format="localized"),
            "Errors": config.NumberColumn(width=54, format="localized"),
            "menu": config.ButtonColumn("", width=44, key=_MENU, on_click=_on_menu, args=(lines,)),
        },
        alt="Files with connection, direction, size, state and rows; a menu in each row.",
    )
    st.session_state["files_shown"] = [line.file.file_id for line in lines]


def _rows(line: FileLine, number: int) -> int | None:
    is_read = line.file.direction is Direction.INBOUND and line.file.rows_total > 0
    return number if is_read else None


def _on_menu(lines: tuple[FileLine, ...]) -> None:
    click = st.session_state.get(_MENU)
    if not click or not 0 <= click["row"] < len(lines):
        return
    line, label = lines[click["row"]], click["label"]
    if label in (AGAIN, SEND_AGAIN):
        frame.attempt_anew(actions.import_again, line.file.file_id)
    elif label == ORIGINAL:
        files_drawer.offer(line.file.file_id, None)
    elif label in _ANSWERS:
        files_drawer.offer(line.file.file_id, _ANSWERS[label])
    else:
        files_drawer.open_file(line.file.file_id)
    st.rerun()  # the list is a fragment, and the drawer is not in it


def _on_cell() -> None:
    # A name leads to its file; the other cells only mark themselves.
    cells = st.session_state[_TABLE]["selection"]["cells"]
    shown = st.session_state.get("files_shown", [])
    if cells and cells[0][1] == "Name" and cells[0][0] < len(shown):
        files_drawer.open_file(shown[cells[0][0]])
        st.rerun()
