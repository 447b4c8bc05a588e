"""The unsaved edits of an audience: its name, its rule as text, and the three fields that write the same rule.

They live in the widgets' own state, which outlives a look at another page.
"""

from dataclasses import dataclass

import streamlit as st

from engine.actions import audiences as actions
from engine.views import audiences as view
from engine.views.audiences import AudiencePage
from pages.parts import frame
from storage.records.audiences import Operator
from storage.records.goals import Property, PropertyType

_NEW = "new"
_UNKNOWN_TYPE = PropertyType.DECIMAL
_LABELS = {
    Operator.EQUAL: "is",
    Operator.NOT_EQUAL: "is not",
    Operator.MORE: "is more than",
    Operator.AT_LEAST: "is at least",
    Operator.LESS: "is less than",
    Operator.AT_MOST: "is at most",
    Operator.HAS_VALUE: "has a value",
    Operator.HAS_NO_VALUE: "has no value",
    Operator.HAS: "has",
    Operator.HAS_NOT: "has not",
}
_DATE_LABELS = {
    Operator.MORE: "is after",
    Operator.AT_LEAST: "is on or after",
    Operator.LESS: "is before",
    Operator.AT_MOST: "is on or before",
}
_TIME_LABELS = {**_DATE_LABELS, Operator.AT_LEAST: "is at or after", Operator.AT_MOST: "is at or before"}
_LABELS_OF = {PropertyType.DATE: _DATE_LABELS, PropertyType.DATE_TIME: _TIME_LABELS}
_OF_TEXT = (Operator.EQUAL, Operator.NOT_EQUAL, Operator.HAS_VALUE, Operator.HAS_NO_VALUE)
_OF_LISTS = (Operator.HAS, Operator.HAS_NOT, Operator.HAS_VALUE, Operator.HAS_NO_VALUE)
_ORDERED = tuple(operator for operator in _LABELS if operator not in (Operator.HAS, Operator.HAS_NOT))
_OFFERED = {PropertyType.TEXT: _OF_TEXT, PropertyType.BOOLEAN: _OF_TEXT, PropertyType.LIST: _OF_LISTS}
WITHOUT_VALUE = (Operator.HAS_VALUE, Operator.HAS_NO_VALUE)
EXAMPLES = {
    PropertyType.TEXT: "gold",
    PropertyType.DATE: "2026-11-21",
    PropertyType.INTEGER: "12",
    PropertyType.DECIMAL: "500",
    PropertyType.DATE_TIME: "2026-11-21 10:30",
    PropertyType.BOOLEAN: "true",
    PropertyType.LIST: "gold",
}


@dataclass(frozen=True)
class Edit:
    """The edits of one audience, or of a new one (None), over what profiles hold."""

    audience_id: str | None
    properties: tuple[Property, ...]

    def key(self, name: str) -> str:
        """Return the key of one of this audience's widgets."""
        return f"audience_{name}_{(self.audience_id or _NEW)[-8:]}"

    @property
    def name(self) -> str:
        """The name as it stands in its field."""
        return str(st.session_state.get(self.key("name")) or "")

    @property
    def rule(self) -> str:
        """The rule as it stands in its field."""
        return str(st.session_state.get(self.key("rule")) or "")

    @property
    def type(self) -> PropertyType:
        """The type of the property that the fields name."""
        chosen = st.session_state.get(self.key("property"))
        return next((item.type for item in self.properties if item.name == chosen), _UNKNOWN_TYPE)

    @property
    def operator(self) -> Operator | None:
        """The comparison that the fields name, or None."""
        chosen = st.session_state.get(self.key("operator"))
        return Operator(chosen) if chosen else None

    def is_changed(self, page: AudiencePage) -> bool:
        """Say whether something differs from what is saved."""
        return (self.name.strip(), self.rule.strip()) != _saved(page)


def of(page: AudiencePage) -> Edit:
    """Return the edits of this page's audience; begin with what is saved where nothing was edited.

    Where somebody else saved in between, fields that nobody had edited here follow; edits stay.
    """
    edit = Edit(page.audience.audience_id if page.audience else None, page.properties)
    base, saved = st.session_state.get(edit.key("base")), _saved(page)
    is_fresh = base is None or edit.key("rule") not in st.session_state
    if is_fresh or (base != saved and (edit.name.strip(), edit.rule.strip()) == base):
        st.session_state[edit.key("name")], st.session_state[edit.key("rule")] = saved
        st.session_state[edit.key("base")] = saved
        take_text(edit)
    return edit


def was_changed_by_others(edit: Edit, page: AudiencePage) -> bool:
    """Say whether somebody saved another name or rule since these edits began."""
    return st.session_state.get(edit.key("base")) != _saved(page)


def offered(edit: Edit) -> list[str]:
    """Return the comparisons to choose from: those that mean something for the property's type, and the present one."""
    usual = _OFFERED.get(edit.type, _ORDERED)
    present = edit.operator
    return [item.value for item in (*usual, *((present,) if present and present not in usual else ()))]


def label_of(operator: str, kind: PropertyType) -> str:
    """Return how a comparison reads between a property of this type and its value."""
    known = Operator(operator)
    return _LABELS_OF.get(kind, _LABELS).get(known, _LABELS[known])


def take_text(edit: Edit) -> None:
    """Bring the three fields to what the text says, or empty them where it cannot be read; for `on_change`."""
    name, operator, value = view.parts(edit.rule, edit.properties) or (None, None, "")
    st.session_state[edit.key("property")] = name
    st.session_state[edit.key("operator")] = operator.value if operator else None
    st.session_state[edit.key("value")] = value


def take_fields(edit: Edit) -> None:
    """Write the text from the three fields, or empty all where there is no property; for `on_change`."""
    name = st.session_state.get(edit.key("property"))
    if not name:
        st.session_state[edit.key("rule")] = ""
        take_text(edit)
        return
    operator = edit.operator
    if operator is None or operator not in _OFFERED.get(edit.type, _ORDERED):
        operator = _OFFERED[edit.type][0] if edit.type in _OFFERED else Operator.AT_LEAST
        st.session_state[edit.key("operator")] = operator.value
    value = str(st.session_state.get(edit.key("value")) or "")
    st.session_state[edit.key("rule")] = view.written(name, operator, value, edit.properties)


def save(edit: Edit) -> None:
    """Save; a new audience's page goes on under its own address. What is refused is said, and nothing is lost."""
    saved = frame.attempt(actions.save, edit.audience_id, edit.name, edit.rule)
    if saved is None:
        return
    forget(edit)
    st.query_params["id"] = saved.audience_id
    st.toast("Saved.", icon=":material/check_circle:")


def forget(edit: Edit) -> None:
    """Throw the edits away; the next run begins with what is saved."""
    for name in ("base", "name", "rule", "property", "operator", "value"):
        st.session_state.pop(edit.key(name), None)


def _saved(page: AudiencePage) -> tuple[str, str]:
    return (page.audience.name, page.audience.rule) if page.audience else ("", "")
