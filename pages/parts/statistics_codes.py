"""The table below the charts: errors by category and partner code, each leading to its failed profiles."""

import textwrap

import pandas as pd
import streamlit as st

from engine.views.statistics import CodeRow, StatisticsPage
from pages.parts import badges, category, errors_address, frame, words

_OPEN = ":material/arrow_forward:"
_TABLE = "statistics_codes"
_ROW_HEIGHT = 36
_MEANING_CHARACTERS_MAX, _MEANING_CHARACTERS_MAX_NARROW = 40, 28
_REFERENCE = ":material/open_in_new:"


def draw(page: StatisticsPage) -> None:
    """Draw the block."""
    recovered = page.totals.recovered
    with st.container(border=True):
        right = f"{words.counted(page.totals.errors, 'error')} · {words.count(recovered)} recovered by replay"
        frame.block_title("Errors by category and code", right if page.codes else "")
        if page.codes:
            _table(page)
        else:
            st.caption(f"No error in these {len(page.days)} days.")


def _table(page: StatisticsPage) -> None:
    rows = page.codes
    is_several = len({row.partner for row in rows}) > 1
    # A cell cuts in the middle of a letter; the whole sentence stands in the drawer that the row opens.
    characters_max = _MEANING_CHARACTERS_MAX_NARROW if is_several else _MEANING_CHARACTERS_MAX
    data = {
        "Partner": [row.partner for row in rows],
        "Category": [[category.look(row.category).word] for row in rows],
        "Partner code": [row.code or None for row in rows],
        "reference": [row.reference or None if row.code else None for row in rows],
        "Meaning": [textwrap.shorten(row.meaning, characters_max, placeholder="…") for row in rows],
        "Errors": [row.count for row in rows],
        "By day": [list(row.by_day) for row in rows],
        "Last": [frame.when(row.last_at, page.now) for row in rows],
        "Recovered": [row.recovered for row in rows],
        "open": [_OPEN] * len(rows),
    }
    if not any(row.reference and row.code for row in rows):
        del data["reference"]
    if not is_several:
        del data["Partner"]
    if not page.may_open:
        del data["open"]
    config = st.column_config
    st.dataframe(
        pd.DataFrame(data),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        placeholder="–",  # noqa: RUF001 - the dash for what is not known
        column_config={
            "Partner": config.TextColumn(width=100),
            "Category": badges.column("Category", 130, category.ERROR_BADGES),
            "Partner code": config.TextColumn(width=110),
            "reference": config.LinkColumn("", width=40, display_text=_REFERENCE, help="The partner's list of codes"),
            "Meaning": config.TextColumn(width=178 if is_several else 242),
            "Errors": config.ProgressColumn(
                width=104, min_value=0, max_value=max(row.count for row in rows), format="localized", color="gray"
            ),
            "By day": config.BarChartColumn(width=92, y_min=0, color="gray"),
            "Last": config.TextColumn(width=98),
            "Recovered": config.NumberColumn(width=84, format="localized"),
            "open": config.ButtonColumn(
                "",
                width=44,
                type="tertiary",
                key=_TABLE,
                on_click=_on_open,
                args=(rows, page.configuration_id, len(page.days)),
                help="Open the failed profiles",
            ),
        },
        alt="Errors with category, partner code, meaning, number, by day, last time and how many were recovered.",
    )


def _on_open(rows: tuple[CodeRow, ...], configuration_id: str | None, days: int) -> None:
    click = st.session_state.get(_TABLE)
    if click and click["row"] < len(rows):
        row = rows[click["row"]]
        frame.go(
            "errors_page.py",
            **errors_address.query(configuration_id, row.category, code=row.code, days=days),
        )
