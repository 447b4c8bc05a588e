"""Says how one connection's server is reached: its address, its secrets, and what this installation lets us reach."""

import contextlib
import socket
from datetime import timedelta

from engine.base import clock, errors, limits
from engine.flows import sealing
from engine.flows.desk import Desk
from engine.transfer.client import Remote
from storage.records.boxes import EndpointStatus
from storage.records.connections import Connection, Details, Method, SecretKind, Secrets, Server
from storage.tables import credentials


def of_connection(desk: Desk, connection: Connection) -> Remote:
    """Return how a connection's server is reached.

    Raises:
        GiveUp: Its secret does not open, or settings.yaml cannot be used.
    """
    with desk.database.read() as cursor:
        secrets = sealing.of_connection(desk, cursor, connection.connection_id)
    note_used(desk, connection)
    return remote(desk, connection.method, connection.server, secrets, connection.details)


def note_used(desk: Desk, connection: Connection) -> None:
    """Note that a connection's credentials are used now, at most once in LAST_SEEN_INTERVAL_S; more costs writes."""
    with desk.database.read() as cursor:
        held = credentials.by_id(cursor, connection.credential_id) if connection.credential_id else None
    now = clock.now()
    if held is None or (held.last_used_at and now - held.last_used_at < timedelta(seconds=limits.LAST_SEEN_INTERVAL_S)):
        return
    with desk.database.write("ctl") as cursor:
        credentials.note_used(cursor, held.credential_id, now)


def remote(desk: Desk, method: Method, server: Server, secrets: Secrets, details: Details) -> Remote:
    """Return how any server is reached that a draft or a connection names."""
    installation = desk.settings.installation
    return Remote(method, server, secrets, details.plain_ftp, installation, own_endpoints(desk))


def for_sending(desk: Desk) -> Remote:
    """Return how the mail server is reached by which this installation sends.

    Raises:
        MendCredentials: settings.yaml names none.
    """
    mail = desk.settings.installation.mail
    if not mail.host:
        raise errors.MendCredentials(
            "No mail server is set, so no mail can be sent; an administrator names one under mail in settings.yaml."
        )
    server = Server(mail.host, mail.port, mail.username, "", SecretKind.PASSWORD)
    return remote(desk, Method.EMAIL, server, Secrets(password=mail.password), Details())


def own_endpoints(desk: Desk) -> tuple[tuple[str, int], ...]:
    """Return (address, port) of what this installation itself listens on, which no connection may lead to."""
    found = {(desk.settings.installation.endpoints.host, port) for port in _set_ports(desk)}
    with contextlib.suppress(OSError, ValueError, KeyError):
        status = EndpointStatus.from_json((desk.settings.endpoints / "status.json").read_text(encoding="utf-8"))
        found |= {(item.host, item.port) for item in status.listeners if item.port}
    with contextlib.suppress(OSError):
        found |= {(str(info[4][0]), port) for host, port in tuple(found) for info in socket.getaddrinfo(host, port)}
    return tuple(sorted(found))


def _set_ports(desk: Desk) -> tuple[int, ...]:
    endpoints = desk.settings.installation.endpoints
    return tuple(port for port in (endpoints.sftp_port, endpoints.ftp_port, endpoints.smtp_port) if port)
