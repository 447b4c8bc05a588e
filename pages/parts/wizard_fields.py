"""The fields of the wizard's step Method, each drawn by its name in the draft, in the words of the way chosen."""

import re
from collections.abc import Callable

import streamlit as st

from engine.views.drafts import DraftPage
from pages.parts import wizard_state, wizard_words
from pages.parts.wizard_state import key
from storage.records.connections import Direction, Method
from storage.records.goals import PatternKind

_PORT_WIDTH = 120
_ONE_A_LINE = re.compile(r"[\s,;]+")
_LIST_HEIGHT = 90
_KINDS = {PatternKind.WILDCARD: "Wildcard", PatternKind.REGEX: "Regular expression"}


def draw(page: DraftPage, field: str) -> None:
    """Draw one field with its problem below; what another field draws beside itself is left out."""
    drawn = _DRAWN.get(field)
    if drawn is not None:
        drawn(page)


def is_mail(page: DraftPage) -> bool:
    """Say whether the way chosen is by e-mail."""
    return page.answers.get("method") == Method.EMAIL


def number(page: DraftPage, field: str, label: str, placeholder: str = "", about: str | None = None) -> None:
    """Draw one number, which may be empty."""
    # No bounds here: the browser would keep a wrong number to itself, and nobody would read why.
    st.number_input(
        label,
        value=page.answers.get(field),
        step=1,
        format="%d",
        key=key(field),
        placeholder=placeholder,
        help=about,
        on_change=wizard_state.keep,
        args=(page.draft_id, field),
    )
    wizard_state.problem(page, field)


def pattern_note(kind: object) -> str:
    """Say what the signs of a pattern mean (requirement W14)."""
    return wizard_words.REGEX_NOTE if kind == PatternKind.REGEX else wizard_words.WILDCARDS


def _host(page: DraftPage) -> None:
    example = wizard_words.SERVER_EXAMPLES[Method(page.answers.get("method") or Method.SFTP)]
    with st.container(horizontal=True):
        with st.container():
            wizard_state.text(page, "host", "Server", placeholder=example, required=True)
        with st.container(width=_PORT_WIDTH):
            number(page, "port", "Port", about=wizard_words.MAIL_PORT_HELP if is_mail(page) else None)


def _folder(page: DraftPage) -> None:
    if is_mail(page):
        wizard_state.text(
            page,
            "folder",
            "Mailbox folder",
            placeholder="INBOX",
            required=True,
            help="The folder's name in the mailbox, not a path.",
        )
    else:
        wizard_state.text(
            page, "folder", "Folder", placeholder="/outgoing", required=True, help="From the root of the server on."
        )


def _files(page: DraftPage) -> None:
    kind = page.answers.get("files_kind") or PatternKind.WILDCARD
    is_regex = kind == PatternKind.REGEX
    is_optional = "files" in page.optional
    label = "Attachment name pattern" if is_mail(page) else "File pattern or exact name"
    wizard_state.text(
        page,
        "files",
        label,
        placeholder=r"purchases_\d{4}\.csv" if is_regex else "purchases_*.csv",
        required=not is_optional,
        help=wizard_words.FILES_HELP,
    )
    with st.container(horizontal=True, vertical_alignment="center"):
        st.segmented_control(
            "How the pattern is written",
            list(_KINDS),
            default=PatternKind(kind),
            required=True,
            format_func=_KINDS.__getitem__,
            key=key("files_kind"),
            label_visibility="collapsed",
            on_change=wizard_state.keep,
            args=(page.draft_id, "files_kind"),
        )
        st.caption(pattern_note(kind) + (wizard_words.EMPTY_PATTERN if is_optional else ""), width="stretch")
    if is_mail(page):
        st.warning(wizard_words.MAIL_WARNING, icon=":material/warning:")


def _every_minutes(page: DraftPage) -> None:
    if page.answers.get("direction") == Direction.OUTBOUND:
        about = "Files go out as they are sent; this also tries what still waits. Empty: as they are sent."
        number(page, "every_minutes", "Run every … minutes", "As files are sent", about)
    else:
        number(page, "every_minutes", "Run every … minutes", "Only by Run now", "Empty: only by Run now.")


def _plain_ftp(page: DraftPage) -> None:
    _check(page, "plain_ftp", "Plain FTP, without TLS", wizard_words.PLAIN_FTP_HELP)
    if page.answers.get("plain_ftp"):
        st.warning(wizard_words.PLAIN_FTP_WARNING, icon=":material/lock_open:")


def _delete_after_pull(page: DraftPage) -> None:
    what = "mails" if is_mail(page) else "files"
    _check(page, "delete_after_pull", f"Delete {what} after pull", wizard_words.DELETE_HELP)


def _check(page: DraftPage, field: str, label: str, about: str) -> None:
    st.checkbox(
        label,
        value=bool(page.answers.get(field)),
        key=key(field),
        help=about,
        on_change=wizard_state.keep,
        args=(page.draft_id, field),
    )
    wizard_state.problem(page, field)


def _result_folder(page: DraftPage) -> None:
    wizard_state.text(
        page,
        "result_folder",
        "Folder for receipts and results",
        placeholder="Beside the files" if page.is_hosted else "None",
        help=wizard_words.OWN_RESULT_FOLDER_HELP if page.is_hosted else wizard_words.RESULT_FOLDER_HELP,
    )


def _list(page: DraftPage, field: str, label: str, placeholder: str, about: str) -> None:
    st.text_area(
        label,
        value="\n".join(page.answers.get(field) or ()),
        key=key(field),
        height=_LIST_HEIGHT,
        placeholder=placeholder,
        help=about,
        on_change=wizard_state.keep,
        args=(page.draft_id, field, lambda text: [part for part in _ONE_A_LINE.split(str(text or "")) if part]),
    )
    wizard_state.problem(page, field)


def _recipients(page: DraftPage) -> None:
    _list(page, "recipients", "Recipients, one a line", "data@brightside.example", "Each file goes to all of them.")


def _allowed_senders(page: DraftPage) -> None:
    _list(
        page,
        "allowed_senders",
        "Allowed senders, one a line",
        "data@brightside.example or @brightside.example",
        wizard_words.SENDERS_HELP,
    )


def _subject(page: DraftPage) -> None:
    wizard_state.text(
        page, "subject", "Subject", placeholder="Loyalty members", required="subject" not in page.optional
    )


_DRAWN: dict[str, Callable[[DraftPage], None]] = {
    "host": _host,
    "folder": _folder,
    "files": _files,
    "every_minutes": _every_minutes,
    "plain_ftp": _plain_ftp,
    "delete_after_pull": _delete_after_pull,
    "result_folder": _result_folder,
    "recipients": _recipients,
    "subject": _subject,
    "allowed_senders": _allowed_senders,
}
"""By the draft's field; the port stands beside the host, the pattern's kind below the pattern."""
