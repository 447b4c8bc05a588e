"""What an administrator sets for the whole installation, read from settings.yaml in the home folder.

A home without the file has the usual values: everything listens on the loopback of this machine, and of the
addresses that are not public only this machine's own can be reached. README.md shows a whole file.
"""

import functools
import ipaddress
import os
import re
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

import yaml

from engine.base.errors import Category, GiveUp
from storage.records.connections import PORT_MAX

FILE_NAME = "settings.yaml"
_VARIABLE = re.compile(r"^\$\{([A-Z][A-Z0-9_]*)\}$")
_ADDRESS = re.compile(r"^https?://[^\s/?#]+/?\Z")
_DOMAIN = re.compile(r"^[A-Za-z0-9]([A-Za-z0-9.-]*[A-Za-z0-9])?\Z")
_Section = TypeVar("_Section")


@dataclass(frozen=True)
class Endpoints:
    """Where the hosted endpoints listen and by what name partners reach them. Port 0 takes a free one.

    public_name and public_address: shown to partners, who allow-list them. certificate, certificate_key: PEM files
    for FTPS and SMTP; empty: one of our own making. passive_ports: "" for any, else "50000-50099".
    """

    host: str = "127.0.0.1"
    public_name: str = "localhost"
    public_address: str = "127.0.0.1"
    sftp_port: int = 2222
    ftp_port: int = 2121
    smtp_port: int = 2525
    mail_domain: str = "localhost"
    passive_ports: str = ""
    allow_plain_ftp: bool = False
    certificate: str = ""
    certificate_key: str = ""
    folder_bytes_max: int = 50 * 1024**3
    folder_files_max: int = 1_000


@dataclass(frozen=True)
class Network:
    """Which servers may be reached. allow: networks or addresses that are not public and may be reached all the same.

    old_sftp_servers: names of servers that may be spoken to with algorithms of the day before yesterday.
    authorities: a PEM file with certificate authorities that are trusted beside the system's.
    """

    allow: tuple[str, ...] = ("127.0.0.1", "::1")
    old_sftp_servers: tuple[str, ...] = ()
    authorities: str = ""


@dataclass(frozen=True)
class Mail:
    """The mail server by which we send. host "" sends none. security: "starttls", "tls" or "none"."""

    host: str = ""
    port: int = 587
    security: str = "starttls"
    username: str = ""
    password: str = field(default="", repr=False)
    sender: str = "handoff@localhost"


@dataclass(frozen=True)
class Pages:
    """How people reach the pages from elsewhere. address: such as "https://handoff.example.org"; "" is not known."""

    address: str = ""


@dataclass(frozen=True)
class Installation:
    """The whole of settings.yaml."""

    endpoints: Endpoints = Endpoints()
    network: Network = Network()
    mail: Mail = Mail()
    pages: Pages = Pages()


def load(home: Path) -> Installation:
    """Return the installation's settings; read again where the file has changed.

    Raises:
        GiveUp: The file cannot be read, or says what means nothing; one sentence names the place.
    """
    path = home / FILE_NAME
    try:
        found = path.stat()
    except OSError:
        return Installation()
    return _read(path, found.st_mtime_ns, found.st_size)


@functools.lru_cache(maxsize=64)
def _read(path: Path, changed_ns: int, size_bytes: int) -> Installation:
    del changed_ns, size_bytes  # parts of the cache's key alone
    try:
        said = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except (OSError, UnicodeDecodeError, yaml.YAMLError):
        raise _wrong("it is no YAML that can be read") from None
    if not isinstance(said, dict):
        raise _wrong("it should be a mapping of names to values")
    unknown = set(said) - {item.name for item in fields(Installation)}
    if unknown:
        raise _wrong(f"it has {', '.join(sorted(map(str, unknown)))}, which is not known there")
    found = Installation(
        _section(Endpoints, said, "endpoints"),
        _section(Network, said, "network"),
        _section(Mail, said, "mail"),
        _section(Pages, said, "pages"),
    )
    _check(found)
    return found


