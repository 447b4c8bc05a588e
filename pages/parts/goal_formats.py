"""Part 2 of the goal page: how the files are written, with a sample of the newest one as it is read."""

import dataclasses
from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from engine.views.goals import GoalPage, Scan
from pages.parts import frame
from pages.parts.goal_edit import Edit, take
from pages.parts.goal_files import draw_scan_row
from pages.parts.plain import plain
from storage.records.goals import BLANKS, ImportGoal

_ROWS_SHOWN_MAX, _ROW_HEIGHT = 10, 36
_FIND_OUT, _OTHER = "find out", "other"
SEPARATORS: dict[str, str | None] = {
    _FIND_OUT: None,
    "comma": ",",
    "semicolon": ";",
    "tab": "\t",
    "bar": "|",
    "blanks": BLANKS,
}
_SEPARATOR_WORDS = {
    _FIND_OUT: "Find out from the file",
    "comma": "Comma ,",
    "semicolon": "Semicolon ;",
    "tab": "Tab",
    "bar": "Bar |",
    "blanks": "Blanks between columns",
    _OTHER: "Other character",
}
_ENCODINGS: dict[str | None, str] = {
    None: "Find out from the file",
    "utf-8": "UTF-8",
    "cp1252": "Windows-1252",
    "latin-1": "Latin-1 (ISO 8859-1)",
    "utf-16": "UTF-16",
}


def choice_of(separator: str | None) -> str:
    """Return the choice that stands for a separator; pure."""
    return next((choice for choice, value in SEPARATORS.items() if value == separator), _OTHER)


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw the part."""
    left, right = st.columns([1, 2], gap="small")
    with left.container(border=True):
        frame.block_title("Fields and formats")
        _draw_separator(page, edit)
        _draw_rest(page, edit)
    with right.container(border=True):
        draw_scan_row(page, edit, "Sample")
        _draw_sample(page, edit)


def _draw_separator(page: GoalPage, edit: Edit) -> None:
    choice, other = edit.key("separator"), edit.key("other")
    options = [*SEPARATORS, _OTHER]
    chosen = st.selectbox(
        "Field separator",
        options,
        index=options.index(choice_of(edit.goal.format.separator)),
        format_func=lambda item: _SEPARATOR_WORDS[item],
        key=choice,
        disabled=not page.may_edit,
        on_change=take,
        args=(edit, choice, _with_choice),
    )
    if chosen == _OTHER:
        st.text_input(
            "Character",
            edit.goal.format.separator or "",
            max_chars=1,
            key=other,
            disabled=not page.may_edit,
            on_change=take,
            args=(edit, other, lambda goal, said: _with(goal, separator=said)),
        )


def _draw_rest(page: GoalPage, edit: Edit) -> None:
    header, encoding = edit.key("header"), edit.key("encoding")
    st.toggle(
        "The first row names the fields",
        edit.goal.format.header,
        key=header,
        disabled=not page.may_edit,
        on_change=take,
        args=(edit, header, lambda goal, said: _with(goal, header=said)),
    )
    known = edit.goal.format.encoding
    options = [*_ENCODINGS, *([known] if known not in _ENCODINGS else [])]
    st.selectbox(
        "Encoding",
        options,
        index=options.index(known),
        format_func=lambda item: _ENCODINGS.get(item, str(item)),
        key=encoding,
        disabled=not page.may_edit,
        on_change=take,
        args=(edit, encoding, lambda goal, said: _with(goal, encoding=said)),
    )


def _with(goal: ImportGoal, **changed: Any) -> ImportGoal:
    return replace(goal, format=replace(goal.format, **changed))


def _with_choice(goal: ImportGoal, choice: str) -> ImportGoal:
    # "Other" begins empty, so that Save asks for the character.
    return _with(goal, separator=SEPARATORS.get(choice, ""))


def _draw_sample(page: GoalPage, edit: Edit) -> None:
    scan = page.scan
    if scan is None or not scan.file_format:
        st.caption("Scan now to see the first rows of the newest file, read as these formats say.")
        return
    if dataclasses.asdict(edit.goal.format) != scan.file_format:
        st.warning(
            "The formats changed since this was read. Scan again to see the difference.", icon=":material/warning:"
        )
    if scan.preview_error:
        st.error(plain(scan.preview_error), icon=":material/error:")
    elif not scan.file_name:
        st.caption("No file matches the pattern, so there is nothing to show.")
    else:
        _draw_rows(scan)


def _draw_rows(scan: Scan) -> None:
    separator = choice_of(scan.separator)
    said = _SEPARATOR_WORDS[separator] if separator != _OTHER else f"separator {plain(scan.separator)}"
    st.caption(f"{plain(scan.file_name)} · {plain(scan.encoding)} · {said} · {len(scan.columns):,} fields")
    rows = [[line, *values] for line, values in scan.rows]
    st.dataframe(
        pd.DataFrame(rows, columns=["Line", *scan.columns]),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content" if len(rows) <= _ROWS_SHOWN_MAX else _ROW_HEIGHT * (_ROWS_SHOWN_MAX + 1),
        column_config={"Line": st.column_config.NumberColumn(width=60, format="localized")},
        alt="The first rows of the newest file, with their line.",
    )
