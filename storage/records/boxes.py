"""What the engine and the process of the hosted endpoints tell each other, as files below the home folder.

The endpoints never open the database. The engine writes `endpoints/accounts.json` (atomically replaced); the
endpoints leave what landed as data in the spool and a small JSON note, and say what listens in
`endpoints/status.json`. Outside events never act: a flow takes the notes in at its own pace.

Layout below the spool, `<c>` being a connection id and `<l>` the id of what landed (a ULID):
    boxes/<c>/incoming/...          the client's own tree: uploads that go on or were broken off
    boxes/<c>/accepted/<l>.data     whole files, which no client can touch; <l>.json beside each is its Landed
    boxes/<c>/outgoing/<name>       what the client may fetch: delivered files, receipts, results (read only)
    landed/<l>.json                 the same Landed, for the engine; removed once it stands in ctl.file
"""

import dataclasses
import json
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any


@dataclass(frozen=True)
class Mount:
    """One connection's folder in a login's tree.

    path: "/" or "/<name>". is_writable: inbound, they push; else they fetch from us only. files_max and bytes_max
    bound what lies in incoming and accepted together until the engine has taken it.
    """

    connection_id: str
    path: str
    is_writable: bool
    bytes_max: int
    files_max: int
    file_bytes_max: int


@dataclass(frozen=True)
class Account:
    """One login. version changes when its secret does; a session of another version, or without account, is ended.

    protocol: "sftp" or "ftp". password_hash: "" where only keys are accepted.
    """

    credential_id: str
    version: int
    protocol: str
    username: str
    password_hash: str = field(repr=False)
    public_keys: tuple[str, ...]
    mounts: tuple[Mount, ...]


@dataclass(frozen=True)
class Mailbox:
    """One connection's address. local_part is unguessable; allowed_senders: addresses or "@domain"; empty: anybody."""

    connection_id: str
    local_part: str
    allowed_senders: tuple[str, ...]
    bytes_max: int


@dataclass(frozen=True)
class Accounts:
    """The whole of accounts.json."""

    accounts: tuple[Account, ...]
    mailboxes: tuple[Mailbox, ...]

    def to_json(self) -> str:
        """Say it as the file's text."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "Accounts":
        """Read the file's text."""
        said = json.loads(text)
        accounts = tuple(
            Account(
                **{
                    **item,
                    "public_keys": tuple(item["public_keys"]),
                    "mounts": tuple(Mount(**mount) for mount in item["mounts"]),
                }
            )
            for item in said["accounts"]
        )
        boxes = tuple(
            Mailbox(**{**item, "allowed_senders": tuple(item["allowed_senders"])}) for item in said["mailboxes"]
        )
        return cls(accounts, boxes)


class LandedState(StrEnum):
    """whole: to be read. quarantined: a mail of a sender who is not allowed, kept for people to see, never read."""

    WHOLE = "whole"
    QUARANTINED = "quarantined"


@dataclass(frozen=True)
class Landed:
    """One file (or one raw mail, protocol "smtp") that landed whole. landed_at is ISO 8601 in UTC.

    renamed_from: the landed_id of what the client has now given another name; it is the same content.
    sender: the envelope sender of a mail, else empty. reason: why it is quarantined, else empty.
    """

    landed_id: str
    connection_id: str
    credential_id: str
    protocol: str
    folder: str
    name: str
    size_bytes: int
    sha256: str
    landed_at: str
    peer: str
    state: LandedState = LandedState.WHOLE
    reason: str = ""
    renamed_from: str = ""
    sender: str = ""

    def to_json(self) -> str:
        """Say it as a note's text."""
        # Not asdict: it copies each value, and one note is written for each file that lands.
        return json.dumps(vars(self))

    @classmethod
    def from_json(cls, text: str) -> "Landed":
        """Read a note's text."""
        said = json.loads(text)
        return cls(**{**said, "state": LandedState(said["state"])})


@dataclass(frozen=True)
class Listener:
    """One endpoint as status.json says it. port is 0 and fault one sentence where it does not listen.

    fingerprint: of the SSH host key or of the TLS certificate, "SHA256:...". sessions: open now.
    """

    protocol: str
    host: str
    port: int
    fingerprint: str
    sessions: int
    fault: str


@dataclass(frozen=True)
class EndpointStatus:
    """The whole of status.json, written every few seconds. at is ISO 8601 in UTC. banned: (address, until)."""

    pid: int
    at: str
    listeners: tuple[Listener, ...]
    banned: tuple[tuple[str, str], ...]

    def to_json(self) -> str:
        """Say it as the file's text."""
        return json.dumps(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> "EndpointStatus":
        """Read the file's text."""
        said: dict[str, Any] = json.loads(text)
        return cls(
            pid=said["pid"],
            at=said["at"],
            listeners=tuple(Listener(**item) for item in said["listeners"]),
            banned=tuple((address, until) for address, until in said["banned"]),
        )
