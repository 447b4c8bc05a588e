"""One configuration of a partner: its account, its state, who uses it, and what it sent."""

import streamlit as st

from engine.base.errors import HandoffError
from engine.views import connectors as view
from engine.views.connectors import ConnectorPage
from pages.parts import badges, connector_blocks, connector_dialogs, connector_form, frame, session, words
from storage.records.partners import Configuration, ConfigurationState

_LIST = ("Connectors", "connectors_page.py")
_DAYS = 7
_LIVE_S = 2


def _read() -> ConnectorPage:
    return view.page(session.desk(), session.caller(), st.query_params.get("id", ""), _DAYS)


def _draw_actions(page: ConnectorPage, configuration: Configuration) -> None:
    if page.may_edit:
        st.button(
            "Delete",
            icon=":material/delete:",
            key="connector_delete",
            on_click=connector_dialogs.ask_delete,
            args=(configuration,),
        )
    if page.may_switch and configuration.state is ConfigurationState.ACTIVE:
        st.button(
            "Deactivate",
            icon=":material/power_settings_new:",
            key="connector_deactivate",
            on_click=connector_dialogs.ask_deactivate,
            args=(configuration,),
        )


def _is_going(page: ConnectorPage) -> bool:
    is_active = page.configuration is not None and page.configuration.state is ConfigurationState.ACTIVE
    return is_active and page.counts.waiting > 0


def _draw_side(state: ConfigurationState, *, was_going: bool) -> None:
    with frame.loading("the figures"):
        page = _read()
        is_other = page.configuration is None or page.configuration.state is not state
        if is_other or _is_going(page) != was_going:
            st.rerun()  # begin to look every two seconds or stop it, or say that it was stopped meanwhile
        connector_blocks.uses(page)
        connector_blocks.figures(page)


def _draw_page(page: ConnectorPage, configuration: Configuration) -> None:
    frame.crumbs(_LIST, here=configuration.name)
    title = words.account(page.partner.short_name, configuration.name)
    with frame.title_row(title, (badges.of_configuration(configuration.state),)):
        _draw_actions(page, configuration)
    st.caption(f"An account at {page.partner.name}. Days are UTC.")
    frame.draw_refusal()
    connector_dialogs.draw()
    connector_blocks.state_bar(page)
    left, right = st.columns([5, 3], gap="small")
    with left:
        connector_form.draw(page)
    with right:
        is_going = _is_going(page)
        st.fragment(_draw_side, run_every=_LIVE_S if is_going else None)(configuration.state, was_going=is_going)
        connector_blocks.about(page.partner)


def _draw() -> None:
    try:
        page = _read()
    except HandoffError as error:
        frame.crumbs(_LIST, here="Connector")
        frame.title_row("Connector")
        frame.draw_failure("the connector", str(error))
        return
    if page.configuration is not None:
        _draw_page(page, page.configuration)


if __name__ == "__main__":
    _draw()
