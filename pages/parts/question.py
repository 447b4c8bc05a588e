"""A dialog that asks before something is done to a run: for which run it is open, kept in the session."""

import streamlit as st


class Question:
    """One kind of question; its dialog is drawn anew at each redraw while it is open."""

    def __init__(self, key: str) -> None:
        """Name the place in the session."""
        self._key = key

    def ask(self, run_id: str) -> None:
        """Open it for a run."""
        st.session_state[self._key] = run_id

    def close(self) -> None:
        """Close it, whichever run it was open for."""
        st.session_state.pop(self._key, None)

    def is_open(self, run_id: str) -> bool:
        """Say whether it is open for this run."""
        return bool(st.session_state.get(self._key) == run_id)
