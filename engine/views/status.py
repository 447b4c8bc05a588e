"""What the Status page shows: each part of the service, whether it is well, when it was heard of, and what to do."""

import shutil
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from engine.base import clock, errors, limits
from engine.flows import hosting, pulse
from engine.flows.desk import Desk
from engine.security import audit
from engine.security.audit import What
from engine.security.roles import Right
from storage.records.boxes import EndpointStatus, Listener
from storage.records.people import Caller
from storage.tables import batches, status

_LABELS = {"sftp": "SFTP", "ftp": "FTPS", "smtp": "Mail"}
_ENGINE_SILENT_S_MAX = 15.0
_MEGABYTE = 1024**2


class Health(StrEnum):
    """well; attention: it works, and somebody should look; down: it does not; idle: nothing needs it now."""

    WELL = "well"
    ATTENTION = "attention"
    DOWN = "down"
    IDLE = "idle"


@dataclass(frozen=True)
class Part:
    """One line: silent_s: seconds since it was heard of, None where that means nothing. advice: "" where none."""

    name: str
    health: Health
    silent_s: float | None
    detail: str
    advice: str = ""


@dataclass(frozen=True)
class EndpointLine:
    """One hosted endpoint. address is "host:port" as it listens, "" where it does not; detail then says more.

    fingerprint is "SHA256:..."; fault: one sentence where it should listen and cannot.
    """

    name: str
    health: Health
    address: str
    fingerprint: str
    sessions: int
    detail: str
    fault: str


@dataclass(frozen=True)
class StatusPage:
    """The whole page; banned: (address, until when, UTC). now is UTC.

    public_name, public_address: what partners connect to and what they allow-list.
    """

    parts: tuple[Part, ...]
    endpoints: tuple[EndpointLine, ...]
    banned: tuple[tuple[str, datetime], ...]
    public_name: str
    public_address: str
    now: datetime


def page(desk: Desk, caller: Caller) -> StatusPage:
    """Return the state of everything.

    Raises:
        NotAllowed: The caller's role does not see the status.
    """
    audit.allow(desk.database, caller, Right.SEE_STATUS, What("status"))
    said = hosting.status(desk)
    try:
        facts = hosting.facts(desk)
    except errors.HandoffError as error:
        settings = (Part("Settings", Health.DOWN, None, str(error), "Correct settings.yaml and start Handoff again."),)
        return StatusPage((*_engine(), *settings, *_storage(desk)), (), (), "", "", clock.now())
    parts = (*_engine(), _hosting(desk, said), *_storage(desk), _mail(desk))
    endpoints = tuple(_endpoint(name, facts, said) for name in _LABELS)
    banned = tuple((address, datetime.fromisoformat(until)) for address, until in said.banned) if said else ()
    return StatusPage(parts, endpoints, banned, facts.public_name, facts.public_address, clock.now())


def _engine() -> tuple[Part, ...]:
    known = ((pulse.JOBS, "Engine", "does what is queued"), (pulse.SCHEDULER, "Scheduler", "starts what is due"))
    return tuple(_alive(name, detail, pulse.silent_s(part)) for part, name, detail in known)


def _alive(name: str, detail: str, silent_s: float | None) -> Part:
    if silent_s is None:
        return Part(name, Health.DOWN, None, "has not reported since the start", "Start Handoff again; see its log.")
    if silent_s > _ENGINE_SILENT_S_MAX:
        return Part(name, Health.DOWN, silent_s, "is silent", "Start Handoff again; see its log.")
    return Part(name, Health.WELL, silent_s, detail)


def _hosting(desk: Desk, said: EndpointStatus | None) -> Part:
    name = "Endpoints"
    if not hosting.has_logins(desk):
        return Part(name, Health.IDLE, None, "nobody has a login yet, so nothing listens")
    if said is None:
        return Part(name, Health.DOWN, None, "their process does not report", "It starts again by itself; see the log.")
    silent_s = max(0.0, (clock.now() - datetime.fromisoformat(said.at)).total_seconds())
    if any(item.fault for item in said.listeners):
        return Part(name, Health.ATTENTION, silent_s, "not all of them listen", "See below which, and why.")
    return Part(name, Health.WELL, silent_s, f"process {said.pid}")


def _storage(desk: Desk) -> tuple[Part, ...]:
    with desk.database.read() as cursor:
        queued, running = status.open_jobs(cursor)
        files, kept_bytes = status.kept_content(cursor)
        waiting = sum(batches.waiting_by_configuration(cursor).values())
    disk = shutil.disk_usage(desk.settings.home)
    is_short = disk.free < limits.DISK_FREE_BYTES_MIN
    kept = f"kept files: {files:,}, {_size(kept_bytes)}" if files else "no file is kept"
    return (
        Part("Queue", Health.WELL, None, f"{running} in progress, {queued} queued; {waiting:,} messages to send"),
        Part("Database", Health.WELL, None, _size(_database_bytes(desk))),
        Part(
            "Disk",
            Health.ATTENTION if is_short else Health.WELL,
            None,
            f"{_size(disk.free)} free of {_size(disk.total)}; {kept}",
            "Free some space: a full disk stops imports and uploads." if is_short else "",
        ),
    )


def _mail(desk: Desk) -> Part:
    mail = desk.settings.installation.mail
    if not mail.host:
        advice = "Set mail in settings.yaml to send receipts and results by mail."
        return Part("Mail we send", Health.IDLE, None, "no mail server is set", advice)
    with desk.database.read() as cursor:
        waiting, failed = status.answers_by_mail(cursor)
    detail = f"by {mail.host}:{mail.port}; {waiting:,} waiting, {failed:,} failed"
    if failed:
        return Part("Mail we send", Health.ATTENTION, None, detail, "See on Files which failed, and why.")
    return Part("Mail we send", Health.WELL, None, detail)


def _endpoint(protocol: str, facts: hosting.HostingFacts, said: EndpointStatus | None) -> EndpointLine:
    name = _LABELS[protocol]
    listener = _listener(protocol, said)
    known = facts.host_key_fingerprint if protocol == "sftp" else facts.certificate_fingerprint
    if listener is None:
        port = facts.ports[protocol]
        where = f"port {port}, once it is needed" if port else "a free port, once it is needed"
        return EndpointLine(name, Health.IDLE, "", known, 0, where, "")
    if listener.fault:
        return EndpointLine(name, Health.DOWN, "", known, 0, "nothing", listener.fault)
    address = f"[{listener.host}]:{listener.port}" if ":" in listener.host else f"{listener.host}:{listener.port}"
    return EndpointLine(name, Health.WELL, address, listener.fingerprint, listener.sessions, "", "")


def _listener(protocol: str, said: EndpointStatus | None) -> Listener | None:
    return next((item for item in said.listeners if item.protocol == protocol), None) if said else None


def _database_bytes(desk: Desk) -> int:
    path = desk.settings.database
    found = [path, path.with_name(f"{path.name}.wal")]
    return sum(item.stat().st_size for item in found if item.exists())


def _size(size_bytes: int) -> str:
    gigabytes = size_bytes / 1024**3
    return f"{gigabytes:,.1f} GB" if gigabytes >= 1 else f"{size_bytes / _MEGABYTE:,.1f} MB"
