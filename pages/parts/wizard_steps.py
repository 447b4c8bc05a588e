"""The forms of the wizard's steps Direction, Type, Method and Review."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.actions import drafts
from engine.views import drafts as view
from engine.views.drafts import WORDS, DraftPage
from pages.parts import frame, wizard_state, wizard_words
from pages.parts.plain import plain
from pages.parts.wizard_state import key

_PORT_WIDTH, _NAME_CHARACTERS = 120, 120
_NO_BREAK = "\u00a0"


def direction(page: DraftPage) -> None:
    """Draw step 1: name and direction."""
    wizard_state.text(
        page, "name", "Connection name", placeholder="Loyalty members", max_chars=_NAME_CHARACTERS, required=True
    )
    offered = list(view.choices(page.answers).directions)
    st.radio(
        "Direction",
        offered,
        index=_index(page, "direction", offered),
        format_func=WORDS.__getitem__,
        captions=[wizard_words.DIRECTION_CAPTIONS[item] for item in offered],
        key=key("direction"),
        on_change=wizard_state.keep,
        args=(page.draft_id, "direction"),
    )
    wizard_state.problem(page, "direction")


def data_type(page: DraftPage) -> None:
    """Draw step 2: what the files carry."""
    offered = list(view.choices(page.answers).data_types)
    st.radio(
        "Data type",
        offered,
        index=_index(page, "data_type", offered),
        format_func=WORDS.__getitem__,
        captions=[wizard_words.TYPE_CAPTIONS.get(item, "") for item in offered],
        key=key("data_type"),
        on_change=wizard_state.keep,
        args=(page.draft_id, "data_type"),
    )
    wizard_state.problem(page, "data_type")


def method(page: DraftPage) -> None:
    """Draw step 3: the way, and where the files lie."""
    offered = view.choices(page.answers)
    st.segmented_control(
        "Method",
        list(offered.methods),
        default=page.answers.get("method"),
        required=True,
        format_func=lambda item: f":material/{wizard_words.METHOD_ICONS[item]}: {WORDS[item]}",
        help=wizard_words.TERMS["Method"],
        key=key("method"),
        on_change=wizard_state.keep,
        args=(page.draft_id, "method"),
    )
    wizard_state.problem(page, "method")
    ways = list(offered.methodologies)
    if ways:
        st.radio(
            "Methodology",
            ways,
            index=_index(page, "methodology", ways),
            format_func=WORDS.__getitem__,
            captions=[wizard_words.METHODOLOGY_CAPTIONS[item] for item in ways],
            key=key("methodology"),
            on_change=wizard_state.keep,
            args=(page.draft_id, "methodology"),
        )
    wizard_state.problem(page, "methodology")
    _place(page)


def _place(page: DraftPage) -> None:
    with st.container(horizontal=True):
        with st.container():
            wizard_state.text(page, "host", "Server", placeholder="sftp.brightside.example", required=True)
        with st.container(width=_PORT_WIDTH):
            _number(page, "port", "Port")
            wizard_state.problem(page, "port")
    wizard_state.text(
        page, "folder", "Folder", placeholder="/outgoing", required=True, help="From the root of the server on."
    )
    wizard_state.text(
        page,
        "files",
        "File pattern or exact name",
        placeholder="purchases_*.csv",
        required=True,
        help=wizard_words.FILES_HELP,
    )
    st.caption(wizard_words.WILDCARDS)
    _number(page, "every_minutes", "Run every … minutes", placeholder="Only by Run now", help="Empty: only by Run now.")
    wizard_state.problem(page, "every_minutes")


def _number(page: DraftPage, field: str, label: str, placeholder: str = "", help: str | None = None) -> None:  # noqa: A002 - Streamlit's word
    # No bounds here: the browser would keep a wrong number to itself, and nobody would read why.
    st.number_input(
        label,
        value=page.answers.get(field),
        step=1,
        format="%d",
        key=key(field),
        placeholder=placeholder,
        help=help,
        on_change=wizard_state.keep,
        args=(page.draft_id, field),
    )


def review(page: DraftPage) -> None:
    """Draw step 5: every value, who gave it, and Create."""
    table = pd.DataFrame(
        {
            "what": [line.label for line in page.review],
            "value": [_shown(line.label, line.value) for line in page.review],
            "origin": [f":gray[{line.origin}]".replace(" ", _NO_BREAK) for line in page.review],
        }
    )
    st.table(table, border="horizontal", hide_index=True, hide_header=True, alt="All values of the new connection")
    is_edit = "connection_id" in page.answers
    with st.container(horizontal=True):
        wizard_state.back(page)
        st.space("stretch")
        st.button(
            "Save" if is_edit else "Create",
            type="primary",
            icon=":material/check:",
            key="wizard_create",
            on_click=_create,
            args=(page.draft_id,),
            kwargs={"is_edit": is_edit},
        )


def _shown(label: str, value: str) -> str:
    if not value:
        return ":gray[–]"  # noqa: RUF001 - the dash that stands for nothing
    is_code = label in ("Server", "Folder", "File pattern", "User name", "Host key") and "`" not in value
    return f"`{value}`" if is_code else plain(value)


def _create(draft_id: str, *, is_edit: bool) -> None:
    connection_id = frame.attempt(drafts.create, draft_id)
    if connection_id and is_edit:
        frame.go("connection_page.py", id=connection_id)
    elif connection_id:
        st.query_params.from_dict({"made": connection_id})


def _index(page: DraftPage, field: str, offered: Sequence[object]) -> int | None:
    return next((place for place, item in enumerate(offered) if item == page.answers.get(field)), None)
