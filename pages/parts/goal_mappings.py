"""Part 4 of the goal page: which field fills which property, of which type and how, in one table."""

from typing import Any

import pandas as pd
import streamlit as st

from engine.views import goals as view
from engine.views.goals import GoalPage
from pages.parts import frame, goal_files, goal_preview, mapping_rows, words
from pages.parts.goal_edit import Edit, around
from pages.parts.mapping_rows import MappingRow, Surroundings
from pages.parts.plain import plain
from storage.records.goals import PropertyType, Strategy

_NOTES = {
    mapping_rows.IDENTIFIER: "violet",
    mapping_rows.EXISTS: "orange",
    mapping_rows.NEW: "green",
    mapping_rows.NOT_MAPPED: "gray",
    mapping_rows.NOT_IN_FILE: "red",
}
_ROWS_SHOWN_MAX = 14
_ROW_HEIGHT = 34
_SUM_HINT = "Sum wants files that only grow: a changed row counts as a new one."


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw the part."""
    place = around(page, edit)
    if not edit.rows:
        if goal_files.reads_what_came(page):
            frame.empty("rule", "No file seen yet.", "The first one that comes waits until its fields are mapped here.")
            return
        folder = edit.goal.folder or "the folder"
        frame.empty("rule", f"No file seen in {plain(folder)} yet.", "Open part 1 and scan: its fields appear here.")
        return
    left, right = st.columns([5, 2], gap="small")
    with left:
        if page.may_edit:
            _draw_toolbar(page, edit, place)
            _draw_editor(page, edit, place)
        else:
            _draw_list(page, edit, place)
        _draw_warnings(page, edit)
    with right:
        goal_preview.draw(page, edit)


def _draw_toolbar(page: GoalPage, edit: Edit, place: Surroundings) -> None:
    mapped = sum(bool(row.property) for row in edit.rows)
    # The button stands left, because the table's own tools lie over what is above its right end.
    with st.container(horizontal=True, vertical_alignment="center"):
        with st.popover("Add a mapping", icon=":material/playlist_add:", key=edit.key("add_open")):
            _draw_add(page, edit, place)
        st.caption(
            f"{mapped:,} of {words.counted(len(edit.rows), 'row')} mapped. Clear a property to leave its field out.",
            width="content",
        )


def _draw_add(page: GoalPage, edit: Edit, place: Surroundings) -> None:
    st.caption("For a property that is not there yet, or one more from the same field.")
    keys = {name: edit.key(f"add_{name}_{len(edit.rows)}") for name in ("field", "property", "type", "as", "format")}
    fields = list(dict.fromkeys(row.field for row in edit.rows))
    st.selectbox("File field", fields, index=None, key=keys["field"], placeholder="Choose a field")
    known = [item.name for item in page.properties if not item.is_unique]
    st.selectbox(
        "Profile property",
        known,
        index=None,
        key=keys["property"],
        placeholder="Choose, or type a new name",
        accept_new_options=True,
    )
    kinds = [kind.value for kind in PropertyType]
    kind = PropertyType(st.selectbox("Type", kinds, key=keys["type"]) or kinds[0])
    words_of = mapping_rows.STRATEGY_WORDS
    st.selectbox("Import as", [words_of[item] for item in view.strategies_of(kind)], key=keys["as"])
    if kind is PropertyType.DATE:
        st.text_input("Date format", key=keys["format"], placeholder="%Y%m%d or %d-%m-%Y")
    st.button("Add", type="primary", key="goal_add", on_click=_add, args=(edit, keys, place))


def _add(edit: Edit, keys: dict[str, str], place: Surroundings) -> None:
    said = {name: str(st.session_state.get(key) or "").strip() for name, key in keys.items()}
    if not said["field"] or not said["property"]:
        st.toast("Choose a field and a property first.", icon=":material/error:")
        return
    cells = {
        mapping_rows.PROPERTY: said["property"],
        mapping_rows.IMPORT_AS: said["as"],
        mapping_rows.FORMAT: said["format"],
    }
    if said["property"].lower() not in place.known:
        # A known property brings its own type.
        cells[mapping_rows.TYPE] = said["type"]
    row = mapping_rows.fold([MappingRow(said["field"])], {0: cells}, place)[0]
    edit.rows = mapping_rows.put(edit.rows, row)
    edit.round += 1


def _draw_editor(page: GoalPage, edit: Edit, place: Surroundings) -> None:
    # A file with other fields makes another table, so its rows are part of the key.
    key = f"{edit.key('table')}_{hash(tuple(row.field for row in edit.rows)):x}"
    base_key = f"{key}_base"
    if key not in st.session_state or base_key not in st.session_state:
        st.session_state[base_key] = edit.rows
    base: tuple[MappingRow, ...] = st.session_state[base_key]
    edits = st.session_state[key]["edited_rows"] if key in st.session_state else {}
    lines = mapping_rows.shown(base, edit.rows, edits, goal_preview.firsts(page), place)
    st.data_editor(
        pd.DataFrame(lines),
        key=key,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content" if len(lines) <= _ROWS_SHOWN_MAX else _ROW_HEIGHT * (_ROWS_SHOWN_MAX + 1),
        disabled=[mapping_rows.FIELD, mapping_rows.FIRST, mapping_rows.NOTE],
        placeholder="choose…",
        on_change=_on_edit,
        args=(edit, key, base, place),
        column_config=_columns(page, edit),
        alt="Fields of the file, each with first value, type, profile property, strategy, date format and a note.",
    )


def _on_edit(edit: Edit, key: str, base: tuple[MappingRow, ...], place: Surroundings) -> None:
    edit.rows = mapping_rows.fold(base, st.session_state[key]["edited_rows"], place)


def _columns(page: GoalPage, edit: Edit) -> dict[str, Any]:
    link = [item.property for item in edit.goal.identifiers]
    names = [
        *(item.name for item in page.properties if not item.is_unique),
        *(row.property for row in edit.rows if row.property),
        *link,
        *(row.field for row in edit.rows),
    ]
    # Names differ by more than capitals, and those that exist come first in their own spelling.
    options = list({name.lower(): name for name in reversed(names)}.values())[::-1]
    return {
        mapping_rows.FIELD: st.column_config.TextColumn(width=112, pinned=True),
        mapping_rows.FIRST: st.column_config.TextColumn(width=84),
        mapping_rows.TYPE: st.column_config.SelectboxColumn(
            width=80, options=[kind.value for kind in PropertyType], required=True
        ),
        mapping_rows.PROPERTY: st.column_config.SelectboxColumn(width=130, options=options),
        mapping_rows.IMPORT_AS: st.column_config.SelectboxColumn(
            width=96, options=list(mapping_rows.STRATEGY_WORDS.values()), required=True, help=_SUM_HINT
        ),
        mapping_rows.FORMAT: st.column_config.TextColumn(
            width=92, help="For dates: %Y year, %m month, %d day, for example %Y%m%d or %d-%m-%Y."
        ),
        mapping_rows.NOTE: _note_column(),
    }


def _note_column() -> Any:
    return st.column_config.MultiselectColumn(width=100, options=list(_NOTES), color=list(_NOTES.values()))


def _draw_list(page: GoalPage, edit: Edit, place: Surroundings) -> None:
    firsts = goal_preview.firsts(page)
    lines = [mapping_rows.cells_of(row, firsts.get(row.field, ""), place) for row in edit.rows]
    frame_of_lines = pd.DataFrame(lines).fillna("")
    st.dataframe(
        frame_of_lines,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content" if len(lines) <= _ROWS_SHOWN_MAX else _ROW_HEIGHT * (_ROWS_SHOWN_MAX + 1),
        column_order=[
            mapping_rows.FIELD,
            mapping_rows.PROPERTY,
            mapping_rows.IMPORT_AS,
            mapping_rows.TYPE,
            mapping_rows.FORMAT,
            mapping_rows.FIRST,
            mapping_rows.NOTE,
        ],
        column_config={
            mapping_rows.FIELD: st.column_config.TextColumn(pinned=True),
            mapping_rows.NOTE: _note_column(),
        },
        alt="Fields of the file and the properties that they fill.",
    )


def _draw_warnings(page: GoalPage, edit: Edit) -> None:
    names = view.warnings(page, edit.now)
    if names:
        writes = (
            "mapping writes into a property that already holds"
            if len(names) == 1
            else ("mappings write into properties that already hold")
        )
        st.warning(
            f"{len(names):,} {writes} data: {', '.join(plain(name) for name in names)}.", icon=":material/warning:"
        )
    if any(row.strategy is Strategy.SUM and row.property for row in edit.rows):
        st.caption(_SUM_HINT)
