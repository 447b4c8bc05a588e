"""Tells the hosted endpoints who may sign in and where, and tells people how partners reach them."""

import os
import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path

from engine.base import clock, limits, log
from engine.flows.desk import Desk
from engine.security import certificates, host_keys, provisioning
from storage.records.boxes import Account, Accounts, EndpointStatus, Listener, Mailbox, Mount
from storage.records.connections import Connection, Direction, Method
from storage.records.credentials import Credential, CredentialKind, Origin
from storage.tables import connections, credentials, identities

_PROTOCOLS = {Method.SFTP: "sftp", Method.FTP: "ftp", Method.EMAIL: "smtp"}
_LOGINS = (CredentialKind.PASSWORD, CredentialKind.PUBLIC_KEY)
_RIGHTS = 0o600
# Two threads that publish must not write an older state over a newer one; two must not make two keys.
_publishing = threading.Lock()
_making = threading.Lock()


@dataclass(frozen=True)
class HostingFacts:
    """What a partner has to know of this installation. Fingerprints are "SHA256:...".

    ports: by protocol ("sftp", "ftp", "smtp"): as it really listens, else as it is set; 0 where a free one will be
    taken. faults: by protocol, one sentence where it should listen and cannot. host_key_line: the public half, for
    known_hosts. certificate_fingerprint: of our own certificate or of the administrator's, "" where it cannot be read.
    """

    public_name: str
    public_address: str
    mail_domain: str
    allows_plain_ftp: bool
    ports: dict[str, int]
    faults: dict[str, str]
    host_key_fingerprint: str
    host_key_line: str
    certificate_fingerprint: str

    def port(self, method: Method) -> int:
        """Return the port for a method."""
        return self.ports[_PROTOCOLS[method]]


def publish(desk: Desk) -> bool:
    """Write who may sign in, as the rows say it now; say whether that changed anything.

    A connection that is off still receives (its files wait); one that was deleted has no folder any more. A
    credential without a connection lets nobody in.
    """
    with _publishing:
        text = wanted(desk).to_json()
        path = desk.settings.endpoints / "accounts.json"
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return False
        _write(path, text)
        return True


def wanted(desk: Desk) -> Accounts:
    """Return who may sign in, as the rows say it now."""
    with desk.database.read() as cursor:
        hosted = [item for item in connections.listed(cursor) if item.is_hosted]
        logins = [item for item in credentials.listed(cursor) if _is_login(item)]
    accounts = [_account(desk, credential, hosted) for credential in logins]
    mailboxes = [
        Mailbox(item.connection_id, item.details.address, item.details.allowed_senders, limits.MAIL_SIZE_BYTES_MAX)
        for item in hosted
        if item.method is Method.EMAIL and item.details.address
    ]
    return Accounts(
        tuple(sorted((item for item in accounts if item.mounts), key=lambda item: item.credential_id)),
        tuple(sorted(mailboxes, key=lambda item: item.connection_id)),
    )


def has_logins(desk: Desk) -> bool:
    """Say whether anybody may sign in, or send mail, by what was published last."""
    try:
        said = Accounts.from_json((desk.settings.endpoints / "accounts.json").read_text(encoding="utf-8"))
    except (OSError, ValueError, KeyError, TypeError):
        return False
    return bool(said.accounts or said.mailboxes)


def ensure_identities(desk: Desk) -> dict[str, str]:
    """Make the host keys and our own certificate, each once and never again; return the fingerprints by their names.

    A file that is lost later is not replaced: partners would meet a stranger, so the endpoint stays closed and says
    which file is missing (faults row 39).
    """
    return _ensure_all(desk, tuple(host_keys.FILES))


def facts(desk: Desk) -> HostingFacts:
    """Return how partners reach this installation: for the wizard, the pop-up and the allow-list box (A07)."""
    endpoints = desk.settings.installation.endpoints
    # Without the RSA key, which takes seconds to make and is shown to nobody.
    made = _ensure_all(desk, (identities.SFTP_HOST_KEY,))
    said = status(desk)
    listening = {item.protocol: item for item in said.listeners} if said else {}
    set_ports = {"sftp": endpoints.sftp_port, "ftp": endpoints.ftp_port, "smtp": endpoints.smtp_port}
    return HostingFacts(
        public_name=endpoints.public_name,
        public_address=endpoints.public_address,
        mail_domain=endpoints.mail_domain,
        allows_plain_ftp=endpoints.allow_plain_ftp,
        ports={name: _port(listening.get(name), port) for name, port in set_ports.items()},
        faults={name: item.fault for name, item in listening.items() if item.fault},
        host_key_fingerprint=made[identities.SFTP_HOST_KEY],
        host_key_line=_host_key_line(desk),
        certificate_fingerprint=made.get(identities.CERTIFICATE) or _fingerprint_of_file(Path(endpoints.certificate)),
    )


