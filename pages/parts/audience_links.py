"""The block of an audience's links: whom it is sent to, and the questions before one is linked or unlinked."""

import pandas as pd
import streamlit as st

from engine.actions import audiences as actions
from engine.views import audiences as view
from engine.views.audiences import AudiencePage, Choice, Link, Linkable
from pages.parts import badges, frame, session, words
from pages.parts.plain import plain
from storage.records.partners import ConfigurationState

OPEN = ":material/open_in_new: Open"
STATISTICS = ":material/bar_chart: Statistics"
UNLINK = ":material/link_off: Unlink"
_MENU, _LINKING, _UNLINKING = "audience_links_menu", "audience_linking", "audience_unlinking"
_ROW_HEIGHT = 38
_WIDTHS = {"Name": 238, "State": 112, "Signals": 132, "Identifier": 244, "n": 88, "menu": 44}
_YES, _NO = "yes", "no"


def draw(page: AudiencePage) -> None:
    """Draw the block, and the question that was asked for."""
    with st.container(border=True):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("Sent to", width="content", anchor=False)
            st.space("stretch")
            if page.may_edit:
                st.button(
                    "Link a connector",
                    icon=":material/add:",
                    type="tertiary",
                    key="audience_link",
                    on_click=lambda: st.session_state.update({_LINKING: True}),
                )
        if page.links:
            _draw_table(page)
        else:
            st.caption("Nobody is told who is in. Link a connector, and who enters or leaves is told there.")
    if not page.may_edit or page.audience is None:
        return
    unlinking = next(
        (link for link in page.links if link.activation.activation_id == st.session_state.get(_UNLINKING)), None
    )
    if st.session_state.get(_LINKING):
        _ask_link(page.audience.audience_id)
    elif unlinking is not None:
        _ask_unlink(unlinking)


def menu_of(page: AudiencePage) -> list[str]:
    """Return what this caller can do with one link; pure."""
    return [OPEN, STATISTICS, UNLINK] if page.may_edit else [OPEN, STATISTICS]


def still_there(link: Link) -> str:
    """Return how many of the audience the partner has, and how many more it is about to get; pure."""
    coming = link.told - link.there
    on_their_way = f", and {words.count(coming)} more on their way" if coming > 0 else ""
    is_there = f"{words.counted(link.there, 'profile')} {'is' if link.there == 1 else 'are'} still"
    return f"{is_there} at {link.configuration.name}{on_their_way}."


def act(label: str, link: Link) -> None:
    """Do what one line's menu says."""
    configuration_id = link.configuration.configuration_id
    if label == OPEN:
        frame.go("connector_page.py", id=configuration_id)
    elif label == STATISTICS:
        frame.go("statistics_page.py", configuration=configuration_id)
    elif label == UNLINK:
        st.session_state[_UNLINKING] = link.activation.activation_id


def _draw_table(page: AudiencePage) -> None:
    links = page.links
    table = pd.DataFrame(
        {
            "Name": [words.account(link.partner_short_name, link.configuration.name) for link in links],
            "State": [[badges.of_configuration(link.configuration.state).word] for link in links],
            "Signals": [[signal.value for signal in link.signals] for link in links],
            "Identifier": [f"{link.activation.property} as {words.inside(link.identifier.label)}" for link in links],
            "There": [link.there for link in links],
            "Waiting": [link.waiting for link in links],
            "menu": [menu_of(page)] * len(links),
        }
    )
    config = st.column_config
    st.dataframe(
        table,
        hide_index=True,
        row_height=_ROW_HEIGHT,
        height="content",
        column_config={
            "Name": config.TextColumn("Partner · configuration", width=_WIDTHS["Name"]),
            "State": badges.column("State", _WIDTHS["State"], badges.CONFIGURATIONS),
            "Signals": badges.column("Signals", _WIDTHS["Signals"], badges.SIGNALS),
            "Identifier": config.TextColumn(width=_WIDTHS["Identifier"]),
            "There": config.NumberColumn(
                "At partner now",
                width=_WIDTHS["n"],
                format="localized",
                help="Whom the partner was told to have, without messages on their way or held.",
            ),
            "Waiting": config.NumberColumn(
                width=_WIDTHS["n"], format="localized", help="Messages without a final answer yet."
            ),
            "menu": config.ButtonColumn("", width=_WIDTHS["menu"], key=_MENU, on_click=_on_menu, args=(links,)),
        },
        alt="Configurations that this audience is sent to, with state, identifier and counts; a menu in each row.",
    )


