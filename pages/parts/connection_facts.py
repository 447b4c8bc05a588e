"""What a partner needs to reach us, drawn the same in the wizard, on a connection's page and above the list."""

import streamlit as st

from engine.views.drafts import Ours
from storage.records.connections import Method

_PORTS = {Method.SFTP: "SFTP port", Method.FTP: "FTPS port", Method.EMAIL: "E-mail port"}
_PROOF = {Method.SFTP: "Host key", Method.FTP: "Certificate", Method.EMAIL: "Certificate"}


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
    shown = {"Host": f"`{ours.host}`", _PORTS[method]: f"`{ours.port}`"}
    st.table(shown, border="horizontal", alt="Host, address and port that the partner allows")
    if ours.fingerprint:
        st.caption(_PROOF[method])
        st.code(ours.fingerprint, language=None, wrap_lines=True)
