"""Beside the mapping table: what a row of the sample would bring, and which dates fit their format."""

import pandas as pd
import streamlit as st

from engine.views import goal_samples
from engine.views.goal_samples import Preview, PreviewLine, Whose
from engine.views.goals import GoalPage
from pages.parts import frame, goal_advanced, mapping_rows, session, values, words
from pages.parts.goal_edit import Edit
from pages.parts.plain import plain
from storage.records.goals import ImportGoal

_MASKED_LINES_MAX = 12
_PAGES_WIDTH_PX = 220
_WHOSE = {
    Whose.NEW: "a new profile",
    Whose.NO_MATCH: "no match, so nothing is changed",
    Whose.BY_ACTION: "the profile of its action",
    Whose.NO_IDENTIFIER: "no identifier yet",
    Whose.EMPTY: "the row would be rejected: no identifier",
}
# Cells of tables stay on one line, and what is wider than the block would be cut off.
_WRAPPED = "<style>.st-key-goal_preview_table td *{white-space:normal;overflow-wrap:anywhere}</style>"


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw both blocks; the dates only for those who may change their format."""
    _draw_preview(page, edit)
    if page.may_edit:
        goal_advanced.draw_dates(page, edit, is_short=True)


def firsts(page: GoalPage) -> dict[str, str]:
    """Return the value of each field in the first row of the sample; empty where none was seen."""
    if page.scan is None or not page.scan.rows:
        return {}
    return dict(zip(page.scan.columns, page.scan.rows[0][1], strict=False))


def _draw_preview(page: GoalPage, edit: Edit) -> None:
    with st.container(border=True):
        count = len(page.scan.rows) if page.scan else 0
        key = edit.key("preview_row")
        number = min(int(st.session_state.get(key, 1)), max(count, 1))
        frame.block_title("Preview", f"row {number:,} of {count:,}" if count else "")
        goal = edit.now
        if not count:
            st.caption("Scan now to see what the first row would bring.")
        elif not goal.mappings and not goal.identifiers:
            st.caption("Map a field to see what the first row would bring.")
        elif not page.may_edit:
            _draw_values(goal, firsts(page))
        else:
            found = goal_samples.preview(session.desk(), session.caller(), page, goal, number - 1)
            if found is not None:
                _draw_lines(found)
        if count > 1 and page.may_edit:
            st.pagination(count, key=key, max_visible_pages=5, width=_PAGES_WIDTH_PX)


def _draw_lines(found: Preview) -> None:
    shown = [line for line in found.lines if line.how is not None]
    if shown:
        with st.container(key="goal_preview_table"):
            st.html(_WRAPPED)
            st.table(
                pd.DataFrame(
                    {
                        "Property": [plain(line.property) for line in shown],
                        "Before": [f":gray[{plain(values.said(line.before))}]" for line in shown],
                        "After": [_after(line) for line in shown],
                    }
                ),
                border="horizontal",
                hide_index=True,
                alt="What one row of the newest file would bring: each property before and after.",
            )
    links = ", ".join(f"{plain(line.property)} {plain(line.text)}" for line in found.lines if line.how is None)
    more = f" {words.counted(found.left_out, 'more mapping')} not shown." if found.left_out else ""
    st.caption(f"{f'{links} · ' if links else ''}line {found.line:,} · {_whose(found)}.{more}")


def _whose(found: Preview) -> str:
    if any(line.is_rejected for line in found.lines):
        return "the row would be rejected"
    return _WHOSE.get(found.whose) or f"profile {found.profile_id}"


def _after(line: PreviewLine) -> str:
    if line.is_rejected:
        return f":red[{plain(line.text)} does not fit]"
    if line.after == line.before:
        return ":gray[kept]" if line.before is not None else f":gray[{words.UNKNOWN}]"
    return f"**{plain(values.said(line.after))}**"


def _draw_values(goal: ImportGoal, texts: dict[str, str]) -> None:
    """Draw what the row holds, for those who see values masked."""
    pairs = [(link.property, link.field, "identifier") for link in goal.identifiers]
    pairs += [(item.property, item.field, mapping_rows.STRATEGY_WORDS[item.strategy]) for item in goal.mappings]
    pairs = pairs[:_MASKED_LINES_MAX]
    st.table(
        pd.DataFrame(
            {
                "Property": [plain(name) for name, _, _ in pairs],
                "Value": [
                    f"**{plain(value)}**" if (value := texts.get(field, "")) else words.UNKNOWN for _, field, _ in pairs
                ],
                "As": [f":gray[{how}]" for _, _, how in pairs],
            }
        ),
        border="horizontal",
        hide_index=True,
        alt="What the first row of the newest file would bring.",
    )