def _on_menu(links: tuple[Link, ...]) -> None:
    click = st.session_state.get(_MENU)
    if click and 0 <= click["row"] < len(links):
        act(click["label"], links[click["row"]])


def _close_link() -> None:
    st.session_state.pop(_LINKING, None)


@st.dialog("Link a connector", on_dismiss=_close_link)
def _ask_link(audience_id: str) -> None:
    with frame.loading("what can be linked"):
        page = view.linkable(session.desk(), session.caller(), audience_id)
        if not page.choices:
            _draw_none_free(page)
            return
        choice = _draw_choices(page)
        chosen = st.selectbox(
            "Identifier",
            [item.name for item, _ in page.properties],
            key="audience_link_property",
            format_func=lambda one: _with_count(page, one),
            help="The property whose value tells the partner who it is.",
        )
        st.caption(f"Sent as {plain(words.inside(choice.identifier.label))}." if choice else "")
        sends = st.radio(
            f"Send the {words.counted(page.members, 'current member')}?",
            [_YES, _NO],
            key="audience_link_current",
            format_func=lambda answer: {
                _YES: f"Yes, send {words.count(page.members)} now",
                _NO: "No, only who enters from now on",
            }[answer],
        )
        if choice and st.button(
            f"Link {plain(choice.configuration.name)}", type="primary", key="audience_link_yes", disabled=not chosen
        ):
            configuration_id = choice.configuration.configuration_id
            frame.attempt(actions.link, audience_id, configuration_id, chosen, sends_current=sends == _YES)
            if not frame.was_refused():
                _close_link()
                st.rerun()
        frame.draw_refusal()


def _draw_none_free(page: Linkable) -> None:
    if page.taken:
        st.markdown("Each configuration takes one audience, and all of them have theirs. Set up another one first.")
    else:
        st.markdown("No connector is configured yet. Set one up first.")
    frame.link("Server to server", "connectors_page.py", icon=":material/hub:")


def _draw_choices(page: Linkable) -> Choice | None:
    by_id = {choice.configuration.configuration_id: choice for choice in page.choices}
    taken = f" {words.counted(page.taken, 'other')} took an audience already." if page.taken else ""
    chosen = st.selectbox(
        "Configuration",
        list(by_id),
        key="audience_link_configuration",
        format_func=lambda one: words.account(by_id[one].partner_short_name, by_id[one].configuration.name),
        help=f"An account at a partner; each takes one audience.{taken}",
    )
    return by_id.get(chosen or "")


def _with_count(page: Linkable, name: str) -> str:
    count = next(count for item, count in page.properties if item.name == name)
    return f"{name} · {words.count(count)} of {words.count(page.members)} have it"


def _close_unlink() -> None:
    st.session_state.pop(_UNLINKING, None)


@st.dialog("Unlink connector", on_dismiss=_close_unlink)
def _ask_unlink(link: Link) -> None:
    name = plain(link.configuration.name)
    there = still_there(link)
    removes = False
    if link.configuration.state is ConfigurationState.ACTIVE and link.told:
        answer = st.radio(
            f"{plain(there)} Send removes first?",
            [_YES, _NO],
            key="audience_unlink_removes",
            format_func=lambda one: {
                _YES: f"Yes, remove {words.count(link.told)} there",
                _NO: "No, they stay there",
            }[one],
        )
        removes = answer == _YES
    elif link.there:
        state = link.configuration.state.value
        st.markdown(f"{plain(there)} It is {state}, so they stay there; activate it first to have them removed.")
    else:
        st.markdown(f"Nobody is at {name}, so nothing has to be removed.")
    if st.button(f"Unlink {name}", type="primary", key="audience_unlink_yes"):
        frame.attempt(actions.unlink, link.activation.activation_id, sends_removes=removes)
        if not frame.was_refused():
            _close_unlink()
            st.rerun()
    frame.draw_refusal()
