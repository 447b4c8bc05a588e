"""People: who may sign in and do what; invite, change a role, end sessions, deactivate."""

from collections.abc import Mapping
from typing import Any

import pandas as pd
import streamlit as st

from engine.actions import people as actions
from engine.views import people as view
from pages.parts import frame, session
from pages.parts.plain import plain
from storage.records.people import Invitation, Role

_ROLES = [role.value for role in Role]
_END, _LINK, _DEACTIVATE = (
    ":material/logout: End sessions",
    ":material/link: New link",
    ":material/person_off: Deactivate",
)
_LINK_ALONE = ":material/link:"
_WITHDRAW = ":material/undo: Withdraw"
_VERSION, _SHOWN_LINK, _INVITING, _LEAVING = (
    "people_version",
    "people_link",
    "people_inviting",
    "people_leaving",
)
_WIDTH_NAME, _WIDTH_EMAIL, _WIDTH_ROLE, _WIDTH_SEEN, _WIDTH_COUNT, _WIDTH_MENU = 220, 300, 120, 150, 90, 44
_ROW_HEIGHT = 38


def changed_roles(edited_rows: Mapping[int, Mapping[str, Any]], person_ids: list[str]) -> dict[str, Role]:
    """Return the new role of each person that the table's edits name; pure."""
    return {
        person_ids[row]: Role(values["Role"])
        for row, values in edited_rows.items()
        if values.get("Role") in _ROLES and 0 <= int(row) < len(person_ids)
    }


def _try(act: Any, *values: Any, **named: Any) -> Any:
    """Run one action and draw the table anew; where it refuses, the frame says why."""
    st.session_state[_VERSION] = st.session_state.get(_VERSION, 0) + 1
    return frame.attempt(act, *values, **named)


def _show_link(email: str, token: str | None) -> None:
    if token:
        st.session_state[_SHOWN_LINK] = (email, f"{session.origin()}/join?token={token}")
        st.session_state[_INVITING] = False


def _on_edit(key: str, person_ids: list[str]) -> None:
    for person_id, role in changed_roles(st.session_state[key]["edited_rows"], person_ids).items():
        _try(actions.change_role, person_id, role)


def _on_menu(key: str, lines: tuple[view.PersonLine, ...]) -> None:
    click = st.session_state.get(key)
    if not click:
        return
    person = lines[click["row"]].person
    if click["label"] == _END:
        _try(actions.end_sessions, person.person_id)
    elif click["label"] in (_LINK, _LINK_ALONE):
        _show_link(person.email, _try(actions.reset, person.person_id))
    elif click["label"] == _DEACTIVATE:
        st.session_state[_LEAVING] = (person.person_id, person.name)


def _on_invitation_menu(key: str, invitations: tuple[Invitation, ...]) -> None:
    click = st.session_state.get(key)
    if click:
        _try(actions.withdraw, invitations[click["row"]].invitation_id)


def _invite() -> None:
    given = {name: st.session_state[f"invite_{name}"] for name in ("name", "email", "role")}
    token = _try(actions.invite, name=given["name"], email=given["email"], role=Role(given["role"]))
    _show_link(given["email"], token)


def _deactivate(person_id: str) -> None:
    st.session_state.pop(_LEAVING, None)
    _try(actions.deactivate, person_id)


def _draw_invite() -> None:
    with st.form("invite", border=True):
        st.markdown("**Invite a person**")
        left, middle, right = st.columns([3, 3, 2])
        left.text_input("Name", key="invite_name")
        middle.text_input("E-mail", key="invite_email")
        right.selectbox("Role", _ROLES, index=1, key="invite_role")
        with st.container(horizontal=True, horizontal_alignment="right"):
            st.form_submit_button("Cancel", on_click=lambda: st.session_state.update({_INVITING: False}))
            st.form_submit_button("Make the link", type="primary", on_click=_invite, key="invite_send")


def _draw_link(email: str, link: str, link_hours: int) -> None:
    with st.container(border=True, key="people_link_block"):
        st.markdown(f"**Link for `{email}`**")
        st.markdown(f"Shown once. It works once, for {link_hours} hours. Send it to that person only.")
        st.code(link, language=None, wrap_lines=True)
        st.button("I have copied it", key="people_link_done", on_click=lambda: st.session_state.pop(_SHOWN_LINK, None))


