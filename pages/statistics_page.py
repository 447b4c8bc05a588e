"""Partner statistics: did partners get it, day by day, and what went wrong."""

from collections.abc import Callable

import streamlit as st

from engine.views import callers
from engine.views import statistics as view
from engine.views.statistics import StatisticsPage
from pages.parts import (
    category,
    errors_address,
    filters,
    frame,
    session,
    statistics_cards,
    statistics_chart,
    statistics_codes,
    words,
)
from pages.parts.plain import plain
from pages.parts.statistics_csv import as_csv
from storage.records.deliveries import ERRORS, DeliveryCategory

_CONFIGURATION, _DAYS, _ERRORS = "statistics_configuration", "statistics_days", "statistics_errors"
_USUAL_DAYS = "30"
_SELECT_WIDTH = 220
_POLL_S = 2.0
_ALL, _ERRORS_ONLY = "0", "1"
_VERSION = "statistics_chart_version"
_PLOT = {"displayModeBar": False, "scrollZoom": False, "doubleClick": False}


def _is_dark() -> bool:
    return st.context.theme.type == "dark"


def _draw_toolbar(page: StatisticsPage) -> None:
    labels = {"": "All connectors"} | {
        choice.configuration_id: f"{choice.name} (deleted)" if choice.is_deleted else choice.name
        for choice in page.choices
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        filters.select("Connector", "configuration", labels, key=_CONFIGURATION, width=_SELECT_WIDTH)
        periods = {str(number): f"{number} days" for number in view.PERIODS_DAYS}
        filters.segments("Period", "days", periods, usual=_USUAL_DAYS, key=_DAYS)
        filters.segments("Show", "errors", {_ALL: "All", _ERRORS_ONLY: "Errors only"}, key=_ERRORS)
        st.space("stretch")
        first, last = page.days[0], page.days[-1]
        year = "" if first.year == last.year else f" {first.year}"
        st.caption(
            f"{statistics_chart.said(first)}{year} \u2013 {statistics_chart.said(last)} {last.year} · "
            f"today until {page.now:%H:%M}",
            width="content",
        )


def _on_bar(key: str, configuration_id: str | None) -> None:
    # The next chart has another key: a bar that stays marked would lead away again when one comes back.
    st.session_state[_VERSION] = st.session_state.get(_VERSION, 0) + 1
    points = st.session_state[key]["selection"]["points"]
    found = statistics_chart.address_of(points[0]) if points else None
    if found is not None:
        frame.go("errors_page.py", **errors_address.query(configuration_id, found[0], day=found[1]))


def _draw_charts(page: StatisticsPage, *, errors_only: bool) -> None:
    is_dark = _is_dark()
    with st.container(border=True, gap="small"):
        if not errors_only:
            _chart_title("Delivered per day", statistics_chart.DELIVERED, "pale: today, not over yet")
            st.plotly_chart(
                statistics_chart.delivered(page.bars, page.days, is_dark=is_dark),
                key="statistics_delivered",
                config=_PLOT,
                alt=f"Bars of messages sent and removed on each of {len(page.days)} days; "
                f"{words.count(page.totals.sent)} sent and {words.count(page.totals.removed)} removed in all.",
            )
        right = ["own scale"]
        right += ["hatched: recovered by replay"] if page.totals.recovered else []
        right += ["click a bar to open its profiles"] if page.may_open else []
        _chart_title("Errors per day", ERRORS, " · ".join(right))
        figure = statistics_chart.failed(page.bars, page.days, is_dark=is_dark)
        alt = (
            f"Bars of errors by category on each of {len(page.days)} days, {words.count(page.totals.errors)} in all; "
            "the table below has the same numbers."
        )
        if page.may_open:
            key = f"statistics_errors_chart_{st.session_state.get(_VERSION, 0)}"
            st.plotly_chart(
                figure,
                key=key,
                config=_PLOT,
                selection_mode="points",
                on_select=lambda: _on_bar(key, page.configuration_id),
                alt=alt,
            )
        else:
            st.plotly_chart(figure, key="statistics_errors_seen", config=_PLOT, alt=alt)


def _chart_title(title: str, shown: tuple[DeliveryCategory, ...], right: str) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        st.subheader(title, width="content", anchor=False)
        st.markdown(category.legend(shown, is_dark=_is_dark()), width="content")
        st.space("stretch")
        st.caption(right, width="content")


def _draw_empty(page: StatisticsPage) -> None:
    if not page.choices:
        what = "Once one is set up and an audience is linked, what is sent is counted here."
        with frame.empty("hub", "No connector yet.", what):
            frame.link("Connectors", "connectors_page.py", icon=":material/hub:")
    elif page.last_day is None:
        what = f"{words.counted(page.waiting, 'message')} wait to be sent." if page.waiting else "Link an audience."
        frame.empty("bar_chart", "No message was sent yet.", what)
    else:
        last = statistics_chart.said(page.last_day)
        year = "" if page.last_day.year == page.now.year else f" {page.last_day.year}"
        frame.empty("bar_chart", f"No messages in these {len(page.days)} days.", f"The last was on {last}{year}.")


def _download(token: str, configuration_id: str | None, days: int, *, errors_only: bool) -> Callable[[], bytes]:
    desk = session.desk()

    def make() -> bytes:
        # Made at the click, for whoever is signed in by then.
        caller = callers.find(desk, token)
        return as_csv(view.page(desk, caller, configuration_id, days), errors_only=errors_only) if caller else b""

    return make


def _chosen() -> tuple[str | None, int, bool]:
    """Return what the toolbar says; before it is drawn for the first time, what the address says."""
    given = st.query_params
    configuration_id = st.session_state.get(_CONFIGURATION, given.get("configuration", ""))
    days = str(st.session_state.get(_DAYS) or given.get("days", _USUAL_DAYS))
    errors = st.session_state.get(_ERRORS) or given.get("errors", _ALL)
    known = {str(number) for number in view.PERIODS_DAYS}
    return configuration_id or None, int(days if days in known else _USUAL_DAYS), errors == _ERRORS_ONLY


@st.fragment(run_every=_POLL_S)
def _watch(configuration_id: str | None, was: tuple[int, int]) -> None:
    """Draw the page anew when something was sent or answered."""
    with frame.loading("what is on its way"):
        if view.moment(session.desk(), session.caller(), configuration_id) != was:
            st.rerun()


def _draw() -> None:
    configuration_id, days, errors_only = _chosen()
    with frame.loading("the statistics"):
        page = view.page(session.desk(), session.caller(), configuration_id, days)
        with frame.title_row("Partner statistics"):
            if page.rows:
                st.download_button(
                    "CSV",
                    _download(session.token(), page.configuration_id, days, errors_only=errors_only),
                    file_name=f"statistics_{page.days[0]}_{page.days[-1]}.csv",
                    mime="text/csv",
                    icon=":material/download:",
                    key="statistics_csv",
                    on_click="ignore",
                    help="The numbers of these charts, a line for each day, connector, category and code",
                )
        st.caption(f"Messages to partners, one per profile; a batch of 500 profiles counts 500. {plain(frame.zones())}")
        frame.draw_refusal()
        if page.choices:
            _draw_toolbar(page)
        # In the demo something is always about to be sent, and is to be seen without a reload.
        if page.going or callers.is_demo(session.desk()):
            _watch(page.configuration_id, page.moment)
        if not page.rows:
            _draw_empty(page)
            return
        statistics_cards.draw(page)
        if page.waiting:
            st.caption(
                f":material/schedule: {words.counted(page.waiting, 'message waits', 'messages wait')} for an answer, "
                "held ones included; each counts on the day of its final answer."
            )
        _draw_charts(page, errors_only=errors_only)
        statistics_codes.draw(page)


if __name__ == "__main__":
    _draw()
