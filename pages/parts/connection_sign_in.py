"""A connection's sign-in: as whom we sign in at the partner, or what the partner signs in to us with."""

import streamlit as st

from engine.views.connections import ConnectionPage
from engine.views.drafts import WORDS
from pages.parts import connection_facts, connection_table, copy_button, frame
from pages.parts.plain import plain
from storage.records.connections import Method
from storage.records.credentials import Credential, CredentialKind

_PROOF = {Method.SFTP: "Host key", Method.FTP: "Certificate", Method.EMAIL: "Certificate"}
_KINDS = {CredentialKind.PRIVATE_KEY: "private_key", CredentialKind.PUBLIC_KEY: "public_key"}


def draw(page: ConnectionPage) -> None:
    """Draw the block, folded; for a hosted connection what its partner needs stands open above it."""
    connection = page.connection
    if connection.is_hosted:
        _hosted(page)
    elif page.credential is None:
        _mail_out(page)
    else:
        _entered(page)


def _entered(page: ConnectionPage) -> None:
    connection, credential = page.connection, page.credential
    server = connection.server
    line = f"**Sign-in** :gray[\u2002{plain(server.username)} at {plain(server.host)}:{server.port}]"
    with st.expander(line, icon=":material/key:", key="sign_in"):
        facts = {"Server": f"`{server.host}`", "Port": str(server.port), "User name": f"`{server.username}`"}
        facts[WORDS[server.secret_kind]] = "set, not shown"
        if connection.method is Method.FTP:
            facts["Encryption"] = "none: plain FTP" if connection.details.plain_ftp else "TLS (FTPS)"
        trusted = server.host_key
        if trusted or connection.method is Method.SFTP:
            facts[_PROOF[connection.method]] = f"`{trusted}`"
        elif not connection.details.plain_ftp:
            facts[_PROOF[connection.method]] = "vouched for by an authority"
        if connection.details.result_folder:
            facts["Result folder"] = f"`{connection.details.result_folder}`"
        facts |= _return_email(credential)
        st.table(facts, border="horizontal", alt="Where and as whom the connection signs in")
        _buttons(page)


def _hosted(page: ConnectionPage) -> None:
    connection, credential, ours = page.connection, page.credential, page.ours
    with st.container(border=True, key="sign_in"):
        title = "Where the partner mails to" if connection.method is Method.EMAIL else "Where the partner signs in"
        frame.block_title(title)
        with st.container(horizontal=True, vertical_alignment="center"):
            st.code(ours.address or page.uri, language=None, wrap_lines=True, width="stretch")
            copy_button.draw(ours.address or page.uri, key="copy_uri")
        facts: dict[str, str] = {}
        if connection.method is Method.EMAIL:
            senders = ", ".join(plain(one) for one in connection.details.allowed_senders)
            facts["Allowed senders"] = senders or "anybody who knows the address"
        elif credential is not None:
            facts["User name"] = f"`{credential.username}`"
            facts[WORDS[_KINDS.get(credential.kind, "password")]] = _secret_of(credential)
            facts["Folder"] = f"`{connection.details.hosted_folder}`"
        facts |= _return_email(credential)
        st.table(facts, border="horizontal", alt="How the partner reaches this connection")
        with st.expander("For the partner", icon=":material/shield:", key="partner_facts"):
            connection_facts.table(ours, connection.method)
        _buttons(page)


def _secret_of(credential: Credential) -> str:
    if credential.kind is CredentialKind.PUBLIC_KEY:
        return "theirs; only its public half is here"
    if credential.shown_at is None:
        return "set, not shown"
    return f"shown once, on {credential.shown_at.day} {credential.shown_at:%b}"


def _mail_out(page: ConnectionPage) -> None:
    details = page.connection.details
    with st.expander(f"**Recipients** :gray[\u2002{len(details.recipients)}]", icon=":material/mail:", key="sign_in"):
        facts = {"To": ", ".join(f"`{one}`" for one in details.recipients), "Subject": plain(details.subject)}
        st.table(facts, border="horizontal", alt="To whom the connection mails")
        _buttons(page)


def _return_email(credential: Credential | None) -> dict[str, str]:
    if credential is None or credential.method is not Method.EMAIL:
        return {}
    where = f"`{credential.return_email}`" if credential.return_email else "none: receipts and results stay here"
    return {"Return e-mail": where}


def _buttons(page: ConnectionPage) -> None:
    with st.container(horizontal=True, vertical_alignment="center"):
        if page.credential is not None:
            credential = page.credential
            frame.link(credential.name, "credentials_page.py", {"id": credential.credential_id}, ":material/key:")
        if page.may_edit:
            st.button(
                "Edit",
                icon=":material/edit:",
                key="edit_sign_in",
                on_click=connection_table.edit,
                args=(page.connection.connection_id, "Credentials"),
            )
