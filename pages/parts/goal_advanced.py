"""How values are written: numbers, lists, dates and their zone, with the formats tried on the sample."""

import zoneinfo
from dataclasses import replace
from functools import cache
from typing import Any

import streamlit as st

from engine.views import goal_samples
from engine.views.goal_samples import DateTrial
from engine.views.goals import GoalPage
from pages.parts import frame, goal_choices, session, words
from pages.parts.goal_edit import Edit, take
from pages.parts.plain import plain
from storage.records.goals import ImportGoal, PropertyType

_FORMAT_HELP = "%Y year, %m month, %d day, %H hour, %M minute, %S second; %-d is a day without leading zero."
_NAMED_MAX = 5
_WORDS = {PropertyType.DATE: "date", PropertyType.DATE_TIME: "date-time"}


def draw_numbers(page: GoalPage, edit: Edit) -> None:
    """Draw how numbers are written."""
    left, right = st.columns(2, gap="small")
    values = edit.goal.values
    with left:
        _select(page, edit, "decimal", "Decimal separator", goal_choices.DECIMALS)
    with right:
        others = {sign: said for sign, said in goal_choices.THOUSANDS.items() if sign != values.decimal}
        _select(page, edit, "thousands", "Thousands separator", others)


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw the advanced settings."""
    multi = {**goal_choices.MULTI_VALUES}
    if edit.goal.values.multi_value not in multi:
        multi[edit.goal.values.multi_value] = edit.goal.values.multi_value
    _select(page, edit, "multi_value", "Multi-value separator", multi, is_open=True)
    for name, label, example in (
        ("date", "Date format", "%d-%m-%Y"),
        ("date_time", "Date-time format", "%Y-%m-%d %H:%M:%S"),
    ):
        key = edit.key(name)
        st.text_input(
            label,
            getattr(edit.goal.values, name) or "",
            key=key,
            placeholder=example,
            help=f"{_FORMAT_HELP} A mapping may have its own. ISO 8601 stands for 2026-11-21T10:30:00Z and the like.",
            disabled=not page.may_edit,
            on_change=take,
            args=(edit, key, lambda goal, said, name=name: with_values(goal, **{name: said.strip() or None})),
        )
    _draw_zone(page, edit)


def with_values(goal: ImportGoal, **changed: Any) -> ImportGoal:
    """Return the goal with other ways of writing values."""
    return replace(goal, values=replace(goal.values, **changed))


def _select(
    page: GoalPage, edit: Edit, name: str, label: str, choices: dict[str, str], *, is_open: bool = False
) -> None:
    key, value = edit.key(name), getattr(edit.goal.values, name)
    options = list(dict.fromkeys([*choices, value]))
    st.selectbox(
        label,
        options,
        index=options.index(value),
        format_func=lambda item: choices.get(item, item),
        key=f"{key}_{len(options)}",
        disabled=not page.may_edit,
        accept_new_options=is_open,
        help="What stands between the values of a list; another one can be typed." if is_open else None,
        on_change=take,
        args=(edit, f"{key}_{len(options)}", lambda goal, said: with_values(goal, **{name: said or ""})),
    )


@cache
def _zones() -> tuple[str, ...]:
    names = sorted(name for name in zoneinfo.available_timezones() if "/" in name and not name.startswith("Etc/"))
    return ("UTC", *names)


def _draw_zone(page: GoalPage, edit: Edit) -> None:
    key, value = edit.key("zone"), edit.goal.values.time_zone
    options = list(dict.fromkeys([*_zones(), value]))
    st.selectbox(
        "Time zone",
        options,
        index=options.index(value),
        key=key,
        help="Of date-times that do not name their own zone. Handoff keeps them in UTC.",
        disabled=not page.may_edit,
        on_change=take,
        args=(edit, key, lambda goal, said: with_values(goal, time_zone=said or "UTC")),
    )


def draw_dates(page: GoalPage, edit: Edit, *, is_short: bool = False) -> None:
    """Draw the date and time preview; a short one is left out where no field is a date."""
    goal = edit.now
    trials = goal_samples.dates(session.desk(), session.caller(), page, goal)
    if not trials and is_short:
        return
    with st.container(border=True):
        count = len(page.scan.rows) if page.scan else 0
        frame.block_title("Date and time preview", words.counted(count, "row") if count else "")
        if not trials:
            st.caption("No field is mapped as date or date-time yet; choose the type in part 4.")
        for number, trial in enumerate(trials):
            _draw_trial(page, edit, trial, f"{'short' if is_short else 'long'}_{number}")


def _draw_trial(page: GoalPage, edit: Edit, trial: DateTrial, mark: str) -> None:
    more = len(trial.fields) - _NAMED_MAX
    names = ", ".join(plain(name) for name in trial.fields[:_NAMED_MAX]) + (f" and {more:,} more" if more > 0 else "")
    if trial.problem:
        st.markdown(f"**{names}**: :red[{plain(trial.problem)}]")
    elif trial.format is None:
        _draw_suggestions(edit, trial, names, mark)
    elif not trial.total:
        st.markdown(f"**{names}**: the sample has no value to try {plain(trial.format)} on.")
    else:
        color = "green" if trial.fits == trial.total else "orange"
        matched = f":{color}[{trial.fits:,} of {trial.total:,} match]"
        st.markdown(f"{matched} {plain(trial.format)}  \n:gray[{names}]")
        file = plain(page.scan.file_name) if page.scan else ""
        failing = [f"{file} line {line:,}, {plain(field)}: **{plain(value)}**" for field, line, value in trial.failing]
        if failing:
            st.markdown("  \n".join(failing))


def _draw_suggestions(edit: Edit, trial: DateTrial, names: str, mark: str) -> None:
    kind = _WORDS[trial.type]
    if not trial.suggestions:
        none_fits = " No usual one fits all its values." if trial.total else ""
        st.markdown(f"**{names}** needs a {kind} format, for example %d-%m-%Y.{none_fits}")
        return
    several = len(trial.suggestions) > 1
    fit = f"these fit all {trial.total:,} values: choose the one that is meant" if several else "this one fits"
    st.markdown(f"**{names}** has no {kind} format; {fit}.")
    name = "date" if trial.type is PropertyType.DATE else "date_time"
    with st.container(horizontal=True, gap="xsmall"):
        for pattern in trial.suggestions:
            st.button(
                f"Use {plain(pattern)}",
                key=f"goal_use_{mark}_{pattern}",
                on_click=_use,
                args=(edit, name, pattern),
            )


def _use(edit: Edit, name: str, pattern: str) -> None:
    edit.goal = with_values(edit.goal, **{name: pattern})
    edit.round += 1
