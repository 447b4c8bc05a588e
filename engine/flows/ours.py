"""Says what Handoff provides to a partner who comes to us: host, port, fingerprint, folder, mail address."""

import re
import unicodedata
from pathlib import Path

from engine.base import errors, limits
from engine.connections.telling import Ours
from engine.flows import hosting
from engine.flows.desk import Desk
from engine.flows.places import own_endpoints
from engine.security import certificates
from engine.transfer import addresses
from storage.database import Cursor
from storage.records.connections import Connection, Method
from storage.tables import connections, identities

TOP = "/"
_PROTOCOLS = {Method.SFTP: "sftp", Method.FTP: "ftp", Method.EMAIL: "smtp"}


def of(desk: Desk, cursor: Cursor, method: Method, folder: str = TOP, local_part: str = "") -> Ours:
    """Return what a partner needs to reach us by this method; ports as they really listen, else as they are set.

    The fingerprint is empty as long as no service has made the keys.
    """
    endpoints = desk.settings.installation.endpoints
    protocol = _PROTOCOLS[method]
    status = hosting.status(desk)
    listening = {item.protocol: item.port for item in status.listeners} if status else {}
    return Ours(
        host=endpoints.public_name,
        public_address=endpoints.public_address,
        port=listening.get(protocol) or getattr(endpoints, f"{protocol}_port"),
        fingerprint=_fingerprint(cursor, method, Path(endpoints.certificate) if endpoints.certificate else None),
        folder=folder,
        address=f"{local_part}@{endpoints.mail_domain}" if local_part else "",
    )


def _fingerprint(cursor: Cursor, method: Method, certificate: Path | None) -> str:
    if method is Method.SFTP or certificate is None:
        name = identities.SFTP_HOST_KEY if method is Method.SFTP else identities.CERTIFICATE
        return identities.fingerprint(cursor, name) or ""
    try:
        return certificates.fingerprint(certificate.read_text(encoding="ascii"))
    except (OSError, ValueError):
        return ""  # the Status page says what is wrong with it


def of_connection(desk: Desk, cursor: Cursor, connection: Connection) -> Ours:
    """Return what the partner of a hosted connection needs to reach it."""
    return of(desk, cursor, connection.method, connection.details.hosted_folder, connection.details.address)


def folder_for(cursor: Cursor, credential_id: str | None, name: str, connection_id: str | None) -> str:
    """Return where a connection lies in a login's tree: "/" for the first of a credential, then "/<name>"."""
    present = connections.of_credential(cursor, credential_id) if credential_id else []
    for one in present:
        if one.connection_id == connection_id:
            return one.details.hosted_folder
    if not present:
        return TOP
    taken = {one.details.hosted_folder for one in present}
    plain = unicodedata.normalize("NFKD", name).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain)[: limits.HOSTED_FOLDER_CHARACTERS_MAX].strip("-") or "files"
    numbered = [f"/{slug}", *(f"/{slug}-{number}" for number in range(2, len(taken) + 3))]
    return next(folder for folder in numbered if folder not in taken)


def host_refusal(desk: Desk, host: str, port: int) -> str | None:
    """Return why our policy refuses a server as it is written, one sentence, or None; names are not looked up."""
    try:
        addresses.checked(host, port, desk.settings.installation.network.allow, own_endpoints(desk), _nowhere)
    except errors.TryAgain:
        return None
    except errors.HandoffError as error:
        return str(error)
    return None


def _nowhere(host: str, port: int) -> tuple[str, ...]:
    raise OSError(f"{host}:{port} is a name")
