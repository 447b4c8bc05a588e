"""A connection (one place, its credentials, schedule and goals) and the words of the wizard's matrix."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

PORT_MAX = 65_535
"""The highest port of TCP."""


class Direction(StrEnum):
    """Which way the data goes, seen from this product."""

    INBOUND = "inbound"
    OUTBOUND = "outbound"


class Method(StrEnum):
    """How the files travel."""

    EMAIL = "email"
    SFTP = "sftp"
    FTP = "ftp"


class Methodology(StrEnum):
    """Who starts the transfer: the giver pushes, the taker pulls."""

    PUSH = "push"
    PULL = "pull"


class DataType(StrEnum):
    """What a connection carries (help article "Create a Data Upload Connection", Step 2)."""

    CONVERSIONS = "conversions"
    ACTION_MODIFICATIONS = "action_modifications"
    CLICKS = "clicks"
    PRODUCT_CATALOGS = "product_catalogs"
    AUDIENCES = "audiences"
    IDENTITIES = "identities"
    CARD_LINKED_TRANSACTIONS = "card_linked_transactions"
    AGGREGATE_PERFORMANCE = "aggregate_performance"


class ConnectionState(StrEnum):
    """On runs by schedule and by hand; off by a person; paused by us (a changed host key)."""

    ON = "on"
    OFF = "off"
    PAUSED = "paused"


class SecretKind(StrEnum):
    """What the server asks of us at sign-in."""

    PASSWORD = "password"  # noqa: S105 - the name of a kind, no secret
    PRIVATE_KEY = "private_key"


@dataclass(frozen=True)
class Server:
    """Where files are fetched or delivered; host is empty and port 0 where partners come to us.

    host_key is "SHA256:...": the SSH host key that a person confirmed, or the one TLS certificate that is
    trusted beside the authorities (FTP and e-mail; empty where none is pinned).
    """

    host: str
    port: int
    username: str
    host_key: str
    secret_kind: SecretKind


@dataclass(frozen=True)
class Details:
    """What only some ways need; each has its usual value where a way does not.

    plain_ftp: no TLS, chosen by a person. delete_after_pull: a file is removed at the server once its import is
    committed. result_folder: where receipts and results go, "" for nowhere (pull) or the login's own folder
    (hosted). hosted_folder: where in the login's tree this connection lies, "/" or "/<name>". address: the local
    part of the address that takes its mail. recipients, subject: of mail that we send. folder: where files that we
    deliver go, absolute at the partner's server. allowed_senders: addresses or "@domain", empty for anybody who
    knows the address.
    """

    plain_ftp: bool = False
    delete_after_pull: bool = False
    result_folder: str = ""
    hosted_folder: str = "/"
    address: str = ""
    recipients: tuple[str, ...] = ()
    subject: str = ""
    folder: str = "/"
    allowed_senders: tuple[str, ...] = ()


@dataclass(frozen=True)
class Connection:
    """One row of ctl.connection. Times are UTC. every_minutes is None where nothing is scheduled.

    server.username and server.secret_kind are those of the credential. credential_id is None where none is needed
    (mail that we send). owner_id: the person who made it, None for the command line.
    """

    connection_id: str
    name: str
    direction: Direction
    data_type: DataType
    method: Method
    methodology: Methodology
    server: Server
    state: ConnectionState
    paused_reason: str | None
    every_minutes: int | None
    created_at: datetime
    changed_at: datetime
    credential_id: str | None = None
    details: Details = Details()
    owner_id: str | None = None

    @property
    def is_hosted(self) -> bool:
        """Whether partners come to us: they push files in, or fetch what we hold for them."""
        is_inbound = self.direction is Direction.INBOUND
        return self.methodology is (Methodology.PUSH if is_inbound else Methodology.PULL)


@dataclass(frozen=True)
class Secrets:
    """What is sealed at rest and never shown: a password, a private key with or without passphrase, or both."""

    password: str | None = None
    private_key: str | None = None
    passphrase: str | None = None

    def __repr__(self) -> str:
        """Keep secrets out of logs and tracebacks."""
        return "Secrets(set, not shown)"
