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
    """Where files are fetched. host_key is "SHA256:..." as ssh-keygen prints it, confirmed by a person."""

    host: str
    port: int
    username: str
    host_key: str
    secret_kind: SecretKind


@dataclass(frozen=True)
class Connection:
    """One row of ctl.connection. Times are UTC. every_minutes is None where nothing is scheduled."""

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


@dataclass(frozen=True)
class Secrets:
    """What is sealed at rest and never shown: exactly one of password and private_key is set."""

    password: str | None = None
    private_key: str | None = None
    passphrase: str | None = None

    def __repr__(self) -> str:
        """Keep secrets out of logs and tracebacks."""
        return "Secrets(set, not shown)"
