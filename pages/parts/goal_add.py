"""Adding mappings: a prefix for new properties, all detected fields at once, or one more by hand."""

import streamlit as st

from engine.views import goals as view
from engine.views.goals import GoalPage
from pages.parts import mapping_rows
from pages.parts.goal_edit import Edit, samples
from pages.parts.mapping_rows import MappingRow, Surroundings
from storage.records.goals import PropertyType

_PREFIX_HELP = "What new properties begin with: a field that is added without a property fills prefix + field."


def draw(page: GoalPage, edit: Edit, place: Surroundings) -> None:
    """Draw the prefix and both buttons, in a line."""
    key = edit.key("prefix")
    st.text_input(
        "Prefix",
        edit.prefix,
        key=key,
        placeholder="Prefix",
        icon=":material/label:",
        help=_PREFIX_HELP,
        label_visibility="collapsed",
        width=120,
        on_change=_take_prefix,
        args=(edit, key),
    )
    with st.popover("Add one", icon=":material/add:", key=edit.key("add_open"), help="Add one mapping"):
        _draw_add(page, edit, place)
    count = len(mapping_rows.addable(edit.rows, place))
    st.button(
        f"Add all detected fields ({count:,})",
        icon=":material/playlist_add:",
        key="goal_add_all",
        disabled=not count,
        help=None if count else "Every detected field is mapped or an identifier.",
        on_click=_add_all,
        args=(page, edit, place),
    )


def _take_prefix(edit: Edit, key: str) -> None:
    edit.prefix = str(st.session_state[key]).strip()


def _add_all(page: GoalPage, edit: Edit, place: Surroundings) -> None:
    written = edit.goal.values
    suggested = {
        name: view.suggested_type(name, [value for _, value in samples(page, name)], written)
        for name in mapping_rows.addable(edit.rows, place)
    }
    edit.rows = mapping_rows.add_all(edit.rows, edit.prefix, suggested, place)
    edit.round += 1


def _draw_add(page: GoalPage, edit: Edit, place: Surroundings) -> None:
    st.caption("For a property that is not there yet, or one more from the same field.")
    keys = {name: edit.key(f"add_{name}_{len(edit.rows)}") for name in ("field", "property", "type", "as", "format")}
    fields = list(dict.fromkeys(row.field for row in edit.rows))
    field = st.selectbox("File field", fields, index=None, key=keys["field"], placeholder="Choose a field")
    known = [item.name for item in page.properties if not item.is_unique]
    st.selectbox(
        "Profile property",
        known,
        index=None,
        key=keys["property"],
        placeholder=f"{edit.prefix}{field}" if edit.prefix and field else "Choose, or type a new name",
        accept_new_options=True,
    )
    kinds = [kind.value for kind in PropertyType]
    kind = PropertyType(st.selectbox("Type", kinds, key=keys["type"]) or kinds[0])
    words_of = mapping_rows.STRATEGY_WORDS
    st.selectbox("Import as", [words_of[item] for item in view.strategies_of(kind)], key=keys["as"])
    if kind in mapping_rows.DATES:
        st.text_input("Date format", key=keys["format"], placeholder="%Y%m%d or %d-%m-%Y")
    st.button("Add mapping", type="primary", key="goal_add", on_click=_add, args=(edit, keys, place))


def _add(edit: Edit, keys: dict[str, str], place: Surroundings) -> None:
    said = {name: str(st.session_state.get(key) or "").strip() for name, key in keys.items()}
    if said["field"] and not said["property"] and edit.prefix:
        said["property"] = f"{edit.prefix}{said['field']}"
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
