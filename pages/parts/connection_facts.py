"""What a partner needs to reach us, drawn the same in the wizard, on a connection's page and above the list."""

from collections.abc import Mapping

import streamlit as st

from engine.views.drafts import Ours
from pages.parts.plain import plain
from storage.records.connections import Method

_PORTS = {Method.SFTP: "SFTP port", Method.FTP: "FTPS port", Method.EMAIL: "E-mail port"}
_SHORT = {Method.SFTP: "SFTP", Method.FTP: "FTPS", Method.EMAIL: "e-mail"}
_PROOF = {Method.SFTP: "Host key", Method.FTP: "Certificate", Method.EMAIL: "Certificate"}


def allow_list(reached_at: Mapping[Method, Ours]) -> None:
    """Draw the box above the list: what partners must let through to reach us (requirement A07)."""
    first = next(iter(reached_at.values()))
    # A free port is known once something listens there.
    ports = [f"{word} **{reached_at[method].port}**" for method, word in _SHORT.items() if reached_at[method].port]
    hosts = f"**{plain(first.host)}** or **{plain(first.public_address)}**"
    st.warning(
        " · ".join([f"Partners must allow-list {hosts}", *ports]),
        icon=":material/shield:",
    )


def for_partner(ours: Ours, method: Method) -> None:
    """Draw the panel "For the partner": what their firewall must let through, and what proves that it is us."""
    with st.container(border=True, key="for_partner"):
        with st.container(horizontal=True, vertical_alignment="center"):
            st.subheader("For the partner", width="content", anchor=False)
            st.space("stretch")
            st.badge("allow-list", icon=":material/shield:", color="gray")
        table(ours, method)


def table(ours: Ours, method: Method) -> None:
    """Draw host, address, port and the fingerprint of what proves that it is us."""
    port = f"`{ours.port}`" if ours.port else "a free one, once it listens"
    shown = {"Host": f"`{ours.host}`", "Address": f"`{ours.public_address}`", _PORTS[method]: port}
    st.table(shown, border="horizontal", alt="Host, address and port that the partner allows")
    if ours.fingerprint:
        st.caption(_PROOF[method])
        st.code(ours.fingerprint, language=None, wrap_lines=True)
