"""What a profile holds and what set each value: a table, and the history of one property in a drawer."""

from collections.abc import Callable
from datetime import datetime
from decimal import Decimal

import pandas as pd
import streamlit as st

from engine.views import lineage as view
from engine.views.lineage import Lineage, SetValue
from engine.views.profiles import Held, ProfilePage
from pages.parts import action_drawer, frame, words
from pages.parts.mapping_rows import STRATEGY_WORDS
from pages.parts.plain import plain, visible
from pages.parts.values import said
from storage.records.goals import Strategy

_ROWS_SHOWN_MAX, _ROW_HEIGHT = 15, 36
_RUN, _HISTORY, _OPEN = "profile_runs", "profile_histories", "history"
_DRAWER_WIDTH = 620
_HISTORY_SHOWN_MAX = 50
_UNKNOWN_HELP = f"What set a value is known for {view.KEPT_DAYS} days; a dash stands for what is older."


def draw(page: ProfilePage, lineage: Lineage, now: datetime) -> None:
    """Draw the block, and the history that was asked for."""
    given = sum(item.value is not None for item in page.held)
    with st.container(border=True):
        frame.block_title("Properties", f"{given:,} of {len(page.held):,} have a value")
        ordered = sorted(page.held, key=lambda item: (item.value is None, not item.property.is_unique))
        _draw_table(ordered, lineage)
        if page.is_masked:
            st.caption("Texts are masked for your role.")
    name = st.query_params.get(_OPEN, "")
    if name.lower() in lineage:
        # One drawer at a time: that of an action may have been left open on its way here.
        action_drawer.close()
        _drawer(name)(page, name, lineage[name.lower()], now)


def present(found: tuple[SetValue, ...]) -> SetValue | None:
    """Return what set the value that a property has now: the newest that was not taken back; pure."""
    return next((item for item in found if item.stands), None)


def how(item: SetValue) -> str:
    """Return "Set by mapping email → e-mail, version 3", "Sum +3 by ..." or "Identifier id, version 1"; pure."""
    name = item.value.property.name
    version = f"version {item.goal_version}"
    if not item.mappings:
        return f"Identifier {item.identifier}, {version}" if item.identifier else f"Followed an action, {version}"
    fields = " and ".join(f"{each.field} → {name}" for each in item.mappings)
    strategies = dict.fromkeys(STRATEGY_WORDS[each.strategy] for each in item.mappings)
    mapping = "mapping" if len(item.mappings) == 1 else "mappings"
    return f"{', '.join(strategies)}{_difference(item)} by {mapping} {fields}, {version}"


def where(item: SetValue | None) -> str:
    """Return "4815 · purchases.csv : 8,201", a dash for what is not known; pure."""
    return f"{item.run_number} · {item.file_name} : {item.line:,}" if item else words.UNKNOWN


def _difference(item: SetValue) -> str:
    value, before = item.value.value, item.before.value
    if not any(each.strategy is Strategy.SUM for each in item.mappings) or not isinstance(value, int | Decimal):
        return ""
    number = value - (before if isinstance(before, int | Decimal) else 0)
    # A minus stands there by itself.
    return f" {'+' if number >= 0 else ''}{said(number)}"


def _draw_table(ordered: list[Held], lineage: Lineage) -> None:
    histories = [lineage.get(item.property.name.lower(), ()) for item in ordered]
    newest = [present(found) for found in histories]
    config = st.column_config
    st.dataframe(
        pd.DataFrame(
            {
                "Property": [visible(item.property.name) for item in ordered],
                "Value": [visible(said(item.value)) for item in ordered],
                "Before": [visible(said(item.before.value)) if item else words.UNKNOWN for item in newest],
                "How": [visible(how(item)) if item else words.UNKNOWN for item in newest],
                "Run · file : line": [visible(where(item)) if item else None for item in newest],
                "history": [":material/history:" if found else None for found in histories],
            }
        ),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content" if len(ordered) <= _ROWS_SHOWN_MAX else _ROW_HEIGHT * (_ROWS_SHOWN_MAX + 1),
        column_config={
            "Property": config.TextColumn(width=138),
            "Value": config.TextColumn(width=128),
            "Before": config.TextColumn(width=108, help=_UNKNOWN_HELP),
            "How": config.TextColumn(width=304, help=_UNKNOWN_HELP),
            "Run · file : line": config.ButtonColumn(
                width=220,
                alignment="left",
                type="tertiary",
                key=_RUN,
                on_click=_on_run,
                args=(newest,),
                help=_UNKNOWN_HELP,
            ),
            "history": config.ButtonColumn(
                "",
                width=44,
                type="tertiary",
                key=_HISTORY,
                on_click=_on_history,
                args=([item.property.name for item in ordered],),
                help="Every value that is known, and what set it",
            ),
        },
        alt="The profile's properties with value, the value before, what set it and in which run, file and line.",
    )


def _on_run(newest: list[SetValue | None]) -> None:
    click = st.session_state.get(_RUN)
    item = newest[click["row"]] if click and click["row"] < len(newest) else None
    if item and item.run_id:
        frame.go("run_page.py", id=str(item.run_number))


def _on_history(names: list[str]) -> None:
    click = st.session_state.get(_HISTORY)
    if click and click["row"] < len(names):
        st.query_params[_OPEN] = names[click["row"]]


def close() -> None:
    """Shut the drawer: another profile is shown."""
    st.query_params.pop(_OPEN, None)


def _drawer(name: str) -> Callable[..., None]:
    # Its title is the property's name, so that the dialog is made anew for each.
    opened: Callable[..., None] = st.dialog(
        plain(name), width=_DRAWER_WIDTH, position="right", icon=":material/history:", on_dismiss=close
    )(_draw_history)
    return opened


def _draw_history(page: ProfilePage, name: str, found: tuple[SetValue, ...], now: datetime) -> None:
    held = next((item for item in page.held if item.property.name == name), None)
    st.markdown(f"Now **{plain(said(held.value if held else None))}**")
    for number, item in enumerate(found[:_HISTORY_SHOWN_MAX]):
        _draw_value(item, number, now)
    left_out = len(found) - _HISTORY_SHOWN_MAX
    if left_out > 0:
        st.caption(f"{words.counted(left_out, 'older value')} not shown.")
    st.caption("The first of them made the profile." if found and found[-1].is_new_profile else _UNKNOWN_HELP)


def _draw_value(item: SetValue, number: int, now: datetime) -> None:
    with st.container(border=True, gap="xsmall"):
        with st.container(horizontal=True, vertical_alignment="center"):
            value = plain(said(item.value.value)) if item.is_known else "taken back"
            st.markdown(f"{plain(said(item.before.value))} → **{value}**", width="content")
            if item.reverted_at is not None:
                by = f"Reverted by {plain(item.reverted_by or '')}, {frame.when(item.reverted_at, now)}"
                st.markdown(f":gray-badge[:material/undo: {by}]", width="content")
            elif item.is_new_profile:
                st.markdown(":green-badge[:material/person_add: new profile]", width="content")
            st.space("stretch")
            st.caption(frame.when(item.set_at, now), width="content")
        st.markdown(plain(how(item)))
        with st.container(horizontal=True, vertical_alignment="center", key=f"profile_history_{number}"):
            said_where = f"{plain(item.file_name)}, line {item.line:,}"
            if item.run_id:
                frame.link(f"Run {item.run_number}", "run_page.py", {"id": str(item.run_number)}, ":material/history:")
            else:
                st.caption(f"Run {item.run_number}", width="content")
            st.caption(said_where, width="content")
