"""An action in words: its type, the badge of how it stands, the badge of a step, its amount; only drawing."""

from decimal import Decimal

from pages.parts import words
from pages.parts.badges import Badge
from pages.parts.plain import visible
from pages.parts.values import said
from storage.records.actions import Action, StepWhat

MADE = Badge("Made", "green", "check_circle")
MODIFIED = Badge("Modified", "blue", "edit")
REVERSED = Badge("Reversed", "orange", "undo")
STANDING = (MADE, MODIFIED, REVERSED)
_STEPS = {
    StepWhat.MADE: MADE,
    StepWhat.CORRECTED: Badge("Corrected", "blue", "edit"),
    StepWhat.MODIFIED: MODIFIED,
    StepWhat.REVERSED: REVERSED,
}
_TYPES = {"conversions": "Conversion", "clicks": "Click"}


def type_word(kind: str) -> str:
    """Return what one action of a data type is called."""
    return _TYPES.get(kind, kind.replace("_", " ").capitalize())


def of(action: Action) -> Badge:
    """Return the badge of how an action stands."""
    if not action.counts:
        return REVERSED
    return MODIFIED if action.is_changed else MADE


def of_step(what: StepWhat) -> Badge:
    """Return the badge of what a row did."""
    return _STEPS[what]


def own_word(action: Action) -> str | None:
    """Return what the file calls an action's state, None where it says nothing."""
    return visible(action.state) if action.counts and action.state else None


def amount(value: Decimal | None) -> str:
    """Return an amount as people read it; a dash for none."""
    return said(value) if value is not None else words.UNKNOWN
