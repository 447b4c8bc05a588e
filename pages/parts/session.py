"""Who looks at the page: read from the session cookie on every run, so that an ended sign-in ends here."""

import json
from urllib.parse import quote, urlsplit

import streamlit as st

from engine.actions import sign_in as sign_in_actions
from engine.views import callers
from engine.views.callers import Desk
from pages.parts.guard import SESSION_COOKIE
from storage.records.people import Caller


def desk() -> Desk:
    """Return the open home that views and actions work with."""
    return callers.current_desk()


def token() -> str:
    """Return the session token that the browser brought along."""
    return st.context.cookies.get(SESSION_COOKIE, "")


def caller() -> Caller:
    """Return who is signed in; for nobody, lead the browser to the sign-in and end this run.

    Call it inside each fragment too: a fragment runs without the entry script.
    """
    found = callers.find(desk(), token())
    if found is None:
        _to_sign_in()
        st.stop()
    return found


def sign_out() -> None:
    """End this session; the run that follows leads to the sign-in."""
    sign_in_actions.sign_out(desk(), token())


def origin() -> str:
    """Return scheme, host and port as the browser sees them, for links to hand on."""
    parts = urlsplit(st.context.url or "")
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else ""


def _to_sign_in() -> None:
    address = f"/login?next={quote(urlsplit(st.context.url or '').path or '/', safe='')}"
    st.markdown("You are signed out. [Sign in](/login)")
    st.html(f"<script>window.location.replace({json.dumps(address)})</script>", unsafe_allow_javascript=True)
