"""The menu: which page stands where, for which roles, and the person's own menu below it."""

from dataclasses import dataclass
from pathlib import Path

import streamlit as st
from streamlit.navigation.page import StreamlitPage

from engine.views import callers
from pages.parts import session
from pages.parts.plain import plain
from storage.records.people import Caller, Role

NAME = "Handoff"
_HERE = Path(__file__).parent
ICON = str(_HERE / "handoff.svg")
_LOGO = str(_HERE / "handoff_name.svg")
_USER_MENU = "user_menu"
_SETTINGS = ":material/settings: Settings · Connections"
_SIGN_OUT = ":material/logout: Sign out"
_PARTNER = frozenset({Role.PARTNER})
_STAFF = frozenset(Role) - _PARTNER
_ADMIN = frozenset({Role.ADMIN})
_MAKERS = frozenset({Role.ADMIN, Role.ANALYST})
_SEERS = _MAKERS | {Role.SUPPORT}
_MANAGERS = _MAKERS | {Role.MANAGER}


@dataclass(frozen=True)
class Entry:
    """One page: its file in pages/, where it stands and who finds it. An empty group hides it from the menu."""

    file: str
    title: str
    icon: str
    address: str
    group: str
    roles: frozenset[Role]


START = Entry("start_page.py", NAME, "home", "start", "", _STAFF | _PARTNER)
"""Answers at "/" and leads on, so that every other page keeps an address of its own."""
ENTRIES = (
    Entry("statistics_page.py", "Partner statistics", "bar_chart", "statistics", "Monitor", _STAFF),
    Entry("errors_page.py", "Errors", "error", "errors", "Monitor", _SEERS),
    Entry("runs_page.py", "Runs", "history", "runs", "Monitor", _STAFF),
    Entry("connections_page.py", "Connections", "swap_horiz", "connections", "Settings · Technical", _SEERS | _PARTNER),
    Entry("files_page.py", "Files", "draft", "files", "Settings · Technical", _SEERS | _PARTNER),
    Entry("credentials_page.py", "Credentials", "key", "credentials", "Settings · Technical", _MAKERS | _PARTNER),
    Entry("audiences_page.py", "Audiences", "group", "audiences", "Activate", _MANAGERS),
    Entry("connectors_page.py", "Server to server", "hub", "connectors", "Connectors", _STAFF),
    Entry("profiles_page.py", "Find a profile", "person_search", "profiles", "Profiles", _SEERS),
    Entry("actions_page.py", "Actions", "receipt_long", "actions", "Profiles", _SEERS),
    Entry("people_page.py", "People", "badge", "people", "Settings · Account", _ADMIN),
    Entry("status_page.py", "Status", "monitor_heart", "status", "Settings · Account", _STAFF),
    Entry("connection_new_page.py", "Create connection", "add", "connection-new", "", _MAKERS | _PARTNER),
    Entry("connection_page.py", "Connection", "swap_horiz", "connection", "", _SEERS | _PARTNER),
    Entry("goal_page.py", "Mapping", "rule", "goal", "", _SEERS),
    Entry("audience_page.py", "Audience", "group", "audience", "", _MANAGERS),
    Entry("connector_new_page.py", "New connector", "hub", "connector-new", "", _MAKERS),
    Entry("connector_page.py", "Connector", "hub", "connector", "", _STAFF),
    Entry("run_page.py", "Run", "history", "run", "", _STAFF),
)
"""In the order of the menu."""


def start_of(role: Role, *, has_connectors: bool) -> str:
    """Return the file of the page that a role sees first: what it asks for, or where makers begin in a new home."""
    if role is Role.PARTNER:
        return "connections_page.py"
    if role is Role.SUPPORT:
        return "errors_page.py"
    return "connections_page.py" if role in _MAKERS and not has_connectors else "statistics_page.py"


def pages_of(role: Role) -> dict[str, list[StreamlitPage]]:
    """Return the role's pages by group; a page outside the role is not in it, so its address is not found."""
    groups: dict[str, list[StreamlitPage]] = {}
    for entry in (START, *ENTRIES):
        if role in entry.roles and (_HERE.parent / entry.file).exists():
            page = st.Page(
                entry.file,
                title=entry.title,
                icon=f":material/{entry.icon}:",
                url_path=entry.address,
                default=entry is START,
                visibility="visible" if entry.group else "hidden",
            )
            groups.setdefault(entry.group, []).append(page)
    return groups


def draw_user_menu(caller: Caller) -> None:
    """Draw name and role at the bottom of the sidebar; behind them Sign out, and for partners their settings."""
    with st.sidebar:
        visible = [entry for entry in ENTRIES if entry.group and caller.role in entry.roles]
        if len(visible) == 1:
            # Streamlit draws no menu for a single page, and a hidden page would have no way back.
            st.page_link(visible[0].file, label=visible[0].title, icon=f":material/{visible[0].icon}:")
        st.menu_button(
            f"{plain(caller.name)} · {caller.role.value}",
            [_SETTINGS, _SIGN_OUT] if caller.role is Role.PARTNER else [_SIGN_OUT],
            key=_USER_MENU,
            icon=":material/account_circle:",
            type="tertiary",
            on_click=_chosen,
        )


def draw_demo() -> None:
    """In the demo, say so below the menu of every page."""
    if callers.is_demo(session.desk()):
        st.sidebar.caption("Demo: made-up data, removed at the end.")


def draw_logo() -> None:
    """Draw the name above the menu."""
    st.logo(_LOGO, icon_image=ICON, size="medium")


def _chosen() -> None:
    chosen = st.session_state.get(_USER_MENU)
    if chosen == _SIGN_OUT:
        session.sign_out()
    elif chosen == _SETTINGS:
        st.switch_page("connections_page.py")
