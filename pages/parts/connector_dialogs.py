"""The questions before a configuration is deactivated or deleted: what stops, what is held, what stays."""

import streamlit as st

from engine.actions import configurations as actions
from engine.views import connectors as view
from engine.views.connectors import ConnectorPage
from pages.parts import frame, session, words
from pages.parts.plain import plain
from storage.records.partners import Configuration, ConfigurationState

_ASKING = "connector_asking"
_DEACTIVATE, _DELETE = "deactivate", "delete"
_DAYS = 7


def ask_deactivate(configuration: Configuration) -> None:
    """Show the question before a deactivation from the next run on; for callbacks."""
    st.session_state[_ASKING] = (_DEACTIVATE, configuration.configuration_id)


def ask_delete(configuration: Configuration) -> None:
    """Show the question before a delete from the next run on; for callbacks."""
    st.session_state[_ASKING] = (_DELETE, configuration.configuration_id)


def draw() -> None:
    """Draw the question that was asked for, if one was."""
    kind, configuration_id = st.session_state.get(_ASKING, ("", ""))
    if kind == _DEACTIVATE:
        _draw_deactivate(configuration_id)
    elif kind == _DELETE:
        _draw_delete(configuration_id)


def what_stops(page: ConnectorPage) -> str:
    """Return what a deactivation means in figures; pure."""
    there = sum(use.at_partner for use in page.uses)
    held, stay = words.compact(page.counts.waiting), words.compact(there)
    messages = "message is" if page.counts.waiting == 1 else "messages are"
    profiles = "profile stays" if there == 1 else "profiles stay"
    return f"Stops within 5 s. {held} {messages} held. {stay} {profiles} at the partner."


def what_goes(page: ConnectorPage) -> str:
    """Return what a delete means; pure."""
    dropped = ""
    if page.counts.waiting:
        dropped = f" {words.counted(page.counts.waiting, 'held message')} will not be sent."
    return f"No audience uses it. Its credentials are forgotten; its statistics stay.{dropped}"


def _close() -> None:
    st.session_state.pop(_ASKING, None)


def _read(configuration_id: str) -> ConnectorPage:
    return view.page(session.desk(), session.caller(), configuration_id, _DAYS)


@st.dialog("Deactivate connector", on_dismiss=_close)
def _draw_deactivate(configuration_id: str) -> None:
    with frame.loading("the connector"):
        page = _read(configuration_id)
        name = plain(_name(page))
        st.markdown(f"**{name}**")
        st.markdown(what_stops(page))
        st.caption("Activate it later, and what changed in between goes out.")
        if st.button(f"Deactivate {name}", type="primary", key="connector_deactivate_yes"):
            _close()
            frame.attempt_anew(actions.deactivate, configuration_id)


@st.dialog("Delete connector", on_dismiss=_close)
def _draw_delete(configuration_id: str) -> None:
    with frame.loading("the connector"):
        page = _read(configuration_id)
        name = plain(_name(page))
        st.markdown(f"**{name}**")
        if page.uses:
            st.markdown(f"Used by {words.counted(len(page.uses), 'audience')}. Remove it there first:")
            for use in page.uses:
                frame.link(use.name, "audience_page.py", {"id": use.audience_id}, icon=":material/group:")
            return
        if page.counts.waiting and page.configuration and page.configuration.state is ConfigurationState.ACTIVE:
            waiting = words.counted(page.counts.waiting, "message")
            st.markdown(f"{waiting} for it are on their way. Wait until they have gone, or deactivate it first.")
            return
        st.markdown(what_goes(page))
        if st.button(f"Delete {name}", type="primary", key="connector_delete_yes"):
            _close()
            if frame.attempt(actions.delete, configuration_id) is None and frame.was_refused():
                st.rerun()
            frame.go("connectors_page.py")


def _name(page: ConnectorPage) -> str:
    return words.account(page.partner.short_name, page.configuration.name if page.configuration else "")
