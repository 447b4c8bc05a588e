"""Part 2 of the goal page: how the files are written, with a sample of the newest one as it is read."""

from dataclasses import replace
from typing import Any

import pandas as pd
import streamlit as st

from engine.views.goals import GoalPage, Scan
from pages.parts import frame, goal_advanced, goal_choices, words
from pages.parts.goal_choices import OTHER
from pages.parts.goal_edit import Edit, clearable, take
from pages.parts.goal_files import draw_scan_row
from pages.parts.plain import plain, visible
from storage.records.goals import FileFormat, ImportGoal

_ROWS_SHOWN_MAX, _ROW_HEIGHT = 10, 36
_SAMPLE_COLUMNS_MAX = 100
_LINES_MAX = 1_000


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw the part."""
    left, right = st.columns([1, 2], gap="small")
    with left:
        with st.container(border=True):
            frame.block_title("Fields")
            _draw_fields(page, edit)
        with st.container(border=True):
            frame.block_title("Values")
            goal_advanced.draw_numbers(page, edit)
            is_open = st.toggle("Show advanced settings", key=edit.key("advanced"), value=_is_advanced(edit.goal))
            if is_open:
                goal_advanced.draw(page, edit)
    with right:
        with st.container(border=True):
            draw_scan_row(page, edit, "Sample")
            _draw_sample(page, edit)
        if is_open and page.may_edit:
            goal_advanced.draw_dates(page, edit)


def _is_advanced(goal: ImportGoal) -> bool:
    """Say whether something is set that would be hidden."""
    values = goal.values
    return bool(values.multi_value or values.date or values.date_time or values.time_zone != "UTC")


def _draw_fields(page: GoalPage, edit: Edit) -> None:
    given = edit.goal.format
    _choice(page, edit, "separator", ("Field separator", goal_choices.SEPARATORS, goal_choices.SEPARATOR_WORDS))
    left, right = st.columns(2, gap="small")
    with left:
        _choice(page, edit, "quote", ("Quote", goal_choices.QUOTES, goal_choices.QUOTE_WORDS))
    with right:
        if given.quote != "":
            _choice(page, edit, "escape", ("Quote inside a field", goal_choices.ESCAPES, goal_choices.ESCAPE_WORDS))
    _draw_encoding(page, edit)
    _draw_header(page, edit)


def _choice(page: GoalPage, edit: Edit, name: str, said: tuple[str, dict[str, str | None], dict[str, str]]) -> None:
    """Draw a list of usual characters and, under "Other", the place to type one."""
    label, known, words_of = said
    value = getattr(edit.goal.format, name)
    choice, other = edit.key(name), edit.key(f"{name}_other")
    options = [*known, OTHER]
    # "Other" begins empty, so that Save asks for the character.
    chosen = st.selectbox(
        label,
        options,
        index=options.index(goal_choices.of_value(value, known)),
        format_func=lambda item: words_of[item],
        key=choice,
        disabled=not page.may_edit,
        on_change=take,
        args=(edit, choice, lambda goal, item: _with(goal, **{name: known.get(item, _UNTYPED)})),
    )
    if chosen == OTHER:
        st.text_input(
            f"{label}: character",
            "" if value == _UNTYPED else value or "",
            max_chars=1,
            key=other,
            disabled=not page.may_edit,
            on_change=take,
            args=(edit, other, lambda goal, item: _with(goal, **{name: item or _UNTYPED})),
        )


_UNTYPED = "  "
"""What stands for a character that was not typed yet: two blanks are none, so Save asks for it."""


def _draw_encoding(page: GoalPage, edit: Edit) -> None:
    key, known = edit.key("encoding"), edit.goal.format.encoding
    usual = goal_choices.USUAL_ENCODINGS
    options = list(dict.fromkeys([*usual, *goal_choices.other_encodings(), known]))
    st.selectbox(
        "Encoding",
        options,
        index=options.index(known),
        format_func=lambda item: usual.get(item, str(item)),
        key=key,
        disabled=not page.may_edit,
        on_change=take,
        args=(edit, key, lambda goal, said: _with(goal, encoding=said)),
    )


def _draw_header(page: GoalPage, edit: Edit) -> None:
    given = edit.goal.format
    key = edit.key("header")
    st.toggle(
        "The first row names the fields",
        given.header,
        key=key,
        help="Off: the fields are called column_1, column_2 and so on.",
        disabled=not page.may_edit,
        on_change=take,
        args=(edit, key, lambda goal, said: _with(goal, header=said)),
    )
    left, right = st.columns(2, gap="small", vertical_alignment="bottom")
    with left:
        lines = edit.key("header_lines")
        st.number_input(
            "Header lines",
            1,
            _LINES_MAX,
            min(max(given.header_lines, 1), _LINES_MAX),
            key=lines,
            help="How many lines name the fields; their names are joined by a blank.",
            disabled=not page.may_edit or not given.header,
            on_change=take,
            args=(edit, lines, lambda goal, said: _with(goal, header_lines=int(said or 1))),
        )
    with right:
        before = clearable(edit.key("preamble"), given.preamble_lines)
        st.number_input(
            "Lines before the header" if given.header else "Lines before the first row",
            0,
            _LINES_MAX,
            None,
            key=before,
            placeholder="Find out",
            help="Titles and notes that are no table. Empty: found out from the file.",
            disabled=not page.may_edit,
            on_change=take,
            args=(edit, before, lambda goal, said: _with(goal, preamble_lines=None if said is None else int(said))),
        )


def _with(goal: ImportGoal, **changed: Any) -> ImportGoal:
    return replace(goal, format=replace(goal.format, **changed))


def _draw_sample(page: GoalPage, edit: Edit) -> None:
    scan = page.scan
    if scan is None or scan.file_format is None:
        st.caption("Scan now to see the first rows of the newest file, read as these formats say.")
        return
    if edit.goal.format != scan.file_format:
        st.warning(
            "The formats changed since this was read. Scan again to see the difference.", icon=":material/warning:"
        )
    if scan.preview_error:
        st.error(plain(scan.preview_error), icon=":material/error:")
    elif not scan.file_name:
        st.caption("No file matches the pattern, so there is nothing to show.")
    else:
        _draw_rows(scan, scan.file_format)


def _draw_rows(scan: Scan, asked: FileFormat) -> None:
    separator = goal_choices.of_value(scan.separator, goal_choices.SEPARATORS)
    said = goal_choices.SEPARATOR_WORDS[separator] if separator != OTHER else f"separator {plain(scan.separator)}"
    found = " (found out)" if asked.encoding is None else ""
    many = words.counted(len(scan.columns), "field")
    st.caption(f"{plain(scan.file_name)} · {plain(scan.encoding)}{found} · {said} · {many}")
    shown = scan.columns[:_SAMPLE_COLUMNS_MAX]
    names = [visible(name) for name in shown]
    # A table names each column once, and a file may have a column "Line" of its own.
    first = "Line"
    while first in names:
        first = f"{first} of the file"
    rows = [[line, *map(visible, values[: len(shown)])] for line, values in scan.rows]
    st.dataframe(
        pd.DataFrame(rows, columns=[first, *names]),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content" if len(rows) <= _ROWS_SHOWN_MAX else _ROW_HEIGHT * (_ROWS_SHOWN_MAX + 1),
        column_config={first: st.column_config.NumberColumn(width=60, format="localized")},
        alt="The first rows of the newest file, with their line.",
    )
    if len(scan.columns) > len(shown):
        st.caption(f"The first {len(shown):,} fields are shown.")
