"""The table of actions, on their own page and on a profile's: a key opens the story, a profile its page."""

import pandas as pd
import streamlit as st

from engine.views.actions import ActionList
from pages.parts import action_badges, action_drawer, badges, frame, words
from pages.parts.badges import Badge
from pages.parts.plain import visible

_ROW_HEIGHT = 38
_OPEN = ":material/chevron_right:"
_PROFILE = "Profile"
_BUTTONS = "_open"


def draw(page: ActionList, key: str, *, has_profiles: bool) -> None:
    """Draw the table; key names its widgets and its drawer's place, has_profiles: it tells whose each action is."""
    lines = page.lines
    config = st.column_config
    own = [action_badges.own_word(line) for line in lines]
    data = {
        "Key": [visible(line.key) for line in lines],
        "State": [
            badges.words((action_badges.of(line),)) + ([word] if word else [])
            for line, word in zip(lines, own, strict=True)
        ],
        "Type": [action_badges.type_word(line.type) for line in lines],
        "Happened": [frame.when(line.happened_at, page.now) for line in lines],
        "Amount": [action_badges.amount(line.amount) for line in lines],
        _PROFILE: [str(line.profile_id) for line in lines],
        "Source": [visible(line.source) for line in lines],
        "open": [_OPEN for _ in lines],
    }
    if not has_profiles:
        del data[_PROFILE]
    known = {badge.word for badge in action_badges.STANDING}
    told = tuple(Badge(word, "gray", "label") for word in sorted({word for word in own if word} - known))
    st.dataframe(
        pd.DataFrame(data),
        key=key,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        placeholder=words.UNKNOWN,
        on_select=lambda: chosen(page, key),
        selection_mode="single-cell",
        column_config={
            "Key": config.TextColumn(width=200),
            "Type": config.TextColumn(width=100),
            "Happened": config.TextColumn(width=130),
            "Amount": config.TextColumn(width=100, alignment="right"),
            "State": badges.column("State", 170, (*action_badges.STANDING, *told)),
            _PROFILE: config.TextColumn(width=110),
            "Source": config.TextColumn(width=120),
            "open": config.ButtonColumn(
                "", width=44, type="tertiary", key=key + _BUTTONS, on_click=opened, args=(page, key + _BUTTONS)
            ),
        },
        alt="Actions with type, time, amount, state, profile and source; a button in each row opens the story.",
    )


def opened(page: ActionList, key: str) -> None:
    """Open the story whose button was clicked; for callbacks. key: of the buttons."""
    click = st.session_state.get(key)
    if click and 0 <= click["row"] < len(page.lines):
        action_drawer.open_action(page.lines[click["row"]].ref, key.removesuffix(_BUTTONS))


def chosen(page: ActionList, key: str) -> None:
    """Open what a chosen cell leads to: a key the story, a profile its page; for callbacks. key: of the table."""
    cells = st.session_state[key]["selection"]["cells"]
    if not cells or cells[0][0] >= len(page.lines):
        return
    line, column = page.lines[cells[0][0]], cells[0][1]
    if column == "Key":
        action_drawer.open_action(line.ref, key)
    elif column == _PROFILE:
        action_drawer.lead_to(line.profile_id)