def _section(kind: type[_Section], said: dict[str, Any], name: str) -> _Section:
    given = said.get(name) or {}
    if not isinstance(given, dict):
        raise _wrong(f"{name} should be a mapping of names to values")
    usual = kind()
    known = {item.name for item in fields(kind)}  # type: ignore[arg-type]  # every section is a dataclass
    values: dict[str, Any] = {}
    for key, value in given.items():
        if key not in known:
            raise _wrong(f"{name} has {key}, which is not known there")
        values[key] = _value(value, getattr(usual, key), f"{name}.{key}")
    return kind(**values)


def _value(value: Any, usual: Any, where: str) -> Any:
    if isinstance(usual, tuple):
        if isinstance(value, list) and all(isinstance(item, str) for item in value):
            return tuple(value)
        raise _wrong(f"{where} should be a list of texts")
    if isinstance(value, bool) is not isinstance(usual, bool) or not isinstance(value, type(usual)):
        raise _wrong(f"{where} should be {_KINDS[type(usual)]}")
    variable = _VARIABLE.match(value) if isinstance(value, str) else None
    if variable is None:
        return value
    if variable[1] not in os.environ:
        raise _wrong(f"{where} names ${{{variable[1]}}}, which is not set in the environment")
    return os.environ[variable[1]]


_KINDS: dict[type, str] = {bool: "true or false", int: "a whole number", str: "text"}


def _check(found: Installation) -> None:
    for network in found.network.allow:
        try:
            ipaddress.ip_network(network)
        except ValueError:
            raise _wrong(f"network.allow has {network}, which is no address or network such as 10.0.0.0/8") from None
    if found.mail.security not in ("starttls", "tls", "none"):
        raise _wrong("mail.security can be starttls, tls or none")
    if found.mail.host and not 1 <= found.mail.port <= PORT_MAX:
        raise _wrong(f"mail.port should be a number from 1 to {PORT_MAX}")
    if found.pages.address and not _ADDRESS.match(found.pages.address):
        raise _wrong("pages.address should be an address such as https://handoff.example.org")
    _check_endpoints(found.endpoints)


def _check_endpoints(endpoints: Endpoints) -> None:
    ports = {name: getattr(endpoints, name) for name in ("sftp_port", "ftp_port", "smtp_port")}
    for name, port in ports.items():
        if not 0 <= port <= PORT_MAX:
            raise _wrong(f"endpoints.{name} should be a number from 0 to {PORT_MAX}; 0 takes a free one")
        other = next((one for one, held in ports.items() if one != name and held == port), None)
        if port and other is not None:
            raise _wrong(f"endpoints.{name} and endpoints.{other} are both {port}")
    _check_passive_ports(endpoints.passive_ports)
    if not _DOMAIN.match(endpoints.mail_domain):
        raise _wrong("endpoints.mail_domain should be a domain such as example.org")
    if bool(endpoints.certificate) is not bool(endpoints.certificate_key):
        raise _wrong("endpoints.certificate and endpoints.certificate_key belong together; name both or none")
    for name in ("host", "public_name", "public_address"):
        if not getattr(endpoints, name).strip():
            raise _wrong(f"endpoints.{name} is empty; leave it out for the usual value")
    for name in ("folder_bytes_max", "folder_files_max"):
        if getattr(endpoints, name) < 1:
            raise _wrong(f"endpoints.{name} should be 1 or more")


def _check_passive_ports(said: str) -> None:
    ends = re.fullmatch(r"(\d{1,5})-(\d{1,5})", said)
    if said and (ends is None or not 1 <= int(ends[1]) <= int(ends[2]) <= PORT_MAX):
        raise _wrong("endpoints.passive_ports should be two ports such as 50000-50099, the lower one first")


def _wrong(what: str) -> GiveUp:
    return GiveUp(f"{FILE_NAME} cannot be used: {what}. Correct it and start again.", Category.INPUT)
