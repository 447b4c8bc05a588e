"""What we sign in with at partners, and what partners sign in to us with; the secrets themselves are not in it."""

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from storage.records.connections import Method


class Origin(StrEnum):
    """Who made it: a person enters what a partner gave them; Handoff provides what partners sign in to us with."""

    ENTERED = "entered"
    PROVISIONED = "provisioned"


class CredentialKind(StrEnum):
    """How somebody proves who they are.

    password: either origin. private_key: entered, we sign in (a password may go with it). public_key:
    provisioned, they sign in to us. address: mail that comes to us; the unguessable address is the connection's.
    """

    PASSWORD = "password"  # noqa: S105 - the name of a kind, no secret
    PRIVATE_KEY = "private_key"
    PUBLIC_KEY = "public_key"
    ADDRESS = "address"


@dataclass(frozen=True)
class Credential:
    """One row of ctl.credential. Times are UTC.

    host and port: of the one server that an entered secret is for, empty and 0 otherwise; nobody can have it sent
    elsewhere. public_keys: OpenSSH lines ("ssh-ed25519 AAAA..."). password_hash: of a provisioned password
    (engine.security.provisioning), else empty. version grows with every change of the secret; open sessions of an
    older version are ended. shown_at: when a provisioned secret was shown, once. owner_id: the person who made it,
    None for the command line.
    """

    credential_id: str
    name: str
    method: Method
    origin: Origin
    kind: CredentialKind
    username: str
    host: str
    port: int
    public_keys: tuple[str, ...]
    password_hash: str = field(repr=False)
    return_email: str
    version: int
    owner_id: str | None
    shown_at: datetime | None
    last_used_at: datetime | None
    created_at: datetime
    changed_at: datetime
