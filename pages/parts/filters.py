"""Choices above a table that stand in the page's address as stable words, while people read labels with counts."""

from collections.abc import Callable, Mapping
from typing import Protocol, TypeVar

import streamlit as st


class Total(Protocol):
    """Part of a list that knows how long the whole is."""

    @property
    def total(self) -> int:
        """How many there are."""


Part = TypeVar("Part", bound=Total)


def paged(key: str, rows: int, ask: Callable[[int, int], Part]) -> tuple[Part, int]:
    """Return the page of a list that is wanted, the last one where there are fewer, and how many pages there are.

    Args:
        key: Where the session has the number of the page, counted from 1.
        rows: On a page.
        ask: Gives the part from a row on, of so many rows.
    """
    wanted = max(1, int(st.session_state.get(key) or 1))
    part = ask((wanted - 1) * rows, rows)
    pages = max(1, -(-part.total // rows))
    if wanted > pages:
        st.session_state[key] = pages
        part = ask((pages - 1) * rows, rows)
    return part, pages


def segments(
    label: str, name: str, labels: Mapping[str, str], *, usual: str | None = None, key: str | None = None
) -> str:
    """Draw an either-or control and return the chosen word.

    Args:
        label: Names the control; it is not drawn.
        name: Of the choice in the address.
        labels: Word -> what people read.
        usual: The word that the address leaves out; the first one where not given.
        key: Of the widget, where another page has one of this name.
    """
    words = list(labels)
    key, usual = key or name, usual or words[0]
    st.session_state.setdefault(key, _given(name, words) or usual)
    st.segmented_control(
        label,
        words,
        key=key,
        required=True,
        format_func=lambda word: labels[word],
        label_visibility="collapsed",
        on_change=_tell,
        args=(name, usual, key),
    )
    chosen: str = st.session_state[key]
    return chosen if chosen in labels else usual


def pills(label: str, name: str, labels: Mapping[str, str], *, key: str | None = None) -> str | None:
    """Draw pills of which at most one is chosen; return its word, or None."""
    words = list(labels)
    key = key or name
    if st.session_state.setdefault(key, _given(name, words)) not in labels:
        st.session_state[key] = None
    st.pills(
        label,
        words,
        key=key,
        format_func=lambda word: labels.get(word, word),
        label_visibility="collapsed",
        on_change=_tell,
        args=(name, None, key),
    )
    chosen: str | None = st.session_state[key]
    return chosen


def select(label: str, name: str, labels: Mapping[str, str], *, key: str, width: int) -> str:
    """Draw a drop-down of stable words; the first one is the usual one. Return the chosen word."""
    words = list(labels)
    if st.session_state.setdefault(key, _given(name, words) or words[0]) not in labels:
        st.session_state[key] = words[0]
    st.selectbox(
        label,
        words,
        key=key,
        format_func=lambda word: labels[word],
        label_visibility="collapsed",
        width=width,
        on_change=_tell,
        args=(name, words[0], key),
    )
    chosen: str = st.session_state[key]
    return chosen


def clear(*names: str) -> None:
    """Forget these choices, in the address too; for callbacks."""
    for name in names:
        st.session_state.pop(name, None)
        st.query_params.pop(name, None)


def _given(name: str, words: list[str]) -> str | None:
    given = st.query_params.get(name)
    return given if given in words else None


def _tell(name: str, usual: str | None, key: str) -> None:
    chosen = st.session_state[key]
    if chosen == usual:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = chosen