def status(desk: Desk) -> EndpointStatus | None:
    """Return what the endpoints said last, None where they said nothing for ENDPOINT_SILENT_S_MAX or never did."""
    try:
        text = (desk.settings.endpoints / "status.json").read_text(encoding="utf-8")
        said = EndpointStatus.from_json(text)
        age = clock.now() - datetime.fromisoformat(said.at)
    except (OSError, ValueError, KeyError, TypeError):
        return None
    # Of the time to come it is where the clock was put back, and as old as one that is late.
    return said if abs(age) <= timedelta(seconds=limits.ENDPOINT_SILENT_S_MAX) else None


def _is_login(credential: Credential) -> bool:
    return credential.origin is Origin.PROVISIONED and credential.kind in _LOGINS and bool(credential.username)


def _account(desk: Desk, credential: Credential, hosted: list[Connection]) -> Account:
    is_key = credential.kind is CredentialKind.PUBLIC_KEY
    mounts = [
        _mount(desk, item)
        for item in hosted
        if item.credential_id == credential.credential_id and item.method is credential.method
    ]
    return Account(
        credential_id=credential.credential_id,
        version=credential.version,
        protocol=_PROTOCOLS[credential.method],
        username=credential.username,
        password_hash="" if is_key else credential.password_hash,
        public_keys=credential.public_keys if is_key else (),
        mounts=tuple(sorted(mounts, key=lambda item: (item.path, item.connection_id))),
    )


def _mount(desk: Desk, connection: Connection) -> Mount:
    endpoints = desk.settings.installation.endpoints
    return Mount(
        connection_id=connection.connection_id,
        path=connection.details.hosted_folder,
        is_writable=connection.direction is Direction.INBOUND,
        bytes_max=endpoints.folder_bytes_max,
        files_max=endpoints.folder_files_max,
        file_bytes_max=min(limits.FILE_BYTES_MAX, endpoints.folder_bytes_max),
    )


def _port(listener: Listener | None, set_port: int) -> int:
    return listener.port if listener is not None and listener.port else set_port


def _host_key(name: str) -> Callable[[Desk, Path], str]:
    def make(desk: Desk, path: Path) -> str:
        del desk
        if not path.exists():
            _write(path, (host_keys.make_rsa() if name.endswith("rsa") else host_keys.make_ed25519())[0])
        return provisioning.fingerprint(host_keys.public_line(path.read_text(encoding="utf-8")))

    return make


def _certificate(desk: Desk, path: Path) -> str:
    beside = path.with_name("certificate_key.pem")
    if not (path.exists() and beside.exists()):
        endpoints = desk.settings.installation.endpoints
        certificate, key = certificates.make(endpoints.public_name, endpoints.public_address)
        _write(beside, key)
        _write(path, certificate)
    return certificates.fingerprint(path.read_text(encoding="utf-8"))


def _ensure_all(desk: Desk, keys: tuple[str, ...]) -> dict[str, str]:
    with _making:
        found = {name: _ensure(desk, name, host_keys.FILES[name], _host_key(name)) for name in keys}
        if not desk.settings.installation.endpoints.certificate:
            found[identities.CERTIFICATE] = _ensure(desk, identities.CERTIFICATE, "certificate.pem", _certificate)
        return found


def _ensure(desk: Desk, name: str, file: str, make: Callable[[Desk, Path], str]) -> str:
    with desk.database.read() as cursor:
        known = identities.fingerprint(cursor, name)
    if known is not None:
        return known
    # A file without its row is of a start that was cut here: it becomes the one.
    found = make(desk, desk.settings.endpoints / file)
    with desk.database.write("ctl") as cursor:
        identities.put(cursor, name, found, clock.now())
    log.logger(__name__).info("made %s, %s", file, found)
    return found


def _host_key_line(desk: Desk) -> str:
    path = desk.settings.endpoints / host_keys.FILES[identities.SFTP_HOST_KEY]
    try:
        return host_keys.public_line(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""


def _fingerprint_of_file(path: Path) -> str:
    try:
        return certificates.fingerprint(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return ""


def _write(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    fresh = path.with_name(f".{path.name}.new")
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, _RIGHTS)
    with os.fdopen(descriptor, "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    fresh.replace(path)
