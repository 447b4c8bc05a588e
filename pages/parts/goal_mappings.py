"""Part 4 of the goal page: which field fills which property, of which type and how, in one table."""

from typing import Any

import pandas as pd
import streamlit as st

from engine.views import goals as view
from engine.views.goals import GoalPage
from pages.parts import frame, goal_add, goal_dry_run, goal_files, goal_preview, mapping_filter, mapping_rows, words
from pages.parts.goal_edit import Edit, around
from pages.parts.mapping_filter import Show
from pages.parts.mapping_rows import MappingRow, Surroundings
from pages.parts.plain import plain
from storage.records.goals import PropertyType, Strategy

_NOTES = {
    mapping_rows.IDENTIFIER: "violet",
    mapping_rows.ROW_KEY: "violet",
    mapping_rows.EXISTS: "orange",
    mapping_rows.NARROWS: "orange",
    mapping_rows.TWICE: "orange",
    mapping_rows.NEW: "green",
    mapping_rows.NOT_MAPPED: "gray",
    mapping_rows.NOT_IN_FILE: "red",
}
_ROWS_SHOWN_MAX = 14
_ROW_HEIGHT = 34
_NAMED_MAX = 8
# The table's own tools would lie over the prefix above its right end.
_TOOLS_INSIDE = "<style>.st-key-goal_table [data-testid=stElementToolbar]{top:0.1rem;right:0.1rem}</style>"
_SUM_HINT = "Sum wants files that only grow, or a row key: without one a changed row counts as a new one."
_CLEAR_HELP = "Ticked: an empty value clears the property. Not ticked: it changes nothing."
_FORMAT_HELP = "Of dates: %Y year, %m month, %d day, for example %Y%m%d. Empty: as part 2 says."


def draw(page: GoalPage, edit: Edit) -> None:
    """Draw the part."""
    place = around(page, edit)
    if not edit.rows:
        if goal_files.reads_what_came(page):
            frame.empty("rule", "No file seen yet.", "The first one that comes waits until its fields are mapped here.")
            return
        folder = edit.goal.folder or "the folder"
        with frame.empty("rule", f"No file seen in {plain(folder)} yet.", "Scan now: its fields appear here."):
            if page.may_edit:
                st.button("Scan now", icon=":material/search:", key="goal_scan_first", on_click=_scan, args=(edit,))
        return
    search, show = _draw_toolbar(page, edit, place)
    left, right = st.columns([5, 2], gap="small")
    with left, st.container(key="goal_table"):
        if page.may_edit:
            _draw_editor(page, edit, place, search, show)
        else:
            _draw_list(page, edit, place, search, show)
        _draw_warnings(page, edit)
    with right:
        goal_preview.draw(page, edit)
        goal_dry_run.draw(page, edit)


def _scan(edit: Edit) -> None:
    goal_files.ask(edit)
    # Part 1 shows how the scan goes.
    st.session_state["goal_part"] = st.query_params["part"] = "files"


def _draw_toolbar(page: GoalPage, edit: Edit, place: Surroundings) -> tuple[str, Show]:
    counts = mapping_filter.counts(edit.rows, place)
    with st.container(horizontal=True, vertical_alignment="center"):
        search = st.text_input(
            "Search fields",
            key="goal_search",
            placeholder=f"Search {words.counted(len(edit.rows), 'field')}",
            icon=":material/search:",
            label_visibility="collapsed",
            width=200,
        )
        show = st.pills(
            "Show",
            list(Show),
            default=Show.ALL,
            required=True,
            format_func=lambda item: f"{mapping_filter.WORDS[item]} {counts[item]:,}",
            key="goal_show",
            label_visibility="collapsed",
        )
        st.space("stretch")
        if page.may_edit:
            goal_add.draw(page, edit, place)
    return search, show or Show.ALL


def _shown(edit: Edit, place: Surroundings, search: str, show: Show) -> tuple[tuple[int, ...], str]:
    """Return the numbers of the rows on the page that is shown, and the key of its table.

    They are chosen when a search, a pill or a page is chosen, not at each edit: a row that is mapped under
    "Not mapped" would else vanish under the hand.
    """
    wanted = (search.strip(), show, hash(tuple(row.field for row in edit.rows)))
    kept, pager = edit.key("chosen"), edit.key(f"page_{hash(wanted):x}")
    if kept not in st.session_state or st.session_state[kept][0] != wanted:
        st.session_state[kept] = (wanted, mapping_filter.chosen(edit.rows, search, show, place))
    numbers: tuple[int, ...] = st.session_state[kept][1]
    page_number = int(st.session_state.get(pager, 1))
    on_page = mapping_filter.page_of(numbers, page_number)
    return on_page, f"{edit.key('table')}_{hash((wanted, on_page)):x}"


def _draw_pages(edit: Edit) -> None:
    wanted, numbers = st.session_state[edit.key("chosen")]
    pages = mapping_filter.pages(len(numbers))
    if pages > 1:
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(f"{words.counted(len(numbers), 'row')}, {mapping_filter.ROWS_A_PAGE:,} a page", width="content")
            st.space("stretch")
            st.pagination(pages, key=edit.key(f"page_{hash(wanted):x}"), max_visible_pages=5)


