"""The table of audiences: what its cells say, its row menu, and the question before a delete."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.actions import audiences as actions
from engine.views.audiences import AudienceLine, AudienceList
from pages.parts import badges, frame, words
from pages.parts.badges import Badge
from pages.parts.plain import plain
from storage.records.audiences import Audience

LIVE = Badge("Live", "green", "bolt")
NOT_SENT = Badge("Not sent", "gray", "link_off")
RECOMPUTING = Badge("Recomputing", "blue", "progress_activity")
EDIT = ":material/edit: Edit"
DELETE = ":material/delete: Delete"
OPEN = ":material/open_in_new:"
_TABLE, _MENU, _SHOWN, _DELETING = "audiences_table", "audiences_menu", "audiences_shown", "audience_deleting"
_ROW_HEIGHT = 38
_WIDTHS = {"Name": 196, "State": 122, "n": 86, "14 days": 100, "today": 72, "Rule": 148, "Sent to": 140, "menu": 44}


def state_of(*, is_live: bool, is_recomputing: bool) -> Badge:
    """Return the badge of an audience's state; pure."""
    if is_recomputing:
        return RECOMPUTING
    return LIVE if is_live else NOT_SENT


def menu_of(page: AudienceList) -> list[str]:
    """Return what this caller can do with each audience; pure."""
    return [EDIT, DELETE] if page.may_edit else [OPEN]


def sent_to(line: AudienceLine) -> str:
    """Return the one configuration's name, how many there are, or a dash; pure."""
    if len(line.sent_to) == 1:
        return line.sent_to[0]
    return words.counted(len(line.sent_to), "configuration") if line.sent_to else words.UNKNOWN


def draw(page: AudienceList, lines: Sequence[AudienceLine]) -> None:
    """Draw the table, and the question that its menu asked for."""
    table = pd.DataFrame(
        {
            "Name": [line.audience.name for line in lines],
            "State": [[state_of(is_live=line.is_live, is_recomputing=line.is_recomputing).word] for line in lines],
            "Profiles": [line.members for line in lines],
            "14 days": [list(line.sizes) for line in lines],
            "Entered": [line.entered for line in lines],
            "Left": [line.left for line in lines],
            "Rule": [line.audience.rule for line in lines],
            "Sent to": [sent_to(line) for line in lines],
            "menu": [menu_of(page)] * len(lines),
        }
    )
    config = st.column_config
    st.dataframe(
        table,
        key=_TABLE,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        on_select=_on_cell,
        selection_mode="single-cell",
        column_config={
            "Name": config.TextColumn(width=_WIDTHS["Name"]),
            "State": badges.column("State", _WIDTHS["State"], (LIVE, NOT_SENT, RECOMPUTING)),
            "Profiles": config.NumberColumn(width=_WIDTHS["n"], format="localized"),
            "14 days": config.LineChartColumn(width=_WIDTHS["14 days"], color="gray"),
            "Entered": config.NumberColumn(width=_WIDTHS["today"], format="localized", help="Entered today."),
            "Left": config.NumberColumn(width=_WIDTHS["today"], format="localized", help="Left today."),
            "Rule": config.TextColumn(width=_WIDTHS["Rule"]),
            "Sent to": config.TextColumn(width=_WIDTHS["Sent to"]),
            "menu": config.ButtonColumn("", width=_WIDTHS["menu"], key=_MENU, on_click=_on_menu, args=(tuple(lines),)),
        },
        alt="Audiences with state, profiles, rule and connectors; a menu in each row.",
    )
    st.session_state[_SHOWN] = [line.audience.audience_id for line in lines]
    draw_question()


def act(label: str, line: AudienceLine) -> None:
    """Do what one line's menu says."""
    if label in (EDIT, OPEN):
        frame.go("audience_page.py", id=line.audience.audience_id)
    elif label == DELETE:
        ask_delete(line.audience, line.members, line.sent_to)


def ask_delete(audience: Audience, size: int, sent_to: tuple[str, ...]) -> None:
    """Show the question before a delete from the next run on, or what stands in its way; for callbacks."""
    st.session_state[_DELETING] = (audience.audience_id, audience.name, size, sent_to)


def draw_question() -> None:
    """Draw the question before a delete, if it was asked for."""
    if _DELETING in st.session_state:
        _draw_delete(*st.session_state[_DELETING])


def _on_menu(lines: tuple[AudienceLine, ...]) -> None:
    click = st.session_state.get(_MENU)
    if click and 0 <= click["row"] < len(lines):
        act(click["label"], lines[click["row"]])


def _on_cell() -> None:
    # A name leads to its audience; the other cells only mark themselves.
    cells = st.session_state[_TABLE]["selection"]["cells"]
    shown = st.session_state.get(_SHOWN, [])
    if cells and cells[0][1] == "Name" and cells[0][0] < len(shown):
        frame.go("audience_page.py", id=shown[cells[0][0]])


def _close() -> None:
    st.session_state.pop(_DELETING, None)


@st.dialog("Delete audience", on_dismiss=_close)
def _draw_delete(audience_id: str, name: str, size: int, sent_to: tuple[str, ...]) -> None:
    if sent_to:
        st.markdown(f"**{plain(name)}** is sent to {plain(', '.join(sent_to))}. Unlink it there first:")
        frame.link(name, "audience_page.py", {"id": audience_id}, icon=":material/group:")
        return
    inside = f"{words.counted(size, 'profile')} {'is' if size == 1 else 'are'} in it."
    st.markdown(f"**{plain(name)}** is sent nowhere. {inside} Its rule and its history are deleted; profiles stay.")
    if st.button(f"Delete {plain(name)}", type="primary", key="audience_delete_yes"):
        _close()
        frame.attempt(actions.delete, audience_id)
        if frame.was_refused():
            st.rerun()
        frame.go("audiences_page.py")
