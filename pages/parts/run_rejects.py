"""The rejected rows of a run: pills by reason, a table, a row in full, and what is shown as a CSV file."""

import csv
import io
import re
from collections.abc import Callable

import pandas as pd
import streamlit as st

from engine.views import callers
from engine.views import runs as view
from engine.views.runs import RunPage
from pages.parts import files_upload, frame, reasons, session, words
from pages.parts.plain import plain, visible
from storage.records.runs import Reject

_PAGE_ROWS = 10
_PAGES_WIDTH = 230
_ALL = "all"
_SUSPECT = re.compile(r"[=+\-@\t\r]")
_NUMBER = re.compile(r"[+-]?[0-9][0-9.,]*")
_OPEN = "rejects_open"
_TABLE = "rejects_table"


def safe_cell(text: str) -> str:
    """Return a text that a spreadsheet shows and never runs: a formula gets an apostrophe before it; pure."""
    return f"'{text}" if _SUSPECT.match(text) and not _NUMBER.fullmatch(text) else text


def as_csv(rejects: list[Reject]) -> bytes:
    """Return rejected rows as CSV in UTF-8 with a byte order mark, for spreadsheets; pure."""
    made = io.StringIO(newline="")
    writer = csv.writer(made)
    writer.writerow(["File", "Line", "Column", "Value", "Reason", "Suggestion", "Row"])
    for item in rejects:
        texts = [item.column or "", item.value or "", reasons.rejected(item.reason), item.suggestion, item.raw]
        writer.writerow([safe_cell(item.file_name), item.line, *(safe_cell(text) for text in texts)])
    return b"\xef\xbb\xbf" + made.getvalue().encode()


def draw(page: RunPage) -> None:
    """Draw the block of rejected rows."""
    counts, total = page.rejected_by_reason, sum(page.rejected_by_reason.values())
    right = f"{words.counted(total, 'row')} · {words.counted(len(counts), 'reason')}" if total else ""
    frame.block_title("Rejected rows", right)
    if not total:
        st.caption("Nothing was rejected.")
        return
    if not page.may_see_rejects:
        st.caption("Your role does not see them; ask an analyst.")
        return
    reason = _draw_toolbar(page, counts, total)
    number = counts[reason] if reason else total
    pages = max(1, -(-number // _PAGE_ROWS))
    key = f"rejects_page_{page.run.run_id}_{reason}"
    start = (min(st.session_state.get(key, 1), pages) - 1) * _PAGE_ROWS
    rows = view.rejected(session.desk(), session.caller(), page.run.run_id, reason, start, _PAGE_ROWS)
    _draw_table(rows, has_files=page.run.counts.files_taken > 1)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.caption("Correct the file at its source and run again: what was rejected is read anew.")
        if page.may_mend:
            run = page.run
            files_upload.mended_button(
                ((run.connection_id, run.connection_name),), run.run_id, label="Upload a mended file"
            )
    if pages > 1:
        with st.container(horizontal=True):
            st.space("stretch")
            st.pagination(pages, key=key, max_visible_pages=5, width=_PAGES_WIDTH)
    if st.session_state.get(_OPEN):
        _show_row(st.session_state[_OPEN])


def _draw_toolbar(page: RunPage, counts: dict[str, int], total: int) -> str | None:
    wanted = st.query_params.get("reason", _ALL)
    key = f"rejects_reason_{page.run.run_id}"
    with st.container(horizontal=True, vertical_alignment="center"):
        chosen = st.pills(
            "Reason",
            [_ALL, *counts],
            default=wanted if wanted in counts else _ALL,
            required=True,
            format_func=lambda code: f"All {total:,}" if code == _ALL else f"{reasons.rejected(code)} {counts[code]:,}",
            key=key,
            label_visibility="collapsed",
            on_change=_on_reason,
            args=(key,),
        )
        st.space("stretch")
        reason = None if chosen in (None, _ALL) else str(chosen)
        st.download_button(
            "CSV",
            _download(session.token(), page.run.run_id, reason),
            file_name=f"run_{page.run.number}_rejected{f'_{reason}' if reason else ''}.csv",
            mime="text/csv",
            icon=":material/download:",
            type="tertiary",
            key="rejects_download",
            on_click="ignore",
            help="All rows of this choice, with the reason of each",
        )
    return reason


def _on_reason(key: str) -> None:
    chosen = st.session_state.get(key)
    if chosen in (None, _ALL):
        st.query_params.pop("reason", None)
    else:
        st.query_params["reason"] = str(chosen)


def _download(token: str, run_id: str, reason: str | None) -> Callable[[], bytes]:
    desk = session.desk()

    def make() -> bytes:
        # Made at the click: whoever is signed in by then decides what is masked.
        caller = callers.find(desk, token)
        return as_csv(view.rejected(desk, caller, run_id, reason)) if caller else b""

    return make


def _draw_table(rows: list[Reject], *, has_files: bool) -> None:
    data = {
        "Line": [item.line for item in rows],
        "File": [visible(item.file_name) for item in rows],
        "Column": [visible(item.column or "–") for item in rows],  # noqa: RUF001 - the dash for what is not known
        "Value": [visible(item.value) if item.value is not None else "–" for item in rows],  # noqa: RUF001 - the same
        "Reason": [[reasons.rejected(item.reason)] for item in rows],
        "Suggestion": [item.suggestion for item in rows],
        "open": [":material/open_in_full:"] * len(rows),
    }
    if not has_files:
        del data["File"]
    st.dataframe(
        pd.DataFrame(data),
        hide_index=True,
        row_height=36,
        height="content",
        column_config={
            "Line": st.column_config.NumberColumn(width=62, format="localized"),
            "File": st.column_config.TextColumn(width=104),
            "Column": st.column_config.TextColumn(width=72 if has_files else 104),
            "Value": st.column_config.TextColumn(width=72 if has_files else 88),
            "Reason": st.column_config.MultiselectColumn(
                width=124, options=reasons.REJECTED_WORDS, color=["orange"] * len(reasons.REJECTED_WORDS)
            ),
            "Suggestion": st.column_config.TextColumn(width=134 if has_files else 168),
            "open": st.column_config.ButtonColumn(
                "", width=44, type="tertiary", key=_TABLE, on_click=_on_open, args=(rows,), help="The whole row"
            ),
        },
        alt="Rejected rows with line, column, value, reason and suggestion; a button in each shows it whole.",
    )


def _on_open(rows: list[Reject]) -> None:
    click = st.session_state.get(_TABLE)
    if click and click["row"] < len(rows):
        st.session_state[_OPEN] = rows[click["row"]]


@st.dialog("Rejected row", width="medium", on_dismiss=lambda: st.session_state.pop(_OPEN, None))
def _show_row(item: Reject) -> None:
    st.markdown(f":orange-badge[:material/rule: {reasons.rejected(item.reason)}]")
    st.markdown(f"Line **{item.line:,}** of **{plain(item.file_name)}**")
    if item.column is not None:
        st.markdown(f"Column **{plain(item.column)}**, value **{plain(item.value or '(empty)')}**")
    if item.suggestion:
        st.markdown(plain(item.suggestion[:1].upper() + item.suggestion[1:]))
    st.caption("The whole row")
    st.code(item.raw, language=None, wrap_lines=True)
