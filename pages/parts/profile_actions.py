"""The newest actions of one profile, for its page."""

import streamlit as st

from engine.views import actions as view
from pages.parts import action_drawer, action_table, frame, session, words

_TABLE = "profile_actions"


def draw(profile_id: int) -> None:
    """Draw the block of a profile's actions and the drawer of one; nothing where it has none."""
    with frame.loading("the actions of this profile"):
        page = view.of_profile(session.desk(), session.caller(), profile_id)
        if not page.total:
            return
        with st.container(border=True):
            shown = f"the newest {len(page.lines)} of {page.total:,}" if page.total > len(page.lines) else ""
            frame.block_title("Actions", shown or words.counted(page.total, "action"))
            action_table.draw(page, _TABLE, has_profiles=False)
        action_drawer.draw(_TABLE)
