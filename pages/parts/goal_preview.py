"""Beside the mapping table: what the first row of the sample would bring, and which dates fit their format."""

import pandas as pd
import streamlit as st

from engine.base.errors import BadInput
from engine.views import goals as view
from engine.views.goals import GoalPage
from pages.parts import frame, mapping_rows, session
from pages.parts.goal_edit import Edit, samples
from pages.parts.plain import plain
from storage.records.goals import ImportGoal, PropertyType


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw both blocks; the dates only for those who may change their format."""
    _draw_preview(page, edit)
    if page.may_edit:
        _draw_dates(page, edit)


def firsts(page: GoalPage) -> dict[str, str]:
    """Return the value of each field in the first row of the sample; empty where none was seen."""
    if page.scan is None or not page.scan.rows:
        return {}
    return dict(zip(page.scan.columns, page.scan.rows[0][1], strict=False))


def _draw_preview(page: GoalPage, edit: Edit) -> None:
    with st.container(border=True):
        count = len(page.scan.rows) if page.scan else 0
        frame.block_title("Preview", f"row 1 of {count:,}" if count else "")
        values = firsts(page)
        goal = edit.now
        if not values:
            st.caption("Scan now to see what the first row would bring.")
        elif not goal.mappings and not goal.identifiers:
            st.caption("Map a field to see what the first row would bring.")
        else:
            _draw_values(goal, values)


def _draw_values(goal: ImportGoal, values: dict[str, str]) -> None:
    pairs = [(link.property, link.field, "identifier") for link in goal.identifiers]
    pairs += [(item.property, item.field, mapping_rows.STRATEGY_WORDS[item.strategy]) for item in goal.mappings]
    st.table(
        pd.DataFrame(
            {
                "Property": [plain(name) for name, _, _ in pairs],
                "Value": [f"**{plain(value)}**" if (value := values.get(field, "")) else "–" for _, field, _ in pairs],  # noqa: RUF001 - the dash for nothing
                "As": [f":gray[{how}]" for _, _, how in pairs],
            }
        ),
        border="horizontal",
        hide_index=True,
        alt="What the first row of the newest file would bring.",
    )


def _draw_dates(page: GoalPage, edit: Edit) -> None:
    dates = [item for item in edit.now.mappings if item.type is PropertyType.DATE]
    if not dates:
        return
    with st.container(border=True):
        frame.block_title("Date preview")
        for field, pattern in dict.fromkeys((item.field, item.format or "") for item in dates):
            _draw_date(page, field, pattern)


def _draw_date(page: GoalPage, field: str, pattern: str) -> None:
    if not pattern:
        st.markdown(f"**{plain(field)}** needs a date format, for example %Y%m%d or %d-%m-%Y.")
        return
    values = samples(page, field)
    if not values:
        st.markdown(f"**{plain(field)}**: scan now to try {plain(pattern)} on the newest file.")
        return
    try:
        tried = view.date_preview(session.desk(), session.caller(), values, pattern)
    except BadInput as error:
        st.markdown(f":red[{plain(str(error))}]")
        return
    color = "green" if tried.fits == tried.total else "orange"
    st.markdown(f"**{plain(field)}** :{color}[{tried.fits:,} of {tried.total:,} match] {plain(pattern)}")
    name = plain(page.scan.file_name) if page.scan else ""
    failing = [f"{name} line {line:,}: **{plain(value)}**" for line, value in tried.failing]
    if failing:
        st.markdown("  \n".join(failing))
