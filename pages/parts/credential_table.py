"""The table of credentials: what its cells say, and its row menu. No secret is in it."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.views.credentials import CredentialLine, CredentialList
from pages.parts import badges, credential_dialogs, credential_words, frame
from storage.records.credentials import CredentialKind, Origin

EDIT = ":material/edit: Edit"
ROTATE = ":material/autorenew: Rotate"
REACH = ":material/fingerprint: Show host key"
CERTIFICATE = ":material/fingerprint: Show certificate"
DELETE = ":material/delete: Delete"
_TABLE, _MENU, _SHOWN = "credentials_table", "credentials_menu", "credentials_shown"
_ROW_HEIGHT = 38
_WIDTHS = {"Name": 190, "Kind": 104, "For": 216, "User name": 158, "Used by": 160, "Last used": 108, "menu": 44}


def menu_of(line: CredentialLine, page: CredentialList) -> list[str]:
    """Return what this caller can do with one credential; pure."""
    credential = line.credential
    entries = []
    if page.may_edit:
        entries.append(EDIT)
        if credential.origin is Origin.PROVISIONED and credential.kind is not CredentialKind.ADDRESS:
            entries.append(ROTATE)
    if credential.origin is Origin.PROVISIONED:
        entries.append(REACH if credential.method.value == "sftp" else CERTIFICATE)
    return [*entries, DELETE] if page.may_edit else entries


def draw(page: CredentialList, lines: Sequence[CredentialLine]) -> None:
    """Draw the table."""
    config = st.column_config
    table = pd.DataFrame(
        {
            "Name": [line.credential.name for line in lines],
            "Kind": [[credential_words.BADGES[line.credential.kind].word] for line in lines],
            "For": [credential_words.of(line.credential) for line in lines],
            "User name": [line.credential.username or "–" for line in lines],  # noqa: RUF001 - stands for nothing
            "Used by": [credential_words.used_by(line.used_by) for line in lines],
            "Last used": [_last_used(line, page) for line in lines],
            "menu": [menu_of(line, page) for line in lines],
        }
    )
    texts = {name: config.TextColumn(width=_WIDTHS[name]) for name in ("Name", "For", "User name", "Used by")}
    st.dataframe(
        table,
        key=_TABLE,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        on_select=_on_cell,
        selection_mode="single-cell",
        column_config={
            **texts,
            "Kind": badges.column("Kind", _WIDTHS["Kind"], list(credential_words.BADGES.values())),
            "Last used": config.TextColumn(width=_WIDTHS["Last used"]),
            "menu": config.ButtonColumn("", width=_WIDTHS["menu"], key=_MENU, on_click=_on_menu, args=(tuple(lines),)),
        },
        alt="Credentials with kind, what they are for, user name and who uses them; a menu in each row.",
    )
    st.session_state[_SHOWN] = [line.credential.credential_id for line in lines]


def act(label: str, credential_id: str) -> None:
    """Do what one line's menu says."""
    credential_dialogs.ask(_ASKED[label], credential_id)


_ASKED = {
    EDIT: credential_dialogs.EDIT,
    ROTATE: credential_dialogs.ROTATE,
    REACH: credential_dialogs.REACH,
    CERTIFICATE: credential_dialogs.REACH,
    DELETE: credential_dialogs.DELETE,
}


def _last_used(line: CredentialLine, page: CredentialList) -> str:
    used_at = line.credential.last_used_at
    return frame.when(used_at, page.now) if used_at else "never"


def _on_menu(lines: tuple[CredentialLine, ...]) -> None:
    click = st.session_state.get(_MENU)
    if click and 0 <= click["row"] < len(lines):
        act(click["label"], lines[click["row"]].credential.credential_id)


def _on_cell() -> None:
    # A name opens its credentials; the other cells only mark themselves.
    cells = st.session_state[_TABLE]["selection"]["cells"]
    shown = st.session_state.get(_SHOWN, [])
    if cells and cells[0][1] == "Name" and cells[0][0] < len(shown):
        credential_dialogs.ask(credential_dialogs.EDIT, shown[cells[0][0]])