def _draw_editor(page: GoalPage, edit: Edit, place: Surroundings, search: str, show: Show) -> None:
    numbers, key = _shown(edit, place, search, show)
    if not numbers:
        _draw_no_hit()
        return
    base_key = f"{key}_base"
    if key not in st.session_state or base_key not in st.session_state:
        st.session_state[base_key] = tuple(edit.rows[number] for number in numbers)
    base: tuple[MappingRow, ...] = st.session_state[base_key]
    edits = st.session_state[key]["edited_rows"] if key in st.session_state else {}
    now = [edit.rows[number] for number in numbers]
    lines = mapping_rows.shown(base, now, edits, goal_preview.firsts(page), place)
    st.html(_TOOLS_INSIDE)
    st.data_editor(
        pd.DataFrame(lines),
        key=key,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content" if len(lines) <= _ROWS_SHOWN_MAX else _ROW_HEIGHT * (_ROWS_SHOWN_MAX + 1),
        disabled=[mapping_rows.FIELD, mapping_rows.FIRST, mapping_rows.NOTE],
        placeholder="choose…",
        on_change=_on_edit,
        args=(edit, key, numbers, base, place),
        column_config=_columns(page, edit, now),
        alt="Fields of the file, each with first value, type, profile property, strategy, date format and a note.",
    )
    _draw_pages(edit)


def _draw_no_hit() -> None:
    with frame.empty("search_off", "Nothing matches.", "Clear the filters to see all fields."):
        st.button("Clear", key="goal_clear", on_click=_clear)


def _clear() -> None:
    st.session_state["goal_search"] = ""
    st.session_state["goal_show"] = Show.ALL


def _on_edit(edit: Edit, key: str, numbers: tuple[int, ...], base: tuple[MappingRow, ...], place: Surroundings) -> None:
    rows = list(edit.rows)
    edited = mapping_rows.fold(base, st.session_state[key]["edited_rows"], place)
    for number, row in zip(numbers, edited, strict=True):
        rows[number] = row
    edit.rows = tuple(rows)


def _columns(page: GoalPage, edit: Edit, now: list[MappingRow]) -> dict[str, Any]:
    names = [
        *(item.name for item in page.properties if not item.is_unique),
        *(row.property for row in edit.rows if row.property),
        *(link.property for link in edit.goal.identifiers if link.property),
        *(f"{edit.prefix}{row.field}" for row in now),
        *(row.field for row in now),
    ]
    # Names differ by more than capitals, and those that exist come first in their own spelling.
    options = list({name.lower(): name for name in reversed(names)}.values())[::-1]
    return {
        mapping_rows.FIELD: st.column_config.TextColumn(width=98, pinned=True),
        mapping_rows.FIRST: st.column_config.TextColumn(width=70),
        mapping_rows.TYPE: st.column_config.SelectboxColumn(
            width=76, options=[kind.value for kind in PropertyType], required=True
        ),
        mapping_rows.PROPERTY: st.column_config.SelectboxColumn(width=113, options=options),
        mapping_rows.IMPORT_AS: st.column_config.SelectboxColumn(
            width=90, options=list(mapping_rows.STRATEGY_WORDS.values()), required=True
        ),
        mapping_rows.CLEAR: st.column_config.CheckboxColumn(width=66, help=_CLEAR_HELP),
        mapping_rows.FORMAT: st.column_config.TextColumn(width=78, help=_FORMAT_HELP),
        mapping_rows.NOTE: _note_column(),
    }


def _note_column() -> Any:
    return st.column_config.MultiselectColumn(width=104, options=list(_NOTES), color=list(_NOTES.values()))


def _draw_list(page: GoalPage, edit: Edit, place: Surroundings, search: str, show: Show) -> None:
    firsts = goal_preview.firsts(page)
    numbers, _ = _shown(edit, place, search, show)
    if not numbers:
        _draw_no_hit()
        return
    lines = [
        mapping_rows.cells_of(edit.rows[number], firsts.get(edit.rows[number].field, ""), place) for number in numbers
    ]
    st.dataframe(
        pd.DataFrame(lines).fillna(""),
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content" if len(lines) <= _ROWS_SHOWN_MAX else _ROW_HEIGHT * (_ROWS_SHOWN_MAX + 1),
        column_order=[
            mapping_rows.FIELD,
            mapping_rows.PROPERTY,
            mapping_rows.IMPORT_AS,
            mapping_rows.TYPE,
            mapping_rows.CLEAR,
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
    _draw_pages(edit)


def _draw_warnings(page: GoalPage, edit: Edit) -> None:
    found = view.findings(page, edit.now)
    into = [item.property for item in found if item.kind.value == mapping_rows.EXISTS]
    lines = []
    if into:
        one, many = "mapping writes into a property", "mappings write into properties"
        verb = "holds" if len(into) == 1 else "hold"
        lines.append(f"{words.counted(len(into), one, many)} that already {verb} data: {_named(into)}.")
    said = [plain(item.said) for item in found if item.kind.value != mapping_rows.EXISTS]
    lines += said[:_NAMED_MAX]
    if len(said) > _NAMED_MAX:
        lines.append(f"And {len(said) - _NAMED_MAX:,} more; choose Warnings above to see them.")
    if lines:
        st.warning("  \n".join(lines), icon=":material/warning:")
    if any(row.strategy is Strategy.SUM and row.property for row in edit.rows) and not edit.goal.row_key:
        st.caption(_SUM_HINT)


def _named(names: list[str]) -> str:
    more = f" and {len(names) - _NAMED_MAX:,} more" if len(names) > _NAMED_MAX else ""
    return ", ".join(plain(name) for name in names[:_NAMED_MAX]) + more
