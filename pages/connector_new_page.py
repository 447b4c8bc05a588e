"""New connector: the catalog of partners, and the form of the one that was chosen (?kind=)."""

import streamlit as st

from engine.base.errors import HandoffError
from engine.views import connectors as view
from engine.views.connectors import Catalog, Partner
from pages.parts import connector_blocks, connector_form, frame, session
from pages.parts.plain import plain

_LIST = ("Connectors", "connectors_page.py")
_NEW = ("New", "connector_new_page.py")
_SEARCH_WIDTH = 260
_CARD_WIDTH = 280
_SEARCH_FROM = 6  # fewer cards are all in sight


def configured(partner: Partner) -> str:
    """Return "1 configured · reports codes"; pure."""
    count = f"{partner.configured} configured" if partner.configured else "not configured"
    return f"{count} · reports codes" if partner.reports_codes else count


def found(page: Catalog, search: str) -> list[Partner]:
    """Return the partners whose name or category has what was typed; pure."""
    wanted = search.strip().casefold()
    return [item for item in page.partners if wanted in f"{item.name} {item.short_name} {item.category}".casefold()]


def _draw_card(partner: Partner, *, may_edit: bool) -> None:
    with st.container(border=True, key=f"card_{partner.partner}"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.badge(partner.short_name[:1], color="blue")
            st.markdown(f"**{plain(partner.name)}**", width="content")
        st.caption(f"{plain(partner.category)}. {plain(partner.summary)}")
        connector_blocks.capabilities(partner)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.caption(configured(partner), width="content")
            st.space("stretch")
            if may_edit:
                st.button(
                    "Set up",
                    key=f"set_up_{partner.partner}",
                    on_click=frame.go,
                    args=("connector_new_page.py",),
                    kwargs={"kind": partner.partner},
                )


def _draw_catalog() -> None:
    frame.crumbs(_LIST, here="New")
    frame.title_row("New connector")
    st.caption("You need an active account at the partner, and Handoff on the partner's allow list.")
    with frame.loading("the catalog"):
        page = view.catalog(session.desk(), session.caller())
        search = ""
        if len(page.partners) >= _SEARCH_FROM:
            search = st.text_input(
                "Search the catalog",
                key="q",
                bind="query-params",
                placeholder=f"Search {len(page.partners)} connectors",
                icon=":material/search:",
                label_visibility="collapsed",
                width=_SEARCH_WIDTH,
            )
        shown = found(page, search or "")
        if not shown:
            frame.empty("search_off", "Nothing matches.", "Search for another name.")
        with st.grid(3, min_column_width=_CARD_WIDTH, gap="small"):
            for partner in shown:
                _draw_card(partner, may_edit=page.may_edit)


def _draw_set_up(kind: str) -> None:
    try:
        page = view.new_page(session.desk(), session.caller(), kind)
    except HandoffError as error:
        frame.crumbs(_LIST, _NEW, here="Set up")
        frame.title_row("Set up")
        frame.draw_failure("the form", str(error))
        return
    frame.crumbs(_LIST, _NEW, here=page.partner.short_name)
    frame.title_row(f"Set up {page.partner.name}")
    st.caption("One account at the partner. Nothing is sent before an audience is linked to it.")
    frame.draw_refusal()
    left, right = st.columns([5, 3], gap="small")
    with left:
        connector_form.draw(page)
    with right:
        connector_blocks.about(page.partner)


def _draw() -> None:
    kind = st.query_params.get("kind")
    if kind:
        _draw_set_up(kind)
    else:
        _draw_catalog()


if __name__ == "__main__":
    _draw()
