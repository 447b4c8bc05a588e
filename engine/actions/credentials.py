"""What can be done with credentials: make, change, replace their secret, delete; shown once, where we make them."""

from dataclasses import dataclass, field, replace

from engine.actions import credential_rows, logins
from engine.actions.credential_rows import WantedCredential
from engine.actions.desk import Desk, publish_logins
from engine.actions.drafts import check_secrets
from engine.actions.logins import Provisioned
from engine.base import clock, errors
from engine.connections import fields
from engine.connections.matrix import SignInKind
from engine.flows import ours
from engine.security import audit, keys, provisioning
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.connections import Method, Secrets
from storage.records.credentials import Credential, CredentialKind, Origin
from storage.records.people import Caller
from storage.tables import connections

__all__ = ["Made", "New", "Provisioned", "create", "delete", "replace_secret", "save"]
_NAME = "credential_name"


@dataclass(frozen=True)
class New:
    """Credentials as a person wants them. origin says who signs in where; kind is left out for mail that comes to us.

    host, port, username, secrets: entered ones. public_key: pasted, where partners sign in to us with it.
    """

    name: str
    method: Method
    origin: Origin
    kind: SignInKind = SignInKind.PASSWORD
    host: str = ""
    port: int = 0
    username: str = ""
    secrets: Secrets | None = field(default=None, repr=False)
    public_key: str = ""
    return_email: str = ""


@dataclass(frozen=True)
class Made:
    """New credentials, and what is shown of them once; None where there is nothing to show."""

    credential_id: str
    provisioned: Provisioned | None = None


def create(desk: Desk, caller: Caller, new: New) -> Made:
    """Make credentials that connections can use; a login lets nobody in until a connection uses it.

    Raises:
        BadInput: An entry cannot be used; the error names it.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("credentials", name=new.name))
    _check(desk, new)
    shown: Provisioned | None = None
    with desk.database.write("ctl") as cursor:
        if new.origin is Origin.ENTERED:
            wanted, shown = _entered(new)
        elif new.method is Method.EMAIL:
            kind = CredentialKind.ADDRESS
            wanted = WantedCredential(new.name.strip(), new.method, new.origin, kind, return_email=new.return_email)
        else:
            login = logins.new_login(cursor, new.name, _their_kind(new.method, new.kind), new.public_key)
            wanted = _of_login(new.name.strip(), new.method, login)
            shown = logins.told(wanted.name, new.method, ours.of(desk, cursor, new.method), login)
        credential = credential_rows.put(desk, cursor, caller, wanted, None)
    return Made(credential.credential_id, shown)


def save(
    desk: Desk,
    caller: Caller,
    credential_id: str,
    *,
    name: str,
    username: str = "",
    return_email: str = "",
    secrets: Secrets | None = None,
) -> None:
    """Change credentials for all connections that use them; secrets None keeps the secret.

    The server that an entered secret is for never changes: make others for another server. User names and passwords
    of partners are ours to make: replace_secret.

    Raises:
        BadInput: An entry cannot be used, or the name is taken.
        GiveUp: They are gone, or somebody else's.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("credentials", credential_id, name))
    wrong = fields.credential_name_problem(name, frozenset())
    if wrong:
        raise errors.BadInput(wrong, _NAME)
    with desk.database.write("ctl") as cursor:
        before = credential_rows.owned(cursor, caller, credential_id)
        wanted = replace(_as_wanted(before), name=name.strip())
        if before.method is Method.EMAIL:
            wanted = replace(wanted, return_email=_checked_email(return_email))
        if before.origin is Origin.ENTERED:
            wanted = _with_entries(wanted, username, secrets)
        credential_rows.put(desk, cursor, caller, wanted, before)
    publish_logins(desk)


