"""The unsaved edits of an import goal: kept in the session under its id, so that they outlive a change of part."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import streamlit as st

from engine.actions import goals as actions
from engine.views import goals as view
from engine.views.goals import GoalPage
from pages.parts import frame, goal_changes, mapping_rows, session
from pages.parts.mapping_rows import MappingRow, Surroundings
from storage.records.goals import ImportGoal


@dataclass(frozen=True)
class _Made:
    """What was made of a saved goal, an edited one and its rows."""

    given: tuple[ImportGoal, ImportGoal, tuple[MappingRow, ...]]
    now: ImportGoal
    changes: int


@dataclass
class Edit:
    """One goal being edited; changed in place by callbacks.

    saved: as it was when editing began. goal: as it is, but for its mappings, which stand in rows.
    round: counts up whenever widgets have to begin anew from what stands here.
    wants_problems: Save was refused, so what is wrong is said until it is mended.
    prefix: what properties begin with that are made of fields without one (requirement M18).
    """

    saved: ImportGoal
    goal: ImportGoal
    rows: tuple[MappingRow, ...]
    round: int = 0
    wants_problems: bool = False
    prefix: str = ""

    _now: _Made | None = None

    @property
    def now(self) -> ImportGoal:
        """The goal with all edits."""
        return self._made().now

    @property
    def changes(self) -> int:
        """How many things differ from what is saved."""
        return self._made().changes

    def _made(self) -> _Made:
        # Asked for a dozen times in each run of the page, and 500 mappings take a while.
        given = (self.saved, self.goal, self.rows)
        if self._now is None or any(one is not other for one, other in zip(given, self._now.given, strict=True)):
            now = replace(self.goal, mappings=mapping_rows.mappings_of(self.rows))
            self._now = _Made(given, now, goal_changes.count(self.saved, now))
        return self._now

    def key(self, name: str) -> str:
        """Return the key of a widget of this goal; a new round makes new widgets."""
        return f"goal_{name}_{self.goal.goal_id[-6:]}_{self.round}"


def read(goal_id: str) -> GoalPage:
    """Return the page of a goal; what no import has changed is taken from when it was read last."""
    key = f"goal_page:{goal_id}"
    before = st.session_state.get(key)
    page = view.page(session.desk(), session.caller(), goal_id, before if isinstance(before, GoalPage) else None)
    st.session_state[key] = page
    return page


def of(page: GoalPage) -> Edit:
    """Return the edits of this page's goal; begin with what is saved where nothing was edited yet."""
    key = f"goal_edit:{page.goal.goal_id}"
    edit = st.session_state.get(key)
    if not isinstance(edit, Edit):
        edit = Edit(page.goal, page.goal, mapping_rows.rows_of(page.goal))
        st.session_state[key] = edit
    elif edit.saved.version != page.goal.version and not edit.changes:
        restart(edit, page.goal)
    columns = page.scan.columns if page.scan else ()
    if columns:
        rows = mapping_rows.with_fields(edit.rows, columns)
        edit.rows = edit.rows if rows == edit.rows else rows
    return edit


def restart(edit: Edit, saved: ImportGoal) -> None:
    """Begin anew from a saved goal; the rows of unmapped fields come back with the next run."""
    edit.saved = edit.goal = saved
    edit.rows = mapping_rows.rows_of(saved)
    edit.round += 1
    edit.wants_problems = False


def take_back(edit: Edit, version: ImportGoal) -> None:
    """Put an old version into the editor, as edits that are not saved; whether runs take the goal stays as it is."""
    edit.goal = replace(version, version=edit.saved.version, is_on=edit.saved.is_on)
    edit.rows = mapping_rows.rows_of(version)
    edit.round += 1


def around(page: GoalPage, edit: Edit) -> Surroundings:
    """Return what the rows are seen against."""
    found: dict[tuple[str, str], tuple[str, ...]] = {}
    for item in view.findings(page, edit.now):
        for field in item.fields:
            key = (field, item.property.lower())
            found[key] = (*found.get(key, ()), mapping_rows.FINDING_NOTES[item.kind.value])
    return Surroundings(
        columns=page.scan.columns if page.scan else (),
        links={link.field: link.property for link in reversed(edit.goal.identifiers) if link.field},
        known={item.name.lower(): item for item in page.properties},
        row_key=frozenset(edit.goal.row_key),
        findings=found,
    )


def fields_of(page: GoalPage, *used: str) -> list[str]:
    """Return the fields to choose from: those of the newest file, and those that are used without being in it."""
    return list(dict.fromkeys([*(page.scan.columns if page.scan else ()), *(name for name in used if name)]))


def samples(page: GoalPage, field: str) -> list[tuple[int, str]]:
    """Return the (line, value) pairs of one field in the sample; empty where the file lacks it."""
    if page.scan is None or field not in page.scan.columns:
        return []
    column = page.scan.columns.index(field)
    return [(line, values[column]) for line, values in page.scan.rows if column < len(values)]


def take(edit: Edit, key: str, change: Callable[[ImportGoal, Any], ImportGoal]) -> None:
    """Put a widget's value into the goal; for `on_change`."""
    if key in st.session_state:
        edit.goal = change(edit.goal, st.session_state[key])


def clearable(key: str, value: float | None) -> str:
    """Let a number's widget begin with this value, so that it can be emptied too; return its key.

    Given to the widget itself, the value would come back when somebody empties it.
    """
    if key not in st.session_state:
        st.session_state[key] = value
    return key


def save(edit: Edit) -> None:
    """Save the edits; what is refused is said on the page, and nothing is lost."""
    saved = frame.attempt(actions.save, edit.now, edit.saved.version)
    if saved is None:
        edit.wants_problems = True
    else:
        restart(edit, saved)
        st.toast("Saved.", icon=":material/check_circle:")


def discard(edit: Edit, saved: ImportGoal) -> None:
    """Throw the edits away."""
    restart(edit, saved)
