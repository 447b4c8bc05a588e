"""Status: each part of the service with a badge, when it was heard of last, and what to do; what listens where."""

from datetime import datetime

import pandas as pd
import streamlit as st

from engine.views import status as view
from engine.views.status import Health, StatusPage
from pages.parts import badges, frame, session, words
from pages.parts.badges import Badge
from pages.parts.plain import plain

_POLL_S = 3.0
_ROW_HEIGHT = 38
_BADGES = {
    Health.WELL: Badge("Fine", "green", "check_circle"),
    Health.ATTENTION: Badge("Look", "orange", "warning"),
    Health.DOWN: Badge("Down", "red", "cancel"),
    Health.IDLE: Badge("Idle", "gray", "remove"),
}
_JUST_NOW_S = 1.5
_MINUTE_S = 60


def ago(silent_s: float | None) -> str:
    """Say how long ago something was heard of: "now", "3 s ago", "4 min ago"; empty where that means nothing."""
    if silent_s is None:
        return ""
    if silent_s < _JUST_NOW_S:
        return "now"
    return f"{silent_s:.0f} s ago" if silent_s < _MINUTE_S else f"{silent_s / _MINUTE_S:.0f} min ago"


def _badge(health: Health) -> list[str]:
    return badges.words((_BADGES[health],))


def _draw_parts(found: StatusPage) -> None:
    with st.container(border=True):
        frame.block_title("Service")
        st.dataframe(
            pd.DataFrame(
                {
                    "Part": [part.name for part in found.parts],
                    "State": [_badge(part.health) for part in found.parts],
                    "Heard of": [ago(part.silent_s) for part in found.parts],
                    "Detail": [part.detail for part in found.parts],
                }
            ),
            hide_index=True,
            row_height=_ROW_HEIGHT,
            height="content",
            column_config={
                "Part": st.column_config.TextColumn(width=120),
                "State": badges.column("State", width=90, known=tuple(_BADGES.values())),
                "Heard of": st.column_config.TextColumn(width=90),
                "Detail": st.column_config.TextColumn(width=560),
            },
            alt="Parts of the service with their state and when they were heard of last.",
        )
        for part in found.parts:
            if part.advice:
                st.markdown(f"{_BADGES[part.health].markdown} **{plain(part.name)}**: {plain(part.advice)}")


def _draw_endpoints(found: StatusPage) -> None:
    with st.container(border=True):
        frame.block_title("Endpoints", "Partners come to us here")
        st.dataframe(
            pd.DataFrame(
                {
                    "Protocol": [line.name for line in found.endpoints],
                    "State": [_badge(line.health) for line in found.endpoints],
                    "Listens on": [line.address or line.detail for line in found.endpoints],
                    "Sessions": [line.sessions for line in found.endpoints],
                    "Host key or certificate": [line.fingerprint for line in found.endpoints],
                }
            ),
            hide_index=True,
            row_height=_ROW_HEIGHT,
            height="content",
            column_config={
                "Protocol": st.column_config.TextColumn(width=80),
                "State": badges.column("State", width=90, known=tuple(_BADGES.values())),
                "Listens on": st.column_config.TextColumn(width=210),
                "Sessions": st.column_config.NumberColumn(width=80, format="localized"),
                "Host key or certificate": st.column_config.TextColumn(width=430),
            },
            alt="Hosted endpoints with their state, address, open sessions and fingerprint.",
        )
        for line in found.endpoints:
            if line.fault:
                st.error(plain(line.fault), icon=":material/error:")
        st.caption("Partners allow-list this host name and this address; both are set in settings.yaml.")
        with st.container(horizontal=True, vertical_alignment="center"):
            st.code(found.public_name, language=None, width="content")
            st.code(found.public_address, language=None, width="content")


def _draw_bans(banned: tuple[tuple[str, datetime], ...], now: datetime) -> None:
    with st.container(border=True):
        frame.block_title("Banned addresses", words.counted(len(banned), "address", "addresses"))
        st.dataframe(
            pd.DataFrame(
                {
                    "Address": [address for address, _ in banned],
                    "Until": [frame.ahead(until, now) for _, until in banned],
                }
            ),
            hide_index=True,
            row_height=_ROW_HEIGHT,
            height="content",
            column_config={
                "Address": st.column_config.TextColumn(width=300),
                "Until": st.column_config.TextColumn(width=160),
            },
            alt="Addresses with too many wrong logins, and until when nothing is taken from them.",
        )
        st.caption("Too many wrong logins came from them. A ban ends by itself.")


@st.fragment(run_every=_POLL_S)
def _draw_all() -> None:
    with frame.loading("the status"):
        found = view.page(session.desk(), session.caller())
        _draw_parts(found)
        if found.endpoints:
            _draw_endpoints(found)
        if found.banned:
            _draw_bans(found.banned, found.now)


def _draw() -> None:
    frame.title_row("Status")
    st.caption(f"What runs, what listens, and what needs a hand. Times are {frame.zone_name()}.")
    _draw_all()


if __name__ == "__main__":
    _draw()
