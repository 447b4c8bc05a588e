"""Find a profile by one of its identifiers and see what it holds; no personal value enters an address."""

import streamlit as st

from engine.views import lineage as lineage_view
from engine.views import profiles as view
from engine.views.profiles import Found, Held
from pages.parts import frame, profile_actions, profile_lineage, session, words
from pages.parts.badges import Badge
from pages.parts.values import said

_WORD, _FOUND = "profile_search", "profile_found"


def _search() -> None:
    found = frame.attempt(view.find, st.session_state.get(_WORD, ""))
    st.session_state.pop(_FOUND, None)
    st.query_params.pop("id", None)
    profile_lineage.close()
    if found is None:
        return
    if len(found.profile_ids) == 1:
        st.query_params["id"] = str(found.profile_ids[0])
    else:
        st.session_state[_FOUND] = found


def _choose(profile_id: int) -> None:
    st.session_state.pop(_FOUND, None)
    st.query_params["id"] = str(profile_id)


def _draw_search(unique: tuple[str, ...]) -> None:
    example = f"Profile id or {', '.join(unique)}" if unique else "Profile id"
    with (
        st.form("profile_form", border=False),
        st.container(horizontal=True, vertical_alignment="center"),
    ):
        st.text_input(
            "Identifier", key=_WORD, type="search", placeholder=example, label_visibility="collapsed", width=360
        )
        st.form_submit_button("Find", type="primary", key="profile_find", on_click=_search)


def _draw_found(found: Found) -> None:
    if not found.profile_ids:
        mention = (
            f"{words.counted(found.rejected, 'rejected row')} {'mentions' if found.rejected == 1 else 'mention'} it."
        )
        line = f"No profile has this identifier.{f' {mention}' if found.rejected else ''}"
        what = (
            "See the rejected rows of the newest run." if found.rejected else "It is compared whole, letter by letter."
        )
        with frame.empty("person_search", line, what):
            if found.rejected:
                frame.link("Runs", "runs_page.py", icon=":material/history:")
        return
    with st.container(border=True):
        frame.block_title(f"{words.counted(len(found.profile_ids), 'profile')} share this value", "choose one")
        for profile_id in found.profile_ids:
            st.button(
                f"Profile {profile_id}",
                key=f"profile_{profile_id}",
                type="tertiary",
                icon=":material/person:",
                on_click=_choose,
                args=(profile_id,),
            )


def _identifiers(held: tuple[Held, ...]) -> tuple[Badge, ...]:
    given = [item for item in held if item.property.is_unique and item.value is not None]
    return tuple(Badge(f"{item.property.name} {said(item.value)}", "gray", "badge") for item in given[:3])


def _draw() -> None:
    desk, caller = session.desk(), session.caller()
    profile_id = st.query_params.get("id", "")
    with frame.loading("the profiles"):
        total, unique = view.count(desk, caller), view.identifiers(desk, caller)
        page, lineage = None, {}
        if profile_id.isascii() and profile_id.isdigit():
            with frame.loading("this profile"):
                page = view.page(desk, caller, int(profile_id))
                lineage = lineage_view.of_profile(desk, caller, page.profile_id)
        frame.title_row(
            f"Profile {page.profile_id}" if page else "Find a profile", _identifiers(page.held) if page else ()
        )
        zone = f" Times are {frame.zone_name()}." if page else ""
        counted = f"{words.compact(total)} {'profile' if total == 1 else 'profiles'}"
        st.caption(f"{counted}. Search by the exact identifier.{zone}")
        if not total:
            with frame.empty("person_search", "No profile yet.", "Import a file: its rows become profiles."):
                frame.link("Connections", "connections_page.py", icon=":material/swap_horiz:")
            return
        _draw_search(unique)
        frame.draw_refusal()
        if page:
            profile_lineage.draw(page, lineage, page.now)
            profile_actions.draw(page.profile_id)
        elif st.session_state.get(_FOUND):
            _draw_found(st.session_state[_FOUND])


if __name__ == "__main__":
    _draw()
