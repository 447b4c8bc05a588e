"""What a page shows when it fails: one sentence and a mark, while the details go to the log without values."""

import logging

import streamlit as st

from engine.actions import page_faults
from engine.base.errors import HandoffError
from pages.parts.plain import plain


def show(error: Exception) -> bool:
    """Show the sentence of an expected error, or that the page failed; True: Streamlit shows nothing of its own."""
    if isinstance(error, HandoffError):
        st.error(plain(str(error)), icon=":material/error:")
    else:
        mark = page_faults.note(error)
        st.error(
            f"This page failed and changed nothing further. Load it again; if it stays, tell an admin the mark {mark}.",
            icon=":material/error:",
        )
    return True


def _without_values(record: logging.LogRecord) -> bool:
    # Streamlit prints every failed page with the error's own words, which can quote a row or a secret.
    record.exc_info = None
    record.msg, record.args = "A page failed; the log of the home folder says where.", ()
    return True


logging.getLogger("streamlit.error_util").addFilter(_without_values)
