"""Choices above a table that stand in the page's address as stable words, while people read labels with counts."""

from collections.abc import Mapping

import streamlit as st


def segments(label: str, name: str, labels: Mapping[str, str]) -> str:
    """Draw an either-or control; the first word of labels is the default. Return the chosen word."""
    words = list(labels)
    st.session_state.setdefault(name, _given(name, words) or words[0])
    st.segmented_control(
        label,
        words,
        key=name,
        required=True,
        format_func=lambda word: labels[word],
        label_visibility="collapsed",
        on_change=_tell,
        args=(name, words[0]),
    )
    chosen: str = st.session_state[name]
    return chosen if chosen in labels else words[0]


def pills(label: str, name: str, labels: Mapping[str, str]) -> str | None:
    """Draw pills of which at most one is chosen; return its word, or None."""
    words = list(labels)
    if st.session_state.setdefault(name, _given(name, words)) not in labels:
        st.session_state[name] = None
    st.pills(
        label,
        words,
        key=name,
        format_func=lambda word: labels.get(word, word),
        label_visibility="collapsed",
        on_change=_tell,
        args=(name, None),
    )
    chosen: str | None = st.session_state[name]
    return chosen


def clear(*names: str) -> None:
    """Forget these choices, in the address too; for callbacks."""
    for name in names:
        st.session_state.pop(name, None)
        st.query_params.pop(name, None)


def _given(name: str, words: list[str]) -> str | None:
    given = st.query_params.get(name)
    return given if given in words else None


def _tell(name: str, usual: str | None) -> None:
    chosen = st.session_state[name]
    if chosen == usual:
        st.query_params.pop(name, None)
    else:
        st.query_params[name] = chosen
