"""The blocks beside a configuration's form: what its state means, who uses it, what it sent, where to read more."""

import streamlit as st

from engine.actions import configurations as actions
from engine.views.connectors import SIGNALS, ConnectorPage, Partner, Use
from pages.parts import frame, words
from pages.parts.plain import plain
from storage.records.partners import ConfigurationState


def state_bar(page: ConnectorPage) -> None:
    """Say why nothing is sent and what to do, with Activate; draw nothing for an active configuration."""
    configuration = page.configuration
    if configuration is None or configuration.state is ConfigurationState.ACTIVE:
        return
    if configuration.state is ConfigurationState.STOPPED:
        frame.bar(f"Stopped: {configuration.stopped_reason}", "key_off")
    with st.container(horizontal=True, vertical_alignment="center", border=True, key="connector_state"):
        with st.container(width="stretch"):
            st.markdown(what_now(page))
        if page.may_switch:
            st.button(
                "Activate",
                icon=":material/power_settings_new:",
                key="connector_activate",
                on_click=frame.attempt,
                args=(actions.activate, configuration.configuration_id),
            )


def what_now(page: ConnectorPage) -> str:
    """Return what is held and what activating does; pure."""
    waiting = page.counts.waiting
    held = f"{words.compact(waiting)} {'message is' if waiting == 1 else 'messages are'} held"
    if page.configuration and page.configuration.state is ConfigurationState.STOPPED:
        first = "Mend what the partner refuses below, Test and Save" if page.may_edit else "Ask an analyst to mend it"
        return f"Nothing is sent, {held}. {first}, then Activate: what failed for it is sent again."
    return f"Nothing is sent, {held}. Activating sends what has changed in between."


def uses(page: ConnectorPage) -> None:
    """Draw the audiences that are sent there."""
    with st.container(border=True, gap="xsmall"):
        frame.block_title("Used by", words.counted(len(page.uses), "audience") if page.uses else "")
        if not page.uses:
            st.markdown("No audience is sent here yet.")
            st.caption("Open an audience and link this connector to it.")
        for use in page.uses:
            frame.link(use.name, "audience_page.py", {"id": use.audience_id}, icon=":material/group:")
            there = f"{words.count(use.at_partner)} at {plain(page.partner.short_name)}"
            st.markdown(f"{words.counted(use.members, 'member')} · {there}")
            st.caption(identified(use))


def identified(use: Use) -> str:
    """Return how the partner knows the members, and how many profiles can be known so; pure."""
    have = f"{words.count(use.have_it)} of {words.counted(use.profiles, 'profile')}"
    has = "has" if use.profiles == 1 else "have"
    return f"{plain(use.property)}, sent as {plain(words.inside(use.word))}; {have} {has} it"


def figures(page: ConnectorPage) -> None:
    """Draw what was sent in the last days."""
    counts, configuration = page.counts, page.configuration
    is_active = configuration is not None and configuration.state is ConfigurationState.ACTIVE
    with st.container(border=True):
        frame.block_title(f"Last {page.days} days")
        shown = (
            ("Sent", counts.sent, None),
            ("Removed", counts.removed, None),
            ("Errors", counts.errors, None),
            ("Waiting" if is_active else "Held", counts.waiting, "Messages without an answer yet, whatever their day."),
        )
        columns = st.columns(2, gap="small", wrap=False)
        for number, (label, count, about) in enumerate(shown):
            exact = words.count(count) if words.compact(count) != words.count(count) else ""
            said = " ".join(part for part in (exact, about) if part) or None
            columns[number % 2].metric(label, words.compact(count), help=said)
        if configuration is not None:
            frame.link(
                "Statistics",
                "statistics_page.py",
                {"configuration": configuration.configuration_id},
                icon=":material/bar_chart:",
            )


def about(partner: Partner) -> None:
    """Draw what the partner's connector can do, and where its documentation is."""
    with st.container(border=True):
        frame.block_title(partner.short_name, partner.category)
        st.markdown(plain(partner.summary))
        capabilities(partner)
        st.markdown(
            f":material/menu_book: [Documentation]({partner.documentation})  \n"
            f":material/error: [Error codes]({partner.error_reference})"
        )


def capabilities(partner: Partner) -> None:
    """Draw the four signals, each with a check or a dash."""
    with st.container(horizontal=True, gap="small"):
        for word in SIGNALS:
            can = word in partner.can
            said = f":green[:material/check:] {word}" if can else f":gray[:material/remove: {word}]"
            st.markdown(said, width="content")
