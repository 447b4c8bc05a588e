"""The left side of an audience's page: its name and rule, how many meet it now, and a sample of them."""

import pandas as pd
import streamlit as st

from engine.views.audiences import AudiencePage, Preview
from pages.parts import audience_edit, frame, words
from pages.parts.audience_edit import Edit
from pages.parts.plain import plain
from pages.parts.values import said
from storage.records.goals import PropertyType

_ROW_HEIGHT, _ROWS_SHOWN_MAX = 36, 7
_OPEN = "audience_sample_open"
_PAUSE = "300ms"
_NUMBERS = (PropertyType.INTEGER, PropertyType.DECIMAL)


def draw(page: AudiencePage, edit: Edit, preview: Preview) -> None:
    """Draw name and rule to be changed, with the live count."""
    with st.container(border=True):
        frame.block_title("Who is in")
        st.text_input("Name", key=edit.key("name"), placeholder="Big spenders", persist_state="session")
        _draw_fields(edit)
        st.text_input(
            "The same as text",
            key=edit.key("rule"),
            placeholder="spend >= 500",
            live=_PAUSE,
            persist_state="session",
            on_change=audience_edit.take_text,
            args=(edit,),
            help="Type it or choose above; a text value stands in double quotes.",
        )
        _draw_outcome(page, edit, preview)


def draw_fixed(page: AudiencePage) -> None:
    """Draw the saved rule for those who may not change it."""
    with st.container(border=True):
        frame.block_title("Who is in", words.counted(page.members, "profile"))
        if page.audience is not None:
            st.code(page.audience.rule, language=None, wrap_lines=True)
        st.caption("Profiles that meet this rule. Your role sees counts, not profiles.")


def draw_sample(preview: Preview) -> None:
    """Draw some of the profiles that meet the rule."""
    if preview.problem or not preview.columns:
        return
    with st.container(border=True):
        shown = len(preview.rows)
        right = f"{words.counted(shown, 'profile')} of {words.count(preview.members)}" if preview.rows else ""
        frame.block_title("A sample of them", right)
        if not preview.rows:
            st.caption("Nobody meets this rule now.")
            return
        _draw_table(preview)


def _draw_fields(edit: Edit) -> None:
    left, middle, right = st.columns([4, 3, 3], gap="small")
    kind = edit.type
    with left:
        st.selectbox(
            "Profiles whose",
            [item.name for item in edit.properties],
            key=edit.key("property"),
            placeholder="Property",
            persist_state="session",
            index=None,
            on_change=audience_edit.take_fields,
            args=(edit,),
        )
    with middle:
        st.selectbox(
            "Comparison",
            audience_edit.offered(edit),
            key=edit.key("operator"),
            format_func=lambda operator: audience_edit.label_of(operator, kind),
            placeholder="Comparison",
            persist_state="session",
            index=None,
            on_change=audience_edit.take_fields,
            args=(edit,),
        )
    with right:
        st.text_input(
            "Value",
            key=edit.key("value"),
            placeholder=audience_edit.EXAMPLES[kind],
            disabled=edit.operator in audience_edit.WITHOUT_VALUE,
            live=_PAUSE,
            persist_state="session",
            on_change=audience_edit.take_fields,
            args=(edit,),
        )


def _draw_outcome(page: AudiencePage, edit: Edit, preview: Preview) -> None:
    if preview.problem:
        is_blank = page.audience is None and not edit.rule.strip()
        st.markdown(f":gray[{plain(preview.problem)}]" if is_blank else f":red[{plain(preview.problem)}]")
        return
    meet = "profile meets" if preview.members == 1 else "profiles meet"
    read_as = ""
    if preview.read_as and preview.read_as != edit.rule.strip():
        read_as = f" :gray[Read as {plain(preview.read_as)}.]"
    st.markdown(f":material/group: **{words.count(preview.members)}** {meet} this now.{read_as}")


def _draw_table(preview: Preview) -> None:
    table = pd.DataFrame(
        {
            **{
                f"p{place}": [said(values[place].value) for _, values in preview.rows]
                for place in range(len(preview.columns))
            },
            "open": [":material/open_in_new:"] * len(preview.rows),
        }
    )
    config = st.column_config
    st.dataframe(
        table,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content" if len(preview.rows) <= _ROWS_SHOWN_MAX else _ROW_HEIGHT * (_ROWS_SHOWN_MAX + 1),
        column_config={
            **{
                f"p{place}": config.TextColumn(item.name, alignment="right" if item.type in _NUMBERS else "left")
                for place, item in enumerate(preview.columns)
            },
            "open": config.ButtonColumn(
                "",
                width=44,
                type="tertiary",
                key=_OPEN,
                on_click=_open,
                args=(tuple(profile_id for profile_id, _ in preview.rows),),
            ),
        },
        alt="Some of the profiles that meet the rule, with their properties.",
    )


def _open(profile_ids: tuple[int, ...]) -> None:
    click = st.session_state.get(_OPEN)
    if click and 0 <= click["row"] < len(profile_ids):
        frame.go("profiles_page.py", id=str(profile_ids[click["row"]]))