@st.dialog("Deactivate", on_dismiss=lambda: st.session_state.pop(_LEAVING, None))
def _ask_deactivate(person_id: str, name: str) -> None:
    st.markdown(f"**{plain(name)}** is signed out at once and cannot sign in until you make a new link.")
    if st.button(f"Deactivate {plain(name)}", type="primary", key="deactivate_yes"):
        _deactivate(person_id)
        st.rerun()


def _draw_people(page: view.PeoplePage) -> None:
    key = f"people_table_{st.session_state.get(_VERSION, 0)}"
    table = pd.DataFrame(
        {
            "Name": [_name(line) for line in page.people],
            "E-mail": [line.person.email for line in page.people],
            "Role": [line.person.role.value for line in page.people],
            "Last seen": [frame.when(line.person.last_seen_at, page.now) for line in page.people],
            "Sessions": [line.sessions for line in page.people],
            "menu": [[_END, _LINK, _DEACTIVATE] if line.person.is_active else [_LINK_ALONE] for line in page.people],
        }
    )
    menu_key = f"{key}_menu"
    st.data_editor(
        table,
        key=key,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        disabled=["Name", "E-mail", "Last seen", "Sessions"],
        on_change=_on_edit,
        args=(key, [line.person.person_id for line in page.people]),
        column_config={
            "Name": st.column_config.TextColumn(width=_WIDTH_NAME),
            "E-mail": st.column_config.TextColumn(width=_WIDTH_EMAIL),
            "Role": st.column_config.SelectboxColumn(options=_ROLES, required=True, width=_WIDTH_ROLE),
            "Last seen": st.column_config.TextColumn(width=_WIDTH_SEEN),
            "Sessions": st.column_config.NumberColumn(width=_WIDTH_COUNT, format="localized"),
            "menu": st.column_config.ButtonColumn(
                "", width=_WIDTH_MENU, key=menu_key, on_click=_on_menu, args=(menu_key, page.people)
            ),
        },
        alt="People with their roles; a menu in each row ends sessions, makes a new link or deactivates.",
    )


def _draw_invitations(page: view.PeoplePage) -> None:
    key = f"invitations_menu_{st.session_state.get(_VERSION, 0)}"
    frame.block_title("Invited", "Links that nobody has used yet")
    table = pd.DataFrame(
        {
            "E-mail": [invitation.email for invitation in page.invitations],
            "Name": [invitation.name for invitation in page.invitations],
            "Role": [invitation.role.value for invitation in page.invitations],
            "By": [invitation.created_by for invitation in page.invitations],
            "Sent": [frame.when(invitation.created_at, page.now) for invitation in page.invitations],
            "menu": [[_WITHDRAW]] * len(page.invitations),
        }
    )
    st.dataframe(
        table,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        column_config={
            "menu": st.column_config.ButtonColumn(
                "", width=_WIDTH_MENU, key=key, on_click=_on_invitation_menu, args=(key, page.invitations)
            )
        },
        alt="Invitations that nobody has used yet; a menu in each row withdraws one.",
    )


def _name(line: view.PersonLine) -> str:
    return line.person.name if line.person.is_active else f"{line.person.name} (deactivated)"


def _draw() -> None:
    page = view.page(session.desk(), session.caller())
    with frame.title_row("People"):
        st.button(
            "Invite",
            type="primary",
            icon=":material/person_add:",
            key="invite_open",
            on_click=lambda: st.session_state.update({_INVITING: True}),
        )
    st.caption(f"Who may sign in, and what they may do. Times are {frame.zone_name()}.")
    frame.draw_refusal()
    if st.session_state.get(_SHOWN_LINK):
        email, link = st.session_state[_SHOWN_LINK]
        _draw_link(email, link, page.link_hours)
    if st.session_state.get(_INVITING):
        _draw_invite()
    _draw_people(page)
    if page.invitations:
        _draw_invitations(page)
    if st.session_state.get(_LEAVING):
        _ask_deactivate(*st.session_state[_LEAVING])


if __name__ == "__main__":
    _draw()
