"""Errors: what failed and is not settled, from a failure to its mending."""

from datetime import date

import streamlit as st

from engine.views import failures as view
from engine.views.failures import Asked, FailureList
from pages.parts import category, errors_address, errors_drawer, errors_table, filters, frame, session, words
from pages.parts.plain import plain
from pages.parts.times import said_day
from storage.records.deliveries import ERRORS

_CONFIGURATION, _CATEGORY, _DAYS, _SHOW = "errors_configuration", "errors_category", "errors_days", "errors_show"
_SELECT_WIDTH = 220
_POLL_S = 2.0


def _asked() -> Asked:
    """Return what the toolbar says; before it is drawn for the first time, what the address says."""
    given = {name: str(value) for name, value in st.query_params.items()}
    drawn = {"configuration": _CONFIGURATION, "category": _CATEGORY, "days": _DAYS, "show": _SHOW}
    for name, key in drawn.items():
        if key in st.session_state:
            given[name] = st.session_state[key] or ""
    return errors_address.read(given)


def _forget(name: str) -> None:
    st.query_params.pop(name, None)


def _clear() -> None:
    filters.clear(_CONFIGURATION, _CATEGORY, _DAYS, _SHOW)
    for name in ("configuration", "category", "code", "day", "days", "show"):
        st.query_params.pop(name, None)


def _draw_toolbar(page: FailureList, asked: Asked) -> None:
    labels = {"": "All connectors"} | {
        choice.configuration_id: f"{choice.name} (deleted)" if choice.is_deleted else choice.name
        for choice in page.choices
    }
    with st.container(horizontal=True, vertical_alignment="center"):
        filters.select("Connector", "configuration", labels, key=_CONFIGURATION, width=_SELECT_WIDTH)
        if asked.day is None:
            filters.segments("Show", "show", {errors_address.OPEN: "Open", errors_address.ALL: "All"}, key=_SHOW)
            periods = {str(number): f"{number} days" for number in view.PERIODS_DAYS}
            filters.segments("Period", "days", periods, usual=str(errors_address.USUAL_DAYS), key=_DAYS)
        else:
            _draw_given("day", said_day(asked.day, page.now.date()))
        if asked.code is not None:
            _draw_given("code", f"code {asked.code}" if asked.code else "no code")
        st.space("stretch")
        counts = page.by_category
        pills = {
            each.value: f"{category.look(each).word} {words.count(counts.get(each, 0))}"
            for each in ERRORS
            if each in counts or each is asked.category
        }
        if pills:
            filters.pills("Category", "category", pills, key=_CATEGORY)


def _draw_given(name: str, label: str) -> None:
    st.button(
        plain(label),
        icon=":material/close:",
        icon_position="right",
        key=f"errors_no_{name}",
        on_click=_forget,
        args=(name,),
        help="Show more than this",
    )


def _draw_retries(page: FailureList) -> None:
    for line in page.retries:
        retry = line.retry
        what = words.counted(retry.messages, "message waits", "messages wait")
        st.caption(
            f":material/autorenew: {plain(line.name)}: {what} "
            f"for another try ({retry.tries_max} so far), next {frame.ahead(retry.next_at, page.now)}; not failed yet."
        )


def _draw_empty(asked: Asked) -> None:
    if asked == Asked():
        frame.empty("task_alt", "No open errors.", "What partners refuse appears here, with its cause and Replay.")
        return
    with frame.empty("search_off", "No errors match.", "Clear the filters."):
        st.button("Clear", key="errors_clear", on_click=_clear)


def _said(asked: Asked, today: date) -> str:
    """Return what the list holds, as a sentence; pure."""
    if asked.day is not None:
        return f"Everything that failed on {said_day(asked.day, today)}"
    settled = " and was not replayed" if asked.only_open else ""
    return f"Everything that failed in the last {asked.days} days{settled}"


def _going(page: FailureList) -> int:
    """Return how many messages of replays and tries are on their way; pure."""
    return sum(line.group.going for line in page.lines) + sum(line.retry.messages for line in page.retries)


@st.fragment(run_every=_POLL_S)
def _watch(asked: Asked, going: int) -> None:
    """Draw the page anew when a replay or another try was answered."""
    with frame.loading("what is on its way"):
        if _going(view.listed(session.desk(), session.caller(), asked)) != going:
            st.rerun()


def _draw() -> None:
    is_arrival = _CONFIGURATION not in st.session_state
    if is_arrival:
        errors_drawer.close()
    asked = _asked()
    frame.title_row("Errors")
    with frame.loading("the errors"):
        page = view.listed(session.desk(), session.caller(), asked)
        st.caption(
            f"{_said(asked, page.now.date())}, in groups of connector, category and code. {plain(frame.zones())}"
        )
        frame.draw_refusal()
        _draw_toolbar(page, asked)
        _draw_retries(page)
        if not page.lines:
            _draw_empty(asked)
        else:
            errors_table.draw(page)
            if is_arrival and len(page.lines) == 1 and asked != Asked():
                errors_drawer.open_group(page.lines[0].group.failure_ids)
        errors_drawer.draw()
        if _going(page) and not errors_drawer.is_open():
            _watch(asked, _going(page))


if __name__ == "__main__":
    _draw()