def replace_secret(
    desk: Desk, caller: Caller, credential_id: str, kind: SignInKind, public_key: str = ""
) -> Provisioned:
    """Give a partner's login a new secret, which is shown once; the old one and its open sessions end (W27).

    Raises:
        BadInput: What partners do not sign in to us with, or a key that cannot be used.
        GiveUp: They are gone, or somebody else's.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("credentials", credential_id))
    with desk.database.write("ctl") as cursor:
        before = credential_rows.owned(cursor, caller, credential_id)
        if before.origin is not Origin.PROVISIONED or before.kind is CredentialKind.ADDRESS:
            raise errors.BadInput(f"Handoff did not make the secret of {before.name}; edit it and enter a new one.")
        login = logins.new_login(cursor, before.name, _their_kind(before.method, kind), public_key, before.username)
        wanted = _of_login(before.name, before.method, login)
        credential_rows.put(desk, cursor, caller, wanted, before)
        users = connections.of_credential(cursor, credential_id)
        folder = users[0].details.hosted_folder if len(users) == 1 else ours.TOP
        shown = logins.told(before.name, before.method, ours.of(desk, cursor, before.method, folder), login)
    publish_logins(desk)
    return shown


def delete(desk: Desk, caller: Caller, credential_id: str) -> None:
    """Delete credentials that no connection uses.

    Raises:
        GiveUp: Connections use them, and the sentence names those; or they are gone, or somebody else's.
    """
    audit.allow(desk.database, caller, Right.EDIT_CONNECTIONS, What("credentials", credential_id))
    with desk.database.write("ctl") as cursor:
        credential = credential_rows.owned(cursor, caller, credential_id)
        users = connections.of_credential(cursor, credential_id)
        if users:
            names = ", ".join(user.name for user in users)
            count = "1 connection uses" if len(users) == 1 else f"{len(users)} connections use"
            raise errors.GiveUp(f"{count} {credential.name}: {names}. Choose other credentials there first.")
        credential_rows.delete(cursor, caller, credential)
    publish_logins(desk)


def _check(desk: Desk, new: New) -> None:
    wrong = fields.credential_name_problem(new.name, frozenset())
    if wrong:
        raise errors.BadInput(wrong, _NAME)
    if new.method is Method.EMAIL:
        _checked_email(new.return_email)
    if new.origin is Origin.ENTERED:
        host = new.host.strip()
        refused = fields.host_problem(host) or ours.host_refusal(desk, host, new.port)
        for wrong, name in ((refused, "host"), (fields.port_problem(new.port), "port")):
            if wrong:
                raise errors.BadInput(wrong, name)


def _entered(new: New) -> tuple[WantedCredential, Provisioned | None]:
    wanted = WantedCredential(
        new.name.strip(),
        new.method,
        Origin.ENTERED,
        CredentialKind.PASSWORD,
        host=new.host.strip(),
        port=new.port,
        return_email=new.return_email.strip(),
    )
    if new.kind is not SignInKind.MADE_KEY:
        return _with_entries(wanted, new.username, new.secrets or Secrets()), None
    private, public = provisioning.new_pair(new.name)
    wanted = _with_entries(wanted, new.username, Secrets(private_key=private))
    shown = Provisioned(
        wanted.name, "sftp", username=wanted.username, public_key=public, host=wanted.host, port=wanted.port
    )
    return wanted, shown


def _with_entries(wanted: WantedCredential, username: str, secrets: Secrets | None) -> WantedCredential:
    if not username.strip():
        raise errors.BadInput("Give the user name at the server.", "username")
    wanted = replace(wanted, username=username.strip())
    if secrets is None:
        return wanted
    check_secrets(secrets)
    if secrets.private_key is None:
        return replace(wanted, kind=CredentialKind.PASSWORD, public_keys=(), secrets=secrets)
    if wanted.method is not Method.SFTP:
        raise errors.BadInput("Only SFTP takes a private key; enter the password.", "secret")
    line = keys.check_private_key(secrets.private_key, secrets.passphrase).public_line
    return replace(wanted, kind=CredentialKind.PRIVATE_KEY, public_keys=(line,), secrets=secrets)


def _their_kind(method: Method, kind: SignInKind) -> SignInKind:
    if kind is SignInKind.PRIVATE_KEY or (method is Method.FTP and kind is not SignInKind.PASSWORD):
        raise errors.BadInput(
            "Partners sign in here with a password, or over SFTP with a public key.", "credential_kind"
        )
    return kind


def _of_login(name: str, method: Method, login: logins.Login) -> WantedCredential:
    return WantedCredential(
        name,
        method,
        Origin.PROVISIONED,
        login.kind,
        username=login.username,
        password_hash=login.password_hash,
        public_keys=login.public_keys,
        shown_at=clock.now(),
    )


def _as_wanted(before: Credential) -> WantedCredential:
    return WantedCredential(
        before.name,
        before.method,
        before.origin,
        before.kind,
        username=before.username,
        host=before.host,
        port=before.port,
        password_hash=before.password_hash,
        public_keys=before.public_keys,
        return_email=before.return_email,
        shown_at=before.shown_at,
    )


def _checked_email(email: str) -> str:
    wrong = fields.return_email_problem(email)
    if wrong:
        raise errors.BadInput(wrong, "return_email")
    return email.strip()
