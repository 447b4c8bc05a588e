"""The forms of the wizard's steps Direction, Type, Method and Review."""

from collections.abc import Sequence

import pandas as pd
import streamlit as st

from engine.actions import drafts
from engine.views import drafts as view
from engine.views.drafts import WORDS, DraftPage
from pages.parts import frame, wizard_fields, wizard_state, wizard_words
from pages.parts.plain import plain
from pages.parts.wizard_state import key
from storage.records.connections import Direction, Method

_NAME_CHARACTERS = 120
_NO_BREAK = "\u00a0"
_AS_CODE = ("Server", "Folder", "Mailbox folder", "File pattern", "User name", "Host key", "Certificate", "Address")
_IN_WORDS = ("every file", "by authority")


def direction(page: DraftPage) -> None:
    """Draw step 1: name and direction."""
    wizard_state.text(
        page, "name", "Connection name", placeholder="Loyalty members", max_chars=_NAME_CHARACTERS, required=True
    )
    offered = list(page.choices.directions)
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
    """Draw step 2: what the files carry, what they must hold, and where it goes."""
    types = page.data_types
    offered = [facts for facts in types if facts.data_type in page.choices.data_types]
    known = [facts.data_type for facts in offered]
    st.radio(
        "Data type",
        known,
        index=_index(page, "data_type", known),
        format_func=WORDS.__getitem__,
        captions=[facts.about for facts in offered],
        key=key("data_type"),
        on_change=wizard_state.keep,
        args=(page.draft_id, "data_type"),
    )
    wizard_state.problem(page, "data_type")
    st.table(
        pd.DataFrame(
            {
                "Type": [_type_name(facts.label, is_offered=facts in offered) for facts in types],
                "Required columns": [", ".join(f"`{column}`" for column in facts.required) for facts in types],
                "Goes to": [wizard_words.TARGETS[facts.target] for facts in types],
            }
        ),
        border="horizontal",
        hide_index=True,
        alt="All types of data with the columns that they need and where they go",
    )
    if len(offered) < len(types):
        st.caption("Types in gray cannot be chosen yet: where they go is not there.")


def _type_name(label: str, *, is_offered: bool) -> str:
    return f"**{label}**" if is_offered else f":gray[{label}]"


def method(page: DraftPage) -> None:
    """Draw step 3: the way, and what it needs."""
    answers = page.answers
    st.segmented_control(
        "Method",
        list(page.choices.methods),
        default=answers.get("method"),
        required=True,
        format_func=lambda item: f":material/{wizard_words.METHOD_ICONS[item]}: {WORDS[item]}",
        help=wizard_words.TERMS["Method"],
        key=key("method"),
        on_change=wizard_state.keep,
        args=(page.draft_id, "method"),
    )
    wizard_state.problem(page, "method")
    ways = list(page.choices.methodologies)
    if ways:
        way, how = Direction(answers["direction"]), Method(answers["method"])
        st.radio(
            "Methodology",
            ways,
            index=_index(page, "methodology", ways),
            format_func=lambda item: view.methodology_word(way, item),
            captions=[wizard_words.methodology_caption(way, how, item) for item in ways],
            key=key("methodology"),
            on_change=wizard_state.keep,
            args=(page.draft_id, "methodology"),
        )
    wizard_state.problem(page, "methodology")
    for field in page.fields:
        wizard_fields.draw(page, field)


def review(page: DraftPage) -> None:
    """Draw step 5: every value, who gave it, and Create."""
    table = pd.DataFrame(
        {
            "what": [line.label for line in page.review],
            "value": [_shown(line.label, line.value) for line in page.review],
            "origin": [_origin(line.origin) for line in page.review],
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
    is_code = label.startswith(_AS_CODE) and "`" not in value and value not in _IN_WORDS
    return f"`{value}`" if is_code else plain(value)


def _origin(said: str) -> str:
    color = "primary" if said.startswith("Provided") else "gray"
    return f":{color}[{said}]".replace(" ", _NO_BREAK)


def _create(draft_id: str, *, is_edit: bool) -> None:
    connection_id = frame.attempt(drafts.create, draft_id)
    if connection_id and is_edit:
        frame.go("connection_page.py", id=connection_id)
    elif connection_id:
        st.query_params.from_dict({"made": connection_id})


def _index(page: DraftPage, field: str, offered: Sequence[object]) -> int | None:
    return next((place for place, item in enumerate(offered) if item == page.answers.get(field)), None)
