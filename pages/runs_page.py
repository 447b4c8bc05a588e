"""All runs: those that go on top with how far they are, then the newest first."""

import pandas as pd
import streamlit as st

from engine.actions import runs as actions
from engine.views import runs as view
from engine.views.runs import RunList
from pages.parts import badges, frame, run_stages, session, words
from pages.parts.badges import Badge
from storage.records.runs import Run

_PAGE_ROWS = 15
_POLL_S = 2.0
_DIGITS_MAX = 9
_PAGES_WIDTH = 300
_OPEN, _CANCEL = ":material/chevron_right:", ":material/cancel: Cancel"
_OPEN_LONG = ":material/chevron_right: Open"
_PAGE, _TABLE, _GOING = "page", "runs_table", "runs_going"


def _on_click(key: str, runs: tuple[Run, ...]) -> None:
    click = st.session_state.get(key)
    if not click or click["row"] >= len(runs):
        return
    run = runs[click["row"]]
    if click["label"] == _CANCEL:
        frame.attempt(actions.cancel, run.run_id)
    else:
        st.session_state["runs_opened"] = str(run.number)


def _badges(found: RunList, run: Run) -> tuple[Badge, ...]:
    own = badges.of_run(run)
    return (own[0], badges.REVERTED, *own[1:]) if run.run_id in found.reverted else own


def _table(found: RunList, runs: tuple[Run, ...], key: str, *, is_live: bool) -> None:
    menu = [_OPEN_LONG, _CANCEL] if is_live and found.may_cancel else _OPEN
    data = {
        "Run": [run.number for run in runs],
        "What": [run.connection_name or "Deleted connection" for run in runs],
        "Kind": [["delivery" if run.run_id in found.deliveries else "import"] for run in runs],
        "State": [badges.words(_badges(found, run)) for run in runs],
        "Started": [frame.when(run.started_at or run.queued_at, found.now) for run in runs],
        "Took": [words.duration(run_stages.took_s(run.started_at, run.ended_at, found.now)) for run in runs],
        "Rows": [None if run.run_id in found.deliveries else run.counts.read for run in runs],
        "Rejected": [None if run.run_id in found.deliveries else run.counts.rejected for run in runs],
        "Progress": [run_stages.share(found.stages.get(run.run_id)) for run in runs],
        "Stage": [run_stages.progress_text(found.stages.get(run.run_id)) for run in runs],
        "open": [menu for _ in runs],
    }
    for name in ("Rows", "Rejected") if is_live else ("Progress", "Stage"):
        del data[name]
    st.dataframe(
        pd.DataFrame(data),
        hide_index=True,
        row_height=38,
        height="content",
        placeholder=words.UNKNOWN,
        column_config={
            "Run": st.column_config.NumberColumn(width=64, format="localized"),
            "What": st.column_config.TextColumn(width=170 if not is_live else 150),
            "Kind": st.column_config.MultiselectColumn(
                width=80, options=["import", "delivery"], color=["gray", "gray"]
            ),
            "State": badges.column("State", width=220 if not is_live else 110),
            "Started": st.column_config.TextColumn(width=130 if not is_live else 110),
            "Took": st.column_config.TextColumn(width=90 if not is_live else 80),
            "Rows": st.column_config.NumberColumn(width=90, format="localized"),
            "Rejected": st.column_config.NumberColumn(width=84, format="localized"),
            "Progress": st.column_config.ProgressColumn(width=110, min_value=0.0, max_value=1.0, format="percent"),
            "Stage": st.column_config.TextColumn(width=176),
            "open": st.column_config.ButtonColumn(
                "", width=44, type="tertiary", key=key, on_click=_on_click, args=(key, runs)
            ),
        },
        alt="Runs with state, start, duration, rows and rejected rows; a button in each row opens it.",
    )


def _listed() -> RunList:
    # The first run of a page comes before its pagination has read the address.
    said = str(st.session_state.get(_PAGE) or st.query_params.get(_PAGE, "1"))
    wanted = max(1, int(said)) if said.isascii() and said.isdigit() and len(said) < _DIGITS_MAX else 1
    found = view.listed(session.desk(), session.caller(), (wanted - 1) * _PAGE_ROWS, _PAGE_ROWS)
    return found if found.runs or not found.total else view.listed(session.desk(), session.caller(), 0, _PAGE_ROWS)


@st.fragment(run_every=_POLL_S)
def _draw_going(going: frozenset[str]) -> None:
    found = view.listed(session.desk(), session.caller(), 0, _PAGE_ROWS)
    runs = tuple(run for run in found.runs if run.ended_at is None)
    if frozenset(run.run_id for run in runs) != going or st.session_state.get("runs_opened"):
        st.rerun()
    with st.container(border=True):
        frame.block_title("Running now", words.counted(len(runs), "run"))
        frame.draw_refusal()
        _table(found, runs, _GOING, is_live=True)


def _draw() -> None:
    opened = st.session_state.pop("runs_opened", None)
    if opened:
        frame.go("run_page.py", id=opened)
    frame.title_row("Runs")
    st.caption(f"Every execution, with a ledger that adds up to the row. Times are {frame.zone_name()}.")
    with frame.loading("the runs"):
        found = _listed()
        if not found.total:
            frame.empty("history", "Nothing has run yet.", "What a connection fetches or delivers appears here.")
            return
        going = tuple(run for run in found.runs if run.ended_at is None)
        if going:
            _draw_going(frozenset(run.run_id for run in going))
        frame.draw_refusal()
        ended = tuple(run for run in found.runs if run.ended_at is not None)
        if ended:
            _table(found, ended, _TABLE, is_live=False)
        pages = -(-found.total // _PAGE_ROWS)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(words.counted(found.total, "run"), width="content")
            st.space("stretch")
            if pages > 1:
                st.pagination(pages, key=_PAGE, bind="query-params", width=_PAGES_WIDTH)


if __name__ == "__main__":
    _draw()
