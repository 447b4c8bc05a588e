"""The menu: which page stands where, for which roles, and the person's own menu below it."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from pages.parts import session
from pages.parts.plain import plain
from storage.records.people import Caller, Role

NAME = "Handoff"
_HERE = Path(__file__).parent
ICON = str(_HERE / "handoff.svg")
_LOGO = str(_HERE / "handoff_name.svg")
_USER_MENU = "user_menu"
_SIGN_OUT = ":material/logout: Sign out"
_ADMIN = frozenset({Role.ADMIN})


@dataclass(frozen=True)
class Entry:
    """One page: its file in pages/, where it stands and who finds it. The first of a role is its start page."""

    file: str
    title: str
    icon: str
    address: str
    group: str
    roles: frozenset[Role]
    is_hidden: bool = False


ENTRIES = (Entry("people_page.py", "People", "badge", "people", "Settings · Account", _ADMIN),)


def pages_of(role: Role) -> dict[str, list[StreamlitPage]]:
    """Return the role's pages by group; a page outside the role is not in it, so its address is not found."""
    groups: dict[str, list[StreamlitPage]] = {}
    mine = [entry for entry in ENTRIES if role in entry.roles]
    for entry in mine:
        page = st.Page(
            entry.file,
            title=entry.title,
            icon=f":material/{entry.icon}:",
            url_path=entry.address,
            default=entry is mine[0],
            visibility="hidden" if entry.is_hidden else "visible",
        )
        groups.setdefault(entry.group, []).append(page)
    return groups or {"": [st.Page(_draw_nothing, title=NAME, url_path="nothing", default=True)]}


def draw_user_menu(caller: Caller) -> None:
    """Draw name and role at the bottom of the sidebar, with Sign out behind them."""
    with st.sidebar:
        st.menu_button(
            f"{plain(caller.name)} · {caller.role.value}",
            [_SIGN_OUT],
            key=_USER_MENU,
            icon=":material/account_circle:",
            type="tertiary",
            on_click=_chosen,
        )


def draw_logo() -> None:
    """Draw the name above the menu."""
    st.logo(_LOGO, icon_image=ICON, size="medium")


def _draw_nothing() -> None:
    st.markdown("Your role has no page yet; ask an admin for another one.")


def _chosen() -> None:
    if st.session_state.get(_USER_MENU) == _SIGN_OUT:
        session.sign_out()
