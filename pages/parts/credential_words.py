"""The words and badges of credentials: what they are, whom they are for, how often they are used."""

from engine.views.credentials import SignInKind
from pages.parts import words
from pages.parts.badges import Badge
from storage.records.connections import Connection, Method
from storage.records.credentials import Credential, CredentialKind, Origin

METHODS = {Method.SFTP: "SFTP", Method.FTP: "FTP", Method.EMAIL: "Email"}
KINDS = {
    SignInKind.PASSWORD: "Password",
    SignInKind.PUBLIC_KEY: "Public key, pasted",
    SignInKind.MADE_KEY: "Key pair made by Handoff",
    SignInKind.PRIVATE_KEY: "Private key",
}
ORIGINS = {Origin.PROVISIONED: "Partners sign in here", Origin.ENTERED: "Handoff signs in at a partner"}
MAIL_ORIGINS = {Origin.PROVISIONED: "Partners mail files to us", Origin.ENTERED: "Handoff fetches from a mailbox"}
BADGES = {
    CredentialKind.PASSWORD: Badge("Password", "gray", "password"),
    CredentialKind.PUBLIC_KEY: Badge("Public key", "blue", "key"),
    CredentialKind.PRIVATE_KEY: Badge("Private key", "violet", "vpn_key"),
    CredentialKind.ADDRESS: Badge("Address", "green", "mail"),
}


def of(credential: Credential) -> str:
    """Return what credentials are for, in a few words; pure."""
    method = METHODS[credential.method]
    if credential.kind is CredentialKind.ADDRESS:
        return "Mail that comes to us"
    if credential.origin is Origin.PROVISIONED:
        return f"{method} to us"
    return f"{method} at {credential.host}:{credential.port}"


def used_by(users: tuple[Connection, ...]) -> str:
    """Return who uses credentials: one by its name, else how many; pure."""
    if not users:
        return "not used"
    return users[0].name if len(users) == 1 else words.counted(len(users), "connection")


def also(users: tuple[Connection, ...]) -> str:
    """Return for whom a change holds, one sentence; pure."""
    if not users:
        return "No connection uses them yet."
    names = ", ".join(user.name for user in users)
    return f"A change holds for {words.counted(len(users), 'connection')}: {names}."
